/* SPDX-License-Identifier: MIT */
/* weft.c - fib(38) with a spawn at each level and no cut-off, and a million empty spawns: nanoseconds a spawn. */
#include <weft.h>

#include "../harness/bench.h"
#include "twin.h"

static int number;

WEFT_TASK(uint64_t, fib, (int, n)) {
    if (n < 2) return (uint64_t)n;
    weft_spawn(fib, n - 1);
    uint64_t b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

WEFT_TASK(int, leaf, (int, i)) { return i & 1; }

WEFT_TASK(uint64_t, flat, (int, count)) {
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) weft_spawn(leaf, i);
    for (int i = 0; i < count; i++) sum += (uint64_t)weft_sync(leaf);
    return sum;
}

static uint64_t result_of(weft_channel *results) {
    uint64_t result = 0;
    bench_require(weft_receive_result(results, &result, WEFT_FOREVER) == WEFT_OK, "receive");
    return result;
}

static void round_of_fib(void *argument, double *values) {
    weft_channel *results = argument;
    int64_t start = bench_clock();
    bench_require(weft_submit(results, fib, number) == WEFT_OK, "submit");
    uint64_t result = result_of(results);
    values[0] = (double)(bench_clock() - start) / (double)fib_spawns(number);
    start = bench_clock();
    bench_require(fib_sequential(number) == result, "wrong number");
    values[1] = values[0] / ((double)(bench_clock() - start) / (double)fib_spawns(number));
}

static void round_of_leaves(void *argument, double *values) {
    int count = (int)(bench_count(1000000) < 1000000 ? bench_count(1000000) : 1000000);
    int64_t start = bench_clock();
    bench_require(weft_submit(argument, flat, count) == WEFT_OK, "submit");
    bench_require(result_of(argument) == (uint64_t)count / 2, "wrong sum");
    values[0] = (double)(bench_clock() - start) / (double)count;
}

static void measure(unsigned workers, const char *name, const char *ratio, const char *leaves) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel *results = weft_make_channel_sized(sizeof(uint64_t), &(weft_channel_options){.kernel = kernel});
    bench_require(results != NULL, "no channel");
    bench_measure((bench_figure[]){{name, "ns/spawn"}, {ratio, "x"}}, 2, round_of_fib, results);
    bench_measure(&(bench_figure){leaves, "ns/spawn"}, 1, round_of_leaves, results);
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    number = fib_number(bench_count(100000000));
    measure(1, "fib.w1", "fib.w1.to-sequential", "fib.leaves.w1");
    measure(2, "fib.w2", "fib.w2.to-sequential", "fib.leaves.w2");
    return 0;
}
