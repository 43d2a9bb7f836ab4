/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the peer in oneTBB, which has no futures: a task_group's run and wait for each, and for each thousand. */
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <vector>

extern "C" {
#include "../harness/bench.h"
}

enum { BATCH = 1000 };

static int64_t make_and_wait(long count, std::vector<int> &values) {
    oneapi::tbb::task_group group;
    for (long i = 0; i < count; i++) {
        int *value = &values[static_cast<size_t>(i)];
        group.run([value] { *value = 1; });
    }
    group.wait();
    int64_t sum = 0;
    for (long i = 0; i < count; i++) sum += values[static_cast<size_t>(i)];
    return sum;
}

static void batches(long count, long batch, double *value) {
    std::vector<int> values(static_cast<size_t>(batch));
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < count / batch; i++) sum += make_and_wait(batch, values);
    *value = static_cast<double>(bench_clock() - start) / static_cast<double>(count);
    bench_require(sum == count / batch * batch, "wrong sum");
}

static void run(void *argument, double *values) {
    long count = bench_count(1000000);
    static_cast<oneapi::tbb::task_arena *>(argument)->execute([&] {
        batches(count, 1, &values[0]);
        batches(count, BATCH, &values[1]);
        batches(count, count, &values[2]);
    });
}

static void measure(int workers, const bench_figure *figures) {
    oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                      static_cast<size_t>(workers));
    oneapi::tbb::task_arena arena(workers);
    bench_measure(figures, 3, run, &arena);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 180);
    static const bench_figure one[] = {
        {"future.single.w1", "ns"}, {"future.batch.w1", "ns"}, {"future.flight.w1", "ns"}};
    static const bench_figure two[] = {
        {"future.single.w2", "ns"}, {"future.batch.w2", "ns"}, {"future.flight.w2", "ns"}};
    measure(1, one);
    measure(2, two);
    return 0;
}
