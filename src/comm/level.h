/* SPDX-License-Identifier: MIT */
/* level.h - a channel as a descriptor: readable while something can be received.
 *
 * The flag follows the channel under its spin lock: after each operation it is compared with what is true now, and
 * changed by one call of the system where it differs. The one exception to the rule that no system call is made under
 * that lock; channels without a descriptor never come here.
 */
#ifndef WEFTI_LEVEL_H
#define WEFTI_LEVEL_H

#include "comm/channel.h"

typedef struct wefti_level {
    int flag;
    bool set; /* under the channel's lock */
} wefti_level;

/* Spin lock held. */
void wefti_level_follow(weft_channel *channel);
static inline void wefti_level_note(weft_channel *channel) {
    if (WEFTI_UNLIKELY((wefti_odd(channel) & WEFTI_SHOWN) != 0)) wefti_level_follow(channel);
}
void wefti_level_free(weft_channel *channel);

#endif
