/* SPDX-License-Identifier: MIT */
/* scope.h - cancelling scopes: tasks that no task outlives, waits that end when their scope is cancelled. */
#ifndef WEFT_SCOPE_H
#define WEFT_SCOPE_H

#include <weft/base.h>
#include <weft/group.h>
#include <weft/kernel.h>
#include <weft/task.h>
#include <weft/unwind.h>

WEFT_BEGIN_DECLS

/** A scope, from its beginning to its join. It belongs to the task or thread that began it, its parent. */
typedef struct weft_scope weft_scope;

/**
 * Runs the block that follows in a scope of its own: WEFT_SCOPE(name) { ... }. No task of the scope outlives it.
 *
 *     WEFT_SCOPE(fetching) {
 *         weft_scope_submit(fetching, NULL, fetch, first);
 *         weft_scope_submit(fetching, NULL, fetch, second);
 *     }
 *
 * The end of the block waits for all tasks that were submitted to the scope. If one of them ended with an error, or was
 * killed, the others have been cancelled, and the first error is signalled here, with the task's own as its cause. A
 * block that is left otherwise (break, return, goto, a transfer of control, a kill) cancels the tasks and waits for
 * them too. The name is a weft_scope *. Without memory, or a current kernel, an error is signalled in place of the
 * block. Row X3.
 */
#define WEFT_SCOPE(name) WEFT_SCOPE_UNTIL(name, WEFT_FOREVER)
/** The same with a deadline, at which the scope is cancelled; then its end signals weft_type_timed_out. */
#define WEFT_SCOPE_UNTIL(name, deadline)                                                                               \
    for (weft_scope * name                                                                                             \
             __attribute__((cleanup(weft_leave_scope))) = weft_enter_scope(__FILE__, __func__, __LINE__, (deadline));  \
         name != WEFTI_NULL; weft_close_scope(&name, __FILE__, __func__, __LINE__))

/**
 * Begins a scope; the function form. Scopes end like brackets, in the task or thread that began them.
 *
 * kernel: where its tasks run that have no channel; NULL: the current kernel. It does not end before the scope.
 * deadline: when it is cancelled by itself.
 * Returns the scope, or NULL (weft_last_status(): WEFT_NO_KERNEL, WEFT_ENDED, WEFT_NO_MEMORY; WEFT_INVALID in a movable
 * task). If the caller is in a scope already, that one's cancellation cancels this one as well. Should control leave
 * the caller by a transfer or a kill, the scope is cancelled and joined on the way.
 */
WEFT_API WEFT_CHECKED weft_scope *weft_begin_scope(weft_kernel *kernel, weft_deadline deadline);

/**
 * Waits until all tasks of the scope are done, and ends it; the pointer is dead afterwards.
 *
 * Returns
 *   WEFT_OK         none of what follows
 *   WEFT_FAILED     a task ended with an error, which weft_last_condition() is. WEFT_KILLED: it was killed
 *   WEFT_TIMED_OUT  the deadline cancelled it. WEFT_CANCELLED: weft_cancel_scope did, or a scope around it
 *   WEFT_INVALID    NULL, or not the innermost scope of the caller
 * What came first counts. Parks a task or blocks a thread, whatever is cancelled. What the tasks did happens before.
 */
WEFT_API weft_status weft_join_scope(weft_scope *scope);

/**
 * Cancels a scope: the waits in it end, and its tasks that have not begun never do.
 *
 * Every wait of its parent (before the join) and of its tasks, in channels, results, alternations, futures, groups,
 * mutexes, descriptors, sleeps, ends with WEFT_CANCELLED, if it has not been won already, and so does each later one.
 * So do those in scopes inside. A task that computes may ask weft_cancelled. Clean-ups, and blocks WEFT_WITHOUT_CANCEL,
 * wait as ever. Not ended are: syncs of spawned tasks, calls of weft_call_blocking, the wait for a channel's own lock.
 * A task not begun gives its channel the condition task-cancelled. Harmless twice.
 * Returns WEFT_OK; WEFT_INVALID (NULL); WEFT_NO_MEMORY: it is cancelled, but waits that have begun may last. The scope
 * must not have been joined. Any task or thread. Does not wait.
 */
WEFT_API weft_status weft_cancel_scope(weft_scope *scope);

/** Whether the innermost scope of the caller is cancelled; false outside of scopes. Cheap enough for a loop. */
WEFT_API bool weft_cancelled(void);
/** Signals an error of type weft_type_task_cancelled if it is. */
WEFT_API void weft_check_cancelled(void);

/** Submits a task to a scope: weft_scope_submit(scope, channel, task, arguments...), as weft_submit. channel: of a
 * kernel of its own or the scope's, or NULL. The task stays on its worker, also if it was to be movable. */
#define weft_scope_submit(scope, channel, ...) weft_submit_with(weft_scope_options(scope), channel, __VA_ARGS__)
/** Options for weft_submit_with and weft_make_future: the scope's kernel and group. Good until the join. */
WEFT_API const weft_submit_options *weft_scope_options(const weft_scope *scope);
/** The group of the scope's tasks, for options of one's own. */
WEFT_API weft_group *weft_scope_group(const weft_scope *scope);

/** Runs the block that follows as if its scopes were not cancelled: for a farewell that has to wait. */
#define WEFT_WITHOUT_CANCEL WEFTI_WITHOUT_CANCEL(__COUNTER__)
#define WEFTI_WITHOUT_CANCEL(unique) WEFTI_WITHOUT_CANCEL_(unique)
#define WEFTI_WITHOUT_CANCEL_(unique)                                                                                  \
    for (weft_without_cancel wefti_shield_##unique                                                                     \
         __attribute__((cleanup(weft_without_cancel_end))) = weft_without_cancel_begin();                              \
         wefti_shield_##unique.entered; wefti_shield_##unique.entered = false)

/** Such a block, as the macro has it. */
typedef struct weft_without_cancel {
    void *strand; /**< NULL: of none */
    uint32_t outer;
    bool entered;
} weft_without_cancel;

/** Begins and ends it. Pair like brackets, in one task or thread. */
WEFT_API weft_without_cancel weft_without_cancel_begin(void);
WEFT_API void weft_without_cancel_end(weft_without_cancel *block);

/** What WEFT_SCOPE is made of: as weft_begin_scope in the current kernel, but signals an error; joins and signals;
 * cancels and joins. */
WEFT_API weft_scope *weft_enter_scope(const char *file, const char *function, int line, weft_deadline deadline);
WEFT_API void weft_close_scope(weft_scope **scope, const char *file, const char *function, int line);
WEFT_API void weft_leave_scope(weft_scope **scope);

WEFT_END_DECLS

#endif
