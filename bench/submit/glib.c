/* SPDX-License-Identifier: MIT */
/* glib.c - the peer over GLib: GThreadPool, with the results through a GAsyncQueue. */
#include <glib.h>

#include "../harness/bench.h"

typedef struct setting {
    long count;
    GThreadPool *pool;
    GAsyncQueue *results;
} setting;

/* NULL is no message for a GAsyncQueue, hence the 1 added to each value. */
static void work(gpointer data, gpointer results) {
    g_async_queue_push(results, GINT_TO_POINTER(bench_empty(GPOINTER_TO_INT(data))));
}

static void round_of_submit(void *argument, double *values) {
    setting *s = argument;
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < s->count; i++) g_thread_pool_push(s->pool, GINT_TO_POINTER((int)i + 1), NULL);
    for (long i = 0; i < s->count; i++) sum += GPOINTER_TO_INT(g_async_queue_pop(s->results)) - 1;
    values[0] = (double)(bench_clock() - start) / (double)s->count;
    bench_require(sum == s->count * (s->count - 1) / 2, "a result is missing");
}

static void measure(int workers, const char *name) {
    setting s = {.count = bench_count(1000000), .results = g_async_queue_new()};
    s.pool = g_thread_pool_new(work, s.results, workers, TRUE, NULL);
    bench_require(s.pool != NULL, "no pool");
    bench_figure figure = {name, "ns/task"};
    bench_measure(&figure, 1, round_of_submit, &s);
    g_thread_pool_free(s.pool, FALSE, TRUE);
    g_async_queue_unref(s.results);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "glib", 120);
    measure(1, "submit.w1");
    measure(2, "submit.w2");
    return 0;
}
