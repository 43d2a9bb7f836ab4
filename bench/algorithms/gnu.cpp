/* SPDX-License-Identifier: MIT */
/* gnu.cpp - the same with the parallel mode of GNU's C++ library; it has no filter. */
#include <omp.h>
#include <parallel/algorithm>
#include <parallel/numeric>

extern "C" {
#include "data.h"
}

static data d;

static double passed(int64_t start, size_t count) {
    return static_cast<double>(bench_clock() - start) / static_cast<double>(count);
}

static void round_of_passes(void *, double *values) {
    int64_t start = bench_clock();
    __gnu_parallel::transform(d.doubles, d.doubles + d.count, d.more_doubles, [](double x) { return 3 * x + 1; });
    values[0] = passed(start, d.count);
    start = bench_clock();
    double sum = __gnu_parallel::accumulate(d.doubles, d.doubles + d.count, 0.0);
    values[1] = passed(start, d.count);
    start = bench_clock();
    __gnu_parallel::partial_sum(d.longs, d.longs + d.count, d.more_longs);
    values[2] = passed(start, d.count);
    bench_require(sum > 0 && d.more_longs[d.count - 1] > 0, "a wrong result");
}

static void round_of_sorts(void *, double *values) {
    auto by_key = [](const record &a, const record &b) { return a.key < b.key; };
    data_fill_ints(&d);
    data_fill_doubles(&d);
    data_fill_strings(&d);
    data_fill_records(&d);
    int64_t start = bench_clock();
    __gnu_parallel::sort(d.ints, d.ints + d.count);
    values[0] = passed(start, d.count);
    start = bench_clock();
    __gnu_parallel::sort(d.doubles, d.doubles + d.count);
    values[1] = passed(start, d.count);
    start = bench_clock();
    __gnu_parallel::sort(d.strings, d.strings + d.texts, [](const char *a, const char *b) { return strcmp(a, b) < 0; });
    values[2] = passed(start, d.texts);
    start = bench_clock();
    __gnu_parallel::sort(d.records, d.records + d.count, by_key);
    values[3] = passed(start, d.count);
    bench_require(data_ints_sorted(&d) && data_doubles_sorted(&d) && data_strings_sorted(&d), "not in order");
    data_fill_records(&d);
    start = bench_clock();
    __gnu_parallel::stable_sort(d.records, d.records + d.count, by_key);
    values[4] = passed(start, d.count);
    bench_require(data_records_sorted(&d, 1), "records are not in order, stably");
}

static void measure(int workers, const bench_figure *passes, const bench_figure *sorts) {
    omp_set_num_threads(workers);
    bench_measure(passes, 3, round_of_passes, nullptr);
    bench_measure(sorts, 5, round_of_sorts, nullptr);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "gnu", 390);
    d = data_make();
    measure(1, data_passes_1, data_sorts_1);
    measure(2, data_passes_2, data_sorts_2);
    return 0;
}
