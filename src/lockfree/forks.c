/* SPDX-License-Identifier: MIT */
/* forks.c - what is done to frames under the lock. See forks.h. */
#include "lockfree/forks.h"

/* Under the lock. The outermost frame is never private. */
static void set_shared(wefti_deque *deque, uint32_t shared) {
    /* relaxed: others look again under the lock */
    wefti_store_relaxed(&deque->shared, shared);
    deque->forks->split = deque->base + WEFTI_MAX(shared, 1u);
}

void wefti_deque_begin(wefti_deque *deque, weft_forks *forks, weft_fork *base) {
    deque->forks = forks;
    deque->base = base;
    wefti_atomic_init(&deque->lock, 0u);
    wefti_atomic_init(&deque->tail, 0u);
    wefti_atomic_init(&deque->shared, 0u);
    forks->top = base;
    forks->split = base + 1;
}

bool wefti_deque_publish(wefti_deque *deque) {
    uint32_t end = (uint32_t)(deque->forks->top - deque->base);
    uint32_t shared = wefti_load_relaxed(&deque->shared); /* relaxed: the owner's own */
    if (end <= shared) return false;
    uint32_t wanted = shared + (end - shared + 1) / 2;
    /* relaxed: the lock publishes it */
    for (uint32_t i = shared; i < wanted; i++) wefti_store_relaxed(&deque->base[i].state, (uintptr_t)WEFTI_FRAME_OPEN);
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
    if (mine && at < wefti_load_relaxed(&deque->shared)) set_shared(deque, tail + (at - tail) / 2);
    wefti_spin_unlock(&deque->lock);
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
