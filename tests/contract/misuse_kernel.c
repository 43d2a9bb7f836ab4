/* SPDX-License-Identifier: MIT */
/* misuse_kernel.c - what kernels answer to callers who break a rule: the status that the header names. */
#include <weft.h>

#include <limits.h>
#include <signal.h>

#include "harness/harness.h"

WEFT_VARIABLE(int, number, 0);

static void refuses(unsigned workers, const weft_kernel_options *options, weft_status wanted) {
    weft_kernel *kernel = weft_make_kernel(workers, options);
    weft_status status = weft_last_status();
    CHECK_NULL(kernel);
    CHECK_STATUS(status, wanted);
    CHECK_NULL(weft_get(weft_current_kernel));
    if (kernel) CHECK_OK(weft_free_kernel(kernel));
}

TEST(too_many_workers_are_refused) {
    refuses(WEFT_MAX_WORKERS + 1, NULL, WEFT_INVALID);
    refuses(UINT_MAX, NULL, WEFT_INVALID);
}

TEST(stack_size_out_of_range_is_refused) {
    refuses(1, &(weft_kernel_options){.stack_size = 1}, WEFT_INVALID);
    refuses(1, &(weft_kernel_options){.stack_size = 16 * 1024 - 1}, WEFT_INVALID);
    refuses(1, &(weft_kernel_options){.stack_size = ((size_t)1 << 30) + 1}, WEFT_INVALID);
    refuses(1, &(weft_kernel_options){.stack_size = SIZE_MAX}, WEFT_INVALID);
}

TEST(bad_binding_is_refused) {
    int value = 1;
    const weft_worker_binding no_variable[] = {{&number, NULL, &value}, {NULL, NULL, &value}};
    const weft_worker_binding no_value[] = {{&number, NULL, NULL}};
    refuses(1, &(weft_kernel_options){.bindings = no_variable, .binding_count = 2}, WEFT_INVALID);
    refuses(1, &(weft_kernel_options){.bindings = no_value, .binding_count = 1}, WEFT_INVALID);
    refuses(1, &(weft_kernel_options){.bindings = NULL, .binding_count = 1}, WEFT_INVALID);
}

static void never_enters(weft_worker_loop *loop, void *argument) {
    (void)loop;
    (void)argument;
}

static void only_one_enters(weft_worker_loop *loop, void *argument) {
    if (__atomic_fetch_add((int *)argument, 1, __ATOMIC_RELAXED) == 0) CHECK_OK(weft_enter_worker_loop(loop));
}

TEST(context_that_does_not_enter_the_loop_leaves_nothing_running) {
    int entered = 0;
    refuses(harness_workers(), &(weft_kernel_options){.context = never_enters}, WEFT_NOT_STARTED);
    if (harness_workers() > 1)
        refuses(harness_workers(), &(weft_kernel_options){.context = only_one_enters, .context_argument = &entered},
                WEFT_NOT_STARTED);
    CHECK_EVENTUALLY(harness_threads() == harness_own_threads());
}

static void enters_twice(weft_worker_loop *loop, void *argument) {
    CHECK_OK(weft_enter_worker_loop(loop));
    CHECK_STATUS(weft_enter_worker_loop(loop), WEFT_INVALID);
    __atomic_add_fetch((int *)argument, 1, __ATOMIC_RELAXED);
}

TEST(second_entry_of_the_worker_loop_is_refused) {
    int returned = 0;
    const weft_kernel_options options = {.context = enters_twice, .context_argument = &returned};
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &options);
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(returned, harness_workers());
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(ending_or_freeing_no_kernel_is_harmless) {
    CHECK_STATUS(weft_end_kernel(NULL, true), WEFT_NO_KERNEL);
    CHECK_STATUS(weft_end_kernel(NULL, false), WEFT_NO_KERNEL);
    CHECK_OK(weft_free_kernel(NULL));
}

TEST(ending_twice_is_harmless) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_OK(weft_end_kernel(kernel, false));
    CHECK_OK(weft_end_kernel(kernel, false));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}

typedef struct {
    weft_status with_wait, free, without_wait;
} endings;

WEFT_TASK(endings, end_from_inside, (weft_kernel *, kernel)) {
    endings found;
    found.with_wait = weft_end_kernel(kernel, true);
    found.free = weft_free_kernel(kernel);
    found.without_wait = weft_end_kernel(kernel, false);
    return found;
}

TEST(worker_cannot_wait_for_the_end_of_its_own_kernel) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel(endings);
    endings found = {WEFT_OK, WEFT_OK, WEFT_INVALID};
    CHECK_OK(weft_submit(results, end_from_inside, kernel));
    CHECK_OK(weft_receive_result(results, &found, WEFT_FOREVER));
    CHECK_STATUS(found.with_wait, WEFT_IN_WORKER);
    CHECK_STATUS(found.free, WEFT_IN_WORKER);
    CHECK_STATUS(found.without_wait, WEFT_OK);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(kernel_with_a_channel_is_not_freed) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *channel = weft_make_channel(int);
    CHECK_STATUS(weft_free_kernel(kernel), WEFT_BUSY);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_STATUS(weft_free_kernel(kernel), WEFT_BUSY);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(kernel_that_is_still_running_is_ended_by_freeing_it) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_OK(weft_free_kernel(kernel));
    CHECK_NULL(weft_get(weft_current_kernel));
}

TEST(questions_without_a_kernel_have_the_documented_answers) {
    size_t count = 7;
    weft_category category = weft_category_default;
    CHECK_NULL(weft_get(weft_current_kernel));
    CHECK_NULL(weft_kernel_name(NULL));
    CHECK_EQ(weft_kernel_worker_count(NULL), 0);
    CHECK_NULL(weft_kernel_bindings(NULL, &count));
    CHECK_EQ(count, 0);
    CHECK(weft_kernel_context(NULL) == NULL);
    CHECK_EQ(weft_kernel_worker_index(), -1);
    CHECK_EQ(weft_task_categories_running(NULL, &category, 1), 0);
    CHECK_PTR(category, weft_category_default);
    CHECK_NULL(weft_task_name());
}

TEST(no_more_categories_are_written_than_there_is_room) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    static const char mark[] = "untouched";
    weft_category categories[2] = {mark, mark};
    CHECK_EQ(weft_task_categories_running(kernel, NULL, 0), harness_workers());
    CHECK_EQ(weft_task_categories_running(kernel, categories, 1), harness_workers());
    CHECK_NULL(categories[0]);
    CHECK_PTR(categories[1], mark);
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(counters_need_a_kernel_a_worker_and_a_place) {
    weft_worker_counters counters;
    CHECK_STATUS(weft_read_counters(NULL, 0, &counters), WEFT_NO_KERNEL);
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_OK(weft_read_counters(kernel, harness_workers() - 1, &counters));
    CHECK_STATUS(weft_read_counters(kernel, harness_workers(), &counters), WEFT_INVALID);
    CHECK_STATUS(weft_read_counters(kernel, UINT_MAX, &counters), WEFT_INVALID);
    CHECK_STATUS(weft_read_counters(kernel, 0, NULL), WEFT_INVALID);
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(dump_to_no_descriptor_and_on_no_signal_is_refused) {
    CHECK_STATUS(weft_dump(-1), WEFT_INVALID);
    CHECK_STATUS(weft_dump_on_signal(-1), WEFT_INVALID);
    CHECK_STATUS(weft_dump_on_signal(SIGKILL), WEFT_INVALID);
    CHECK_STATUS(weft_dump_on_signal(100000), WEFT_INVALID);
}
