/* SPDX-License-Identifier: MIT */
/* condition.h - the condition object, and signalling one.
 *
 * Idea: a condition lies on the stack of its signaller, and nothing is allocated for it. Only where it must outlive
 * that stack (a case that was transferred to, a task's outcome, a user who retains it) is it copied, in one piece of
 * memory with payload, message and backtrace, and counted from then on.
 *
 * Every wefti_condition that has `release` set is the beginning of a weft_condition; the others are static ones of
 * lower floors, which say no more than their status and message.
 */
#ifndef WEFTI_CONDITION_H
#define WEFTI_CONDITION_H

#include <weft/condition.h>

#include "base/atomic.h"
#include "condition/unwind.h"
#include "sched/task.h"

enum { WEFTI_MESSAGE_MOST = 256, WEFTI_TRACE_MOST = 64 };

struct weft_condition {
    wefti_condition base;
    WEFTI_ATOMIC(uint32_t) references; /* 0: it lies on the stack of its signaller */
    int line;
    const weft_condition_type *type;
    const char *file, *function;
    const void *payload;
    size_t payload_size;
    const weft_condition *cause; /* a reference, where this one is counted */
    const char *task;            /* that it ended; NULL: none */
    uint32_t depth;              /* of the backtrace */
    void **trace;                /* return addresses, innermost first */
};

/* NULL if it is a static one. */
static inline const weft_condition *wefti_condition_full(const weft_condition *condition) {
    return condition->base.release != NULL ? condition : NULL;
}

static inline const weft_condition *wefti_condition_public(const wefti_condition *condition) {
    return (const weft_condition *)(const void *)condition;
}

/* What is known of a task that ends. */
typedef struct wefti_end {
    const char *task;
    void **trace;
    uint32_t depth;
} wefti_end;

/* A counted copy; end: of the task whose outcome it is, or NULL. */
const weft_condition *wefti_condition_copy(const weft_condition *condition, const wefti_end *end);

/* signal.c: makes a condition at `self`; room for its message. */
void wefti_condition_make(weft_condition *self, const weft_origin *origin, const char *message);
/* Runs handlers; returns if all decline. */
void wefti_signal(wefti_strand *strand, const weft_condition *condition);
/* Whether a handler of that type, or of an ancestor, is bound. */
bool wefti_handled(const wefti_strand *strand, const weft_condition_type *type);

/* task.c: an error that nobody took. */
WEFTI_NORETURN void wefti_unhandled(wefti_strand *strand, const weft_condition *condition);
/* Ends the running task, if there is one, with the condition. */
void wefti_transfer(wefti_strand *strand, const weft_condition *condition);
/* Whether a task runs here, which can be ended with a condition. */
bool wefti_in_task(const wefti_strand *strand);
/* The restart transfer-error, which every task has; NULL outside of tasks. */
const weft_restart *wefti_task_restart(const wefti_strand *strand);

/* trace.c: the return addresses above the place where this was signalled on the running stack, innermost first. */
uint32_t wefti_trace_take(void **trace, uint32_t room, const weft_condition *signalled);
void wefti_trace_print(FILE *to, void *const *trace, uint32_t depth);

/* boundary.c: how many C++ exceptions are on their way on this thread. Who is killed leaves its own behind. */
unsigned wefti_exceptions_in_flight(void);
void wefti_exceptions_set_in_flight(unsigned count);

/* debugger.c */
void wefti_debug(wefti_strand *self, const weft_condition *condition);

#endif
