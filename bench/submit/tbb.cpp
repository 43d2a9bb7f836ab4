/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the peer over oneTBB: task_group, with the results through a concurrent_bounded_queue. */
#include <tbb/concurrent_queue.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "../harness/bench.h"

namespace {

struct setting {
    long count;
    tbb::task_group group;
    tbb::concurrent_bounded_queue<int> results;
};

void round_of_submit(void *argument, double *values) {
    setting &s = *static_cast<setting *>(argument);
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < s.count; i++) s.group.run([&s, i] { s.results.push(bench_empty(static_cast<int>(i))); });
    for (long i = 0; i < s.count; i++) {
        int value;
        s.results.pop(value);
        sum += value;
    }
    values[0] = static_cast<double>(bench_clock() - start) / static_cast<double>(s.count);
    bench_require(sum == s.count * (s.count - 1) / 2, "a result is missing");
    s.group.wait();
}

// The submitting thread counts as one of TBB's: it takes no part while it submits and receives.
void measure(unsigned workers, const char *name) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers + 1);
    tbb::task_arena arena(static_cast<int>(workers) + 1);
    arena.execute([&] {
        setting s;
        s.count = bench_count(1000000);
        bench_figure figure = {name, "ns/task"};
        bench_measure(&figure, 1, round_of_submit, &s);
    });
}

} // namespace

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 200);
    measure(1, "submit.w1");
    measure(2, "submit.w2");
    return 0;
}
