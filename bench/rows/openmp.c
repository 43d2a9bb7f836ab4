/* SPDX-License-Identifier: MIT */
/* openmp.c - the same with OpenMP's tasks. */
#include <omp.h>

#include "../harness/bench.h"
#include "twin.h"

typedef struct setting {
    int steps, rows;
} setting;

static uint64_t results[ROWS_TASKS];

static uint64_t all_rows(int steps, int rows) {
    uint64_t sum = 0;
    while (rows-- > 0) {
        for (int i = 0; i < ROWS_TASKS; i++) {
#pragma omp task firstprivate(i, steps)
            results[i] = rows_work(i, steps);
        }
#pragma omp taskwait
        for (int i = 0; i < ROWS_TASKS; i++) sum += results[i];
    }
    return sum;
}

static void round_of_rows(void *argument, double *values) {
    const setting *s = argument;
    uint64_t sum = 0;
    int64_t start = bench_clock();
#pragma omp parallel
#pragma omp single
    sum = all_rows(s->steps, s->rows);
    values[0] = (double)(bench_clock() - start) / ((double)s->rows * ROWS_TASKS);
    bench_require(sum == rows_sequential(s->steps) * (uint64_t)s->rows, "wrong sum");
}

static void measure(int workers, const char *brief, const char *extended) {
    int rows = (int)bench_count(100);
    omp_set_num_threads(workers);
    bench_measure(&(bench_figure){brief, "ns/task"}, 1, round_of_rows, &(setting){ROWS_SHORT, rows * 5});
    bench_measure(&(bench_figure){extended, "ns/task"}, 1, round_of_rows, &(setting){ROWS_LONG, rows});
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "openmp", 180);
    measure(1, "rows.100ns.w1", "rows.1us.w1");
    measure(2, "rows.100ns.w2", "rows.1us.w2");
    return 0;
}
