/* SPDX-License-Identifier: MIT */
/* merge.h - sorting a run and merging two, for inlining where element size and order are known.
 *
 * Merging is stable, and so is sorting by it; both make no more comparisons than they have to, since a comparison is a
 * call of the user's function. Elements are copied, never compared in the temporary place of one, so when a function
 * transfers control out of here one of the two arrays has each of them once.
 * An order that is none gives some permutation: no index depends on answers being consistent.
 */
#ifndef WEFTI_MERGE_H
#define WEFTI_MERGE_H

#include <string.h>

#include "parallel/split.h"

#define WEFTI_INLINE static inline __attribute__((always_inline))

enum { WEFTI_SHORT_RUN = 12 };

/* Merges a and b into out, which overlaps neither. */
WEFTI_INLINE void wefti_merge_runs(const char *a, size_t a_count, const char *b, size_t b_count, char *out, size_t size,
                                   weft_compare *compare, void *context) {
    const char *a_end = a + a_count * size, *b_end = b + b_count * size;
    while (a != a_end && b != b_end) {
        bool from_b = compare(b, a, context) < 0;
        memcpy(out, from_b ? b : a, size);
        out += size;
        a += from_b ? 0 : size;
        b += from_b ? size : 0;
    }
    memcpy(out, a, (size_t)(a_end - a));
    memcpy(out + (a_end - a), b, (size_t)(b_end - b));
}

/* Sorts a short run where it lies. spare: room for an element. */
WEFTI_INLINE void wefti_insert_run(char *run, size_t count, char *spare, size_t size, weft_compare *compare,
                                   void *context) {
    for (size_t i = 1; i < count; i++) {
        size_t to = i;
        while (to > 0 && compare(run + i * size, run + (to - 1) * size, context) < 0) to--;
        if (to == i) continue;
        memcpy(spare, run + i * size, size);
        memmove(run + (to + 1) * size, run + to * size, (i - to) * size);
        memcpy(run + to * size, spare, size);
    }
}

/* Sorts count elements at `from`; the result comes to `from`, or to `other` (as large) if to_other. Bottom up: short
 * runs, then merges to and fro. in_other: whether all of them are in `other`, at each time that compare is called; they
 * are in `from` else. */
WEFTI_INLINE void wefti_sort_run(char *from, char *other, size_t count, bool to_other, bool *in_other, size_t size,
                                 weft_compare *compare, void *context) {
    char *in = from, *out = other;
    *in_other = false;
    for (size_t at = 0; at < count; at += WEFTI_SHORT_RUN)
        wefti_insert_run(in + at * size, WEFTI_MIN(count - at, (size_t)WEFTI_SHORT_RUN), out, size, compare, context);
    for (size_t run = WEFTI_SHORT_RUN; run < count; run *= 2) {
        for (size_t at = 0; at < count; at += 2 * run) {
            size_t a = WEFTI_MIN(run, count - at), b = WEFTI_MIN(run, count - at - a);
            const char *first = in + at * size, *second = first + a * size;
            if (b == 0 || compare(second, second - size, context) >= 0) /* in order as they lie */
                memcpy(out + at * size, first, (a + b) * size);
            else
                wefti_merge_runs(first, a, second, b, out + at * size, size, compare, context);
        }
        char *swap = in;
        in = out;
        out = swap;
        *in_other = in == other;
    }
    char *wanted = to_other ? other : from;
    if (in != wanted) memcpy(wanted, in, count * size);
    *in_other = to_other;
}

/* How many of the first `rank` elements of the merged a and b come from a. */
WEFTI_INLINE size_t wefti_merge_path(const char *a, size_t a_count, const char *b, size_t b_count, size_t rank,
                                     size_t size, weft_compare *compare, void *context) {
    size_t low = rank > b_count ? rank - b_count : 0, high = WEFTI_MIN(rank, a_count);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(b + (rank - middle - 1) * size, a + middle * size, context) < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

#endif
