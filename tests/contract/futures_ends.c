/* SPDX-License-Identifier: MIT */
/* futures_ends.c - row F1: futures whose tasks fail, are killed, are left, or wait for each other; store-value. */
#include "contract/common.h"

#include <stdlib.h>

WEFT_TASK(int, broken, (const char *, why)) {
    weft_error(&weft_type_error, "%s", why);
    return 0;
}

/* Keeps the only worker of a kernel busy, so that a future does not begin by itself. */
WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

static weft_kernel *busy_kernel(gate *g) {
    weft_kernel *kernel = kernel_of(1);
    weft_set(weft_debug_tasks, false);
    CHECK_OK(weft_submit(NULL, hold, g));
    wait_for_entered(g, 1);
    return kernel;
}

static void end_busy(weft_kernel *kernel, gate *g) {
    open_gate(g);
    end_and_free(kernel);
    weft_set(weft_debug_tasks, true);
}

/* ---- store-value ---- */

static void store_forty(const weft_condition *condition, void *times) {
    CHECK_NOT_NULL(condition);
    ++*(int *)times;
    weft_invoke_restart_with("store-value", &(int){40});
}

TEST(store_value_replaces_a_failure_for_good) {
    gate g = {0, false};
    weft_kernel *kernel = busy_kernel(&g);
    weft_future *future = weft_future(broken, "glass");
    int value = 0, times = 0;
    for (int i = 0; i < 2; i++) CHECK_STATUS(weft_force(future, &value, WEFT_FOREVER), WEFT_FAILED);
    WEFT_HANDLER_BIND(&weft_type_error, store_forty, &times) {
        for (int i = 0; i < 3; i++) {
            value = 0;
            CHECK_OK(weft_must_force(future, &value, WEFT_FOREVER));
            CHECK_EQ(value, 40);
        }
    }
    CHECK_EQ(times, 1);
    CHECK_NULL(weft_future_message(future));
    CHECK_OK(weft_force(future, &value, WEFT_NOW));
    CHECK_STATUS(weft_store(future, &value), WEFT_BUSY);
    CHECK_NULL(weft_find_restart("store-value"));
    weft_release_future(future);
    end_busy(kernel, &g);
}

TEST(an_error_that_is_raised_at_a_force_can_be_handled_in_other_ways) {
    weft_future *promise = weft_make_promise(int);
    int value = 7;
    volatile int caught = 0;
    for (int i = 0; i < 2; i++) {
        WEFT_HANDLER_CASE {
            WEFT_TRY { weft_must_force(promise, &value, i == 0 ? WEFT_NOW : WEFT_FOREVER); }
            WEFT_HANDLE(&weft_type_timed_out, condition) { caught += weft_condition_cause(condition) == NULL ? 1 : 9; }
            WEFT_HANDLE(&weft_type_error, condition) {
                CHECK_STR(weft_condition_message(condition), "no paper");
                caught += 10;
            }
        }
        weft_fail_future(promise, "no paper");
    }
    CHECK_EQ(caught, 11);
    CHECK_EQ(value, 7);
    CHECK_STATUS(weft_store(promise, &(char){1}), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_store_future(NULL, &value, sizeof value), WEFT_INVALID);
    CHECK_OK(weft_store(promise, &(int){8}));
    CHECK_STATUS(weft_store(promise, &(int){9}), WEFT_BUSY);
    CHECK_OK(weft_must_force(promise, &value, WEFT_NOW));
    CHECK_EQ(value, 8);
    weft_release_future(promise);
}

WEFT_TASK(int, store_mine, (weft_future *, future), (int, mine)) {
    int value = -1;
    weft_store(future, &mine);
    CHECK_OK(weft_force(future, &value, WEFT_NOW));
    return value;
}

TEST(of_many_who_store_one_wins_and_all_see_its_value) {
    weft_kernel *kernel = kernel_here();
    for (int turn = 0; turn < 100; turn++) {
        weft_future *promise = weft_make_promise(int), *all[8];
        CHECK_OK(weft_fail_future(promise, "empty"));
        for (int i = 0; i < 8; i++) all[i] = weft_future(store_mine, promise, i);
        int value = -1, seen = -2;
        CHECK_OK(weft_force(all[0], &value, patience()));
        for (int i = 0; i < 8; i++) {
            CHECK_OK(weft_force(all[i], &seen, patience()));
            CHECK_EQ(seen, value);
            weft_release_future(all[i]);
        }
        weft_release_future(promise);
    }
    end_and_free(kernel);
}

/* ---- what a forcer runs ---- */

static void count_and_transfer(const weft_condition *condition, void *times) {
    ++*(int *)times;
    weft_invoke_transfer_error(condition, NULL);
}

WEFT_TASK(int, makes_a_broken_one, (int, unused)) {
    weft_future *inner = weft_future(broken, "inner");
    weft_status status = weft_force_future(inner, NULL, 0, WEFT_FOREVER);
    weft_release_future(inner);
    return status == WEFT_FAILED ? unused : -1;
}

TEST(a_forcer_runs_a_future_with_the_handlers_that_it_was_made_with) {
    gate g = {0, false};
    weft_kernel *kernel = busy_kernel(&g);
    int times = 0, value = 0;
    weft_future *future = NULL, *outer = NULL;
    WEFT_TASK_HANDLER_BIND(&weft_type_error, count_and_transfer, &times) {
        future = weft_future(broken, "glass");
        outer = weft_future(makes_a_broken_one, 3);
    }
    CHECK_STATUS(weft_force(future, &value, WEFT_FOREVER), WEFT_FAILED);
    CHECK_EQ(times, 1);
    CHECK_OK(weft_force(outer, &value, WEFT_FOREVER));
    CHECK_EQ(value, 3);
    CHECK_EQ(times, 2); /* they travel on to what it makes */
    weft_release_future(future);
    weft_release_future(outer);
    end_busy(kernel, &g);
}

WEFT_TASK(int, leaves, (const char *, restart)) {
    weft_invoke_restart(restart);
    return 1;
}

TEST(a_future_whose_task_is_left_for_outside_has_failed) {
    weft_future *delay = weft_delay(leaves, "outside");
    int value = 5;
    volatile bool came = false;
    WEFT_RESTART_CASE {
        WEFT_TRY { weft_force(delay, &value, WEFT_FOREVER); }
        WEFT_RESTART("outside") { came = true; }
    }
    CHECK(came);
    CHECK(weft_fulfilled(delay));
    CHECK_STATUS(weft_force(delay, &value, patience()), WEFT_FAILED);
    CHECK_STR(weft_future_message(delay), "control was transferred out of the future's task");
    weft_release_future(delay);
}

typedef struct waiting {
    weft_future *inner, *promise;
    atomic_int begun, after;
} waiting;

WEFT_TASK(int, waits_long, (waiting *, w)) {
    atomic_fetch_add(&w->begun, 1);
    weft_force_future(w->promise, NULL, 0, patience());
    return 1;
}

WEFT_TASK(int, forces, (waiting *, w)) {
    weft_force_future(w->inner, NULL, 0, WEFT_FOREVER);
    atomic_fetch_add(&w->after, 1);
    return 2;
}

static const char victims[] = "victims";

/* The delay runs on the stack of the task that forces it: both are killed. */
TEST(a_kill_ends_the_future_and_the_task_that_runs_it) {
    weft_kernel *kernel = kernel_here();
    waiting w = {.promise = weft_make_promise_sized(0)};
    w.inner = weft_delay(waits_long, &w);
    weft_channel *results = weft_make_channel(int);
    WEFT_BIND(weft_task_category, (weft_category)victims) { CHECK_OK(weft_submit(results, forces, &w)); }
    CHECK_EVENTUALLY(atomic_load(&w.begun) == 1);
    CHECK_EQ(weft_kill_tasks(kernel, (weft_category)victims, NULL), 1);
    CHECK_STATUS(weft_force_future(w.inner, NULL, 0, patience()), WEFT_KILLED);
    CHECK_STATUS(weft_receive_result(results, &(int){0}, patience()), WEFT_KILLED);
    CHECK_EQ(atomic_load(&w.after), 0);
    CHECK_OK(weft_free_channel(results));
    weft_release_future(w.inner);
    weft_release_future(w.promise);
    end_and_free(kernel);
}

TEST(a_killed_forcer_leaves_the_future_to_others) {
    weft_kernel *kernel = kernel_here();
    waiting w = {.inner = weft_make_promise(int)};
    weft_channel *results = weft_make_channel(int);
    WEFT_BIND(weft_task_category, (weft_category)victims) {
        for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(results, forces, &w));
    }
    size_t killed = 0;
    CHECK_EVENTUALLY((killed += weft_kill_tasks(kernel, (weft_category)victims, NULL)) == 10);
    for (int i = 0; i < 10; i++) CHECK_STATUS(weft_receive_result(results, &(int){0}, patience()), WEFT_KILLED);
    CHECK_OK(weft_fulfil(w.inner, &(int){3}));
    CHECK_EQ(atomic_load(&w.after), 0);
    CHECK_OK(weft_free_channel(results));
    weft_release_future(w.inner);
    end_and_free(kernel);
}

/* ---- futures that wait for each other ---- */

typedef struct ring {
    weft_future *all[5];
    atomic_int told, begun;
} ring;

/* Begins with all others, so that none is run by its forcer. */
WEFT_TASK(int, next_in_ring, (ring *, r), (int, place)) {
    atomic_fetch_add(&r->begun, 1);
    while (atomic_load(&r->begun) < 6) weft_yield();
    int value = 0;
    weft_status status = weft_force(r->all[(place + 1) % 5], &value, patience());
    if (status == WEFT_INVALID) atomic_fetch_add(&r->told, 1);
    return status == WEFT_OK ? value + 1 : 100;
}

TEST(a_cycle_of_futures_is_told_to_one_of_them) {
    weft_kernel *kernel = kernel_here();
    for (int turn = 0; turn < 20; turn++) {
        ring r = {.told = 0};
        for (int i = 0; i < 5; i++) r.all[i] = weft_future(next_in_ring, &r, i);
        atomic_fetch_add(&r.begun, 1); /* all are there */
        int least = 1000, value = 0;
        for (int i = 0; i < 5; i++) {
            CHECK_OK(weft_force(r.all[i], &value, patience()));
            if (value < least) least = value;
        }
        CHECK_EQ(least, 100);
        CHECK_EQ(atomic_load(&r.told), 1);
        for (int i = 0; i < 5; i++) weft_release_future(r.all[i]);
    }
    end_and_free(kernel);
}

/* ---- deep and many ---- */

WEFT_TASK(long, one_more, (weft_future *, former)) {
    long value = 0;
    if (former == NULL) return 1;
    CHECK_OK(weft_force(former, &value, WEFT_FOREVER));
    return value + 1;
}

static void force_deep(weft_future_kind kind, long depth) {
    weft_future **all = malloc((size_t)depth * sizeof *all), *former = NULL;
    for (long i = 0; i < depth; i++) former = all[i] = weft_make_future(kind, NULL, &weft_task_of_one_more, &former);
    long value = 0;
    CHECK_OK(weft_force(former, &value, WEFT_FOREVER));
    CHECK_EQ(value, depth);
    for (long i = 0; i < depth; i++) weft_release_future(all[i]);
    free(all);
}

TEST_WITH_LIMIT(futures_that_force_others_may_be_deep, 120) {
    weft_kernel *kernel = kernel_here();
    force_deep(WEFT_DELAY, 20000);
    force_deep(WEFT_FUTURE, 20000);
    end_and_free(kernel);
}

TEST_WITH_LIMIT(a_million_futures_may_be_in_flight, 120) {
    weft_kernel *kernel = kernel_here();
    size_t count = harness_slowness() > 2 ? 20000 : 1000000;
    weft_future **all = malloc(count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        all[i] = weft_future(one_more, NULL);
        if (!CHECK_NOT_NULL(all[i])) return;
    }
    long sum = 0, value = 0;
    for (size_t i = count; i-- > 0;) {
        CHECK_OK(weft_force(all[i], &value, WEFT_FOREVER));
        sum += value;
        weft_release_future(all[i]);
    }
    CHECK_EQ(sum, (long)count);
    free(all);
    end_and_free(kernel);
}
