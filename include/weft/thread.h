/* SPDX-License-Identifier: MIT */
/* thread.h - threads that Weft did not make: outer calls, process objects, interrupts, calls back in a thread's loop.
 */
#ifndef WEFT_THREAD_H
#define WEFT_THREAD_H

#include <weft/base.h>
#include <weft/channel.h>
#include <weft/kernel.h>

WEFT_BEGIN_DECLS

struct weft_submit_options;

/**
 * One call into Weft on a thread, between weft_enter_thread and weft_leave_thread. The field is Weft's own.
 *
 * Any thread may call any function of Weft without one: the first use makes the thread's process object. A pair of
 * these is for who wants an outer call to have a beginning and an end.
 */
typedef struct weft_thread_call {
    weft_bound *bound;
} weft_thread_call;

/**
 * Enters Weft on this thread: an outer call, or inside of one (or of a task) a recursive call.
 *
 * call: not NULL; stays in place until weft_leave_thread, on this thread; pairs like brackets.
 * An outer call binds the initial bindings anew, each to the value computed when the process object was made; what is
 * set of them in the call ends with it. A recursive call binds nothing. An outer call first runs the functions that
 * weft_interrupt_process has left.
 * Returns WEFT_OK; WEFT_INVALID (NULL); WEFT_NO_MEMORY: no process object can be made, and WEFT_FAILED: an error ended
 * the computation of an initial value (the debugger has been asked, as in a task): nothing is entered.
 * Any thread or task, not a signal handler. Does not block. errno stays as it is.
 * Source: LispWorks, 19.12.1. Rows T1, T2.
 */
WEFT_API WEFT_CHECKED weft_status weft_enter_thread(weft_thread_call *call);

/** Leaves what weft_enter_thread has entered; at the end of an outer call the process object is kept unless
 * weft_last_callback_on_thread was called. A binding of the block that is still there ends. Never fails; a thread that
 * leaves what it has not entered, or NULL, is stopped with a line that says so. */
WEFT_API void weft_leave_thread(weft_thread_call *call);

/**
 * Calls function(argument) between weft_enter_thread and weft_leave_thread, behind a boundary: what foreign code calls
 * back, in place.
 *
 * Foreign code that calls back has frames on the stack that know nothing of conditions. So nothing of Weft passes this
 * call; what would is its status:
 * - An error asks the handlers as everywhere, those that are bound outside too. If all decline, what function has begun
 *   is unwound, its clean-ups run, and the call ends with the error; the debugger is not asked.
 * - A handler case outside declines, and restarts outside are not there: they could only transfer control past this.
 * - A kill of the task, or of the thread's call (weft_kill_process), waits until it is outside of this call.
 * Who calls then tells the foreign code that it failed, and raises the condition again once that has returned:
 *
 *     static int row(void *sums, int count, char **values, char **names) {        called by SQLite
 *         return weft_call_in_thread(add_row, &(struct row){sums, values}, NULL) == WEFT_OK ? 0 : SQLITE_ABORT;
 *     }
 *     ... if (sqlite3_exec(db, query, row, &sums, NULL) == SQLITE_ABORT) weft_error_again(weft_last_condition());
 *
 * function: not NULL. It must not be left by longjmp, nor by an exception of C++: the process is stopped with a line
 * that says so, if a catch further out would have taken it. It may end its thread (pthread_exit, pthread_cancel).
 * *result, unless result is NULL, is what it returned, on WEFT_OK.
 * Returns WEFT_OK; WEFT_FAILED, or what status the condition has: an error ended it, see weft_last_condition;
 * WEFT_INVALID (NULL) and WEFT_NO_MEMORY: function was not called. Any thread or task. Rows T1, T2.
 */
WEFT_API weft_status weft_call_in_thread(int (*function)(void *argument), void *argument, int *result);

/**
 * Calls function(argument) as a task and waits for its outcome: what foreign code calls back, in a worker.
 *
 * For work that wants a worker's bindings, or to be counted, killed and cancelled as tasks are. options: as of
 * weft_submit_with; NULL: the current kernel. function: not NULL; all of its task ends with it. *result, unless result
 * is NULL, is what it returned, on WEFT_OK.
 * Returns WEFT_OK; WEFT_FAILED (an error that nobody took), WEFT_KILLED, WEFT_CANCELLED (its group was): see
 * weft_last_condition; WEFT_NO_KERNEL, WEFT_ENDED, WEFT_NO_MEMORY, WEFT_INVALID (NULL, options, or the caller holds a
 * channel's lock): it is not called.
 * Any thread or task. Waits as long as the task takes: argument may lie on the caller's stack. A task that waits here
 * is not killed, a thread not cancelled, before that. Row T4.
 */
WEFT_API weft_status weft_call_as_task(const struct weft_submit_options *options, int (*function)(void *argument),
                                       void *argument, int *result);

/**
 * Says that this is probably the last outer call on this thread: its process object is eliminated when the call ends.
 *
 * Only a hint: a later call makes a new one, and it is kept while something that began before the call is in effect (a
 * lock, a clean-up, handlers, a scope, initial bindings above the caller's own). Returns true on a thread that Weft did
 * not make, inside of an explicit outer call; else false, and nothing changes. Source: LispWorks,
 * last-callback-on-thread. Row T3.
 */
WEFT_API bool weft_last_callback_on_thread(void);

/**
 * Sets the bindings that each thread which Weft did not make begins with.
 *
 * bindings, count: copied, in order; they replace those set before. NULL and 0: none. Values are computed once for each
 * process object, in its thread and its dynamic environment, when it is made; none of the bindings is in effect then.
 * They are in effect as long as the process object is kept, and are bound anew for every explicit outer call. Where an
 * error ends the computation no process object is made: weft_enter_thread returns WEFT_FAILED, others WEFT_NO_MEMORY.
 * Process objects that exist keep theirs. Workers have bindings of their own, see weft_kernel_options.
 * Returns WEFT_OK, WEFT_INVALID (a bad binding), WEFT_NO_MEMORY. Any thread.
 * Source: LispWorks, *process-initial-bindings*. Row T1.
 */
WEFT_API weft_status weft_set_process_initial_bindings(const weft_worker_binding *bindings, size_t count);

/** Names a process object; 0 is none. Never used twice. */
typedef uint64_t weft_process;

/** What is known of one. */
typedef struct weft_process_info {
    weft_process process;
    int thread;          /**< the system's number of the thread */
    unsigned calls;      /**< explicit calls that it is in, the outer one included */
    const char *waits;   /**< what it waits for, "receive" for example; NULL: it does not wait */
    bool worker;         /**< whether it is the thread of a worker */
    unsigned interrupts; /**< functions left for it that have not run */
    char name[24];       /**< cut, ends with a zero; empty: none */
} weft_process_info;

/** The caller's process; inside a task, and where none can be made, 0. Makes the process object. */
WEFT_API weft_process weft_current_process(void);

/** How many process objects there are. docs/THREADS.md says what one takes. */
WEFT_API size_t weft_process_count(void);

/**
 * Writes about each process object, newest first; at most `room` of them. Returns how many there are.
 *
 * A snapshot. Any thread or task; takes a lock for a short time.
 */
WEFT_API size_t weft_list_processes(weft_process_info *infos, size_t room);

/** Names the calling thread's process; NULL: no name. WEFT_INVALID in a task, WEFT_NO_MEMORY. */
WEFT_API weft_status weft_name_process(const char *name);

/**
 * Has function(argument) called in the thread of a process: at its next explicit outer call or where it begins to wait
 * or waits in Weft.
 *
 * A wait goes on afterwards; the function sees the bindings of the place where the thread waits, and may use all of
 * Weft but the locks of channels that the thread holds. What it signals is signalled to the thread: the handlers of
 * that place are asked, and may do anything but transfer control out of the wait. Co-operative: a thread that computes
 * is not stopped, one that ends before leaves it undone. Returns WEFT_OK: it has been left there; WEFT_INVALID: no such
 * process, a worker's, or NULL; WEFT_NO_MEMORY. Any thread or task. Does not wait for it. Row T4.
 */
WEFT_API weft_status weft_interrupt_process(weft_process process, void (*function)(void *argument), void *argument);

/** What the arguments of a task begin with whose type has weft_invoke_on_thread. */
typedef struct weft_call_on_thread {
    void (*function)(void *arguments, void *result); /**< called with the task's; they may lie on another stack */
} weft_call_on_thread;

/**
 * An `invoke` for weft_task_type: calls the function that the arguments begin with on a thread's own stack.
 *
 * For bindings of languages whose code must find itself there, such as Lisp's, which looks through the stack for
 * references: tasks run on stacks of their own. The task waits as in weft_call_blocking, and what that cannot do, or an
 * error that nobody took, is its outcome. arguments: begins with a weft_call_on_thread. In tasks.
 */
WEFT_API void weft_invoke_on_thread(void *arguments, void *result);

/** A function to be called in whichever thread looks after the channel that it is sent to: see weft_run_calls. */
typedef struct weft_call {
    void (*function)(void *argument);
    void *argument;
} weft_call;

/**
 * Runs calls out of a channel here, a bounded slice of them: how work of tasks comes to the thread of a foreign loop.
 *
 * calls: a channel of weft_call; tasks and threads send to it, a loop waits for weft_channel_descriptor(calls) and then
 * calls this. most: at most so many calls are run. seconds: none is begun after this time.
 * Returns how many were run; weft_last_status() is WEFT_OK if the slice was used up, WEFT_TIMED_OUT if there are no
 * more now, WEFT_CLOSED, or WEFT_INVALID, WEFT_WRONG_SIZE. Never waits by itself.
 */
WEFT_API size_t weft_run_calls(weft_channel *calls, size_t most, double seconds);

WEFT_END_DECLS

#endif
