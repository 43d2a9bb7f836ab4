/* SPDX-License-Identifier: MIT */
/* policy.c - channels whose elements are in a buffer with an order or policy of its own.
 *
 * The buffer may call the user's code: so every use of it is made by the holder of the channel's own lock, with the
 * spin lock given up. A buffer holds values only; an outcome that is a condition waits in a list beside it, and comes
 * first.
 */
#include "comm/policy.h"

#include <stdlib.h>

#include "buffer/buffer.h"
#include "comm/store.h"

typedef struct wefti_failure {
    struct wefti_failure *next;
    const wefti_condition *condition;
} wefti_failure;

/* ---- life ---- */

weft_status wefti_policy_check(const weft_buffer *buffer, size_t element_size) {
    if (buffer->element_size != element_size) return WEFT_WRONG_SIZE;
    return buffer->owned || wefti_buffer_count(buffer) != 0 ? WEFT_BUSY : WEFT_OK;
}

void wefti_policy_adopt(weft_channel *channel, weft_buffer *buffer) {
    wefti_rare *rare = channel->rare;
    buffer->owned = true;
    if (rare->destroy != NULL)
        buffer->destroy = rare->destroy;
    else
        rare->destroy = buffer->destroy;
    rare->buffer = buffer;
    rare->full = wefti_buffer_full(buffer);
    rare->last_failure = &rare->failures;
    size_t capacity = wefti_buffer_capacity(buffer);
    channel->capacity = capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX;
    wefti_odd_set(channel, WEFTI_CALLS, true);
}

void wefti_policy_give_back(weft_channel *channel) {
    if (channel->rare == NULL || channel->rare->buffer == NULL) return;
    weft_buffer *buffer = channel->rare->buffer;
    void (*destroy)(void *) = buffer->destroy;
    buffer->destroy = NULL; /* what was put is still the caller's */
    while (wefti_buffer_count(buffer) > 0 && wefti_buffer_take(buffer, NULL) == WEFT_OK) {
    }
    buffer->destroy = destroy;
    buffer->owned = false;
    channel->rare->buffer = NULL;
}

void wefti_policy_free(weft_channel *channel) {
    wefti_rare *rare = channel->rare;
    if (rare == NULL) return;
    for (wefti_failure *failure = rare->failures, *next; failure != NULL; failure = next) {
        next = failure->next;
        wefti_condition_drop(failure->condition);
        free(failure);
    }
    if (rare->buffer != NULL) wefti_buffer_free(rare->buffer);
}

/* ---- use; the holder's, with the spin lock held, and given up meanwhile ---- */

static void leave(weft_channel *channel) { wefti_channel_unlock(channel); }

/* Back, with what there is now. */
static void note(weft_channel *channel, size_t count, bool full, int failures) {
    wefti_channel_lock(channel);
    wefti_rare *rare = channel->rare;
    rare->failure_count = (uint32_t)((int)rare->failure_count + failures);
    rare->full = full;
    /* relaxed: the lock orders it */
    wefti_store_relaxed(&channel->count, (uint32_t)count + rare->failure_count);
}

static weft_status put_failure(weft_channel *channel, const wefti_condition *condition) {
    wefti_rare *rare = channel->rare;
    leave(channel);
    wefti_failure *failure = malloc(sizeof *failure);
    if (failure != NULL) {
        *failure = (wefti_failure){NULL, condition};
        *rare->last_failure = failure;
        rare->last_failure = &failure->next;
    }
    if (failure == NULL) wefti_condition_drop(condition);
    note(channel, wefti_buffer_count(rare->buffer), rare->full, failure != NULL);
    if (failure == NULL) wefti_lost_set(channel, wefti_load_relaxed(&channel->lost) + 1);
    return WEFT_OK;
}

weft_status wefti_policy_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    if (condition != NULL) return put_failure(channel, condition);
    weft_buffer *buffer = channel->rare->buffer;
    leave(channel);
    weft_status status = wefti_buffer_put(buffer, value);
    note(channel, wefti_buffer_count(buffer), wefti_buffer_full(buffer), 0);
    return status;
}

static void take_failure(weft_channel *channel, const wefti_condition **condition) {
    wefti_rare *rare = channel->rare;
    leave(channel);
    wefti_failure *failure = rare->failures;
    *condition = failure->condition;
    rare->failures = failure->next;
    if (rare->failures == NULL) rare->last_failure = &rare->failures;
    free(failure);
    note(channel, wefti_buffer_count(rare->buffer), rare->full, -1);
}

weft_status wefti_policy_take(weft_channel *channel, void *value, const wefti_condition **condition) {
    weft_buffer *buffer = channel->rare->buffer;
    if (channel->rare->failures != NULL) {
        take_failure(channel, condition);
        return WEFT_OK;
    }
    leave(channel);
    weft_status status = wefti_buffer_take(buffer, value);
    note(channel, wefti_buffer_count(buffer), wefti_buffer_full(buffer), 0);
    return status;
}

weft_status wefti_policy_peek(weft_channel *channel, void *value) {
    wefti_rare *rare = channel->rare;
    if (rare->failures != NULL) return rare->failures->condition->status;
    leave(channel);
    const void *front = wefti_buffer_front(rare->buffer);
    if (front != NULL) wefti_copy(value, front, channel->size);
    wefti_channel_lock(channel);
    return front != NULL ? WEFT_OK : WEFT_INVALID;
}

size_t wefti_policy_remove_if(weft_channel *channel, bool (*match)(const void *element, void *argument), void *argument,
                              bool *able) {
    weft_buffer *buffer = channel->rare->buffer;
    leave(channel);
    size_t removed = wefti_buffer_remove_if(buffer, match, argument, able);
    note(channel, wefti_buffer_count(buffer), wefti_buffer_full(buffer), 0);
    return removed;
}
