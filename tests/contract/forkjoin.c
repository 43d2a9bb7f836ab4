/* SPDX-License-Identifier: MIT */
/* forkjoin.c - spawn and sync: results as by plain calls, whoever runs what; waits in the middle; threads; deep and
 * wide. Rows J1, J2, K15. */
#include "contract/common.h"

typedef struct pair {
    int64_t low, high;
} pair;

static int64_t fib_by_calls(int n) { return n < 2 ? n : fib_by_calls(n - 1) + fib_by_calls(n - 2); }

WEFT_TASK(int64_t, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    int64_t b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

WEFT_TASK(pair, bounds, (const int *, values), (int, count)) {
    if (count == 1) return (pair){values[0], values[0]};
    weft_spawn(bounds, values, count / 2);
    pair right = weft_call(bounds, values + count / 2, count - count / 2), left = weft_sync(bounds);
    return (pair){left.low < right.low ? left.low : right.low, left.high > right.high ? left.high : right.high};
}

WEFT_TASK(void, fill, (int *, values), (int, from), (int, to)) {
    if (to - from == 1) {
        values[from] = from;
        return;
    }
    weft_spawn(fill, values, from, (from + to) / 2);
    weft_call(fill, values, (from + to) / 2, to);
    weft_sync(fill);
}

static int64_t result_of(weft_channel *results) {
    int64_t value = -1;
    CHECK_OK(weft_receive_result(results, &value, patience()));
    return value;
}

static weft_channel *results_of(weft_kernel *kernel) {
    weft_channel *results = weft_make_channel_with(int64_t, (&(weft_channel_options){.kernel = kernel}));
    CHECK_NOT_NULL(results);
    return results;
}

WEFT_TASK(long, ladder, (int, levels)) {
    if (levels == 0) return 0;
    weft_spawn(ladder, 0);
    long deeper = weft_call(ladder, levels - 1);
    return weft_sync(ladder) + deeper + 1;
}

WEFT_TASK(long, ladders, (int, levels)) {
    long sum = 0;
    for (int i = 0; i < 3; i++) sum += weft_call(ladder, levels);
    weft_spawn(ladder, levels);
    return weft_sync(ladder) + sum;
}

TEST(a_task_calls_several_that_spawn_before_it_spawns_itself) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    for (int i = 0; i < 20; i++) {
        long sum = 0;
        CHECK_OK(weft_submit(results, ladders, 30)); /* the first one is the first of its stack to spawn */
        CHECK_OK(weft_receive_result(results, &sum, patience()));
        CHECK_EQ(sum, 120);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(spawned_tasks_give_what_plain_calls_give) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = results_of(kernel);
    for (int n = 0; n < 25; n++) {
        CHECK_OK(weft_submit(results, fib, n));
        CHECK_EQ(result_of(results), fib_by_calls(n));
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(several_computations_at_once) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = results_of(kernel);
    for (int i = 0; i < 40; i++) CHECK_OK(weft_submit(results, fib, 18));
    for (int i = 0; i < 40; i++) CHECK_EQ(result_of(results), fib_by_calls(18));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(a_thread_spawns_without_a_kernel) {
    int values[1000];
    CHECK_EQ(weft_call(fib, 20), fib_by_calls(20));
    CHECK_EQ(fib(15), fib_by_calls(15));
    weft_call(fill, values, 0, 1000);
    for (int i = 0; i < 1000; i++) CHECK_EQ(values[i], i);
    weft_spawn(bounds, values, 1000);
    pair both = weft_sync(bounds);
    CHECK_EQ(both.low, 0);
    CHECK_EQ(both.high, 999);
}

/* ---- taking part ---- */

static bool on_worker_seen;

WEFT_TASK(void, until_both, (gate *, g)) {
    if (weft_kernel_worker_index() >= 0) __atomic_store_n(&on_worker_seen, true, __ATOMIC_SEQ_CST);
    atomic_fetch_add(&g->entered, 1);
    weft_deadline until = patience();
    while (atomic_load(&g->entered) < 2 && weft_time() < until) sched_yield();
    CHECK(atomic_load(&g->entered) >= 2);
}

/* One part ends only if the other runs at the same time. */
WEFT_TASK(void, two_at_once, (gate *, g)) {
    weft_spawn(until_both, g);
    weft_call(until_both, g);
    weft_sync(until_both);
}

TEST(a_thread_takes_part_with_use_caller) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.use_caller = true});
    if (!CHECK_NOT_NULL(kernel)) return;
    gate g = {0, false};
    on_worker_seen = false;
    weft_call(two_at_once, &g);
    CHECK(on_worker_seen);
    for (int i = 0; i < 20; i++) CHECK_EQ(weft_call(fib, 18), fib_by_calls(18));
    end_and_free(kernel);
}

TEST(a_sleeping_worker_takes_what_is_spawned) {
    if (harness_workers() < 2) return;
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel});
    for (int i = 0; i < 20; i++) {
        gate g = {0, false};
        CHECK_OK(weft_submit(done, two_at_once, &g));
        CHECK_OK(weft_receive_done(done, patience()));
    }
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

/* ---- waits in the middle ---- */

WEFT_TASK(int64_t, sender, (weft_channel *, channel), (int64_t, value)) {
    CHECK_OK(weft_send(channel, &value, patience()));
    return value;
}

/* With one worker too, the spawned task has to run while its spawner waits for it. */
WEFT_TASK(int64_t, waits_for_its_child, (int, depth)) {
    if (depth == 0) return 1;
    weft_channel *channel = weft_make_channel(int64_t);
    int64_t value = 0;
    weft_spawn(sender, channel, depth);
    CHECK_OK(weft_receive(channel, &value, patience()));
    weft_spawn(waits_for_its_child, depth - 1);
    weft_sleep(weft_after(0.0001));
    value += weft_sync(waits_for_its_child);
    CHECK_EQ(weft_sync(sender), depth);
    CHECK_OK(weft_free_channel(channel));
    return value;
}

TEST(a_task_may_wait_for_what_it_has_spawned) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = results_of(kernel);
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(results, waits_for_its_child, 10));
    for (int i = 0; i < 10; i++) CHECK_EQ(result_of(results), 56);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int64_t, sleepy_fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(sleepy_fib, n - 1);
    if (n % 3 == 0) weft_yield();
    if (n % 5 == 0) weft_sleep(weft_after(0.00005));
    int64_t b = weft_call(sleepy_fib, n - 2);
    return weft_sync(sleepy_fib) + b;
}

TEST(waits_in_the_middle_change_nothing) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = results_of(kernel);
    for (int i = 0; i < 8; i++) {
        weft_submit_options options = {.movable = i % 2 == 0};
        CHECK_OK(weft_submit_with(&options, results, sleepy_fib, 14));
    }
    for (int i = 0; i < 8; i++) CHECK_EQ(result_of(results), fib_by_calls(14));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- wide ---- */

WEFT_TASK(int64_t, number, (int64_t, i)) { return i; }

WEFT_TASK(int64_t, storm, (int, count)) {
    int64_t sum = 0;
    for (int i = 0; i < count; i++) weft_spawn(number, i);
    for (int i = count; i-- > 0;) {
        int64_t got = weft_sync(number);
        if (got != i) return -2;
        sum += got;
    }
    return sum;
}

TEST(a_million_spawns_before_the_first_sync) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = results_of(kernel);
    int count = (int)(1000000 / harness_slowness());
    CHECK_OK(weft_submit(results, storm, count));
    CHECK_EQ(result_of(results), (int64_t)count * (count - 1) / 2);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* Its own top is that of before the first spawn on this stack, which the first call makes. */
WEFT_TASK(int64_t, call_twice_then_spawn, (int, n)) {
    int64_t sum = weft_call(fib, n);
    for (int i = 0; i < 3; i++) sum += weft_call(fib, n);
    weft_spawn(fib, n);
    sum += weft_call(fib, n);
    return sum + weft_sync(fib);
}

TEST(a_task_that_has_spawned_nothing_may_call_others_that_spawn_again_and_again) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = results_of(kernel);
    for (int n = 2; n < 20; n += 3) {
        CHECK_OK(weft_submit(results, call_twice_then_spawn, n));
        CHECK_EQ(result_of(results), 6 * fib_by_calls(n));
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
