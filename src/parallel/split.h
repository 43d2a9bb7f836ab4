/* SPDX-License-Identifier: MIT */
/* split.h - dividing a range among the caller and whoever has time: what all parallel algorithms are made of.
 *
 * Idea: the caller begins at the front alone, with pieces that grow, and looks at the clock between them. If more work
 * seems left than it costs to ask others, it puts the rest in a *shared split* and submits a helper task for each other
 * worker. From then on the caller and the helpers that have begun take pieces from one counter: large ones first, a
 * share of what is left, and the last ones small. A helper that begins too late finds the split closed and ends.
 *
 *   inside:  2 * participants + closed
 *     helper: closed ? no : +2     take pieces     -2; the last one of a closed split wakes the caller
 *     caller: take pieces;  closed = 1;  others inside ? wait
 *
 * So the caller's own data, on which pieces work, is used by nobody after the caller returns, and the caller waits for
 * nobody who has not begun: no task that waits elsewhere can hold it up. The shared split itself is counted.
 *
 * A piece that returns a status other than WEFT_OK, fails with a condition or is killed empties the counter.
 */
#ifndef WEFTI_SPLIT_H
#define WEFTI_SPLIT_H

#include <weft/parallel.h>

#include "base/base.h"

/* Does elements first to last - 1. May wait. */
typedef weft_status (*wefti_piece)(void *context, size_t first, size_t last);

/* Calls piece for ranges that together are 0 to count - 1; returns what the first that is not WEFT_OK has returned, or
 * how it failed. The caller is inside the call (wefti_parallel). */
weft_status wefti_split(const weft_parallel_options *options, size_t count, wefti_piece piece, void *context);

/* Calls function(options, context) as a task of the options' kernel, or here if this is one. The options that it gets
 * are never NULL, and name the kernel. */
weft_status wefti_parallel(const weft_parallel_options *options,
                           weft_status (*function)(const weft_parallel_options *options, void *context), void *context);

/* An algorithm of several splits tells of its progress as of one thing of `count` elements, and once of its end. */
typedef struct wefti_steps {
    weft_parallel_options options; /* for each of the splits */
    const weft_parallel_options *whole;
    size_t count, steps, done;
} wefti_steps;

void wefti_steps_begin(wefti_steps *s, const weft_parallel_options *whole, size_t count, size_t steps);
/* Returns the status that it gets, and tells of the end if that is WEFT_OK. */
weft_status wefti_steps_end(const wefti_steps *s, weft_status status);

/* Whether somebody looks at a clock or at a bar: even one worker then works in pieces. */
static inline bool wefti_in_pieces(const weft_parallel_options *options) {
    return options->deadline != 0 || options->progress != NULL;
}

/* For algorithms with a state for each piece: into how many to divide, the same for the same count and options. */
size_t wefti_part_count(const weft_parallel_options *options, size_t count);

/* Where piece `part` of `parts` of count elements begins; for part == parts, count. */
static inline size_t wefti_part_begin(size_t count, size_t parts, size_t part) {
    size_t each = count / parts, rest = count % parts;
    return part * each + (part < rest ? part : rest);
}

/* Memory for a while, to be freed with free: NULL if there is none. What is large comes in large pages if the system
 * has them, which are touched first, and found again, in a fraction of the time. */
void *wefti_parallel_room(size_t size);

/* The number of workers of the kernel that the options name. */
size_t wefti_parallel_workers(const weft_parallel_options *options);

#define WEFTI_MOST_ELEMENTS (SIZE_MAX / 8)

/* Whether there can be such an array. */
static inline bool wefti_array_valid(const void *array, size_t size, size_t count) {
    return size != 0 && count <= WEFTI_MOST_ELEMENTS / size && (array != NULL || count == 0);
}

static inline void *wefti_element(const void *array, size_t size, size_t index) {
    return (char *)(uintptr_t)array + size * index;
}

#endif
