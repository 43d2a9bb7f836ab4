/* SPDX-License-Identifier: MIT */
/* weft.c - a task submits a million empty tasks on its own worker, and nobody waits for any one of them.
 *
 * There is no channel, group or counter: that all are done is seen by a broadcast, which waits for what is pending. The
 * plain thread sleeps until the last task has been submitted. The price of a loop of plain calls is subtracted.
 */
#include <weft.h>

#include "../harness/bench.h"

WEFT_TASK(void, nothing, (int, value)) { bench_empty(value); }

WEFT_TASK(void, settle) {}

WEFT_TASK(int64_t, burst, (long, count)) {
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) bench_require(weft_submit(NULL, nothing, (int)i) == WEFT_OK, "submit");
    return start;
}

typedef struct setting {
    long count;
    weft_kernel *kernel;
    weft_channel *starts;
} setting;

static void round_of_burst(void *argument, double *values) {
    setting *s = argument;
    int64_t start;
    double call = bench_plain_call(s->count);
    bench_require(weft_submit(s->starts, burst, s->count) == WEFT_OK, "submit");
    bench_require(weft_receive_result(s->starts, &start, WEFT_FOREVER) == WEFT_OK, "receive");
    bench_require(weft_broadcast(s->kernel, (void *)NULL, settle) == WEFT_OK, "broadcast");
    values[0] = (double)(bench_clock() - start) / (double)s->count - call;
}

static void measure(unsigned workers, const char *name) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    setting s = {bench_count(1000000), kernel, weft_make_channel_with(int64_t, &options)};
    bench_require(s.starts != NULL, "no channel");
    bench_figure figure = {name, "ns/task"};
    bench_measure(&figure, 1, round_of_burst, &s);
    bench_require(weft_free_channel(s.starts) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    measure(1, "burst.w1");
    measure(2, "burst.w2");
    return 0;
}
