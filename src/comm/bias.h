/* SPDX-License-Identifier: MIT */
/* bias.h - the lock of a channel, which costs the tasks of one worker nothing as long as nobody else comes.
 *
 * Idea: a channel that tasks of one worker have used some times in a row is biased to that worker. Its tasks then enter
 * without an atomic update: only one of them runs at a time, and none waits inside. Whoever else wants the lock takes
 * the bias away first, once and for ever.
 *
 *   bias:  0 --first short operation of a task--> worker + n --the n-th in a row--> worker --anybody else--> NEVER (1)
 *          0, worker + n --anybody else--> NEVER; but a task's longer operation leaves 0, and its own worker's
 *
 *   NEVER --a ring gets its ends (comm/ends.h)--> where they are, for ever
 *
 *   owner:    inside = channel;  light barrier;  bias is still me ? enter without the lock : inside = NULL, lock
 *             leave: inside = NULL
 *   revoker:  lock;  bias = NEVER;  heavy barrier;  wait until the worker's `inside` is another channel, or none
 *
 * By the pair of barriers the owner sees that the bias is gone, or the revoker sees it inside. `bias` is written
 * with the lock held. A worker's memory is never unmapped, so a revoker may look at one that has ended.
 *
 * Source: biased locking (Kawachiya, Koseki, Onodera 2002), with the asymmetric barrier of base/atomic.h for the
 * hand-shake; as there, a lock whose bias was taken away does not get one again.
 */
#ifndef WEFTI_BIAS_H
#define WEFTI_BIAS_H

#include "comm/ends.h"
#include "sched/worker.h"

#define WEFTI_NEVER_BIASED ((uintptr_t)1)
enum { WEFTI_BIAS_AFTER = 64 }; /* less than the alignment of a worker */

/* bias.c; lock held: takes the bias away from another, or the locks of the ends. */
void wefti_bias_revoke(struct weft_channel *channel, uintptr_t bias);

static inline void wefti_channel_lock(struct weft_channel *channel) {
    wefti_spin_lock(&channel->lock);
    uintptr_t bias = wefti_load_relaxed(&channel->bias); /* relaxed: written with the lock held */
    if (WEFTI_UNLIKELY(bias != WEFTI_NEVER_BIASED)) wefti_bias_revoke(channel, bias);
}

static inline void wefti_channel_unlock(struct weft_channel *channel) {
    if (wefti_has_ends(channel))
        wefti_ends_unlock(channel);
    else
        wefti_spin_unlock(&channel->lock);
}

static inline void wefti_bias_leave(wefti_worker *worker) {
    wefti_hands_over(wefti_load_relaxed(&worker->inside)); /* to the next of this worker's tasks that enters there */
    /* release: what was done inside; partner: the acquire in wefti_bias_revoke */
    wefti_store_release(&worker->inside, (struct weft_channel *)NULL);
}

/* A task's short operation: whether it is inside, without the lock. */
static inline bool wefti_bias_enter(struct weft_channel *channel, wefti_worker *worker) {
    if (wefti_load_relaxed(&channel->bias) != (uintptr_t)worker) return false; /* relaxed: it is looked at again */
    /* release: a revoker of the channel it was in before may find this one here; partner: wefti_bias_revoke */
    wefti_store_release(&worker->inside, channel);
    wefti_light_barrier(); /* partner: the heavy barrier in wefti_bias_revoke */
    if (WEFTI_LIKELY(wefti_load_relaxed(&channel->bias) == (uintptr_t)worker)) {
        wefti_takes_over(channel);
        return true;
    }
    wefti_bias_leave(worker);
    return false;
}

/* A task's short operation takes the lock instead, and counts towards a bias. */
static inline void wefti_bias_lock(struct weft_channel *channel, const wefti_worker *worker) {
    wefti_spin_lock(&channel->lock);
    uintptr_t bias = wefti_load_relaxed(&channel->bias), me = (uintptr_t)worker; /* relaxed: as above */
    if (WEFTI_LIKELY(bias == WEFTI_NEVER_BIASED)) return;
    if (bias == 0)
        wefti_store_relaxed(&channel->bias, me + 2);
    else if (bias > me && bias - me < WEFTI_BIAS_AFTER)
        wefti_store_relaxed(&channel->bias, bias - me == WEFTI_BIAS_AFTER - 1 ? me : bias + 1);
    else if (bias != me)
        wefti_bias_revoke(channel, bias);
}

/* How a short operation has got inside. */
typedef enum wefti_way { WEFTI_LOCKED, WEFTI_BIASED, WEFTI_UNLOCKED } wefti_way;

static inline void wefti_way_leave(struct weft_channel *channel, wefti_worker *worker, wefti_way way) {
    if (way == WEFTI_LOCKED)
        wefti_channel_unlock(channel);
    else if (way == WEFTI_BIASED)
        wefti_bias_leave(worker);
    else
        wefti_hands_over(channel); /* as wefti_bias_leave */
}

/* Any operation: gets inside, without the lock where that is enough. self: NULL is allowed. */
static inline wefti_way wefti_channel_enter(struct weft_channel *channel, const wefti_strand *self) {
    if (self != NULL && self->worker != NULL && wefti_bias_enter(channel, self->worker)) return WEFTI_BIASED;
    wefti_channel_lock(channel);
    return WEFTI_LOCKED;
}

#endif
