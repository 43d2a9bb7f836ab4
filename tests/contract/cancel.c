/* SPDX-License-Identifier: MIT */
/* cancel.c - row X3: groups; each receiver sees exactly one outcome, and what is cancelled never runs. */
#include "contract/common.h"
#include "harness/rounds.h"

WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

WEFT_TASK(int, count, (atomic_int *, ran)) { return atomic_fetch_add(ran, 1) * 0 + 1; }

/* Receives `tasks` outcomes; returns how many are values, and checks that the others say that the task was cancelled.
 */
static int values_among(weft_channel *results, int tasks) {
    int values = 0;
    for (int i = 0; i < tasks; i++) {
        int one = -1;
        weft_status status = weft_receive_result(results, &one, patience());
        if (status == WEFT_OK)
            values += one;
        else if (!CHECK_STATUS(status, WEFT_CANCELLED))
            break;
    }
    CHECK_STATUS(weft_receive_result(results, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    return values;
}

TEST(cancelled_pending_tasks_never_run_and_each_gives_one_outcome) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    weft_group *group = weft_make_group("herd");
    const weft_submit_options options = {.group = group};
    gate g = {0, false};
    atomic_int ran = 0, other = 0;
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, (int)harness_workers());
    for (int i = 0; i < 500; i++) CHECK_OK(weft_submit_with(&options, results, count, &ran));
    CHECK_EQ(weft_group_count(group), 500);
    CHECK(!weft_group_cancelled(group));
    CHECK_OK(weft_cancel_group(group));
    CHECK_OK(weft_cancel_group(group));
    CHECK(weft_group_cancelled(group));
    CHECK_OK(weft_submit_with(&options, results, count, &ran));
    CHECK_OK(weft_submit(NULL, count, &other));
    open_gate(&g);
    CHECK_EQ(values_among(results, 501), 0);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EQ(weft_group_count(group), 0);
    CHECK_EQ(atomic_load(&ran), 0);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_group(group));
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&other), 1);
}

TEST(tasks_of_low_priority_and_with_own_stacks_are_cancelled_too) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    weft_group *group = weft_make_group(NULL);
    const weft_submit_options options = {.group = group, .stack_size = 1 << 20, .movable = true};
    gate g = {0, false};
    atomic_int ran = 0;
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, (int)harness_workers());
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        for (int i = 0; i < 20; i++) CHECK_OK(weft_submit_with(&options, results, count, &ran));
    }
    for (int i = 0; i < 20; i++) CHECK_OK(weft_submit_with(&options, results, count, &ran));
    CHECK_OK(weft_cancel_group(group));
    open_gate(&g);
    CHECK_EQ(values_among(results, 40), 0);
    CHECK_EQ(atomic_load(&ran), 0);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_group(group));
    end_and_free(kernel);
}

WEFT_TASK(int, run_until_cancelled, (weft_group *, group), (gate *, g)) {
    int rounds = 0;
    atomic_fetch_add(&g->entered, 1);
    while (!weft_group_cancelled(group)) {
        weft_yield();
        rounds = 1;
    }
    return rounds | 1;
}

TEST(task_that_has_begun_goes_on_and_may_ask) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    weft_group *group = weft_make_group(NULL);
    gate g = {0, false};
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, results, run_until_cancelled, group, &g));
    wait_for_entered(&g, 1);
    CHECK_STATUS(weft_wait_group(group, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_wait_group(group, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_cancel_group(group));
    CHECK_EQ(values_among(results, 1), 1);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_group(group));
    end_and_free(kernel);
}

static void *cancel_soon(void *group) {
    for (int i = 0; i < 50; i++) sched_yield();
    CHECK_OK(weft_cancel_group(group));
    return NULL;
}

TEST(cancel_that_races_with_the_tasks_gives_each_one_outcome) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (size_t round = 0; harness_one_more_round(round, harness_rounds(100)); round++) {
        weft_group *group = weft_make_group(NULL);
        const weft_submit_options options = {.group = group};
        atomic_int ran = 0;
        pthread_t thread;
        start_thread(&thread, cancel_soon, group);
        for (int i = 0; i < 300; i++) CHECK_OK(weft_submit_with(&options, results, count, &ran));
        int values = values_among(results, 300);
        CHECK_EQ(values, atomic_load(&ran));
        join_thread(thread);
        CHECK_OK(weft_wait_group(group, patience()));
        CHECK_OK(weft_free_group(group));
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- waiting for a group ---- */

typedef struct waiting {
    weft_group *group;
    int *plain; /* written by the tasks without atomics: the wait orders it */
    int tasks;
    atomic_int good;
} waiting;

WEFT_TASK(void, write_plain, (int *, at), (int, value)) {
    weft_yield();
    *at = value;
}

static void wait_and_look(waiting *w) {
    if (!CHECK_OK(weft_wait_group(w->group, patience()))) return;
    for (int i = 0; i < w->tasks; i++)
        if (!CHECK_EQ(w->plain[i], i + 1)) return;
    atomic_fetch_add(&w->good, 1);
}

static void *wait_in_thread(void *w) {
    wait_and_look(w);
    return NULL;
}

WEFT_TASK(void, wait_in_task, (waiting *, w)) { wait_and_look(w); }

TEST(several_threads_and_tasks_may_wait_for_a_group_and_see_what_it_did) {
    enum { TASKS = 200 };
    weft_kernel *kernel = kernel_here();
    for (size_t round = 0; round < harness_rounds(20); round++) {
        int plain[TASKS] = {0};
        waiting w = {weft_make_group(NULL), plain, TASKS, 0};
        weft_channel *done = weft_make_done_channel();
        pthread_t threads[2];
        for (int i = 0; i < TASKS; i++)
            CHECK_OK(weft_submit_with(&(weft_submit_options){.group = w.group}, NULL, write_plain, &plain[i], i + 1));
        for (int i = 0; i < 2; i++) start_thread(&threads[i], wait_in_thread, &w);
        for (int i = 0; i < 2; i++) CHECK_OK(weft_submit(done, wait_in_task, &w));
        for (int i = 0; i < 2; i++) CHECK_OK(weft_receive_done(done, patience()));
        for (int i = 0; i < 2; i++) join_thread(threads[i]);
        CHECK_EQ(atomic_load(&w.good), 4);
        CHECK_OK(weft_free_channel(done));
        CHECK_OK(weft_free_group(w.group));
    }
    end_and_free(kernel);
}

TEST(empty_group_is_waited_for_at_once_and_can_be_used_again) {
    weft_kernel *kernel = kernel_here();
    weft_group *group = weft_make_group(NULL);
    atomic_int ran = 0;
    for (int i = 1; i <= 50; i++) {
        CHECK_OK(weft_wait_group(group, WEFT_NOW));
        CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, NULL, count, &ran));
        CHECK_OK(weft_wait_group(group, patience()));
        CHECK_EQ(atomic_load(&ran), i);
    }
    CHECK_OK(weft_free_group(group));
    end_and_free(kernel);
}

TEST(tasks_outlive_a_group_that_is_freed) {
    weft_kernel *kernel = kernel_here();
    atomic_int ran = 0;
    for (int i = 0; i < 100; i++) {
        weft_group *group = weft_make_group("short");
        CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, NULL, count, &ran));
        CHECK_OK(weft_free_group(group));
    }
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&ran), 100);
}

/* ---- what one worker counts is known to all at once ---- */

WEFT_TASK(void, child, (atomic_int *, ran)) { atomic_fetch_add(ran, 1); }

/* Three children of one group in a row on one worker, then `last`, in the group as well or not. */
WEFT_TASK(void, submit_and_hold, (weft_group *, group), (gate *, g), (atomic_int *, ran), (bool, grouped)) {
    const weft_submit_options options = {.group = group};
    for (int i = 0; i < 3; i++) CHECK_OK(weft_submit_with(&options, NULL, child, ran));
    CHECK_OK(weft_submit_with(grouped ? &options : NULL, NULL, hold, g));
}

TEST(group_counts_what_has_ended_while_the_next_one_computes) {
    weft_kernel *kernel = kernel_of(1);
    weft_group *group = weft_make_group(NULL);
    gate g = {0, false};
    atomic_int ran = 0;
    CHECK_OK(weft_submit(NULL, submit_and_hold, group, &g, &ran, true));
    wait_for_entered(&g, 1);
    CHECK_EQ(weft_group_count(group), 1);
    CHECK_STATUS(weft_wait_group(group, weft_after(0.001)), WEFT_TIMED_OUT);
    open_gate(&g);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EQ(atomic_load(&ran), 3);
    CHECK_OK(weft_free_group(group));
    end_and_free(kernel);
}

TEST(group_ends_while_a_task_that_is_not_in_it_computes_on_the_same_worker) {
    weft_kernel *kernel = kernel_of(1);
    weft_group *group = weft_make_group(NULL);
    gate g = {0, false};
    atomic_int ran = 0;
    CHECK_OK(weft_submit(NULL, submit_and_hold, group, &g, &ran, false));
    wait_for_entered(&g, 1);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EQ(atomic_load(&ran), 3);
    CHECK_OK(weft_free_group(group));
    open_gate(&g);
    end_and_free(kernel);
}
