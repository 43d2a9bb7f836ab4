/* SPDX-License-Identifier: MIT */
/* threads.c - the half in C of main.go: what ../caller.h measures, with functions that Go exports. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "_cgo_export.h"

enum { THREADS = 200 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double loop(long calls) {
    double start = now();
    for (long i = 0; i < calls; i++) outer_empty();
    return (now() - start) / (double)calls;
}

typedef struct work {
    long calls;
    double value;
} work;

static __thread double inner;

void outer_go_on(long calls) { inner = loop(calls); }

static void *first(void *argument) {
    now();
    double start = now();
    outer_empty();
    ((work *)argument)->value = now() - start;
    return NULL;
}

static void *later(void *argument) {
    work *w = argument;
    outer_empty();
    w->value = loop(w->calls);
    return NULL;
}

static void *recursive(void *argument) {
    work *w = argument;
    outer_within(w->calls);
    w->value = inner;
    return NULL;
}

static double in_thread(void *(*function)(void *), long calls) {
    pthread_t thread;
    work w = {calls, 0};
    if (pthread_create(&thread, NULL, function, &w) != 0 || pthread_join(thread, NULL) != 0) abort();
    return w.value;
}

static int by_size(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return difference < 0 ? -1 : difference > 0;
}

double outer_first_of_many(void) {
    double samples[THREADS];
    for (int i = 0; i < THREADS; i++) samples[i] = in_thread(first, 0);
    qsort(samples, THREADS, sizeof *samples, by_size);
    return samples[THREADS / 2];
}

double outer_later(long calls) { return in_thread(later, calls); }
double outer_recursive(long calls) { return in_thread(recursive, calls); }
