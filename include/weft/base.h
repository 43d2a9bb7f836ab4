/* SPDX-License-Identifier: MIT */
/* base.h - what every other public header of Weft stands on: linkage, statuses, deadlines. */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0
#define WEFT_VERSION "0.1.0"

#ifdef __cplusplus
#define WEFT_BEGIN_DECLS extern "C" {
#define WEFT_END_DECLS }
#else
#define WEFT_BEGIN_DECLS
#define WEFT_END_DECLS
#endif

#define WEFT_API __attribute__((visibility("default")))
#define WEFT_CHECKED __attribute__((warn_unused_result))

WEFT_BEGIN_DECLS

/**
 * Says how an operation of Weft ended.
 *
 * Every function that can fail returns one, or returns NULL and leaves one for weft_last_status().
 * Nothing in Weft reports through errno.
 */
typedef enum weft_status {
    WEFT_OK = 0,           /**< done */
    WEFT_TIMED_OUT = 1,    /**< the deadline passed first; with WEFT_NOW: not possible at once */
    WEFT_CLOSED = 2,       /**< the channel is closed (and, for a receive, empty) */
    WEFT_FAILED = 3,       /**< the element received is a condition: the task failed */
    WEFT_CANCELLED = 4,    /**< the task was cancelled before it began, or the wait was cancelled (scope.h) */
    WEFT_NO_KERNEL = 5,    /**< no kernel was given and there is no current kernel */
    WEFT_ENDED = 6,        /**< the kernel has been ended */
    WEFT_INVALID = 7,      /**< an argument breaks a rule that the function states */
    WEFT_WRONG_SIZE = 8,   /**< the size of a value differs from the element size of the channel */
    WEFT_NO_MEMORY = 9,    /**< memory, or a stack for a waiting task, cannot be had */
    WEFT_NO_THREADS = 10,  /**< the system gives no further thread */
    WEFT_IN_WORKER = 11,   /**< not allowed from inside a worker */
    WEFT_BUSY = 12,        /**< somebody still uses the object */
    WEFT_NOT_STARTED = 13, /**< a context function returned without entering its worker loop */
    WEFT_KILLED = 14       /**< the element received is a condition: the task was killed */
} weft_status;

/**
 * Names a status in one word, such as "timed-out".
 *
 * status: any value; an unknown one is named "unknown".
 * Callable from anywhere, signal handlers included. Never blocks. The text is static.
 */
WEFT_API const char *weft_status_name(weft_status status);

/**
 * Describes a status in a sentence for a person.
 *
 * status: any value. Callable from anywhere, signal handlers included. Never blocks. The text is static.
 */
WEFT_API const char *weft_status_message(weft_status status);

/**
 * Returns why the last Weft function on this thread that returned NULL did so.
 *
 * Meaningful only directly after such a call. Callable from any thread or task. Never blocks.
 */
WEFT_API weft_status weft_last_status(void);

/**
 * A point in time: nanoseconds of the monotonic clock. Always the last argument of a call that can wait.
 *
 * One clock decides everything: a match that was made before the deadline is never reported as timed out.
 */
typedef int64_t weft_deadline;

#define WEFT_NOW ((weft_deadline)0)             /**< do not wait */
#define WEFT_FOREVER ((weft_deadline)INT64_MAX) /**< wait as long as it takes */

/**
 * Returns the current time of the clock that deadlines are measured with, in nanoseconds (at least 1).
 *
 * Callable from anywhere, signal handlers included. Never blocks.
 */
WEFT_API weft_deadline weft_time(void);

/**
 * Makes a deadline that lies the given number of seconds ahead.
 *
 * seconds: zero, negative or NaN gives WEFT_NOW; more than 292 years, or infinity, gives WEFT_FOREVER.
 * Callable from anywhere, signal handlers included. Never blocks.
 */
WEFT_API weft_deadline weft_after(double seconds);

WEFT_END_DECLS

#endif
