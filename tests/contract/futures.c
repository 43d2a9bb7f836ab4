/* SPDX-License-Identifier: MIT */
/* futures.c - rows F1, F2: an outcome that is there later, is made once, and is the same for all who ask. */
#include "contract/common.h"

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

WEFT_TASK(int, count, (atomic_int *, ran)) { return atomic_fetch_add(ran, 1) + 1; }

typedef struct large {
    char bytes[5000];
} large;

WEFT_TASK(large, fill, (char, with)) {
    large all;
    memset(all.bytes, with, sizeof all.bytes);
    return all;
}

static void keep_busy(gate *g) {
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, g));
    wait_for_entered(g, (int)harness_workers());
}

TEST(a_future_gives_its_value_at_each_force) {
    weft_kernel *kernel = kernel_here();
    weft_future *sum = weft_future(add, 3, 4);
    for (int i = 0; i < 3; i++) {
        int seven = 0;
        CHECK_OK(weft_force(sum, &seven, patience()));
        CHECK_EQ(seven, 7);
    }
    CHECK(weft_fulfilled(sum));
    CHECK_NULL(weft_future_message(sum));
    CHECK_STATUS(weft_force(sum, &(char){0}, WEFT_NOW), WEFT_WRONG_SIZE);
    weft_release_future(sum);
    end_and_free(kernel);
}

TEST(an_unstarted_future_is_run_by_who_forces_it_and_once) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    atomic_int ran = 0;
    keep_busy(&g);
    weft_future *future = weft_future(count, &ran);
    int one = 0;
    CHECK(!weft_fulfilled(future));
    CHECK_STATUS(weft_force(future, &one, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_force(future, &one, WEFT_FOREVER));
    CHECK_EQ(one, 1);
    open_gate(&g);
    weft_release_future(future);
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&ran), 1);
}

TEST(a_fulfilled_future_never_runs_its_task) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    atomic_int ran = 0;
    keep_busy(&g);
    weft_future *future = weft_future(count, &ran);
    CHECK_STATUS(weft_fulfil(future, &(char){1}), WEFT_WRONG_SIZE);
    CHECK_OK(weft_fulfil(future, &(int){40}));
    CHECK_STATUS(weft_fulfil(future, &(int){41}), WEFT_BUSY);
    open_gate(&g);
    int value = 0;
    CHECK_OK(weft_force(future, &value, WEFT_FOREVER));
    CHECK_EQ(value, 40);
    weft_release_future(future);
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&ran), 0);
}

TEST(a_delay_runs_when_it_is_forced_and_needs_no_kernel) {
    atomic_int ran = 0;
    weft_future *delay = weft_delay(count, &ran);
    weft_future *never = weft_delay(count, &ran);
    CHECK_STATUS(weft_force_future(delay, NULL, 0, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_EQ(atomic_load(&ran), 0);
    int value = 0;
    CHECK_OK(weft_force(delay, &value, WEFT_FOREVER));
    CHECK_OK(weft_force(delay, &value, WEFT_FOREVER));
    CHECK_EQ(value, 1);
    weft_release_future(delay);
    weft_release_future(never);
    CHECK_EQ(atomic_load(&ran), 1);
}

TEST(a_failed_promise_says_why_at_each_force_and_through_its_chain) {
    weft_future *promise = weft_make_promise(int);
    weft_future *chain = weft_make_chain(promise), *longer = weft_make_chain(chain);
    weft_release_future(chain);
    int value = 5;
    CHECK_STATUS(weft_force(longer, &value, weft_after(0.001)), WEFT_TIMED_OUT);
    CHECK_OK(weft_fail_future(longer, "no more paper"));
    CHECK_STATUS(weft_fulfil(promise, &value), WEFT_BUSY);
    for (int i = 0; i < 2; i++) CHECK_STATUS(weft_force(promise, &value, WEFT_NOW), WEFT_FAILED);
    CHECK_STR(weft_future_message(promise), "no more paper");
    CHECK_STR(weft_future_message(longer), "no more paper");
    CHECK_EQ(value, 5);
    weft_release_future(promise);
    weft_release_future(longer);
}

TEST(dropped_futures_run_and_leave_nothing) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    atomic_int ran = 0;
    keep_busy(&g);
    for (int i = 0; i < 100; i++) {
        weft_release_future(weft_future(count, &ran));
        weft_release_future(weft_speculate(count, &ran));
    }
    open_gate(&g);
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&ran), 200);
}

WEFT_TASK(int, nested, (int, depth)) {
    if (depth == 0) return 1;
    weft_future *left = weft_future(nested, depth - 1), *right = weft_future(nested, depth - 1);
    int a = 0, b = 0;
    CHECK_OK(weft_force(left, &a, patience()));
    CHECK_OK(weft_force(right, &b, WEFT_FOREVER));
    weft_release_future(left);
    weft_release_future(right);
    return a + b;
}

TEST(nested_futures_never_lock_a_kernel_up) {
    weft_kernel *kernel = kernel_here();
    weft_future *root = weft_future(nested, 8);
    int leaves = 0;
    CHECK_OK(weft_force(root, &leaves, patience()));
    CHECK_EQ(leaves, 256);
    weft_release_future(root);
    end_and_free(kernel);
}

TEST(large_results_come_whole) {
    weft_kernel *kernel = kernel_here();
    weft_future *future = weft_future(fill, 'w');
    large all = {{0}};
    CHECK_OK(weft_force(future, &all, patience()));
    CHECK_EQ(all.bytes[0], 'w');
    CHECK_EQ(all.bytes[4999], 'w');
    weft_release_future(future);
    end_and_free(kernel);
}

static weft_future *myself;
WEFT_TASK(int, force_myself, (int, value)) {
    CHECK_STATUS(weft_force(myself, &value, WEFT_FOREVER), WEFT_INVALID);
    return value;
}

TEST(a_task_that_forces_itself_is_told) {
    int value = 0;
    myself = weft_delay(force_myself, 6);
    CHECK_OK(weft_force(myself, &value, WEFT_FOREVER));
    CHECK_EQ(value, 6);
    weft_release_future(myself);
}

TEST(a_cancelled_group_ends_its_futures) {
    weft_kernel *kernel = kernel_here();
    weft_group *group = weft_make_group(NULL);
    const weft_submit_options options = {.group = group};
    gate g = {0, false};
    keep_busy(&g);
    weft_future *future = weft_future_with(&options, add, 1, 2);
    CHECK_OK(weft_cancel_group(group));
    open_gate(&g);
    CHECK_STATUS(weft_force_future(future, NULL, 0, patience()), WEFT_CANCELLED);
    CHECK_STATUS(weft_force_future(future, NULL, 0, WEFT_NOW), WEFT_CANCELLED);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_group(group));
    weft_release_future(future);
    end_and_free(kernel);
}

TEST(an_ended_kernel_and_none_are_refused) {
    CHECK_NULL(weft_future(add, 1, 2));
    CHECK_STATUS(weft_last_status(), WEFT_NO_KERNEL);
    weft_kernel *kernel = kernel_here();
    const weft_submit_options options = {.kernel = kernel};
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_NULL(weft_future_with(&options, add, 1, 2));
    CHECK_STATUS(weft_last_status(), WEFT_ENDED);
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(weft_status, fulfil_later, (weft_future *, promise), (int, value)) {
    weft_yield();
    return weft_fulfil(promise, &value);
}

TEST(select_and_alternation_take_the_one_that_is_there) {
    weft_kernel *kernel = kernel_here();
    weft_future *promises[20];
    for (int i = 0; i < 20; i++) promises[i] = weft_make_promise(int);
    CHECK_EQ(weft_select_future(promises, 20, WEFT_NOW), 20);
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    weft_future *done = weft_future(fulfil_later, promises[17], 9);
    CHECK_EQ(weft_select_future(promises, 20, patience()), 17);
    int chosen = 0;
    WEFT_PRI_ALT {
        WEFT_FUTURE_DONE(promises[0]) { chosen = 1; }
        WEFT_FUTURE_DONE(promises[17]) { chosen = 2; }
        WEFT_OTHERWISE { chosen = 3; }
    }
    CHECK_EQ(chosen, 2);
    CHECK_OK(weft_force_future(done, NULL, 0, patience()));
    weft_release_future(done);
    for (int i = 0; i < 20; i++) weft_release_future(promises[i]);
    end_and_free(kernel);
}

static atomic_int fulfilled_by;
WEFT_TASK(int, fulfil_and_force, (weft_future *, promise), (int, mine)) {
    if (weft_fulfil(promise, &mine) == WEFT_OK) atomic_fetch_add(&fulfilled_by, 1);
    int value = -1;
    CHECK_OK(weft_force(promise, &value, patience()));
    return value;
}

static void *force_in_thread(void *promise) {
    int value = -1;
    CHECK_OK(weft_force((weft_future *)promise, &value, patience()));
    return (void *)(intptr_t)value;
}

TEST(of_many_who_fulfil_one_wins_and_all_see_its_value) {
    weft_kernel *kernel = kernel_here();
    for (int turn = 0; turn < 50; turn++) {
        atomic_store(&fulfilled_by, 0);
        weft_future *promise = weft_make_promise(int), *tasks[16];
        pthread_t threads[4];
        for (int i = 0; i < 4; i++) start_thread(&threads[i], force_in_thread, promise);
        for (int i = 0; i < 16; i++) tasks[i] = weft_future(fulfil_and_force, promise, i);
        int value = -1;
        CHECK_OK(weft_force(promise, &value, patience()));
        for (int i = 0; i < 16; i++) {
            int seen = -2;
            CHECK_OK(weft_force(tasks[i], &seen, patience()));
            CHECK_EQ(seen, value);
            weft_release_future(tasks[i]);
        }
        for (int i = 0; i < 4; i++) {
            void *seen;
            CHECK_EQ(pthread_join(threads[i], &seen), 0);
            CHECK_EQ((intptr_t)seen, value);
        }
        CHECK_EQ(atomic_load(&fulfilled_by), 1);
        weft_release_future(promise);
    }
    end_and_free(kernel);
}
