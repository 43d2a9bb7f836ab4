/* SPDX-License-Identifier: MIT */
/* counters.c - reading what the workers count. */
#include <weft/trace.h>

#include "sched/kernel.h"

weft_status weft_read_counters(const weft_kernel *kernel, unsigned worker, weft_worker_counters *counters) {
    if (kernel == NULL) kernel = wefti_kernel_current();
    if (kernel == NULL) return WEFT_NO_KERNEL;
    if (worker >= kernel->worker_count || counters == NULL) return WEFT_INVALID;
    wefti_worker *w = &kernel->workers[worker];
    uint64_t done = wefti_load_relaxed(&w->done[0]) + wefti_load_relaxed(&w->done[1]);
    uint64_t begun = wefti_load_relaxed(&w->queue.taken) + wefti_load_relaxed(&w->begun);
    int64_t since = wefti_load_relaxed(&w->busy_since), busy = wefti_load_relaxed(&w->busy);
    counters->tasks = done;
    counters->steals = wefti_load_relaxed(&w->steals);
    counters->parks = wefti_load_relaxed(&w->parks);
    counters->slices = wefti_load_relaxed(&w->slices);
    counters->sleeps = wefti_load_relaxed(&w->sleeps);
    counters->live = begun > done ? begun - done : 0;
    counters->pending = wefti_queue_pending(&w->queue);
    counters->stacks = wefti_load_relaxed(&w->stacks);
    counters->busy = since != 0;
    counters->busy_nanoseconds = since != 0 ? busy + wefti_clock() - since : busy;
    return WEFT_OK;
}
