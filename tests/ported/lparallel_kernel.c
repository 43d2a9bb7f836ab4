/* SPDX-License-Identifier: MIT */
/* lparallel_kernel.c - lparallel's own tests of its kernel, re-expressed; the name of the original stands above each.
 *
 * What the original asserts is asserted here, where it sleeps to be fairly sure we wait for the event itself, and where
 * it tolerates a defect of its own (order of broadcast results, two broadcasts at once) we ask for more. Tests of
 * killing and of conditions are not here. The table of all of them is in docs/TESTS.md. */
#include "contract/common.h"

#include <stdlib.h>

static const unsigned worker_counts[] = {1, 2, 3, 4, 7, 8, 15, 16};
enum { COUNTS = sizeof worker_counts / sizeof *worker_counts };

WEFT_VARIABLE(int, blah, 0);
WEFT_VARIABLE(int, context_value, 7);

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* kernel-test */
TEST(kernel_test) {
    for (int c = 0; c < COUNTS; c++) {
        weft_kernel *kernel = kernel_of(worker_counts[c]);
        weft_channel *channel = weft_make_channel(int);
        int got[3] = {0}, n = 0;
        for (int i = 3; i <= 5; i++) CHECK_OK(weft_submit(channel, add, i, 0));
        WEFT_DO_FAST_RECEIVES(int, value, channel, 3) got[n++] = value;
        qsort(got, 3, sizeof *got, by_value);
        for (int i = 0; i < 3; i++) CHECK_EQ(got[i], i + 3);
        CHECK_OK(weft_free_channel(channel));
        end_and_free(kernel);
    }
}

/* end-kernel-test */
TEST(end_kernel_test) {
    for (int c = 0; c < COUNTS; c++) {
        weft_kernel *kernel = kernel_of(worker_counts[c]);
        CHECK_EVENTUALLY(harness_threads() == harness_own_threads() + (int)worker_counts[c]);
        CHECK_OK(weft_end_kernel(kernel, true));
        CHECK_NULL(weft_get(weft_current_kernel));
        CHECK_NO_THREAD_LEFT();
        CHECK_OK(weft_free_kernel(kernel));
    }
}

WEFT_TASK(void, sleep_a_little, (double, seconds)) { CHECK_OK(weft_sleep(weft_after(seconds))); }

/* end-kernel-wait-test: 3 workers, one task that sleeps; no thread is left. */
TEST(end_kernel_wait_test) {
    weft_kernel *kernel = kernel_of(3);
    weft_deadline due = weft_after(0.1);
    CHECK_OK(weft_submit(NULL, sleep_a_little, 0.1));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_GE(weft_time(), due);
    CHECK_NO_THREAD_LEFT();
    CHECK_OK(weft_free_kernel(kernel));
}

/* channel-capacity-test: capacity 1, tasks that return 3, 4 and 5. */
TEST(channel_capacity_test) {
    for (unsigned workers = 1; workers <= 16; workers++) {
        weft_kernel *kernel = kernel_of(workers);
        weft_channel *channel = bounded_channel(sizeof(int), 1);
        int got[3] = {0}, n = 0;
        for (int i = 3; i <= 5; i++) CHECK_OK(weft_submit(channel, add, i, 0));
        WEFT_DO_FAST_RECEIVES(int, value, channel, 3) got[n++] = value;
        qsort(got, 3, sizeof *got, by_value);
        for (int i = 0; i < 3; i++) CHECK_EQ(got[i], i + 3);
        CHECK_OK(weft_free_channel(channel));
        end_and_free(kernel);
    }
}

WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

static const char foo[] = "foo";

/* task-categories-test, without the part that kills */
TEST(task_categories_test) {
    weft_kernel *kernel = kernel_of(2);
    weft_category running[2] = {foo, foo};
    CHECK_EVENTUALLY(weft_task_categories_running(NULL, running, 2) == 2 && running[0] == NULL && running[1] == NULL);
    gate g = {0, false};
    WEFT_BIND(weft_task_category, foo) CHECK_OK(weft_submit(NULL, hold, &g));
    WEFT_BIND(weft_task_category, (weft_category)(uintptr_t)999) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 2);
    CHECK_EQ(weft_task_categories_running(NULL, running, 2), 2);
    bool first = running[0] == foo;
    CHECK_PTR(running[first ? 0 : 1], foo);
    CHECK_PTR(running[first ? 1 : 0], (void *)(uintptr_t)999);
    open_gate(&g);
    end_and_free(kernel);
}

WEFT_TASK(weft_category, category_seen, (int, none)) {
    (void)none;
    return weft_get(weft_task_category);
}

/* default-kill-task-test and custom-kill-task-test, what they show of categories: not inherited, default by default */
TEST(category_inside_a_task_is_the_default) {
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(weft_category);
    weft_category seen = NULL;
    WEFT_BIND(weft_task_category, foo) CHECK_OK(weft_submit(channel, category_seen, 0));
    CHECK_OK(weft_receive_result(channel, &seen, patience()));
    CHECK_PTR(seen, weft_category_default);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* default-end-kernel: end without wait, of a kernel that is doing something */
TEST(default_end_kernel) {
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(int);
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(channel, add, i, 0));
    CHECK_OK(weft_end_kernel(kernel, false));
    CHECK_NULL(weft_get(weft_current_kernel));
    int sum = 0;
    WEFT_DO_FAST_RECEIVES(int, value, channel, 100) sum += value;
    CHECK_EQ(sum, 4950);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_kernel(kernel));
}

/* many-task-test */
TEST(many_task_test) {
    for (int c = 0; c < COUNTS; c++) {
        weft_kernel *kernel = kernel_of(worker_counts[c]);
        weft_channel *channel = weft_make_channel(int);
        int64_t sum = 0;
        int tasks = (int)harness_rounds(1000);
        for (int i = 0; i < tasks; i++) CHECK_OK(weft_submit(channel, add, i, 1));
        WEFT_DO_FAST_RECEIVES(int, value, channel, (size_t)tasks) sum += value;
        CHECK_EQ(sum, (int64_t)tasks * (tasks + 1) / 2);
        WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
            for (int i = 0; i < tasks; i++) CHECK_OK(weft_submit(channel, add, i, 1));
        }
        WEFT_DO_FAST_RECEIVES(int, value, channel, (size_t)tasks) sum -= value;
        CHECK_EQ(sum, 0);
        CHECK_OK(weft_free_channel(channel));
        end_and_free(kernel);
    }
}

/* submit-after-end-kernel-test */
TEST(submit_after_end_kernel_test) {
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(int);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_STATUS(weft_submit(channel, add, 1, 2), WEFT_ENDED);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_kernel(kernel));
}

/* double-end-kernel-test */
TEST(double_end_kernel_test) {
    weft_kernel *kernel = kernel_of(2);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_end_kernel(kernel, false));
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(int, blah_here, (int, none)) {
    (void)none;
    return weft_get(blah);
}

/* kernel-binding-test and kernel-reader-test */
TEST(kernel_binding_test) {
    int ninety_nine = 99;
    const weft_worker_binding bindings[] = {{&blah, NULL, &ninety_nine}};
    const weft_kernel_options options = {.name = "foo", .bindings = bindings, .binding_count = 1};
    weft_kernel *kernel = weft_make_kernel(2, &options);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *channel = weft_make_channel(int);
    int seen = 0;
    size_t count = 0;
    CHECK_OK(weft_submit(channel, blah_here, 0));
    CHECK_OK(weft_receive_result(channel, &seen, patience()));
    CHECK_EQ(seen, 99);
    CHECK_EQ(weft_get(blah), 0);
    CHECK_STR(weft_kernel_name(NULL), "foo");
    CHECK_PTR(weft_kernel_bindings(NULL, &count)->variable, &blah);
    CHECK_EQ(count, 1);
    CHECK(weft_kernel_context(NULL) == NULL);
    CHECK_EQ(weft_kernel_worker_count(NULL), 2);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

static void bind_nine(weft_worker_loop *loop, void *argument) {
    (void)argument;
    WEFT_BIND(context_value, 9) CHECK_OK(weft_enter_worker_loop(loop));
}

WEFT_TASK(int, context_value_here, (int, none)) {
    (void)none;
    return weft_get(context_value);
}

/* kernel-worker-context-test: a task sees 9, the caller 7 */
TEST(kernel_worker_context_test) {
    weft_kernel *kernel = weft_make_kernel(2, &(weft_kernel_options){.context = bind_nine});
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *channel = weft_make_channel(int);
    int seen = 0;
    CHECK_OK(weft_submit(channel, context_value_here, 0));
    CHECK_OK(weft_receive_result(channel, &seen, patience()));
    CHECK_EQ(seen, 9);
    CHECK_EQ(weft_get(context_value), 7);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

static void does_not_enter(weft_worker_loop *loop, void *argument) {
    (void)loop;
    (void)argument;
}

/* non-funcalling-context-test, for 1, 2, 4 and 8 workers */
TEST(non_funcalling_context_test) {
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        CHECK_NULL(weft_make_kernel(workers, &(weft_kernel_options){.context = does_not_enter}));
        CHECK_STATUS(weft_last_status(), WEFT_NOT_STARTED);
    }
    CHECK_NO_THREAD_LEFT();
}

WEFT_TASK(weft_kernel *, kernel_here_seen, (int, none)) {
    (void)none;
    return weft_get(weft_current_kernel);
}

/* kernel-var-test */
TEST(kernel_var_test) {
    weft_kernel *kernel = kernel_of(2), *seen = NULL;
    weft_channel *channel = weft_make_channel(weft_kernel *);
    CHECK_OK(weft_submit(channel, kernel_here_seen, 0));
    CHECK_OK(weft_receive_result(channel, &seen, patience()));
    CHECK_PTR(seen, kernel);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

WEFT_TASK(int, set_blah, (int, value)) {
    weft_set(blah, value);
    return weft_get(blah);
}

/* broadcast-test: sees the binding 1; sets 99 in all; twice; after 1000 pending tasks; 2 + 3 is 5 everywhere */
TEST(broadcast_test) {
    int one = 1;
    const weft_worker_binding bindings[] = {{&blah, NULL, &one}};
    for (int c = 0; c < COUNTS; c++) {
        unsigned workers = worker_counts[c];
        weft_kernel *kernel =
            weft_make_kernel(workers, &(weft_kernel_options){.bindings = bindings, .binding_count = 1});
        if (!CHECK_NOT_NULL(kernel)) return;
        int seen[16] = {0};
        CHECK_OK(weft_broadcast(NULL, seen, blah_here, 0));
        for (unsigned i = 0; i < workers; i++) CHECK_EQ(seen[i], 1);
        CHECK_OK(weft_broadcast(NULL, seen, set_blah, 99));
        for (int round = 0; round < 2; round++) {
            CHECK_OK(weft_broadcast(NULL, seen, blah_here, 0));
            for (unsigned i = 0; i < workers; i++) CHECK_EQ(seen[i], 99);
        }
        for (int i = 0; i < 1000; i++) CHECK_OK(weft_submit(NULL, add, 3, 4));
        CHECK_OK(weft_broadcast(NULL, seen, add, 2, 3));
        for (unsigned i = 0; i < workers; i++) CHECK_EQ(seen[i], 5);
        end_and_free(kernel);
    }
}

WEFT_TASK(weft_status, broadcast_inside, (int, none)) {
    int results[16];
    return weft_broadcast(NULL, results, blah_here, none);
}

/* broadcast-error-test: without a kernel, and inside a worker */
TEST(broadcast_error_test) {
    int results[16];
    CHECK_STATUS(weft_broadcast(NULL, results, blah_here, 0), WEFT_NO_KERNEL);
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(weft_status);
    weft_status status = WEFT_OK;
    CHECK_OK(weft_submit(channel, broadcast_inside, 0));
    CHECK_OK(weft_receive_result(channel, &status, patience()));
    CHECK_STATUS(status, WEFT_IN_WORKER);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

WEFT_TASK(int, worker_index_here, (int, none)) {
    (void)none;
    return weft_kernel_worker_index();
}

/* worker-index-test: none in the main thread; 1000 tasks in range; a broadcast gives 0 to N-1 */
TEST(worker_index_test) {
    CHECK_EQ(weft_kernel_worker_index(), -1);
    for (int c = 0; c < COUNTS; c++) {
        unsigned workers = worker_counts[c];
        weft_kernel *kernel = kernel_of(workers);
        weft_channel *channel = weft_make_channel(int);
        for (int i = 0; i < 1000; i++) CHECK_OK(weft_submit(channel, worker_index_here, 0));
        WEFT_DO_FAST_RECEIVES(int, index, channel, 1000) CHECK(index >= 0 && index < (int)workers);
        int indexes[16] = {0};
        CHECK_OK(weft_broadcast(NULL, indexes, worker_index_here, 0));
        for (unsigned i = 0; i < workers; i++) CHECK_EQ(indexes[i], (int)i);
        CHECK_EQ(weft_kernel_worker_index(), -1);
        CHECK_OK(weft_free_channel(channel));
        end_and_free(kernel);
    }
}

/* submit-timeout-test: the result of a task comes before that of a timeout */
TEST(submit_timeout_test) {
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(int);
    int value = 0;
    weft_timeout *timeout = weft_submit_timeout(channel, 0.1, &(int){1});
    CHECK_OK(weft_submit(channel, add, 1, 1));
    CHECK_OK(weft_receive_result(channel, &value, patience()));
    CHECK(value == 2 || harness_slowness() > 1);
    CHECK_OK(weft_receive_result(channel, &value, patience()));
    CHECK(value == 1 || harness_slowness() > 1);
    weft_free_timeout(timeout);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* cancel-timeout-test */
TEST(cancel_timeout_test) {
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(int);
    int value = 0;
    weft_timeout *timeout = weft_submit_timeout(channel, 999, &(int){1});
    CHECK_STATUS(weft_receive_result(channel, &value, weft_after(0.05)), WEFT_TIMED_OUT);
    CHECK_OK(weft_cancel_timeout(timeout, &(int){2}));
    CHECK_OK(weft_receive_result(channel, &value, patience()));
    CHECK_EQ(value, 2);
    CHECK_STATUS(weft_cancel_timeout(timeout, &(int){3}), WEFT_TIMED_OUT);
    weft_free_timeout(timeout);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* try-receive-test and try-receive-timeout-test */
TEST(try_receive_test) {
    weft_kernel *kernel = kernel_of(2);
    weft_channel *channel = weft_make_channel(int);
    int value = -1;
    CHECK_STATUS(weft_receive_result(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    weft_deadline due = weft_after(0.1);
    CHECK_STATUS(weft_receive_result(channel, &value, due), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), due);
    CHECK_EQ(value, -1);
    CHECK_OK(weft_submit(channel, add, 3, 4));
    CHECK_EVENTUALLY(weft_receive_result(channel, &value, WEFT_NOW) == WEFT_OK);
    CHECK_EQ(value, 7);
    CHECK_STATUS(weft_receive_result(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* no-kernel-test, as far as it needs no conditions */
TEST(no_kernel_test) {
    CHECK_NULL(weft_get(weft_current_kernel));
    CHECK_NULL(weft_kernel_name(NULL));
    CHECK_EQ(weft_kernel_worker_count(NULL), 0);
    CHECK_STATUS(weft_submit(NULL, add, 1, 2), WEFT_NO_KERNEL);
}
