/* SPDX-License-Identifier: MIT */
/* slices.c - tasks that compute give way at the end of their slice: who gets how much, what is kept, where it is put
 * off. Row K19.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE 0.001

static bool skipped(void) {
    if (weft_slices_work()) return false;
    SKIP("no time slices here");
    return true;
}

static weft_kernel *sliced_kernel(unsigned workers) {
    return weft_make_kernel(workers, &(weft_kernel_options){.slice = SLICE});
}

static uint64_t slices_of(const weft_kernel *kernel) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < weft_kernel_worker_count(kernel); i++) {
        weft_worker_counters counters;
        CHECK_OK(weft_read_counters(kernel, i, &counters));
        sum += counters.slices;
    }
    return sum;
}

/* ---- shares ---- */

enum { KINDS = 4, GAP = 300000 };

typedef struct share {
    atomic_bool *stop;
    int kind;
    _Atomic int64_t used; /* nanoseconds in which it ran */
    int64_t last;
} share;

static FILE *sink;
static volatile double number;

static void work(int kind) {
    if (kind == 0) {
        for (volatile int i = 0; i < 200; i++) {
        }
    } else if (kind == 1) {
        char *memory = malloc(100), *more = malloc(40000);
        if (memory != NULL) *(volatile char *)memory = 1;
        free(memory);
        free(more);
    } else if (kind == 2) {
        fprintf(sink, "%d %s %f\n", kind, "some", 1.5);
    } else {
        number = sin(number) + exp(-number) + 1;
    }
}

/* A gap between two looks at the clock is a time in which it did not run. */
WEFT_TASK(int, take_share, (share *, s)) {
    s->last = weft_time();
    while (!atomic_load_explicit(s->stop, memory_order_relaxed)) {
        work(s->kind);
        int64_t now = weft_time();
        if (now - s->last < GAP) atomic_fetch_add_explicit(&s->used, now - s->last, memory_order_relaxed);
        s->last = now;
    }
    return 0;
}

static int64_t used_by_all(const share *shares) {
    int64_t total = 0;
    for (int i = 0; i < KINDS; i++) total += atomic_load(&shares[i].used);
    return total;
}

/* How far the share of one of them is from a quarter, at most. */
static double farthest(const share *shares) {
    double total = (double)used_by_all(shares), most = 0;
    for (int i = 0; i < KINDS; i++) most = fmax(most, fabs((double)atomic_load(&shares[i].used) / total - 0.25));
    return most;
}

/* For a second at least; longer where whoever ends the slices waits for a processor itself, so that some are long: that
 * evens out, and a share that is not a quarter does not. */
TEST(four_endless_tasks_on_one_worker_get_a_quarter_each) {
    if (skipped()) return;
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    atomic_bool stop = false;
    share shares[KINDS] = {{NULL, 0, 0, 0}};
    int value;
    sink = fopen("/dev/null", "w");
    for (int i = 0; i < KINDS; i++) {
        shares[i] = (share){.stop = &stop, .kind = i};
        CHECK_OK(weft_submit(results, take_share, &shares[i]));
    }
    int64_t end = patience();
    while ((used_by_all(shares) < 1000000000 || farthest(shares) > 0.09) && harness_nap(end)) continue;
    atomic_store(&stop, true);
    for (int i = 0; i < KINDS; i++) CHECK_OK(weft_receive_result(results, &value, patience()));
    for (int i = 0; i < KINDS; i++) {
        double part = (double)atomic_load(&shares[i].used) / (double)used_by_all(shares);
        CHECK_NEAR(part, 0.25, 0.1);
        if (getenv("WEFT_TEST_LATENCIES") != NULL) printf("# share of %d: %.3f\n", i, part);
    }
    CHECK_GT(slices_of(kernel), 100);
    fclose(sink);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- deep stacks ---- */

static int64_t deep_down(int depth, share *s) {
    volatile char room[16] = {0};
    if (depth > 0) return deep_down(depth - 1, s) + room[3];
    int64_t turns = 0;
    while (!atomic_load_explicit(s->stop, memory_order_relaxed)) {
        for (volatile int i = 0; i < 1000; i++) {
        }
        atomic_fetch_add_explicit(&s->used, 1, memory_order_relaxed);
        turns++;
    }
    return turns;
}

WEFT_TASK(int64_t, take_turns, (int, depth), (share *, s)) { return deep_down(depth, s); }

/* The walk along a deep stack takes longer than a slice: the two would do nothing else. */
TEST(tasks_with_deep_stacks_get_on_and_let_others_do_so) {
    enum { DEEP = 200000, TURNS = 100000 };
    if (skipped()) return;
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int64_t);
    atomic_bool stop = false;
    share deep = {.stop = &stop}, shallow = {.stop = &stop};
    weft_submit_options options = {.stack_size = (size_t)64 << 20};
    CHECK_OK(weft_submit_with(&options, results, take_turns, DEEP, &deep));
    CHECK_OK(weft_submit_with(&options, results, take_turns, 1, &shallow));
    int64_t end = patience(), turns;
    while ((atomic_load(&deep.used) < TURNS || atomic_load(&shallow.used) < TURNS) && harness_nap(end)) continue;
    CHECK_LE(TURNS, atomic_load(&deep.used));
    CHECK_LE(TURNS, atomic_load(&shallow.used));
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) CHECK_OK(weft_receive_result(results, &turns, patience()));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- who has slices ---- */

typedef struct scene {
    atomic_bool stop;
    atomic_int begun, count;
} scene;

/* Goes on until it is told to end: by another task, if it ever gives way to one. */
WEFT_TASK(int, compute, (scene *, s)) {
    atomic_fetch_add(&s->begun, 1);
    while (!atomic_load(&s->stop)) __asm__ volatile("");
    return 1;
}

WEFT_TASK(int, end_it, (scene *, s)) {
    atomic_store(&s->stop, true);
    return 2;
}

static void receive_all(weft_channel *results, int count) {
    int value;
    for (int i = 0; i < count; i++) CHECK_OK(weft_receive_result(results, &value, patience()));
}

TEST(task_that_computes_gives_way_to_one_that_has_not_begun) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    CHECK_OK(weft_submit(results, compute, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_OK(weft_submit(results, end_it, &s));
    receive_all(results, 2);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(task_may_ask_for_slices_where_its_kernel_has_none) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    CHECK_OK(weft_submit_with(&(weft_submit_options){.slicing = WEFT_SLICED}, results, compute, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_OK(weft_submit(results, end_it, &s));
    receive_all(results, 2);
    CHECK_GE(slices_of(kernel), 1);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* The one that is sliced gives way to the other, which goes on until it ends. */
WEFT_TASK(int, compute_alone, (scene *, s)) {
    weft_worker_counters before, after;
    CHECK_OK(weft_read_counters(NULL, 0, &before));
    for (int64_t end = weft_time() + 50000000; weft_time() < end;) __asm__ volatile("");
    CHECK_OK(weft_read_counters(NULL, 0, &after));
    atomic_store(&s->stop, true);
    return after.slices == before.slices;
}

TEST(task_may_do_without_slices_where_its_kernel_has_some) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, compute, &s));
    CHECK_OK(weft_submit_with(&(weft_submit_options){.slicing = WEFT_NOT_SLICED}, results, compute_alone, &s));
    receive_all(results, 1);
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 1);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(kernel_without_slices_interrupts_nobody) {
    scene s = {false, 0, 0};
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, compute_alone, &s));
    CHECK_OK(weft_submit(results, end_it, &s));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 1);
    receive_all(results, 1);
    CHECK_EQ(slices_of(kernel), 0);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(task_that_computes_alone_is_left_alone) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, compute_alone, &s));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 1);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(slices_out_of_range_are_refused) {
    static const double bad[] = {-1, 1e-5, 4000};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_NULL(weft_make_kernel(1, &(weft_kernel_options){.slice = bad[i]}));
        CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    }
    weft_kernel *kernel = kernel_of(1);
    scene s = {false, 0, 0};
    weft_submit_options options = {.slicing = (weft_slicing)3};
    CHECK_STATUS(weft_submit_with(&options, NULL, compute, &s), WEFT_INVALID);
    end_and_free(kernel);
}

/* ---- whom it gives way to ---- */

WEFT_TASK(int, sleep_then_end, (scene *, s)) {
    CHECK_OK(weft_sleep(weft_after(0.005)));
    atomic_store(&s->stop, true);
    return 2;
}

WEFT_TASK(int, receive_then_end, (scene *, s), (weft_channel *, channel)) {
    int value;
    atomic_fetch_add(&s->begun, 1);
    CHECK_OK(weft_receive(channel, &value, WEFT_FOREVER));
    atomic_store(&s->stop, true);
    return value;
}

TEST(sleepers_and_receivers_come_to_their_turn_beside_one_that_computes) {
    if (skipped()) return;
    for (int round = 0; round < 2; round++) {
        scene s = {false, 0, 0};
        weft_kernel *kernel = sliced_kernel(1);
        weft_channel *results = weft_make_channel(int), *channel = weft_make_channel(int);
        if (round == 0)
            CHECK_OK(weft_submit(results, sleep_then_end, &s));
        else
            CHECK_OK(weft_submit(results, receive_then_end, &s, channel));
        CHECK_OK(weft_submit(results, compute, &s));
        CHECK_EVENTUALLY(atomic_load(&s.begun) == 1 + round);
        CHECK_OK(weft_send(channel, &round, WEFT_FOREVER));
        receive_all(results, 2);
        CHECK_OK(weft_free_channel(results));
        CHECK_OK(weft_free_channel(channel));
        end_and_free(kernel);
    }
}

/* ---- what is kept ---- */

typedef struct numbers {
    atomic_bool *stop;
    int seed;
    atomic_int wrong, rounds;
} numbers;

/* Integers, both kinds of floating point numbers, and vectors: always the same sum, if nothing is lost. */
static double sum_up(int seed) {
    typedef float four __attribute__((vector_size(16)));
    unsigned bits = (unsigned)seed;
    double plain = seed;
    long double wide = seed;
    four vector = {(float)seed, 1, 2, 3};
    for (int i = 1; i < 2000; i++) {
        bits = bits * 1664525u + 1013904223u;
        plain = plain * 0.99 + (double)(bits >> 16) / i;
        wide = wide * 0.99L + plain / 3;
        vector = vector * 0.5f + (float)(bits & 255);
    }
    return plain + (double)wide + (double)(vector[0] + vector[1] + vector[2] + vector[3]);
}

WEFT_TASK(int, sum_up_again, (numbers *, n)) {
    double right = sum_up(n->seed);
    while (!atomic_load(n->stop)) {
        errno = 1000 + n->seed;
        if (sum_up(n->seed) != right || errno != 1000 + n->seed) atomic_fetch_add(&n->wrong, 1);
        atomic_fetch_add(&n->rounds, 1);
    }
    return 0;
}

TEST(registers_and_errno_are_the_tasks_own) {
    enum { TASKS = 5 };
    if (skipped()) return;
    weft_kernel *kernel = sliced_kernel(harness_workers());
    weft_channel *results = weft_make_channel(int);
    atomic_bool stop = false;
    numbers all[TASKS * 8];
    int count = TASKS * (int)(harness_workers() < 8 ? harness_workers() : 8);
    for (int i = 0; i < count; i++) {
        all[i] = (numbers){.stop = &stop, .seed = i};
        CHECK_OK(weft_submit(results, sum_up_again, &all[i]));
    }
    CHECK_EVENTUALLY(slices_of(kernel) > 200);
    atomic_store(&stop, true);
    receive_all(results, count);
    for (int i = 0; i < count; i++) CHECK_EQ(atomic_load(&all[i].wrong), 0);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, keep_rounding, (scene *, s), (int, mode)) {
    int wrong = 0;
    CHECK_EQ(fesetround(mode), 0);
    atomic_fetch_add(&s->begun, 1);
    while (!atomic_load(&s->stop)) wrong += fegetround() != mode;
    CHECK_EQ(fesetround(FE_TONEAREST), 0);
    return wrong;
}

TEST(rounding_is_the_tasks_own) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    int value = 1;
    CHECK_OK(weft_submit(results, keep_rounding, &s, FE_UPWARD));
    CHECK_OK(weft_submit(results, keep_rounding, &s, FE_DOWNWARD));
    CHECK_OK(weft_submit(results, keep_rounding, &s, FE_TONEAREST));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 3 && slices_of(kernel) > 30);
    atomic_store(&s.stop, true);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_VARIABLE(int, level, 0);

WEFT_TASK(int, stay, (scene *, s), (int, mine)) {
    int index = weft_kernel_worker_index(), moved = 0;
    pthread_t thread = pthread_self();
    weft_yield(); /* one that may move does so here, if ever */
    index = weft_kernel_worker_index();
    thread = pthread_self();
    atomic_fetch_add(&s->begun, 1);
    WEFT_BIND(level, mine) {
        while (!atomic_load(&s->stop))
            moved += weft_kernel_worker_index() != index || !pthread_equal(pthread_self(), thread) ||
                     weft_get(level) != mine;
    }
    return moved;
}

TEST(task_stays_on_its_worker_even_one_that_may_move_and_keeps_its_bindings) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(harness_workers());
    weft_channel *results = weft_make_channel(int);
    int count = 4 * (int)harness_workers(), value = 0;
    for (int i = 0; i < count; i++)
        CHECK_OK(weft_submit_with(&(weft_submit_options){.movable = i % 2 == 0}, results, stay, &s, i));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == count && slices_of(kernel) > 50);
    atomic_store(&s.stop, true);
    for (int i = 0; i < count; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- where it is put off ---- */

static atomic_int inside;

WEFT_TASK(int, in_regions, (scene *, s)) {
    int together = 0;
    atomic_fetch_add(&s->begun, 1);
    while (!atomic_load(&s->stop)) {
        WEFT_WITHOUT_KILL {
            together += atomic_fetch_add(&inside, 1) != 0;
            for (volatile int i = 0; i < 20000; i++) {
            }
            atomic_fetch_sub(&inside, 1);
        }
    }
    return together;
}

TEST(region_without_kill_is_not_left_but_at_its_end) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    int value = 1;
    for (int i = 0; i < 3; i++) CHECK_OK(weft_submit(results, in_regions, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 3 && slices_of(kernel) > 20);
    atomic_store(&s.stop, true);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, with_lock, (scene *, s), (weft_channel *, channel)) {
    int together = 0;
    atomic_fetch_add(&s->begun, 1);
    while (!atomic_load(&s->stop)) {
        CHECK_OK(weft_lock_channel(channel, WEFT_FOREVER));
        together += atomic_fetch_add(&inside, 1) != 0;
        for (volatile int i = 0; i < 2000; i++) {
        }
        atomic_fetch_sub(&inside, 1);
        weft_unlock_channel(channel);
    }
    return together;
}

TEST(lock_of_a_channel_is_not_held_across_the_end_of_a_slice) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int), *channel = weft_make_channel(int);
    int value = 1;
    for (int i = 0; i < 3; i++) CHECK_OK(weft_submit(results, with_lock, &s, channel));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 3 && slices_of(kernel) > 5);
    atomic_store(&s.stop, true);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 0);
    }
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* ---- with the rest of the library ---- */

static const char hopeless[] = "hopeless";

static void count_clean_up(void *of) { atomic_fetch_add(&((scene *)of)->count, 1); }

WEFT_TASK(int, hang, (scene *, s)) {
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->begun, 1);
        for (;;) __asm__ volatile("");
    }
    return 1;
}

TEST(sliced_tasks_are_killed_all_of_them) {
    enum { TASKS = 6 };
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(1);
    weft_channel *results = weft_make_channel(int);
    int value;
    for (size_t round = 1; round <= harness_rounds(10); round++) {
        WEFT_BIND(weft_task_category, hopeless) {
            for (int i = 0; i < TASKS; i++) CHECK_OK(weft_submit(results, hang, &s));
        }
        CHECK_EVENTUALLY(atomic_load(&s.begun) == TASKS * (int)round);
        CHECK_EQ(weft_kill_tasks(NULL, hopeless, NULL), TASKS);
        for (int i = 0; i < TASKS; i++) CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_KILLED);
        CHECK_EQ(atomic_load(&s.count), TASKS * (int)round);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    int b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

WEFT_TASK(int, fib_again, (scene *, s)) {
    int wrong = 0;
    atomic_fetch_add(&s->begun, 1);
    while (!atomic_load(&s->stop)) wrong += weft_call(fib, 15) != 610;
    return wrong;
}

TEST(spawns_and_syncs_that_are_interrupted_come_to_the_right_sum) {
    if (skipped()) return;
    scene s = {false, 0, 0};
    weft_kernel *kernel = sliced_kernel(harness_workers());
    weft_channel *results = weft_make_channel(int);
    int count = 3 * (int)harness_workers(), value = 1;
    for (int i = 0; i < count; i++) CHECK_OK(weft_submit(results, fib_again, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == count && slices_of(kernel) > 200);
    atomic_store(&s.stop, true);
    for (int i = 0; i < count; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(kernel_with_slices_leaves_no_thread) {
    weft_kernel *kernel = sliced_kernel(2);
    end_and_free(kernel);
    CHECK_NO_THREAD_LEFT();
}
