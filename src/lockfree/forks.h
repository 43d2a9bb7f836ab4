/* SPDX-License-Identifier: MIT */
/* forks.h - a strand's spawned tasks: a stack of frames, of which its lower part may be stolen from.
 *
 *     base                                               top
 *      | stolen    | to be had  |  private                |            a spawn fills the frame at top, a sync empties
 *      0          tail        shared                                   the one below it
 *
 * The owner touches `top` and the private frames, and they are nobody else's: no fence, no update. What lies below is
 * under the lock: a thief takes the oldest frame, at `tail`. Who has nothing to do and finds none to be had sets the
 * owner's `limit` to NULL. The next spawn notices, and publishes half of the private frames: it *marks* them, so that
 * they are of no task's type. A sync that finds a mark either takes its frame back, and half of those to be had with
 * it, or waits for who has taken it. The outermost frame always has a mark, so that the owner notices when it is gone.
 *
 * State of a frame that is published:
 *
 *   OPEN --thief, under the lock--> STOLEN ----------------thief, when done----------------> DONE
 *                                   STOLEN --owner: about to park--> a wait --thief--> DONE, and unparks it
 *
 * FAILED is the same as DONE, with a condition in the place of a result.
 *
 * Invariants: F1 tail <= shared <= top - base, and frames below shared, and the outermost, have a mark, and only they,
 * but for those that were stolen, and then settled. F2 frames are stolen from the oldest on, so those below a stolen
 * one are stolen or done. F3 who has made a frame DONE does not touch it again.
 *
 * Rules: begin, publish, reclaim and settle are for the owner, or for who runs on the owner's thread while it is
 * parked. Source: the split of Lace (van Dijk, van de Pol, 2014) and the trip wire of Wool (Faxén, 2008). Unlike both:
 * one word is limit and request, and what thieves see is under a lock, since it is rarely looked at.
 */
#ifndef WEFTI_FORKS_H
#define WEFTI_FORKS_H

#include <weft/forkjoin.h>

#include "lockfree/spinlock.h"

/* else a wait of the owner */
enum { WEFTI_FRAME_OPEN = 0, WEFTI_FRAME_STOLEN = 1, WEFTI_FRAME_DONE = 2, WEFTI_FRAME_FAILED = 3 };

typedef struct wefti_deque {
    wefti_spinlock lock;
    WEFTI_ATOMIC(uint32_t) tail, shared; /* written under the lock; read without by who looks whether it is worth it */
    weft_forks *forks;
    weft_fork *base;
} wefti_deque;

/* What a frame is of, with a mark and without. */
static inline const struct weft_task_type *wefti_frame_type(const weft_fork *frame) {
    return (const struct weft_task_type *)((uintptr_t)frame->type & ~(uintptr_t)1);
}
static inline bool wefti_frame_is_marked(const weft_fork *frame) { return ((uintptr_t)frame->type & 1) != 0; }
/* Owner: of a frame that nobody else can see yet. */
static inline void wefti_frame_mark(weft_fork *frame) {
    frame->type = (const struct weft_task_type *)((uintptr_t)frame->type | 1);
}

/* Puts an empty stack of frames over this memory. */
void wefti_deque_begin(wefti_deque *deque, weft_forks *forks, weft_fork *base);

/* Owner: lets others see half of the private frames, rounded up. false: there are none. */
bool wefti_deque_publish(wefti_deque *deque);

/* Owner: takes the frame below top, which has a mark, out of what others see. false: it was stolen, and
 * settle is to be called when it is done. */
bool wefti_deque_reclaim(wefti_deque *deque);
void wefti_deque_settle(wefti_deque *deque);

/* Thief: whether there is a frame to be had. A guess. */
static inline bool wefti_deque_has_frames(wefti_deque *deque) {
    /* relaxed, both: whoever takes one looks again under the lock */
    return wefti_load_relaxed(&deque->tail) < wefti_load_relaxed(&deque->shared);
}
/* Thief: asks the owner to publish. */
static inline void wefti_deque_ask(wefti_deque *deque) {
    /* relaxed: a request; the owner's frames are published under the lock */
    if (wefti_load_relaxed(&deque->forks->limit) != NULL) wefti_store_relaxed(&deque->forks->limit, NULL);
}
/* Thief: takes the oldest frame, which is its own until wefti_frame_done; or NULL. */
weft_fork *wefti_deque_steal(wefti_deque *deque);
/* Thief: the result is in the frame. Returns the wait of the owner that is to be unparked, or NULL. */
static inline void *wefti_frame_end_with(weft_fork *frame, uintptr_t state) {
    /* acq_rel: release for the result; partner: wefti_frame_is_done; acquire for what a wait points to; partner: the
     * cas in wefti_frame_await. */
    uintptr_t before = wefti_exchange_acq_rel(&frame->state, state);
    return before != WEFTI_FRAME_STOLEN ? (void *)before : NULL;
}
static inline void *wefti_frame_done(weft_fork *frame) { return wefti_frame_end_with(frame, WEFTI_FRAME_DONE); }

/* Owner of a stolen frame. */
static inline bool wefti_frame_is_done(weft_fork *frame) {
    /* acquire: the result; partner: the exchange in wefti_frame_done. */
    uintptr_t state = wefti_load_acquire(&frame->state);
    return state == WEFTI_FRAME_DONE || state == WEFTI_FRAME_FAILED;
}
/* Owner: leaves a wait to be unparked. false: it is done. */
static inline bool wefti_frame_await(weft_fork *frame, void *wait) {
    uintptr_t stolen = WEFTI_FRAME_STOLEN;
    /* acq_rel: release for the wait, acquire for the result if it is done; partner: wefti_frame_done. */
    return wefti_cas_acq_rel(&frame->state, &stolen, (uintptr_t)wait);
}

#endif
