/* SPDX-License-Identifier: MIT */
/* cpp.cpp - what C++ has instead: an exception to a frame ten calls further out with three objects to destroy. */
#include "../harness/bench.h"

static long cleaned;

struct trouble {
    const char *message;
};

struct cleaner {
    ~cleaner() { cleaned++; }
};

static __attribute__((noinline)) int descend(int depth) {
    if (depth == 0) throw trouble{"trouble"};
    if (depth % 3 != 0) return descend(depth - 1) + 1;
    cleaner here;
    return descend(depth - 1) + 2;
}

static __attribute__((noinline)) void once() {
    try {
        descend(9);
    } catch (const trouble &) {
    }
}

static void round_of_throws(void *, double *values) {
    long count = bench_count(1000000) / 10;
    cleaned = 0;
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) once();
    values[0] = static_cast<double>(bench_clock() - start) / static_cast<double>(count);
    bench_require(cleaned == 3 * count, "destructors");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "c++", 120);
    bench_figure figure = {"condition.transfer", "ns"};
    bench_measure(&figure, 1, round_of_throws, nullptr);
    return 0;
}
