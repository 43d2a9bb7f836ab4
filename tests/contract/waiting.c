/* SPDX-License-Identifier: MIT */
/* waiting.c - row K18: tasks that wait, sleep or give way occupy no worker. */
#include "contract/common.h"

WEFT_TASK(int, answer, (weft_channel *, questions), (int, plus)) {
    int question = 0;
    CHECK_OK(weft_receive(questions, &question, WEFT_FOREVER));
    return question + plus;
}

TEST_WITH_LIMIT(hundred_thousand_tasks_wait_at_once_on_one_worker, 120) {
    int count = (int)harness_rounds(100000);
    weft_kernel *kernel = weft_make_kernel(1, &(weft_kernel_options){.stack_size = 16 * 1024});
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *questions = weft_make_channel(int), *results = weft_make_channel(int);
    weft_worker_counters c = {0};
    for (int i = 0; i < count; i++) CHECK_OK(weft_submit(results, answer, questions, 1));
    CHECK_EVENTUALLY(weft_read_counters(kernel, 0, &c) == WEFT_OK && c.parks == (uint64_t)count);
    CHECK_EQ(c.live, (uint64_t)count);
    for (int i = 0; i < count; i++) CHECK_OK(weft_send(questions, &i, WEFT_NOW));
    int64_t sum = 0;
    WEFT_DO_FAST_RECEIVES(int, one, results, (size_t)count) sum += one;
    CHECK_OK(weft_last_status());
    CHECK_EQ(sum, (int64_t)count * (count + 1) / 2);
    CHECK_OK(weft_free_channel(questions));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- sleeping ---- */

WEFT_TASK(int, sleep_for, (double, seconds), (int, number)) {
    weft_deadline due = weft_after(seconds);
    CHECK_OK(weft_sleep(due));
    CHECK_GE(weft_time(), due == WEFT_NOW ? 0 : due);
    return number;
}

enum { SLEEPERS = 20, APART_NANOSECONDS = 3000000 };

WEFT_TASK(int, sleep_until, (weft_deadline, due), (int, number)) {
    CHECK_OK(weft_sleep(due));
    CHECK_GE(weft_time(), due);
    return number;
}

/* Whether all slept before the first had to wake: only then it is their times that decide. */
static bool wake_in_order(weft_kernel *kernel, weft_channel *results, weft_deadline first) {
    weft_worker_counters before = {0}, c = {0};
    int numbers[SLEEPERS];
    CHECK_OK(weft_read_counters(kernel, 0, &before));
    for (int i = SLEEPERS - 1; i >= 0; i--)
        CHECK_OK(weft_submit(results, sleep_until, first + i * APART_NANOSECONDS, i));
    while (weft_read_counters(kernel, 0, &c) == WEFT_OK && c.parks < before.parks + SLEEPERS && weft_time() < first)
        sched_yield();
    bool all_slept = c.parks == before.parks + SLEEPERS && weft_time() < first;
    for (int i = 0; i < SLEEPERS; i++) CHECK_OK(weft_receive_result(results, &numbers[i], patience()));
    for (int i = 0; all_slept && i < SLEEPERS; i++) CHECK_EQ(numbers[i], i);
    return all_slept;
}

TEST(sleepers_wake_in_the_order_of_their_times_and_never_early) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    double ahead = 0.02;
    while (!wake_in_order(kernel, results, weft_after(ahead)) && CHECK(ahead < 5)) ahead *= 4;
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(thousand_sleepers_take_as_long_as_one) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    weft_deadline begun = weft_time();
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_submit(results, sleep_for, 0.2, i));
    WEFT_DO_FAST_RECEIVES(int, one, results, 1000) CHECK_GE(one, 0);
    CHECK_OK(weft_last_status());
    CHECK_LT(weft_time() - begun, 100000000000); /* one after the other they would take 200 seconds */
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(sleep_until_now_or_before_returns_at_once) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    static const double times[] = {0, -1, 1e-20, -1e300};
    for (int i = 0; i < 4; i++) CHECK_OK(weft_submit(results, sleep_for, times[i], i));
    WEFT_DO_FAST_RECEIVES(int, one, results, 4) CHECK_GE(one, 0);
    CHECK_OK(weft_sleep(WEFT_NOW));
    CHECK_OK(weft_sleep(-5));
    CHECK_OK(weft_sleep(weft_time()));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(thread_that_sleeps_does_not_wake_early) {
    static const double times[] = {1e-7, 1e-5, 1e-3, 0.01};
    for (int i = 0; i < 4; i++) {
        weft_deadline due = weft_after(times[i]);
        CHECK_OK(weft_sleep(due));
        CHECK_GE(weft_time(), due);
    }
}

/* ---- giving way ---- */

typedef struct sharing {
    atomic_int turns[4], begun;
    int tasks, most;
} sharing;

WEFT_TASK(int, take_turns, (sharing *, s), (int, self)) {
    int ahead = 0;
    atomic_fetch_add(&s->begun, 1);
    while (atomic_load(&s->begun) < s->tasks) weft_yield();
    for (int i = 0; i < s->most; i++) {
        int mine = atomic_fetch_add(&s->turns[self], 1);
        for (int t = 0; t < s->tasks; t++) {
            int other = atomic_load(&s->turns[t]);
            if (mine - other > ahead) ahead = mine - other;
        }
        weft_yield();
    }
    return ahead;
}

TEST(tasks_that_yield_take_turns) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    sharing s = {.tasks = 4, .most = 5000};
    for (int i = 0; i < 4; i++) CHECK_OK(weft_submit(results, take_turns, &s, i));
    WEFT_DO_FAST_RECEIVES(int, ahead, results, 4) CHECK_LE(ahead, 2);
    CHECK_OK(weft_last_status());
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(void, yield_until, (atomic_bool *, stop)) {
    while (!atomic_load(stop)) weft_yield();
}

WEFT_TASK(int, same, (int, number)) { return number; }

TEST(tasks_that_yield_for_ever_let_others_begin_and_sleepers_wake) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    atomic_bool stop = false;
    for (int i = 0; i < 3; i++) CHECK_OK(weft_submit(NULL, yield_until, &stop));
    for (int i = 0; i < 20; i++) {
        int number = -1;
        CHECK_OK(weft_submit(results, same, i));
        CHECK_OK(weft_receive_result(results, &number, patience()));
        CHECK_EQ(number, i);
        CHECK_OK(weft_submit(results, sleep_for, 0.001, i));
        CHECK_OK(weft_receive_result(results, &number, patience()));
    }
    atomic_store(&stop, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(yield_of_a_plain_thread_returns) {
    for (int i = 0; i < 100; i++) weft_yield();
}

WEFT_TASK(int, index_stays, (int, rounds)) {
    int first = weft_kernel_worker_index(), same_worker = 1;
    for (int i = 0; i < rounds; i++) {
        if (i % 3 == 0)
            weft_sleep(weft_after(1e-5));
        else
            weft_yield();
        same_worker &= weft_kernel_worker_index() == first;
    }
    return same_worker;
}

TEST(started_task_stays_on_its_worker) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(results, index_stays, 50));
    WEFT_DO_FAST_RECEIVES(int, stayed, results, 100) CHECK_EQ(stayed, 1);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, move_about, (int, rounds), (atomic_int *, moves)) {
    volatile int on_stack[64];
    for (int i = 0; i < 64; i++) on_stack[i] = i * rounds;
    int at = weft_kernel_worker_index();
    for (int i = 0; i < rounds; i++) {
        if (i % 4 == 0)
            weft_sleep(weft_after(1e-5));
        else
            weft_yield();
        int now = weft_kernel_worker_index();
        if (now != at) atomic_fetch_add(moves, 1);
        at = now;
        if (at < 0 || at >= (int)harness_workers()) return 0;
    }
    for (int i = 0; i < 64; i++)
        if (on_stack[i] != i * rounds) return 0;
    return 1;
}

TEST(movable_tasks_keep_what_is_theirs_wherever_they_go_on) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    atomic_int moves = 0;
    const weft_submit_options options = {.movable = true};
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit_with(&options, results, move_about, 100, &moves));
    WEFT_DO_FAST_RECEIVES(int, good, results, 100) CHECK_EQ(good, 1);
    CHECK_OK(weft_last_status());
    if (harness_workers() == 1) CHECK_EQ(atomic_load(&moves), 0);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, names_itself, (int, none)) {
    (void)none;
    const char *before = weft_task_name();
    weft_yield();
    return strcmp(before, "names_itself") == 0 && strcmp(weft_task_name(), "names_itself") == 0;
}

TEST(task_knows_its_name_and_a_thread_has_none) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    CHECK_NULL(weft_task_name());
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(results, names_itself, 0));
    WEFT_DO_FAST_RECEIVES(int, good, results, 10) CHECK_EQ(good, 1);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
