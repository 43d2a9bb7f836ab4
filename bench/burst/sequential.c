/* SPDX-License-Identifier: MIT */
/* sequential.c - the twin without tasks: what a million plain calls cost, which the others subtract. */
#include "../harness/bench.h"

static void round_of_calls(void *argument, double *values) { values[0] = bench_plain_call(*(const long *)argument); }

int main(int argc, char **argv) {
    bench_start(argc, argv, "sequential", 60);
    long count = bench_count(1000000);
    bench_figure figure = {"burst.call", "ns/call"};
    bench_measure(&figure, 1, round_of_calls, &count);
    return 0;
}
