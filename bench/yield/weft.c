/* SPDX-License-Identifier: MIT */
/* weft.c - 2 and 1000 tasks on one worker yield to each other: nanoseconds a yield.
 *
 * A task makes them all and takes the time at its own end; the last of them to end takes it again. There is one worker,
 * so plain variables will do.
 */
#include <weft.h>

#include "../harness/bench.h"

typedef struct setting {
    long tasks, yields; /* yields: of each task */
    weft_channel *done;
} setting;

static int64_t started, ended;
static long left;

WEFT_TASK(void, yielder, (long, times)) {
    for (long i = 0; i < times; i++) weft_yield();
    if (--left == 0) ended = bench_clock();
}

WEFT_TASK(void, starter, (long, tasks), (long, yields), (weft_channel *, done)) {
    left = tasks;
    for (long i = 0; i < tasks; i++) bench_require(weft_submit(done, yielder, yields) == WEFT_OK, "submit");
    started = bench_clock();
}

static void round_of_yields(void *argument, double *values) {
    setting *s = argument;
    bench_require(weft_submit(s->done, starter, s->tasks, s->yields, s->done) == WEFT_OK, "submit");
    for (long i = 0; i < s->tasks + 1; i++)
        bench_require(weft_receive_done(s->done, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)(ended - started) / (double)(s->tasks * s->yields);
}

static void measure(long tasks, const char *name) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    setting s = {tasks, bench_count(4000000) / tasks, weft_make_channel_sized(0, &options)};
    bench_require(s.done != NULL, "no channel");
    bench_figure figure = {name, "ns/yield"};
    bench_measure(&figure, 1, round_of_yields, &s);
    bench_require(weft_free_channel(s.done) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    measure(2, "yield.2");
    measure(1000, "yield.1000");
    return 0;
}
