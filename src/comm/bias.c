/* SPDX-License-Identifier: MIT */
/* bias.c - taking the bias of a channel's lock away; see bias.h. */
#include "comm/bias.h"

void wefti_bias_revoke(weft_channel *channel, uintptr_t bias) {
    if (wefti_has_ends(channel)) {
        wefti_ends_lock(channel);
        return;
    }
    const wefti_strand *self = wefti_strand_now;
    uintptr_t me = self != NULL ? (uintptr_t)self->worker : 0;
    wefti_worker *owner = (wefti_worker *)(bias & ~(uintptr_t)(WEFTI_APART - 1)); /* NOLINT: see bias.h */
    /* A task's longer operation: nobody else can be inside. */
    if (me != 0 && ((uintptr_t)owner == me || bias == 0)) return;
    wefti_store_relaxed(&channel->bias, WEFTI_NEVER_BIASED); /* relaxed: the barrier orders it */
    if (bias == 0 || bias != (uintptr_t)owner) return;       /* nobody enters without the lock yet */
    wefti_heavy_barrier();                                   /* partner: the light barrier in wefti_bias_enter */
    while (wefti_load_acquire(&owner->inside) == channel) wefti_pause(); /* partner: wefti_bias_leave */
}
