/* SPDX-License-Identifier: MIT */
/* caller.h - how the peers of outer are measured: threads made here, in C, call into somebody else's runtime.
 *
 * A party has two functions: one makes an outer call in which nothing is done, the other one in which a function is
 * called back. What is timed is the same for all:
 *   outer.first      the first call of a fresh thread, the median of many
 *   outer.later      further ones of the same thread
 *   outer.recursive  those inside of one
 */
#ifndef BENCH_OUTER_CALLER_H
#define BENCH_OUTER_CALLER_H

#include <pthread.h>

#include "../harness/bench.h"

typedef struct outer_party {
    void (*call)(void);
    void (*within)(void (*inside)(void *argument), void *argument);
} outer_party;

enum { OUTER_THREADS = 200, OUTER_CALLS = 20000 };

typedef struct outer_sample {
    const outer_party *party;
    double value;
} outer_sample;

static void *outer_first(void *argument) {
    outer_sample *sample = argument;
    bench_clock();
    int64_t start = bench_clock();
    sample->party->call();
    sample->value = (double)(bench_clock() - start);
    return NULL;
}

static void outer_loop(void *argument) {
    outer_sample *sample = argument;
    long calls = bench_count(OUTER_CALLS);
    int64_t start = bench_clock();
    for (long i = 0; i < calls; i++) sample->party->call();
    sample->value = (double)(bench_clock() - start) / (double)calls;
}

static void *outer_later(void *argument) {
    ((outer_sample *)argument)->party->call();
    outer_loop(argument);
    return NULL;
}

static void *outer_recursive(void *argument) {
    ((outer_sample *)argument)->party->within(outer_loop, argument);
    return NULL;
}

static inline double outer_in_thread(const outer_party *party, void *(*function)(void *)) {
    outer_sample sample = {party, 0};
    pthread_t thread;
    bench_require(pthread_create(&thread, NULL, function, &sample) == 0 && pthread_join(thread, NULL) == 0, "thread");
    return sample.value;
}

static void outer_round(void *argument, double *values) {
    static double samples[OUTER_THREADS];
    const outer_party *party = argument;
    for (int i = 0; i < OUTER_THREADS; i++) samples[i] = outer_in_thread(party, outer_first);
    values[0] = bench_percentile(samples, OUTER_THREADS, 0.5);
    values[1] = outer_in_thread(party, outer_later);
    values[2] = outer_in_thread(party, outer_recursive);
}

static inline void outer_measure(outer_party party) {
    static const bench_figure figures[] = {
        {"outer.first", "ns/call"}, {"outer.later", "ns/call"}, {"outer.recursive", "ns/call"}};
    bench_measure(figures, 3, outer_round, &party);
}

#endif
