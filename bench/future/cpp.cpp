/* SPDX-License-Identifier: MIT */
/* cpp.cpp - the peer in standard C++: std::async, a thread for each, one by one; and deferred, which is a delay. */
#include <future>

extern "C" {
#include "../harness/bench.h"
}

static double each(std::launch how, long count) {
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < count; i++) sum += std::async(how, [] { return 1; }).get();
    bench_require(sum == count, "wrong sum");
    return static_cast<double>(bench_clock() - start) / static_cast<double>(count);
}

static void run(void *, double *values) {
    long count = bench_count(1000000);
    values[0] = each(std::launch::async, count / 100);
    values[1] = each(std::launch::deferred, count);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "cpp", 180);
    static const bench_figure figures[] = {{"future.single.w2", "ns"}, {"future.delay", "ns"}};
    bench_measure(figures, 2, run, nullptr);
    return 0;
}
