/* SPDX-License-Identifier: MIT */
/* outcome.c - conditions as they are received: the last one of each strand, and raising it there. */
#include "condition/condition.h"

#include <weft/kernel.h>

#include "base/live.h"

/* Those that a strand keeps are not the user's to free. */
static void count(const wefti_condition *condition, int change) {
    if (condition != NULL && condition->release != NULL) wefti_count_live(change);
}

weft_status wefti_condition_receive(wefti_strand *receiver, const wefti_condition *condition) {
    const wefti_condition *former = receiver->condition;
    receiver->condition = condition;
    count(condition, -1);
    count(former, 1);
    wefti_condition_drop(former);
    return condition->status;
}

const wefti_condition *wefti_condition_retain(const wefti_condition *condition) {
    return &weft_retain_condition(wefti_condition_public(condition))->base;
}

void wefti_condition_forget(wefti_strand *receiver) {
    if (receiver->condition == NULL) return;
    count(receiver->condition, 1);
    wefti_condition_drop(receiver->condition);
    receiver->condition = NULL;
}

const weft_condition *weft_last_condition(void) {
    wefti_strand *self = wefti_strand_now;
    return self != NULL && self->condition != NULL ? wefti_condition_public(self->condition) : NULL;
}

static bool is_outcome(weft_status status) { return status == WEFT_FAILED || status == WEFT_CANCELLED; }

weft_status weft_outcome(weft_status status, const weft_condition **condition) {
    if (condition != NULL) *condition = is_outcome(status) ? weft_retain_condition(weft_last_condition()) : NULL;
    return status;
}

static void release(void *condition) { weft_release_condition(condition); }

/* The same as what was received, but signalled here, with what was received as its cause. */
WEFTI_NORETURN static void raise_again(const char *file, const char *function, int line, const weft_condition *cause) {
    size_t size;
    const void *payload = weft_condition_payload(cause, &size);
    weft_origin origin = {file, function, line, weft_condition_type_of(cause), payload, size, cause};
    weft_condition condition;
    WEFT_DEFER(release, (void *)(uintptr_t)weft_retain_condition(cause));
    wefti_condition_make(&condition, &origin, weft_condition_message(cause));
    weft_error_again(&condition);
}

weft_status weft_must_at(const char *file, const char *function, int line, weft_status status) {
    if (status == WEFT_OK) return status;
    const weft_condition *cause = is_outcome(status) ? weft_last_condition() : NULL;
    if (cause != NULL) raise_again(file, function, line, cause);
    weft_origin origin = {file, function, line, weft_type_of_status(status), NULL, 0, NULL};
    weft_condition condition;
    wefti_condition_make(&condition, &origin, weft_status_message(status));
    weft_error_again(&condition);
}
