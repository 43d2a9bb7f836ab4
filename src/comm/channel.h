/* SPDX-License-Identifier: MIT */
/* channel.h - the channel object: elements, waiters, and how they meet.
 *
 * Idea: a small lock, a buffer, and two lists of waiters of which one is always empty where there is a buffer: receivers
 * wait only while it is empty, senders only while it is full. A send that finds a receiver hands the value over into the
 * receiver's own memory; a receive that makes room moves the longest-waiting sender's value into the buffer. So order is
 * kept: first in, first out, of values and of waiters.
 *
 * A waiter is one clause; the wefti_wait it points to is the claim word of the whole operation. Today an operation has one
 * clause; an alternation will have several waiters with one wait. A wait that only the holder of this one lock can end
 * (no deadline, one clause) is not `shared`, and is claimed without an atomic update.
 *
 * A third list holds who waits for the channel's lock (weft_lock_channel): while `holder` is set, everybody else who comes
 * waits there, and gets it in turn.
 *
 * Life: tasks submitted through the channel are counted in (`submitted`) and, when their outcome arrives, out (`delivered`,
 * under the lock). A channel that is freed with some outstanding is kept, marked `freed`, until the last has arrived.
 *
 * Rules: the spin lock is held for a few instructions; no allocation, no call of the user's code, and no unpark under it.
 */
#ifndef WEFTI_CHANNEL_H
#define WEFTI_CHANNEL_H

#include <weft/channel.h>

#include "base/copy.h"
#include "lockfree/spinlock.h"
#include "sched/park.h"
#include "sched/task.h"

/* One clause of an operation that waits. */
typedef struct wefti_waiter {
    struct wefti_waiter *next, *prev;
    wefti_wait *wait;
    void *slot;                        /* receiver: where the value goes, NULL to drop it; sender: the value */
    const wefti_condition *condition;  /* instead of a value: written for a receiver, given by a sender */
    bool listed;                       /* under the channel's lock */
    bool shared;                       /* others than the channel may end the wait */
    bool result;                       /* a receiver that gives up when no result can come */
} wefti_waiter;

typedef struct wefti_waiters {
    wefti_waiter *first, *last;
} wefti_waiters;

/* Elements lie in blocks, each behind the condition it may carry instead of a value. */
typedef struct wefti_element {
    const wefti_condition *condition;
    unsigned char value[];
} wefti_element;

typedef struct wefti_block {
    struct wefti_block *next;
    uint32_t room;
    WEFTI_ALIGNED(16) unsigned char elements[];
} wefti_block;

struct weft_channel {
    wefti_sink sink; /* first: outcomes of tasks come in here */
    size_t element_size, stride, capacity;
    char *name;
    weft_kernel *kernel;
    void (*destroy)(void *element);
    WEFTI_ATOMIC(bool) closed; /* written under lock, once; here, where it is read without taking the lock's line away */
    struct weft_channel *next_channel, *prev_channel; /* registry.c */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock lock;
    bool freed;
    WEFTI_ATOMIC(size_t) count; /* written under lock */
    uint32_t head, tail;        /* next element to take in head_block, next to write in tail_block */
    wefti_block *head_block, *tail_block, *spare;
    wefti_waiters receivers, senders, lockers;
    wefti_strand *holder;
    uint64_t delivered;
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint64_t) submitted;
};

/* buffer.c, lock held */
bool wefti_buffer_has_room(const weft_channel *channel); /* a put needs no allocation */
void wefti_buffer_put(weft_channel *channel, const void *value, const wefti_condition *condition);
const wefti_condition *wefti_buffer_take(weft_channel *channel, void *value); /* value NULL: dropped */
const wefti_element *wefti_buffer_front(const weft_channel *channel);
/* buffer.c, no lock held */
wefti_block *wefti_block_make(const weft_channel *channel, bool first); /* first: many channels stay small */
void wefti_buffer_free(weft_channel *channel); /* destroys what is left */

static inline bool wefti_channel_closed(const weft_channel *channel) {
    return wefti_load_relaxed(&channel->closed); /* relaxed: where it decides, the lock is held */
}

/* registry.c: every channel, for dumps and for the end of a kernel. */
void wefti_channel_enlist(weft_channel *channel);
void wefti_channel_delist(weft_channel *channel);
void wefti_channels_introduce(void); /* makes dumps know channels */
void wefti_channels_walk(void (*visit)(weft_channel *channel, void *argument), void *argument);

/* operations.c */
void wefti_channel_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition);
/* The same for a timeout, which has no task to wait with: where the channel is full it goes beyond the capacity. */
void wefti_channel_deliver_timeout(weft_channel *channel, const void *value);
void wefti_channel_free_now(weft_channel *channel);
/* Takes back the count of a submission that failed. */
void wefti_channel_unsubmit(weft_channel *channel);
void wefti_channel_kernel_ended(weft_channel *channel, void *kernel);

#endif
