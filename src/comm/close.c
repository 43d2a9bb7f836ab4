/* SPDX-License-Identifier: MIT */
/* close.c - the end of a channel's use: close, drain, and taking elements out by their content. */
#include <stdlib.h>
#include <string.h>

#include "comm/deliver.h"
#include "comm/receive.h"

static weft_status close_channel(weft_channel *channel, char *reason) {
    wefti_spin_lock(&channel->lock);
    if (reason != NULL && !wefti_channel_closed(channel) && channel->rare->reason == NULL) {
        channel->rare->reason = reason;
        reason = NULL;
    }
    wefti_store_release(&channel->closed, true); /* release: with the reason; partner: weft_close_reason */
    /* Outcomes that wait to be delivered stay. */
    wefti_wait *senders = wefti_waiters_claim_all(channel, &channel->senders, WEFT_CLOSED, WEFTI_MESSAGES);
    unsigned in_vain = wefti_nothing_can_come(channel) ? WEFTI_MESSAGES | WEFTI_RESULTS : WEFTI_MESSAGES;
    wefti_wait *receivers = wefti_waiters_claim_all(channel, &channel->receivers, WEFT_CLOSED, in_vain);
    wefti_spin_unlock(&channel->lock);
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
    void *element = channel->element_size <= sizeof small ? small : malloc(channel->element_size);
    size_t drained = 0;
    for (;;) {
        weft_status status = weft_receive_sized(channel, element, channel->element_size, WEFT_NOW);
        if (status != WEFT_OK && status != WEFT_FAILED && status != WEFT_CANCELLED) break;
        if (status == WEFT_OK && destroy != NULL && element != NULL) destroy(element);
        drained++;
    }
    if (element != small) free(element);
    return drained;
}
