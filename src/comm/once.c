/* SPDX-License-Identifier: MIT */
/* once.c - completing an outcome and waiting for it. The protocol is in once.h. */
#include "comm/once.h"

/* Under the lock: claims all who wait. Returns those to unpark. */
static wefti_wait *claim_waiters(wefti_once *once) {
    wefti_wait *woken = NULL;
    for (wefti_waiter *waiter = wefti_first(&once->waiters), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        bool gone, won = wefti_waiter_claim(waiter, WEFT_OK, &gone);
        if (gone || (won && !waiter->kept)) wefti_waiter_unlist(&once->waiters, waiter);
        if (!won) continue;
        waiter->wait->woken = woken;
        woken = waiter->wait;
    }
    return woken;
}

void wefti_once_complete(wefti_once *once) {
    wefti_spin_lock(&once->lock);
    wefti_store_release(&once->state, (uint32_t)WEFTI_ONCE_DONE); /* the outcome; partner: wefti_once_state */
    wefti_wait *woken = claim_waiters(once);
    wefti_spin_unlock(&once->lock);
    for (wefti_wait *next; woken != NULL; woken = next) {
        next = woken->woken;
        wefti_unpark(woken);
    }
}

bool wefti_once_replace(wefti_once *once) {
    wefti_spin_lock(&once->lock);
    if (wefti_load_relaxed(&once->state) == WEFTI_ONCE_DONE) return true; /* relaxed: from here on under the lock */
    wefti_spin_unlock(&once->lock);
    return false;
}

void wefti_once_replaced(wefti_once *once) {
    wefti_store_release(&once->state, (uint32_t)WEFTI_ONCE_REPLACED); /* the value; partner: wefti_once_state */
    wefti_spin_unlock(&once->lock);
}

bool wefti_once_enlist(wefti_once *once, wefti_waiter *waiter) {
    wefti_spin_lock(&once->lock);
    bool wait = waiter->kept || !wefti_once_is_done(once);
    if (wait) wefti_waiter_enlist(&once->waiters, waiter);
    wefti_spin_unlock(&once->lock);
    return wait;
}

void wefti_once_delist(wefti_once *once, wefti_waiter *waiter) {
    wefti_spin_lock(&once->lock);
    if (waiter->listed) wefti_waiter_unlist(&once->waiters, waiter);
    wefti_spin_unlock(&once->lock);
}
