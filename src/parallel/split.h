/* SPDX-License-Identifier: MIT */
/* split.h - a range cut into parts, which fork/join shares out: what all algorithms are made of.
 *
 * A range is halved as long as it has more than one part, one half is spawned, and the halves are joined from left to
 * right. By default there are PARTS_A_WORKER parts for each worker, each of at least the grain: cutting costs some
 * nanoseconds, and only what idle workers ask for leaves its worker.
 */
#ifndef WEFTI_SPLIT_H
#define WEFTI_SPLIT_H

#include <weft/parallel.h>
#include <weft/task.h>

#include "base/atomic.h"
#include "lockfree/spinlock.h"

enum { WEFTI_LARGEST_ELEMENT = 48 };

typedef struct wefti_split {
    size_t from, to, parts;
    const weft_parallel_options *options;
    /* Part `part` is from..to - 1; runs each part once, in any order. */
    void (*run)(struct wefti_split *split, size_t part, size_t from, size_t to);
    /* Joins the parts from first to middle - 1 with those from middle to last - 1. NULL: nothing is to be done. */
    void (*join)(struct wefti_split *split, size_t first, size_t middle, size_t last);
    WEFTI_ATOMIC(bool) stopped;
    WEFTI_ATOMIC(size_t) done;
    wefti_spinlock reporting; /* only tried */
    size_t reported;          /* under it */
} wefti_split;

/* Cuts from..to - 1. Elements below `grain` are not worth a task, where the options say nothing. */
void wefti_split_begin(wefti_split *split, size_t from, size_t to, size_t grain, const weft_parallel_options *options);
/* Runs all parts. Returns WEFT_OK or WEFT_CANCELLED. */
weft_status wefti_split_run(wefti_split *split);

/* Where a part begins: the first ones are one longer if there is a rest. */
static inline size_t wefti_split_at(const wefti_split *split, size_t part) {
    size_t count = split->to - split->from, each = count / split->parts, rest = count % split->parts;
    return split->from + part * each + WEFTI_MIN(part, rest);
}

/* Runs a task of fork/join where it may be shared: in a task or with use_caller here, else by a task of the current
 * kernel, for which the thread waits. */
void wefti_share(const weft_task_type *type, void *arguments);

#endif
