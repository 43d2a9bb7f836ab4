/* SPDX-License-Identifier: MIT */
/* forkjoin.c - trees of spawned tasks under thieves, with waits in the middle, killed and cancelled; a storm of spawns
 * in bounded memory. Rows J1, X1, X3. */
#include "contract/common.h"

#include <stdio.h>
#include <unistd.h>

#include "harness/sanitizers.h"
#include "stress/load.h"

static atomic_int inside;

static void leave(void *counted_in) {
    if (*(volatile bool *)counted_in) atomic_fetch_sub(&inside, 1);
}

static unsigned mix(unsigned x) {
    x = (x ^ x >> 15) * 2246822519u;
    return x ^ x >> 13;
}

/* How many children a node has: a tree of random shape, the same for the same salt. */
static int children_of(unsigned salt, int depth) { return depth == 0 ? 0 : (int)(mix(salt) % 5); }

static long nodes_by_calls(unsigned salt, int depth) {
    long sum = 1;
    for (int i = 0, count = children_of(salt, depth); i < count; i++)
        sum += nodes_by_calls(mix(salt + (unsigned)i), depth - 1);
    return sum;
}

/* Between its spawns and its syncs a node may give way, sleep, or do nothing. */
WEFT_TASK(long, node, (unsigned, salt), (int, depth)) {
    long sum = 1;
    int count = children_of(salt, depth);
    for (int i = 0; i < count; i++) weft_spawn(node, mix(salt + (unsigned)i), depth - 1);
    if (salt % 13 == 0) weft_yield();
    if (salt % 101 == 0) CHECK_OK(weft_sleep(weft_after(2e-5)));
    while (count-- > 0) sum += weft_sync(node);
    return sum;
}

TEST_WITH_LIMIT(trees_are_counted_to_the_last_node, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    weft_deadline until = load_end(3);
    enum { AT_ONCE = 4 };
    for (unsigned round = (unsigned)harness_seed(); weft_time() < until; round += AT_ONCE) {
        long wanted = 0, sum = 0;
        for (unsigned i = 0; i < AT_ONCE; i++) {
            const weft_submit_options options = {.movable = i % 2 == 0};
            wanted += nodes_by_calls(round + i, 9);
            CHECK_OK(weft_submit_with(&options, results, node, round + i, 9));
        }
        for (unsigned i = 0; i < AT_ONCE; i++) {
            long nodes = 0;
            CHECK_OK(weft_receive_result(results, &nodes, patience()));
            sum += nodes;
        }
        if (!CHECK_EQ(sum, wanted)) break;
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- many in a row ---- */

/* What was spawned last is synced first: those below are taken without the owner, which looks at no request meanwhile.
 */
WEFT_TASK(unsigned, busy, (unsigned, salt)) {
    unsigned x = salt;
    for (unsigned i = 0; i < salt % 64 * 16; i++) x = mix(x);
    if (salt % 37 == 0) weft_yield();
    if (salt % 211 == 0) CHECK_OK(weft_sleep(weft_after(2e-5)));
    return x;
}

static unsigned busy_by_calls(unsigned salt) {
    unsigned x = salt;
    for (unsigned i = 0; i < salt % 64 * 16; i++) x = mix(x);
    return x;
}

/* Some are synced and others spawned in their place, now and then with a wait in between. */
WEFT_TASK(uint64_t, row, (unsigned, salt), (int, count)) {
    uint64_t sum = 0;
    int spawned = 0;
    for (int i = 0; i < count; i++) {
        weft_spawn(busy, salt + (unsigned)i);
        spawned++;
        if (mix(salt ^ (unsigned)i) % 3 != 0) continue;
        sum += weft_sync(busy);
        spawned--;
        if (salt % 5 == 0 && i % 64 == 0) weft_yield();
    }
    while (spawned-- > 0) sum += weft_sync(busy);
    return sum;
}

WEFT_TASK(uint64_t, rows, (unsigned, salt), (int, count)) {
    for (unsigned i = 0; i < 4; i++) weft_spawn(row, salt + i, count);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 4; i++) sum += weft_sync(row);
    return sum;
}

static uint64_t rows_by_calls(unsigned salt, int count) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < 4; i++)
        for (int k = 0; k < count; k++) sum += busy_by_calls(salt + i + (unsigned)k);
    return sum;
}

TEST_WITH_LIMIT(rows_of_spawns_are_each_done_once, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(uint64_t);
    weft_deadline until = load_end(3);
    for (unsigned round = (unsigned)harness_seed(); weft_time() < until; round++) {
        uint64_t sum = 0;
        int count = 1 + (int)(mix(round) % 400);
        CHECK_OK(weft_submit(results, rows, round, count));
        CHECK_OK(weft_receive_result(results, &sum, patience()));
        if (!CHECK_EQ(sum, rows_by_calls(round, count))) break;
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- killed and cancelled ---- */

static const char doomed[] = "doomed";

/* Each node counts itself in and out, whichever way it ends. */
WEFT_TASK(long, counted, (unsigned, salt), (int, depth)) {
    volatile long sum = 1;
    volatile bool counted_in = false;
    WEFT_UNWIND_PROTECT(leave, (void *)(uintptr_t)&counted_in) {
        WEFT_WITHOUT_KILL {
            atomic_fetch_add(&inside, 1);
            counted_in = true;
        }
        int count = children_of(salt, depth);
        for (int i = 0; i < count; i++) weft_spawn(counted, mix(salt + (unsigned)i), depth - 1);
        if (salt % 7 == 0) CHECK_OK(weft_sleep(weft_after(1e-4)));
        while (count-- > 0) sum = sum + weft_sync(counted);
    }
    return sum;
}

TEST_WITH_LIMIT(killed_trees_leave_nothing_running, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    weft_deadline until = load_end(3);
    uint64_t random = harness_seed();
    weft_set(weft_debug_tasks, false); /* that a child was killed is an error at its sync */
    for (unsigned round = 0; weft_time() < until; round++) {
        long nodes = 0, wanted = nodes_by_calls(round, 9);
        WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(results, counted, round, 9));
        CHECK_OK(weft_sleep(weft_after((double)(harness_random(&random) % 400) * 1e-6)));
        weft_kill_tasks(kernel, doomed, NULL);
        weft_status status = weft_receive_result(results, &nodes, patience());
        if (!CHECK(status == WEFT_KILLED || status == WEFT_FAILED || (status == WEFT_OK && nodes == wanted))) break;
        if (!CHECK_EQ(atomic_load(&inside), 0)) break;
    }
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* Spawns all, then syncs all: killed while others take what it has not come to. */
WEFT_TASK(long, counted_row, (unsigned, salt), (int, count)) {
    volatile long sum = 0;
    for (int i = 0; i < count; i++) weft_spawn(counted, mix(salt + (unsigned)i), 1);
    while (count-- > 0) sum = sum + weft_sync(counted);
    return sum;
}

TEST_WITH_LIMIT(killed_rows_leave_nothing_running, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    weft_deadline until = load_end(2);
    uint64_t random = harness_seed();
    weft_set(weft_debug_tasks, false);
    for (unsigned round = 0; weft_time() < until; round++) {
        long nodes = 0;
        WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(results, counted_row, round, 300));
        CHECK_OK(weft_sleep(weft_after((double)(harness_random(&random) % 300) * 1e-6)));
        weft_kill_tasks(kernel, doomed, NULL);
        weft_status status = weft_receive_result(results, &nodes, patience());
        if (!CHECK(status == WEFT_KILLED || status == WEFT_FAILED || status == WEFT_OK)) break;
        if (!CHECK_EQ(atomic_load(&inside), 0)) break;
    }
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST_WITH_LIMIT(trees_of_a_cancelled_group_end_whole_or_never_begin, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    weft_deadline until = load_end(2);
    uint64_t random = harness_seed();
    enum { TREES = 12 };
    while (weft_time() < until) {
        weft_group *group = weft_make_group("trees");
        const weft_submit_options options = {.group = group};
        for (unsigned i = 0; i < TREES; i++) CHECK_OK(weft_submit_with(&options, results, node, 77u, 7));
        CHECK_OK(weft_sleep(weft_after((double)(harness_random(&random) % 200) * 1e-6)));
        weft_cancel_group(group);
        for (unsigned i = 0; i < TREES; i++) {
            long nodes = 0;
            weft_status status = weft_receive_result(results, &nodes, patience());
            CHECK(status == WEFT_CANCELLED || (status == WEFT_OK && nodes == nodes_by_calls(77u, 7)));
        }
        CHECK_OK(weft_wait_group(group, patience()));
        CHECK_OK(weft_free_group(group));
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- memory ---- */

static long resident_pages(void) {
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%ld %ld", &all, &resident) != 2) resident = 0;
    fclose(file);
    return resident;
}

WEFT_TASK(int, leaf, (int, i)) { return i & 1; }

WEFT_TASK(long, storm, (int, count)) {
    long sum = 0;
    for (int i = 0; i < count; i++) weft_spawn(leaf, i);
    for (int i = 0; i < count; i++) sum += weft_sync(leaf);
    return sum;
}

/*
 * A frame has 64 bytes, and its memory is used again: a hundred storms take what one took in each worker. For each byte
 * of it ThreadSanitizer keeps two and a half of its own, resident once the byte was touched.
 */
TEST_WITH_LIMIT(a_storm_of_spawns_takes_bounded_memory, 120) {
    enum { SPAWNS = 200000, SHADOWED = HARNESS_TSAN ? 4 : 1 };
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    long before = 0, page = sysconf(_SC_PAGESIZE), most = SPAWNS * 64 * SHADOWED * (long)harness_workers() + (32 << 20);
    for (size_t round = 0, rounds = load_rounds(100) + 4; round < rounds; round++) {
        long odd = 0;
        CHECK_OK(weft_submit(results, storm, SPAWNS));
        CHECK_OK(weft_receive_result(results, &odd, patience()));
        CHECK_EQ(odd, SPAWNS / 2);
        if (round == 0) before = resident_pages();
    }
    CHECK_LE((resident_pages() - before) * page, most);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
