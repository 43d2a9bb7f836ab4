/* SPDX-License-Identifier: MIT */
/* samples.c - what each worker was at, looked at every few milliseconds. */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_PERIOD = 2000000 };

bool samples_make(press_samples *samples, unsigned workers) {
    *samples = (press_samples){.workers = workers, .period = FIRST_PERIOD, .start = weft_time()};
    samples->times = calloc(SAMPLES_MOST, sizeof *samples->times);
    samples->lanes = calloc((size_t)SAMPLES_MOST * workers, sizeof *samples->lanes);
    samples->now = calloc(workers, sizeof *samples->now);
    samples->counters = calloc(workers, sizeof *samples->counters);
    return samples->times != NULL && samples->lanes != NULL && samples->now != NULL && samples->counters != NULL;
}

static void thin_out(press_samples *samples) {
    for (size_t to = 0, from = 0; from < samples->count; to++, from += 2) {
        samples->times[to] = samples->times[from];
        memmove(samples->lanes + to * samples->workers, samples->lanes + from * samples->workers,
                samples->workers * sizeof *samples->lanes);
    }
    samples->count /= 2;
    samples->period *= 2;
}

/* The category of a task is its block (see the reader). */
static sample_lane lane_of(weft_category category, const block_set *set) {
    if (category == NULL) return 0;
    for (size_t i = 0; i < set->count; i++)
        if (category == &set->blocks[i]) return (sample_lane)(1 + i);
    return 0;
}

void samples_take(press_samples *samples, const weft_kernel *kernel, const block_set *set) {
    if (samples->count == SAMPLES_MOST) thin_out(samples);
    weft_task_categories_running(kernel, samples->now, samples->workers);
    samples->times[samples->count] = weft_time();
    sample_lane *lanes = samples->lanes + samples->count * samples->workers;
    for (unsigned i = 0; i < samples->workers; i++) lanes[i] = lane_of(samples->now[i], set);
    samples->count++;
}

void samples_finish(press_samples *samples, const weft_kernel *kernel) {
    samples->end = weft_time();
    for (unsigned i = 0; i < samples->workers; i++)
        if (weft_read_counters(kernel, i, &samples->counters[i]) != WEFT_OK)
            samples->counters[i] = (weft_worker_counters){0};
}

void samples_free(press_samples *samples) {
    free(samples->times);
    free(samples->lanes);
    free(samples->now);
    free(samples->counters);
    *samples = (press_samples){0};
}
