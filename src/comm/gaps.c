/* SPDX-License-Identifier: MIT */
/* gaps.c - places that are reserved, filled where they lie, and then sent or given up.
 *
 * To reserve is to send the condition wefti_reserved: it takes its place in the order, or waits for one, like any
 * message. What stands there is not received, nor what stands behind it, until it has become a value (commit), or
 * wefti_abandoned, which is dropped when it comes to the front. While there are any, the channel is marked
 * (WEFTI_GAPS), and every operation goes the longer way.
 *
 * Whoever fills or gives up a place holds both locks of a BACKLOG, as its front is read under the second alone.
 */
#include "comm/deliver.h"
#include "comm/receive.h"
#include "comm/send.h"

static void front_lock(weft_channel *channel) {
    if (channel->kind == WEFTI_BACKLOG) wefti_spin_lock(&wefti_backlog_of(channel)->front_lock);
}

static void front_unlock(weft_channel *channel) {
    if (channel->kind == WEFTI_BACKLOG) wefti_spin_unlock(&wefti_backlog_of(channel)->front_lock);
}

static void count_gap(weft_channel *channel, int more) {
    channel->rare->gaps = (uint32_t)((int)channel->rare->gaps + more);
    wefti_odd_set(channel, WEFTI_GAPS, channel->rare->gaps != 0);
}

static const wefti_condition *front_condition(weft_channel *channel) {
    const wefti_element *front =
        channel->kind == WEFTI_BACKLOG ? wefti_backlog_front(channel) : wefti_ring_place(channel, channel->at);
    return front->condition;
}

/* Both locks held. */
static void drop_front(weft_channel *channel, wefti_block **used) {
    *used = NULL;
    if (channel->kind == WEFTI_RING)
        wefti_ring_take(channel, NULL);
    else if (channel->capacity != 0 || !wefti_backlog_drop_front(channel, used))
        wefti_backlog_take(channel, NULL);
    count_gap(channel, -1);
}

bool wefti_gaps_front_ready(weft_channel *channel) {
    bool ready = false, dropped = true;
    while (!ready && dropped && wefti_stored(channel) != 0) {
        wefti_block *used = NULL;
        front_lock(channel);
        bool there = wefti_stored(channel) != 0;
        const wefti_condition *condition = there ? front_condition(channel) : NULL;
        ready = there && condition != &wefti_reserved && condition != &wefti_abandoned;
        dropped = there && condition == &wefti_abandoned;
        if (dropped) drop_front(channel, &used);
        front_unlock(channel);
        if (used != NULL) wefti_block_recycle(channel, used);
    }
    return ready;
}

void *wefti_gaps_put(weft_channel *channel) {
    wefti_element *element;
    if (channel->kind == WEFTI_RING) {
        uint32_t at = channel->at + wefti_load_relaxed(&channel->count);
        element = wefti_ring_place(channel, at >= channel->capacity ? at - channel->capacity : at);
        wefti_ring_put(channel, NULL, &wefti_reserved);
    } else {
        element = wefti_backlog_put(channel, NULL, &wefti_reserved);
    }
    count_gap(channel, 1);
    channel->rare->reserved++;
    return element->value;
}

weft_status weft_reserve(weft_channel *channel, void **place, weft_deadline deadline) {
    if (channel == NULL || place == NULL) return WEFT_INVALID;
    bool stores = channel->kind == WEFTI_BACKLOG || (channel->kind == WEFTI_RING && channel->capacity != 0);
    if (!stores || (wefti_odd(channel) & WEFTI_LOCAL) != 0) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || wefti_channel_rare(channel) == NULL) return WEFT_NO_MEMORY;
    if (deadline > WEFT_NOW && !wefti_may_park(self)) return WEFT_NO_MEMORY;
    wefti_visit visit;
    weft_status status = wefti_visit_with_room(&visit, channel, self, deadline);
    if (status != WEFT_OK) return status;
    if (wefti_channel_closed(channel) || !visit.room) {
        wefti_visit_end(&visit);
        return visit.room ? WEFT_CLOSED : WEFT_NO_MEMORY;
    }
    if (!wefti_store_full(channel)) {
        *place = wefti_gaps_put(channel);
        wefti_visit_end(&visit);
        return WEFT_OK;
    }
    if (deadline <= WEFT_NOW) {
        wefti_visit_end(&visit);
        return WEFT_TIMED_OUT;
    }
    wefti_waiter waiter;
    wefti_wait wait;
    wefti_visit_waiter(&visit, &waiter, &wait, "reserve");
    waiter.slot = NULL;
    waiter.condition = &wefti_reserved;
    wefti_waiter_enlist(&channel->senders, &waiter);
    status = wefti_visit_wait(&visit, &channel->senders, &waiter, deadline);
    if (status == WEFT_OK) *place = waiter.slot;
    return status;
}

bool wefti_channel_settle(weft_channel *channel) {
    wefti_waiter *receiver = NULL, *sender = NULL;
    wefti_wait *vain = NULL;
    const wefti_condition *condition = NULL;
    wefti_channel_lock(channel);
    if (wefti_store_empty(channel)) {
        if (wefti_channel_closed(channel) && wefti_nothing_can_come(channel))
            vain = wefti_waiters_claim_all(channel, &channel->receivers, WEFT_CLOSED, WEFTI_MESSAGES | WEFTI_RESULTS);
    } else if (wefti_first(&channel->receivers) != NULL) {
        receiver = wefti_waiters_claim(channel, &channel->receivers, WEFT_OK, NULL);
        if (receiver != NULL) wefti_take_front_locked(channel, receiver->slot, &condition);
        if (receiver != NULL) receiver->condition = condition;
    }
    if (receiver == NULL && wefti_first(&channel->senders) != NULL && !wefti_store_full(channel)) {
        bool room = channel->kind != WEFTI_BACKLOG || wefti_backlog_has_room(channel);
        sender = room ? wefti_waiters_claim(channel, &channel->senders, WEFT_OK, NULL) : NULL;
        if (sender != NULL) wefti_sender_store(channel, sender);
    }
    wefti_wait *wait = receiver != NULL ? receiver->wait : NULL;
    wefti_level_note(channel);
    wefti_channel_unlock(channel);
    if (wait != NULL) wefti_unpark_with(wait, (int)wefti_received(wait->strand, condition));
    if (sender != NULL) wefti_sender_served(sender, WEFT_OK);
    wefti_waits_unpark(vain);
    return wait != NULL || sender != NULL;
}

static weft_status settle(weft_channel *channel, void *place, const wefti_condition *becomes) {
    if (channel == NULL || place == NULL) return WEFT_INVALID;
    wefti_element *element = WEFTI_CONTAINER(place, wefti_element, value);
    wefti_channel_lock(channel);
    front_lock(channel);
    bool reserved = (wefti_odd(channel) & WEFTI_GAPS) != 0 && element->condition == &wefti_reserved;
    if (reserved) element->condition = becomes;
    if (reserved) channel->rare->reserved--;
    if (reserved && becomes == NULL) count_gap(channel, -1);
    front_unlock(channel);
    wefti_channel_unlock(channel);
    while (reserved && wefti_channel_settle(channel)) {
    }
    return reserved ? WEFT_OK : WEFT_INVALID;
}

weft_status weft_commit(weft_channel *channel, void *place) { return settle(channel, place, NULL); }

weft_status weft_abandon(weft_channel *channel, void *place) { return settle(channel, place, &wefti_abandoned); }
