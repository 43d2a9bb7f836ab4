/* SPDX-License-Identifier: MIT */
/* channel.h - the channel object: elements, waiters, and how they meet.
 *
 * Idea: a small lock, a buffer, and two lists of waiters of which one is always empty where there is a buffer:
 * receivers wait only while it is empty, senders only while it is full. A send that finds a receiver hands the value
 * over into the receiver's own memory; a receive that makes room moves the longest-waiting sender's value into the
 * buffer. So order is kept: first in, first out, of values and of waiters.
 *
 * A waiter is one clause; the wefti_wait it points to is the claim word of the whole operation. Today an operation has
 * one clause; an alternation will have several waiters with one wait. A wait that only the holder of this one lock can
 * end (no deadline, one clause) is not `shared`, and is claimed without an atomic update.
 *
 * A third list holds who waits for the channel's lock (weft_lock_channel): while `holder` is set, everybody else who
 * comes waits there, and gets it in turn.
 *
 * The front: where an unbounded channel has a backlog, receivers and senders need not meet. A block that has a next is
 * full and will not be written any more; who holds front_lock may take from it without the lock. The last block belongs
 * to the lock. So the two ways of receiving exclude each other by `next`, which is set once, under the lock:
 *
 *   head_block->next != NULL: take under front_lock           head_block->next == NULL: take under lock
 *
 * Life: tasks submitted through the channel are counted in (`submitted`) and, when their outcome arrives, out
 * (`delivered`, under the lock). A channel that is freed with some outstanding is kept, marked `freed`, until the last
 * has arrived.
 *
 * Rules: the spin lock is held for a few instructions; no allocation, no call of the user's code, and no unpark under
 * it.
 */
#ifndef WEFTI_CHANNEL_H
#define WEFTI_CHANNEL_H

#include <weft/channel.h>

#include "base/copy.h"
#include "lockfree/spinlock.h"
#include "sched/park.h"
#include "sched/task.h"

typedef struct wefti_waiters {
    wefti_waiter *first, *last;
} wefti_waiters;

/* Elements lie in blocks, each behind the condition it may carry instead of a value. */
typedef struct wefti_element {
    const wefti_condition *condition;
    unsigned char value[];
} wefti_element;

typedef struct wefti_block {
    WEFTI_ATOMIC(struct wefti_block *) next; /* set once, when this one is full and the next is begun */
    uint32_t room;
    uint32_t head; /* next element to take */
    WEFTI_ALIGNED(16) unsigned char elements[];
} wefti_block;

struct weft_channel {
    wefti_sink sink; /* first: outcomes of tasks come in here */
    size_t element_size, stride, capacity;
    char *name;
    weft_kernel *kernel;
    void (*destroy)(void *element);
    WEFTI_ATOMIC(bool)
    closed; /* written under lock, once; here, where it is read without taking the lock's line away */
    struct weft_channel *next_channel, *prev_channel; /* registry.c */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock lock;
    uint32_t tail; /* next element to write, in tail_block */
    bool freed;
    wefti_block *tail_block, *spare;
    WEFTI_ATOMIC(uint64_t) put, taken; /* elements; written under lock */
    uint32_t leaving; /* operations that have stopped waiting but will take the lock once more; written under lock */
    WEFTI_ATOMIC(size_t)
    lost; /* outcomes for which there was no memory, each received as a failure; written under lock */
    wefti_waiters receivers, senders, lockers;
    uint64_t delivered;
    wefti_strand *holder;                 /* changes under both locks */
    WEFTI_ATOMIC(wefti_block *) recycled; /* one that the front is done with */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock front_lock;
    WEFTI_ATOMIC(wefti_block *) head_block;
    WEFTI_ATOMIC(uint64_t) taken_in_front;  /* written under front_lock */
    wefti_strand *front_holder;             /* a copy of holder: the front reads no line that senders write */
    WEFTI_ATOMIC(wefti_block *) last_block; /* the same as tail_block; changes once in a block's worth of elements */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint64_t) submitted;
};

/* buffer.c, lock held */
bool wefti_buffer_has_room(const weft_channel *channel); /* a put needs no allocation */
void wefti_buffer_put(weft_channel *channel, const void *value, const wefti_condition *condition);
const wefti_condition *wefti_buffer_take(weft_channel *channel, void *value); /* value NULL: dropped */
/* front_lock held as well, unless the channel is bounded. */
const wefti_element *wefti_buffer_front(weft_channel *channel);
/* No lock held: whether the front can be taken from, as far as one can see. */
static inline bool wefti_buffer_has_front(weft_channel *channel) {
    /* Compared and not followed: the block may have been recycled or freed by now. relaxed: who acts on it looks again.
     */
    return wefti_load_relaxed(&channel->head_block) != wefti_load_relaxed(&channel->last_block);
}
/* front_lock held: takes from a block that has a next. Returns false if the head block has none. *used: to be recycled.
 */
bool wefti_buffer_take_front(weft_channel *channel, void *value, const wefti_condition **condition, wefti_block **used);
/* No lock needed. */
void wefti_block_recycle(weft_channel *channel, wefti_block *block);

/* How many elements there are: exact where the lock is held and the channel bounded, or the answer 0. */
static inline size_t wefti_buffer_count(const weft_channel *channel) {
    /* acquire: what was put is read after, and so not less than, what was taken; partners: the stores in buffer.c */
    uint64_t taken = wefti_load_acquire(&channel->taken_in_front) + wefti_load_acquire(&channel->taken);
    return (size_t)(wefti_load_relaxed(&channel->put) - taken);
}
/* buffer.c, no lock held */
wefti_block *wefti_block_make(weft_channel *channel, bool first); /* first: many channels stay small */
void wefti_buffer_free(weft_channel *channel);                    /* destroys what is left */

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
