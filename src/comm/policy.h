/* SPDX-License-Identifier: MIT */
/* policy.h - channels whose elements are in a buffer with an order or policy of its own. */
#ifndef WEFTI_POLICY_H
#define WEFTI_POLICY_H

#include "comm/channel.h"

/* Whether a channel for such elements may have the buffer; not changed. */
weft_status wefti_policy_check(const weft_buffer *buffer, size_t element_size);
/* The buffer becomes the channel's, which has its wefti_rare. */
void wefti_policy_adopt(weft_channel *channel, weft_buffer *buffer);
/* It becomes the caller's again: the channel could not be made. */
void wefti_policy_give_back(weft_channel *channel);
/* With all that is in it. */
void wefti_policy_free(weft_channel *channel);

/* The holder's: as wefti_buffer_remove_if. Spin lock held. */
size_t wefti_policy_remove_if(weft_channel *channel, bool (*match)(const void *element, void *argument), void *argument,
                              bool *able);

#endif
