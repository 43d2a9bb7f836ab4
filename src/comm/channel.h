/* SPDX-License-Identifier: MIT */
/* channel.h - the channel object: elements, waiters, and how they meet.
 *
 * Idea: a small lock, a store of elements, and two lists of waiters. A send that finds a receiver hands the value over
 * into the receiver's own memory; a receive that makes room moves the value of the sender that comes next into the
 * store. So order is kept: first in, first out, of values and (unless asked otherwise) of waiters.
 *
 * Kinds, by where the elements are:
 *   RING     an array of `capacity` elements, made with the channel; without capacity: a rendezvous channel
 *   BACKLOG  blocks that are linked (comm/backlog.c): no limit, or one that is large
 *   POLICY   a buffer with an order or policy of its own (buffer/), under the channel's own lock, below
 *   CLOCK    no elements: the time, once or periodically; NEVER: nothing at all
 *
 * Waiters (sched/park.h): a waiter is one clause of the wefti_wait it points to. A receiver that can be claimed (OPEN)
 * stands in the list only while there is nothing to receive, but for a moment: one that has just opened and will see
 * its hint. Who then hands over takes the front for it and puts its own at the end. Waiters that are AWAY may stand in
 * either list at any time, and are left a hint.
 *
 * The channel's own lock (weft_lock_channel): while there is a `holder`, everybody else who comes waits in `lockers`,
 * and gets it in turn. Operations on POLICY channels borrow it, since they call the user's code, which is never done
 * under the spin lock.
 *
 * The front of a BACKLOG without limit: where there is one, receivers and senders need not meet. A block that has a
 * next is full and will not be written any more; who holds front_lock may take from it without the lock. The last block
 * belongs to the lock. So the two ways of receiving exclude each other by `next`, which is set once, under the lock:
 *
 *   head_block->next != NULL: take under front_lock           head_block->next == NULL: take under lock
 *
 * Life: tasks submitted through the channel are counted in (`submitted`) and, when their outcome arrives, out
 * (`delivered`, under the lock). A channel that is freed with some outstanding is kept, marked `freed`, until the last
 * has arrived.
 *
 * Rules: the spin lock is held for a few instructions; no allocation, no call of the user's code, and no unpark under
 * it. Never two of them at a time. Nothing that can fail stands between a claim and its unpark.
 */
#ifndef WEFTI_CHANNEL_H
#define WEFTI_CHANNEL_H

#include <weft/channel.h>

#include "base/copy.h"
#include "lockfree/spinlock.h"
#include "sched/task.h"
#include "sched/waiters.h"

typedef WEFTI_ATOMIC(uint32_t) wefti_counter;

/* An element lies behind the condition it may carry instead of a value. */
typedef struct wefti_element {
    const wefti_condition *condition;
    unsigned char value[];
} wefti_element;

/* In the place of a condition: somebody fills the value in, or has given the place up. */
extern const wefti_condition wefti_reserved, wefti_abandoned;
/* A buffer of the user's did not do what it was asked. */
extern const wefti_condition wefti_buffer_failed;

typedef struct wefti_block {
    WEFTI_ATOMIC(struct wefti_block *) next; /* set once, when this one is full and the next is begun */
    uint32_t room;
    uint32_t head; /* next element to take */
    WEFTI_ALIGNED(16) unsigned char elements[];
} wefti_block;

typedef struct wefti_backlog {
    wefti_block *spare;
    WEFTI_ATOMIC(uint32_t) taken;         /* elements, modulo 2^32; written under lock */
    WEFTI_ATOMIC(wefti_block *) recycled; /* one that the front is done with */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock front_lock;
    WEFTI_ATOMIC(wefti_block *) head_block;
    WEFTI_ATOMIC(uint32_t) taken_in_front;  /* written under front_lock */
    WEFTI_ATOMIC(uint16_t) front_odd;       /* a copy of odd, and one of holder: the front reads no line that */
    wefti_strand *front_holder;             /* senders write */
    WEFTI_ATOMIC(wefti_block *) last_block; /* the same as tail_block; changes once in a block's worth of elements */
    /* Tasks, modulo 2^32: those of the strand that submitted first, which counts without an atomic update, and others.
     */
    WEFTI_ALIGNED(WEFTI_APART) wefti_counter submitted;
    wefti_counter submitted_own;
    WEFTI_ATOMIC(const wefti_strand *) submitter; /* set once */
    WEFTI_ATOMIC(uint16_t) submit_odd;            /* a copy of odd, for who submits while tasks deliver */
} wefti_backlog;

/* What few channels have. */
typedef struct wefti_rare {
    char *name;
    void (*destroy)(void *element);
    wefti_strand *holder; /* changes under both locks */
    wefti_waiters lockers;
    struct wefti_worker *owner; /* whose tasks alone use a local channel; NULL: nobody has yet */
    char *reason;               /* of the close; set once, before `closed` */
    WEFTI_ATOMIC(int64_t) next; /* CLOCK: when it can be received; under lock, and read without it */
    int64_t period;             /* and how long until the next time; 0: once */
    struct weft_buffer *buffer; /* POLICY */
    bool full;                  /* POLICY: in the buffer's own opinion; under lock */
    struct wefti_failure *failures, **last_failure; /* POLICY: conditions, which come before elements */
    uint32_t failure_count;
    uint32_t gaps;             /* places that are reserved, or given up and not yet dropped; under lock */
    uint32_t reserved;         /* of these, those that somebody will fill or give up; under lock */
    struct wefti_level *level; /* the channel as a descriptor; under lock, once */
} wefti_rare;

typedef enum wefti_kind { WEFTI_RING, WEFTI_BACKLOG, WEFTI_POLICY, WEFTI_CLOCK, WEFTI_NEVER } wefti_kind;

/* What keeps an operation from the short way. */
enum {
    WEFTI_HELD = 1,     /* there is a holder */
    WEFTI_CALLS = 2,    /* POLICY: operations borrow the channel's lock */
    WEFTI_RANDOM = 4,   /* waiters are served at random */
    WEFTI_TIMED = 8,    /* CLOCK or NEVER: cannot be sent to */
    WEFTI_SHOWN = 16,   /* there is a level to keep */
    WEFTI_LOCAL = 32,   /* no locks, one worker */
    WEFTI_GAPS = 64,    /* there are reserved places */
    WEFTI_SHUT = 128,   /* closed */
    WEFTI_LOST = 256,   /* outcomes got lost for want of memory */
    WEFTI_OTHER = 512,  /* not a RING */
    WEFTI_FREED = 1024, /* the last outcome frees it */
    WEFTI_ENDS = 2048   /* a RING whose ends have locks of their own, comm/ends.h */
};

/* Two lines: what each operation touches, and what it reads at most. Who only submits, or receives from a front, does
 * not touch the first, which senders write. */
struct weft_channel {
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock lock;
    WEFTI_ATOMIC(bool) closed;  /* written under lock, once */
    WEFTI_ATOMIC(uint16_t) odd; /* written under lock; 0: a RING, and an operation can go the short way */
    uint32_t element_size;      /* for who looks at nothing but this line */
    wefti_waiters receivers, senders;
    WEFTI_ATOMIC(uint32_t) count; /* elements in it; BACKLOG: ever put, modulo 2^32. Written under lock */
    uint32_t at;                  /* RING: where the front is; BACKLOG: where the next goes, in tail_block */
    uint32_t delivered;           /* outcomes, modulo 2^32; under lock */
    WEFTI_ATOMIC(uint32_t) lost;  /* outcomes for which there was no memory, each received as a failure; under lock */
    union {
        unsigned char *ring;
        wefti_block *tail_block;
    };
    wefti_sink sink; /* outcomes of tasks come in here */
    uint32_t capacity;
    uint32_t leaving; /* operations that have stopped waiting but will take the lock once more; under lock */
    wefti_rare *rare; /* set at the beginning, or under lock, once */
    weft_kernel *kernel;
    struct weft_channel *next_channel, *prev_channel; /* registry.c */
    uint32_t kind : 8, size : 24;                     /* set at the beginning; size: of an element */
    wefti_counter submitted_small;                    /* kinds other than BACKLOG: tasks, modulo 2^32 */
    WEFTI_ATOMIC(uintptr_t) bias;                     /* comm/bias.h; or where the ends are, comm/ends.h */
};

/* Of a BACKLOG: in the same allocation. */
typedef struct wefti_long_channel {
    struct weft_channel channel;
    wefti_backlog backlog;
} wefti_long_channel;

static inline wefti_backlog *wefti_backlog_of(const weft_channel *channel) {
    return (wefti_backlog *)(uintptr_t) & ((const wefti_long_channel *)(const void *)channel)->backlog;
}

static inline size_t wefti_stride(size_t size) { return (sizeof(wefti_element) + size + 7) & ~(size_t)7; }

/* ---- store.c: elements, whatever the kind but POLICY; lock held unless said otherwise ---- */

static inline wefti_element *wefti_ring_place(const weft_channel *channel, uint32_t at) {
    return (wefti_element *)(void *)(channel->ring + at * wefti_stride(channel->element_size));
}

static inline void wefti_element_set(weft_channel *channel, wefti_element *element, const void *value,
                                     const wefti_condition *condition) {
    element->condition = condition;
    if (WEFTI_LIKELY(condition == NULL)) wefti_copy(element->value, value, channel->element_size);
}

static inline const wefti_condition *wefti_element_get(const wefti_element *element, void *value, size_t size) {
    if (WEFTI_LIKELY(element->condition == NULL) && value != NULL) wefti_copy(value, element->value, size);
    return element->condition;
}

/* RING, not full: where the next element goes. */
static inline wefti_element *wefti_ring_end(const weft_channel *channel, uint32_t count) {
    uint32_t at = channel->at + count;
    return wefti_ring_place(channel, at >= channel->capacity ? at - channel->capacity : at);
}

/* RING: so many elements are in it now. release: what came before; partner: wefti_count_seen. Else the lock orders it.
 */
static inline void wefti_ring_counted(weft_channel *channel, uint32_t count) {
    wefti_store_release(&channel->count, count);
}

static inline void wefti_ring_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    uint32_t count = wefti_load_relaxed(&channel->count);
    wefti_element_set(channel, wefti_ring_end(channel, count), value, condition);
    wefti_ring_counted(channel, count + 1);
}

/* RING, not empty: the front is gone. */
static inline void wefti_ring_drop(weft_channel *channel) {
    channel->at = channel->at + 1 == channel->capacity ? 0 : channel->at + 1;
    wefti_ring_counted(channel, wefti_load_relaxed(&channel->count) - 1);
}

/* RING, no lock held. acquire: who finds it full, or empty, finds elsewhere what was done before; partner:
 * wefti_ring_counted */
static inline uint32_t wefti_count_seen(const weft_channel *channel) { return wefti_load_acquire(&channel->count); }

/* value NULL: dropped. */
static inline const wefti_condition *wefti_ring_take(weft_channel *channel, void *value) {
    const wefti_condition *condition =
        wefti_element_get(wefti_ring_place(channel, channel->at), value, channel->element_size);
    wefti_ring_drop(channel);
    return condition;
}

/* backlog.c, for BACKLOG; lock held */
bool wefti_backlog_has_room(const weft_channel *channel); /* a put needs no allocation */
wefti_element *wefti_backlog_put(weft_channel *channel, const void *value, const wefti_condition *condition);
const wefti_condition *wefti_backlog_take(weft_channel *channel, void *value); /* value NULL: dropped */
/* front_lock held as well, unless the channel has a capacity. */
wefti_element *wefti_backlog_front(weft_channel *channel);
/* No lock held: whether the front can be taken from, as far as one can see. */
static inline bool wefti_backlog_has_front(weft_channel *channel) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    /* Compared and not followed: the block may have been recycled or freed by now. relaxed: who acts on it looks again.
     */
    return wefti_load_relaxed(&backlog->head_block) != wefti_load_relaxed(&backlog->last_block);
}
/* front_lock held: takes from a block that has a next. Returns false if the head block has none. *used: to be recycled.
 */
bool wefti_backlog_take_front(weft_channel *channel, void *value, const wefti_condition **condition,
                              wefti_block **used);
/* The same, whatever is there, a place that was given up included. */
bool wefti_backlog_drop_front(weft_channel *channel, wefti_block **used);
/* No lock needed. */
void wefti_block_recycle(weft_channel *channel, wefti_block *block);
/* No lock held. */
wefti_block *wefti_block_make(weft_channel *channel, bool first); /* first: many channels stay small */
void wefti_backlog_free(weft_channel *channel);                   /* destroys what is left */

/* How many elements there are: exact where the lock is held and there is a capacity, or for 0. */
static inline uint32_t wefti_stored(const weft_channel *channel) {
    if (WEFTI_LIKELY(channel->kind != WEFTI_BACKLOG)) return wefti_load_relaxed(&channel->count);
    const wefti_backlog *backlog = wefti_backlog_of(channel);
    /* acquire: what was put is read after, and so not less than, what was taken; partners: the stores in backlog.c */
    uint32_t taken = wefti_load_acquire(&backlog->taken_in_front) + wefti_load_acquire(&backlog->taken);
    return wefti_load_relaxed(&channel->count) - taken;
}

/* ---- what one can ask ---- */

static inline unsigned wefti_odd(const weft_channel *channel) {
    return wefti_load_relaxed(&channel->odd); /* relaxed: where it decides, the lock is held */
}

/* As submitters see it. */
static inline unsigned wefti_odd_submitting(const weft_channel *channel) {
    if (channel->kind != WEFTI_BACKLOG) return wefti_odd(channel);
    return wefti_load_relaxed(
        &wefti_backlog_of(channel)->submit_odd); /* relaxed: a moment later it might be otherwise */
}

/* Lock held. */
static inline void wefti_odd_set(weft_channel *channel, unsigned bit, bool on) {
    unsigned odd = wefti_odd(channel);
    odd = on ? odd | bit : odd & ~bit;
    /* release: who sees that there are ends finds them made; partner: wefti_odd_seen */
    wefti_store_release(&channel->odd, (uint16_t)odd);
    /* relaxed, both: written under the lock */
    if (channel->kind != WEFTI_BACKLOG) return;
    wefti_store_relaxed(&wefti_backlog_of(channel)->front_odd, (uint16_t)odd);
    wefti_store_relaxed(&wefti_backlog_of(channel)->submit_odd, (uint16_t)odd);
}

/* Lock held: outcomes more or less that got lost. */
static inline void wefti_lost_set(weft_channel *channel, uint32_t lost) {
    wefti_store_relaxed(&channel->lost, lost); /* relaxed: as count */
    wefti_odd_set(channel, WEFTI_LOST, lost != 0);
}

static inline bool wefti_channel_closed(const weft_channel *channel) {
    return wefti_load_relaxed(&channel->closed); /* relaxed: where it decides, the lock is held */
}

static inline wefti_strand *wefti_channel_holder(const weft_channel *channel) {
    return channel->rare != NULL ? channel->rare->holder : NULL;
}

typedef void (*wefti_destroyer)(void *element);

static inline wefti_destroyer wefti_channel_destroyer(const weft_channel *channel) {
    return channel->rare != NULL ? channel->rare->destroy : NULL;
}

static inline weft_status wefti_status_of(const wefti_condition *condition) {
    return condition == NULL ? WEFT_OK : condition->status;
}

/* The same for what has been taken out, or handed over, for this strand. No lock held. */
static inline weft_status wefti_received(wefti_strand *receiver, const wefti_condition *condition) {
    return WEFTI_LIKELY(condition == NULL) ? WEFT_OK : wefti_condition_receive(receiver, condition);
}

extern const wefti_condition wefti_outcome_lost;

static inline wefti_counter *wefti_channel_submitted(weft_channel *channel) {
    return channel->kind == WEFTI_BACKLOG ? &wefti_backlog_of(channel)->submitted : &channel->submitted_small;
}

/* Whether this strand counts its submissions in a word of its own. The strand may end and another begin in its place:
 * what that one finds there has been handed on with the memory. */
static inline bool wefti_submits_alone(weft_channel *channel, const wefti_strand *self) {
    if (channel->kind != WEFTI_BACKLOG) return false;
    wefti_backlog *backlog = wefti_backlog_of(channel);
    const wefti_strand *first = wefti_load_relaxed(&backlog->submitter); /* relaxed, both: it is compared only */
    return first == self || (first == NULL && wefti_cas_relaxed(&backlog->submitter, &first, self));
}

/* Counts tasks in (1), or in vain (-1: UINT32_MAX). release: who frees the channel, or waits for a result, must not
 * miss it; partner: wefti_submitted. What was counted in here is taken back here. */
static inline void wefti_submitted_add(weft_channel *channel, const wefti_strand *self, uint32_t tasks) {
    wefti_counter *own = &wefti_backlog_of(channel)->submitted_own;
    if (wefti_submits_alone(channel, self))
        wefti_store_release(own, wefti_load_relaxed(own) + tasks); /* relaxed: written by this strand alone */
    else
        wefti_add_release(wefti_channel_submitted(channel), tasks);
}

/* Lock held: all that were counted in. Equal to `delivered`: there was a moment, when the strand's own were read, with
 * none outstanding, since none is delivered that was not counted in, and nothing is delivered meanwhile. */
static inline uint32_t wefti_submitted(weft_channel *channel) {
    uint32_t own = channel->kind == WEFTI_BACKLOG ? wefti_load_acquire(&wefti_backlog_of(channel)->submitted_own) : 0;
    return own + wefti_load_acquire(wefti_channel_submitted(channel)); /* acquire, both; partner: wefti_submitted_add */
}

/* ---- registry.c: every channel, for dumps and for the end of a kernel ---- */
void wefti_channel_enlist(weft_channel *channel);
void wefti_channel_delist(weft_channel *channel);
void wefti_channels_introduce(void); /* makes dumps know channels */
void wefti_channels_walk(void (*visit)(weft_channel *channel, void *argument), void *argument);

/* ---- deliver.c ---- */
void wefti_channel_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition);
/* The same for a timeout, which has no task to wait with: where the channel is full it goes beyond the capacity. */
void wefti_channel_deliver_timeout(weft_channel *channel, const void *value);
/* Takes back the count of a submission that failed. */
void wefti_channel_unsubmit(weft_channel *channel);
void wefti_channel_kernel_ended(weft_channel *channel, void *kernel);

/* ---- places.c: memory of channels other than BACKLOG, not cleared ---- */
weft_channel *wefti_place_take(void);
void wefti_place_give(weft_channel *channel);

/* ---- channel.c ---- */
weft_channel *wefti_channel_make_clock(bool never, size_t element_size, int64_t next, int64_t period);
void wefti_channel_free_now(weft_channel *channel);
wefti_rare *wefti_channel_rare(weft_channel *channel); /* made if there is none; NULL: no memory. No lock held */

#endif
