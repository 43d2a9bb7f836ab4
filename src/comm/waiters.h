/* SPDX-License-Identifier: MIT */
/* waiters.h - a channel's lists of waiters, and winning one of them. The lock of the channel is held. */
#ifndef WEFTI_WAITERS_H
#define WEFTI_WAITERS_H

#include "comm/bias.h"

/* waiters.c: the rest of wefti_waiters_claim. */
wefti_waiter *wefti_waiters_claim_any(weft_channel *channel, wefti_waiters *list, weft_status status,
                                      const wefti_wait *mine);

/* Wins the only one, unless it is the caller's own wait. */
wefti_waiter *wefti_waiters_claim_only(weft_channel *channel, wefti_waiters *list, wefti_waiter *only,
                                       weft_status status);

/* Wins the first, which is not shared. */
static inline wefti_waiter *wefti_waiters_claim_first(wefti_waiters *list, wefti_waiter *first, weft_status status) {
    wefti_waiter_unlist_first(list, first);
    /* relaxed: only the holder of the lock can end it, and the unpark publishes it */
    wefti_store_relaxed(&first->wait->claim, 1u + (uint32_t)status);
    return first;
}

/* Wins the waiter that is served next, and takes it out of the list unless it is a kept one. NULL: there is none that
 * can be won. Those that are won otherwise are dropped on the way; those that are AWAY are left a hint. mine: the wait
 * of the caller, an alternation that does not meet itself. */
static inline wefti_waiter *wefti_waiters_claim(weft_channel *channel, wefti_waiters *list, weft_status status,
                                                const wefti_wait *mine) {
    wefti_waiter *first = wefti_first(list);
    if (first == NULL) return NULL;
    if (first->shared && first->next == NULL && first->wait != mine)
        return wefti_waiters_claim_only(channel, list, first, status);
    if (WEFTI_UNLIKELY(first->shared || (wefti_odd(channel) & WEFTI_RANDOM) != 0))
        return wefti_waiters_claim_any(channel, list, status, mine);
    return wefti_waiters_claim_first(list, first, status);
}

enum { WEFTI_MESSAGES = 1, WEFTI_RESULTS = 2 };

/* Wins every wait for messages, for results, or both, with a status. Returns them, linked by `woken`. */
wefti_wait *wefti_waiters_claim_all(weft_channel *channel, wefti_waiters *list, weft_status status, unsigned which);

/* Takes those out whose threads have vanished. */
void wefti_waiters_bury(weft_channel *channel, wefti_waiters *list);

/* No lock held: lets them go on. */
void wefti_waits_unpark(wefti_wait *waits);

#endif
