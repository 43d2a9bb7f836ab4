/* SPDX-License-Identifier: MIT */
/* receive.h - receiving, as far as alternating uses it too. */
#ifndef WEFTI_RECEIVE_H
#define WEFTI_RECEIVE_H

#include "comm/store.h"

/* Spin lock held; given up on every status but WEFT_BUSY, which says that the receiver would have to wait.
 * mine: as in wefti_message. */
weft_status wefti_receive_now(wefti_visit *visit, void *element, bool result, const wefti_wait *mine);

/* Receives into the caller's variable, which fits, or NULL: all of weft_receive but the checks. self: not NULL. */
weft_status wefti_receive(weft_channel *channel, wefti_strand *self, void *element, weft_deadline deadline);
/* The same for a result. */
weft_status wefti_receive_result(weft_channel *channel, wefti_strand *self, void *element, weft_deadline deadline);

/* Whether it is worth a try: there is a sender, an element, or the end, as far as one can see without a lock. */
static inline bool wefti_receive_promising(weft_channel *channel) {
    if (channel->kind == WEFTI_RING && wefti_ring_seen(channel) != 0) return true;
    if (wefti_first_seen(&channel->senders) != NULL || wefti_channel_closed(channel)) return true;
    if (channel->kind == WEFTI_RING) return wefti_load_relaxed(&channel->lost) != 0;
    return channel->kind != WEFTI_BACKLOG || wefti_stored(channel) != 0 || wefti_load_relaxed(&channel->lost) != 0;
}

#endif
