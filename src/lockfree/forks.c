/* SPDX-License-Identifier: MIT */
/* forks.c - what is done to frames under the lock. See forks.h. */
#include "lockfree/forks.h"

/* So that small tasks are not marked for longer than they would take. */
enum { MOST_EXPOSED = 32 };

/* Under the lock. */
static void set_shared(wefti_deque *deque, uint32_t shared) {
    wefti_store_relaxed(&deque->shared, shared); /* relaxed: others look again under the lock */
}

/* Under the lock: frames that nobody has taken, and nobody else sees any more. */
static void unmark(wefti_deque *deque, uint32_t from, uint32_t to) {
    for (uint32_t i = WEFTI_MAX(from, 1u); i < to; i++)
        wefti_store_relaxed(&deque->base[i].type, wefti_frame_type(&deque->base[i])); /* relaxed: the owner's own */
}

static void set_top(wefti_deque *deque, uint32_t at) {
    wefti_store_relaxed(&deque->forks->top, deque->base + at); /* relaxed: who acts on it does so under the lock */
}

static void open_frame(weft_fork *frame) {
    wefti_store_relaxed(&frame->state, (uintptr_t)WEFTI_FRAME_OPEN); /* relaxed: the lock publishes it */
}

void wefti_deque_begin(wefti_deque *deque, weft_forks *forks, weft_fork *base) {
    deque->forks = forks;
    deque->base = base;
    wefti_atomic_init(&deque->lock, 0u);
    wefti_atomic_init(&deque->tail, 0u);
    wefti_atomic_init(&deque->shared, 0u);
    wefti_atomic_init(&forks->top, base);
}

bool wefti_deque_publish(wefti_deque *deque) {
    uint32_t end = wefti_deque_depth(deque);
    wefti_spin_lock(&deque->lock);
    uint32_t shared = wefti_load_relaxed(&deque->shared);
    uint32_t wanted = shared + (end - shared + 1) / 2;
    for (uint32_t i = shared; i < wanted && end > shared; i++) {
        wefti_frame_mark(&deque->base[i]);
        open_frame(&deque->base[i]);
    }
    if (end > shared) set_shared(deque, wanted);
    wefti_spin_unlock(&deque->lock);
    return end > shared;
}

/* One that is taken back, or replaced, at this moment is left as it is. */
static void mark_private(weft_fork *frame) {
    wefti_frame_word word = wefti_load_relaxed(&frame->type);
    /* relaxed, both: the heavy barrier shows it to the owner */
    if (!wefti_word_is_marked(word)) wefti_cas_relaxed(&frame->type, &word, wefti_word_marked(word));
}

bool wefti_deque_expose(wefti_deque *deque) {
    if (!wefti_deque_has_private(deque)) return false;
    wefti_spin_lock(&deque->lock);
    uint32_t shared = wefti_load_relaxed(&deque->shared), end = wefti_deque_depth(deque), seen = shared;
    uint32_t wanted = end > shared ? WEFTI_MIN((end - shared + 1) / 2, (uint32_t)MOST_EXPOSED) : 0;
    for (uint32_t i = shared; i < shared + wanted; i++) mark_private(&deque->base[i]);
    if (wanted > 0) wefti_heavy_barrier(); /* partner: the light barrier of a sync, wefti_fork_pop */
    end = wefti_deque_depth(deque);        /* before the marks are looked at: one that was replaced has none */
    while (seen < shared + wanted && seen < end && wefti_word_is_marked(wefti_load_relaxed(&deque->base[seen].type)))
        open_frame(&deque->base[seen++]);
    if (seen > shared) set_shared(deque, seen);
    wefti_spin_unlock(&deque->lock);
    return seen > shared;
}

bool wefti_deque_reclaim(wefti_deque *deque) {
    wefti_spin_lock(&deque->lock);
    uint32_t at = wefti_deque_depth(deque) - 1;
    uint32_t tail = wefti_load_relaxed(&deque->tail);
    bool mine = tail <= at;
    if (mine && at < wefti_load_relaxed(&deque->shared)) {
        uint32_t kept = tail + (at - tail) / 2;
        set_shared(deque, kept);
        unmark(deque, kept, at);
    }
    if (mine) set_top(deque, at);
    wefti_spin_unlock(&deque->lock);
    return mine;
}

void wefti_deque_settle(wefti_deque *deque) {
    uint32_t at = wefti_deque_depth(deque) - 1;
    wefti_spin_lock(&deque->lock);
    wefti_store_relaxed(&deque->tail, at); /* relaxed: under the lock */
    set_shared(deque, at);
    set_top(deque, at);
    wefti_spin_unlock(&deque->lock);
}

void wefti_deque_restore(wefti_deque *deque) {
    wefti_spin_lock(&deque->lock);
    uint32_t end = wefti_deque_depth(deque);
    /* relaxed, both: under the lock; a frame that was stolen is below tail until it is settled */
    if (wefti_load_relaxed(&deque->tail) > end || wefti_load_relaxed(&deque->shared) > end) set_top(deque, end + 1);
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
