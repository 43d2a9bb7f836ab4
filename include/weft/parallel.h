/* SPDX-License-Identifier: MIT */
/* parallel.h - parallel loops and algorithms over arrays and ranges.
 *
 * All of them may be called from a task, where the caller takes part and waits, and from any other thread, which waits
 * for the workers (it takes part too if the kernel was made with use_caller). They may be nested. Pieces are chosen as
 * the work goes: a loop too short to be worth waking anybody is run by the caller alone.
 *
 * Functions of the caller run on several workers at the same time; they may wait. An element is seen by one of them at
 * a time. What happened before the call happens before them, and what they did happens before the return. If one ends
 * in an error or is killed, nothing new is begun, and the call returns when the rest has ended: nothing runs on after
 * it.
 *
 * Common to all: options is NULL for the defaults. A count of 0 is allowed, with array NULL too. Errors of all are
 *   WEFT_INVALID    a pointer that must not be NULL is, or an element size is 0, or a count is above SIZE_MAX / 8
 *   WEFT_NO_KERNEL  there is no kernel; WEFT_ENDED: it has been ended
 *   WEFT_TIMED_OUT  the deadline of the options passed before the end: some of the work is not done
 *   WEFT_NO_MEMORY  no memory for what a task needs to wait, or for the algorithm
 *   WEFT_FAILED     a function failed with a condition; WEFT_CANCELLED: it was cancelled
 */
#ifndef WEFT_PARALLEL_H
#define WEFT_PARALLEL_H

#include <weft/base.h>
#include <weft/task.h>

WEFT_BEGIN_DECLS

/** Options of a parallel loop or algorithm. All zero is the default of each. */
typedef struct weft_parallel_options {
    weft_kernel *kernel;    /**< NULL: the current kernel */
    size_t parts;           /**< into how many pieces to divide, all begun at once; 0: chosen as the work goes */
    weft_deadline deadline; /**< when to give up beginning pieces; 0: never */
    /** Told how much is done, in elements, from any worker, one call at a time, now and then and once in the end: then
     * done is total. NULL: nobody. */
    void (*progress)(size_t done, size_t total, void *context);
    void *progress_context;
} weft_parallel_options;

/* ---- loops ---- */

/**
 * Calls body for ranges that together are begin to end - 1.
 *
 * body: gets a range first to last - 1, not empty, so that its loop is one that the compiler can unroll and vectorise.
 *   Its result WEFT_OK goes on; any other stops the loop as soon as may be, and is what the call returns.
 * A loop of at most 32 elements, or with parts in the options, is divided at once; else the caller begins alone and
 * asks others when some microseconds of work seem to be left. Source: pdotimes, dotimes of lparallel. Row P1.
 */
WEFT_API weft_status weft_for_range(const weft_parallel_options *options, size_t begin, size_t end,
                                    weft_status (*body)(size_t first, size_t last, void *context), void *context);

/**
 * Calls body for tiles that together are rows times columns.
 *
 * body: gets a tile of rows first_row to last_row - 1 and columns first_column to last_column - 1, about square.
 *   tile: the length of its sides; 0: 64. Otherwise as weft_for_range, whose elements are then the tiles.
 */
WEFT_API weft_status weft_for_tiles(const weft_parallel_options *options, size_t rows, size_t columns, size_t tile,
                                    weft_status (*body)(size_t first_row, size_t last_row, size_t first_column,
                                                        size_t last_column, void *context),
                                    void *context);

/**
 * Defines a loop that is written like one: WEFT_LOOP(name, index, (type, parameter), ...) { body for one index }.
 *
 * Run it with weft_loop(name, begin, end, arguments...), or weft_loop_with(&options, name, begin, end, arguments...).
 * One to eight parameters, of the types that WEFT_TASK takes, each copied once for a range.
 *
 *     WEFT_LOOP(scale, i, (double *, values), (double, factor)) { values[i] *= factor; }
 *     weft_status status = weft_loop(scale, 0, count, values, 2.0);
 */
#define WEFT_LOOP(name, ...) WEFTI_CAT(WEFTI_LOOP_, WEFTI_COUNT(__VA_ARGS__))(name, __VA_ARGS__)
#define weft_loop(name, ...) wefti_loop_of_##name(NULL, __VA_ARGS__)
#define weft_loop_with(options, name, ...) wefti_loop_of_##name((options), __VA_ARGS__)

/* ---- mapping ---- */

/**
 * Calls function(in element, out element, context) for each of count elements.
 *
 * in and out: arrays of elements of in_size and out_size bytes; out may be in, if the sizes are equal. The order of the
 * results is that of the elements. For small functions weft_for_range or WEFT_LOOP saves a call an element.
 * Source: pmap, pmap-into.
 */
WEFT_API weft_status weft_map(const weft_parallel_options *options, const void *in, size_t in_size, void *out,
                              size_t out_size, size_t count, void (*function)(const void *in, void *out, void *context),
                              void *context);

/**
 * Defines a map that is written like a function of one element, whose loop the compiler sees:
 * WEFT_MAP(result, name, (type, x), (type, parameter), ...) { return the result for x; }
 *
 * Run it with weft_map_by(name, in, out, count, arguments...), or weft_map_by_with(&options, name, in, out, count,
 * arguments...). in: const type *; out: result *, which may be in, if the sizes are equal, and else lies apart from it.
 * Up to seven parameters, of the types that WEFT_TASK takes, each copied once for some elements. Elements of at most
 * 1024 bytes; no cases and no restarts in it. A result of 16 MiB or more is written past the caches, which saves
 * reading first what is overwritten.
 *
 *     WEFT_MAP(double, line, (double, x), (double, factor)) { return factor * x + 1; }
 *     weft_status status = weft_map_by(line, in, out, count, 3.0);
 */
#define WEFT_MAP(result, ...) WEFTI_CAT(WEFTI_MAP_, WEFTI_COUNT(__VA_ARGS__))(result, __VA_ARGS__)
#define weft_map_by(name, ...) wefti_map_of_##name(NULL, __VA_ARGS__)
#define weft_map_by_with(options, name, ...) wefti_map_of_##name((options), __VA_ARGS__)

/**
 * What weft_map_by is made of: block(in, out, count, arguments) does some elements that lie one after the other.
 *
 * in_size and out_size: bytes of an element, the latter at most 1024. The out that block gets is never its in.
 */
WEFT_API weft_status weft_map_blocks(const weft_parallel_options *options, const void *in, size_t in_size, void *out,
                                     size_t out_size, size_t count,
                                     void (*block)(const void *in, void *out, size_t count, const void *arguments),
                                     const void *arguments);

/* ---- reducing ---- */

/**
 * Combines all elements into *result: e0 + e1 + ..., where + is combine(left, right, context), left = left + right.
 *
 * combine: associative; it need not commute. identity: the result for no elements, and where each piece begins; NULL:
 *   each piece begins with its first element, and a count of 0 is WEFT_INVALID. result: size bytes, not in the array.
 * How the elements are grouped depends on count and parts alone, not on workers or time, so sums of floating point
 * numbers are the same in each run. Source: preduce.
 */
WEFT_API weft_status weft_reduce(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                 const void *identity, void *result,
                                 void (*combine)(void *left, const void *right, void *context), void *context);

/**
 * Reduces a range without an array: fold(first, last, &accumulator, context) adds a range to an accumulator.
 *
 * size: bytes of an accumulator and of *result. identity: not NULL; each accumulator begins with a copy. combine: as in
 * weft_reduce, of accumulators. Grouping as there. Source: pmap-reduce.
 *
 *     static void add_range(size_t first, size_t last, void *sum, void *values) { for ... *(double *)sum += ...; }
 */
WEFT_API weft_status weft_map_reduce(const weft_parallel_options *options, size_t begin, size_t end, size_t size,
                                     const void *identity, void *result,
                                     void (*fold)(size_t first, size_t last, void *accumulator, void *context),
                                     void (*combine)(void *left, const void *right, void *context), void *context);

/** Whether an element's own value is in its place of a scan. */
typedef enum weft_scan_kind {
    WEFT_SCAN_INCLUSIVE = 0, /**< out[i] = e0 + ... + ei */
    WEFT_SCAN_EXCLUSIVE = 1  /**< out[i] = identity + e0 + ... + e(i-1) */
} weft_scan_kind;

/**
 * Writes to out, in its place, what all elements up to each one combine to.
 *
 * out: as large as array, and may be array. identity: not NULL. combine as in weft_reduce. Where several workers take
 * part, most elements are combined twice, and how they are grouped depends on the number of workers too, if it is not
 * said in parts.
 */
WEFT_API weft_status weft_scan(const weft_parallel_options *options, weft_scan_kind kind, const void *array, void *out,
                               size_t size, size_t count, const void *identity,
                               void (*combine)(void *left, const void *right, void *context), void *context);

/**
 * Scans a range without calling anybody for an element.
 *
 * fold(first, last, &accumulator, context) adds a range to an accumulator, as in weft_map_reduce. write gets what all
 * before its range combine to, goes on with it, and writes what belongs to each index; it may leave anything in the
 * accumulator. Both are given the same ranges only by chance. size: bytes of an accumulator. identity: not NULL.
 * combine: of accumulators, associative, left = left + right. Where one worker does all, and nobody set a deadline or
 * looks at its progress, fold is never called.
 */
WEFT_API weft_status weft_scan_range(const weft_parallel_options *options, size_t begin, size_t end, size_t size,
                                     const void *identity,
                                     void (*fold)(size_t first, size_t last, void *accumulator, void *context),
                                     void (*write)(size_t first, size_t last, void *accumulator, void *context),
                                     void (*combine)(void *left, const void *right, void *context), void *context);

/* ---- choosing and finding ---- */

/** Whether an element counts: a function of the caller, called once an element at most. */
typedef bool weft_predicate(const void *element, void *context);

/**
 * Copies the elements that the predicate holds for to out, in their order, and leaves their number in *kept.
 *
 * out: room for count elements, apart from array. Source: premove-if-not.
 */
WEFT_API weft_status weft_filter(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                 void *out, size_t *kept, weft_predicate *predicate, void *context);

/** As weft_filter; the others follow behind, in their order too. *kept is where they begin. */
WEFT_API weft_status weft_partition(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                    void *out, size_t *kept, weft_predicate *predicate, void *context);

/** Leaves in *number for how many elements the predicate holds. Source: pcount-if. */
WEFT_API weft_status weft_count_if(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                   size_t *number, weft_predicate *predicate, void *context);

/**
 * Leaves in *index the first element that the predicate holds for, or count.
 *
 * It is not called for elements behind one that was found, but for those that others were looking at then.
 * Source: pfind-if, which finds any.
 */
WEFT_API weft_status weft_find(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                               size_t *index, weft_predicate *predicate, void *context);

/** As weft_find, but any such element, whichever is found first. */
WEFT_API weft_status weft_find_any(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                   size_t *index, weft_predicate *predicate, void *context);

/** Leaves in *answer whether the predicate holds for every element: true for none. Source: pevery. */
WEFT_API weft_status weft_every(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                bool *answer, weft_predicate *predicate, void *context);

/** Leaves in *answer whether the predicate holds for some element: false for none. Source: psome. */
WEFT_API weft_status weft_some(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                               bool *answer, weft_predicate *predicate, void *context);

/** An order: negative if a comes before b, 0 if neither, positive if after. */
typedef int weft_compare(const void *a, const void *b, void *context);

/** Leaves in *index the least element, the first of equal ones; count must not be 0. */
WEFT_API weft_status weft_least(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                size_t *index, weft_compare *compare, void *context);

/** Leaves in *index the greatest element, the first of equal ones; count must not be 0. */
WEFT_API weft_status weft_greatest(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                                   size_t *index, weft_compare *compare, void *context);

/* ---- sorting ---- */

/**
 * Sorts an array; equal elements keep their order with weft_stable_sort, and may lose it with weft_sort.
 *
 * compare: a total order; with another the array ends in some order, and nothing worse. Time: count log count in the
 * worst case. Memory: as much again as the array for weft_stable_sort, and for weft_sort where several workers take
 * part (without it, it is sorted by one). Stopped by a deadline or an error, the array holds its elements in some
 * order. Source: psort.
 */
WEFT_API weft_status weft_sort(const weft_parallel_options *options, void *array, size_t count, size_t size,
                               weft_compare *compare, void *context);
WEFT_API weft_status weft_stable_sort(const weft_parallel_options *options, void *array, size_t count, size_t size,
                                      weft_compare *compare, void *context);

/**
 * Sort numbers in ascending order, without calling anybody: several times as fast.
 *
 * Floating point numbers are in the order of IEEE 754's totalOrder: -0 before 0, NaNs at the ends by their sign.
 * Memory: as much again as the array where it is long; without it another, slower way is taken.
 */
WEFT_API weft_status weft_sort_int32(const weft_parallel_options *options, int32_t *array, size_t count);
WEFT_API weft_status weft_sort_uint32(const weft_parallel_options *options, uint32_t *array, size_t count);
WEFT_API weft_status weft_sort_int64(const weft_parallel_options *options, int64_t *array, size_t count);
WEFT_API weft_status weft_sort_uint64(const weft_parallel_options *options, uint64_t *array, size_t count);
WEFT_API weft_status weft_sort_float(const weft_parallel_options *options, float *array, size_t count);
WEFT_API weft_status weft_sort_double(const weft_parallel_options *options, double *array, size_t count);

/** Sorts texts by their bytes, as strcmp orders them. */
WEFT_API weft_status weft_sort_strings(const weft_parallel_options *options, const char **array, size_t count);

/**
 * Merges two sorted arrays into out, which has room for both and lies apart from them.
 *
 * Of equal elements those of a come first.
 */
WEFT_API weft_status weft_merge(const weft_parallel_options *options, const void *a, size_t a_count, const void *b,
                                size_t b_count, size_t size, void *out, weft_compare *compare, void *context);

/* ---- sequences of one's own ---- */

/**
 * What an algorithm has to know of a sequence that is no array: a list, a tree, a table. All zero but size and at, or
 * size and next, will do.
 *
 * Functions get `sequence` and may run on several workers at the same time; while an algorithm runs nothing changes it.
 */
typedef struct weft_sequence_type {
    /** How many elements there are. */
    size_t (*size)(const void *sequence);
    /** The element at a place, below size. NULL if that is not cheap: then next is used. */
    void *(*at)(const void *sequence, size_t place);
    /** The element after this one; with NULL the first. Not called beyond the last. NULL if there is `at`. */
    void *(*next)(const void *sequence, const void *element);
    /** The element at a place, found faster than from the first by next: for trees and lists with marks. Called once a
     * piece. NULL: pieces are found by going through the sequence once, beforehand; there are 4096 of them at most. */
    void *(*split)(const void *sequence, size_t place);
} weft_sequence_type;

/**
 * Calls body(element, context) for each element of a sequence; as weft_for_range otherwise.
 *
 * type: not NULL, with size, and at or next. A sequence with next alone is gone through once by the caller, which notes
 * where pieces begin; what is done with the elements is divided. Source: pmap over lists. Row P1.
 */
WEFT_API weft_status weft_for_each(const weft_parallel_options *options, const weft_sequence_type *type,
                                   const void *sequence, weft_status (*body)(void *element, void *context),
                                   void *context);

/** Calls function(element, out element, context) for each element of a sequence; out: an array, in their order. As
 * weft_map otherwise. */
WEFT_API weft_status weft_map_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                       const void *sequence, void *out, size_t out_size,
                                       void (*function)(const void *in, void *out, void *context), void *context);

/**
 * Reduces a sequence: fold(element, accumulator, context) adds an element to an accumulator, and combine one
 * accumulator to another. size, identity, result, combine and grouping as in weft_map_reduce.
 */
WEFT_API weft_status weft_reduce_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                          const void *sequence, size_t size, const void *identity, void *result,
                                          void (*fold)(const void *element, void *accumulator, void *context),
                                          void (*combine)(void *left, const void *right, void *context), void *context);

/** Leaves in *found the first element that the predicate holds for, or NULL. As weft_find otherwise. */
WEFT_API weft_status weft_find_in_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                           const void *sequence, void **found, weft_predicate *predicate,
                                           void *context);

/** Leaves in *number for how many elements the predicate holds. As weft_count_if otherwise. */
WEFT_API weft_status weft_count_in_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                            const void *sequence, size_t *number, weft_predicate *predicate,
                                            void *context);

/* ---- several things ---- */

/** One of the things that weft_all does. */
typedef struct weft_thunk {
    void (*run)(void *argument); /**< not NULL */
    void *argument;
} weft_thunk;

/**
 * Does several things at the same time, if there are workers for it: each is a piece of its own, begun at once.
 *
 * thunks: count of them. Source: plet, pfuncall.
 */
WEFT_API weft_status weft_all(const weft_parallel_options *options, const weft_thunk *thunks, size_t count);

/** One of the questions that weft_and and weft_or ask. */
typedef struct weft_question {
    bool (*holds)(void *argument); /**< not NULL */
    void *argument;
} weft_question;

/**
 * Leaves in *answer whether all of them hold: true for none. Each is asked as one of the things of weft_all is done.
 *
 * When one does not hold, those that were not begun are not asked, and the call returns when the others have ended.
 * questions: count of them. Source: pand.
 */
WEFT_API weft_status weft_and(const weft_parallel_options *options, const weft_question *questions, size_t count,
                              bool *answer);

/** Leaves in *answer whether one of them holds: false for none. As weft_and otherwise. Source: por. */
WEFT_API weft_status weft_or(const weft_parallel_options *options, const weft_question *questions, size_t count,
                             bool *answer);

WEFT_END_DECLS

/* ---- below: how WEFT_LOOP works ---- */

#define WEFTI_MAKE_LOOP(index, name, size, fields, parameters, extra, gives, uses)                                     \
    struct name##_loop_arguments {                                                                                     \
        fields                                                                                                         \
    };                                                                                                                 \
    static inline void name(size_t index WEFTI_UNWRAP extra);                                                          \
    __attribute__((unused)) static weft_status wefti_range_of_##name(size_t wefti_first, size_t wefti_last,            \
                                                                     void *wefti_given) {                              \
        struct name##_loop_arguments wefti_copy = *(struct name##_loop_arguments *)wefti_given;                        \
        struct name##_loop_arguments *wefti_block = &wefti_copy;                                                       \
        for (size_t wefti_index = wefti_first; wefti_index < wefti_last; wefti_index++)                                \
            name(wefti_index WEFTI_UNWRAP uses);                                                                       \
        return WEFT_OK;                                                                                                \
    }                                                                                                                  \
    __attribute__((unused)) static inline weft_status wefti_loop_of_##name(                                            \
        const weft_parallel_options *wefti_options, size_t wefti_begin, size_t wefti_end WEFTI_UNWRAP extra) {         \
        struct name##_loop_arguments wefti_arguments = {WEFTI_UNWRAP gives};                                           \
        return weft_for_range(wefti_options, wefti_begin, wefti_end, wefti_range_of_##name, &wefti_arguments);         \
    }                                                                                                                  \
    static inline void name(size_t index WEFTI_UNWRAP extra)

#define WEFTI_LOOP_1(n, i, a) WEFTI_MAKE_1(LOOP, i, n, a)
#define WEFTI_LOOP_2(n, i, a, b) WEFTI_MAKE_2(LOOP, i, n, a, b)
#define WEFTI_LOOP_3(n, i, a, b, c) WEFTI_MAKE_3(LOOP, i, n, a, b, c)
#define WEFTI_LOOP_4(n, i, a, b, c, d) WEFTI_MAKE_4(LOOP, i, n, a, b, c, d)
#define WEFTI_LOOP_5(n, i, a, b, c, d, e) WEFTI_MAKE_5(LOOP, i, n, a, b, c, d, e)
#define WEFTI_LOOP_6(n, i, a, b, c, d, e, f) WEFTI_MAKE_6(LOOP, i, n, a, b, c, d, e, f)
#define WEFTI_LOOP_7(n, i, a, b, c, d, e, f, g) WEFTI_MAKE_7(LOOP, i, n, a, b, c, d, e, f, g)
#define WEFTI_LOOP_8(n, x, a, b, c, d, e, f, g, h) WEFTI_MAKE_8(LOOP, x, n, a, b, c, d, e, f, g, h)

/* ---- below: how WEFT_MAP works ---- */

#define WEFTI_MAKE_MAP(what, ...) WEFTI_MAP_OF(WEFTI_UNWRAP what, __VA_ARGS__)
#define WEFTI_MAP_OF(...) WEFTI_MAP_OF_(__VA_ARGS__)
#define WEFTI_MAP_OF_(result, type, x, name, size, fields, parameters, extra, gives, uses)                             \
    struct name##_map_arguments {                                                                                      \
        fields                                                                                                         \
    };                                                                                                                 \
    static inline __attribute__((always_inline)) result name(type x WEFTI_UNWRAP extra);                               \
    __attribute__((unused)) static void wefti_map_block_of_##name(                                                     \
        const void *__restrict wefti_from, void *__restrict wefti_to, size_t wefti_count, const void *wefti_given) {   \
        const type *wefti_in = (const type *)wefti_from;                                                               \
        result *wefti_out = (result *)wefti_to;                                                                        \
        struct name##_map_arguments wefti_copy = *(const struct name##_map_arguments *)wefti_given;                    \
        struct name##_map_arguments *wefti_block = &wefti_copy;                                                        \
        size_t wefti_done = 0;                                                                                         \
        (void)wefti_block;                                                                                             \
        /* A length that the compiler knows: it makes vector instructions of that without -O3, too. */                 \
        for (; wefti_count - wefti_done >= 16; wefti_done += 16)                                                       \
            for (size_t wefti_i = 0; wefti_i < 16; wefti_i++)                                                          \
                wefti_out[wefti_done + wefti_i] = name(wefti_in[wefti_done + wefti_i] WEFTI_UNWRAP uses);              \
        for (; wefti_done < wefti_count; wefti_done++)                                                                 \
            wefti_out[wefti_done] = name(wefti_in[wefti_done] WEFTI_UNWRAP uses);                                      \
    }                                                                                                                  \
    __attribute__((unused)) static inline weft_status wefti_map_of_##name(const weft_parallel_options *wefti_options,  \
                                                                          const type *wefti_in, result *wefti_out,     \
                                                                          size_t wefti_count WEFTI_UNWRAP extra) {     \
        struct name##_map_arguments wefti_arguments = {WEFTI_UNWRAP gives};                                            \
        return weft_map_blocks(wefti_options, wefti_in, sizeof(type), wefti_out, sizeof(result), wefti_count,          \
                               wefti_map_block_of_##name, &wefti_arguments);                                           \
    }                                                                                                                  \
    static inline __attribute__((always_inline)) result name(type x WEFTI_UNWRAP extra)

#define WEFTI_MAP_1(r, n, x) WEFTI_MAKE_MAP((r, WEFTI_UNWRAP x), n, 0, char wefti_none;, (void), (), (0), ())
#define WEFTI_MAP_2(r, n, x, a) WEFTI_MAKE_1(MAP, (r, WEFTI_UNWRAP x), n, a)
#define WEFTI_MAP_3(r, n, x, a, b) WEFTI_MAKE_2(MAP, (r, WEFTI_UNWRAP x), n, a, b)
#define WEFTI_MAP_4(r, n, x, a, b, c) WEFTI_MAKE_3(MAP, (r, WEFTI_UNWRAP x), n, a, b, c)
#define WEFTI_MAP_5(r, n, x, a, b, c, d) WEFTI_MAKE_4(MAP, (r, WEFTI_UNWRAP x), n, a, b, c, d)
#define WEFTI_MAP_6(r, n, x, a, b, c, d, e) WEFTI_MAKE_5(MAP, (r, WEFTI_UNWRAP x), n, a, b, c, d, e)
#define WEFTI_MAP_7(r, n, x, a, b, c, d, e, f) WEFTI_MAKE_6(MAP, (r, WEFTI_UNWRAP x), n, a, b, c, d, e, f)
#define WEFTI_MAP_8(r, n, x, a, b, c, d, e, f, g) WEFTI_MAKE_7(MAP, (r, WEFTI_UNWRAP x), n, a, b, c, d, e, f, g)

#endif
