/* SPDX-License-Identifier: MIT */
/* forks.c - what is done to frames under the lock. See forks.h. */
#include "lockfree/forks.h"

/* Under the lock. */
static void set_shared(wefti_deque *deque, uint32_t shared) {
    wefti_store_relaxed(&deque->shared, shared); /* relaxed: others look again under the lock */
}

/* Frames that nobody has taken, and nobody else sees any more. */
static void unmark(wefti_deque *deque, uint32_t from, uint32_t to) {
    for (uint32_t i = WEFTI_MAX(from, 1u); i < to; i++) deque->base[i].type = wefti_frame_type(&deque->base[i]);
}

void wefti_deque_begin(wefti_deque *deque, weft_forks *forks, weft_fork *base) {
    deque->forks = forks;
    deque->base = base;
    wefti_atomic_init(&deque->lock, 0u);
    wefti_atomic_init(&deque->tail, 0u);
    wefti_atomic_init(&deque->shared, 0u);
    forks->top = base;
}

bool wefti_deque_publish(wefti_deque *deque) {
    uint32_t end = (uint32_t)(deque->forks->top - deque->base);
    uint32_t shared = wefti_load_relaxed(&deque->shared); /* relaxed: the owner's own */
    if (end <= shared) return false;
    uint32_t wanted = shared + (end - shared + 1) / 2;
    for (uint32_t i = shared; i < wanted; i++) {
        wefti_frame_mark(&deque->base[i]);
        wefti_store_relaxed(&deque->base[i].state, (uintptr_t)WEFTI_FRAME_OPEN); /* relaxed: the lock publishes it */
    }
    wefti_spin_lock(&deque->lock);
    set_shared(deque, wanted);
    wefti_spin_unlock(&deque->lock);
    return true;
}

bool wefti_deque_reclaim(wefti_deque *deque) {
    uint32_t at = (uint32_t)(deque->forks->top - deque->base) - 1;
    wefti_spin_lock(&deque->lock);
    uint32_t tail = wefti_load_relaxed(&deque->tail);
    bool mine = tail <= at;
    bool seen = mine && at < wefti_load_relaxed(&deque->shared);
    uint32_t kept = seen ? tail + (at - tail) / 2 : at;
    if (seen) set_shared(deque, kept);
    wefti_spin_unlock(&deque->lock);
    unmark(deque, kept, at);
    return mine;
}

void wefti_deque_settle(wefti_deque *deque) {
    uint32_t at = (uint32_t)(deque->forks->top - deque->base) - 1;
    wefti_spin_lock(&deque->lock);
    wefti_store_relaxed(&deque->tail, at); /* relaxed: under the lock */
    set_shared(deque, at);
    wefti_spin_unlock(&deque->lock);
}

weft_fork *wefti_deque_steal(wefti_deque *deque) {
    weft_fork *frame = NULL;
    if (!wefti_deque_has_frames(deque)) return NULL;
    wefti_spin_lock(&deque->lock);
    uint32_t tail = wefti_load_relaxed(&deque->tail);
    if (tail < wefti_load_relaxed(&deque->shared)) {
        frame = &deque->base[tail];
        wefti_store_relaxed(&frame->state,
                            (uintptr_t)WEFTI_FRAME_STOLEN); /* relaxed: the owner learns it by the lock */
        wefti_store_relaxed(&deque->tail, tail + 1);
    }
    wefti_spin_unlock(&deque->lock);
    return frame;
}
