/* SPDX-License-Identifier: MIT */
/* kernel.h - kernels: a group of worker threads that run tasks. */
#ifndef WEFT_KERNEL_H
#define WEFT_KERNEL_H

#include <weft/base.h>
#include <weft/dynamic.h>

WEFT_BEGIN_DECLS

/** A group of workers with the queues they serve. */
typedef struct weft_kernel weft_kernel;

/** What a task belongs to: compared by identity. NULL is not a category. */
typedef const void *weft_category;

/** Which tasks run first: a low one runs only while no task of default priority is pending. */
typedef enum weft_priority { WEFT_PRIORITY_DEFAULT = 0, WEFT_PRIORITY_LOW = 1 } weft_priority;

/** The category of tasks for which none was chosen. */
WEFT_API extern const char weft_category_default[];

/** The loop of one worker, handed to the kernel's context function. */
typedef struct weft_worker_loop weft_worker_loop;

/**
 * Runs the worker's loop; returns when the worker ends.
 *
 * loop: what the context function was given. Must be called exactly once, by that function, on that thread.
 * A second call returns WEFT_INVALID at once.
 */
WEFT_API weft_status weft_enter_worker_loop(weft_worker_loop *loop);

/** One binding that every worker gets: the value is computed inside each worker when the worker is created. */
typedef struct weft_worker_binding {
    weft_variable *variable;                      /**< not NULL */
    void (*compute)(void *value, void *argument); /**< writes the value; NULL copies *argument */
    void *argument;                               /**< handed to compute; must live as long as the kernel */
} weft_worker_binding;

/** Options of weft_make_kernel. All zero is the default of each. */
typedef struct weft_kernel_options {
    const char *name;                    /**< NULL: "weft". Copied. Threads carry it, cut to what the system allows */
    const weft_worker_binding *bindings; /**< established in order in each worker, before the context. Copied */
    size_t binding_count;
    /** Wraps the whole life of each worker and must call weft_enter_worker_loop(loop) once. NULL: just that call. */
    void (*context)(weft_worker_loop *loop, void *context_argument);
    void *context_argument;
    int64_t spin_count; /**< rounds of searching before a worker sleeps; 0: weft_spin_count; WEFT_NO_SPIN: none */
    bool use_caller;    /**< a thread that waits for fork/join work takes part in it */
    size_t stack_size;  /**< bytes of a task's stack: 0 is 256 KiB; 16 KiB to 1 GiB, rounded up to a power of two */
    /** Seconds of processor time after which a task that computes gives way to others that wait for its worker; 0:
     * only of its own accord. 1e-4 to 3600. docs/SLICES.md says what a task has to know of it. Row K19. */
    double slice;
} weft_kernel_options;

#define WEFT_NO_SPIN ((int64_t)-1)
#define WEFT_MAX_WORKERS 1024u

/**
 * Makes a kernel and starts its workers; returns when every worker has entered its loop.
 *
 * worker_count: 0 is the number of CPUs that this process may use (affinity mask and cgroup quota); at most
 *   WEFT_MAX_WORKERS.
 * options: NULL for the defaults.
 * Returns the kernel, or NULL with nothing left running. weft_last_status() then is
 *   WEFT_INVALID      too many workers, a stack size or slice out of range, or a bad binding
 *   WEFT_NO_MEMORY    memory or stacks cannot be had
 *   WEFT_NO_THREADS   a thread cannot be started
 *   WEFT_NOT_STARTED  a context function returned without entering its loop
 * The first kernel of a process becomes the global value of weft_current_kernel, if that is NULL.
 * Callable from any thread or task. Blocks the thread. The caller owns the kernel: end it with weft_end_kernel, then
 * release it with weft_free_kernel. Source: make-kernel. Rows K1, K13, K14.
 */
WEFT_API WEFT_CHECKED weft_kernel *weft_make_kernel(unsigned worker_count, const weft_kernel_options *options);

/**
 * Ends a kernel gracefully: what is pending, of both priorities, runs first; then all workers end.
 *
 * kernel: NULL gives WEFT_NO_KERNEL.
 * wait: true blocks until every worker thread is gone; false returns at once and a shutdown thread finishes the job.
 * Returns WEFT_OK, also when the kernel was ended before (with wait, it still waits); WEFT_IN_WORKER with wait from
 *   inside a worker of this kernel; WEFT_NO_THREADS without wait if no shutdown thread can be started (the kernel is
 *   then closed to submissions, and a call with wait ends it).
 * From here on tasks from outside are refused with WEFT_ENDED; running tasks may still submit, and that runs too.
 * If this kernel is the value of weft_current_kernel, that becomes NULL.
 * Callable from any thread; without wait also from a task. Source: end-kernel. Row K4.
 */
WEFT_API weft_status weft_end_kernel(weft_kernel *kernel, bool wait);

/**
 * Frees an ended kernel; ends it first, with wait, where that was not done.
 *
 * kernel: NULL is allowed and does nothing. Returns WEFT_IN_WORKER from inside one of its workers, and WEFT_BUSY while
 * a channel made for this kernel exists (free those first); nothing is freed then. The pointer is dead afterwards.
 */
WEFT_API weft_status weft_free_kernel(weft_kernel *kernel);

/** The name given to weft_make_kernel, owned by the kernel. kernel: NULL is the current kernel; NULL without one. */
WEFT_API const char *weft_kernel_name(const weft_kernel *kernel);

/** Whether a task has time slices: as its kernel says, or other than that. See weft_submit_options. Row K19. */
typedef enum weft_slicing { WEFT_SLICED_AS_KERNEL = 0, WEFT_SLICED = 1, WEFT_NOT_SLICED = 2 } weft_slicing;

/**
 * Tells whether time slices work in this process; where not, those who ask for them go on without.
 *
 * They need what killing tasks that compute needs (WEFT_KILL_ANYWHERE), and a processor with xsave. Any thread or task.
 */
WEFT_API bool weft_slices_work(void);

/** The number of workers. kernel: NULL is the current kernel; 0 without one. */
WEFT_API unsigned weft_kernel_worker_count(const weft_kernel *kernel);

/** The bindings given to weft_make_kernel and, if count is not NULL, their number. Owned by the kernel. */
WEFT_API const weft_worker_binding *weft_kernel_bindings(const weft_kernel *kernel, size_t *count);

/** The context function given to weft_make_kernel, or NULL. */
WEFT_API void (*weft_kernel_context(const weft_kernel *kernel))(weft_worker_loop *loop, void *context_argument);

/** The index of the worker that runs the caller, 0 to worker count - 1, or -1 outside a worker. */
WEFT_API int weft_kernel_worker_index(void);

/**
 * Writes the category of the task that each worker runs now, in index order; NULL for an idle worker.
 *
 * kernel: NULL is the current kernel. categories: room for `room` entries; at most so many are written.
 * Returns the number of workers, 0 without a kernel. A snapshot: it may be old when it is read. Any thread. Row K9.
 */
WEFT_API size_t weft_task_categories_running(const weft_kernel *kernel, weft_category *categories, size_t room);

/** The kernel that operations use when none is named. NULL at first. Each worker binds it to its own. Rows K2, D3. */
WEFT_API WEFT_DECLARE_VARIABLE(weft_kernel *, weft_current_kernel);
/** The priority of the tasks submitted here. Read at the submission; tasks do not inherit it. Rows K8, D3. */
WEFT_API WEFT_DECLARE_VARIABLE(weft_priority, weft_task_priority);
/** The category of the tasks submitted here, not NULL. Read at the submission; tasks do not inherit it. Rows K9, D3. */
WEFT_API WEFT_DECLARE_VARIABLE(weft_category, weft_task_category);
/** Whether an unhandled error in a task goes to the debugger. Read inside the worker. Row D3. */
WEFT_API WEFT_DECLARE_VARIABLE(bool, weft_debug_tasks);
/** Default rounds of searching before a worker of a new kernel sleeps. Rows K14, D3. */
WEFT_API WEFT_DECLARE_VARIABLE(int64_t, weft_spin_count);

WEFT_END_DECLS

#endif
