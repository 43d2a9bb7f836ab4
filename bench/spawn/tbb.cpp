/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the peer over oneTBB: a thousand tasks into a task_group and a wait, again and again. */
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "../harness/bench.h"

namespace {

constexpr int batch = 1000;

void round_of_batches(void *argument, double *values) {
    long batches = *static_cast<const long *>(argument);
    tbb::task_group group;
    int64_t start = bench_clock();
    for (long b = 0; b < batches; b++) {
        for (int i = 0; i < batch; i++) group.run([i] { bench_empty(i); });
        group.wait();
    }
    values[0] = static_cast<double>(bench_clock() - start) / static_cast<double>(batches * batch);
}

// The thread that submits is itself one of TBB's workers here.
void measure(unsigned workers, const char *name) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena arena(static_cast<int>(workers));
    arena.execute([&] {
        long batches = bench_count(1000000) / batch;
        bench_figure figure = {name, "ns/task"};
        bench_measure(&figure, 1, round_of_batches, &batches);
    });
}

} // namespace

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 120);
    measure(1, "spawn.w1");
    measure(2, "spawn.w2");
    return 0;
}
