/* SPDX-License-Identifier: MIT */
/* task.c - conditions and tasks: handlers that travel, errors that become outcomes, errors that nobody took. */
#include <string.h>

#include <weft/kernel.h>

#include "condition/condition.h"
#include "os/os.h"
#include "sched/handlers.h"
#include "sched/worker.h"

/* ---- handlers that travel ---- */

static void end_handling(void *argument) {
    weft_task_handling *self = argument;
    weft_bind_end(&self->bound);
    wefti_handlers_release(self->set);
}

weft_task_handling *weft_task_handlers_begin(weft_task_handling *self, const weft_handler_clause *clauses,
                                             size_t count) {
    wefti_strand *strand = wefti_strand_self();
    self->frame.begun = false;
    wefti_handlers *outer = strand != NULL ? wefti_handlers_here(strand) : NULL;
    self->set = strand != NULL ? wefti_handlers_make(outer, clauses, count) : NULL;
    if (self->set == NULL) {
        if (strand == NULL || !wefti_handled(strand, &weft_type_no_memory))
            wefti_stop_misuse("task handlers", "WEFT_TASK_HANDLER_BIND", "found no memory for clauses:", count, "");
        weft_error(&weft_type_no_memory, "no memory to bind handlers for tasks");
    }
    self->bound = weft_bind_begin(&wefti_task_handlers, &self->set, &self->bound);
    wefti_frame_begin(strand, &self->frame, end_handling, self);
    return self;
}

weft_task_handling *weft_task_handler_begin(weft_task_handling *self, const weft_condition_type *type,
                                            void (*handle)(const weft_condition *condition, void *argument),
                                            void *argument) {
    return weft_task_handlers_begin(self, &(weft_handler_clause){type, handle, argument}, 1);
}

/* The frame knows what was bound inside; so what runs is what the unwinder would run. */
void weft_task_handlers_end(weft_task_handling *self) {
    if (!self->frame.begun) return;
    wefti_strand *strand = wefti_strand_now;
    strand->bound = &self->bound;
    wefti_frame_end(strand, &self->frame, true);
}

/* ---- errors that become outcomes ---- */

static bool runs_record(const wefti_strand *self) {
    return self->worker != NULL && wefti_task_runs(wefti_runner_of_strand((wefti_strand *)(uintptr_t)self));
}

bool wefti_in_task(const wefti_strand *self) {
    return self != NULL && (runs_record(self) || wefti_end_target_of(self) != NULL);
}

static const weft_condition *outcome_of(const weft_condition *condition) {
    if (wefti_condition_full(condition) == NULL) return condition;
    if (wefti_load_relaxed(&((weft_condition *)(uintptr_t)condition)->references) != 0)
        return weft_retain_condition(condition); /* it is another task's already */
    void *trace[WEFTI_TRACE_MOST];
    wefti_end end = {weft_task_name(), trace, wefti_trace_take(trace, WEFTI_TRACE_MOST, condition)};
    return wefti_condition_copy(condition, &end);
}

void wefti_transfer(wefti_strand *self, const weft_condition *condition) {
    if (self == NULL) return;
    wefti_end_target *target = wefti_end_target_of(self);
    if (target == NULL && !runs_record(self)) return;
    wefti_make_room_to_leave(self);
    const weft_condition *outcome = outcome_of(condition);
    if (target == NULL) wefti_unwind_task(self, &outcome->base, 0);
    wefti_condition_drop(target->outcome); /* of one that this takes the place of */
    target->outcome = &outcome->base;
    wefti_unwind_to(self, &target->target);
}

void weft_invoke_transfer_error(const weft_condition *condition, void *unused) {
    (void)unused;
    if (condition != NULL) wefti_transfer(wefti_strand_now, condition);
}

static weft_status invoke_transfer(const weft_restart *self, const void *argument) {
    (void)self;
    const weft_condition *condition = argument != NULL ? *(const weft_condition *const *)argument : NULL;
    weft_invoke_transfer_error(condition, NULL);
    return WEFT_INVALID; /* without a condition there is nothing to transfer */
}

const weft_restart *wefti_task_restart(const wefti_strand *self) {
    static const weft_restart transfer = {.name = "transfer-error",
                                          .report = "end the task with this error, for whoever waits for its result",
                                          .kind = WEFT_ARGUMENT_OTHER,
                                          .size = sizeof(const weft_condition *),
                                          .invoke = invoke_transfer};
    return wefti_in_task(self) ? &transfer : NULL;
}

/* ---- errors that nobody took ---- */

/* In a plain thread, which has no outcome and nothing to go on with. */
WEFTI_NORETURN static void stop_unhandled(const weft_condition *condition) {
    int line;
    weft_condition_place(condition, NULL, NULL, &line);
    wefti_stop_misuse("error", weft_condition_type_of(condition)->name, "was handled by nobody; line", (size_t)line,
                      "");
}

void wefti_unhandled(wefti_strand *self, const weft_condition *condition) {
    bool task = wefti_in_task(self);
    if (task && (wefti_at_boundary(self) || !weft_get(weft_debug_tasks))) wefti_transfer(self, condition);
    wefti_debug(self, condition);
    if (task) wefti_transfer(self, condition);
    stop_unhandled(condition);
}
