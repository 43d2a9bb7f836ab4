/* SPDX-License-Identifier: MIT */
/* counters.c - reading what the workers count. */
#include <weft/trace.h>

#include "sched/kernel.h"

static uint64_t pending_in(wefti_queue *queue) {
    uint64_t gone = wefti_load_relaxed(&queue->stolen) + wefti_load_relaxed(&queue->taken);
    uint64_t pushed = wefti_load_relaxed(&queue->pushed);
    return pushed > gone ? pushed - gone : 0;
}

weft_status weft_read_counters(const weft_kernel *kernel, unsigned worker, weft_worker_counters *counters) {
    if (kernel == NULL) kernel = wefti_kernel_current();
    if (kernel == NULL) return WEFT_NO_KERNEL;
    if (worker >= kernel->worker_count || counters == NULL) return WEFT_INVALID;
    wefti_worker *w = &kernel->workers[worker];
    uint64_t done = wefti_load_relaxed(&w->done[0]) + wefti_load_relaxed(&w->done[1]);
    uint64_t begun = wefti_load_relaxed(&w->begun);
    int64_t since = wefti_load_relaxed(&w->busy_since), busy = wefti_load_relaxed(&w->busy);
    counters->tasks = done;
    counters->steals = wefti_load_relaxed(&w->steals);
    counters->parks = wefti_load_relaxed(&w->parks);
    counters->sleeps = wefti_load_relaxed(&w->sleeps);
    counters->live = begun > done ? begun - done : 0;
    counters->pending = pending_in(&w->queue);
    counters->stacks = wefti_load_relaxed(&w->stacks);
    counters->busy = since != 0;
    counters->busy_nanoseconds = since != 0 ? busy + wefti_clock() - since : busy;
    return WEFT_OK;
}
