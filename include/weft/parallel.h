/* SPDX-License-Identifier: MIT */
/* parallel.h - parallel algorithms over ranges and arrays. */
#ifndef WEFT_PARALLEL_H
#define WEFT_PARALLEL_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/**
 * What all algorithms have in common.
 *
 * Elements lie in arrays, of a size in bytes. A function that is handed over gets `context` last; it may run on any
 * worker, at the same time as itself, and may wait, spawn, and call algorithms in turn.
 * An algorithm returns when all that it has begun has ended, and what happened there happened before. Called by a task
 * it is shared among the kernel's workers; called by a thread, among those of the current kernel while the thread
 * waits or, with use_caller, takes part; without a kernel it runs here. Nothing is allocated unless said.
 * Results do not depend on the number of workers, but for weft_find_any, and for weft_reduce of an operation that is
 * not quite associative (sums of floating point numbers) unless parts are set.
 * options: NULL for the defaults. Returns
 *   WEFT_OK         done
 *   WEFT_CANCELLED  options->stop became true, or options->deadline passed: what was not begun then is left out
 *   WEFT_INVALID    a function or array is missing where it is needed
 *   WEFT_NO_MEMORY  only where said
 * Source: lparallel's cognates. Rows P1, P2.
 */
typedef struct weft_parallel_options {
    size_t parts;     /**< how many parts to make, as equal as can be; 0: as needed, by who has nothing to do */
    size_t grain;     /**< elements that are worth a task, with parts 0; 0: found by `n` and the number of workers */
    const bool *stop; /**< looked at before each part; NULL: never stops */
    weft_deadline deadline;                                   /**< 0: none */
    void (*progress)(size_t done, size_t all, void *context); /**< after each part, one call at a time; NULL: none */
    void *progress_context;
} weft_parallel_options;

/** Runs body(from, to, context) over disjoint ranges that together are from to to, each at least one long. */
WEFT_API weft_status weft_for(size_t from, size_t to, void (*body)(size_t from, size_t to, void *context),
                              void *context, const weft_parallel_options *options);

/** The same over rectangles of rows and columns: body(row, rows_end, column, columns_end, context). */
WEFT_API weft_status weft_for_2d(size_t rows, size_t columns,
                                 void (*body)(size_t row, size_t rows_end, size_t column, size_t columns_end,
                                              void *context),
                                 void *context, const weft_parallel_options *options);

/**
 * Defines a parallel loop: WEFT_LOOP(name, context type, context, index) { body }, run by weft_loop(name, from, to,
 * &context). The body is plain C for one index, `context` a pointer; the compiler sees a loop over a range.
 *
 *     WEFT_LOOP(scale, struct vector, v, i) { v->out[i] = v->factor * v->in[i]; }
 *     weft_loop(scale, 0, v.count, &v);
 */
#define WEFT_LOOP(name, type, context, index)                                                                          \
    __attribute__((always_inline)) static inline void wefti_turn_of_##name(type *context, size_t index);               \
    static void wefti_loop_of_##name(size_t wefti_from, size_t wefti_to, void *wefti_context) {                        \
        type *wefti_typed = (type *)wefti_context;                                                                     \
        for (size_t wefti_i = wefti_from; wefti_i < wefti_to; wefti_i++) wefti_turn_of_##name(wefti_typed, wefti_i);   \
    }                                                                                                                  \
    static inline void wefti_turn_of_##name(type *context, size_t index)
#define weft_loop(name, from, to, context) weft_for((from), (to), wefti_loop_of_##name, (context), NULL)

/** out[i] = f(in[i]): apply(out, in, context) for each. out may be in. Sizes in bytes. */
WEFT_API weft_status weft_map(void *out, size_t out_size, const void *in, size_t in_size, size_t count,
                              void (*apply)(void *out, const void *in, void *context), void *context,
                              const weft_parallel_options *options);
/** out[i] = f(i): make(out, index, context) for each. */
WEFT_API weft_status weft_map_into(void *out, size_t size, size_t count,
                                   void (*make)(void *out, size_t index, void *context), void *context,
                                   const weft_parallel_options *options);

/**
 * Reduces by an associative operation: join(accumulator, element, context) does accumulator = accumulator op element.
 * It need not be commutative: elements come in order. result: size bytes. identity: its value for no elements; NULL:
 * there is none, and no elements are WEFT_INVALID. Where parts are set, or grain, the order of operations is always
 * the same. Elements of up to 48 bytes; more are WEFT_INVALID.
 */
WEFT_API weft_status weft_reduce(void *result, const void *elements, size_t size, size_t count,
                                 void (*join)(void *accumulator, const void *element, void *context), void *context,
                                 const void *identity, const weft_parallel_options *options);
/**
 * Reduces what a range gives: range(from, to, accumulator, context) adds indices from to to - 1 to an accumulator that
 * holds the identity, and join is as for weft_reduce. result_size up to 48. identity is not NULL.
 */
WEFT_API weft_status weft_map_reduce(void *result, size_t result_size, size_t from, size_t to,
                                     void (*range)(size_t from, size_t to, void *accumulator, void *context),
                                     void (*join)(void *accumulator, const void *element, void *context), void *context,
                                     const void *identity, const weft_parallel_options *options);

/**
 * Prefixes: out[i] = in[0] op ... op in[i]; exclusive: identity op in[0] ... op in[i - 1]. out may be in. Elements of
 * up to 48 bytes. identity may be NULL if not exclusive. Allocates an element for each part; WEFT_NO_MEMORY.
 */
WEFT_API weft_status weft_scan(void *out, const void *in, size_t size, size_t count,
                               void (*join)(void *accumulator, const void *element, void *context), void *context,
                               const void *identity, bool exclusive, const weft_parallel_options *options);

/** Copies those that hold to out, in order; *kept: how many. out is not in. Allocates a count for each part. */
WEFT_API weft_status weft_filter(void *out, size_t *kept, const void *in, size_t size, size_t count,
                                 bool (*holds)(const void *element, void *context), void *context,
                                 const weft_parallel_options *options);
/** Copies those that hold to the front of out and the others behind them, both in order; *kept: the first of them. */
WEFT_API weft_status weft_partition(void *out, size_t *kept, const void *in, size_t size, size_t count,
                                    bool (*holds)(const void *element, void *context), void *context,
                                    const weft_parallel_options *options);

/** *found: how many hold. */
WEFT_API weft_status weft_count_if(size_t *found, const void *elements, size_t size, size_t count,
                                   bool (*holds)(const void *element, void *context), void *context,
                                   const weft_parallel_options *options);
/** *index: the first that holds, or count. Elements behind one that was found may not be looked at. */
WEFT_API weft_status weft_find(size_t *index, const void *elements, size_t size, size_t count,
                               bool (*holds)(const void *element, void *context), void *context,
                               const weft_parallel_options *options);
/** *index: one that holds, or count. */
WEFT_API weft_status weft_find_any(size_t *index, const void *elements, size_t size, size_t count,
                                   bool (*holds)(const void *element, void *context), void *context,
                                   const weft_parallel_options *options);
/** Whether all hold (true of none), whether some does. Ends early. */
WEFT_API weft_status weft_every(bool *answer, const void *elements, size_t size, size_t count,
                                bool (*holds)(const void *element, void *context), void *context,
                                const weft_parallel_options *options);
WEFT_API weft_status weft_some(bool *answer, const void *elements, size_t size, size_t count,
                               bool (*holds)(const void *element, void *context), void *context,
                               const weft_parallel_options *options);
/** *index: the first of the least, of the greatest; count if there are none. compare: as for qsort. */
WEFT_API weft_status weft_least(size_t *index, const void *elements, size_t size, size_t count,
                                int (*compare)(const void *a, const void *b, void *context), void *context,
                                const weft_parallel_options *options);
WEFT_API weft_status weft_greatest(size_t *index, const void *elements, size_t size, size_t count,
                                   int (*compare)(const void *a, const void *b, void *context), void *context,
                                   const weft_parallel_options *options);

/**
 * Sorts in place by merging; equal elements keep their order. Allocates as much as the elements take; WEFT_NO_MEMORY.
 * compare: as for qsort, with the context. stop and deadline are not looked at: an array is never left half sorted.
 */
WEFT_API weft_status weft_sort_stable(void *elements, size_t size, size_t count,
                                      int (*compare)(const void *a, const void *b, void *context), void *context,
                                      const weft_parallel_options *options);
/** Sorts in place, without memory; equal elements in any order. At most n log n comparisons, whatever the order. */
WEFT_API weft_status weft_sort(void *elements, size_t size, size_t count,
                               int (*compare)(const void *a, const void *b, void *context), void *context,
                               const weft_parallel_options *options);
/** The same for numbers, in ascending order; NaNs come last, -0.0 before 0.0 or after it. */
WEFT_API weft_status weft_sort_int32(int32_t *numbers, size_t count, const weft_parallel_options *options);
WEFT_API weft_status weft_sort_int64(int64_t *numbers, size_t count, const weft_parallel_options *options);
WEFT_API weft_status weft_sort_float(float *numbers, size_t count, const weft_parallel_options *options);
WEFT_API weft_status weft_sort_double(double *numbers, size_t count, const weft_parallel_options *options);
/** Merges two sorted arrays; of equal elements those of a come first. out is neither of them. */
WEFT_API weft_status weft_merge(void *out, const void *a, size_t a_count, const void *b, size_t b_count, size_t size,
                                int (*compare)(const void *a, const void *b, void *context), void *context,
                                const weft_parallel_options *options);

/** One thing to be done by weft_all. */
typedef struct weft_thunk {
    void (*run)(void *argument);
    void *argument;
} weft_thunk;
/** Does several things at the same time, if there are workers. Source: plet, pfuncall. */
WEFT_API weft_status weft_all(const weft_thunk *thunks, size_t count);

WEFT_END_DECLS

#endif
