/* SPDX-License-Identifier: MIT */
/* task.h - tasks: defined once, typed; called, submitted and broadcast. */
#ifndef WEFT_TASK_H
#define WEFT_TASK_H

#include <weft/base.h>
#include <weft/channel.h>
#include <weft/dynamic.h>
#include <weft/forkjoin.h>
#include <weft/future.h>
#include <weft/group.h>
#include <weft/kernel.h>

/* A wrong argument type is an error and not a warning, as in newer compilers. Define WEFT_KEEP_WARNINGS to keep yours.
 */
#if !defined(__cplusplus) && !defined(WEFT_KEEP_WARNINGS)
#pragma GCC diagnostic error "-Wint-conversion"
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#endif

WEFT_BEGIN_DECLS

/** What a task is, without types. One static object per definition; WEFT_TASK makes it. */
typedef struct weft_task_type {
    const char *name;                              /**< shown in dumps */
    void (*invoke)(void *arguments, void *result); /**< calls the function; result is NULL if result_size is 0 */
    uint32_t argument_size;                        /**< bytes of the argument block, 0 to 64 KiB */
    uint32_t result_size;                          /**< bytes of the result; 0 for none */
} weft_task_type;

/** Options of one submission. All zero is the default of each. */
typedef struct weft_submit_options {
    weft_kernel *kernel; /**< where to run a task that has no channel; NULL: the current kernel */
    weft_group *group;   /**< the group it joins; NULL: none */
    weft_environment
        *environment;  /**< captured bindings that the task sees; NULL: none. The task takes its own reference */
    size_t stack_size; /**< bytes of stack, at most 1 GiB, if it needs more than the kernel's size */
    bool
        movable; /**< once it has waited, any worker may go on with it. Such a task must not keep the address of errno
                      or of a thread-local variable across a wait, nor set a binding of its worker. Default: it stays */
    weft_slicing slicing; /**< WEFT_SLICED: it is, by 10 milliseconds where the kernel has no slices; WEFT_NOT_SLICED */
} weft_submit_options;

/**
 * Submits a task: weft_submit(channel, task, arguments...). See weft_submit_task.
 *
 *     WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }
 *     weft_status status = weft_submit(results, add, 3, 4);
 */
#define weft_submit(channel, ...) weft_submit_with(NULL, channel, __VA_ARGS__)

/**
 * Submits a task with options: weft_submit_with(&options, channel, task, arguments...). See weft_submit_task.
 *
 * A compound literal with a comma in it needs parentheses around it, as in any macro.
 */
#define weft_submit_with(options, channel, ...)                                                                        \
    WEFTI_CAT(WEFTI_SUBMIT_, WEFTI_COUNT(__VA_ARGS__))((options), (channel), __VA_ARGS__)

/** Calls a task's function here and now, as any function: weft_call(task, arguments...). */
#define weft_call(...) WEFTI_CAT(WEFTI_CALL_, WEFTI_COUNT(__VA_ARGS__))(__VA_ARGS__)

/** Runs a task once in each worker: weft_broadcast(kernel, results, task, arguments...). See weft_broadcast_task. */
#define weft_broadcast(kernel, results, ...)                                                                           \
    WEFTI_CAT(WEFTI_BROADCAST_, WEFTI_COUNT(__VA_ARGS__))((kernel), (results), __VA_ARGS__)

/**
 * Submits a task through a channel, without types; what weft_submit is made of.
 *
 * options: NULL for the defaults. channel: gets the outcome when the task is done; NULL: the outcome is dropped.
 * type: lives as long as the program. arguments: type->argument_size bytes, copied.
 * The task runs on the channel's kernel (without a channel, on that of the options, else the current one). Its category
 * and priority are the values of weft_task_category and weft_task_priority here and now.
 * Returns
 *   WEFT_OK          it will run, exactly once, or be cancelled through its group
 *   WEFT_INVALID     no type, or a type, category, priority or stack size out of range
 *   WEFT_WRONG_SIZE  the result does not fit the channel's elements
 *   WEFT_NO_KERNEL   there is none; WEFT_ENDED: it has been ended; WEFT_NO_MEMORY; WEFT_CLOSED: the channel is closed
 * Callable from any thread or task. Never blocks. What happened before the submission happens before the task; the end
 * of the task happens before the return of the receive of its outcome.
 * Order: tasks submitted by one thread, or by one task to its own kernel, begin first in, first out, except that idle
 * workers take shares. Source: submit-task. Rows K6, K8, K9.
 */
WEFT_API weft_status weft_submit_task(const weft_submit_options *options, weft_channel *channel,
                                      const weft_task_type *type, const void *arguments);

/**
 * Waits for the current and pending tasks of a kernel, then runs a task at the same time once in each worker.
 *
 * kernel: NULL is the current kernel. results: worker count times type->result_size bytes, in worker order; may be NULL
 * if there is no result or it is not wanted. outcomes: a status per worker, or NULL.
 * Returns WEFT_OK when all have ended; WEFT_FAILED then if an error that nobody took ended one, which outcomes says of
 * each (see weft_last_condition for the first); WEFT_IN_WORKER from inside any worker; WEFT_NO_KERNEL, WEFT_ENDED,
 * WEFT_INVALID, WEFT_NO_MEMORY: then nothing ran. Two broadcasts at once run one after the other. Callable from plain
 * threads. Blocks. Source: broadcast-task. Row K11.
 */
WEFT_API weft_status weft_broadcast_task(weft_kernel *kernel, const weft_task_type *type, const void *arguments,
                                         void *results, weft_status *outcomes);

/**
 * Lets other tasks of this worker run. In a plain thread: gives up the processor.
 *
 * Callable from any task or thread. Never waits for anything.
 */
WEFT_API void weft_yield(void);

/**
 * Waits until a point in time. Occupies no worker.
 *
 * Returns WEFT_OK once the deadline has passed; WEFT_NO_MEMORY if the task cannot wait for want of a stack.
 * WEFT_FOREVER is allowed: the task then waits until it is cancelled.
 */
WEFT_API weft_status weft_sleep(weft_deadline deadline);

/** The name of the running task's type, or NULL outside a task. */
WEFT_API const char *weft_task_name(void);

/** A run of receives. Made by WEFT_DO_FAST_RECEIVES; the fields are Weft's own. */
typedef struct weft_receiving {
    weft_channel *channel;
    size_t left;
    bool running;
} weft_receiving;

/**
 * Receives `count` results, each into the new variable `result` of `type`, and runs the block that follows for each.
 *
 * channel and count are evaluated once. break and return leave it. It ends early when a receive does not give a value;
 * weft_last_status() then says why, and is WEFT_OK after a full run. Source: do-fast-receives. Row K16.
 *
 *     WEFT_DO_FAST_RECEIVES(int, sum, results, 10) { total += sum; }
 */
#define WEFT_DO_FAST_RECEIVES(type, result, channel, count)                                                            \
    for (weft_receiving wefti_receiving_##result = {(channel), (count), true}; wefti_receiving_##result.running;       \
         wefti_receiving_##result.running = false)                                                                     \
        for (type result; weft_receive_next(&wefti_receiving_##result, &result, sizeof(type));)

/** What WEFT_DO_FAST_RECEIVES is made of. */
WEFT_API bool weft_receive_next(weft_receiving *receiving, void *result, size_t size);

WEFT_END_DECLS

/**
 * Defines a task: a plain function of this file, and what it takes to submit it.
 *
 *     WEFT_TASK(result type, name, (type, parameter), ...) { body }
 *
 * Up to 8 parameters, copied by value at the submission. Result type: any complete type, struct types included, or
 * void. A type that is spelled with brackets or parentheses after the name (arrays, function pointers) needs a typedef.
 * No parameter and no result may need more than 16 bytes of alignment.
 * Argument blocks of up to 480 bytes are stored without allocation. Rows J2, K6.
 */
#define WEFT_TASK(result, ...) WEFTI_CAT(WEFTI_TASK_, WEFTI_COUNT(__VA_ARGS__))(result, __VA_ARGS__)

/** Declares, in a header, a task that one .c file defines with WEFT_PUBLIC_TASK. Ends with a semicolon. */
#define WEFT_DECLARE_TASK(result, ...)                                                                                 \
    WEFTI_CAT(WEFTI_DECLARE_, WEFTI_COUNT(__VA_ARGS__))(result, __VA_ARGS__) struct weft_require_semicolon

/** Defines, after its WEFT_DECLARE_TASK, a task that other files see. As WEFT_TASK otherwise. */
#define WEFT_PUBLIC_TASK(result, ...) WEFTI_CAT(WEFTI_PUBLIC_, WEFTI_COUNT(__VA_ARGS__))(result, __VA_ARGS__)

#ifdef __cplusplus
#define WEFTI_STATIC_ASSERT static_assert
#define WEFTI_ALIGNOF alignof
#else
#define WEFTI_STATIC_ASSERT _Static_assert
#define WEFTI_ALIGNOF _Alignof
#endif

/* ---- below: how the macros work ---- */

#define WEFTI_CAT(a, b) WEFTI_CAT_(a, b)
#define WEFTI_CAT_(a, b) a##b
#define WEFTI_COUNT(...) WEFTI_COUNT_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0, none)
#define WEFTI_COUNT_(name, a, b, c, d, e, f, g, h, n, ...) n

/* WEFTI_IF_VOID(type)(yes, no): `void` pastes to a macro that is called, `void *` to one that is not, others to none.
 */
#define WEFTI_VOID_void(probe) ~, WEFTI_YES
#define WEFTI_SECOND(...) WEFTI_SECOND_(__VA_ARGS__)
#define WEFTI_SECOND_(a, b, ...) b
#define WEFTI_IF_VOID(type) WEFTI_SECOND(WEFTI_VOID_##type(probe), WEFTI_NO, ~)
#define WEFTI_YES(yes, no) yes
#define WEFTI_NO(yes, no) no

#define WEFTI_PARAMETER(type, name) type name
#define WEFTI_FIELD(type, name) type name;
#define WEFTI_USE(type, name) wefti_block->name
#define WEFTI_GIVE(type, name) name

/* The groups (parameters), (extra), (gives), (uses) travel in parentheses so that their commas stay together. */
#define WEFTI_UNWRAP(...) __VA_ARGS__

/* Each task has a body, the function that the user writes, with two parameters more: the frames of the strand that runs
 * it, and the top of them, so that spawn and sync need not look for them, nor wait for memory. They are named like the
 * functions that find them, which serve outside of bodies. The plain function of the task's own name is for everybody
 * else. */
#define WEFTI_ANNOUNCE(storage, inlined, result, name, fields, parameters, extra)                                      \
    struct name##_arguments {                                                                                          \
        fields                                                                                                         \
    };                                                                                                                 \
    struct name##_result {                                                                                             \
        WEFTI_IF_VOID(result)(char, result) wefti_value;                                                               \
    };                                                                                                                 \
    WEFTI_STATIC_ASSERT(WEFTI_ALIGNOF(struct name##_arguments) <= 16, "an argument of " #name " is over-aligned");     \
    WEFTI_STATIC_ASSERT(sizeof(struct name##_arguments) <= 65536, "the arguments of " #name " exceed 64 KiB");         \
    storage result name parameters;                                                                                    \
    storage inlined result wefti_body_of_##name(weft_forks *weft_here, weft_fork *weft_top WEFTI_UNWRAP extra);

/* weft_forks_moved has the last word. */
#define WEFTI_RETURNED(forks, before, name)                                                                            \
    do {                                                                                                               \
        if (__builtin_expect((forks)->top.wefti_value != (before), 0)) weft_forks_moved(forks, before, #name);         \
    } while (0)

#define WEFTI_OBJECT(storage, result, name, size, uses)                                                                \
    __attribute__((unused)) static void wefti_invoke_of_##name(void *wefti_arguments, void *wefti_result) {            \
        struct name##_arguments *wefti_block = (struct name##_arguments *)wefti_arguments;                             \
        (void)wefti_block;                                                                                             \
        (void)wefti_result;                                                                                            \
        weft_forks *wefti_forks = weft_here();                                                                         \
        weft_fork *wefti_top = wefti_forks->top.wefti_value;                                                           \
        WEFTI_IF_VOID(result)                                                                                          \
        (, *(result *)wefti_result =) wefti_body_of_##name(wefti_forks, wefti_top WEFTI_UNWRAP uses);                  \
        WEFTI_RETURNED(wefti_forks, wefti_top, name);                                                                  \
    }                                                                                                                  \
    storage const weft_task_type weft_task_of_##name = {#name, wefti_invoke_of_##name, size,                           \
                                                        WEFTI_IF_VOID(result)(0, sizeof(result))};

#define WEFTI_PLAIN(storage, result, name, parameters, gives, uses)                                                    \
    storage result name parameters {                                                                                   \
        struct name##_arguments wefti_values = {WEFTI_UNWRAP gives}, *wefti_block = &wefti_values;                     \
        (void)wefti_block;                                                                                             \
        weft_forks *wefti_forks = weft_here();                                                                         \
        weft_fork *wefti_top = wefti_forks->top.wefti_value;                                                           \
        WEFTI_IF_VOID(result)                                                                                          \
        (, result wefti_value =) wefti_body_of_##name(wefti_forks, wefti_top WEFTI_UNWRAP uses);                       \
        WEFTI_RETURNED(wefti_forks, wefti_top, name);                                                                  \
        return WEFTI_IF_VOID(result)(, wefti_value);                                                                   \
    }

/* What a frame is of says in one look whether it may be called: one that others may see is of another type. A body is
 * inline so that compilers make several levels of a recursion one function with -O2 too, as of a sequential one with
 * -O3. The frame lies at `top`. Who finds the limit reached: there are no frames yet, their end is near, or a worker
 * with nothing to do has asked for some. Copies are of no bytes where the sizes do not fit, which weft_spawn refuses.
 */
#define WEFTI_FORKERS(result, name, extra, gives, uses)                                                                \
    __attribute__((unused, always_inline)) static inline void wefti_spawn_of_##name(                                   \
        weft_forks *wefti_forks, weft_fork **wefti_top WEFTI_UNWRAP extra) {                                           \
        struct name##_arguments wefti_block = {WEFTI_UNWRAP gives};                                                    \
        weft_fork *wefti_frame = *wefti_top;                                                                           \
        __builtin_memcpy(wefti_frame->data, &wefti_block, WEFTI_IF_FITS(struct name##_arguments));                     \
        wefti_fork_push(wefti_forks, wefti_frame, &weft_task_of_##name);                                               \
        *wefti_top = wefti_frame + 1;                                                                                  \
        if (__builtin_expect(wefti_at_limit(wefti_forks, wefti_frame), 0))                                             \
            *wefti_top = weft_forks_attend(wefti_forks);                                                               \
    }                                                                                                                  \
    __attribute__((unused, always_inline)) static inline result wefti_sync_of_##name(weft_forks *wefti_forks,          \
                                                                                     weft_fork **wefti_top) {          \
        struct name##_arguments wefti_values, *wefti_block = &wefti_values;                                            \
        weft_fork *wefti_frame = *wefti_top - 1;                                                                       \
        const weft_fork *wefti_before = wefti_forks->top.wefti_value;                                                  \
        (void)wefti_block;                                                                                             \
        *wefti_top = wefti_frame;                                                                                      \
        if (__builtin_expect(wefti_fork_pop(wefti_forks, wefti_frame) != &weft_task_of_##name, 0) &&                   \
            !weft_forks_reclaim(wefti_forks, wefti_frame, &weft_task_of_##name, wefti_before)) {                       \
            struct name##_result wefti_result;                                                                         \
            __builtin_memcpy(&wefti_result, wefti_frame->data, WEFTI_IF_FITS(struct name##_result));                   \
            return WEFTI_IF_VOID(result)(, wefti_result.wefti_value);                                                  \
        }                                                                                                              \
        __builtin_memcpy(&wefti_values, wefti_frame->data, WEFTI_IF_FITS(struct name##_arguments));                    \
        WEFTI_IF_VOID(result)                                                                                          \
        (, result wefti_value =) wefti_body_of_##name(wefti_forks, wefti_frame WEFTI_UNWRAP uses);                     \
        WEFTI_SYNCED(wefti_forks, wefti_frame, name);                                                                  \
        return WEFTI_IF_VOID(result)(, wefti_value);                                                                   \
    }

#define WEFTI_SUBMITTERS(result, name, extra, gives)                                                                   \
    __attribute__((unused)) static inline weft_status wefti_submit_of_##name(                                          \
        const weft_submit_options *wefti_options, weft_channel *wefti_channel WEFTI_UNWRAP extra) {                    \
        struct name##_arguments wefti_block = {WEFTI_UNWRAP gives};                                                    \
        return weft_submit_task(wefti_options, wefti_channel, &weft_task_of_##name, &wefti_block);                     \
    }                                                                                                                  \
    __attribute__((unused)) static inline weft_status wefti_broadcast_of_##name(                                       \
        weft_kernel *wefti_kernel, result *wefti_results WEFTI_UNWRAP extra) {                                         \
        struct name##_arguments wefti_block = {WEFTI_UNWRAP gives};                                                    \
        return weft_broadcast_task(wefti_kernel, &weft_task_of_##name, &wefti_block, wefti_results, NULL);             \
    }                                                                                                                  \
    __attribute__((unused)) static inline weft_future *wefti_future_of_##name(                                         \
        weft_future_kind wefti_kind, const weft_submit_options *wefti_options WEFTI_UNWRAP extra) {                    \
        struct name##_arguments wefti_block = {WEFTI_UNWRAP gives};                                                    \
        return weft_make_future(wefti_kind, wefti_options, &weft_task_of_##name, &wefti_block);                        \
    }

#define WEFTI_BODY(storage, result, name, extra)                                                                       \
    storage result wefti_body_of_##name(weft_forks *weft_here __attribute__((unused)),                                 \
                                        weft_fork *weft_top __attribute__((unused)) WEFTI_UNWRAP extra)

#define WEFTI_MAKE_STATIC(result, name, size, fields, parameters, extra, gives, uses)                                  \
    WEFTI_ANNOUNCE(__attribute__((unused)) static, inline, result, name, fields, parameters, extra)                    \
    WEFTI_OBJECT(static, result, name, size, uses)                                                                     \
    WEFTI_PLAIN(static, result, name, parameters, gives, uses)                                                         \
    WEFTI_FORKERS(result, name, extra, gives, uses)                                                                    \
    WEFTI_SUBMITTERS(result, name, extra, gives)                                                                       \
    WEFTI_BODY(static inline, result, name, extra)

#define WEFTI_MAKE_DECLARED(result, name, size, fields, parameters, extra, gives, uses)                                \
    WEFTI_ANNOUNCE(extern, , result, name, fields, parameters, extra)                                                  \
    extern const weft_task_type weft_task_of_##name;                                                                   \
    WEFTI_FORKERS(result, name, extra, gives, uses)                                                                    \
    WEFTI_SUBMITTERS(result, name, extra, gives)

#define WEFTI_MAKE_PUBLIC(result, name, size, fields, parameters, extra, gives, uses)                                  \
    WEFTI_OBJECT(, result, name, size, uses)                                                                           \
    WEFTI_PLAIN(, result, name, parameters, gives, uses)                                                               \
    WEFTI_BODY(, result, name, extra)

#define WEFTI_TASK_0(r, n) WEFTI_MAKE_STATIC(r, n, 0, char wefti_none;, (void), (), (0), ())
#define WEFTI_TASK_1(r, n, a) WEFTI_MAKE_1(STATIC, r, n, a)
#define WEFTI_TASK_2(r, n, a, b) WEFTI_MAKE_2(STATIC, r, n, a, b)
#define WEFTI_TASK_3(r, n, a, b, c) WEFTI_MAKE_3(STATIC, r, n, a, b, c)
#define WEFTI_TASK_4(r, n, a, b, c, d) WEFTI_MAKE_4(STATIC, r, n, a, b, c, d)
#define WEFTI_TASK_5(r, n, a, b, c, d, e) WEFTI_MAKE_5(STATIC, r, n, a, b, c, d, e)
#define WEFTI_TASK_6(r, n, a, b, c, d, e, f) WEFTI_MAKE_6(STATIC, r, n, a, b, c, d, e, f)
#define WEFTI_TASK_7(r, n, a, b, c, d, e, f, g) WEFTI_MAKE_7(STATIC, r, n, a, b, c, d, e, f, g)
#define WEFTI_TASK_8(r, n, a, b, c, d, e, f, g, h) WEFTI_MAKE_8(STATIC, r, n, a, b, c, d, e, f, g, h)

#define WEFTI_DECLARE_0(r, n) WEFTI_MAKE_DECLARED(r, n, 0, char wefti_none;, (void), (), (0), ())
#define WEFTI_DECLARE_1(r, n, a) WEFTI_MAKE_1(DECLARED, r, n, a)
#define WEFTI_DECLARE_2(r, n, a, b) WEFTI_MAKE_2(DECLARED, r, n, a, b)
#define WEFTI_DECLARE_3(r, n, a, b, c) WEFTI_MAKE_3(DECLARED, r, n, a, b, c)
#define WEFTI_DECLARE_4(r, n, a, b, c, d) WEFTI_MAKE_4(DECLARED, r, n, a, b, c, d)
#define WEFTI_DECLARE_5(r, n, a, b, c, d, e) WEFTI_MAKE_5(DECLARED, r, n, a, b, c, d, e)
#define WEFTI_DECLARE_6(r, n, a, b, c, d, e, f) WEFTI_MAKE_6(DECLARED, r, n, a, b, c, d, e, f)
#define WEFTI_DECLARE_7(r, n, a, b, c, d, e, f, g) WEFTI_MAKE_7(DECLARED, r, n, a, b, c, d, e, f, g)
#define WEFTI_DECLARE_8(r, n, a, b, c, d, e, f, g, h) WEFTI_MAKE_8(DECLARED, r, n, a, b, c, d, e, f, g, h)

#define WEFTI_PUBLIC_0(r, n) WEFTI_MAKE_PUBLIC(r, n, 0, char wefti_none;, (void), (), (0), ())
#define WEFTI_PUBLIC_1(r, n, a) WEFTI_MAKE_1(PUBLIC, r, n, a)
#define WEFTI_PUBLIC_2(r, n, a, b) WEFTI_MAKE_2(PUBLIC, r, n, a, b)
#define WEFTI_PUBLIC_3(r, n, a, b, c) WEFTI_MAKE_3(PUBLIC, r, n, a, b, c)
#define WEFTI_PUBLIC_4(r, n, a, b, c, d) WEFTI_MAKE_4(PUBLIC, r, n, a, b, c, d)
#define WEFTI_PUBLIC_5(r, n, a, b, c, d, e) WEFTI_MAKE_5(PUBLIC, r, n, a, b, c, d, e)
#define WEFTI_PUBLIC_6(r, n, a, b, c, d, e, f) WEFTI_MAKE_6(PUBLIC, r, n, a, b, c, d, e, f)
#define WEFTI_PUBLIC_7(r, n, a, b, c, d, e, f, g) WEFTI_MAKE_7(PUBLIC, r, n, a, b, c, d, e, f, g)
#define WEFTI_PUBLIC_8(r, n, a, b, c, d, e, f, g, h) WEFTI_MAKE_8(PUBLIC, r, n, a, b, c, d, e, f, g, h)

#define WEFTI_MAKE_1(kind, r, n, a)                                                                                    \
    WEFTI_MAKE_##kind(r, n, sizeof(struct n##_arguments), WEFTI_FIELD a, (WEFTI_PARAMETER a), (, WEFTI_PARAMETER a),   \
                      (WEFTI_GIVE a), (, WEFTI_USE a))
#define WEFTI_MAKE_2(kind, r, n, a, b)                                                                                 \
    WEFTI_MAKE_##kind(r, n, sizeof(struct n##_arguments), WEFTI_FIELD a WEFTI_FIELD b,                                 \
                      (WEFTI_PARAMETER a, WEFTI_PARAMETER b), (, WEFTI_PARAMETER a, WEFTI_PARAMETER b),                \
                      (WEFTI_GIVE a, WEFTI_GIVE b), (, WEFTI_USE a, WEFTI_USE b))
#define WEFTI_MAKE_3(kind, r, n, a, b, c)                                                                              \
    WEFTI_MAKE_##kind(r, n, sizeof(struct n##_arguments), WEFTI_FIELD a WEFTI_FIELD b WEFTI_FIELD c,                   \
                      (WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c),                                       \
                      (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c),                                     \
                      (WEFTI_GIVE a, WEFTI_GIVE b, WEFTI_GIVE c), (, WEFTI_USE a, WEFTI_USE b, WEFTI_USE c))
#define WEFTI_MAKE_4(kind, r, n, a, b, c, d)                                                                           \
    WEFTI_MAKE_##kind(r, n, sizeof(struct n##_arguments), WEFTI_FIELD a WEFTI_FIELD b WEFTI_FIELD c WEFTI_FIELD d,     \
                      (WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d),                    \
                      (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d),                  \
                      (WEFTI_GIVE a, WEFTI_GIVE b, WEFTI_GIVE c, WEFTI_GIVE d),                                        \
                      (, WEFTI_USE a, WEFTI_USE b, WEFTI_USE c, WEFTI_USE d))
#define WEFTI_MAKE_5(kind, r, n, a, b, c, d, e)                                                                        \
    WEFTI_MAKE_##kind(                                                                                                 \
        r, n, sizeof(struct n##_arguments), WEFTI_FIELD a WEFTI_FIELD b WEFTI_FIELD c WEFTI_FIELD d WEFTI_FIELD e,     \
        (WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e),               \
        (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e),             \
        (WEFTI_GIVE a, WEFTI_GIVE b, WEFTI_GIVE c, WEFTI_GIVE d, WEFTI_GIVE e),                                        \
        (, WEFTI_USE a, WEFTI_USE b, WEFTI_USE c, WEFTI_USE d, WEFTI_USE e))
#define WEFTI_MAKE_6(kind, r, n, a, b, c, d, e, f)                                                                     \
    WEFTI_MAKE_##kind(r, n, sizeof(struct n##_arguments),                                                              \
                      WEFTI_FIELD a WEFTI_FIELD b WEFTI_FIELD c WEFTI_FIELD d WEFTI_FIELD e WEFTI_FIELD f,             \
                      (WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,  \
                       WEFTI_PARAMETER f),                                                                             \
                      (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d,                   \
                       WEFTI_PARAMETER e, WEFTI_PARAMETER f),                                                          \
                      (WEFTI_GIVE a, WEFTI_GIVE b, WEFTI_GIVE c, WEFTI_GIVE d, WEFTI_GIVE e, WEFTI_GIVE f),            \
                      (, WEFTI_USE a, WEFTI_USE b, WEFTI_USE c, WEFTI_USE d, WEFTI_USE e, WEFTI_USE f))
#define WEFTI_MAKE_7(kind, r, n, a, b, c, d, e, f, g)                                                                  \
    WEFTI_MAKE_##kind(                                                                                                 \
        r, n, sizeof(struct n##_arguments),                                                                            \
        WEFTI_FIELD a WEFTI_FIELD b WEFTI_FIELD c WEFTI_FIELD d WEFTI_FIELD e WEFTI_FIELD f WEFTI_FIELD g,             \
        (WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,                \
         WEFTI_PARAMETER f, WEFTI_PARAMETER g),                                                                        \
        (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,              \
         WEFTI_PARAMETER f, WEFTI_PARAMETER g),                                                                        \
        (WEFTI_GIVE a, WEFTI_GIVE b, WEFTI_GIVE c, WEFTI_GIVE d, WEFTI_GIVE e, WEFTI_GIVE f, WEFTI_GIVE g),            \
        (, WEFTI_USE a, WEFTI_USE b, WEFTI_USE c, WEFTI_USE d, WEFTI_USE e, WEFTI_USE f, WEFTI_USE g))
#define WEFTI_MAKE_8(kind, r, n, a, b, c, d, e, f, g, h)                                                               \
    WEFTI_MAKE_##kind(                                                                                                 \
        r, n, sizeof(struct n##_arguments),                                                                            \
        WEFTI_FIELD a WEFTI_FIELD b WEFTI_FIELD c WEFTI_FIELD d WEFTI_FIELD e WEFTI_FIELD f WEFTI_FIELD g WEFTI_FIELD  \
            h,                                                                                                         \
        (WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,                \
         WEFTI_PARAMETER f, WEFTI_PARAMETER g, WEFTI_PARAMETER h),                                                     \
        (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,              \
         WEFTI_PARAMETER f, WEFTI_PARAMETER g, WEFTI_PARAMETER h),                                                     \
        (WEFTI_GIVE a, WEFTI_GIVE b, WEFTI_GIVE c, WEFTI_GIVE d, WEFTI_GIVE e, WEFTI_GIVE f, WEFTI_GIVE g,             \
         WEFTI_GIVE h),                                                                                                \
        (, WEFTI_USE a, WEFTI_USE b, WEFTI_USE c, WEFTI_USE d, WEFTI_USE e, WEFTI_USE f, WEFTI_USE g, WEFTI_USE h))

/* From outside of a body: the plain function, which looks whether all was synced. */
#define WEFTI_CALL_0(n) (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP) : n())
#define WEFTI_CALL_1(n, a) (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a) : n(a))
#define WEFTI_CALL_2(n, a, b) (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b) : n(a, b))
#define WEFTI_CALL_3(n, a, b, c) (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b, c) : n(a, b, c))
#define WEFTI_CALL_4(n, a, b, c, d)                                                                                    \
    (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b, c, d) : n(a, b, c, d))
#define WEFTI_CALL_5(n, a, b, c, d, e)                                                                                 \
    (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b, c, d, e) : n(a, b, c, d, e))
#define WEFTI_CALL_6(n, a, b, c, d, e, f)                                                                              \
    (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b, c, d, e, f) : n(a, b, c, d, e, f))
#define WEFTI_CALL_7(n, a, b, c, d, e, f, g)                                                                           \
    (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b, c, d, e, f, g) : n(a, b, c, d, e, f, g))
#define WEFTI_CALL_8(n, a, b, c, d, e, f, g, h)                                                                        \
    (WEFTI_IN_BODY ? wefti_body_of_##n(WEFT_HERE, *WEFT_TOP, a, b, c, d, e, f, g, h) : n(a, b, c, d, e, f, g, h))
#define WEFTI_SPAWN_0(n) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP)
#define WEFTI_SPAWN_1(n, a) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a)
#define WEFTI_SPAWN_2(n, a, b) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b)
#define WEFTI_SPAWN_3(n, a, b, c) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b, c)
#define WEFTI_SPAWN_4(n, a, b, c, d) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b, c, d)
#define WEFTI_SPAWN_5(n, a, b, c, d, e) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b, c, d, e)
#define WEFTI_SPAWN_6(n, a, b, c, d, e, f) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b, c, d, e, f)
#define WEFTI_SPAWN_7(n, a, b, c, d, e, f, g) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b, c, d, e, f, g)
#define WEFTI_SPAWN_8(n, a, b, c, d, e, f, g, h) wefti_spawn_of_##n(WEFT_HERE, WEFT_TOP, a, b, c, d, e, f, g, h)
#define WEFTI_FIRST(n, ...) WEFTI_FIRST_(n)
#define WEFTI_FIRST_(n) n
#define WEFTI_SUBMIT_0(options, channel, n) wefti_submit_of_##n(options, channel)
#define WEFTI_SUBMIT_1(options, channel, n, p1) wefti_submit_of_##n(options, channel, p1)
#define WEFTI_SUBMIT_2(options, channel, n, p1, p2) wefti_submit_of_##n(options, channel, p1, p2)
#define WEFTI_SUBMIT_3(options, channel, n, p1, p2, p3) wefti_submit_of_##n(options, channel, p1, p2, p3)
#define WEFTI_SUBMIT_4(options, channel, n, p1, p2, p3, p4) wefti_submit_of_##n(options, channel, p1, p2, p3, p4)
#define WEFTI_SUBMIT_5(options, channel, n, p1, p2, p3, p4, p5)                                                        \
    wefti_submit_of_##n(options, channel, p1, p2, p3, p4, p5)
#define WEFTI_SUBMIT_6(options, channel, n, p1, p2, p3, p4, p5, p6)                                                    \
    wefti_submit_of_##n(options, channel, p1, p2, p3, p4, p5, p6)
#define WEFTI_SUBMIT_7(options, channel, n, p1, p2, p3, p4, p5, p6, p7)                                                \
    wefti_submit_of_##n(options, channel, p1, p2, p3, p4, p5, p6, p7)
#define WEFTI_SUBMIT_8(options, channel, n, p1, p2, p3, p4, p5, p6, p7, p8)                                            \
    wefti_submit_of_##n(options, channel, p1, p2, p3, p4, p5, p6, p7, p8)
#define WEFTI_FUTURE_0(kind, options, n) wefti_future_of_##n(kind, options)
#define WEFTI_FUTURE_1(kind, options, n, p1) wefti_future_of_##n(kind, options, p1)
#define WEFTI_FUTURE_2(kind, options, n, p1, p2) wefti_future_of_##n(kind, options, p1, p2)
#define WEFTI_FUTURE_3(kind, options, n, p1, p2, p3) wefti_future_of_##n(kind, options, p1, p2, p3)
#define WEFTI_FUTURE_4(kind, options, n, p1, p2, p3, p4) wefti_future_of_##n(kind, options, p1, p2, p3, p4)
#define WEFTI_FUTURE_5(kind, options, n, p1, p2, p3, p4, p5) wefti_future_of_##n(kind, options, p1, p2, p3, p4, p5)
#define WEFTI_FUTURE_6(kind, options, n, p1, p2, p3, p4, p5, p6)                                                       \
    wefti_future_of_##n(kind, options, p1, p2, p3, p4, p5, p6)
#define WEFTI_FUTURE_7(kind, options, n, p1, p2, p3, p4, p5, p6, p7)                                                   \
    wefti_future_of_##n(kind, options, p1, p2, p3, p4, p5, p6, p7)
#define WEFTI_FUTURE_8(kind, options, n, p1, p2, p3, p4, p5, p6, p7, p8)                                               \
    wefti_future_of_##n(kind, options, p1, p2, p3, p4, p5, p6, p7, p8)
#define WEFTI_BROADCAST_0(kernel, results, n) wefti_broadcast_of_##n(kernel, results)
#define WEFTI_BROADCAST_1(kernel, results, n, p1) wefti_broadcast_of_##n(kernel, results, p1)
#define WEFTI_BROADCAST_2(kernel, results, n, p1, p2) wefti_broadcast_of_##n(kernel, results, p1, p2)
#define WEFTI_BROADCAST_3(kernel, results, n, p1, p2, p3) wefti_broadcast_of_##n(kernel, results, p1, p2, p3)
#define WEFTI_BROADCAST_4(kernel, results, n, p1, p2, p3, p4) wefti_broadcast_of_##n(kernel, results, p1, p2, p3, p4)
#define WEFTI_BROADCAST_5(kernel, results, n, p1, p2, p3, p4, p5)                                                      \
    wefti_broadcast_of_##n(kernel, results, p1, p2, p3, p4, p5)
#define WEFTI_BROADCAST_6(kernel, results, n, p1, p2, p3, p4, p5, p6)                                                  \
    wefti_broadcast_of_##n(kernel, results, p1, p2, p3, p4, p5, p6)
#define WEFTI_BROADCAST_7(kernel, results, n, p1, p2, p3, p4, p5, p6, p7)                                              \
    wefti_broadcast_of_##n(kernel, results, p1, p2, p3, p4, p5, p6, p7)
#define WEFTI_BROADCAST_8(kernel, results, n, p1, p2, p3, p4, p5, p6, p7, p8)                                          \
    wefti_broadcast_of_##n(kernel, results, p1, p2, p3, p4, p5, p6, p7, p8)

#endif
