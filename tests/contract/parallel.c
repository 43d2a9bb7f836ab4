/* SPDX-License-Identifier: MIT */
/* parallel.c - each algorithm against its sequential twin: sizes around the edges of parts, called by a task, by a
 * thread with and without use_caller, and without a kernel; nesting, early stop, progress. Rows P1, P2, K15. */
#include "contract/common.h"

#include <math.h>
#include <stdlib.h>

static const size_t counts[] = {0, 1, 2, 3, 16, 17, 63, 64, 65, 513, 1000, 4097, 20000, 70001};
enum { COUNTS = sizeof counts / sizeof *counts, MOST = 70001 };
static const weft_parallel_options in_parts = {.parts = 7};
static const weft_parallel_options small_grain = {.grain = 3};
static const weft_parallel_options *const ways[] = {NULL, &in_parts, &small_grain};

static int64_t in[MOST], out[MOST], other[MOST];

/* Values below `range`, from the seed of the test. */
static void fill(size_t count, uint64_t range) {
    static uint64_t state;
    state += harness_seed();
    for (size_t i = 0; i < count; i++) in[i] = (int64_t)(harness_random(&state) % range);
}

/* Runs a test's body in a task, in a thread, in a thread that takes part, and without a kernel. */
typedef struct body {
    void (*run)(void);
} body;
WEFT_TASK(void, as_task, (body, b)) { b.run(); }

static void everywhere(void (*run)(void)) {
    run();
    for (int use = 0; use < 2; use++) {
        weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.use_caller = use == 1});
        if (!CHECK_NOT_NULL(kernel)) return;
        run();
        weft_channel *done = weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel});
        CHECK_OK(weft_submit(done, as_task, (body){run}));
        CHECK_OK(weft_receive_done(done, patience()));
        CHECK_OK(weft_free_channel(done));
        end_and_free(kernel);
    }
}

static bool is_odd(const void *element, void *context) {
    (void)context;
    return *(const int64_t *)element % 2 != 0;
}
static bool is_that(const void *element, void *context) { return *(const int64_t *)element == *(int64_t *)context; }
static void add(void *accumulator, const void *element, void *context) {
    (void)context;
    *(int64_t *)accumulator += *(const int64_t *)element;
}
static int compare(const void *a, const void *b, void *context) {
    (void)context;
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* ---- loops and maps ---- */

static void count_up(size_t from, size_t to, void *context) {
    int64_t *seen = context;
    CHECK(from < to);
    for (size_t i = from; i < to; i++) seen[i]++;
}

WEFT_LOOP(twice, int64_t, numbers, i) { numbers[i] = 2 * (int64_t)i; }

static void loops(void) {
    for (size_t c = 0; c < COUNTS; c++)
        for (size_t way = 0; way < 3; way++) {
            memset(out, 0, sizeof out);
            CHECK_OK(weft_for(counts[c] / 3, counts[c], count_up, out, ways[way]));
            bool once = true;
            for (size_t i = 0; i < MOST; i++) once &= out[i] == (i >= counts[c] / 3 && i < counts[c]);
            CHECK(once);
        }
    CHECK_OK(weft_loop(twice, 0, 1000, out));
    for (int i = 0; i < 1000; i++) CHECK_EQ(out[i], 2 * i);
    CHECK_OK(weft_for(5, 3, count_up, out, NULL));
    CHECK_STATUS(weft_for(0, 3, NULL, out, NULL), WEFT_INVALID);
}
TEST(a_loop_does_each_index_once) { everywhere(loops); }

static void mark(size_t row, size_t rows_end, size_t column, size_t columns_end, void *context) {
    for (size_t r = row; r < rows_end; r++)
        for (size_t c = column; c < columns_end; c++) ((int64_t *)context)[r * 100 + c]++;
}
static void fields(void) {
    memset(out, 0, sizeof out);
    CHECK_OK(weft_for_2d(77, 99, mark, out, NULL));
    CHECK_OK(weft_for_2d(0, 99, mark, out, NULL));
    bool once = true;
    for (size_t i = 0; i < 10000; i++) once &= out[i] == (i / 100 < 77 && i % 100 < 99);
    CHECK(once);
}
TEST(a_loop_in_two_dimensions_does_each_place_once) { everywhere(fields); }

static void square(void *to, const void *from, void *context) {
    (void)context;
    *(int64_t *)to = *(const int32_t *)from * (int64_t) * (const int32_t *)from;
}
static void index_plus(void *to, size_t index, void *context) { *(int64_t *)to = (int64_t)index + *(int64_t *)context; }

static void maps(void) {
    static int32_t narrow[MOST];
    for (size_t i = 0; i < MOST; i++) narrow[i] = (int32_t)i - 100;
    for (size_t c = 0; c < COUNTS; c++) {
        bool good = true;
        CHECK_OK(weft_map(out, sizeof *out, narrow, sizeof *narrow, counts[c], square, NULL, ways[c % 3]));
        for (size_t i = 0; i < counts[c]; i++) good &= out[i] == (int64_t)narrow[i] * narrow[i];
        int64_t plus = 5;
        CHECK_OK(weft_map_into(out, sizeof *out, counts[c], index_plus, &plus, ways[c % 3]));
        for (size_t i = 0; i < counts[c]; i++) good &= out[i] == (int64_t)i + 5;
        CHECK(good);
    }
}
TEST(a_map_gives_what_a_loop_gives) { everywhere(maps); }

/* ---- reductions and prefixes ---- */

/* 2 by 2 matrices modulo a prime: associative, and not commutative. */
typedef struct matrix {
    uint64_t a, b, c, d;
} matrix;
static void multiply(void *accumulator, const void *element, void *context) {
    const uint64_t prime = 1000003;
    matrix *x = accumulator, l = *x;
    const matrix *r = element;
    (void)context;
    *x = (matrix){(l.a * r->a + l.b * r->c) % prime, (l.a * r->b + l.b * r->d) % prime,
                  (l.c * r->a + l.d * r->c) % prime, (l.c * r->b + l.d * r->d) % prime};
}

static void reductions(void) {
    static matrix matrices[MOST];
    const matrix one = {1, 0, 0, 1};
    fill(MOST, 1000);
    for (size_t i = 0; i < MOST; i++) matrices[i] = (matrix){(uint64_t)in[i], 1, i % 7, (uint64_t)in[i] % 5};
    for (size_t c = 0; c < COUNTS; c++) {
        matrix twin = one, got;
        for (size_t i = 0; i < counts[c]; i++) multiply(&twin, &matrices[i], NULL);
        CHECK_OK(weft_reduce(&got, matrices, sizeof got, counts[c], multiply, NULL, &one, ways[c % 3]));
        CHECK(memcmp(&got, &twin, sizeof got) == 0);
        if (counts[c] == 0) continue;
        CHECK_OK(weft_reduce(&got, matrices, sizeof got, counts[c], multiply, NULL, NULL, ways[c % 3]));
        CHECK(memcmp(&got, &twin, sizeof got) == 0);
    }
    int64_t none;
    CHECK_STATUS(weft_reduce(&none, in, sizeof none, 0, add, NULL, NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_reduce(&none, in, 49, 1, add, NULL, NULL, NULL), WEFT_INVALID);
}
TEST(a_reduction_keeps_the_order) { everywhere(reductions); }

static void add_doubles(void *accumulator, const void *element, void *context) {
    (void)context;
    *(double *)accumulator += *(const double *)element;
}
TEST(a_reduction_in_parts_is_the_same_each_time) {
    static double numbers[MOST];
    double first = 0, again;
    for (size_t i = 0; i < MOST; i++) numbers[i] = sin((double)i) * 1e6;
    CHECK_OK(weft_reduce(&first, numbers, sizeof first, MOST, add_doubles, NULL, NULL, &in_parts));
    for (unsigned workers = 1; workers <= 4; workers++) {
        weft_kernel *kernel = kernel_of(workers);
        CHECK_OK(weft_reduce(&again, numbers, sizeof first, MOST, add_doubles, NULL, NULL, &in_parts));
        CHECK(memcmp(&first, &again, sizeof first) == 0);
        end_and_free(kernel);
    }
}

static void add_squares(size_t from, size_t to, void *accumulator, void *context) {
    (void)context;
    for (size_t i = from; i < to; i++) *(int64_t *)accumulator += (int64_t)(i * i);
}
static void map_reductions(void) {
    for (size_t c = 0; c < COUNTS; c++) {
        int64_t zero = 0, got = -1, twin = 0;
        for (size_t i = 0; i < counts[c]; i++) twin += (int64_t)(i * i);
        CHECK_OK(weft_map_reduce(&got, sizeof got, 0, counts[c], add_squares, add, NULL, &zero, ways[c % 3]));
        CHECK_EQ(got, twin);
    }
}
TEST(a_range_is_mapped_and_reduced) { everywhere(map_reductions); }

static void scans(void) {
    int64_t start = 100;
    fill(MOST, 1000);
    for (size_t c = 0; c < COUNTS; c++)
        for (int kind = 0; kind < 3; kind++) {
            bool exclusive = kind == 2, good = true;
            memcpy(out, in, sizeof in);
            CHECK_OK(weft_scan(out, out, sizeof *out, counts[c], add, NULL, kind > 0 ? &start : NULL, exclusive,
                               ways[c % 3]));
            int64_t sum = kind > 0 ? start : 0;
            for (size_t i = 0; i < counts[c]; i++) {
                good &= out[i] == sum + (exclusive ? 0 : in[i]);
                sum += in[i];
            }
            CHECK(good);
        }
    CHECK_STATUS(weft_scan(out, in, sizeof *out, 1, add, NULL, NULL, true, NULL), WEFT_INVALID);
}
TEST(a_scan_gives_what_a_loop_gives) { everywhere(scans); }

/* ---- choosing and finding ---- */

static void filters(void) {
    fill(MOST, 1000);
    for (size_t c = 0; c < COUNTS; c++) {
        size_t kept = 0, got, odd;
        for (size_t i = 0; i < counts[c]; i++)
            if (is_odd(&in[i], NULL)) other[kept++] = in[i];
        CHECK_OK(weft_filter(out, &got, in, sizeof *in, counts[c], is_odd, NULL, ways[c % 3]));
        CHECK_EQ(got, kept);
        CHECK(memcmp(out, other, kept * sizeof *out) == 0);
        size_t at = kept;
        for (size_t i = 0; i < counts[c]; i++)
            if (!is_odd(&in[i], NULL)) other[at++] = in[i];
        CHECK_OK(weft_partition(out, &got, in, sizeof *in, counts[c], is_odd, NULL, ways[c % 3]));
        CHECK_EQ(got, kept);
        CHECK(memcmp(out, other, counts[c] * sizeof *out) == 0);
        CHECK_OK(weft_count_if(&odd, in, sizeof *in, counts[c], is_odd, NULL, ways[c % 3]));
        CHECK_EQ(odd, kept);
    }
}
TEST(a_filter_keeps_the_order) { everywhere(filters); }

static void searches(void) {
    fill(MOST, 1000);
    for (size_t c = 0; c < COUNTS; c++)
        for (int64_t wanted = 0; wanted < 2000; wanted += 397) {
            size_t first = 0, got, any;
            bool some, every;
            while (first < counts[c] && in[first] != wanted) first++;
            CHECK_OK(weft_find(&got, in, sizeof *in, counts[c], is_that, &wanted, ways[c % 3]));
            CHECK_EQ(got, first);
            CHECK_OK(weft_find_any(&any, in, sizeof *in, counts[c], is_that, &wanted, ways[c % 3]));
            CHECK(first == counts[c] ? any == counts[c] : any < counts[c] && in[any] == wanted);
            CHECK_OK(weft_some(&some, in, sizeof *in, counts[c], is_that, &wanted, ways[c % 3]));
            CHECK_EQ(some, first < counts[c]);
            CHECK_OK(weft_every(&every, in, sizeof *in, counts[c], is_odd, NULL, ways[c % 3]));
            bool all = true;
            for (size_t i = 0; i < counts[c]; i++) all &= is_odd(&in[i], NULL);
            CHECK_EQ(every, all);
        }
}
TEST(the_first_that_holds_is_found) { everywhere(searches); }

static void extremes(void) {
    fill(MOST, 500);
    for (size_t c = 0; c < COUNTS; c++) {
        size_t least = 0, greatest = 0, got;
        for (size_t i = 1; i < counts[c]; i++) {
            if (in[i] < in[least]) least = i;
            if (in[i] > in[greatest]) greatest = i;
        }
        CHECK_OK(weft_least(&got, in, sizeof *in, counts[c], compare, NULL, ways[c % 3]));
        CHECK_EQ(got, counts[c] == 0 ? 0 : least);
        CHECK_OK(weft_greatest(&got, in, sizeof *in, counts[c], compare, NULL, ways[c % 3]));
        CHECK_EQ(got, counts[c] == 0 ? 0 : greatest);
    }
}
TEST(the_first_of_the_extremes_is_found) { everywhere(extremes); }

/* ---- nesting, stopping, progress, several things ---- */

static void inner(size_t from, size_t to, void *context) {
    (void)context;
    for (size_t i = from; i < to; i++) {
        int64_t zero = 0, got;
        CHECK_OK(weft_map_reduce(&got, sizeof got, 0, i, add_squares, add, NULL, &zero, &small_grain));
        int64_t n = (int64_t)i - 1;
        CHECK_EQ(got, i == 0 ? 0 : n * (n + 1) * (2 * n + 1) / 6);
    }
}
static void nests(void) { CHECK_OK(weft_for(0, 100, inner, NULL, NULL)); }
TEST(algorithms_nest) { everywhere(nests); }

static bool stop;
static void stop_soon(size_t from, size_t to, void *context) {
    __atomic_add_fetch((size_t *)context, to - from, __ATOMIC_RELAXED);
    if (from >= 500) __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}
static void stops(void) {
    size_t done = 0;
    weft_parallel_options options = {.parts = 1000, .stop = &stop};
    stop = false;
    CHECK_STATUS(weft_for(0, 100000, stop_soon, &done, &options), WEFT_CANCELLED);
    CHECK_LT(done, 100000);
    options = (weft_parallel_options){.deadline = weft_time() - 1};
    done = 0;
    CHECK_STATUS(weft_for(0, 100, stop_soon, &done, &options), WEFT_CANCELLED);
    CHECK_EQ(done, 0);
}
TEST(a_loop_stops_early_when_told) { everywhere(stops); }

static size_t told;
static void tell(size_t done, size_t all, void *context) {
    CHECK_GT(done, told);
    CHECK_LE(done, all);
    told = done;
    (void)context;
}
static void progresses(void) {
    weft_parallel_options options = {.parts = 50, .progress = tell};
    told = 0;
    memset(out, 0, sizeof out);
    CHECK_OK(weft_for(0, 1000, count_up, out, &options));
    CHECK_EQ(told, 1000);
}
TEST(progress_grows_to_all) { everywhere(progresses); }

static void set_one(void *argument) { *(int64_t *)argument = 1; }
static void several(void) {
    weft_thunk thunks[9];
    memset(out, 0, sizeof out);
    for (int i = 0; i < 9; i++) thunks[i] = (weft_thunk){set_one, &out[i]};
    CHECK_OK(weft_all(thunks, 9));
    CHECK_OK(weft_all(NULL, 0));
    for (int i = 0; i < 10; i++) CHECK_EQ(out[i], i < 9);
    thunks[3].run = NULL;
    CHECK_STATUS(weft_all(thunks, 9), WEFT_INVALID);
}
TEST(several_things_are_done_at_once) { everywhere(several); }
