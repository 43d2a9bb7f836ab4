/* SPDX-License-Identifier: MIT */
/* forks.h - a strand's spawned tasks: a stack of frames, of which its lower part may be stolen from.
 *
 *     base                                               top
 *      | stolen    | to be had  |  private                |            a spawn fills the frame at top, a sync empties
 *      0          tail        shared                                   the one below it
 *
 * The owner alone fills and empties private frames: no fence, no update. What lies below is under the lock: a thief
 * takes the oldest frame, at `tail`, and frames there are *marked*, so that they are of no task's type. A sync that
 * finds a mark either takes its frame back, and half of those to be had with it, or waits for who has taken it. The
 * outermost frame always has a mark, so that the owner notices when it is gone.
 *
 * Who has nothing to do and finds none to be had asks first: it sets the owner's `limit` to NULL, and the next spawn
 * publishes half of the private frames. An owner that does not spawn for a while (it syncs one long task after the
 * other, or waits) is not waited for: the thief *exposes* some of the oldest private frames, by Dekker's handshake:
 *
 *     owner, at a sync:  top = frame; light barrier; is the frame marked?
 *     thief, locked:     marks frames; heavy barrier; which of them lie below top, and still have the mark?
 *
 * So of a frame that is taken back meanwhile the owner sees the mark, or the thief that top is below it; and one that
 * was put in its place has no mark. The light barrier costs nothing. Where there is no heavy one, frames are not
 * exposed.
 *
 * State of a frame that is published:
 *
 *   OPEN --thief, under the lock--> STOLEN ----------------thief, when done----------------> DONE
 *                                   STOLEN --owner: about to park--> a wait --thief--> DONE, and unparks it
 *
 * FAILED is the same as DONE, with a condition in the place of a result.
 *
 * Invariants: F1 tail <= shared, and frames below shared, and the outermost, have a mark; those below shared are also
 * below top, but for the one that a sync is about to give back. Others may have one too: that of a thief that came too
 * late. F2 frames are stolen from the oldest on, so those below a stolen one are stolen or done. F3 who has made a
 * frame DONE does not touch it again.
 *
 * Rules: begin, publish, reclaim and settle are for the owner, or for who runs on the owner's thread while it is
 * parked. Source: the split of Lace (van Dijk, van de Pol, 2014) and the trip wire of Wool (Faxén, 2008). Unlike both:
 * one word is limit and request; what thieves see is under a lock, since it is rarely looked at; and who does not
 * answer is stolen from all the same.
 */
#ifndef WEFTI_FORKS_H
#define WEFTI_FORKS_H

#include <weft/forkjoin.h>

#include "lockfree/spinlock.h"

/* else a wait of the owner */
enum { WEFTI_FRAME_OPEN = 0, WEFTI_FRAME_STOLEN = 1, WEFTI_FRAME_DONE = 2, WEFTI_FRAME_FAILED = 3 };

/* The most frames that one strand may have. */
enum { WEFTI_MOST_FRAMES = 1 << 20 };

typedef struct wefti_deque {
    wefti_spinlock lock;
    WEFTI_ATOMIC(uint32_t) tail, shared; /* written under the lock; read without by who looks whether it is worth it */
    weft_forks *forks;
    weft_fork *base;
} wefti_deque;

/* What is written in a frame: what it is of, with a mark and without. */
typedef const struct weft_task_type *wefti_frame_word;
static inline bool wefti_word_is_marked(wefti_frame_word word) { return ((uintptr_t)word & 1) != 0; }
static inline wefti_frame_word wefti_word_marked(wefti_frame_word word) {
    return (wefti_frame_word)((uintptr_t)word | 1);
}
static inline wefti_frame_word wefti_frame_type(const weft_fork *frame) {
    /* relaxed: of a frame of one's own, or under the lock */
    return (wefti_frame_word)((uintptr_t)wefti_load_relaxed(&frame->type) & ~(uintptr_t)1);
}
/* Owner: of a frame of its own that is not published. relaxed: the lock publishes it, and thieves mark it only too. */
static inline void wefti_frame_mark(weft_fork *frame) {
    wefti_store_relaxed(&frame->type, wefti_word_marked(wefti_load_relaxed(&frame->type)));
}

/* How many frames there are. For others: how many there seem to be. */
static inline uint32_t wefti_deque_depth(const wefti_deque *deque) {
    /* acquire: what lies below, if it was put there just now; partner: the release of a spawn */
    uintptr_t bytes = (uintptr_t)wefti_load_acquire(&deque->forks->top) - (uintptr_t)deque->base;
    /* below: a sync without a spawn; far off: in the only frame that there was before there were any */
    return bytes / sizeof(weft_fork) > WEFTI_MOST_FRAMES ? 0 : (uint32_t)(bytes / sizeof(weft_fork));
}

/* Puts an empty stack of frames over this memory. */
void wefti_deque_begin(wefti_deque *deque, weft_forks *forks, weft_fork *base);

/* Owner: lets others see half of the private frames, rounded up. false: there are none. */
bool wefti_deque_publish(wefti_deque *deque);

/* Owner: takes the frame below top out of what others see, if they do; top is then at it. false: it was stolen, and
 * settle is to be called when it is done. */
bool wefti_deque_reclaim(wefti_deque *deque);
void wefti_deque_settle(wefti_deque *deque);
/* Owner: a kill may have ended a sync just after it had lowered top. If others see its frame, that is the topmost
 * again. */
void wefti_deque_restore(wefti_deque *deque);

/* Thief: whether there are private frames. A guess. */
static inline bool wefti_deque_has_private(wefti_deque *deque) {
    return wefti_deque_depth(deque) > wefti_load_relaxed(&deque->shared); /* relaxed: a guess */
}
/* Thief: lets all see some of the private frames, without the owner. Costs it and the owner a microsecond or two.
 * false: there were none. */
bool wefti_deque_expose(wefti_deque *deque);

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
