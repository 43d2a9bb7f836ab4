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

bool wefti_once_complete_waited(wefti_once *once, bool release) {
    wefti_spin_lock(&once->lock);
    wefti_add_release(&once->word, (uint32_t)WEFTI_ONCE_DONE - WEFTI_ONCE_TAKEN); /* partner: wefti_once_state */
    wefti_wait *woken = claim_waiters(once);
    wefti_spin_unlock(&once->lock);
    for (wefti_wait *next; woken != NULL; woken = next) {
        next = woken->woken;
        wefti_unpark(woken);
    }
    return release && wefti_once_release(once);
}

bool wefti_once_replace(wefti_once *once) {
    wefti_spin_lock(&once->lock);
    /* relaxed: from DONE on it changes under the lock */
    if ((wefti_load_relaxed(&once->word) & WEFTI_ONCE_STATE) == WEFTI_ONCE_DONE) return true;
    wefti_spin_unlock(&once->lock);
    return false;
}

void wefti_once_replaced(wefti_once *once) {
    /* release: the value; partner: wefti_once_state */
    wefti_add_release(&once->word, (uint32_t)WEFTI_ONCE_REPLACED - WEFTI_ONCE_DONE);
    wefti_spin_unlock(&once->lock);
}

/* Under the lock: says to who completes it that somebody waits. false: it is done. */
static bool say_waited_for(wefti_once *once) {
    /* relaxed, both: who is told that it is done looks at the state, with acquire, before the outcome */
    uint32_t seen = wefti_load_relaxed(&once->word);
    while ((seen & WEFTI_ONCE_STATE) < WEFTI_ONCE_DONE) {
        if ((seen & WEFTI_ONCE_WAITED_FOR) != 0) return true;
        /* Without the update: waiter: looks, not done; who completes: not waited for, DONE; the waiter enlists and
         * sleeps for ever. */
        if (wefti_cas_relaxed(&once->word, &seen, seen | WEFTI_ONCE_WAITED_FOR)) return true;
    }
    return false;
}

bool wefti_once_enlist(wefti_once *once, wefti_waiter *waiter) {
    wefti_spin_lock(&once->lock);
    bool wait = say_waited_for(once) || waiter->kept;
    if (wait) wefti_waiter_enlist(&once->waiters, waiter);
    wefti_spin_unlock(&once->lock);
    return wait;
}

void wefti_once_delist(wefti_once *once, wefti_waiter *waiter) {
    wefti_spin_lock(&once->lock);
    if (waiter->listed) wefti_waiter_unlist(&once->waiters, waiter);
    wefti_spin_unlock(&once->lock);
}
