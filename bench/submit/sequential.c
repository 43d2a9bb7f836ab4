/* SPDX-License-Identifier: MIT */
/* sequential.c - the twin without tasks: a million calls, each result added up. */
#include "../harness/bench.h"

static void round_of_calls(void *argument, double *values) {
    long count = *(const long *)argument;
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < count; i++) sum += bench_empty((int)i);
    values[0] = (double)(bench_clock() - start) / (double)count;
    bench_require(sum == count * (count - 1) / 2, "a result is missing");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "sequential", 60);
    long count = bench_count(1000000);
    bench_figure figures[] = {{"submit.w1", "ns/task"}, {"submit.w2", "ns/task"}};
    bench_measure(&figures[0], 1, round_of_calls, &count);
    bench_measure(&figures[1], 1, round_of_calls, &count);
    return 0;
}
