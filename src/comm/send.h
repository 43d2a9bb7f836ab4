/* SPDX-License-Identifier: MIT */
/* send.h - sending, as far as delivering and alternating use it too. */
#ifndef WEFTI_SEND_H
#define WEFTI_SEND_H

#include "comm/store.h"

/* What is sent: a user's message, or the outcome of a task, which arrives whatever happens. */
typedef struct wefti_message {
    const void *value;
    const wefti_condition *condition;
    const wefti_wait *mine; /* of the alternation that sends; NULL: none */
    bool outcome;
} wefti_message;

/* Sends an element of the channel's size: all of weft_send but the checks. self: not NULL. */
weft_status wefti_send(weft_channel *channel, wefti_strand *self, const void *element, weft_deadline deadline);

/* Spin lock held; given up on every status but WEFT_BUSY, which says that the sender would have to wait. */
weft_status wefti_send_now(wefti_visit *visit, const wefti_message *message);
/* Spin lock held, and given up: waits for a receiver, or a place. */
weft_status wefti_send_wait(wefti_visit *visit, const wefti_message *message, weft_deadline deadline);
/* Spin lock held, and given up: both. */
weft_status wefti_send_begun(wefti_visit *visit, const wefti_message *message, weft_deadline deadline);

/* A sender whose value has been taken: it goes on; or, an outcome that waited without a task, it is freed. No lock. */
void wefti_sender_served(wefti_waiter *sender, weft_status status);
/* An outcome that found the channel full and has no task to wait with stands among the senders alone. */
typedef struct wefti_orphan {
    wefti_waiter waiter;
    wefti_wait wait; /* without a strand */
    WEFTI_ALIGNED(16) unsigned char value[];
} wefti_orphan;

#endif
