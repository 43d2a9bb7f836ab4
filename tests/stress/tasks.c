/* SPDX-License-Identifier: MIT */
/* tasks.c - trees and bursts of tasks, stolen, moved, asleep and cancelled: each runs once. */
#include "contract/common.h"

#include "stress/load.h"

/* ---- trees ---- */

static weft_status submit_node(weft_group *group, atomic_int *nodes, int depth, int salt);

WEFT_TASK(void, node, (weft_group *, group), (atomic_int *, nodes), (int, depth), (int, salt)) {
    atomic_fetch_add(nodes, 1);
    if (depth == 0) return;
    if ((depth + salt) % 5 == 0) weft_yield();
    if ((depth + salt) % 17 == 0) CHECK_OK(weft_sleep(weft_after(1e-5)));
    for (int child = 0; child < 3; child++) CHECK_OK(submit_node(group, nodes, depth - 1, salt + child));
}

static weft_status submit_node(weft_group *group, atomic_int *nodes, int depth, int salt) {
    const weft_submit_options options = {.group = group, .movable = salt % 3 == 0};
    return weft_submit_with(&options, NULL, node, group, nodes, depth, salt);
}

TEST_WITH_LIMIT(trees_of_tasks_are_run_to_the_last_leaf, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(3);
    for (int round = 0; weft_time() < until; round++) {
        int depth = round % 9, wanted = 0;
        atomic_int nodes = 0;
        weft_group *group = weft_make_group("tree");
        for (int d = 0, level = 1; d <= depth; d++, level *= 3) wanted += level;
        CHECK_OK(submit_node(group, &nodes, depth, round));
        if (!CHECK_OK(weft_wait_group(group, patience()))) break;
        if (!CHECK_EQ(atomic_load(&nodes), wanted)) break;
        CHECK_OK(weft_free_group(group));
    }
    end_and_free(kernel);
}

/* ---- bursts that thieves live on ---- */

typedef struct long_arguments {
    atomic_uchar *ran;
    int number;
    unsigned char rest[300];
} long_arguments;

WEFT_TASK(void, short_one, (atomic_uchar *, ran), (int, number)) { atomic_fetch_add(&ran[number], 1); }

WEFT_TASK(void, long_one, (long_arguments, a)) {
    atomic_fetch_add(&a.ran[a.number], (unsigned char)(a.rest[7] == 7 ? 1 : 100));
}

WEFT_TASK(void, burst, (weft_group *, group), (atomic_uchar *, ran), (int, from), (int, to)) {
    const weft_submit_options options = {.group = group};
    for (int i = from; i < to; i++) {
        if (i % 7 == 0) {
            long_arguments a = {.ran = ran, .number = i, .rest = {[7] = 7}};
            CHECK_OK(weft_submit_with(i % 2 ? &options : NULL, NULL, long_one, a));
        } else {
            CHECK_OK(weft_submit_with(i % 3 ? &options : NULL, NULL, short_one, ran, i));
        }
    }
}

TEST_WITH_LIMIT(each_task_of_a_burst_runs_once_whoever_steals_it, 120) {
    enum { MOST = 20000, PARTS = 4 };
    static atomic_uchar ran[MOST];
    weft_deadline until = load_end(4);
    uint64_t random = harness_seed();
    while (weft_time() < until) {
        weft_kernel *kernel = kernel_here();
        int count = 1 + (int)(harness_random(&random) % MOST), bad = 0;
        weft_group *group = weft_make_group(NULL);
        for (int i = 0; i < count; i++) atomic_store(&ran[i], 0);
        for (int p = 0; p < PARTS; p++)
            CHECK_OK(weft_submit(NULL, burst, group, ran, p * count / PARTS, (p + 1) * count / PARTS));
        end_and_free(kernel);
        for (int i = 0; i < count; i++) bad += atomic_load(&ran[i]) != 1;
        CHECK_EQ(bad, 0);
        CHECK_OK(weft_wait_group(group, WEFT_NOW));
        CHECK_OK(weft_free_group(group));
    }
}

static atomic_uchar *outside_ran;

static void *submit_outside(void *from) {
    for (int i = 0; i < 5000; i++) CHECK_OK(weft_submit(NULL, short_one, outside_ran, *(int *)from + i));
    return NULL;
}

TEST_WITH_LIMIT(each_task_from_several_outside_threads_runs_once, 120) {
    enum { THREADS = 3 };
    static atomic_uchar ran[THREADS * 5000];
    weft_deadline until = load_end(3);
    outside_ran = ran;
    while (weft_time() < until) {
        weft_kernel *kernel = kernel_here();
        pthread_t threads[THREADS];
        int from[THREADS], bad = 0;
        for (int i = 0; i < THREADS * 5000; i++) atomic_store(&ran[i], 0);
        for (int t = 0; t < THREADS; t++) {
            from[t] = 5000 * t;
            start_thread(&threads[t], submit_outside, &from[t]);
        }
        for (int t = 0; t < THREADS; t++) join_thread(threads[t]);
        end_and_free(kernel);
        for (int i = 0; i < THREADS * 5000; i++) bad += atomic_load(&ran[i]) != 1;
        CHECK_EQ(bad, 0);
    }
}

/* ---- movable tasks that wait all the time ---- */

WEFT_TASK(int, wander, (weft_channel *, ring), (uint64_t, random), (int, rounds)) {
    int moves = 0, at = weft_kernel_worker_index();
    for (int i = 0; i < rounds; i++) {
        int token = 0;
        switch (harness_random(&random) % 4) {
        case 0: weft_yield(); break;
        case 1: CHECK_OK(weft_sleep(weft_after(1e-6 * (double)(harness_random(&random) % 20)))); break;
        case 2: (void)weft_receive(ring, &token, weft_after(1e-6)); break;
        default:
            if (CHECK_OK(weft_receive(ring, &token, patience()))) CHECK_OK(weft_send(ring, &token, patience()));
        }
        if (token == 1) CHECK_OK(weft_send(ring, &(int){1}, patience()));
        int now = weft_kernel_worker_index();
        moves += now != at;
        at = now;
    }
    return moves;
}

TEST_WITH_LIMIT(movable_tasks_wander_between_workers_without_harm, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *ring = weft_make_channel(int), *results = weft_make_channel(int);
    uint64_t random = harness_seed();
    weft_deadline until = load_end(4);
    const weft_submit_options options = {.movable = true};
    for (int i = 0; i < 20; i++) CHECK_OK(weft_send(ring, &(int){1}, WEFT_NOW));
    while (weft_time() < until) {
        int moves = 0;
        for (int i = 0; i < 20; i++)
            CHECK_OK(weft_submit_with(i % 4 ? &options : NULL, results, wander, ring, harness_random(&random), 50));
        WEFT_DO_FAST_RECEIVES(int, some, results, 20) moves += some;
        if (!CHECK_OK(weft_last_status())) break;
        if (harness_workers() == 1) CHECK_EQ(moves, 0);
    }
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(ring));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- sleepers ---- */

WEFT_TASK(int64_t, sleep_some, (uint64_t, random)) {
    int64_t late = 0;
    for (int i = 0; i < 10; i++) {
        weft_deadline due = weft_after(1e-6 * (double)(harness_random(&random) % 5000));
        CHECK_OK(weft_sleep(due));
        weft_deadline now = weft_time();
        CHECK_GE(now, due);
        if (due != WEFT_NOW && now - due > late) late = now - due;
    }
    return late;
}

TEST_WITH_LIMIT(sleepers_all_wake_and_never_early, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int64_t);
    uint64_t random = harness_seed();
    weft_deadline until = load_end(3);
    while (weft_time() < until) {
        for (int i = 0; i < 2000; i++) CHECK_OK(weft_submit(results, sleep_some, harness_random(&random)));
        const int64_t most = (int64_t)(5e9 * harness_slowness() * harness_strain());
        WEFT_DO_FAST_RECEIVES(int64_t, late, results, 2000) CHECK_LT(late, most);
        if (!CHECK_OK(weft_last_status())) break;
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- cancelling ---- */

static weft_status submit_growing(weft_group *group, weft_channel *results);

WEFT_TASK(int, growing, (weft_group *, group), (weft_channel *, results)) {
    weft_yield();
    CHECK_OK(submit_growing(group, results));
    CHECK_OK(submit_growing(group, results));
    return 1;
}

static weft_status submit_growing(weft_group *group, weft_channel *results) {
    if (weft_group_count(group) > 2000) weft_yield();
    return weft_submit_with(&(weft_submit_options){.group = group}, results, growing, group, results);
}

/* Each task submits two more; only the cancel ends it, and each outcome comes once: values + 1 == cancelled tasks... of
 * a binary tree with n inner nodes there are n + 1 leaves. */
TEST_WITH_LIMIT(cancel_ends_a_tree_that_grows_for_ever, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(3);
    while (weft_time() < until) {
        weft_channel *results = weft_make_channel(int);
        weft_group *group = weft_make_group("growing");
        size_t values = 0, cancelled = 0;
        weft_status status;
        int one;
        CHECK_OK(submit_growing(group, results));
        CHECK_EVENTUALLY(weft_count(results) > 20);
        CHECK_OK(weft_cancel_group(group));
        if (!CHECK_OK(weft_wait_group(group, patience()))) break;
        while ((status = weft_receive_result(results, &one, WEFT_NOW)) != WEFT_TIMED_OUT) {
            values += status == WEFT_OK;
            cancelled += status == WEFT_CANCELLED;
        }
        CHECK_EQ(cancelled, values + 1);
        CHECK_OK(weft_free_channel(results));
        CHECK_OK(weft_free_group(group));
    }
    end_and_free(kernel);
}

/* ---- groups that several workers and threads count in and wait for ---- */

WEFT_TASK(void, leaf, (atomic_int *, ran), (int, number)) {
    if (number % 61 == 0) weft_yield();
    atomic_fetch_add(ran, 1);
}

WEFT_TASK(void, branch, (weft_group *, group), (atomic_int *, ran), (int, leaves)) {
    const weft_submit_options options = {.group = group};
    for (int i = 0; i < leaves; i++) CHECK_OK(weft_submit_with(&options, NULL, leaf, ran, i));
}

/* Makes the group anew while the last tasks of the one before it leave. */
WEFT_TASK(void, wait_for_branches, (atomic_int *, ran), (int, branches), (int, leaves)) {
    weft_group *group = weft_make_group(NULL);
    const weft_submit_options options = {.group = group};
    for (int i = 0; i < branches; i++) CHECK_OK(weft_submit_with(&options, NULL, branch, group, ran, leaves));
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EQ(atomic_load(ran), branches * leaves);
    CHECK_OK(weft_free_group(group));
}

TEST_WITH_LIMIT(groups_of_many_workers_end_when_their_last_task_does, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(3);
    uint64_t random = harness_seed();
    while (weft_time() < until) {
        int branches = 1 + (int)(harness_random(&random) % 6), leaves = (int)(harness_random(&random) % 200);
        atomic_int inner = 0, outer = 0;
        weft_group *group = weft_make_group(NULL);
        const weft_submit_options options = {.group = group};
        CHECK_OK(weft_submit_with(&options, NULL, wait_for_branches, &inner, branches, leaves));
        for (int i = 0; i < branches; i++) CHECK_OK(weft_submit_with(&options, NULL, branch, group, &outer, leaves));
        bool waited = CHECK_OK(weft_wait_group(group, patience()));
        CHECK_EQ(weft_group_count(group), 0);
        CHECK_OK(weft_free_group(group));
        if (!waited || !CHECK_EQ(atomic_load(&inner) + atomic_load(&outer), 2 * branches * leaves)) break;
    }
    end_and_free(kernel);
}
