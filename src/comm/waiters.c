/* SPDX-License-Identifier: MIT */
/* waiters.c - the longer ways of winning waiters; comm/waiters.h. */
#include "comm/waiters.h"

#include "os/chance.h"
#include "sched/attach.h"

/* Where to begin: with the first, or, for a random order, anywhere. */
static wefti_waiter *begin_at(const weft_channel *channel, const wefti_waiters *list) {
    wefti_waiter *waiter = wefti_first(list);
    if (WEFTI_LIKELY((wefti_odd(channel) & WEFTI_RANDOM) == 0)) return waiter;
    uint32_t count = 0;
    for (const wefti_waiter *each = wefti_first(list); each != NULL; each = each->next) count++;
    for (uint32_t skip = wefti_chance(count); skip > 0; skip--) waiter = waiter->next;
    return waiter;
}

/* One that is gone was taken out of its list: its owner comes once more, unless that has vanished. */
static void note_gone(weft_channel *channel, wefti_waiter *waiter) {
    if (WEFTI_LIKELY(!waiter->wait->in_berth) || !wefti_find_lost(waiter)) {
        channel->leaving++;
        return;
    }
    if (wefti_thread_of_strand(waiter->wait->strand)->berth.held) channel->leaving--; /* see come_back */
    wefti_place_lost(waiter);
}

/* Tries one. A kept one that is won goes to the end of the list, so that others have their turn. */
static bool try_claim(weft_channel *channel, wefti_waiters *list, wefti_waiter *waiter, weft_status status) {
    bool gone, won = wefti_waiter_claim(waiter, status, &gone);
    if (!won && !gone) return false;
    wefti_waiter_unlist(list, waiter);
    if (won && waiter->kept) wefti_waiter_enlist(list, waiter);
    if (gone) note_gone(channel, waiter);
    return won;
}

static WEFTI_NOINLINE wefti_waiter *claim_only_otherwise(weft_channel *channel, wefti_waiters *list, wefti_waiter *only,
                                                         weft_status status) {
    bool gone, won = wefti_waiter_claim(only, status, &gone);
    if (won ? !only->kept : gone) wefti_waiter_unlist_first(list, only);
    if (WEFTI_UNLIKELY(gone)) note_gone(channel, only);
    return won ? only : NULL;
}

/* What is usual needs no call, and so no register to be saved. */
wefti_waiter *wefti_waiters_claim_only(weft_channel *channel, wefti_waiters *list, wefti_waiter *only,
                                       weft_status status) {
    if (WEFTI_UNLIKELY(!wefti_waiter_claim_open(only, status)))
        return claim_only_otherwise(channel, list, only, status);
    if (!only->kept) wefti_waiter_unlist_first(list, only);
    return only;
}

wefti_waiter *wefti_waiters_claim_any(weft_channel *channel, wefti_waiters *list, weft_status status,
                                      const wefti_wait *mine) {
    wefti_waiter *begin = begin_at(channel, list), *next;
    for (wefti_waiter *waiter = begin; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (waiter->wait != mine && try_claim(channel, list, waiter, status)) return waiter;
    }
    if (WEFTI_LIKELY((wefti_odd(channel) & WEFTI_RANDOM) == 0)) return NULL;
    for (wefti_waiter *waiter = wefti_first(list); waiter != NULL;
         waiter = next) { /* those before the place of the start */
        next = waiter->next;
        if (waiter->wait != mine && try_claim(channel, list, waiter, status)) return waiter;
    }
    return NULL;
}

wefti_wait *wefti_waiters_claim_all(weft_channel *channel, wefti_waiters *list, weft_status status, unsigned which) {
    wefti_wait *claimed = NULL, **last = &claimed;
    for (wefti_waiter *waiter = wefti_first(list), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        if ((which & (waiter->result ? WEFTI_RESULTS : WEFTI_MESSAGES)) == 0) continue;
        bool gone, won = wefti_waiter_claim(waiter, status, &gone);
        if (gone || (won && !waiter->kept)) wefti_waiter_unlist(list, waiter);
        if (gone) note_gone(channel, waiter);
        if (!won) continue;
        *last = waiter->wait;
        last = &waiter->wait->woken;
    }
    *last = NULL;
    return claimed;
}

void wefti_waiters_bury(weft_channel *channel, wefti_waiters *list) {
    for (wefti_waiter *waiter = wefti_first(list), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (!wefti_find_lost(waiter)) continue;
        wefti_waiter_unlist(list, waiter);
        note_gone(channel, waiter);
    }
}

void wefti_waits_unpark(wefti_wait *waits) {
    while (waits != NULL) {
        wefti_wait *next = waits->woken;
        wefti_unpark(waits);
        waits = next;
    }
}
