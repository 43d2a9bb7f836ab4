/* SPDX-License-Identifier: MIT */
/* fault.h - faults of the machine in tasks.
 *
 * Idea: the handler of the signal decides, on the thread of the faulting task, whether the fault leaves nothing half
 * done but the program's own data. Then it diverts the task (cpu/divert.h), which goes on as if it had called
 * wefti_fault_raise where it faulted, and that signals an error: handlers run there, above the faulting frame.
 *
 *   the fault is                                           it is raised
 *     in the program's own code, which nothing calls that    at once
 *     may hold something
 *     in a leaf of a library (memcpy, strlen, ...)           at once
 *     the stack's end, in any other library or in Weft,      at the return to the program: a barrier. The spare of the
 *     or under something that may hold something             stack (fiber/stack.h) is opened, and the instruction
 *                                                            done again
 *     abort, called by the program                           at once, if wanted
 *     anything else                                          not: passed to the program's handler, or reported
 *
 * Who unwinds past a faulted frame cannot trust in the compiler's tables, which know nothing of such a place; so a mark
 * on the strand, in the frame of wefti_fault_raise, has the unwinder go by Weft's own list alone.
 *
 *   fault.stage:  NONE --handler: diverted--> NOW --wefti_fault_raise--> NONE
 *                 NONE --handler: a barrier--> AT_RETURN --the barrier is passed--> NONE
 *
 * The spare is closed when the stack is not that deep any more: in the case or the spawned task that the error came to,
 * before the runner's next task, or when its stack is given back.
 *
 * Invariants
 *   F1  all fields of a runner's fault are written on the thread of its worker
 *   F2  a runner whose spare is open is WEFTI_TASK_DOOMED: its next task takes the longer way, where it is closed
 */
#ifndef WEFTI_CONDITION_FAULT_H
#define WEFTI_CONDITION_FAULT_H

#include "condition/condition.h"
#include "sched/worker.h"

/* Whether it was diverted for a fault, which is then to be raised. */
static inline bool wefti_fault_is_due(const wefti_runner *runner) { return runner->fault.stage == WEFTI_FAULT_NOW; }

/* Signals the fault of the runner as an error. */
WEFTI_NORETURN void wefti_fault_raise(wefti_strand *self);

/* At a barrier: notes that the task has come back to its program; where: as in wefti_barrier_original. */
void wefti_fault_returns(wefti_runner *runner, void *const *where);

/* The task is to die, or has ended: forgets what was to be raised, and closes the spare if the caller is not on it. */
void wefti_fault_forget(wefti_runner *runner);

/* crash.c: tells of a fault that ends the process. In the handler. */
struct wefti_signal_fault;
void wefti_crash_report(const wefti_runner *runner, const struct wefti_signal_fault *fault, const char *what);

#endif
