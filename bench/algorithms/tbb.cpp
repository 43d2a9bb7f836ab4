/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the same with oneTBB; it has no stable sort, and no filter: that is made of its scan. */
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/parallel_scan.h>
#include <oneapi/tbb/parallel_sort.h>

extern "C" {
#include "data.h"
}

using range = oneapi::tbb::blocked_range<size_t>;

static data d;

static double passed(int64_t start, size_t count) {
    return static_cast<double>(bench_clock() - start) / static_cast<double>(count);
}

static int64_t scan(const range &r, int64_t sum, bool last) {
    for (size_t i = r.begin(); i < r.end(); i++) {
        sum += d.longs[i];
        if (last) d.more_longs[i] = sum;
    }
    return sum;
}

static size_t filter(const range &r, size_t kept, bool last) {
    for (size_t i = r.begin(); i < r.end(); i++) {
        if ((d.ints[i] & 1) == 0) continue;
        if (last) d.more_ints[kept] = d.ints[i];
        kept++;
    }
    return kept;
}

static void round_of_passes(void *, double *values) {
    range all(0, d.count);
    int64_t start = bench_clock();
    oneapi::tbb::parallel_for(all, [](const range &r) {
        for (size_t i = r.begin(); i < r.end(); i++) d.more_doubles[i] = 3 * d.doubles[i] + 1;
    });
    values[0] = passed(start, d.count);
    start = bench_clock();
    double sum = oneapi::tbb::parallel_reduce(
        all, 0.0,
        [](const range &r, double part) {
            for (size_t i = r.begin(); i < r.end(); i++) part += d.doubles[i];
            return part;
        },
        [](double a, double b) { return a + b; });
    values[1] = passed(start, d.count);
    start = bench_clock();
    oneapi::tbb::parallel_scan(all, int64_t(0), scan, [](int64_t a, int64_t b) { return a + b; });
    values[2] = passed(start, d.count);
    start = bench_clock();
    size_t kept = oneapi::tbb::parallel_scan(all, size_t(0), filter, [](size_t a, size_t b) { return a + b; });
    values[3] = passed(start, d.count);
    bench_require(sum > 0 && d.more_longs[d.count - 1] > 0 && kept == data_odd(&d), "a wrong result");
}

static void round_of_sorts(void *, double *values) {
    data_fill_ints(&d);
    data_fill_doubles(&d);
    data_fill_strings(&d);
    data_fill_records(&d);
    int64_t start = bench_clock();
    oneapi::tbb::parallel_sort(d.ints, d.ints + d.count);
    values[0] = passed(start, d.count);
    start = bench_clock();
    oneapi::tbb::parallel_sort(d.doubles, d.doubles + d.count);
    values[1] = passed(start, d.count);
    start = bench_clock();
    oneapi::tbb::parallel_sort(d.strings, d.strings + d.texts,
                               [](const char *a, const char *b) { return strcmp(a, b) < 0; });
    values[2] = passed(start, d.texts);
    start = bench_clock();
    oneapi::tbb::parallel_sort(d.records, d.records + d.count,
                               [](const record &a, const record &b) { return a.key < b.key; });
    values[3] = passed(start, d.count);
    bench_require(data_ints_sorted(&d) && data_doubles_sorted(&d) && data_strings_sorted(&d), "not in order");
    bench_require(data_records_sorted(&d, 0), "records are not in order");
}

static void measure(size_t workers, const bench_figure *passes, const bench_figure *sorts) {
    oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism, workers);
    bench_measure(passes, 4, round_of_passes, nullptr);
    bench_measure(sorts, 4, round_of_sorts, nullptr);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 390);
    d = data_make();
    measure(1, data_passes_1, data_sorts_1);
    measure(2, data_passes_2, data_sorts_2);
    return 0;
}
