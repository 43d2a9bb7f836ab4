/* SPDX-License-Identifier: MIT */
/* trace.h - seeing what a program does: dumps and counters. */
#ifndef WEFT_TRACE_H
#define WEFT_TRACE_H

#include <weft/base.h>
#include <weft/kernel.h>

WEFT_BEGIN_DECLS

/**
 * Writes every kernel, worker and task to a file descriptor: name, category, state, what it waits for, and since when.
 *
 * descriptor: open for writing. Callable from anywhere, signal handlers included; allocates nothing; where a lock is
 * not to be had at once it says so and goes on. Returns WEFT_OK, or WEFT_INVALID if writing failed. A snapshot. Row O3.
 */
WEFT_API weft_status weft_dump(int descriptor);

/**
 * Makes a signal write a dump to stderr, for example SIGQUIT or SIGUSR1.
 *
 * Replaces the disposition of that signal. Returns WEFT_OK or WEFT_INVALID (not a signal that can be caught).
 */
WEFT_API weft_status weft_dump_on_signal(int signal_number);

/** What one worker has done since its kernel was made. */
typedef struct weft_worker_counters {
    uint64_t tasks;           /**< tasks run to their end */
    uint64_t steals;          /**< times it took work from another worker */
    uint64_t parks;           /**< times a task of it had to wait */
    uint64_t sleeps;          /**< times it went to sleep */
    uint64_t slices;          /**< times a task of it was switched away at the end of its slice */
    uint64_t live;            /**< tasks that have begun and are not done, waiting ones included */
    uint64_t pending;         /**< tasks in its own queue that have not begun, about */
    uint64_t stacks;          /**< stacks it has in use or in its cache */
    int64_t busy_nanoseconds; /**< time in which it was neither searching nor asleep, up to its last change of state */
    bool busy;                /**< whether it is neither searching nor asleep now */
} weft_worker_counters;

/**
 * Reads the counters of one worker.
 *
 * kernel: NULL is the current kernel. worker: its index. Returns WEFT_OK, WEFT_NO_KERNEL, WEFT_INVALID.
 * Each field is read at its own time: a sum over fields may be off by what happened meanwhile. Any thread.
 */
WEFT_API weft_status weft_read_counters(const weft_kernel *kernel, unsigned worker, weft_worker_counters *counters);

WEFT_END_DECLS

#endif
