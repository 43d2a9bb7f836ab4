/* SPDX-License-Identifier: MIT */
/* samples.h - what each worker was at, looked at every few milliseconds. */
#ifndef PRESS_SAMPLES_H
#define PRESS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "block.h"

/* At so many, every second sample is dropped and the period doubles: memory is bounded however long it takes. */
enum { SAMPLES_MOST = 4096 };

/* One look at one worker: 0 when it was idle, or 1 plus the index of its block. */
typedef uint16_t sample_lane;

typedef struct press_samples {
    unsigned workers;
    size_t count;
    int64_t period;                 /* nanoseconds between two looks */
    int64_t start, end;             /* weft_time() */
    int64_t *times;                 /* count entries */
    sample_lane *lanes;             /* count times workers entries */
    weft_category *now;             /* room for one look */
    weft_worker_counters *counters; /* of each worker, at the end */
} press_samples;

/* Makes room. False if there is no memory; samples_free is due in both cases. */
bool samples_make(press_samples *samples, unsigned workers);

/* Looks at the workers of the kernel once. */
void samples_take(press_samples *samples, const weft_kernel *kernel, const block_set *set);

/* Takes down the time and the counters of the workers. */
void samples_finish(press_samples *samples, const weft_kernel *kernel);

static inline sample_lane samples_lane(const press_samples *samples, size_t index, unsigned worker) {
    return samples->lanes[index * samples->workers + worker];
}

void samples_free(press_samples *samples);

#endif
