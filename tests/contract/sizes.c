/* SPDX-License-Identifier: MIT */
/* sizes.c - rows J2, K6: arguments and results of all sizes arrive as they were, through the typed and untyped layers.
 */
#include "contract/common.h"

#include <stdlib.h>

/* ---- arguments ---- */

static uint32_t argument_size;
static atomic_int good_arguments;

static unsigned char pattern(size_t at, size_t salt) { return (unsigned char)(at * 7 + salt * 13 + (at >> 8)); }

static void check_arguments(void *arguments, void *result) {
    const unsigned char *bytes = arguments;
    (void)result;
    size_t salt = argument_size > 0 ? bytes[0] : 0, good = 0;
    for (size_t i = 1; i < argument_size; i++) good += bytes[i] == pattern(i, salt);
    CHECK_EQ(good, argument_size > 0 ? argument_size - 1 : 0);
    CHECK_EQ((uintptr_t)arguments % 8, 0);
    atomic_fetch_add(&good_arguments, 1);
}

/* From outside, and from a task to its own worker. */
static void submit_of_size(uint32_t size, weft_kernel *kernel, weft_submit_options options) {
    static weft_task_type types[32];
    static int used;
    weft_task_type *type = &types[used++ % 32];
    *type = (weft_task_type){"sized", check_arguments, size, 0};
    unsigned char *bytes = malloc(size + 1);
    weft_channel *done = weft_make_done_channel();
    argument_size = size;
    atomic_store(&good_arguments, 0);
    for (size_t salt = 0; salt < 20; salt++) {
        for (size_t i = 0; i < size; i++) bytes[i] = i == 0 ? (unsigned char)salt : pattern(i, salt);
        CHECK_OK(weft_submit_task(&options, done, type, size > 0 ? bytes : NULL));
        memset(bytes, 0xee, size); /* it was copied */
    }
    for (int i = 0; i < 20; i++) CHECK_OK(weft_receive_done(done, patience()));
    CHECK_EQ(atomic_load(&good_arguments), 20);
    CHECK_OK(weft_free_channel(done));
    free(bytes);
    CHECK_EQ(weft_kernel_worker_count(kernel), harness_workers());
}

static const uint32_t argument_sizes[] = {0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 95, 96, 97, 479, 480, 481, 4096, 65536};

TEST(arguments_of_any_size_arrive_as_they_were_submitted) {
    weft_kernel *kernel = kernel_here();
    for (size_t i = 0; i < sizeof argument_sizes / sizeof *argument_sizes; i++)
        submit_of_size(argument_sizes[i], kernel, (weft_submit_options){0});
    end_and_free(kernel);
}

TEST(arguments_of_any_size_arrive_with_a_group_and_with_an_own_stack) {
    weft_kernel *kernel = kernel_here();
    weft_group *group = weft_make_group(NULL);
    for (size_t i = 0; i < sizeof argument_sizes / sizeof *argument_sizes; i++) {
        submit_of_size(argument_sizes[i], kernel, (weft_submit_options){.group = group});
        submit_of_size(argument_sizes[i], kernel, (weft_submit_options){.group = group, .stack_size = 1 << 20});
    }
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_group(group));
    end_and_free(kernel);
}

TEST(arguments_of_any_size_arrive_at_low_priority) {
    weft_kernel *kernel = kernel_here();
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        for (size_t i = 0; i < sizeof argument_sizes / sizeof *argument_sizes; i++)
            submit_of_size(argument_sizes[i], kernel, (weft_submit_options){0});
    }
    end_and_free(kernel);
}

/* ---- results ---- */

static size_t result_size;

static void give_pattern(void *arguments, void *result) {
    size_t salt = *(size_t *)arguments;
    unsigned char *bytes = result;
    CHECK((uintptr_t)result % 16 == 0 || result_size == 0);
    for (size_t i = 0; i < result_size; i++) bytes[i] = i == 0 ? (unsigned char)salt : pattern(i, salt);
}

static void results_of_size(size_t size, size_t capacity) {
    static weft_task_type types[32];
    static int used;
    weft_task_type *type = &types[used++ % 32];
    *type = (weft_task_type){"patterned", give_pattern, sizeof(size_t), (uint32_t)size};
    weft_channel *results = bounded_channel(size, capacity);
    unsigned char *bytes = malloc(size + 1);
    result_size = size;
    for (size_t salt = 0; salt < 6; salt++) CHECK_OK(weft_submit_task(NULL, results, type, &salt));
    for (size_t n = 0; n < 6; n++) {
        size_t good = 0;
        if (!CHECK_OK(weft_receive_result_sized(results, bytes, size, patience())) || size == 0) continue;
        for (size_t i = 1; i < size; i++) good += bytes[i] == pattern(i, bytes[0]);
        CHECK_EQ(good, size - 1);
    }
    free(bytes);
    CHECK_OK(weft_free_channel(results));
}

TEST(results_of_any_size_arrive_as_they_were_returned) {
    static const size_t sizes[] = {0, 1, 8, 47, 48, 49, 64, 1023, 1024, 1025, 8192, 65537, (1 << 20) - 1, 1 << 20};
    weft_kernel *kernel = kernel_here();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        results_of_size(sizes[i], 0);
        results_of_size(sizes[i], 1);
    }
    end_and_free(kernel);
}

TEST(messages_of_any_size_arrive_as_they_were_sent) {
    static const size_t sizes[] = {1, 3, 8, 16, 17, 100, 1000, 9000, (1 << 20) - 1, 1 << 20};
    unsigned char *in = malloc(1 << 20), *out = malloc(1 << 20);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        weft_channel *channel = bounded_channel(sizes[s], 0);
        for (size_t salt = 0; salt < 20; salt++) {
            for (size_t i = 0; i < sizes[s]; i += 1 + sizes[s] / 5000) in[i] = pattern(i, salt);
            CHECK_OK(weft_send_sized(channel, in, sizes[s], WEFT_NOW));
        }
        for (size_t salt = 0; salt < 20; salt++) {
            size_t bad = 0;
            CHECK_OK(weft_receive_sized(channel, out, sizes[s], WEFT_NOW));
            for (size_t i = 0; i < sizes[s]; i += 1 + sizes[s] / 5000) bad += out[i] != pattern(i, salt);
            CHECK_EQ(bad, 0);
        }
        CHECK_OK(weft_free_channel(channel));
    }
    free(in);
    free(out);
}

TEST(elements_without_size_are_counted) {
    weft_channel *ticks = weft_make_done_channel();
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_send_sized(ticks, NULL, 0, WEFT_NOW));
    CHECK_EQ(weft_count(ticks), 1000);
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_receive_sized(ticks, NULL, 0, WEFT_NOW));
    CHECK_STATUS(weft_receive_sized(ticks, NULL, 0, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(ticks));
}

/* ---- types ---- */

typedef struct point {
    double x, y, z;
    char name[40];
} point;

WEFT_TASK(point, shift, (point, from), (double, by)) {
    from.x += by;
    from.z -= by;
    return from;
}

WEFT_TASK(double, sum_of_eight, (char, a), (short, b), (int, c), (long, d), (float, e), (double, f), (void *, g),
          (bool, h)) {
    return a + b + c + (double)d + (double)e + f + (g == NULL ? 100 : 0) + h;
}

WEFT_TASK(int, without_parameters) { return 42; }

static int side_effect;

WEFT_TASK(void, without_result, (int, value)) { side_effect = value; }

TEST(structs_and_mixed_types_travel_by_value) {
    weft_kernel *kernel = kernel_here();
    weft_channel *points = weft_make_channel(point), *sums = weft_make_channel(double), *ints = weft_make_channel(int);
    weft_channel *done = weft_make_done_channel();
    point p = {1, 2, 3, "here"}, q = {0};
    double sum = 0;
    int value = 0;
    CHECK_OK(weft_submit(points, shift, p, 0.5));
    CHECK_OK(weft_receive_result(points, &q, patience()));
    CHECK(q.x == 1.5 && q.y == 2 && q.z == 2.5);
    CHECK_STR(q.name, "here");
    CHECK_OK(weft_submit(sums, sum_of_eight, 1, 2, 3, 4L, 5.5f, 6.5, NULL, true));
    CHECK_OK(weft_receive_result(sums, &sum, patience()));
    CHECK(sum == 123);
    CHECK_OK(weft_submit(ints, without_parameters));
    CHECK_OK(weft_receive_result(ints, &value, patience()));
    CHECK_EQ(value, 42);
    CHECK_OK(weft_submit(done, without_result, 9));
    CHECK_OK(weft_receive_done(done, patience()));
    CHECK_EQ(side_effect, 9);
    CHECK_OK(weft_free_channel(points));
    CHECK_OK(weft_free_channel(sums));
    CHECK_OK(weft_free_channel(ints));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(task_can_be_called_as_a_function) {
    point q = weft_call(shift, (point){1, 2, 3, ""}, 1.0);
    CHECK(q.x == 2 && q.z == 2);
    CHECK_EQ(weft_call(without_parameters), 42);
    weft_call(without_result, 3);
    CHECK_EQ(side_effect, 3);
    CHECK_EQ(without_parameters(), 42);
}
