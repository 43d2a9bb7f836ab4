/* SPDX-License-Identifier: MIT */
/* split.c - parts of a range, and who does them. See split.h. */
#include "parallel/split.h"

#include "sched/kernel.h"

enum { PARTS_A_WORKER = 16 };

static const weft_parallel_options defaults;

void wefti_split_begin(wefti_split *split, size_t from, size_t to, size_t grain, const weft_parallel_options *options) {
    size_t count = to > from ? to - from : 0;
    split->options = options != NULL ? options : &defaults;
    split->from = from;
    split->to = from + count;
    split->parts = split->options->parts;
    if (split->parts == 0) {
        size_t least = split->options->grain != 0 ? split->options->grain : grain;
        size_t most = split->options->grain != 0 ? count : (size_t)weft_kernel_worker_count(NULL) * PARTS_A_WORKER;
        split->parts = WEFTI_MIN(WEFTI_MAX(most, 1), (count + least - 1) / WEFTI_MAX(least, 1));
    }
    split->parts = WEFTI_MAX(WEFTI_MIN(split->parts, count), 1);
    wefti_atomic_init(&split->done, (size_t)0);
    split->reported = 0;
    split->join = NULL;
    wefti_atomic_init(&split->stopped, false);
    wefti_atomic_init(&split->reporting, 0u);
}

/* ---- one part ---- */

static bool is_stopped(wefti_split *split) {
    const weft_parallel_options *options = split->options;
    if (options->stop == NULL && options->deadline == 0) return false;
    if (wefti_load_relaxed(&split->stopped)) return true; /* relaxed, both: it is asked anew at each part */
    bool stop = options->stop != NULL && __atomic_load_n(options->stop, __ATOMIC_RELAXED);
    if (!stop && (options->deadline == 0 || weft_time() < options->deadline)) return false;
    wefti_store_relaxed(&split->stopped, true);
    return true;
}

/* One call at a time, and nobody waits for one: who finds another calling leaves it at that. */
static void report(wefti_split *split, size_t done) {
    wefti_add_relaxed(&split->done, done); /* relaxed: a count for people to look at */
    if (!wefti_spin_try(&split->reporting)) return;
    size_t now = wefti_load_relaxed(&split->done), all = split->to - split->from;
    if (now > split->reported) {
        split->reported = now;
        split->options->progress(now, all, split->options->progress_context);
    }
    wefti_spin_unlock(&split->reporting);
}

static void run_part(wefti_split *split, size_t part) {
    if (is_stopped(split)) return;
    size_t from = wefti_split_at(split, part), to = wefti_split_at(split, part + 1);
    split->run(split, part, from, to);
    if (split->options->progress != NULL) report(split, to - from);
}

/* ---- all ---- */

WEFT_TASK(void, weft_parts, (wefti_split *, split), (size_t, first), (size_t, last)) {
    if (last - first == 1) {
        run_part(split, first);
        return;
    }
    size_t middle = first + (last - first) / 2;
    weft_spawn(weft_parts, split, middle, last);
    weft_call(weft_parts, split, first, middle);
    weft_sync(weft_parts);
    if (split->join != NULL) split->join(split, first, middle, last);
}

void wefti_share(const weft_task_type *type, void *arguments) {
    weft_kernel *kernel = wefti_kernel_current();
    if (wefti_strand_self()->worker == NULL && kernel != NULL && !kernel->use_caller) {
        weft_channel *done = weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel});
        bool given = done != NULL && weft_submit_task(NULL, done, type, arguments) == WEFT_OK;
        if (given) weft_receive_done(done, WEFT_FOREVER);
        if (done != NULL) weft_free_channel(done);
        if (given) return;
    }
    type->invoke(arguments, NULL);
}

weft_status wefti_split_run(wefti_split *split) {
    if (split->from == split->to) return WEFT_OK;
    struct weft_parts_arguments arguments = {split, 0, split->parts};
    if (split->parts == 1)
        run_part(split, 0);
    else
        wefti_share(&weft_task_of_weft_parts, &arguments);
    if (split->options->progress != NULL) report(split, 0);                /* what nobody has told */
    return wefti_load_relaxed(&split->stopped) ? WEFT_CANCELLED : WEFT_OK; /* relaxed: all parts have ended */
}
