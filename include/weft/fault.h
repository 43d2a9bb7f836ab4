/* SPDX-License-Identifier: MIT */
/* fault.h - faults of the machine in tasks: which of them become conditions, and what is told of the others. */
#ifndef WEFT_FAULT_H
#define WEFT_FAULT_H

#include <weft/base.h>
#include <weft/condition.h>
#include <weft/dynamic.h>

WEFT_BEGIN_DECLS

/** Kinds of faults, to be combined with |. */
typedef enum weft_fault_kind {
    WEFT_FAULT_ARITHMETIC = 1,  /**< SIGFPE: weft_type_arithmetic_fault */
    WEFT_FAULT_STACK = 2,       /**< the task's stack is used up: weft_type_stack_exhausted */
    WEFT_FAULT_MEMORY = 4,      /**< SIGSEGV and SIGBUS: weft_type_memory_fault */
    WEFT_FAULT_INSTRUCTION = 8, /**< SIGILL: weft_type_instruction_fault */
    WEFT_FAULT_ABORT = 16       /**< abort and failed assertions in the program's own code: weft_type_aborted */
} weft_fault_kind;

/** The payload of a condition that comes of a fault. */
typedef struct weft_fault {
    int signal;              /**< SIGSEGV, SIGFPE, ... */
    int code;                /**< si_code of the signal */
    const void *address;     /**< that was touched; for SIGFPE and SIGILL the instruction's; NULL: not known */
    const void *instruction; /**< where the task was; where it goes on for one that was raised at a return */
} weft_fault;

/**
 * Which faults of tasks become conditions of the task: a dynamic variable, read in the task when it faults.
 *
 * At first WEFT_FAULT_ARITHMETIC | WEFT_FAULT_STACK. So it can be set for the process (weft_set), for a kernel (among
 * its bindings), for some tasks (a captured environment), or for a block (WEFT_BIND).
 *
 *     WEFT_BIND(weft_caught_faults, weft_get(weft_caught_faults) | WEFT_FAULT_MEMORY) run(plug_in);
 *
 * Such a fault is an error that is signalled where it happened, as by weft_error: handlers run there, a restart or a
 * case may take it, or it becomes the task's outcome. From there only clean-ups of Weft run, not those of compilers.
 * It is so only where the fault leaves nothing half done but the program's own data: docs/FAULTS.md has the rule. All
 * others are passed to the handler that the program had for the signal; if it had none they are reported on stderr
 * with task, category and backtrace, and end the process. A memory fault may be the last of several: what was written
 * to before nobody knows. So it is for the program to say that it wants to live on. Row C9.
 */
WEFT_API WEFT_DECLARE_VARIABLE(unsigned, weft_caught_faults);

/** Which kinds can become conditions in this process: none where weft_how_far_kills_reach is not WEFT_KILL_ANYWHERE, or
 * after weft_leave_faults_alone. Any task or thread. */
WEFT_API unsigned weft_catchable_faults(void);

/**
 * Has Weft install no handlers of faults. To be called before the first kernel is made; nothing happens later.
 *
 * Else that installs handlers of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT (none under AddressSanitizer and
 * ThreadSanitizer, which have theirs). Returns WEFT_OK, or WEFT_BUSY if they are installed already. Any thread.
 */
WEFT_API weft_status weft_leave_faults_alone(void);

/**
 * For handlers of such signals that a program installs after its first kernel: offers the signal to Weft first.
 *
 * signal, information, interrupted: what the handler was given (SA_SIGINFO). Returns true if it is taken, and the
 * handler is to return at once; false: it is no fault of a task, or one that does not become a condition. A handler
 * that was installed before is called by Weft and has no use for it. Callable in a handler that runs on the signal
 * stack (SA_ONSTACK) with all signals blocked. Never blocks.
 */
WEFT_API bool weft_take_fault(int signal, void *information, void *interrupted);

WEFT_END_DECLS

#endif
