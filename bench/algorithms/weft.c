/* SPDX-License-Identifier: MIT */
/* weft.c - map, reduce, scan, filter and sorts of ten million elements: nanoseconds an element. See data.h. */
#include <weft.h>

#include "data.h"

static data d;

#define GOOD(call) bench_require((call) == WEFT_OK, #call)

static double passed(int64_t start, size_t count) { return (double)(bench_clock() - start) / (double)count; }

WEFT_MAP(double, line, (double, x)) { return 3 * x + 1; }

static void sum_range(size_t first, size_t last, void *sum, void *values) {
    double all = *(double *)sum;
    for (size_t i = first; i < last; i++) all += ((const double *)values)[i];
    *(double *)sum = all;
}

static void add_doubles(void *left, const void *right, void *context) {
    (void)context;
    *(double *)left += *(const double *)right;
}

static void sum_longs(size_t first, size_t last, void *sum, void *context) {
    const data *all = context;
    int64_t running = *(int64_t *)sum;
    for (size_t i = first; i < last; i++) running += all->longs[i];
    *(int64_t *)sum = running;
}

static void write_sums(size_t first, size_t last, void *sum, void *context) {
    const data *all = context;
    int64_t running = *(int64_t *)sum, *to = all->more_longs;
    for (size_t i = first; i < last; i++) to[i] = running += all->longs[i];
}

static void add_longs(void *left, const void *right, void *context) {
    (void)context;
    *(int64_t *)left += *(const int64_t *)right;
}

static bool is_odd(const void *element, void *context) {
    (void)context;
    return (*(const int32_t *)element & 1) != 0;
}

WEFT_ORDER(by_key, record, a, b) { return a->key < b->key; }

static void round_of_passes(void *unused, double *values) {
    static const double zero;
    static const int64_t none;
    double sum = 0;
    size_t kept = 0;
    (void)unused;
    int64_t start = bench_clock();
    GOOD(weft_map_by(line, d.doubles, d.more_doubles, d.count));
    values[0] = passed(start, d.count);
    start = bench_clock();
    GOOD(weft_map_reduce(NULL, 0, d.count, sizeof sum, &zero, &sum, sum_range, add_doubles, d.doubles));
    values[1] = passed(start, d.count);
    start = bench_clock();
    GOOD(weft_scan_range(NULL, 0, d.count, sizeof none, &none, sum_longs, write_sums, add_longs, &d));
    values[2] = passed(start, d.count);
    start = bench_clock();
    GOOD(weft_filter(NULL, d.ints, sizeof *d.ints, d.count, d.more_ints, &kept, is_odd, NULL));
    values[3] = passed(start, d.count);
    bench_require(sum > 0 && d.more_longs[d.count - 1] > 0 && kept == data_odd(&d), "a wrong result");
}

static void round_of_sorts(void *unused, double *values) {
    (void)unused;
    data_fill_ints(&d);
    data_fill_doubles(&d);
    data_fill_strings(&d);
    int64_t start = bench_clock();
    GOOD(weft_sort_int32(NULL, d.ints, d.count));
    values[0] = passed(start, d.count);
    start = bench_clock();
    GOOD(weft_sort_double(NULL, d.doubles, d.count));
    values[1] = passed(start, d.count);
    start = bench_clock();
    GOOD(weft_sort_strings(NULL, d.strings, d.texts));
    values[2] = passed(start, d.texts);
    data_fill_records(&d);
    start = bench_clock();
    GOOD(weft_sort_by(NULL, by_key, d.records, d.count));
    values[3] = passed(start, d.count);
    bench_require(data_ints_sorted(&d) && data_doubles_sorted(&d) && data_strings_sorted(&d), "not in order");
    bench_require(data_records_sorted(&d, 0), "records are not in order");
    data_fill_records(&d);
    start = bench_clock();
    GOOD(weft_sort_by(NULL, by_key, d.records, d.count));
    values[4] = passed(start, d.count);
    bench_require(data_records_sorted(&d, 1), "records are not in order, stably");
}

static void measure(unsigned workers, const bench_figure *passes, const bench_figure *sorts) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    bench_measure(passes, 4, round_of_passes, NULL);
    bench_measure(sorts, 5, round_of_sorts, NULL);
    GOOD(weft_free_kernel(kernel));
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 390);
    d = data_make();
    measure(1, data_passes_1, data_sorts_1);
    measure(2, data_passes_2, data_sorts_2);
    return 0;
}
