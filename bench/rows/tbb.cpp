/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the same with a task_group of oneTBB. */
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

extern "C" {
#include "../harness/bench.h"
#include "twin.h"
}

namespace {

struct setting {
    int steps, rows;
};

uint64_t results[ROWS_TASKS];

void round_of_rows(void *argument, double *values) {
    const setting *s = static_cast<const setting *>(argument);
    uint64_t sum = 0;
    int64_t start = bench_clock();
    for (int row = 0; row < s->rows; row++) {
        tbb::task_group group;
        for (int i = 0; i < ROWS_TASKS; i++) group.run([i, s] { results[i] = rows_work(i, s->steps); });
        group.wait();
        for (uint64_t result : results) sum += result;
    }
    values[0] = static_cast<double>(bench_clock() - start) / (static_cast<double>(s->rows) * ROWS_TASKS);
    bench_require(sum == rows_sequential(s->steps) * static_cast<uint64_t>(s->rows), "wrong sum");
}

void measure(unsigned workers, const char *brief, const char *extended) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena arena(static_cast<int>(workers));
    arena.execute([&] {
        int rows = static_cast<int>(bench_count(100));
        bench_figure figure = {brief, "ns/task"};
        setting s = {ROWS_SHORT, rows * 5};
        bench_measure(&figure, 1, round_of_rows, &s);
        figure.name = extended;
        s = {ROWS_LONG, rows};
        bench_measure(&figure, 1, round_of_rows, &s);
    });
}

} // namespace

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 180);
    measure(1, "rows.100ns.w1", "rows.1us.w1");
    measure(2, "rows.100ns.w2", "rows.1us.w2");
    return 0;
}
