/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the peer over oneTBB: a million empty tasks into a task_group, which has to be waited for. */
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "../harness/bench.h"

namespace {

void round_of_burst(void *argument, double *values) {
    long count = *static_cast<const long *>(argument);
    double call = bench_plain_call(count);
    tbb::task_group group;
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) group.run([i] { bench_empty(static_cast<int>(i)); });
    group.wait();
    values[0] = static_cast<double>(bench_clock() - start) / static_cast<double>(count) - call;
}

// The thread that submits is itself one of TBB's workers here.
void measure(unsigned workers, const char *name) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena arena(static_cast<int>(workers));
    arena.execute([&] {
        long count = bench_count(1000000);
        bench_figure figure = {name, "ns/task"};
        bench_measure(&figure, 1, round_of_burst, &count);
    });
}

} // namespace

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 120);
    measure(1, "burst.w1");
    measure(2, "burst.w2");
    return 0;
}
