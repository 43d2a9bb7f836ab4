/* SPDX-License-Identifier: MIT */
/* tbb.cpp - fib(38) with oneTBB's parallel_invoke at each level: nanoseconds a spawn. */
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_arena.h>

extern "C" {
#include "../harness/bench.h"
#include "twin.h"
}

static int number;

static uint64_t fib(int n) {
    if (n < 2) return static_cast<uint64_t>(n);
    uint64_t a = 0, b = 0;
    oneapi::tbb::parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

static void round_of_fib(void *argument, double *values) {
    auto *arena = static_cast<oneapi::tbb::task_arena *>(argument);
    uint64_t result = 0;
    int64_t start = bench_clock();
    arena->execute([&] { result = fib(number); });
    values[0] = static_cast<double>(bench_clock() - start) / static_cast<double>(fib_spawns(number));
    bench_require(result == fib_sequential(number), "wrong number");
}

static void measure(int workers, const char *name) {
    oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                      static_cast<size_t>(workers));
    oneapi::tbb::task_arena arena(workers);
    bench_figure figure = {name, "ns/spawn"};
    bench_measure(&figure, 1, round_of_fib, &arena);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 180);
    number = fib_number(bench_count(5000000));
    measure(1, "fib.w1");
    measure(2, "fib.w2");
    return 0;
}
