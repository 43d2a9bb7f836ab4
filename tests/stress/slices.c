/* SPDX-License-Identifier: MIT */
/* slices.c - many kinds of tasks with very short slices, all at once: computing, in the C library, trading through
 * channels, spawning; others are killed meanwhile, or cancelled. Sums come out right, counts are exact, nothing is
 * lost.
 *
 * Every instruction of theirs may be the one at which another goes on. Where slices do not work they run one after the
 * other, which shows only that the test itself is right.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/load.h"

static const char victims[] = "victims";

typedef struct scene {
    atomic_bool stop;
    atomic_int wrong, begun, cleaned;
    atomic_long rounds, sent, received;
    weft_channel *pipe;
    weft_mutex *mutex;
    atomic_int inside; /* who is, under mutex */
    FILE *file;
} scene;

static bool goes_on(scene *s) { return !atomic_load_explicit(&s->stop, memory_order_relaxed); }

static double sum_up(int seed) {
    double sum = seed;
    for (int i = 1; i < 500; i++) sum = sum * 0.999 + (double)((seed * i) & 1023) / i;
    return sum;
}

static void compute(scene *s, int seed) {
    volatile double right = sum_up(seed);
    if (sum_up(seed) != right) atomic_fetch_add(&s->wrong, 1);
}

static void allocate(scene *s, int seed) {
    size_t size = 16 + (size_t)seed % 5000;
    unsigned char *memory = malloc(size);
    if (memory == NULL) return;
    memset(memory, seed & 255, size);
    for (size_t i = 0; i < size; i++)
        if (memory[i] != (seed & 255)) atomic_fetch_add(&s->wrong, 1);
    free(memory);
}

static void print(scene *s, int seed) {
    char text[64], again[64];
    fprintf(s->file, "%d %s %f\n", seed, "some", 0.5 * seed);
    snprintf(text, sizeof text, "%d %.3f", seed, 0.5 * seed);
    snprintf(again, sizeof again, "%d %.3f", seed, 0.5 * seed);
    if (strcmp(text, again) != 0) atomic_fetch_add(&s->wrong, 1);
}

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void sort(scene *s, int seed) {
    int values[200];
    unsigned number = (unsigned)seed;
    for (int i = 0; i < 200; i++) values[i] = (int)((number = number * 1103515245u + 12345u) >> 16);
    qsort(values, 200, sizeof *values, by_value);
    for (int i = 1; i < 200; i++)
        if (values[i - 1] > values[i]) atomic_fetch_add(&s->wrong, 1);
}

static void section(scene *s, int seed) {
    static atomic_int next;
    (void)seed;
    WEFT_WITH_MUTEX(s->mutex) {
        int me = atomic_fetch_add(&next, 1); /* who is killed in here leaves nothing to be put back */
        atomic_store(&s->inside, me);
        for (volatile int i = 0; i < 100; i++) {
        }
        if (atomic_load(&s->inside) != me) atomic_fetch_add(&s->wrong, 1);
    }
}

WEFT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    long b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

static void spawn(scene *s, int seed) {
    (void)seed;
    if (weft_call(fib, 12) != 144) atomic_fetch_add(&s->wrong, 1);
}

static void (*const kinds[])(scene *, int) = {compute, allocate, print, sort, section, spawn};
enum { KINDS = sizeof kinds / sizeof *kinds };

WEFT_TASK(int, work, (scene *, s), (int, kind)) {
    for (int seed = kind; goes_on(s); seed++) {
        kinds[kind](s, seed & 0xffff);
        atomic_fetch_add_explicit(&s->rounds, 1, memory_order_relaxed);
    }
    return kind;
}

WEFT_TASK(int, send_some, (scene *, s)) {
    for (int i = 0; goes_on(s); i++) {
        if (weft_send(s->pipe, &i, weft_after(0.001)) == WEFT_OK) atomic_fetch_add(&s->sent, 1);
    }
    return 0;
}

WEFT_TASK(int, receive_some, (scene *, s)) {
    int value;
    while (goes_on(s))
        if (weft_receive(s->pipe, &value, weft_after(0.001)) == WEFT_OK) atomic_fetch_add(&s->received, 1);
    return 0;
}

static void count_clean_up(void *of) { atomic_fetch_add(&((scene *)of)->cleaned, 1); }

WEFT_TASK(int, victim, (scene *, s), (int, kind)) {
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->begun, 1);
        for (int seed = 0; goes_on(s); seed++) kinds[kind](s, seed & 0xffff);
    }
    return 1;
}

WEFT_TASK(int, pending, (int, value)) { return value; }

/* Kills a few, and cancels what has not begun. */
static void disturb(scene *s, weft_channel *outcomes, uint64_t *random) {
    int before = atomic_load(&s->begun), value, many = 1 + (int)(harness_random(random) % 4);
    WEFT_BIND(weft_task_category, victims) {
        for (int i = 0; i < many; i++)
            CHECK_OK(weft_submit(outcomes, victim, s, (int)(harness_random(random) % KINDS)));
    }
    if (!CHECK_EVENTUALLY(atomic_load(&s->begun) == before + many)) return;
    CHECK_GT(weft_kill_tasks(NULL, victims, NULL), 0); /* what they have spawned is of their category */
    for (int i = 0; i < many; i++) CHECK_STATUS(weft_receive_result(outcomes, &value, patience()), WEFT_KILLED);
    CHECK_OK(weft_wait_killed(NULL, victims, patience(), NULL));
    CHECK_EQ(atomic_load(&s->cleaned), atomic_load(&s->begun));
    weft_group *group = weft_make_group("cancelled");
    for (int i = 0; i < many; i++)
        CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, outcomes, pending, i));
    weft_cancel_group(group);
    for (int i = 0; i < many; i++) {
        weft_status status = weft_receive_result(outcomes, &value, patience());
        CHECK(status == WEFT_OK || status == WEFT_CANCELLED);
    }
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_group(group));
}

TEST_WITH_LIMIT(tasks_of_every_kind_share_workers_by_slices_and_nothing_is_lost, 3600) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.slice = 2e-4});
    weft_channel *results = weft_make_channel(int), *outcomes = weft_make_channel(int);
    scene s = {
        .pipe = bounded_channel(sizeof(int), 3), .mutex = weft_make_mutex("section"), .file = fopen("/dev/null", "w")};
    bool works = weft_slices_work();
    uint64_t random = harness_seed();
    int count = 0, value;
    for (int i = 0; i < 2 * KINDS; i++, count++) CHECK_OK(weft_submit(results, work, &s, i % KINDS));
    for (int i = 0; i < 2; i++, count += 2) {
        CHECK_OK(weft_submit(results, send_some, &s));
        CHECK_OK(weft_submit(results, receive_some, &s));
    }
    for (size_t round = load_rounds(60); round > 0 && works; round--) disturb(&s, outcomes, &random);
    if (!works) weft_sleep(weft_after(0.1));
    atomic_store(&s.stop, true);
    for (int i = 0; i < count; i++) CHECK_OK(weft_receive_result(results, &value, patience()));
    while (weft_receive(s.pipe, &value, WEFT_NOW) == WEFT_OK) atomic_fetch_add(&s.received, 1);
    CHECK_EQ(atomic_load(&s.wrong), 0);
    CHECK_EQ(atomic_load(&s.sent), atomic_load(&s.received));
    if (works) CHECK_GT(atomic_load(&s.rounds), 0);
    fclose(s.file);
    CHECK_OK(weft_free_channel(s.pipe));
    CHECK_OK(weft_free_mutex(s.mutex));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_channel(outcomes));
    end_and_free(kernel);
}

static uint64_t slices_of(const weft_kernel *kernel) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < weft_kernel_worker_count(kernel); i++) {
        weft_worker_counters counters;
        CHECK_OK(weft_read_counters(kernel, i, &counters));
        sum += counters.slices;
    }
    if (getenv("WEFT_TEST_LATENCIES") != NULL) printf("# %lu slices have ended\n", (unsigned long)sum);
    return sum;
}

/* Each computes for some slices, so many are in progress at a time. */
WEFT_TASK(long, work_a_while, (scene *, s), (int, number)) {
    for (int i = 0; i < 64; i++) kinds[(number + i) % KINDS](s, (number * 64 + i) & 0xffff);
    atomic_fetch_add_explicit(&s->rounds, 1, memory_order_relaxed);
    return number;
}

TEST_WITH_LIMIT(thousands_of_sliced_tasks_come_to_their_end_each_once, 600) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.slice = 0.0001});
    weft_channel *results = weft_make_channel(long);
    scene s = {.mutex = weft_make_mutex("section"), .file = fopen("/dev/null", "w")};
    int count = (int)load_rounds(2000);
    long value, sum = 0;
    for (int i = 0; i < count; i++) CHECK_OK(weft_submit(results, work_a_while, &s, i));
    for (int i = 0; i < count && CHECK_OK(weft_receive_result(results, &value, weft_after(300))); i++) sum += value;
    CHECK_EQ(sum, (long)count * (count - 1) / 2);
    CHECK_EQ(atomic_load(&s.rounds), count);
    CHECK_EQ(atomic_load(&s.wrong), 0);
    if (weft_slices_work() && count >= 1000) CHECK_GT(slices_of(kernel), 0);
    fclose(s.file);
    CHECK_OK(weft_free_mutex(s.mutex));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
