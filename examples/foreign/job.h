/* SPDX-License-Identifier: MIT */
/* job.h - what each of the loops here is given to do: results of tasks, and calls that tasks leave for the loop's
 * thread.
 *
 * A loop waits for two descriptors, calls on_results or on_calls when one is readable, and ends when is_done says so.
 */
#ifndef EXAMPLES_JOB_H
#define EXAMPLES_JOB_H

#include <pthread.h>

#include "../check.h"

enum { TASKS = 100 };

typedef struct job {
    weft_kernel *kernel;
    weft_channel *results, *calls;
    pthread_t loop;
    long sum;
    int results_seen, calls_run;
} job;

/* In the loop's thread, so nothing needs to be locked. */
static inline void count_call(void *argument) {
    job *j = argument;
    if (pthread_equal(pthread_self(), j->loop)) j->calls_run++;
}

WEFT_TASK(int, square, (job *, j), (int, n)) {
    weft_call call = {count_call, j};
    check(weft_send(j->calls, &call, WEFT_FOREVER)); /* "do this where the loop runs" */
    return n * n;
}

static inline void begin_job(job *j) {
    *j = (job){.kernel = weft_make_kernel(2, NULL), .loop = pthread_self()};
    check_made(j->kernel);
    check_made(j->results = weft_make_channel(int));
    check_made(j->calls = weft_make_channel(weft_call));
    for (int n = 1; n <= TASKS; n++) check(weft_submit(j->results, square, j, n));
}

static inline int results_descriptor(const job *j) { return weft_channel_descriptor(j->results); }
static inline int calls_descriptor(const job *j) { return weft_channel_descriptor(j->calls); }

/* All that is there now; it never waits. */
static inline void on_results(job *j) {
    int value;
    while (weft_receive_result(j->results, &value, WEFT_NOW) == WEFT_OK) {
        j->sum += value;
        j->results_seen++;
    }
}

/* At most eight, and no new one after a millisecond: the loop has other things to do. */
static inline void on_calls(job *j) { weft_run_calls(j->calls, 8, 0.001); }

static inline bool is_done(const job *j) { return j->results_seen == TASKS && j->calls_run == TASKS; }

static inline void end_job(job *j, const char *loop) {
    printf("%s: %d results, their sum is %ld; %d calls in the loop's own thread\n", loop, j->results_seen, j->sum,
           j->calls_run);
    check(weft_free_channel(j->results));
    check(weft_free_channel(j->calls));
    check(weft_free_kernel(j->kernel));
}

#endif
