/* SPDX-License-Identifier: MIT */
/* future.c - promises, futures, speculations, delays and chains: making, fulfilling, choosing. See comm/future.h. */
#include "comm/future.h"

#include <stdlib.h>
#include <string.h>

#include <weft/alternation.h>

#include "base/live.h"
#include "condition/condition.h"
#include "sched/handlers.h"
#include "sched/submit.h"

enum { SELECTED_INSIDE = 16 };

/* ---- making and freeing ---- */

static weft_future *make(size_t argument_size, size_t size) {
    size_t before = (argument_size + 15) & ~(size_t)15;
    if (size > SIZE_MAX - sizeof(weft_future) - before) return wefti_fail(WEFT_NO_MEMORY);
    weft_future *future = malloc(sizeof *future + before + size);
    if (future == NULL) return wefti_fail(WEFT_NO_MEMORY);
    memset(future, 0, sizeof *future);
    wefti_once_init(&future->once);
    future->size = size;
    future->value = future->arguments + before;
    wefti_count_live(1);
    return future;
}

weft_future *weft_make_promise_sized(size_t size) { return make(0, size); }

weft_future *weft_make_chain(weft_future *future) {
    if (future == NULL) return wefti_fail(WEFT_INVALID);
    weft_future *chain = make(0, 0);
    if (chain != NULL) chain->target = weft_retain_future(wefti_future_real(future));
    return chain;
}

weft_future *weft_retain_future(weft_future *future) {
    if (future != NULL) wefti_once_retain(&future->once);
    return future;
}

void weft_release_future(weft_future *future) {
    if (future == NULL || !wefti_once_release(&future->once)) return;
    weft_release_future(future->target);
    wefti_condition_drop(future->condition);
    wefti_handlers_release(future->handlers);
    free(future);
    wefti_count_live(-1);
}

/* ---- the record ---- */

static void run_record(void *arguments, void *result) {
    (void)result;
    weft_future *future = *(weft_future **)arguments;
    if (wefti_once_claim(&future->once)) wefti_future_run(future, wefti_strand_now);
}

/* The record has been run, or will not be: its group was cancelled, or there is no memory to run it with. */
static void deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    (void)value;
    weft_future *future = WEFTI_CONTAINER(sink, weft_future, sink);
    if (condition != NULL && wefti_once_claim(&future->once)) {
        future->condition = condition;
        wefti_once_complete(&future->once);
    } else {
        wefti_condition_drop(condition);
    }
    weft_release_future(future);
}

static const weft_task_type record_type = {"future", run_record, sizeof(weft_future *), 0};

/* ---- starting ---- */

weft_status wefti_future_submit(weft_future *future, const weft_submit_options *options) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    weft_kernel *kernel = options != NULL ? options->kernel : NULL;
    if (kernel == NULL) kernel = wefti_kernel_seen_by(self);
    if (kernel == NULL) return WEFT_NO_KERNEL;
    weft_retain_future(future); /* the record's */
    weft_status status = wefti_submit(kernel, self, options, &future->sink, &record_type, &future);
    if (status != WEFT_OK) weft_release_future(future);
    return status;
}

static weft_status submit_low(weft_future *future, const weft_submit_options *options) {
    weft_status status = WEFT_OK;
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) { status = wefti_future_submit(future, options); }
    return status;
}

static bool check(weft_future_kind kind, const weft_submit_options *options, const weft_task_type *type,
                  const void *arguments) {
    if (kind != WEFT_FUTURE && kind != WEFT_SPECULATE && kind != WEFT_DELAY) return false;
    if (kind == WEFT_DELAY && options != NULL) return false;
    if (type == NULL || type->invoke == NULL || type->argument_size > 64 * 1024) return false;
    return arguments != NULL || type->argument_size == 0;
}

static bool is_plain(const weft_submit_options *options) {
    return options == NULL || (options->group == NULL && wefti_is_plain(options));
}

/* For who runs it in its record's place. */
static void capture_handlers(weft_future *future) {
    wefti_strand *self = wefti_strand_self();
    if (self != NULL) future->handlers = wefti_handlers_retain(wefti_handlers_here(self));
}

weft_future *weft_make_future(weft_future_kind kind, const weft_submit_options *options, const weft_task_type *type,
                              const void *arguments) {
    if (!check(kind, options, type, arguments)) return wefti_fail(WEFT_INVALID);
    weft_future *future = make(type->argument_size, type->result_size);
    if (future == NULL) return NULL;
    future->type = type;
    future->sink.deliver = deliver;
    future->is_delay = kind == WEFT_DELAY;
    future->by_forcer = is_plain(options);
    if (future->by_forcer && !future->is_delay) capture_handlers(future);
    if (type->argument_size != 0) memcpy(future->arguments, arguments, type->argument_size);
    weft_status status = WEFT_OK;
    if (kind == WEFT_FUTURE) status = wefti_future_submit(future, options);
    if (kind == WEFT_SPECULATE) status = submit_low(future, options);
    if (status == WEFT_OK) return future;
    weft_release_future(future);
    return wefti_fail(status);
}

/* ---- fulfilling ---- */

weft_status weft_fulfil_future(weft_future *future, const void *value, size_t size) {
    if (future == NULL || (value == NULL && size != 0)) return WEFT_INVALID;
    future = wefti_future_real(future);
    if (size != future->size) return WEFT_WRONG_SIZE;
    if (!wefti_once_claim(&future->once)) return WEFT_BUSY;
    if (size != 0) memcpy(future->value, value, size);
    wefti_once_complete(&future->once);
    return WEFT_OK;
}

weft_status weft_fail_future(weft_future *future, const char *message) {
    if (future == NULL) return WEFT_INVALID;
    future = wefti_future_real(future);
    if (!wefti_once_claim(&future->once)) return WEFT_BUSY;
    weft_condition condition;
    weft_origin origin = {"weft_fail_future", "", 0, &weft_type_error, NULL, 0, NULL};
    wefti_condition_make(&condition, &origin, message != NULL ? message : "");
    future->condition = &weft_retain_condition(&condition)->base;
    wefti_once_complete(&future->once);
    return WEFT_OK;
}

weft_status weft_store_future(weft_future *future, const void *value, size_t size) {
    if (future == NULL || (value == NULL && size != 0)) return WEFT_INVALID;
    future = wefti_future_real(future);
    if (size != future->size) return WEFT_WRONG_SIZE;
    if (!wefti_once_is_done(&future->once) || future->condition == NULL) return WEFT_BUSY;
    if (!wefti_once_replace(&future->once)) return WEFT_BUSY;
    if (size != 0) memcpy(future->value, value, size);
    wefti_once_replaced(&future->once);
    return WEFT_OK;
}

bool weft_fulfilled(const weft_future *future) {
    return future != NULL && wefti_once_is_done(&wefti_future_real(future)->once);
}

const char *weft_future_message(const weft_future *future) {
    if (future == NULL) return NULL;
    future = wefti_future_real(future);
    bool failed = wefti_once_state(&future->once) == WEFTI_ONCE_DONE && future->condition != NULL;
    return failed ? future->condition->message : NULL;
}

bool wefti_future_enlist(weft_future *future, wefti_waiter *waiter) {
    return wefti_once_enlist(&wefti_future_real(future)->once, waiter);
}

void wefti_future_delist(weft_future *future, wefti_waiter *waiter) {
    wefti_once_delist(&wefti_future_real(future)->once, waiter);
}

/* ---- the first of several ---- */

size_t weft_select_future(weft_future *const *futures, size_t count, weft_deadline deadline) {
    weft_operation inside[SELECTED_INSIDE], *operations = inside;
    if (futures == NULL && count != 0) count = 0;
    if (count > SELECTED_INSIDE && (operations = malloc(count * sizeof *operations)) == NULL) {
        wefti_fail(WEFT_NO_MEMORY);
        return count;
    }
    for (size_t i = 0; i < count; i++)
        operations[i] = (weft_operation){.kind = WEFT_OPERATION_FUTURE, .on = {.future = futures[i]}};
    const weft_operation *done = weft_alternate(operations, count, WEFT_FIRST_LISTED, deadline);
    size_t index = done != NULL ? (size_t)(done - operations) : count;
    if (operations != inside) free(operations);
    return index;
}
