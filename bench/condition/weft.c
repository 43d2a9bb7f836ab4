/* SPDX-License-Identifier: MIT */
/* weft.c - a signal that a handler declines, and a restart to a frame ten calls further out with three clean-ups. */
#include <weft.h>

#include "../harness/bench.h"

WEFT_CONDITION_TYPE(trouble, weft_type_error);

static long declined, cleaned;

static void decline(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    declined++;
}

static void round_of_signals(void *argument, double *values) {
    long count = bench_count(1000000);
    (void)argument;
    int64_t start = bench_clock();
    WEFT_HANDLER_BIND(&weft_type_error, decline, NULL) {
        for (long i = 0; i < count; i++) weft_signal(&trouble, "trouble");
    }
    values[0] = (double)(bench_clock() - start) / (double)count;
}

static void restart(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    weft_invoke_restart("go-on");
}

static void clean(void *unused) {
    (void)unused;
    cleaned++;
}

static __attribute__((noinline)) int descend(int depth) {
    if (depth == 0) weft_error(&trouble, "trouble");
    if (depth % 3 != 0) return descend(depth - 1) + 1;
    WEFT_UNWIND_PROTECT(clean, NULL) { depth = descend(depth - 1); }
    return depth;
}

static __attribute__((noinline)) void once(void) {
    WEFT_RESTART_CASE {
        WEFT_TRY { descend(9); }
        WEFT_RESTART("go-on") {}
    }
}

static void round_of_restarts(void *argument, double *values) {
    long count = bench_count(1000000) / 10;
    (void)argument;
    cleaned = 0;
    int64_t start = bench_clock();
    WEFT_HANDLER_BIND(&weft_type_error, restart, NULL) {
        for (long i = 0; i < count; i++) once();
    }
    values[0] = (double)(bench_clock() - start) / (double)count;
    bench_require(cleaned == 3 * count, "clean-ups");
}

static __attribute__((noinline)) void once_by_case(void) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { descend(9); }
        WEFT_HANDLE(&weft_type_error, condition) { (void)condition; }
    }
}

static void round_of_cases(void *argument, double *values) {
    long count = bench_count(1000000) / 10;
    (void)argument;
    cleaned = 0;
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) once_by_case();
    values[0] = (double)(bench_clock() - start) / (double)count;
    bench_require(cleaned == 3 * count, "clean-ups");
}

WEFT_TASK(int, fails, (int, value)) {
    descend(9);
    return value;
}

/* A batch of tasks that fail, each received. */
static void round_of_failures(void *argument, double *values) {
    weft_channel *results = argument;
    long count = bench_count(1000000) / 100;
    int value;
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) bench_require(weft_submit(results, fails, (int)i) == WEFT_OK, "submit");
    for (long i = 0; i < count; i++)
        bench_require(weft_receive_result(results, &value, WEFT_FOREVER) == WEFT_FAILED, "receive");
    values[0] = (double)(bench_clock() - start) / (double)count;
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    bench_figure figures[] = {{"condition.declined", "ns"},
                              {"condition.transfer", "ns"},
                              {"condition.failed-task", "ns"},
                              {"condition.case", "ns"}};
    bench_measure(&figures[0], 1, round_of_signals, NULL);
    bench_measure(&figures[1], 1, round_of_restarts, NULL);
    bench_measure(&figures[3], 1, round_of_cases, NULL);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(int);
    bench_require(kernel != NULL && results != NULL, "kernel");
    weft_set(weft_debug_tasks, false);
    bench_measure(&figures[2], 1, round_of_failures, results);
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
    return 0;
}
