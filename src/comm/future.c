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

enum { SELECTED_INSIDE = 16, SMALL = 32 };

/* ---- making and freeing ---- */

/* A value may need as much as the largest power of two that divides its size. */
static size_t place_of_value(size_t argument_size, size_t size) {
    size_t alignment = size % 16 != 0 ? size & -size : 16;
    return (argument_size + alignment - 1) & ~(alignment - 1);
}

static bool is_spare(size_t value_at, size_t size) { return sizeof(weft_future) + value_at + size <= WEFTI_SPARE_SIZE; }

static wefti_spares *spares_here(void) {
    const wefti_strand *self = wefti_strand_now;
    return self != NULL && self->worker != NULL ? &self->worker->spares : NULL;
}

static inline void count(wefti_spares *spares, int change) {
    if (WEFTI_LIKELY(spares != NULL))
        spares->live += change;
    else
        wefti_count_live(change);
}

static inline void *allocate(size_t value_at, size_t size) {
    wefti_spares *spares = spares_here();
    void *memory;
    if (WEFTI_UNLIKELY(!is_spare(value_at, size)))
        memory = malloc(sizeof(weft_future) + value_at + size);
    else
        memory = WEFTI_LIKELY(spares != NULL) ? wefti_spare_take(spares) : wefti_spare_take_one();
    if (WEFTI_LIKELY(memory != NULL)) count(spares, 1);
    return memory;
}

/* Field by field: memset of so many bytes is a loop in microcode. */
static inline void begin(weft_future *future, uint32_t references) {
    wefti_once_init(&future->once, references);
    wefti_atomic_init(&future->by, NULL);
    future->sink.deliver = NULL;
    future->type = NULL;
    future->target = future->awaits = NULL;
    future->handlers = NULL;
    future->condition = NULL;
    future->is_delay = future->by_forcer = future->by_record = future->unqueued = false;
}

static inline weft_future *make(size_t argument_size, size_t size, uint32_t references) {
    if (size > SIZE_MAX / 2) return wefti_fail(WEFT_NO_MEMORY);
    size_t value_at = place_of_value(argument_size, size);
    weft_future *future = allocate(value_at, size);
    if (WEFTI_UNLIKELY(future == NULL)) return wefti_fail(WEFT_NO_MEMORY);
    begin(future, references);
    future->size = size;
    future->value_at = (uint32_t)value_at;
    return future;
}

weft_future *weft_make_promise_sized(size_t size) { return make(0, size, 1); }

weft_future *weft_make_chain(weft_future *future) {
    if (future == NULL) return wefti_fail(WEFT_INVALID);
    weft_future *chain = make(0, 0, 1);
    if (chain != NULL) chain->target = weft_retain_future(wefti_future_real(future));
    return chain;
}

/* Of small futures, while their memory is not in use again. */
static inline void check_held(const weft_future *future) {
    if (WEFTI_UNLIKELY(wefti_once_is_gone(&future->once)))
        wefti_stop_misuse("future", "of a caller", "is used by who holds no reference to it; references:", 0, "");
}

weft_future *weft_retain_future(weft_future *future) {
    if (future == NULL) return NULL;
    check_held(future);
    wefti_once_retain(&future->once);
    return future;
}

void wefti_future_free(weft_future *future) {
    if (WEFTI_UNLIKELY(future->target != NULL)) weft_release_future(future->target);
    if (WEFTI_UNLIKELY(future->condition != NULL)) wefti_condition_drop(future->condition);
    if (WEFTI_UNLIKELY(future->handlers != NULL)) wefti_handlers_release(future->handlers);
    wefti_spares *spares = spares_here();
    wefti_atomic_init(&future->once.word, 0u); /* see check_held */
    count(spares, -1);
    if (WEFTI_UNLIKELY(!is_spare(future->value_at, future->size)))
        free(future);
    else if (WEFTI_LIKELY(spares != NULL))
        wefti_spare_give(spares, future);
    else
        wefti_spare_give_one(future);
}

void weft_release_future(weft_future *future) {
    if (future == NULL) return;
    check_held(future);
    if (wefti_once_release(&future->once)) wefti_future_free(future);
}

/* ---- the record ---- */

static void run_record(void *arguments, void *result) {
    (void)result;
    weft_future *future = *(weft_future **)arguments;
    if (!wefti_once_claim(&future->once)) return;
    future->by_record = true;
    wefti_future_run_record(future, wefti_strand_now);
}

/* The record has been run, or will not be: its group was cancelled, or there is no memory to run it with. */
static void deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    (void)value;
    weft_future *future = WEFTI_CONTAINER(sink, weft_future, sink);
    bool last;
    if (future->by_record || (condition != NULL && wefti_once_claim(&future->once))) {
        future->condition = condition;
        wefti_store_relaxed(&future->by, (wefti_strand *)NULL); /* relaxed: only a strand looks for itself */
        last = wefti_once_complete(&future->once, true);
    } else {
        wefti_condition_drop(condition);
        last = wefti_once_release(&future->once);
    }
    if (last) wefti_future_free(future);
}

static const weft_task_type record_type = {"future", run_record, sizeof(weft_future *), 0};

/* ---- starting ---- */

weft_status wefti_future_submit(weft_future *future, const weft_submit_options *options) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    weft_kernel *kernel = options != NULL ? options->kernel : NULL;
    if (kernel == NULL) kernel = wefti_kernel_seen_by(self);
    if (kernel == NULL) return WEFT_NO_KERNEL;
    return wefti_submit(kernel, self, options, &future->sink, &record_type, &future);
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
    wefti_handlers *handlers = self != NULL ? wefti_handlers_here(self) : NULL;
    if (WEFTI_UNLIKELY(handlers != NULL)) future->handlers = wefti_handlers_retain(handlers);
}

static inline __attribute__((always_inline)) weft_future *
start(weft_future_kind kind, const weft_submit_options *options, const weft_task_type *type, const void *arguments) {
    if (WEFTI_UNLIKELY(!check(kind, options, type, arguments))) return wefti_fail(WEFT_INVALID);
    /* one reference is the record's */
    weft_future *future = make(type->argument_size, type->result_size, kind == WEFT_DELAY ? 1 : 2);
    if (WEFTI_UNLIKELY(future == NULL)) return NULL;
    future->type = type;
    future->sink.deliver = deliver;
    future->is_delay = kind == WEFT_DELAY;
    future->by_forcer = is_plain(options);
    if (future->by_forcer && !future->is_delay) capture_handlers(future);
    if (WEFTI_LIKELY(type->argument_size <= SMALL))
        wefti_copy_small((char *)future->arguments, arguments, type->argument_size);
    else
        memcpy(future->arguments, arguments, type->argument_size);
    weft_status status = WEFT_OK;
    if (kind == WEFT_FUTURE) status = wefti_future_submit(future, options);
    if (kind == WEFT_SPECULATE) status = submit_low(future, options);
    if (WEFTI_LIKELY(status == WEFT_OK)) return future;
    wefti_future_free(future);
    return wefti_fail(status);
}

weft_future *weft_make_future(weft_future_kind kind, const weft_submit_options *options, const weft_task_type *type,
                              const void *arguments) {
    if (WEFTI_LIKELY(kind == WEFT_FUTURE && options == NULL)) return start(WEFT_FUTURE, NULL, type, arguments);
    return start(kind, options, type, arguments);
}

/* ---- fulfilling ---- */

weft_status weft_fulfil_future(weft_future *future, const void *value, size_t size) {
    if (future == NULL || (value == NULL && size != 0)) return WEFT_INVALID;
    future = wefti_future_real(future);
    if (size != future->size) return WEFT_WRONG_SIZE;
    if (!wefti_once_claim(&future->once)) return WEFT_BUSY;
    if (size != 0) memcpy(wefti_future_value(future), value, size);
    wefti_once_complete(&future->once, false);
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
    wefti_once_complete(&future->once, false);
    return WEFT_OK;
}

weft_status weft_store_future(weft_future *future, const void *value, size_t size) {
    if (future == NULL || (value == NULL && size != 0)) return WEFT_INVALID;
    future = wefti_future_real(future);
    if (size != future->size) return WEFT_WRONG_SIZE;
    if (!wefti_once_is_done(&future->once) || future->condition == NULL) return WEFT_BUSY;
    if (!wefti_once_replace(&future->once)) return WEFT_BUSY;
    if (size != 0) memcpy(wefti_future_value(future), value, size);
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
