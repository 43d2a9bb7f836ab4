/* SPDX-License-Identifier: MIT */
/* pthread.c - the peer that everybody writes first: a pool over one mutex and one condition variable, a queue of jobs
 * in a ring that grows, and a queue of results of the same kind. No allocation a job; a waiter is signalled only if
 * there is one. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/bench.h"

typedef struct job {
    int (*run)(int);
    int value;
} job;

typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    unsigned waiting;
    size_t first, count, room; /* room is a power of two */
    job *jobs;
} queue;

typedef struct pool {
    queue jobs, results;
    pthread_t threads[8];
    unsigned workers;
    long count;
} pool;

static void make_queue(queue *q) {
    memset(q, 0, sizeof *q);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->room = 1024;
    q->jobs = bench_allocate(q->room * sizeof(job));
}

static void grow(queue *q) {
    job *larger = bench_allocate(2 * q->room * sizeof(job));
    for (size_t i = 0; i < q->count; i++) larger[i] = q->jobs[(q->first + i) & (q->room - 1)];
    free(q->jobs);
    q->jobs = larger;
    q->first = 0;
    q->room *= 2;
}

static void push(queue *q, job j) {
    pthread_mutex_lock(&q->lock);
    if (q->count == q->room) grow(q);
    q->jobs[(q->first + q->count++) & (q->room - 1)] = j;
    bool wake = q->waiting > 0;
    pthread_mutex_unlock(&q->lock);
    if (wake) pthread_cond_signal(&q->filled);
}

static job pop(queue *q) {
    pthread_mutex_lock(&q->lock);
    while (q->count == 0) {
        q->waiting++;
        pthread_cond_wait(&q->filled, &q->lock);
        q->waiting--;
    }
    job j = q->jobs[q->first];
    q->first = (q->first + 1) & (q->room - 1);
    q->count--;
    pthread_mutex_unlock(&q->lock);
    return j;
}

static void *work(void *argument) {
    pool *p = argument;
    for (;;) {
        job j = pop(&p->jobs);
        if (!j.run) return NULL;
        push(&p->results, (job){NULL, j.run(j.value)});
    }
}

static void round_of_submit(void *argument, double *values) {
    pool *p = argument;
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < p->count; i++) push(&p->jobs, (job){bench_empty, (int)i});
    for (long i = 0; i < p->count; i++) sum += pop(&p->results).value;
    values[0] = (double)(bench_clock() - start) / (double)p->count;
    bench_require(sum == p->count * (p->count - 1) / 2, "a result is missing");
}

static void measure(unsigned workers, const char *name) {
    pool p = {.workers = workers, .count = bench_count(1000000)};
    make_queue(&p.jobs);
    make_queue(&p.results);
    for (unsigned i = 0; i < workers; i++)
        bench_require(pthread_create(&p.threads[i], NULL, work, &p) == 0, "no thread");
    bench_figure figure = {name, "ns/task"};
    bench_measure(&figure, 1, round_of_submit, &p);
    for (unsigned i = 0; i < workers; i++) push(&p.jobs, (job){NULL, 0});
    for (unsigned i = 0; i < workers; i++) pthread_join(p.threads[i], NULL);
    free(p.jobs.jobs);
    free(p.results.jobs);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "pthread", 120);
    measure(1, "submit.w1");
    measure(2, "submit.w2");
    return 0;
}
