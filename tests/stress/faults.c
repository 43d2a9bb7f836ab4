/* SPDX-License-Identifier: MIT */
/* faults.c - a thousand faults of each kind, in tasks that run and in tasks that have waited, on all workers at once,
 * while others allocate, print and talk; and while tasks that fault are killed. Each is received with its type, each
 * clean-up runs once, and the process is sound afterwards. Row C9.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/load.h"

enum { ALL = 31, EACH = 1000, BATCH = 50 };

static const char doomed[] = "doomed";
static atomic_int cleaned, entered;
static volatile int zero, sink;
static int *volatile nowhere;
static char *volatile not_a_text = (char *)16;
static volatile size_t much = 100;

static void clean(void *unused) {
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

static void divide(void) { sink = 10 / zero; }
static void write_to_null(void) { *nowhere = 1; }
static void illegal(void) { HARNESS_ILLEGAL_INSTRUCTION(); }
static void aborts(void) { abort(); }

static void copy_from_null(void) {
    static char room[200];
    memcpy(room, not_a_text, much);
    sink = room[much / 2];
}

static int deeper(int level) {
    volatile char frame[1000]; /* not too many levels: each is looked at */
    frame[level % 1000] = (char)level;
    return level < 0 ? 0 : deeper(level + 1) + frame[level % 1000];
}

static void recurse(void) { sink = deeper(0); }

static int allocating(int level) {
    volatile char frame[500];
    char *text = malloc(64 + (size_t)level % 2000);
    frame[level % 500] = 1;
    snprintf(text, 64, "%d %g", level, level / 3.0);
    int sum = level < 0 ? 0 : allocating(level + 1) + text[0] + frame[level % 500];
    free(text);
    return sum;
}

static void recurse_allocating(void) { sink = allocating(0); }

static int waiting(int level) {
    volatile char frame[1000];
    frame[level % 1000] = 1;
    weft_yield();
    return level < 0 ? 0 : waiting(level + 1) + frame[level % 1000];
}

static void recurse_waiting(void) { sink = waiting(0); }

static const struct kind {
    const char *name;
    void (*fault)(void);
    const weft_condition_type *type;
} kinds[] = {{"division by zero", divide, &weft_type_arithmetic_fault},
             {"write to NULL", write_to_null, &weft_type_memory_fault},
             {"memcpy", copy_from_null, &weft_type_memory_fault},
             {"illegal instruction", illegal, &weft_type_instruction_fault},
             {"abort", aborts, &weft_type_aborted},
             {"recursion", recurse, &weft_type_stack_exhausted},
             {"recursion with malloc and snprintf", recurse_allocating, &weft_type_stack_exhausted},
             {"recursion with waits", recurse_waiting, &weft_type_stack_exhausted}};
enum { KINDS = sizeof kinds / sizeof *kinds };

WEFT_TASK(int, faulting, (int, kind), (bool, waits)) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        atomic_fetch_add(&entered, 1);
        if (waits) CHECK_OK(weft_sleep(weft_after(0.00005)));
        kinds[kind].fault();
    }
    return 1;
}

/* What others do meanwhile. */
WEFT_TASK(int, busy, (int, seed)) {
    char text[200];
    for (int i = 0; i < 20; i++) {
        void *memory = malloc((size_t)(seed * 37 + i * 91) % 5000 + 1);
        snprintf(text, sizeof text, "%d %g %p", i, i / 7.0, memory);
        free(memory);
        if (i % 5 == 0) weft_yield();
    }
    return 0;
}

static weft_kernel *kernel;
static weft_channel *results, *others;

static bool open_scene(void) {
    if (weft_catchable_faults() != ALL) {
        SKIP("tasks are not interrupted here, so their faults do not become conditions");
        return false;
    }
    weft_set(weft_debug_tasks, false);
    weft_set(weft_caught_faults, ALL);
    kernel = kernel_here();
    results = weft_make_channel(int);
    others = weft_make_channel(int);
    atomic_store(&cleaned, 0);
    atomic_store(&entered, 0);
    return true;
}

static void close_scene(void) {
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_channel(others));
    end_and_free(kernel);
    weft_set(weft_caught_faults, WEFT_FAULT_ARITHMETIC | WEFT_FAULT_STACK);
    weft_set(weft_debug_tasks, true);
}

static void receive_faults(int kind, int count) {
    for (int n = 0; n < count; n++) {
        int value;
        if (!CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED)) continue;
        if (!CHECK(weft_condition_is(weft_last_condition(), kinds[kind].type))) FAIL("%s", kinds[kind].name);
    }
}

static void many_of(int kind) {
    int times = (int)load_rounds(EACH);
    for (int done = 0; done < times; done += BATCH) {
        int count = times - done < BATCH ? times - done : BATCH;
        for (int n = 0; n < count; n++) {
            CHECK_OK(weft_submit(results, faulting, kind, n % 2 == 0));
            if (n % 8 == 0) CHECK_OK(weft_submit(others, busy, n));
        }
        receive_faults(kind, count);
        int value;
        for (int n = 0; n < count; n += 8) CHECK_OK(weft_receive_result(others, &value, patience()));
    }
    CHECK_EQ(atomic_exchange(&cleaned, 0), times);
}

TEST_WITH_LIMIT(a_thousand_faults_of_each_kind_are_received_and_nothing_else_is_hurt, 120) {
    if (!open_scene()) return;
    for (int kind = 0; kind < KINDS; kind++) many_of(kind);
    close_scene();
}

/* A task that faults may be marked to die before, in the middle, or never. */
TEST_WITH_LIMIT(faults_and_kills_of_the_same_tasks_give_one_outcome_each, 120) {
    if (!open_scene()) return;
    size_t rounds = load_rounds(400);
    int killed = 0, failed = 0;
    uint64_t random = harness_seed();
    for (size_t round = 0; round < rounds; round++) {
        int kind = (int)(round % KINDS), before = atomic_load(&entered);
        WEFT_BIND(weft_task_category, doomed) {
            for (int n = 0; n < 4; n++) CHECK_OK(weft_submit(results, faulting, kind, n % 2 == 0));
        }
        CHECK_EVENTUALLY(atomic_load(&entered) > before);
        for (uint64_t pause = harness_random(&random) % 20000; pause > 0; pause--) __asm__ volatile("");
        weft_kill_tasks(kernel, doomed, NULL);
        for (int n = 0; n < 4; n++) {
            int value;
            weft_status status = weft_receive_result(results, &value, patience());
            if (status == WEFT_KILLED)
                killed++;
            else if (CHECK_STATUS(status, WEFT_FAILED))
                failed++;
        }
    }
    CHECK_EQ(killed + failed, 4 * (int)rounds);
    CHECK_GE(atomic_load(&cleaned), failed);
    CHECK_OK(weft_wait_killed(NULL, NULL, patience(), NULL));
    close_scene();
}
