/* SPDX-License-Identifier: MIT */
/* deliver.h - whether results can still come. */
#ifndef WEFTI_DELIVER_H
#define WEFTI_DELIVER_H

#include "comm/store.h"
#include "sched/kernel.h"

/* Lock held: no task is outstanding, nothing is in the channel, and no message will come. */
static inline bool wefti_nothing_can_come(weft_channel *channel) {
    return wefti_stored(channel) == 0 && wefti_load_relaxed(&channel->lost) == 0 &&
           wefti_first(&channel->senders) == NULL && wefti_submitted(channel) == channel->delivered;
}

static inline bool wefti_kernel_has_ended(const weft_channel *channel) {
    /* acquire: partner is the release in become_quiet */
    return channel->kernel != NULL && wefti_load_acquire(&channel->kernel->state) == WEFTI_KERNEL_ENDED;
}

#endif
