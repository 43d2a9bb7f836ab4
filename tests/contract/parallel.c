/* SPDX-License-Identifier: MIT */
/* parallel.c - parallel loops and algorithms against their sequential twins, from threads, tasks, and each other. */
#include "common.h"

#include <stdlib.h>

enum { COUNT = 100003 };

static const size_t counts[] = {0, 1, 2, 3, 31, 32, 33, 100, 2047, 2048, 2049, 10000, COUNT};
enum { SIZES = sizeof counts / sizeof *counts };

static long *numbers(size_t count, unsigned range) {
    uint64_t state = harness_seed();
    long *array = malloc((count + 1) * sizeof *array);
    CHECK_NOT_NULL(array);
    for (size_t i = 0; i < count; i++) array[i] = (long)(harness_random(&state) % range);
    return array;
}

/* ---- loops ---- */

static weft_status count_each(size_t first, size_t last, void *context) {
    CHECK_LT(first, last);
    atomic_int *times = context;
    for (size_t i = first; i < last; i++) atomic_fetch_add(&times[i], 1);
    return WEFT_OK;
}

static void check_each_once(const weft_parallel_options *options) {
    for (int s = 0; s < SIZES; s++) {
        atomic_int *times = calloc(counts[s] + 1, sizeof *times);
        CHECK_OK(weft_for_range(options, 0, counts[s], count_each, times));
        size_t wrong = 0;
        for (size_t i = 0; i < counts[s]; i++) wrong += atomic_load(&times[i]) != 1;
        CHECK_EQ(wrong, 0);
        CHECK_EQ(atomic_load(&times[counts[s]]), 0);
        free(times);
    }
}

TEST(a_loop_does_each_index_once) {
    weft_kernel *kernel = kernel_here();
    check_each_once(NULL);
    end_and_free(kernel);
}

TEST(a_loop_in_parts_does_each_index_once) {
    weft_kernel *kernel = kernel_here();
    for (size_t parts = 1; parts < 40; parts += 6) check_each_once(&(weft_parallel_options){.parts = parts});
    end_and_free(kernel);
}

WEFT_LOOP(add_into, i, (long *, sums), (const long *, more), (long, factor)) { sums[i] += factor * more[i]; }

TEST(a_loop_that_is_written_like_one_gets_its_arguments) {
    weft_kernel *kernel = kernel_here();
    long *sums = numbers(COUNT, 100), *more = numbers(COUNT, 1000), *before = numbers(COUNT, 100);
    CHECK_OK(weft_loop(add_into, 10, COUNT - 10, sums, more, 3));
    for (size_t i = 0; i < COUNT; i++)
        if (sums[i] != before[i] + (i >= 10 && i < COUNT - 10 ? 3 * more[i] : 0)) {
            FAIL("index %zu", i);
            break;
        }
    free(sums);
    free(more);
    free(before);
    end_and_free(kernel);
}

static weft_status count_tile(size_t first_row, size_t last_row, size_t first_column, size_t last_column,
                              void *context) {
    atomic_int(*times)[70] = context;
    CHECK_LE(last_row - first_row, 16);
    CHECK_LE(last_column - first_column, 16);
    for (size_t row = first_row; row < last_row; row++)
        for (size_t column = first_column; column < last_column; column++) atomic_fetch_add(&times[row][column], 1);
    return WEFT_OK;
}

TEST(tiles_cover_rows_and_columns_once) {
    static atomic_int times[50][70];
    memset(times, 0, sizeof times);
    weft_kernel *kernel = kernel_here();
    CHECK_OK(weft_for_tiles(NULL, 50, 70, 16, count_tile, times));
    int wrong = 0;
    for (int row = 0; row < 50; row++)
        for (int column = 0; column < 70; column++) wrong += atomic_load(&times[row][column]) != 1;
    CHECK_EQ(wrong, 0);
    CHECK_OK(weft_for_tiles(NULL, 0, 70, 16, count_tile, times));
    end_and_free(kernel);
}

static weft_status stop_at_500(size_t first, size_t last, void *context) {
    atomic_fetch_add((atomic_size_t *)context, last - first);
    return first <= 500 && 500 < last ? WEFT_CLOSED : WEFT_OK;
}

TEST(a_body_that_returns_a_status_stops_its_loop) {
    weft_kernel *kernel = kernel_here();
    atomic_size_t done = 0;
    CHECK_STATUS(weft_for_range(NULL, 0, 100000000, stop_at_500, &done), WEFT_CLOSED);
    CHECK_LT(atomic_load(&done), 100000000);
    end_and_free(kernel);
}

/* ---- scans of ranges ---- */

typedef struct running {
    const int *values;
    long *sums;
} running;

static void fold_range(size_t first, size_t last, void *sum, void *context) {
    for (size_t i = first; i < last; i++) *(long *)sum += ((running *)context)->values[i];
}

static void write_range(size_t first, size_t last, void *sum, void *context) {
    const running *r = context;
    for (size_t i = first; i < last; i++) r->sums[i] = *(long *)sum += r->values[i];
}

static void add_two(void *left, const void *right, void *context) {
    (void)context;
    *(long *)left += *(const long *)right;
}

TEST(a_scan_of_a_range_gives_what_is_up_to_each_index) {
    enum { LENGTH = 50000 };
    static const long zero;
    static int values[LENGTH];
    static long sums[LENGTH];
    weft_kernel *kernel = kernel_here();
    running r = {values, sums};
    for (int i = 0; i < LENGTH; i++) values[i] = i % 13 - 4;
    for (size_t begin = 0; begin < LENGTH; begin += 24000) {
        const weft_parallel_options in_parts = {.parts = 7};
        const weft_parallel_options *options = begin == 0 ? NULL : &in_parts;
        long so_far = 0, bad = 0;
        CHECK_OK(weft_scan_range(options, begin, LENGTH, sizeof zero, &zero, fold_range, write_range, add_two, &r));
        for (size_t i = begin; i < LENGTH; i++) bad += sums[i] != (so_far += values[i]);
        CHECK_EQ(bad, 0);
    }
    const weft_parallel_options looked_at = {.deadline = weft_after(100)};
    long wanted = 0, wrong = 0;
    CHECK_OK(weft_scan_range(&looked_at, 0, LENGTH, sizeof zero, &zero, fold_range, write_range, add_two, &r));
    for (size_t i = 0; i < LENGTH; i++) wrong += sums[i] != (wanted += values[i]);
    CHECK_EQ(wrong, 0);
    CHECK_OK(weft_scan_range(NULL, 5, 5, sizeof zero, &zero, fold_range, write_range, add_two, &r));
    CHECK_STATUS(weft_scan_range(NULL, 0, 5, 0, &zero, fold_range, write_range, add_two, &r), WEFT_INVALID);
    CHECK_STATUS(weft_scan_range(NULL, 0, 5, 8, &zero, NULL, write_range, add_two, &r), WEFT_INVALID);
    end_and_free(kernel);
}

/* ---- priority ---- */

typedef struct turns {
    weft_channel *done;
    atomic_bool busy, release, other_done, second_begun, second_was_early;
} turns;

WEFT_TASK(void, keep_busy, (turns *, t)) {
    atomic_store(&t->busy, true);
    while (!atomic_load(&t->release)) sched_yield();
}

WEFT_TASK(void, of_default_priority, (turns *, t)) { atomic_store(&t->other_done, true); }

/* The helper for the second half was asked for before this submits a task of default priority. */
static weft_status take_turns(size_t first, size_t last, void *context) {
    turns *t = context;
    weft_deadline until = patience();
    for (size_t i = first; i < last; i++) {
        if (i == 0) {
            WEFT_BIND(weft_task_priority, WEFT_PRIORITY_DEFAULT) CHECK_OK(weft_submit(NULL, of_default_priority, t));
            atomic_store(&t->release, true);
            while (!atomic_load(&t->second_begun) && weft_time() < until) sched_yield();
        } else {
            if (!atomic_load(&t->other_done)) atomic_store(&t->second_was_early, true);
            atomic_store(&t->second_begun, true);
        }
    }
    return WEFT_OK;
}

WEFT_TASK(void, low_loop, (turns *, t)) {
    CHECK_OK(weft_for_range(&(weft_parallel_options){.parts = 2}, 0, 2, take_turns, t));
}

/* Otherwise:  low task: asks for a helper     submits a default task
 *             other worker:                                           begins the helper first */
TEST(helpers_of_a_task_of_low_priority_are_of_low_priority) {
    if (harness_workers() != 2) return;
    weft_kernel *kernel = kernel_here();
    turns t = {
        weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel}), false, false, false, false, false};
    CHECK_OK(weft_submit(t.done, keep_busy, &t));
    CHECK_EVENTUALLY(atomic_load(&t.busy));
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) CHECK_OK(weft_submit(t.done, low_loop, &t));
    for (int i = 0; i < 2; i++) CHECK_OK(weft_receive_done(t.done, patience()));
    CHECK(!atomic_load(&t.second_was_early));
    CHECK_OK(weft_free_channel(t.done));
    end_and_free(kernel);
}

static weft_status sleep_each(size_t first, size_t last, void *context) {
    (void)context;
    for (size_t i = first; i < last; i++) CHECK_OK(weft_sleep(weft_after(0.001)));
    return WEFT_OK;
}

TEST(a_loop_gives_up_at_its_deadline) {
    weft_kernel *kernel = kernel_here();
    weft_parallel_options options = {.deadline = weft_after(0.02)};
    CHECK_STATUS(weft_for_range(&options, 0, 1000000, sleep_each, NULL), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_for_range(&options, 0, 1000000, sleep_each, NULL), WEFT_TIMED_OUT);
    end_and_free(kernel);
}

typedef struct watch {
    atomic_size_t calls, last;
    atomic_int inside;
} watch;

static void see(size_t done, size_t total, void *context) {
    watch *w = context;
    CHECK_EQ(atomic_fetch_add(&w->inside, 1), 0); /* one at a time */
    CHECK_LE(done, total);
    atomic_fetch_add(&w->calls, 1);
    atomic_store(&w->last, done);
    atomic_fetch_sub(&w->inside, 1);
}

TEST(progress_is_told_one_call_at_a_time_and_in_the_end) {
    weft_kernel *kernel = kernel_here();
    watch w = {0};
    weft_parallel_options options = {.progress = see, .progress_context = &w};
    CHECK_OK(weft_for_range(&options, 0, 100, sleep_each, NULL));
    CHECK_EQ(atomic_load(&w.last), 100);
    CHECK_GT(atomic_load(&w.calls), 1);
    end_and_free(kernel);
}

static weft_status meet(size_t first, size_t last, void *context) {
    gate *g = context;
    for (size_t i = first; i < last; i++)
        if (atomic_fetch_add(&g->entered, 1) + 1 == 2) open_gate(g);
    while (!atomic_load(&g->open)) CHECK_OK(weft_sleep(weft_after(0.0005)));
    return WEFT_OK;
}

TEST(a_short_loop_of_long_pieces_is_divided_at_once) {
    if (harness_workers() < 2) return;
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    CHECK_OK(weft_for_range(NULL, 0, 2, meet, &g)); /* each waits for the other */
    end_and_free(kernel);
}

/* ---- nesting, and callers of all kinds ---- */

static void add_range(size_t first, size_t last, void *sum, void *context) {
    (void)context;
    for (size_t i = first; i < last; i++) *(long *)sum += (long)i;
}

static void add_long(void *left, const void *right, void *context) {
    (void)context;
    *(long *)left += *(const long *)right;
}

static long sum_to(size_t count) {
    static const long zero = 0;
    long sum = -1;
    CHECK_OK(weft_map_reduce(NULL, 0, count, sizeof sum, &zero, &sum, add_range, add_long, NULL));
    return sum;
}

static weft_status sum_each(size_t first, size_t last, void *context) {
    for (size_t i = first; i < last; i++) ((long *)context)[i] = sum_to(i);
    return WEFT_OK;
}

TEST(loops_nest) {
    weft_kernel *kernel = kernel_here();
    long sums[200];
    CHECK_OK(weft_for_range(NULL, 0, 200, sum_each, sums));
    for (long i = 0; i < 200; i++) CHECK_EQ(sums[i], i * (i - 1) / 2);
    end_and_free(kernel);
}

WEFT_TASK(long, sum_task, (size_t, count)) { return sum_to(count); }

TEST(many_tasks_run_loops_at_once) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(results, sum_task, 5000));
    for (int i = 0; i < 100; i++) {
        long sum = 0;
        CHECK_OK(weft_receive_result(results, &sum, patience()));
        CHECK_EQ(sum, 5000L * 4999 / 2);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

static weft_status note_worker(size_t first, size_t last, void *context) {
    for (size_t i = first; i < last; i++) ((int *)context)[i] = weft_kernel_worker_index();
    return WEFT_OK;
}

TEST(a_thread_takes_part_if_the_kernel_says_so_and_else_not) {
    for (int use = 0; use < 2; use++) {
        weft_kernel *kernel = weft_make_kernel(1, &(weft_kernel_options){.use_caller = use != 0});
        int worker[4] = {-2, -2, -2, -2};
        CHECK_OK(weft_for_range(&(weft_parallel_options){.parts = 1}, 0, 4, note_worker, worker));
        for (int i = 0; i < 4; i++) CHECK_EQ(worker[i], use != 0 ? -1 : 0);
        end_and_free(kernel);
    }
}

TEST(loops_need_a_kernel_that_has_not_ended) {
    long sum = 0;
    CHECK_STATUS(weft_for_range(NULL, 0, 10, sum_each, &sum), WEFT_NO_KERNEL);
    weft_kernel *kernel = kernel_here();
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_STATUS(weft_for_range(&(weft_parallel_options){.kernel = kernel}, 0, 10, sum_each, &sum), WEFT_ENDED);
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- mapping and reducing ---- */

static void negate(const void *in, void *out, void *context) {
    (void)context;
    *(long *)out = -*(const long *)in;
}

static void to_byte(const void *in, void *out, void *context) {
    (void)context;
    *(unsigned char *)out = (unsigned char)*(const long *)in;
}

TEST(map_keeps_the_order_and_may_work_in_place) {
    weft_kernel *kernel = kernel_here();
    long *array = numbers(COUNT, 1000000), *twin = numbers(COUNT, 1000000);
    unsigned char *bytes = malloc(COUNT);
    CHECK_OK(weft_map(NULL, array, sizeof(long), bytes, 1, COUNT, to_byte, NULL));
    CHECK_OK(weft_map(NULL, array, sizeof(long), array, sizeof(long), COUNT, negate, NULL));
    int wrong = 0;
    for (int i = 0; i < COUNT; i++) wrong += array[i] != -twin[i] || bytes[i] != (unsigned char)twin[i];
    CHECK_EQ(wrong, 0);
    free(array);
    free(twin);
    free(bytes);
    end_and_free(kernel);
}

/* 2 by 2 matrices modulo a prime: associative, and far from commutative. */
typedef struct matrix {
    unsigned a, b, c, d;
} matrix;

static const matrix unit = {1, 0, 0, 1};

static void multiply(void *left, const void *right, void *context) {
    (void)context;
    matrix x = *(matrix *)left, y = *(const matrix *)right;
    *(matrix *)left = (matrix){(x.a * y.a + x.b * y.c) % 46337, (x.a * y.b + x.b * y.d) % 46337,
                               (x.c * y.a + x.d * y.c) % 46337, (x.c * y.b + x.d * y.d) % 46337};
}

static matrix *matrices(size_t count) {
    uint64_t state = harness_seed();
    matrix *array = malloc((count + 1) * sizeof *array);
    for (size_t i = 0; i < count; i++) {
        unsigned r = (unsigned)harness_random(&state);
        array[i] = (matrix){r % 100, r / 100 % 100, r / 10000 % 100, r / 1000000 % 100};
    }
    return array;
}

TEST(reduce_keeps_the_order_of_an_operation_that_does_not_commute) {
    weft_kernel *kernel = kernel_here();
    matrix *array = matrices(COUNT);
    for (int s = 0; s < SIZES; s++) {
        matrix twin = unit, result = {9, 9, 9, 9};
        for (size_t i = 0; i < counts[s]; i++) multiply(&twin, &array[i], NULL);
        CHECK_OK(weft_reduce(NULL, array, sizeof unit, counts[s], &unit, &result, multiply, NULL));
        CHECK_EQ(memcmp(&result, &twin, sizeof twin), 0);
        if (counts[s] == 0) continue;
        CHECK_OK(weft_reduce(NULL, array, sizeof unit, counts[s], NULL, &result, multiply, NULL));
        CHECK_EQ(memcmp(&result, &twin, sizeof twin), 0);
    }
    free(array);
    end_and_free(kernel);
}

static void add_double(void *left, const void *right, void *context) {
    (void)context;
    *(double *)left += *(const double *)right;
}

TEST(a_sum_of_floating_point_numbers_is_the_same_with_any_number_of_workers) {
    double *array = malloc(COUNT * sizeof *array), first = 0;
    uint64_t state = harness_seed();
    for (int i = 0; i < COUNT; i++) array[i] = (double)(harness_random(&state) % 1000000) / 7;
    for (unsigned workers = 1; workers <= 4; workers++) {
        weft_kernel *kernel = kernel_of(workers);
        double sum;
        CHECK_OK(weft_reduce(NULL, array, sizeof sum, COUNT, NULL, &sum, add_double, NULL));
        if (workers == 1) first = sum;
        CHECK_EQ(memcmp(&sum, &first, sizeof sum), 0);
        end_and_free(kernel);
    }
    free(array);
}

TEST(scans_give_what_each_element_and_those_before_it_combine_to) {
    weft_kernel *kernel = kernel_here();
    matrix *array = matrices(COUNT), *out = malloc(COUNT * sizeof *out);
    for (int s = 0; s < SIZES; s++)
        for (int kind = WEFT_SCAN_INCLUSIVE; kind <= WEFT_SCAN_EXCLUSIVE; kind++) {
            bool in_place = s % 2 == 1;
            if (in_place) memcpy(out, array, COUNT * sizeof *out);
            CHECK_OK(weft_scan(NULL, (weft_scan_kind)kind, in_place ? out : array, out, sizeof unit, counts[s], &unit,
                               multiply, NULL));
            matrix sum = unit;
            size_t wrong = 0;
            for (size_t i = 0; i < counts[s]; i++) {
                matrix before = sum;
                multiply(&sum, &array[i], NULL);
                wrong += memcmp(&out[i], kind == WEFT_SCAN_INCLUSIVE ? &sum : &before, sizeof sum) != 0;
            }
            CHECK_EQ(wrong, 0);
        }
    free(array);
    free(out);
    end_and_free(kernel);
}

/* ---- choosing and finding ---- */

static bool divides(const void *element, void *context) { return *(const long *)element % *(const long *)context == 0; }

TEST(filter_and_partition_keep_the_order) {
    weft_kernel *kernel = kernel_here();
    long *array = numbers(COUNT, 1000), *out = malloc(COUNT * sizeof *out), three = 3;
    for (int s = 0; s < SIZES; s++) {
        size_t count = counts[s], kept, parted, number, at = 0, wrong = 0;
        CHECK_OK(weft_partition(NULL, array, sizeof(long), count, out, &parted, divides, &three));
        CHECK_OK(weft_count_if(NULL, array, sizeof(long), count, &number, divides, &three));
        for (int others = 0; others < 2; others++)
            for (size_t i = 0; i < count; i++)
                if ((array[i] % 3 != 0) == (others == 1)) wrong += out[at++] != array[i];
        CHECK_OK(weft_filter(NULL, array, sizeof(long), count, out, &kept, divides, &three));
        CHECK_EQ(kept, parted);
        CHECK_EQ(kept, number);
        at = 0;
        for (size_t i = 0; i < count; i++)
            if (array[i] % 3 == 0) wrong += out[at++] != array[i];
        CHECK_EQ(at, kept);
        CHECK_EQ(wrong, 0);
    }
    free(array);
    free(out);
    end_and_free(kernel);
}

static bool is(const void *element, void *context) { return *(const long *)element == *(const long *)context; }

TEST(find_gives_the_first_and_find_any_one_of_them) {
    weft_kernel *kernel = kernel_here();
    long *array = numbers(COUNT, 50000);
    for (long wanted = 0; wanted < 300; wanted++) {
        size_t twin = 0, first, any;
        while (twin < COUNT && array[twin] != wanted) twin++;
        CHECK_OK(weft_find(NULL, array, sizeof(long), COUNT, &first, is, &wanted));
        CHECK_EQ(first, twin);
        CHECK_OK(weft_find_any(NULL, array, sizeof(long), COUNT, &any, is, &wanted));
        CHECK(twin == COUNT ? any == COUNT : any < COUNT && array[any] == wanted);
    }
    free(array);
    end_and_free(kernel);
}

TEST(every_and_some_answer_as_quantifiers_do) {
    weft_kernel *kernel = kernel_here();
    long *array = calloc(COUNT, sizeof *array), zero = 0, one = 1;
    bool answer = false;
    CHECK(weft_every(NULL, array, sizeof(long), COUNT, &answer, is, &zero) == WEFT_OK && answer);
    CHECK(weft_some(NULL, array, sizeof(long), COUNT, &answer, is, &one) == WEFT_OK && !answer);
    array[COUNT - 7] = 1;
    CHECK(weft_every(NULL, array, sizeof(long), COUNT, &answer, is, &zero) == WEFT_OK && !answer);
    CHECK(weft_some(NULL, array, sizeof(long), COUNT, &answer, is, &one) == WEFT_OK && answer);
    CHECK(weft_every(NULL, NULL, sizeof(long), 0, &answer, is, &one) == WEFT_OK && answer);
    CHECK(weft_some(NULL, NULL, sizeof(long), 0, &answer, is, &zero) == WEFT_OK && !answer);
    free(array);
    end_and_free(kernel);
}

static int compare_longs(const void *a, const void *b, void *context) {
    (void)context;
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

TEST(least_and_greatest_are_the_first_of_equal_ones) {
    weft_kernel *kernel = kernel_here();
    for (int s = 1; s < SIZES; s++) {
        long *array = numbers(counts[s], 50);
        size_t low = 0, high = 0, least, greatest;
        for (size_t i = 1; i < counts[s]; i++) {
            if (array[i] < array[low]) low = i;
            if (array[i] > array[high]) high = i;
        }
        CHECK_OK(weft_least(NULL, array, sizeof(long), counts[s], &least, compare_longs, NULL));
        CHECK_OK(weft_greatest(NULL, array, sizeof(long), counts[s], &greatest, compare_longs, NULL));
        CHECK_EQ(least, low);
        CHECK_EQ(greatest, high);
        free(array);
    }
    end_and_free(kernel);
}

/* ---- several things ---- */

static void meet_others(void *argument) {
    gate *g = argument;
    int all = harness_workers() < 2 ? 1 : 2;
    if (atomic_fetch_add(&g->entered, 1) + 1 >= all) open_gate(g);
    while (!atomic_load(&g->open)) CHECK_OK(weft_sleep(weft_after(0.0005)));
}

TEST(all_things_are_done_at_the_same_time) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    weft_thunk thunks[5];
    for (int i = 0; i < 5; i++) thunks[i] = (weft_thunk){meet_others, &g};
    CHECK_OK(weft_all(NULL, thunks, 5));
    CHECK_EQ(atomic_load(&g.entered), 5);
    CHECK_OK(weft_all(NULL, NULL, 0));
    thunks[2].run = NULL;
    CHECK_STATUS(weft_all(NULL, thunks, 5), WEFT_INVALID);
    end_and_free(kernel);
}

/* ---- misuse ---- */

TEST(loops_and_algorithms_refuse_what_they_cannot_do) {
    weft_kernel *kernel = kernel_here();
    long value = 0;
    size_t index;
    CHECK_STATUS(weft_for_range(NULL, 0, 1, NULL, NULL), WEFT_INVALID);
    CHECK_OK(weft_for_range(NULL, 5, 3, count_each, NULL));
    CHECK_STATUS(weft_map(NULL, NULL, 8, &value, 8, 1, negate, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_map(NULL, &value, 8, &value, 4, 1, negate, NULL), WEFT_INVALID);
    CHECK_OK(weft_map(NULL, NULL, 8, NULL, 4, 0, negate, NULL));
    CHECK_STATUS(weft_reduce(NULL, &value, 8, 0, NULL, &value, add_long, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_reduce(NULL, &value, 0, 1, &value, &value, add_long, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_reduce(NULL, &value, 8, SIZE_MAX / 16, NULL, &value, add_long, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_least(NULL, &value, 8, 0, &index, compare_longs, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_find(NULL, &value, 8, 1, NULL, is, &value), WEFT_INVALID);
    CHECK_STATUS(weft_sort(NULL, NULL, 3, 8, compare_longs, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_sort_int32(NULL, NULL, 3), WEFT_INVALID);
    CHECK_STATUS(weft_scan(NULL, (weft_scan_kind)7, &value, &value, 8, 1, &value, add_long, NULL), WEFT_INVALID);
    end_and_free(kernel);
}
