/* SPDX-License-Identifier: MIT */
/* future.c - promises, futures, speculations, delays and chains. The protocol is in future.h. */
#include "comm/future.h"

#include <stdlib.h>
#include <string.h>

#include <weft/alternation.h>

#include "base/live.h"
#include "condition/condition.h"
#include "dynamic/frame.h"
#include "lockfree/spinlock.h"
#include "sched/attach.h"
#include "sched/submit.h"

enum { PENDING = 0, TAKEN = 1, DONE = 2, SELECTED_INSIDE = 16 };

struct weft_future {
    WEFTI_ATOMIC(uint32_t) state;
    WEFTI_ATOMIC(uint32_t) references;
    WEFTI_ATOMIC(wefti_strand *) by; /* who runs the task, to notice one that forces itself; else NULL */
    wefti_spinlock lock;
    wefti_waiters waiters;            /* under lock */
    wefti_sink sink;                  /* of the record */
    const weft_task_type *type;       /* NULL: a promise or a chain */
    weft_future *target;              /* of a chain, itself none; else NULL */
    size_t size;                      /* of the value */
    void *value;                      /* behind the arguments */
    const wefti_condition *condition; /* a reference, instead of a value; NULL: there is one */
    bool is_delay;
    bool by_forcer; /* a forcer may run it */
    WEFTI_ALIGNED(16) unsigned char arguments[];
};

static weft_future *real(const weft_future *future) {
    return future->target != NULL ? future->target : (weft_future *)(uintptr_t)future;
}

static bool is_done(const weft_future *future) {
    return wefti_load_acquire(&future->state) == DONE; /* partner: complete */
}

/* ---- making and freeing ---- */

static weft_future *make(size_t argument_size, size_t size) {
    size_t before = (argument_size + 15) & ~(size_t)15;
    if (size > SIZE_MAX - sizeof(weft_future) - before) return wefti_fail(WEFT_NO_MEMORY);
    weft_future *future = malloc(sizeof *future + before + size);
    if (future == NULL) return wefti_fail(WEFT_NO_MEMORY);
    memset(future, 0, sizeof *future);
    wefti_atomic_init(&future->references, 1u);
    future->size = size;
    future->value = future->arguments + before;
    wefti_count_live(1);
    return future;
}

weft_future *weft_make_promise_sized(size_t size) { return make(0, size); }

weft_future *weft_make_chain(weft_future *future) {
    if (future == NULL) return wefti_fail(WEFT_INVALID);
    weft_future *chain = make(0, 0);
    if (chain != NULL) chain->target = weft_retain_future(real(future));
    return chain;
}

weft_future *weft_retain_future(weft_future *future) {
    /* relaxed: the caller has a reference, so it is there, and nothing is published */
    if (future != NULL) wefti_add_relaxed(&future->references, 1u);
    return future;
}

void weft_release_future(weft_future *future) {
    /* acq_rel: what all others did with it happens before the last one frees it; partner: itself in the others */
    if (future == NULL || wefti_add_acq_rel(&future->references, UINT32_MAX) != 1) return;
    weft_release_future(future->target);
    wefti_condition_drop(future->condition);
    free(future);
    wefti_count_live(-1);
}

/* ---- the outcome ---- */

static bool claim(weft_future *future) {
    uint32_t pending = PENDING;
    /* acquire: with the lock and the counts that brought the future here, what its maker wrote is seen anyway; this
     * keeps the outcome's writes behind. Relaxed look first: a future that is forced often is not written to. */
    return wefti_load_relaxed(&future->state) == PENDING &&
           wefti_cas_acquire(&future->state, &pending, (uint32_t)TAKEN);
}

/* Under the lock: claims all who wait. Returns those to unpark. */
static wefti_wait *claim_waiters(weft_future *future) {
    wefti_wait *woken = NULL;
    for (wefti_waiter *waiter = wefti_first(&future->waiters), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        bool gone, won = wefti_waiter_claim(waiter, WEFT_OK, &gone);
        if (gone || (won && !waiter->kept)) wefti_waiter_unlist(&future->waiters, waiter);
        if (!won) continue;
        waiter->wait->woken = woken;
        woken = waiter->wait;
    }
    return woken;
}

/* By who has claimed it, with the outcome written. Holds a reference. */
static void complete(weft_future *future) {
    wefti_spin_lock(&future->lock);
    wefti_store_release(&future->state, (uint32_t)DONE); /* the outcome; partner: is_done */
    wefti_wait *woken = claim_waiters(future);
    wefti_spin_unlock(&future->lock);
    for (wefti_wait *next; woken != NULL; woken = next) {
        next = woken->woken;
        wefti_unpark(woken);
    }
}

/* An error that nobody took ends the future's task and not the one that forces it; a kill of that one ends both. */
static WEFTI_NOINLINE const wefti_condition *invoke(weft_future *future, wefti_strand *self) {
    wefti_end_target end;
    wefti_end_target_begin(self, &end);
    if (setjmp(end.target.place) != 0) return end.outcome;
    future->type->invoke(future->arguments, future->value);
    wefti_frame_end(self, &end.target.frame, false);
    return NULL;
}

static void run(weft_future *future, wefti_strand *self) {
    wefti_store_relaxed(&future->by, self); /* relaxed: only `self` looks for itself */
    bool was_dying = wefti_is_dying(self);
    future->condition = invoke(future, self);
    wefti_store_relaxed(&future->by, (wefti_strand *)NULL); /* as above */
    complete(future);
    wefti_die_further(self, was_dying);
}

static void run_record(void *arguments, void *result) {
    (void)result;
    weft_future *future = *(weft_future **)arguments;
    if (claim(future)) run(future, wefti_strand_now);
}

/* The record has been run, or will not be: its group was cancelled, or there is no memory to run it with. */
static void deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    (void)value;
    weft_future *future = WEFTI_CONTAINER(sink, weft_future, sink);
    if (condition != NULL && claim(future)) {
        future->condition = condition;
        complete(future);
    } else {
        wefti_condition_drop(condition);
    }
    weft_release_future(future);
}

static const weft_task_type record_type = {"future", run_record, sizeof(weft_future *), 0};

/* ---- starting ---- */

static weft_status submit(weft_future *future, const weft_submit_options *options) {
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
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) { status = submit(future, options); }
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

weft_future *weft_make_future(weft_future_kind kind, const weft_submit_options *options, const weft_task_type *type,
                              const void *arguments) {
    if (!check(kind, options, type, arguments)) return wefti_fail(WEFT_INVALID);
    weft_future *future = make(type->argument_size, type->result_size);
    if (future == NULL) return NULL;
    future->type = type;
    future->sink.deliver = deliver;
    future->is_delay = kind == WEFT_DELAY;
    future->by_forcer = is_plain(options);
    if (type->argument_size != 0) memcpy(future->arguments, arguments, type->argument_size);
    weft_status status = WEFT_OK;
    if (kind == WEFT_FUTURE) status = submit(future, options);
    if (kind == WEFT_SPECULATE) status = submit_low(future, options);
    if (status == WEFT_OK) return future;
    weft_release_future(future);
    return wefti_fail(status);
}

/* ---- fulfilling ---- */

weft_status weft_fulfil_future(weft_future *future, const void *value, size_t size) {
    if (future == NULL || (value == NULL && size != 0)) return WEFT_INVALID;
    future = real(future);
    if (size != future->size) return WEFT_WRONG_SIZE;
    if (!claim(future)) return WEFT_BUSY;
    if (size != 0) memcpy(future->value, value, size);
    complete(future);
    return WEFT_OK;
}

weft_status weft_fail_future(weft_future *future, const char *message) {
    if (future == NULL) return WEFT_INVALID;
    future = real(future);
    if (!claim(future)) return WEFT_BUSY;
    weft_condition condition;
    weft_origin origin = {"weft_fail_future", "", 0, &weft_type_error, NULL, 0, NULL};
    wefti_condition_make(&condition, &origin, message != NULL ? message : "");
    future->condition = &weft_retain_condition(&condition)->base;
    complete(future);
    return WEFT_OK;
}

bool weft_fulfilled(const weft_future *future) { return future != NULL && is_done(real(future)); }

const char *weft_future_message(const weft_future *future) {
    if (!weft_fulfilled(future) || real(future)->condition == NULL) return NULL;
    return real(future)->condition->message;
}

/* ---- forcing ---- */

bool wefti_future_enlist(weft_future *future, wefti_waiter *waiter) {
    future = real(future);
    wefti_spin_lock(&future->lock);
    bool wait = waiter->kept || !is_done(future);
    if (wait) wefti_waiter_enlist(&future->waiters, waiter);
    wefti_spin_unlock(&future->lock);
    return wait;
}

void wefti_future_delist(weft_future *future, wefti_waiter *waiter) {
    future = real(future);
    wefti_spin_lock(&future->lock);
    if (waiter->listed) wefti_waiter_unlist(&future->waiters, waiter);
    wefti_spin_unlock(&future->lock);
}

static WEFTI_NOINLINE weft_status wait_for(weft_future *future, wefti_strand *self, weft_deadline deadline) {
    if (deadline <= WEFT_NOW) return WEFT_TIMED_OUT;
    /* relaxed: equal only if this strand wrote it */
    if (wefti_load_relaxed(&future->by) == self) return WEFT_INVALID;
    if (!wefti_may_park(self)) return WEFT_NO_MEMORY;
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, "future", future);
    if (!wefti_future_enlist(future, &waiter)) return WEFT_OK;
    wait.killable = wefti_can_be_killed(self);
    weft_status status = wefti_park(&wait, deadline);
    if (status != WEFT_OK) wefti_future_delist(future, &waiter);
    wefti_die_if_killed(status);
    return status;
}

static bool runs_here(const weft_future *future, weft_deadline deadline) {
    return future->is_delay ? deadline > WEFT_NOW : future->by_forcer && deadline == WEFT_FOREVER;
}

static weft_status bring_about(weft_future *future, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    if (self->locks != 0) return WEFT_INVALID;
    if (!runs_here(future, deadline) || !claim(future)) return wait_for(future, self, deadline);
    run(future, self);
    return WEFT_OK;
}

weft_status weft_force_future(weft_future *future, void *result, size_t size, weft_deadline deadline) {
    if (future == NULL) return WEFT_INVALID;
    future = real(future);
    if (result != NULL && size != future->size) return WEFT_WRONG_SIZE;
    if (!is_done(future)) {
        weft_status status = bring_about(future, deadline);
        if (status != WEFT_OK) return status;
    }
    if (future->condition != NULL) {
        wefti_strand *self = wefti_strand_self();
        if (self == NULL) return future->condition->status;
        const weft_condition *outcome = weft_retain_condition(wefti_condition_public(future->condition));
        return wefti_condition_receive(self, &outcome->base);
    }
    if (result != NULL) memcpy(result, future->value, size);
    return WEFT_OK;
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
