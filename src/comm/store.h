/* SPDX-License-Identifier: MIT */
/* store.h - a channel's elements, whatever its kind. The spin lock is held; for POLICY the channel's own lock as well,
 * and the spin lock is given up while the user's code runs. */
#ifndef WEFTI_STORE_H
#define WEFTI_STORE_H

#include "comm/visit.h"

/* policy.c. What it holds and whether it is full is noted in the channel after each change, so that asking needs no
 * call of the user's code. */
weft_status wefti_policy_put(weft_channel *channel, const void *value, const wefti_condition *condition);
weft_status wefti_policy_take(weft_channel *channel, void *value, const wefti_condition **condition);
weft_status wefti_policy_peek(weft_channel *channel, void *value);

/* clock.c */
bool wefti_clock_due(const weft_channel *channel);
void wefti_clock_take(weft_channel *channel, void *value);

/* gaps.c: places that are reserved. Whether what is in front can be received; drops those given up. */
bool wefti_gaps_front_ready(weft_channel *channel);
/* No lock: one receiver that waits gets the front, or one sender the place that became free. false: neither. For POLICY
 * the caller holds the channel's own lock. */
bool wefti_channel_settle(weft_channel *channel);
/* Not full, with memory: reserves the next place. Returns where its value goes. */
void *wefti_gaps_put(weft_channel *channel);

static inline bool wefti_store_empty(weft_channel *channel) {
    if (WEFTI_UNLIKELY(channel->kind > WEFTI_POLICY)) return !wefti_clock_due(channel);
    if (WEFTI_UNLIKELY((wefti_odd(channel) & WEFTI_GAPS) != 0)) return !wefti_gaps_front_ready(channel);
    return wefti_stored(channel) == 0;
}

static inline bool wefti_store_full(weft_channel *channel) {
    if (WEFTI_UNLIKELY(channel->kind >= WEFTI_POLICY)) return channel->kind > WEFTI_POLICY || channel->rare->full;
    if (channel->kind == WEFTI_BACKLOG && channel->capacity == 0) return false;
    return wefti_stored(channel) >= channel->capacity;
}

/* Not full, and with memory (wefti_visit.room). Only POLICY can fail. */
static inline weft_status wefti_store_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    if (WEFTI_UNLIKELY(channel->kind >= WEFTI_POLICY)) return wefti_policy_put(channel, value, condition);
    if (channel->kind == WEFTI_RING)
        wefti_ring_put(channel, value, condition);
    else
        wefti_backlog_put(channel, value, condition);
    return WEFT_OK;
}

/* Not empty. Only POLICY can fail. */
static inline weft_status wefti_store_take(weft_channel *channel, void *value, const wefti_condition **condition) {
    *condition = NULL;
    switch (channel->kind) {
    case WEFTI_RING: *condition = wefti_ring_take(channel, value); return WEFT_OK;
    case WEFTI_BACKLOG: *condition = wefti_backlog_take(channel, value); return WEFT_OK;
    case WEFTI_POLICY: return wefti_policy_take(channel, value, condition);
    default: wefti_clock_take(channel, value); return WEFT_OK;
    }
}

/* Not empty, not POLICY: takes the front, in front where it is there. */
static inline void wefti_take_front_locked(weft_channel *channel, void *value, const wefti_condition **condition) {
    if (channel->kind != WEFTI_BACKLOG || channel->capacity != 0) {
        wefti_store_take(channel, value, condition);
        return;
    }
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_block *used = NULL;
    wefti_spin_lock(&backlog->front_lock);
    if (!wefti_backlog_take_front(channel, value, condition, &used)) *condition = wefti_backlog_take(channel, value);
    wefti_spin_unlock(&backlog->front_lock);
    if (used != NULL) wefti_block_recycle(channel, used);
}

/* A sender that was won: its value goes to the place that has become free; or the place is its own, to be filled. */
static inline weft_status wefti_sender_store(weft_channel *channel, wefti_waiter *sender) {
    if (WEFTI_LIKELY(sender->condition != &wefti_reserved))
        return wefti_store_put(channel, sender->slot, sender->condition);
    sender->slot = wefti_gaps_put(channel);
    return WEFT_OK;
}

#endif
