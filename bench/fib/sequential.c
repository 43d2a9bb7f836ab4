/* SPDX-License-Identifier: MIT */
/* sequential.c - fib(38) by plain calls: nanoseconds a call that calls twice. */
#include "../harness/bench.h"
#include "twin.h"

static void round_of_fib(void *argument, double *values) {
    int number = *(const int *)argument;
    int64_t start = bench_clock();
    volatile uint64_t result = fib_sequential(number);
    (void)result;
    values[0] = (double)(bench_clock() - start) / (double)fib_spawns(number);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "sequential", 120);
    int number = fib_number(bench_count(100000000));
    bench_measure(&(bench_figure){"fib.w1", "ns/spawn"}, 1, round_of_fib, &number);
    return 0;
}
