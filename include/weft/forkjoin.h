/* SPDX-License-Identifier: MIT */
/* forkjoin.h - fork/join: a task spawns others, and takes their results at its syncs. */
#ifndef WEFT_FORKJOIN_H
#define WEFT_FORKJOIN_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/** The most bytes of arguments, and of a result, that a spawned task may have. Hand over a pointer to more. */
#define WEFT_SPAWN_BYTES 48

/**
 * Spawns a task: weft_spawn(task, arguments...). It may run now on another worker, or at its sync.
 *
 *     WEFT_TASK(long, fib, (int, n)) {
 *         if (n < 2) return n;
 *         weft_spawn(fib, n - 1);
 *         long b = weft_call(fib, n - 2);
 *         return weft_sync(fib) + b;
 *     }
 *
 * Arguments are copied. A pointer to a variable of the spawner is good until the sync. A statement, not an expression.
 * Rules: syncs come in the reverse order of the spawns, each with the task's name; a function syncs all that it has
 * spawned before it returns. Who breaks them is stopped with a message that names the task and the rule. That a task
 * returned too early is noticed at once, however it was begun; only where nobody took it and its sync called it, with
 * NDEBUG, not before the end of the task that spawned it, or a sync that names another task.
 * The spawner may wait (for channels, locks, the clock) between spawn and sync, and so may what it has spawned.
 * A task that another worker has taken sees that worker's bindings; the others see the spawner's.
 * Callable from any task, and from a thread: there it runs at its sync, or, if the current kernel has use_caller, may
 * be taken by its workers. Never blocks. What happened before the spawn happens before the task.
 * No allocation but the first time on a stack. A strand may have 1,048,576 spawned tasks that are not synced; with
 * more, or when a task's stack is nearly used up, the spawn is an error of type weft_type_stack_exhausted. Source:
 * defpun, plet. Rows J1, J2, K15.
 */
#define weft_spawn(...)                                                                                                \
    do {                                                                                                               \
        WEFTI_MAY_SPAWN(WEFTI_FIRST(__VA_ARGS__, ~));                                                                  \
        WEFTI_CAT(WEFTI_SPAWN_, WEFTI_COUNT(__VA_ARGS__))(__VA_ARGS__);                                                \
    } while (0)

/**
 * The result of the task that was spawned last and not synced: weft_sync(task).
 *
 * Nobody took it: it is called here and now. Otherwise waits until it is done: a task leaves its worker to others
 * meanwhile; a thread takes part in what it waits for, and in nothing else, so locks that it holds are in nobody's way.
 * The end of the task happens before the return. Row J1.
 */
#define weft_sync(task) WEFTI_SYNC(task)

/* ---- below: how it works ---- */

struct weft_task_type;

/** A spawned task. The fields are Weft's own. */
typedef struct weft_fork {
    struct {
        const struct weft_task_type *wefti_value;
    } type; /**< one byte further while others may see the frame */
    struct {
        uintptr_t wefti_value;
    } state; /**< of one that was published, see forks.h */
    unsigned char data[WEFT_SPAWN_BYTES];
} weft_fork;

/** The spawned tasks of one strand, a stack of frames. The fields are Weft's own. */
typedef struct weft_forks {
    struct {
        weft_fork *wefti_value;
    } top; /**< the next frame to be filled */
    struct {
        weft_fork *wefti_value;
    } limit; /**< from here on spawn calls weft_forks_attend; others set it to NULL to ask for frames */
    struct wefti_deque *deque, *serving;
    weft_fork before; /**< what a sync finds that has no spawn: of no type */
    weft_fork first;  /**< the frame that is filled before there are any */
} weft_forks;

/** The frames of the calling strand. In the body of a task its name is that of a parameter with the same value. */
WEFT_API __attribute__((pure)) weft_forks *weft_here(void);
/** The same, by a name that nothing hides. */
WEFT_API __attribute__((pure)) weft_forks *weft_forks_here(void);
/** The top of these frames. In the body of a task its name is that of a parameter with the same value. */
WEFT_API __attribute__((pure)) weft_fork *weft_top(void);
/** What weft_spawn calls when the limit is reached. Returns the top. */
WEFT_API weft_fork *weft_forks_attend(weft_forks *forks);
/** What weft_sync calls for a frame that others may see, with the top before the sync. true: it is to be called; false:
 * its result is there. */
WEFT_API bool weft_forks_reclaim(weft_forks *forks, weft_fork *frame, const struct weft_task_type *type,
                                 const weft_fork *before);
/** Stops the process, since a spawned task has returned before it had synced what it spawned. */
WEFT_API void weft_forks_unsynced(const struct weft_task_type *type);
/** A task that began with this top has returned: the same if there is another one, which no first spawn has made. */
WEFT_API void weft_forks_moved(const weft_forks *forks, const weft_fork *top, const char *name);

WEFT_END_DECLS

#define WEFTI_IF_FITS(type) (sizeof(type) <= WEFT_SPAWN_BYTES ? sizeof(type) : 0)
#define WEFTI_SYNC(task) wefti_sync_of_##task(WEFT_HERE, WEFT_TOP)
#define WEFTI_MAY_SPAWN(task) WEFTI_MAY_SPAWN_(task)
#define WEFTI_MAY_SPAWN_(task)                                                                                         \
    WEFTI_STATIC_ASSERT(sizeof(struct task##_arguments) <= WEFT_SPAWN_BYTES,                                           \
                        "the arguments of a spawned task exceed 48 bytes");                                            \
    WEFTI_STATIC_ASSERT(sizeof(struct task##_result) <= WEFT_SPAWN_BYTES,                                              \
                        "the result of a spawned task exceeds 48 bytes")

/* The words that others look at, see lockfree/forks.h. An atomic access is compiled to one of its own, and the function
 * is no longer inlined in itself as a sequential one is. So they are plain accesses, whose order compilers are told by
 * empty statements: a thief brings the processor to keep it as well, by a barrier of its own. ThreadSanitizer is told
 * what they are. */
#ifdef __SANITIZE_THREAD__
#define WEFTI_ATOMIC_FORKS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFTI_ATOMIC_FORKS 1
#endif
#endif
/* The frame is filled: it is the topmost one. */
static inline __attribute__((always_inline)) void wefti_fork_push(weft_forks *forks, weft_fork *frame,
                                                                  const struct weft_task_type *type) {
#ifdef WEFTI_ATOMIC_FORKS
    __atomic_store_n(&frame->type.wefti_value, type, __ATOMIC_RELAXED);
    __atomic_store_n(&forks->top.wefti_value, frame + 1, __ATOMIC_RELEASE);
#else
    frame->type.wefti_value = type;
    __atomic_store_n(&forks->top.wefti_value, frame + 1, __ATOMIC_RELEASE);
#endif
}
/* The topmost frame is to be so no more, unless it turns out to be marked. Returns what it is of, mark included. */
static inline __attribute__((always_inline)) const struct weft_task_type *wefti_fork_pop(weft_forks *forks,
                                                                                         weft_fork *frame) {
#ifdef WEFTI_ATOMIC_FORKS
    (void)__atomic_exchange_n(&forks->top.wefti_value, frame, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&frame->type.wefti_value, __ATOMIC_RELAXED);
#else
    __atomic_store_n(&forks->top.wefti_value, frame, __ATOMIC_RELEASE);
    __asm__ volatile("" : "+m"(frame->type.wefti_value) : "m"(forks->top.wefti_value));
    return frame->type.wefti_value;
#endif
}
static inline __attribute__((always_inline)) bool wefti_at_limit(weft_forks *forks, const weft_fork *frame) {
#ifdef WEFTI_ATOMIC_FORKS
    return frame >= __atomic_load_n(&forks->limit.wefti_value, __ATOMIC_RELAXED);
#else
    __asm__ volatile("" : "+m"(forks->limit.wefti_value));
    return frame >= forks->limit.wefti_value;
#endif
}

#ifdef NDEBUG
#define WEFTI_SYNCED(forks, frame, task) (void)0
#else
#define WEFTI_SYNCED(forks, frame, task)                                                                               \
    do {                                                                                                               \
        if ((forks)->top.wefti_value != (frame)) weft_forks_unsynced(&weft_task_of_##task);                            \
    } while (0)
#endif

/* What a spawn or a sync counts in: in the body of a task its parameter, elsewhere a copy of the top, which nobody else
 * reads. */
#ifdef __cplusplus
typedef struct wefti_top_copy {
    weft_fork *value = weft_forks_here()->top.wefti_value;
} wefti_top_copy;
static inline weft_forks *wefti_use_here(weft_forks *forks) { return forks; }
static inline weft_forks *wefti_use_here(weft_forks *(*)(void)) { return weft_forks_here(); }
static inline weft_fork **wefti_use_top(weft_fork *&top) { return &top; }
static inline weft_fork **wefti_use_top(weft_fork *(*)(void), wefti_top_copy &&copy = wefti_top_copy()) {
    return &copy.value;
}
static inline constexpr bool wefti_in_body(const weft_fork *) { return true; }
static inline constexpr bool wefti_in_body(weft_fork *(*)(void)) { return false; }
#define WEFTI_IN_BODY wefti_in_body(weft_top)
#define WEFT_HERE wefti_use_here(weft_here)
#define WEFT_TOP wefti_use_top(weft_top)
#else
#define WEFTI_IN_BODY _Generic((weft_top), weft_fork * : true, default : false)
#define WEFT_HERE _Generic((weft_here), weft_forks * : weft_here, default : weft_forks_here())
#define WEFT_TOP                                                                                                       \
    _Generic((weft_top), weft_fork * : &weft_top, default : &(weft_fork *){weft_forks_here()->top.wefti_value})
#endif

#endif
