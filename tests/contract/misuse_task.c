/* SPDX-License-Identifier: MIT */
/* misuse_task.c - what submission, broadcast, groups and timeouts answer to callers who break a rule: the status that
 * the header names, and then nothing runs. */
#include <weft.h>

#include "harness/harness.h"

static int runs;

WEFT_TASK(int, count_run, (int, value)) {
    __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
    return value;
}

WEFT_TASK(void, nothing_to_give) { __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED); }

static weft_kernel *begin(void) {
    runs = 0;
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    CHECK_NOT_NULL(kernel);
    return kernel;
}

/* Ends and frees a kernel through which nothing may have run. */
static void nothing_ran(weft_kernel *kernel, weft_channel *channel) {
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(runs, 0);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- submitting ---- */

TEST(submission_without_a_kernel_is_refused) {
    weft_channel *channel = weft_make_channel(int);
    runs = 0;
    CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_NO_KERNEL);
    CHECK_STATUS(weft_submit((weft_channel *)NULL, count_run, 1), WEFT_NO_KERNEL);
    CHECK_OK(weft_free_channel(channel));
    CHECK_EQ(runs, 0);
}

TEST(channel_made_without_a_kernel_stays_without) {
    weft_channel *channel = weft_make_channel(int);
    weft_kernel *kernel = begin();
    if (kernel) CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_NO_KERNEL);
    nothing_ran(kernel, channel);
}

TEST(result_that_does_not_fit_the_channel_is_refused) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(long), *done = weft_make_done_channel();
    CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_submit(channel, nothing_to_give), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_submit(done, count_run, 1), WEFT_WRONG_SIZE);
    CHECK_OK(weft_free_channel(done));
    nothing_ran(kernel, channel);
}

TEST(submission_without_a_type_or_with_a_bad_one_is_refused) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    weft_task_type no_function = weft_task_of_count_run, too_large = weft_task_of_count_run;
    int argument = 1;
    no_function.invoke = NULL;
    too_large.argument_size = 65537;
    CHECK_STATUS(weft_submit_task(NULL, channel, NULL, &argument), WEFT_INVALID);
    CHECK_STATUS(weft_submit_task(NULL, channel, &no_function, &argument), WEFT_INVALID);
    CHECK_STATUS(weft_submit_task(NULL, channel, &too_large, &argument), WEFT_INVALID);
    CHECK_STATUS(weft_submit_task(NULL, channel, &weft_task_of_count_run, NULL), WEFT_INVALID);
    nothing_ran(kernel, channel);
}

TEST(category_priority_and_stack_size_out_of_range_are_refused) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    WEFT_BIND(weft_task_category, NULL) { CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_INVALID); }
    WEFT_BIND(weft_task_priority, (weft_priority)2) { CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_INVALID); }
    const weft_submit_options large = {.stack_size = SIZE_MAX};
    CHECK_STATUS(weft_submit_with(&large, channel, count_run, 1), WEFT_INVALID);
    nothing_ran(kernel, channel);
}

TEST(closed_channel_refuses_submissions) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    CHECK_OK(weft_close(channel));
    CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_CLOSED);
    nothing_ran(kernel, channel);
}

TEST(ended_kernel_refuses_submissions) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_STATUS(weft_submit(channel, count_run, 1), WEFT_ENDED);
    CHECK_STATUS(weft_submit_with(&(weft_submit_options){.kernel = kernel}, (weft_channel *)NULL, count_run, 1),
                 WEFT_ENDED);
    CHECK_STATUS(weft_submit((weft_channel *)NULL, count_run, 1), WEFT_NO_KERNEL); /* it is not current any more */
    nothing_ran(kernel, channel);
}

/* ---- receiving ---- */

TEST(receive_of_a_result_after_the_end_says_so_once_all_are_received) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(channel, count_run, 4));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_receive_result(channel, &value, WEFT_FOREVER));
    CHECK_EQ(value, 4);
    CHECK_STATUS(weft_receive_result(channel, &value, WEFT_FOREVER), WEFT_ENDED);
    CHECK_STATUS(weft_receive_result(channel, &value, WEFT_NOW), WEFT_ENDED);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(run_of_receives_ends_early_and_says_why) {
    int seen = 0;
    WEFT_DO_FAST_RECEIVES(int, value, (weft_channel *)NULL, 3) { seen += value; }
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    weft_channel *channel = weft_make_channel(int);
    int one = 1;
    CHECK_OK(weft_send(channel, &one, WEFT_NOW));
    CHECK_OK(weft_close(channel));
    WEFT_DO_FAST_RECEIVES(int, value, channel, 3) { seen += value; }
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    CHECK_EQ(seen, 1);
    CHECK_OK(weft_free_channel(channel));
}

/* ---- broadcasting ---- */

WEFT_TASK(weft_status, broadcast_from_inside, (weft_kernel *, kernel)) {
    return weft_broadcast(kernel, NULL, count_run, 1);
}

TEST(worker_cannot_broadcast_to_its_own_or_another_kernel) {
    weft_kernel *kernel = begin(), *other = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(weft_status);
    weft_status status = WEFT_OK;
    CHECK_OK(weft_submit(results, broadcast_from_inside, kernel));
    CHECK_OK(weft_receive_result(results, &status, WEFT_FOREVER));
    CHECK_STATUS(status, WEFT_IN_WORKER);
    status = WEFT_OK;
    CHECK_OK(weft_submit(results, broadcast_from_inside, other));
    CHECK_OK(weft_receive_result(results, &status, WEFT_FOREVER));
    CHECK_STATUS(status, WEFT_IN_WORKER);
    CHECK_OK(weft_free_kernel(other));
    nothing_ran(kernel, results);
}

TEST(broadcast_needs_a_kernel_that_runs_and_a_type) {
    int argument = 1;
    runs = 0;
    CHECK_STATUS(weft_broadcast(NULL, NULL, count_run, 1), WEFT_NO_KERNEL);
    weft_kernel *kernel = begin();
    if (!kernel) return;
    CHECK_STATUS(weft_broadcast_task(kernel, NULL, &argument, NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_broadcast_task(kernel, &weft_task_of_count_run, NULL, NULL, NULL), WEFT_INVALID);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_STATUS(weft_broadcast(kernel, NULL, count_run, 1), WEFT_ENDED);
    nothing_ran(kernel, NULL);
}

TEST(broadcast_whose_results_nobody_wants_runs) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    CHECK_OK(weft_broadcast(kernel, NULL, count_run, 1));
    CHECK_EQ(runs, harness_workers());
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- groups ---- */

TEST(operations_on_no_group_are_refused) {
    CHECK_STATUS(weft_cancel_group(NULL), WEFT_INVALID);
    CHECK_STATUS(weft_wait_group(NULL, WEFT_FOREVER), WEFT_INVALID);
    CHECK(!weft_group_cancelled(NULL));
    CHECK_EQ(weft_group_count(NULL), 0);
    CHECK_OK(weft_free_group(NULL));
}

TEST(submission_to_a_cancelled_group_gives_a_condition_and_does_not_run) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    weft_group *group = weft_make_group("cancelled");
    int value = -1;
    CHECK_OK(weft_cancel_group(group));
    CHECK_OK(weft_cancel_group(group));
    CHECK(weft_group_cancelled(group));
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, channel, count_run, 1));
    CHECK_STATUS(weft_receive_result(channel, &value, WEFT_FOREVER), WEFT_CANCELLED);
    CHECK_EQ(value, -1);
    CHECK_OK(weft_wait_group(group, WEFT_FOREVER));
    CHECK_OK(weft_free_group(group));
    nothing_ran(kernel, channel);
}

WEFT_TASK(weft_status, receive_a_token, (weft_channel *, channel)) { return weft_receive_done(channel, WEFT_FOREVER); }
WEFT_TASK(weft_status, wait_for_group, (weft_group *, group)) { return weft_wait_group(group, WEFT_FOREVER); }
WEFT_TASK(weft_status, try_to_free_group, (weft_group *, group)) { return weft_free_group(group); }

TEST(group_is_not_freed_while_a_task_waits_for_it) {
    weft_kernel *kernel = weft_make_kernel(1, NULL); /* so each task begins once the one before it waits */
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel(weft_status), *tokens = weft_make_done_channel();
    weft_group *group = weft_make_group(NULL);
    weft_status status = WEFT_OK;
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, results, receive_a_token, tokens));
    CHECK_OK(weft_submit(results, wait_for_group, group));
    CHECK_OK(weft_submit(results, try_to_free_group, group));
    CHECK_OK(weft_receive_result(results, &status, WEFT_FOREVER));
    CHECK_STATUS(status, WEFT_BUSY);
    CHECK_STATUS(weft_wait_group(group, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_send_sized(tokens, NULL, 0, WEFT_NOW));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(weft_receive_result(results, &status, WEFT_FOREVER));
        CHECK_STATUS(status, WEFT_OK);
    }
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_channel(tokens));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- timeouts ---- */

static void refuses_timeout(weft_channel *channel, const void *result, size_t size, weft_status wanted) {
    weft_timeout *timeout = weft_submit_timeout_sized(channel, 1000.0, result, size);
    weft_status status = weft_last_status();
    CHECK_NULL(timeout);
    CHECK_STATUS(status, wanted);
    weft_free_timeout(timeout);
}

TEST(timeout_needs_a_channel_with_a_kernel_and_a_result_that_fits) {
    weft_channel *without = weft_make_channel(int);
    int value = 1;
    long longer = 1;
    refuses_timeout(NULL, &value, sizeof value, WEFT_INVALID);
    refuses_timeout(without, &value, sizeof value, WEFT_NO_KERNEL);
    weft_kernel *kernel = begin();
    if (kernel) {
        weft_channel *channel = weft_make_channel(int);
        refuses_timeout(channel, &longer, sizeof longer, WEFT_WRONG_SIZE);
        refuses_timeout(channel, NULL, sizeof value, WEFT_INVALID);
        CHECK_OK(weft_end_kernel(kernel, true));
        refuses_timeout(channel, &value, sizeof value, WEFT_ENDED);
        nothing_ran(kernel, channel);
    }
    CHECK_OK(weft_free_channel(without));
}

TEST(timeout_is_cancelled_at_most_once_and_with_a_result_that_fits) {
    weft_kernel *kernel = begin();
    if (!kernel) return;
    weft_channel *channel = weft_make_channel(int);
    int late = 1, now = 2, again = 3, value = 0;
    long longer = 4;
    weft_timeout *timeout = weft_submit_timeout(channel, 1000.0, &late);
    CHECK_NOT_NULL(timeout);
    CHECK_STATUS(weft_cancel_timeout(timeout, &longer), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_cancel_timeout_sized(timeout, NULL, sizeof now), WEFT_INVALID);
    CHECK_STATUS(weft_cancel_timeout((weft_timeout *)NULL, &now), WEFT_INVALID);
    CHECK_STATUS(weft_receive_result(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_cancel_timeout(timeout, &now));
    CHECK_STATUS(weft_cancel_timeout(timeout, &again), WEFT_TIMED_OUT);
    CHECK_OK(weft_receive_result(channel, &value, WEFT_FOREVER));
    CHECK_EQ(value, 2);
    weft_free_timeout(timeout);
    weft_free_timeout(NULL);
    nothing_ran(kernel, channel);
}
