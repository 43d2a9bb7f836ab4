/* SPDX-License-Identifier: MIT */
/* future.h - promises, futures, speculations, delays and chains: an outcome that is there later, for all who ask. */
#ifndef WEFT_FUTURE_H
#define WEFT_FUTURE_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

struct weft_submit_options;
struct weft_task_type;

/**
 * Something that has its outcome, a value or the reason why there is none, later and then for ever.
 *
 * Counted: who makes one has a reference, each weft_retain_future adds one, weft_release_future gives one up. A call
 * that gets a future needs the caller's reference until it returns. A future that nobody holds any more runs all the
 * same. Rows F1, F2.
 */
typedef struct weft_future weft_future;

/** How a future comes to its outcome. */
typedef enum weft_future_kind {
    WEFT_PROMISE = 0,   /**< somebody fulfils it */
    WEFT_FUTURE = 1,    /**< a task that is submitted at once */
    WEFT_SPECULATE = 2, /**< a task that is submitted with low priority */
    WEFT_DELAY = 3      /**< a task that who forces it first runs; never submitted */
} weft_future_kind;

/**
 * Makes a future of a task and starts it: weft_future(task, arguments...). Also pexec of Eager Future; its yield is
 * weft_force, its select weft_select_future, and its pcall a future whose task forces its arguments.
 *
 *     WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }
 *     weft_future *sum = weft_future(add, 3, 4);
 *     int seven;
 *     weft_status status = weft_force(sum, &seven, WEFT_FOREVER);
 *     weft_release_future(sum);
 */
#define weft_future(...) weft_future_with(NULL, __VA_ARGS__)
/** The same with options of the submission: weft_future_with(&options, task, arguments...). */
#define weft_future_with(options, ...)                                                                                 \
    WEFTI_CAT(WEFTI_FUTURE_, WEFTI_COUNT(__VA_ARGS__))(WEFT_FUTURE, (options), __VA_ARGS__)
/** A future that runs when nothing of default priority is pending: weft_speculate(task, arguments...). */
#define weft_speculate(...) WEFTI_CAT(WEFTI_FUTURE_, WEFTI_COUNT(__VA_ARGS__))(WEFT_SPECULATE, NULL, __VA_ARGS__)
/** A future that runs when it is forced, in who forces it first: weft_delay(task, arguments...). Needs no kernel. */
#define weft_delay(...) WEFTI_CAT(WEFTI_FUTURE_, WEFTI_COUNT(__VA_ARGS__))(WEFT_DELAY, NULL, __VA_ARGS__)

/**
 * Makes a future of a task, without types; what the macros above are made of.
 *
 * kind: not WEFT_PROMISE. options: NULL for the defaults; must be NULL for a delay. type: lives as long as the program.
 * arguments: type->argument_size bytes, copied. The result may have any size.
 * Returns NULL if it cannot be made, and weft_last_status() says why: as weft_submit_task. Any thread or task. Never
 * blocks. What happened before happens before the task; the end of the task happens before the return of each force.
 */
WEFT_API WEFT_CHECKED weft_future *weft_make_future(weft_future_kind kind, const struct weft_submit_options *options,
                                                    const struct weft_task_type *type, const void *arguments);

/** Makes a promise of a value of `type`. */
#define weft_make_promise(type) weft_make_promise_sized(sizeof(type))
/** Makes a promise of a value of `size` bytes, 0 for none. NULL if there is no memory. Any thread or task. */
WEFT_API WEFT_CHECKED weft_future *weft_make_promise_sized(size_t size);

/** Makes a future that is another one: force, fulfil and the rest act on that. NULL for NULL, or if there is no
 * memory. Takes a reference of its own. Any thread or task. Source: chain. */
WEFT_API WEFT_CHECKED weft_future *weft_make_chain(weft_future *future);

/** Adds a reference and returns the future. NULL allowed. Any thread or task. */
WEFT_API weft_future *weft_retain_future(weft_future *future);
/** Gives a reference up. NULL allowed. Any thread or task. Never blocks. */
WEFT_API void weft_release_future(weft_future *future);

/** Fulfils a future with *(pointer); see weft_fulfil_future. */
#define weft_fulfil(future, pointer) weft_fulfil_future((future), (pointer), sizeof *(pointer))
/**
 * Gives a future its value, once: the first of all who try, running tasks included, is the one.
 *
 * A future whose task has not begun is fulfilled too, and its task never runs.
 * Returns WEFT_OK: this call did it; WEFT_BUSY: it is fulfilled, running or being fulfilled; WEFT_WRONG_SIZE: size is
 * not that of the result; WEFT_INVALID: NULL. Any thread or task. Never blocks. Happens before the return of each
 * force. Source: fulfill.
 */
WEFT_API weft_status weft_fulfil_future(weft_future *future, const void *value, size_t size);
/** The same with a reason why there is no value. message: lives as long as the program; NULL: none. Forces return
 * WEFT_FAILED. WEFT_OK, WEFT_BUSY or WEFT_INVALID. */
WEFT_API weft_status weft_fail_future(weft_future *future, const char *message);

/** Replaces a failure by a value for good: weft_store(future, pointer); see weft_store_future. */
#define weft_store(future, pointer) weft_store_future((future), (pointer), sizeof *(pointer))
/**
 * Gives a future that has failed a value after all: the first of all who try. Forces from now on get it.
 *
 * Returns WEFT_OK; WEFT_BUSY: it has no outcome yet, or a value; WEFT_WRONG_SIZE, WEFT_INVALID as in
 * weft_fulfil_future. Any thread or task. Never blocks. Source: the restart store-value of force.
 */
WEFT_API weft_status weft_store_future(weft_future *future, const void *value, size_t size);

/** Whether it has its outcome, a failure included. NULL: false. Any thread or task. Never blocks. */
WEFT_API bool weft_fulfilled(const weft_future *future);
/** Why it has no value: the text of its failure; NULL if it has none, or is not fulfilled. Any thread or task. */
WEFT_API const char *weft_future_message(const weft_future *future);

/** Waits for a future's value and copies it to *(pointer); see weft_force_future. */
#define weft_force(future, pointer, deadline) weft_force_future((future), (pointer), sizeof *(pointer), (deadline))
/**
 * Waits for a future's outcome; the same one at each force, for all.
 *
 * result: size bytes, or NULL if the value is not wanted. A task that has not begun is run here and now, by the
 * caller, if the deadline is WEFT_FOREVER and the future was made without options beyond a kernel; a delay also with
 * any deadline but WEFT_NOW, and then to its end.
 * Returns
 *   WEFT_OK          *result is the value
 *   WEFT_FAILED      there is none; weft_future_message says why.  WEFT_CANCELLED: its group was, before it began
 *   WEFT_TIMED_OUT   no outcome until the deadline
 *   WEFT_WRONG_SIZE  size is not that of the result
 *   WEFT_INVALID     NULL, the caller holds a channel's lock, or the future waits for its own task: that forces it, or
 *                    another one that forces it, and so on
 *   WEFT_NO_MEMORY   for a stack to wait with
 * The task that is run here sees the caller's bindings, and the task handlers that were captured where the future was
 * made (a delay: the caller's handlers). Its errors are its outcome, and not the caller's; if control is transferred
 * from it to a place outside of the force, the future has failed. Where the caller's stack is nearly used up by futures
 * that force others, a worker is left to run it.
 * Any thread or task. Parks a task or blocks a thread. Source: force.
 */
WEFT_API weft_status weft_force_future(weft_future *future, void *result, size_t size, weft_deadline deadline);

/** Waits for a future's value, and raises what is not WEFT_OK: weft_must_force(future, &value, deadline).
 *
 * As weft_must(weft_force(...)), with a restart store-value around the error of a future that has failed: its argument,
 * a value of the future's size, becomes the future's value for good, unless somebody was first, and is what this call
 * gives then. Returns WEFT_OK only. For it include <weft/condition.h>. Source: force, which signals, and its restart.
 */
#define weft_must_force(future, pointer, deadline)                                                                     \
    weft_must_force_at(__FILE__, __func__, __LINE__, (int)WEFTI_KIND(__typeof__(*(pointer))), (future), (pointer),     \
                       sizeof *(pointer), (deadline))
/** What the macro is made of. kind: how the restart's argument is read from a line, a weft_argument_kind. */
WEFT_API weft_status weft_must_force_at(const char *file, const char *function, int line, int kind, weft_future *future,
                                        void *result, size_t size, weft_deadline deadline);

/**
 * Waits until any of several futures has its outcome, and returns its index; the first listed if several have.
 *
 * futures: `count` of them, 1 to 65,536. Runs none of them: a delay is chosen only after somebody forced it.
 * Returns `count` if there is none, and weft_last_status() says why: WEFT_TIMED_OUT, WEFT_INVALID, WEFT_NO_MEMORY.
 * Any thread or task. Parks or blocks. In an alternation among other things: WEFT_FUTURE_DONE. Source: select.
 */
WEFT_API size_t weft_select_future(weft_future *const *futures, size_t count, weft_deadline deadline);

WEFT_END_DECLS

#endif
