/* SPDX-License-Identifier: MIT */
/* condition.h - conditions: signalled before anything is unwound, handled by whoever is asked, left by a restart. */
#ifndef WEFT_CONDITION_H
#define WEFT_CONDITION_H

#include <stdio.h>

#include <weft/base.h>
#include <weft/kernel.h>
#include <weft/unwind.h>

WEFT_BEGIN_DECLS

/* ---- types ---- */

/** A type of conditions. Make one with WEFT_CONDITION_TYPE. */
typedef struct weft_condition_type {
    const char *name;
    const struct weft_condition_type *parent; /**< NULL: weft_type_condition alone */
    weft_status status; /**< what a receiver gets where such a condition is the outcome; WEFT_OK: as the parent */
} weft_condition_type;

/** Defines a type for this file: WEFT_CONDITION_TYPE(parse_error, weft_type_error); use it as &parse_error. */
#define WEFT_CONDITION_TYPE(name, parent) static const weft_condition_type name = {#name, &(parent), WEFT_OK}
/** Declares, in a header, a type that one file defines with WEFT_PUBLIC_CONDITION_TYPE. */
#define WEFT_DECLARE_CONDITION_TYPE(name) extern const weft_condition_type name
/** Defines a type that other files see. */
#define WEFT_PUBLIC_CONDITION_TYPE(name, parent) const weft_condition_type name = {#name, &(parent), WEFT_OK}

WEFT_API extern const weft_condition_type weft_type_condition; /**< the root: every condition */
WEFT_API extern const weft_condition_type weft_type_warning;
WEFT_API extern const weft_condition_type weft_type_error;
/* Errors: one for each status that an operation may answer with, ... */
WEFT_API extern const weft_condition_type weft_type_status_error; /**< parent of those that follow */
WEFT_API extern const weft_condition_type weft_type_timed_out;
WEFT_API extern const weft_condition_type weft_type_closed;
WEFT_API extern const weft_condition_type weft_type_no_kernel;
WEFT_API extern const weft_condition_type weft_type_ended;
WEFT_API extern const weft_condition_type weft_type_invalid;
WEFT_API extern const weft_condition_type weft_type_wrong_size;
WEFT_API extern const weft_condition_type weft_type_no_memory;
WEFT_API extern const weft_condition_type weft_type_no_threads;
WEFT_API extern const weft_condition_type weft_type_in_worker;
WEFT_API extern const weft_condition_type weft_type_busy;
WEFT_API extern const weft_condition_type weft_type_kernel_creation;
/* ... what becomes of tasks, ... */
WEFT_API extern const weft_condition_type weft_type_task_error;     /**< the task failed; parent of the next two */
WEFT_API extern const weft_condition_type weft_type_task_killed;    /**< it was killed */
WEFT_API extern const weft_condition_type weft_type_task_cancelled; /**< it was cancelled; status WEFT_CANCELLED */
/* ... and faults of the machine. */
WEFT_API extern const weft_condition_type weft_type_fault; /**< parent of those that follow */
WEFT_API extern const weft_condition_type weft_type_arithmetic_fault;
WEFT_API extern const weft_condition_type weft_type_memory_fault;
WEFT_API extern const weft_condition_type weft_type_stack_exhausted;
WEFT_API extern const weft_condition_type weft_type_instruction_fault;
WEFT_API extern const weft_condition_type weft_type_aborted; /**< abort, a failed assertion */

/** Whether a type is another one or descends from it. */
WEFT_API bool weft_type_is(const weft_condition_type *type, const weft_condition_type *ancestor);

/** The type of the errors that stand for a status; weft_type_task_error for WEFT_FAILED. */
WEFT_API const weft_condition_type *weft_type_of_status(weft_status status);

/* ---- conditions ---- */

/** What was signalled. It lies with its signaller, and is good while handlers run; whoever keeps it longer retains it.
 */
typedef struct weft_condition weft_condition;

/** Where something is signalled, and what. Made by the macros below. */
typedef struct weft_origin {
    const char *file, *function;
    int line;
    const weft_condition_type *type;
    const void *payload;
    size_t payload_size;
    const weft_condition *cause;
} weft_origin;

/**
 * Signals a condition: weft_signal(&type, format, ...). Handlers run now, on this stack; if all decline, it returns.
 *
 * format: as of printf, NULL allowed. A text without % is not copied, and lives as long as the condition.
 * Handlers that are bound here run innermost first, those of matching types, each with only the handlers outside of it
 * active. One that returns declines; one that does not want to leaves through a restart or another target.
 * Callable in any task or thread, not in a signal handler. Does not allocate. Source: signal. Row C1.
 */
#define weft_signal(type, ...) weft_signal_from(WEFTI_ORIGIN(type, WEFTI_NULL, 0, WEFTI_NULL), __VA_ARGS__)
/** The same with a payload, an object that is copied where the condition is kept: weft_signal_with(&t, &object, ...).
 */
#define weft_signal_with(type, payload, ...)                                                                           \
    weft_signal_from(WEFTI_ORIGIN(type, payload, sizeof *(payload), WEFTI_NULL), __VA_ARGS__)

/** Signals an error: as weft_signal, but never returns. If all handlers decline: see weft_debug_tasks. Source: error.
 */
#define weft_error(type, ...) weft_error_from(WEFTI_ORIGIN(type, WEFTI_NULL, 0, WEFTI_NULL), __VA_ARGS__)
/** The same with a payload. */
#define weft_error_with(type, payload, ...)                                                                            \
    weft_error_from(WEFTI_ORIGIN(type, payload, sizeof *(payload), WEFTI_NULL), __VA_ARGS__)
/** The same with the condition that led to it, which reports then show below it. */
#define weft_error_because(cause, type, ...) weft_error_from(WEFTI_ORIGIN(type, WEFTI_NULL, 0, (cause)), __VA_ARGS__)

/** Signals a warning: as weft_signal, with a restart muffle-warning; if all decline it is written to stderr. */
#define weft_warn(type, ...) weft_warn_from(WEFTI_ORIGIN(type, WEFTI_NULL, 0, WEFTI_NULL), __VA_ARGS__)

/** What the macros are made of. origin.type: not NULL. */
WEFT_API void weft_signal_from(weft_origin origin, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** What the macros are made of. */
WEFT_API void weft_warn_from(weft_origin origin, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** What the macros are made of. */
WEFT_API __attribute__((noreturn)) void weft_error_from(weft_origin origin, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Signals a condition that exists, once more: handlers run; if all decline it returns. */
WEFT_API void weft_signal_again(const weft_condition *condition);
/** The same as an error: never returns. */
WEFT_API __attribute__((noreturn)) void weft_error_again(const weft_condition *condition);

/** Whether it is of a type or of one that descends from it. false for NULL. */
WEFT_API bool weft_condition_is(const weft_condition *condition, const weft_condition_type *type);
/** Its type. */
WEFT_API const weft_condition_type *weft_condition_type_of(const weft_condition *condition);
/** Its message; lives as long as the condition. */
WEFT_API const char *weft_condition_message(const weft_condition *condition);
/** Its payload, or NULL; size, if not NULL: how many bytes. */
WEFT_API const void *weft_condition_payload(const weft_condition *condition, size_t *size);
/** The status that a receiver gets whose element it is. */
WEFT_API weft_status weft_condition_status(const weft_condition *condition);
/** What led to it, or NULL. */
WEFT_API const weft_condition *weft_condition_cause(const weft_condition *condition);
/** Where it was signalled: file, function and line; each may be NULL. Returns whether that is known. */
WEFT_API bool weft_condition_place(const weft_condition *condition, const char **file, const char **function,
                                   int *line);
/** The name of the task that it ended, or NULL. */
WEFT_API const char *weft_condition_task(const weft_condition *condition);
/** Copies the return addresses of the task that it ended, innermost first, as many as there is room for. Returns how
 * many there are; 0 if it did not come out of a task. */
WEFT_API size_t weft_condition_backtrace(const weft_condition *condition, void **addresses, size_t room);

/** Makes it last beyond its signal: a reference, or a copy with one reference if it lies with its signaller. NULL for
 * NULL. Without memory the result says only that. Give it back with weft_release_condition. */
WEFT_API const weft_condition *weft_retain_condition(const weft_condition *condition);
/** Gives a reference back. NULL allowed. Any thread or task. */
WEFT_API void weft_release_condition(const weft_condition *condition);

/**
 * Writes a report: type, message, place, the task and its backtrace with functions, and then what led to it.
 *
 * to: not NULL. Any task or thread. Never waits but for the file.
 */
WEFT_API void weft_print_condition(FILE *to, const weft_condition *condition);

/* ---- handlers ---- */

/** What runs for conditions of a type. */
typedef struct weft_handler_clause {
    const weft_condition_type *type;
    void (*handle)(const weft_condition *condition, void *argument);
    void *argument;
} weft_handler_clause;

/** Handlers of a block. Made by the macros below; the fields are Weft's own. */
typedef struct weft_handler {
    struct weft_handler *outer;
    const weft_handler_clause *clauses;
    size_t count;
    weft_handler_clause own;
    bool begun;
} weft_handler;

/**
 * Binds a handler for the block that follows: WEFT_HANDLER_BIND(&type, handle, argument) { ... }.
 *
 * handle: void (*)(const weft_condition *, void *). It runs where the condition is signalled, and declines by
 * returning. The binding ends on every way out, as WEFT_BIND. Source: handler-bind. Row C2.
 */
#define WEFT_HANDLER_BIND(type, handle, argument)                                                                      \
    WEFTI_WITH_HANDLER(__COUNTER__, weft_handler_begin, (type), (handle), (argument))
/** The same with an array of clauses, of which the first that match run in order; while one runs none of them is
 * active. */
#define WEFT_HANDLERS_BIND(clauses)                                                                                    \
    WEFTI_WITH_HANDLER(__COUNTER__, weft_handlers_begin, (clauses), sizeof(clauses) / sizeof *(clauses))

/** What the macros are made of. clauses: in place until the end. Returns handler. Never fails. */
WEFT_API weft_handler *weft_handlers_begin(weft_handler *handler, const weft_handler_clause *clauses, size_t count);
/** The same with one clause. */
WEFT_API weft_handler *weft_handler_begin(weft_handler *handler, const weft_condition_type *type,
                                          void (*handle)(const weft_condition *condition, void *argument),
                                          void *argument);
/** Ends it. Begin and end pair like brackets. */
WEFT_API void weft_handler_end(weft_handler *handler);

/** Handlers of tasks that are created in a block. Made by the macros below; the fields are Weft's own. */
typedef struct weft_task_handling {
    weft_frame frame;
    weft_bound bound;
    struct wefti_handlers *set;
} weft_task_handling;

/**
 * Binds a handler in the tasks that are created in the block that follows, and in those that they create in turn.
 *
 * As WEFT_HANDLER_BIND, but for what is signalled in those tasks, wherever and whenever they run: the handler runs in
 * the worker, on the task's stack; what handle and argument need must live as long. Handlers of an inner such block
 * come first. The block itself signals without it. Allocates; without memory it signals weft_type_no_memory if that is
 * handled here, and else stops the process. Source: task-handler-bind. Row C5.
 *
 *     WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) { weft_submit(results, work, 1); }
 */
#define WEFT_TASK_HANDLER_BIND(type, handle, argument)                                                                 \
    WEFTI_WITH_TASK_HANDLER(__COUNTER__, weft_task_handler_begin, (type), (handle), (argument))
/** The same with an array of clauses. */
#define WEFT_TASK_HANDLERS_BIND(clauses)                                                                               \
    WEFTI_WITH_TASK_HANDLER(__COUNTER__, weft_task_handlers_begin, (clauses), sizeof(clauses) / sizeof *(clauses))

/** What the macros are made of. The clauses are copied. Returns self. */
WEFT_API weft_task_handling *weft_task_handlers_begin(weft_task_handling *self, const weft_handler_clause *clauses,
                                                      size_t count);
/** The same with one clause. */
WEFT_API weft_task_handling *weft_task_handler_begin(weft_task_handling *self, const weft_condition_type *type,
                                                     void (*handle)(const weft_condition *condition, void *argument),
                                                     void *argument);
/** Ends it. Begin and end pair like brackets. */
WEFT_API void weft_task_handlers_end(weft_task_handling *self);

/**
 * Ends the running task with a condition, which its receiver then gets: the restart transfer-error. A handler.
 *
 * condition: any; one that was signalled in this task gets the task's name and backtrace. The task is unwound first.
 * Returns only where no task runs, or for NULL. unused: for its use as a handler. Source: invoke-transfer-error. Row
 * C6.
 */
WEFT_API void weft_invoke_transfer_error(const weft_condition *condition, void *unused);

/** What is asked when nobody took an error. See weft_set_debugger. */
typedef void weft_debugger(const weft_condition *condition, void *argument);

/**
 * Replaces what is called, on the stack of the signaller, for errors that no handler took: in a task if
 * weft_debug_tasks is true, and in plain threads always. It may invoke a restart; when it returns, the error becomes
 * the task's outcome, and in a plain thread the process is stopped. NULL: the one of the beginning, which asks the
 * person at the terminal, if standard input and standard error are one, for a restart, one error at a time, and else
 * writes a report to stderr. An error in it that no handler takes is not shown to it: in a task that is the outcome.
 * Any thread. Row C7.
 */
WEFT_API void weft_set_debugger(weft_debugger *debugger, void *argument);

/** Asks the debugger now, whatever weft_debug_tasks is; in a task, the error is its outcome if that returns. A handler:
 * WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_debugger, NULL). Source: invoke-debugger. */
WEFT_API void weft_invoke_debugger(const weft_condition *condition, void *unused);

/* ---- outcomes ---- */

/** The condition that the last receive of this task or thread got instead of a value, when it returned WEFT_FAILED or
 * WEFT_CANCELLED; NULL: none yet. Good until the next such receive here; whoever keeps it longer retains it. */
WEFT_API const weft_condition *weft_last_condition(void);

/** Fills *condition with the outcome of a receive, to be released, or NULL where it got a value; returns the status:
 *
 *     weft_status status = weft_outcome(weft_receive_result(results, &value, WEFT_FOREVER), &condition);
 */
WEFT_API weft_status weft_outcome(weft_status status, const weft_condition **condition);

/**
 * Raises what is not WEFT_OK: weft_must(weft_receive_result(results, &value, WEFT_FOREVER)).
 *
 * WEFT_FAILED and WEFT_CANCELLED signal an error here of the type and with the message and payload of the last
 * condition received, with that one, and so the task's backtrace, as its cause. Other statuses signal the error of
 * their type. Returns WEFT_OK only. Source: receive-result, which signals. Row C6.
 */
#define weft_must(status) weft_must_at(__FILE__, __func__, __LINE__, (status))
/** What the macro is made of. */
WEFT_API weft_status weft_must_at(const char *file, const char *function, int line, weft_status status);

/**
 * Returns the current kernel; without one it signals the error weft_type_no_kernel with two restarts, and goes on with
 * the kernel that they give: make-kernel (unsigned: the number of workers) and store-value (weft_kernel *). It becomes
 * the value of weft_current_kernel.
 *
 * Submitting and broadcasting without a kernel do the same where a handler for that type is bound (and return
 * WEFT_NO_KERNEL if it declines); where none is, they return WEFT_NO_KERNEL at once. Any task or thread. Source:
 * check-kernel. Row K3.
 */
WEFT_API weft_kernel *weft_check_kernel(void);

/* ---- restarts ---- */

/** How a restart's argument is read from a line that a person types. */
typedef enum weft_argument_kind {
    WEFT_ARGUMENT_NONE = 0,  /**< it has none */
    WEFT_ARGUMENT_OTHER = 1, /**< no way to type one */
    WEFT_ARGUMENT_INTEGER = 2,
    WEFT_ARGUMENT_UNSIGNED = 3,
    WEFT_ARGUMENT_REAL = 4,
    WEFT_ARGUMENT_TEXT = 5 /**< const char *; the text lives as long as the restart's block runs */
} weft_argument_kind;

/** A way to go on. */
typedef struct weft_restart {
    struct weft_restart *outer;
    const char *name;
    const char *report; /**< what it does, for a person; NULL: the name says it */
    weft_argument_kind kind;
    uint32_t clause;
    size_t size; /**< bytes of the argument */
    struct weft_case *at;
    weft_status (*invoke)(const struct weft_restart *self, const void *argument); /**< instead of a case; may return */
    void *data;
} weft_restart;

/** The innermost active restart with this name, or NULL. Good while its block runs. Row C3. */
WEFT_API const weft_restart *weft_find_restart(const char *name);
/** Writes the active restarts, innermost first, as many as there is room for. Returns how many there are. */
WEFT_API size_t weft_list_restarts(const weft_restart **restarts, size_t room);
/** Invokes the innermost restart with this name, which takes no argument. See weft_invoke. */
WEFT_API weft_status weft_invoke_restart(const char *name);
/** The same for one that takes an argument: weft_invoke_restart_with("use-value", &number). */
#define weft_invoke_restart_with(name, pointer) weft_invoke(weft_find_restart(name), (pointer), sizeof *(pointer))

/**
 * Invokes a restart: unwinds to its block and goes on there. Returns only if that cannot be done.
 *
 * argument: copied; size: its bytes. NULL and 0: none. Returns WEFT_INVALID (restart is NULL: there is none of that
 * name; argument is NULL, and size is not 0; the restart's block has ended, or is another task's), WEFT_WRONG_SIZE (an
 * argument of another size, or none), WEFT_NO_MEMORY, or what a restart gives that comes back.
 */
WEFT_API weft_status weft_invoke(const weft_restart *restart, const void *argument, size_t size);

/* ---- cases ----
 *
 *     WEFT_HANDLER_CASE {
 *         WEFT_TRY { value = parse(line); }
 *         WEFT_HANDLE(&parse_error, condition) { fputs(weft_condition_message(condition), stderr); }
 *     }
 *
 *     WEFT_RESTART_CASE {
 *         WEFT_TRY { value = parse(line); }
 *         WEFT_RESTART("skip-line") { value = -1; }
 *         WEFT_RESTART_WITH("use-value", int, given) { value = given; }
 *     }
 *
 * Between the braces stand clauses only; one case may have both kinds, 8 of each at most. All are gone through once,
 * and the types and names evaluated; then the block of WEFT_TRY runs; where control is transferred to a clause,
 * everything inside is unwound, and then its block runs, outside of the case. break, continue, return and goto leave
 * the case from any block (from a clause that declares a name, break and continue leave that block). In the manner of
 * setjmp, local variables of the function that the block of WEFT_TRY changes and that are looked at after a transfer
 * are volatile. In C++ objects made in that block are destroyed, as those of the functions called.
 */

/** Runs a block, with clauses for what is signalled in it: the first that matches. Source: handler-case. Row C2. */
#define WEFT_HANDLER_CASE WEFTI_CASE
/** Runs a block, with clauses to go on with. Source: restart-case. Row C3. */
#define WEFT_RESTART_CASE WEFTI_CASE
/** Clause: the block that is watched. */
#define WEFT_TRY                                                                                                       \
    if (!weft_case_runs(wefti_case)) {                                                                                 \
    } else
/** Clause: a condition of the type was signalled; `name` is it, good in this block (retain it to keep it longer). */
#define WEFT_HANDLE(type, name)                                                                                        \
    for (const weft_condition *name = weft_case_handle(wefti_case, (type)); name != WEFTI_NULL; name = WEFTI_NULL)
/** Clause: a way to go on without an argument. */
#define WEFT_RESTART(name)                                                                                             \
    if (weft_case_restart(wefti_case, (name), 0, WEFT_ARGUMENT_NONE) == WEFTI_NULL) {                                  \
    } else
/** Clause: a way to go on with an argument, of at most 128 bytes: `variable` of `type`. */
#define WEFT_RESTART_WITH(name, type, variable)                                                                        \
    for (type *wefti_given_##variable = (type *)weft_case_restart(wefti_case, (name), sizeof(type), WEFTI_KIND(type)); \
         wefti_given_##variable != WEFTI_NULL; wefti_given_##variable = WEFTI_NULL)                                    \
        for (type variable = *wefti_given_##variable; wefti_given_##variable != WEFTI_NULL;                            \
             wefti_given_##variable = WEFTI_NULL)

/** Runs the block that follows; an error in it, that no handler inside takes, ends the block and nothing else. */
#define WEFT_IGNORE_ERRORS WEFTI_CASE_WITH(weft_case_ignoring)

/**
 * Calls body(argument); a condition of the type that is signalled in it ends the call. What WEFT_HANDLER_CASE does, for
 * other languages. condition: if not NULL, gets it, to be released; NULL if body returned. Returns whether it did.
 */
WEFT_API bool weft_call_handling(void (*body)(void *argument), void *argument, const weft_condition_type *type,
                                 const weft_condition **condition);

enum { WEFTI_CLAUSES_OF_CASE = 8, WEFTI_ARGUMENT_MOST = 128 };

/** What the cases are made of. */
typedef struct weft_case {
    weft_target target;
    weft_handler handler;
    struct weft_restart *outer_restarts;
    uint32_t phase, at, chosen, handlers, restarts;
    const weft_condition *condition;
    char *text; /* the argument, where it is one */
    weft_handler_clause clauses[WEFTI_CLAUSES_OF_CASE];
    weft_restart ways[WEFTI_CLAUSES_OF_CASE];
    uint32_t clause_of[WEFTI_CLAUSES_OF_CASE];
    __attribute__((aligned(16))) unsigned char argument[WEFTI_ARGUMENT_MOST];
} weft_case;

/** What the cases are made of. */
WEFT_API weft_case *weft_case_begin(weft_case *self);
/** What the cases are made of. */
WEFT_API weft_case *weft_case_ignoring(weft_case *self);
/** What the cases are made of: the next time through the clauses; false: the end. */
WEFT_API bool weft_case_go_on(weft_case *self);
/** What the cases are made of: whether the block of WEFT_TRY is to run. */
WEFT_API bool weft_case_runs(weft_case *self);
/** What the cases are made of. */
WEFT_API const weft_condition *weft_case_handle(weft_case *self, const weft_condition_type *type);
/** What the cases are made of. */
WEFT_API void *weft_case_restart(weft_case *self, const char *name, size_t size, weft_argument_kind kind);
/** What the cases are made of: ends them, wherever they are left. */
WEFT_API void weft_case_leave(weft_case **self);

WEFT_END_DECLS

/* ---- below: how the macros work ---- */

#define WEFTI_ORIGIN(type, payload, size, cause)                                                                       \
    wefti_origin(__FILE__, __func__, __LINE__, (type), (payload), (size), (cause))

static inline weft_origin wefti_origin(const char *file, const char *function, int line,
                                       const weft_condition_type *type, const void *payload, size_t size,
                                       const weft_condition *cause) {
    weft_origin origin = {file, function, line, type, payload, size, cause};
    return origin;
}

#define WEFTI_WITH_HANDLER(unique, begin, ...) WEFTI_WITH_HANDLER_(unique, begin, __VA_ARGS__)
#define WEFTI_WITH_HANDLER_(unique, begin, ...)                                                                        \
    for (weft_handler wefti_handler_##unique WEFTI_ENDED_BY(weft_handler_end) = WEFTI_ZERO,                            \
                                             *wefti_once_##unique = begin(&wefti_handler_##unique, __VA_ARGS__);       \
         wefti_once_##unique; wefti_once_##unique = WEFTI_NULL)

#define WEFTI_WITH_TASK_HANDLER(unique, begin, ...) WEFTI_WITH_TASK_HANDLER_(unique, begin, __VA_ARGS__)
#define WEFTI_WITH_TASK_HANDLER_(unique, begin, ...)                                                                   \
    for (weft_task_handling wefti_handling_##unique                                                                    \
             WEFTI_ENDED_BY(weft_task_handlers_end) = WEFTI_ZERO,                                                      \
             *wefti_once_##unique = begin(&wefti_handling_##unique, __VA_ARGS__);                                      \
         wefti_once_##unique; wefti_once_##unique = WEFTI_NULL)

/* A nested case has variables of the same names; that is meant. */
#define WEFTI_CASE WEFTI_CASE_WITH(weft_case_begin)
#define WEFTI_CASE_WITH(begin)                                                                                         \
    _Pragma("GCC diagnostic push") _Pragma(                                                                            \
        "GCC diagnostic ignored \"-Wshadow\"") for (weft_case wefti_room,                                              \
                                                    *wefti_case WEFTI_ENDED_BY(weft_case_leave) = begin(&wefti_room);  \
                                                    weft_case_go_on(wefti_case) &&                                     \
                                                    (wefti_case->phase != 2 ||                                         \
                                                     setjmp(wefti_case->target.place) == 0 ||                          \
                                                     wefti_case->chosen != UINT32_MAX);) _Pragma("GCC diagnostic pop")

#ifdef __cplusplus
template <typename T> struct wefti_kind_of {
    enum { value = WEFT_ARGUMENT_OTHER };
};
#define WEFTI_KIND_IS(type, kind)                                                                                      \
    template <> struct wefti_kind_of<type> {                                                                           \
        enum { value = WEFT_ARGUMENT_##kind };                                                                         \
    };
WEFTI_KIND_IS(int, INTEGER)
WEFTI_KIND_IS(long, INTEGER)
WEFTI_KIND_IS(long long, INTEGER)
WEFTI_KIND_IS(unsigned, UNSIGNED)
WEFTI_KIND_IS(unsigned long, UNSIGNED)
WEFTI_KIND_IS(unsigned long long, UNSIGNED)
WEFTI_KIND_IS(double, REAL)
WEFTI_KIND_IS(const char *, TEXT)
#undef WEFTI_KIND_IS
#define WEFTI_KIND(type) ((weft_argument_kind)wefti_kind_of<type>::value)
#else
#define WEFTI_KIND(type)                                                                                               \
    _Generic(*(type *)NULL, int                                                                                        \
             : WEFT_ARGUMENT_INTEGER, long                                                                             \
             : WEFT_ARGUMENT_INTEGER, long long                                                                        \
             : WEFT_ARGUMENT_INTEGER, unsigned                                                                         \
             : WEFT_ARGUMENT_UNSIGNED, unsigned long                                                                   \
             : WEFT_ARGUMENT_UNSIGNED, unsigned long long                                                              \
             : WEFT_ARGUMENT_UNSIGNED, double                                                                          \
             : WEFT_ARGUMENT_REAL, const char *                                                                        \
             : WEFT_ARGUMENT_TEXT, default                                                                             \
             : WEFT_ARGUMENT_OTHER)
#endif

#endif
