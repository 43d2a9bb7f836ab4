/* SPDX-License-Identifier: MIT */
/* batch.c - several elements in one operation: as many as can be under one hold of the lock. */
#include "comm/receive.h"
#include "comm/send.h"

/* Spin lock held, and nothing unusual: stores elements while there is a place. Returns how many. */
static size_t store_some(wefti_visit *visit, const unsigned char *elements, size_t count) {
    weft_channel *channel = visit->channel;
    size_t stored = 0;
    if (channel->kind >= WEFTI_POLICY || wefti_first(&channel->receivers) != NULL || wefti_channel_closed(channel))
        return 0;
    while (stored < count && !wefti_store_full(channel)) {
        if (channel->kind == WEFTI_BACKLOG && !wefti_backlog_has_room(channel)) break;
        wefti_store_put(channel, elements + stored * channel->size, NULL);
        stored++;
    }
    return stored;
}

weft_status weft_send_many_sized(weft_channel *channel, const void *elements, size_t count, size_t size,
                                 weft_deadline deadline, size_t *sent) {
    size_t unwanted;
    if (sent == NULL) sent = &unwanted;
    *sent = 0;
    if (channel == NULL || (elements == NULL && size != 0 && count != 0)) return WEFT_INVALID;
    if (size != channel->size) return WEFT_WRONG_SIZE;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    const unsigned char *at = elements;
    while (*sent < count) {
        wefti_visit visit;
        weft_status status = wefti_visit_with_room(&visit, channel, self, deadline);
        if (status != WEFT_OK) return status;
        *sent += store_some(&visit, at + *sent * size, count - *sent);
        wefti_visit_end(&visit);
        if (*sent == count) break;
        /* Where a receiver waits, or there is no place: one by one. */
        status = weft_send_sized(channel, at + *sent * size, size, deadline);
        if (status != WEFT_OK) return status;
        ++*sent;
    }
    return WEFT_OK;
}

/* Spin lock held: takes values that are there, up to the first condition, as long as no sender waits for the place. */
static size_t take_some(wefti_visit *visit, unsigned char *elements, size_t count) {
    weft_channel *channel = visit->channel;
    const wefti_condition *condition;
    size_t taken = 0;
    if (channel->kind != WEFTI_RING || (wefti_odd(channel) & WEFTI_GAPS) != 0) return 0;
    while (taken < count && wefti_stored(channel) != 0 && wefti_first(&channel->senders) == NULL &&
           wefti_ring_place(channel, channel->at)->condition == NULL) {
        wefti_store_take(channel, elements != NULL ? elements + taken * channel->size : NULL, &condition);
        taken++;
    }
    return taken;
}

/* Spin lock held: takes a value from the front of a backlog without limit; false: there is none. */
static bool take_from_backlog(weft_channel *channel, void *element) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    const wefti_condition *condition;
    wefti_block *used = NULL;
    wefti_spin_lock(&backlog->front_lock);
    bool takes = wefti_stored(channel) != 0 && wefti_backlog_front(channel)->condition == NULL;
    if (takes && !wefti_backlog_take_front(channel, element, &condition, &used)) wefti_backlog_take(channel, element);
    wefti_spin_unlock(&backlog->front_lock);
    if (used != NULL) wefti_block_recycle(channel, used);
    return takes;
}

/* Spin lock held: whether what a receive would get now is a value. */
static bool next_is_value(weft_channel *channel) {
    if (channel->kind == WEFTI_POLICY) return wefti_stored(channel) != 0 && channel->rare->failures == NULL;
    if (wefti_store_empty(channel)) {
        const wefti_waiter *sender = wefti_first(&channel->senders);
        for (; sender != NULL; sender = sender->next)
            if (sender->condition != NULL) return false;
        return wefti_first(&channel->senders) != NULL;
    }
    return channel->kind != WEFTI_RING || wefti_ring_place(channel, channel->at)->condition == NULL;
}

/* One more value, if there is one. */
static bool take_one(wefti_visit *visit, void *element) {
    weft_channel *channel = visit->channel;
    if (channel->kind == WEFTI_BACKLOG && channel->capacity == 0) {
        bool took = (wefti_odd(channel) & WEFTI_GAPS) == 0 && take_from_backlog(channel, element);
        wefti_visit_end(visit);
        return took;
    }
    if (next_is_value(channel)) {
        weft_status status = wefti_receive_now(visit, element, false, NULL);
        if (status != WEFT_BUSY) return status == WEFT_OK;
    }
    wefti_visit_end(visit);
    return false;
}

weft_status weft_receive_many_sized(weft_channel *channel, void *elements, size_t count, size_t size,
                                    weft_deadline deadline, size_t *received) {
    size_t unwanted;
    if (received == NULL) received = &unwanted;
    *received = 0;
    if (channel == NULL || count == 0) return WEFT_INVALID;
    unsigned char *at = elements;
    weft_status status = weft_receive_sized(channel, at, size, deadline);
    if (status != WEFT_OK) return status;
    for (*received = 1; *received < count;) {
        unsigned char *place = at != NULL ? at + *received * size : NULL;
        wefti_visit visit;
        if (wefti_visit_begin(&visit, channel, wefti_strand_now, WEFT_NOW) != WEFT_OK) break;
        visit.room = channel->kind != WEFTI_BACKLOG || wefti_backlog_has_room(channel);
        size_t some = take_some(&visit, place, count - *received);
        if (some != 0)
            wefti_visit_end(&visit);
        else if (take_one(&visit, place))
            some = 1;
        else
            break;
        *received += some;
    }
    return WEFT_OK;
}
