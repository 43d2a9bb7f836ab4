/* SPDX-License-Identifier: MIT */
/* force.c - forcing a future: running its task here, waiting for it, raising why it has no value. See comm/future.h. */
#include <alloca.h>
#include <string.h>

#include <weft/condition.h>

#include "comm/future.h"
#include "condition/condition.h"
#include "dynamic/frame.h"
#include "sched/attach.h"
#include "sched/handlers.h"
#include "sched/submit.h"
#include "sched/worker.h"

/* Of a runner's stack so much is left to what a task does; a thread's may be used up to so far by futures that force
 * others. */
enum { STACK_RESERVE = 64 * 1024, THREAD_STACK = 1024 * 1024, SMALL = 32 };

/* ---- running ---- */

static const wefti_condition left = {WEFT_FAILED, "control was transferred out of the future's task", NULL};

/* Where a strand runs a future: a frame whose clean-up is abandon, or leave. */
typedef struct running {
    weft_frame frame;
    const char *outermost; /* on a plain thread's stack */
} running;

/* For a force: who forces has a reference of its own. */
static void end_with(weft_future *future, const wefti_condition *condition) {
    future->condition = condition;
    wefti_store_relaxed(&future->by, (wefti_strand *)NULL); /* relaxed: only a strand looks for itself */
    if (wefti_once_complete(&future->once, future->unqueued)) wefti_future_free(future);
}

/* Control goes further out than the future's end: nobody is to wait for it for ever. */
static void abandon(void *future) { end_with(future, &left); }

/* The record's end completes it. */
static void leave(void *future) { (void)future; }

static inline bool runs_future(const weft_frame *frame) { return frame->run == abandon || frame->run == leave; }

/* The innermost future that the strand runs; NULL: none. */
static running *innermost(const wefti_strand *self) {
    for (weft_frame *frame = self->frames; frame != NULL; frame = frame->outer)
        if (runs_future(frame)) return WEFTI_CONTAINER(frame, running, frame);
    return NULL;
}

/* An error that nobody took, or a kill, comes to this end. */
static WEFTI_NOINLINE const wefti_condition *invoke(weft_future *future, wefti_strand *self) {
    wefti_end_target end;
    wefti_end_target_begin(self, &end);
    if (setjmp(end.target.place) != 0) return end.outcome;
    future->type->invoke(future->arguments, wefti_future_value(future));
    wefti_frame_end(self, &end.target.frame, false);
    return NULL;
}

/* A thread that is cancelled, or exits, in the future's task leaves through here; this file is compiled with
 * -fexceptions. Transfers have run the clean-up before. */
static void leave_running(running *here) {
    if (!here->frame.begun) return;
    wefti_annotate_death();
    wefti_frame_end(wefti_strand_now, &here->frame, true);
}

static void run_plain(weft_future *future, wefti_strand *self) {
    __attribute__((cleanup(leave_running))) running here;
    if (self->worker == NULL) {
        const running *outer = innermost(self);
        here.outermost = outer != NULL ? outer->outermost : __builtin_frame_address(0);
    }
    wefti_store_relaxed(&future->by, self); /* relaxed: as in end_with */
    wefti_frame_begin(self, &here.frame, abandon, future);
    const wefti_condition *condition = invoke(future, self);
    wefti_frame_end(self, &here.frame, false); /* it is not begun any more */
    end_with(future, condition);
}

void wefti_future_run_record(weft_future *future, wefti_strand *self) {
    running here;
    wefti_store_relaxed(&future->by, self); /* relaxed: as in end_with */
    wefti_frame_begin(self, &here.frame, leave, future);
    future->type->invoke(future->arguments, wefti_future_value(future));
    wefti_frame_end(self, &here.frame, false);
}

/* With what its record would have had. */
static WEFTI_NOINLINE void run_with_handlers(weft_future *future, wefti_strand *self) {
    weft_handler *outer = self->handlers, *forms = alloca(future->handlers->depth * sizeof *forms);
    wefti_handlers *handlers = wefti_handlers_retain(future->handlers);
    wefti_handlers_establish(handlers, forms, self);
    weft_bound bound = weft_bind_begin(&wefti_task_handlers, &handlers, &bound);
    run_plain(future, self);
    weft_bind_end(&bound);
    self->handlers = outer;
    wefti_handlers_release(handlers);
}

/* Takes the record out of the queue if it is the next one there, with nothing but the future in it. */
static bool unqueue(weft_future *future, wefti_worker *worker) {
    const wefti_slot *slot = wefti_queue_front(&worker->queue);
    const wefti_record *record = (const wefti_record *)(const void *)slot;
    if (slot == NULL || record->sink != &future->sink || record->slots != 1 || record->flags != 0) return false;
    unsigned generation = record->generation;
    if (!wefti_queue_take_front(&worker->queue)) return false;
    /* release: as at the end of a task that the loop runs */
    wefti_store_release(&worker->done[generation], wefti_load_relaxed(&worker->done[generation]) + 1);
    return true;
}

/* A kill of the caller ends at the future's end, and has to go on. */
static void run_here(weft_future *future, wefti_strand *self) {
    bool was_dying = wefti_is_dying(self);
    if (self->worker != NULL) future->unqueued = unqueue(future, self->worker);
    if (future->handlers != NULL)
        run_with_handlers(future, self);
    else
        run_plain(future, self);
    wefti_die_further(self, was_dying);
}

static bool has_stack(const wefti_strand *self) {
    const char *here = __builtin_frame_address(0);
    if (self->worker == NULL) {
        const running *outer = innermost(self);
        return outer == NULL || outer->outermost - here < THREAD_STACK;
    }
    const wefti_fiber *fiber = &wefti_runner_of_strand((wefti_strand *)(uintptr_t)self)->fiber;
    return (size_t)(here - (const char *)fiber->stack_low) >= WEFTI_MIN(fiber->stack_size / 2, (size_t)STACK_RESERVE);
}

/* ---- waiting ---- */

static wefti_spinlock forces; /* `awaits` of all futures */

/* With the lock held. What the chain leads through is waited for by who runs something, and so is there. */
static bool leads_to(const weft_future *future, const wefti_strand *self) {
    for (; future != NULL; future = future->awaits)
        if (wefti_load_relaxed(&future->by) == self) return true; /* relaxed: equal only if this strand wrote it */
    return false;
}

static void await_with_all(const wefti_strand *self, weft_future *awaited) {
    for (weft_frame *frame = self->frames; frame != NULL; frame = frame->outer)
        if (runs_future(frame)) ((weft_future *)frame->argument)->awaits = awaited;
}

/* false: the futures that the strand runs would wait for themselves. */
static bool begin_waiting(const wefti_strand *self, weft_future *future) {
    wefti_spin_lock(&forces);
    bool may = !leads_to(future, self);
    if (may) await_with_all(self, future);
    wefti_spin_unlock(&forces);
    return may;
}

static void end_waiting(const wefti_strand *self) {
    wefti_spin_lock(&forces);
    await_with_all(self, NULL);
    wefti_spin_unlock(&forces);
}

/* A thread is cancelled where it waits. */
static void leave_future(void *argument) {
    wefti_waiter *waiter = argument;
    wefti_wait *wait = waiter->wait;
    if (wefti_wait_given_up(wait)) wefti_once_delist(&((weft_future *)(uintptr_t)wait->object)->once, waiter);
    end_waiting(wait->strand);
}

static WEFTI_NOINLINE weft_status park_for(weft_future *future, wefti_strand *self, weft_deadline deadline) {
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, "future", future);
    if (!wefti_once_enlist(&future->once, &waiter)) return WEFT_OK;
    wait.killable = wefti_can_be_killed(self);
    weft_status status = wefti_park_mortal(&wait, deadline, leave_future, &waiter);
    if (status != WEFT_OK) wefti_once_delist(&future->once, &waiter);
    return status;
}

static weft_status wait_for(weft_future *future, wefti_strand *self, weft_deadline deadline) {
    if (deadline <= WEFT_NOW) return WEFT_TIMED_OUT;
    if (!wefti_may_park(self)) return WEFT_NO_MEMORY;
    bool runs_others = innermost(self) != NULL;
    if (runs_others && !begin_waiting(self, future)) return WEFT_INVALID;
    weft_status status = park_for(future, self, deadline);
    if (runs_others) end_waiting(self);
    wefti_die_if_killed(status);
    return status;
}

/* ---- forcing ---- */

static bool runs_here(const weft_future *future, weft_deadline deadline) {
    return future->is_delay ? deadline > WEFT_NOW : future->by_forcer && deadline == WEFT_FOREVER;
}

/* A delay has no record, and gets one. Without a kernel there is no other stack either. */
static bool leave_to_others(weft_future *future, const wefti_strand *self) {
    if (has_stack(self)) return false;
    if (!future->is_delay) return true;
    weft_retain_future(future); /* the record's */
    if (wefti_future_submit(future, NULL) == WEFT_OK) return true;
    weft_release_future(future);
    return false;
}

static weft_status bring_about(weft_future *future, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    if (self->locks != 0) return WEFT_INVALID;
    if (!runs_here(future, deadline) || leave_to_others(future, self) || !wefti_once_claim(&future->once))
        return wait_for(future, self, deadline);
    run_here(future, self);
    return WEFT_OK;
}

static weft_status receive_failure(const weft_future *future) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return future->condition->status;
    const weft_condition *outcome = weft_retain_condition(wefti_condition_public(future->condition));
    return wefti_condition_receive(self, &outcome->base);
}

static inline void copy_value(void *to, const void *from, size_t size) {
    if (WEFTI_LIKELY(size <= SMALL))
        wefti_copy_small(to, from, (uint32_t)size);
    else
        memcpy(to, from, size);
}

weft_status weft_force_future(weft_future *future, void *result, size_t size, weft_deadline deadline) {
    if (future == NULL) return WEFT_INVALID;
    future = wefti_future_real(future);
    if (result != NULL && size != future->size) return WEFT_WRONG_SIZE;
    if (!wefti_once_is_done(&future->once)) {
        weft_status status = bring_about(future, deadline);
        if (status != WEFT_OK) return status;
    }
    if (wefti_once_state(&future->once) == WEFTI_ONCE_DONE && future->condition != NULL) return receive_failure(future);
    if (WEFTI_LIKELY(result != NULL)) copy_value(result, wefti_future_value(future), size);
    return WEFT_OK;
}

/* ---- raising ---- */

typedef struct storing {
    weft_target target;
    weft_restart restart;
    weft_future *future;
} storing;

/* What the restart does: the first one's value stays. */
static weft_status store(const weft_restart *restart, const void *argument) {
    storing *self = restart->data;
    if (self->target.owner != wefti_strand_now) return WEFT_INVALID;
    if (argument == NULL && self->future->size != 0) return WEFT_WRONG_SIZE;
    weft_store_future(self->future, argument, self->future->size);
    wefti_unwind_to(wefti_strand_now, &self->target);
}

/* Returns when the value has been stored. */
static WEFTI_NOINLINE void raise_failure(const char *file, const char *function, int line, weft_argument_kind kind,
                                         weft_future *future, weft_status status) {
    wefti_strand *self = wefti_strand_now;
    storing here = {.restart = {.outer = self->restarts,
                                .name = "store-value",
                                .report = "make this the future's value, for all who force it",
                                .kind = kind == WEFT_ARGUMENT_TEXT ? WEFT_ARGUMENT_OTHER : kind, /* it would go */
                                .size = future->size,
                                .invoke = store,
                                .data = &here},
                    .future = future};
    if (future->size == 0) here.restart.kind = WEFT_ARGUMENT_NONE;
    wefti_target_begin(self, &here.target);
    if (setjmp(here.target.place) != 0) return;
    self->restarts = &here.restart;
    weft_must_at(file, function, line, status);
}

weft_status weft_must_force_at(const char *file, const char *function, int line, int kind, weft_future *future,
                               void *result, size_t size, weft_deadline deadline) {
    weft_status status = weft_force_future(future, result, size, deadline);
    if (status == WEFT_OK) return WEFT_OK;
    weft_future *failed = future != NULL ? wefti_future_real(future) : NULL;
    bool outcome = failed != NULL && wefti_once_is_done(&failed->once) && failed->condition != NULL &&
                   (result == NULL || size == failed->size);
    if (!outcome) return weft_must_at(file, function, line, status);
    raise_failure(file, function, line, (weft_argument_kind)kind, failed, status);
    return weft_force_future(failed, result, size, WEFT_NOW);
}
