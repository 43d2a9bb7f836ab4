/* SPDX-License-Identifier: MIT */
/* openmp.c - the passes with OpenMP's loops: it has no sort, and a filter is two loops over parts. */
#include <omp.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" /* what gcc makes of a scan */
#endif

#include "data.h"

static data d;

static double passed(int64_t start, size_t count) { return (double)(bench_clock() - start) / (double)count; }

static size_t filter(void) {
    enum { PARTS = 64 };
    size_t before[PARTS + 1] = {0};
#pragma omp parallel for schedule(static)
    for (int part = 0; part < PARTS; part++) {
        size_t kept = 0;
        for (size_t i = d.count * (size_t)part / PARTS; i < d.count * (size_t)(part + 1) / PARTS; i++)
            kept += (size_t)(d.ints[i] & 1);
        before[part + 1] = kept;
    }
    for (int part = 0; part < PARTS; part++) before[part + 1] += before[part];
#pragma omp parallel for schedule(static)
    for (int part = 0; part < PARTS; part++) {
        size_t to = before[part];
        for (size_t i = d.count * (size_t)part / PARTS; i < d.count * (size_t)(part + 1) / PARTS; i++)
            if ((d.ints[i] & 1) != 0) d.more_ints[to++] = d.ints[i];
    }
    return before[PARTS];
}

static void round_of_passes(void *unused, double *values) {
    double sum = 0;
    int64_t running = 0;
    (void)unused;
    int64_t start = bench_clock();
#pragma omp parallel for
    for (size_t i = 0; i < d.count; i++) d.more_doubles[i] = 3 * d.doubles[i] + 1;
    values[0] = passed(start, d.count);
    start = bench_clock();
#pragma omp parallel for reduction(+ : sum)
    for (size_t i = 0; i < d.count; i++) sum += d.doubles[i];
    values[1] = passed(start, d.count);
    start = bench_clock();
#pragma omp parallel for reduction(inscan, + : running)
    for (size_t i = 0; i < d.count; i++) {
        running += d.longs[i];
#pragma omp scan inclusive(running)
        d.more_longs[i] = running;
    }
    values[2] = passed(start, d.count);
    start = bench_clock();
    size_t kept = filter();
    values[3] = passed(start, d.count);
    bench_require(sum > 0 && d.more_longs[d.count - 1] > 0 && kept == data_odd(&d), "a wrong result");
}

static void measure(int workers, const bench_figure *passes) {
    omp_set_num_threads(workers);
    bench_measure(passes, 4, round_of_passes, NULL);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "openmp", 390);
    d = data_make();
    (void)data_sorts_1;
    (void)data_sorts_2;
    measure(1, data_passes_1);
    measure(2, data_passes_2);
    return 0;
}
