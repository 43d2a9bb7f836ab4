/* SPDX-License-Identifier: MIT */
/* kill.h - killing tasks that loop, hang or wait for ever, and regions in which a task is not killed. */
#ifndef WEFT_KILL_H
#define WEFT_KILL_H

#include <weft/base.h>
#include <weft/kernel.h>

WEFT_BEGIN_DECLS

/** Options of weft_kill_tasks. All zero is the default of each. */
typedef struct weft_kill_options {
    bool dry_run; /**< kill nothing, just count */
} weft_kill_options;

/**
 * Kills the tasks of a category that have begun and not ended: running, looping, blocked, or waiting.
 *
 * For exceptional cases, such as a plug-in that does not come back. Pending tasks are not affected, nor are tasks that
 * a killed one has submitted, unless they are of the category themselves and have begun.
 *
 * kernel: NULL is the current kernel; without one the answer is 0. category: compared by identity; NULL, which is no
 *   category, is answered with 0 and weft_last_status() WEFT_INVALID; else that is WEFT_OK, WEFT_NO_MEMORY where some
 * could not be killed for want of it, or WEFT_TIMED_OUT where a worker did not answer (see below). options: NULL for
 * the defaults. Returns how many tasks it has marked; with dry_run how many it would have. A task is marked at one
 * moment in the call, exactly if it has begun and not ended then, and each that is marked is counted once. It then dies
 * as soon as that harms nobody, often before this returns: at once in the program's own code, at the return from a
 * library, at the end of a region without kill. Its clean-ups (WEFT_UNWIND_PROTECT) run, each once. Whoever receives
 * its result gets WEFT_KILLED, when it is dead. Its worker goes on with the same index, queue and waiting tasks; as
 * soon as no other task of it is in progress, its context function returns, its bindings are computed and its context
 * function is called anew. If its thread had to be given up, that is done at once, on a new thread. A task that has
 * returned and only waits to deliver its result is not killed, nor is one of weft_broadcast. A task that is of the
 * category itself is counted too, dies last, and does not return from here. What the task has allocated, opened or
 * locked otherwise stays so: that is for its clean-ups to know. Callable from any thread or task, not in a signal
 * handler. Blocks for some ten microseconds, until each worker concerned has answered; one that has no processor is
 * waited for, up to a minute. One that does not answer in two seconds, or in the kill deadline if that is longer,
 * though it could, since its thread has SIGURG blocked or is in an uninterruptible sleep of the system, or, where kills
 * only reach who waits, since it is blocked, is left out, and its tasks are not marked and go on; so is, there, one
 * that computes for the kill deadline without coming to its loop. weft_last_status() tells. docs/KILL.md says what can
 * be killed where. Source: kill-tasks. Rows K10, X1, X2.
 */
WEFT_API size_t weft_kill_tasks(weft_kernel *kernel, weft_category category, const weft_kill_options *options);

/**
 * Waits until every task that was marked in this category is dead or lost.
 *
 * kernel: NULL is the current kernel, or any if there is none. category: NULL is any.
 * lost: if not NULL, how many threads had to be given up for tasks of any kernel since the process began.
 * Returns WEFT_OK, WEFT_TIMED_OUT, or WEFT_NO_MEMORY. Parks a task or blocks a thread. What the tasks did happens
 * before.
 */
WEFT_API weft_status weft_wait_killed(weft_kernel *kernel, weft_category category, weft_deadline deadline,
                                      size_t *lost);

/** What became of marked tasks since the process began. */
typedef struct weft_kill_counts {
    size_t marked;  /**< by weft_kill_tasks */
    size_t killed;  /**< dead, clean-ups done, outcome delivered */
    size_t escaped; /**< ended by themselves before they were reached */
    size_t lost;    /**< could not be brought to an end: their thread was left behind and their worker given another */
    size_t dying;   /**< marked, and none of these yet */
} weft_kill_counts;

/** Reads the counts. Any thread or task. Does not wait. */
WEFT_API void weft_read_kill_counts(weft_kill_counts *counts);

/**
 * Sets how long a marked task may take to die: in a library or a clean-up that does not return, say.
 *
 * After that a clean-up that still runs is left for the next one, and a task that cannot be left is given up with its
 * thread. seconds: more than 0, to 3600; 0.25 at first. Returns WEFT_OK or WEFT_INVALID. Any thread or task.
 */
WEFT_API weft_status weft_set_kill_deadline(double seconds);

/** Where tasks can be killed in this process. */
typedef enum weft_kill_reach {
    WEFT_KILL_WAITING = 0, /**< where they wait in Weft: channels, alternations, groups, sleeps, descriptors, mutexes */
    WEFT_KILL_ANYWHERE = 1 /**< also while they compute or block in the system */
} weft_kill_reach;

/** Tells it; ANYWHERE needs x86-64, Linux, the GNU C library as a shared one, and no sanitizer. Any thread or task. */
WEFT_API weft_kill_reach weft_how_far_kills_reach(void);

/**
 * Declares code of a shared object to be code in which a task may be stopped at any instruction, as the program's own
 * is.
 *
 * name: a part of its path, such as "libplugin.so"; at most 127 bytes, copied. For plug-ins: without it a task in them
 * is stopped only when it returns to the program. Not for libraries that hold locks of their own, or that others use at
 * the same time. Returns WEFT_OK, WEFT_INVALID, or WEFT_NO_MEMORY (32 names are known). Any thread or task.
 */
WEFT_API weft_status weft_make_object_killable(const char *name);

/**
 * Runs the block that follows without being killed in it: a kill takes effect at its end.
 *
 *     WEFT_WITHOUT_KILL { balance -= sum; other += sum; }
 *
 * May be nested. The block may be left by break, continue, return or goto, and by every transfer of Weft. It does not
 * keep the task from waiting, nor from being given up when the kill deadline is over and its thread is stuck in a
 * library. The slice of a task does not end in it either. On a plain thread it keeps weft_kill_process off; outside of
 * tasks and of weft_call_killable it does nothing. Row X2.
 */
#define WEFT_WITHOUT_KILL WEFTI_WITHOUT_KILL(__COUNTER__)
#define WEFTI_WITHOUT_KILL(unique) WEFTI_WITHOUT_KILL_(unique)
#define WEFTI_WITHOUT_KILL_(unique)                                                                                    \
    for (weft_without_kill wefti_region_##unique                                                                       \
         __attribute__((cleanup(weft_without_kill_end))) = weft_without_kill_begin();                                  \
         wefti_region_##unique.entered; wefti_region_##unique.entered = false)

/** A region without kill, as the macro has it. */
typedef struct weft_without_kill {
    void *task; /**< of this task or thread; NULL: of none */
    uint32_t outer;
    bool entered;
} weft_without_kill;

/** Begins and ends a region. Pair like brackets, in one task or thread. end may not return: the task is killed there if
 * it is to be. */
WEFT_API weft_without_kill weft_without_kill_begin(void);
WEFT_API void weft_without_kill_end(weft_without_kill *region);

/**
 * Calls function(argument) so that the call can be ended from outside, by weft_kill_process; on a thread that Weft did
 * not make.
 *
 * function: not NULL. *result, unless result is NULL, is what it returned, on WEFT_OK. An outer call as of
 * weft_enter_thread begins and ends with it. Inside of another such call, and in a task, it is a plain call: what is
 * ended is the outermost, or the task.
 * Returns WEFT_OK; WEFT_KILLED: it was ended, its clean-ups (WEFT_UNWIND_PROTECT, WEFT_WITH_MUTEX) have run, and the
 * thread goes on here, its process object eliminated as by weft_last_callback_on_thread; WEFT_INVALID (NULL),
 * WEFT_NO_MEMORY: it was not called. Nothing may leave it but its return and kills. Gives the thread a signal stack,
 * where it has none. Rows T3, T4.
 */
WEFT_API weft_status weft_call_killable(int (*function)(void *argument), void *argument, int *result);

/**
 * Ends the weft_call_killable that a thread is in.
 *
 * process: as of weft_current_process, for a thread that Weft did not make. The call ends as soon as that harms nobody,
 * as a task does (weft_kill_tasks): where it waits in Weft, in the program's own code, blocked in a call of the system;
 * in a library it is asked again and again until it is found outside; never in a region without kill or a clean-up.
 * Where kills only reach who waits (weft_how_far_kills_reach), so do these. A thread is never given up: what cannot be
 * ended goes on, and the mark stays.
 * Returns WEFT_OK: the call is marked, or was before; it may still return by itself first. WEFT_INVALID: no such
 * process, a worker's, or one that is in no such call. WEFT_NO_MEMORY. Who ends its own call does not return from here.
 * Any thread or task. Does not wait for the end. Row T4.
 */
WEFT_API weft_status weft_kill_process(uint64_t process);

WEFT_END_DECLS

#endif
