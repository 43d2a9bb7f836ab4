/* SPDX-License-Identifier: MIT */
/* close.c - the end of a channel's use: close, drain, and taking elements out by their content. */
#include <stdlib.h>
#include <string.h>

#include "comm/deliver.h"
#include "comm/policy.h"
#include "comm/receive.h"
#include "comm/send.h"

static weft_status close_channel(weft_channel *channel, char *reason) {
    wefti_channel_lock(channel);
    if (reason != NULL && !wefti_channel_closed(channel) && channel->rare->reason == NULL) {
        channel->rare->reason = reason;
        reason = NULL;
    }
    wefti_store_release(&channel->closed, true); /* release: with the reason; partner: weft_close_reason */
    wefti_odd_set(channel, WEFTI_SHUT, true);
    /* Outcomes that wait to be delivered stay. */
    wefti_wait *senders = wefti_waiters_claim_all(channel, &channel->senders, WEFT_CLOSED, WEFTI_MESSAGES);
    unsigned in_vain = wefti_nothing_can_come(channel) ? WEFTI_MESSAGES | WEFTI_RESULTS : WEFTI_MESSAGES;
    wefti_wait *receivers = wefti_waiters_claim_all(channel, &channel->receivers, WEFT_CLOSED, in_vain);
    wefti_level_note(channel);
    wefti_channel_unlock(channel);
    wefti_waits_unpark(receivers);
    wefti_waits_unpark(senders);
    free(reason); /* another close was first */
    return WEFT_OK;
}

weft_status weft_close(weft_channel *channel) { return channel != NULL ? close_channel(channel, NULL) : WEFT_INVALID; }

weft_status weft_close_with(weft_channel *channel, const char *reason) {
    if (channel == NULL) return WEFT_INVALID;
    if (reason == NULL) return close_channel(channel, NULL);
    char *copy = strdup(reason);
    if (copy == NULL || wefti_channel_rare(channel) == NULL) {
        free(copy);
        return WEFT_NO_MEMORY;
    }
    return close_channel(channel, copy);
}

bool weft_is_closed(weft_channel *channel) { return channel == NULL || wefti_load_acquire(&channel->closed); }

const char *weft_close_reason(weft_channel *channel) {
    /* acquire: partner is close_channel */
    if (channel == NULL || !wefti_load_acquire(&channel->closed) || channel->rare == NULL) return NULL;
    return channel->rare->reason;
}

size_t weft_drain(weft_channel *channel) {
    if (channel == NULL || channel->kind > WEFTI_POLICY) return 0;
    wefti_destroyer destroy = wefti_channel_destroyer(channel);
    WEFTI_ALIGNED(16) unsigned char small[256];
    void *element = channel->size <= sizeof small ? small : malloc(channel->size);
    size_t drained = 0;
    for (;;) {
        weft_status status = weft_receive_sized(channel, element, channel->size, WEFT_NOW);
        if (status != WEFT_OK && status != WEFT_FAILED && status != WEFT_CANCELLED) break;
        if (status == WEFT_OK && destroy != NULL && element != NULL) destroy(element);
        drained++;
    }
    if (element != small) free(element);
    return drained;
}

/* ---- taking out by content ---- */

/* Spin lock held, with memory for one more, not empty; given up. Brings the front to the end, or to *room. */
static void move_front(weft_channel *channel, void *room, bool out) {
    const wefti_condition *condition;
    wefti_take_front_locked(channel, room, &condition);
    if (!out) wefti_store_put(channel, room, condition);
    wefti_level_note(channel);
    wefti_channel_unlock(channel);
}

/* Spin lock held, and given up: what is in front; it stays there, since the caller holds the channel's own lock. */
static const wefti_element *look_at_front(weft_channel *channel) {
    const wefti_element *front =
        channel->kind == WEFTI_BACKLOG ? wefti_backlog_front(channel) : wefti_ring_place(channel, channel->at);
    wefti_channel_unlock(channel);
    return front;
}

/* Sees to a block beside those in use: so going round needs no memory that it may not get, since each block that fills
 * at the end follows one that was emptied in front. The channel's own lock is held by the caller. */
static bool has_spare(weft_channel *channel) {
    if (channel->kind != WEFTI_BACKLOG || wefti_stored(channel) == 0) return true;
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_block *block = wefti_block_make(channel, false);
    wefti_channel_lock(channel);
    if (backlog->spare == NULL) {
        backlog->spare = block;
        block = NULL;
    }
    bool there = backlog->spare != NULL;
    wefti_channel_unlock(channel);
    free(block);
    return there;
}

/* Goes once round a store that is first in, first out. The channel's own lock is held by the caller. */
static size_t go_round(weft_channel *channel, wefti_strand *self, void *room,
                       bool (*match)(const void *element, void *argument), void *argument) {
    wefti_destroyer destroy = wefti_channel_destroyer(channel);
    size_t removed = 0;
    for (uint32_t left = wefti_stored(channel); left > 0; left--) {
        wefti_channel_lock(channel);
        const wefti_element *front = look_at_front(channel);
        bool out = front->condition == NULL && match(front->value, argument);
        wefti_visit visit;
        if (wefti_visit_with_room(&visit, channel, self, WEFT_FOREVER) != WEFT_OK) break;
        if (!visit.room &&
            !out) { /* only if a timeout's result has used the spare block: the rest stays, in another order */
            wefti_visit_end(&visit);
            break;
        }
        move_front(channel, room, out);
        if (out && destroy != NULL) destroy(room);
        removed += out;
    }
    return removed;
}

static size_t remove_locked(weft_channel *channel, void *room, bool (*match)(const void *element, void *argument),
                            void *argument, bool *able) {
    *able = true;
    if (channel->kind != WEFTI_POLICY) return go_round(channel, wefti_strand_now, room, match, argument);
    wefti_channel_lock(channel);
    size_t removed = wefti_policy_remove_if(channel, match, argument, able);
    wefti_channel_unlock(channel);
    return removed;
}

weft_status weft_remove_if(weft_channel *channel, bool (*match)(const void *element, void *argument), void *argument,
                           size_t *removed) {
    size_t unwanted;
    if (removed == NULL) removed = &unwanted;
    *removed = 0;
    if (channel == NULL || match == NULL || channel->kind > WEFTI_POLICY) return WEFT_INVALID;
    if ((wefti_odd(channel) & (WEFTI_GAPS | WEFTI_LOCAL)) != 0) return WEFT_INVALID;
    unsigned char *room = malloc(channel->size + 1);
    weft_status status = room != NULL ? weft_lock_channel(channel, WEFT_FOREVER) : WEFT_NO_MEMORY;
    if (status == WEFT_OK && !has_spare(channel)) {
        weft_unlock_channel(channel);
        status = WEFT_NO_MEMORY;
    }
    if (status == WEFT_OK) {
        bool able;
        *removed = remove_locked(channel, room, match, argument, &able);
        while (wefti_channel_settle(channel)) {
        }
        weft_unlock_channel(channel);
        if (!able) status = WEFT_INVALID;
    }
    free(room);
    return status;
}
