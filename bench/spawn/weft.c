/* SPDX-License-Identifier: MIT */
/* weft.c - a task submits a thousand children in a group and waits for them, again and again: nanoseconds a child.
 *
 * spawn.w1 and spawn.w2: children that do nothing, so that none needs a stack. spawn.parking.w1: children that yield
 * once, so that each takes a stack and gives it back.
 */
#include <weft.h>

#include "../harness/bench.h"

enum { BATCH = 1000 };

typedef struct setting {
    long batches;
    bool parking;
    weft_channel *results;
} setting;

WEFT_TASK(void, child, (int, value)) { bench_empty(value); }

WEFT_TASK(void, parking_child, (int, value)) {
    weft_yield();
    bench_empty(value);
}

WEFT_TASK(int64_t, parent, (long, batches), (bool, parking)) {
    weft_group *group = weft_make_group(NULL);
    bench_require(group != NULL, "no group");
    weft_submit_options options = {.group = group};
    int64_t start = bench_clock();
    for (long b = 0; b < batches; b++) {
        for (int i = 0; i < BATCH; i++) {
            weft_status status = parking ? weft_submit_with(&options, NULL, parking_child, i)
                                         : weft_submit_with(&options, NULL, child, i);
            bench_require(status == WEFT_OK, "submit");
        }
        bench_require(weft_wait_group(group, WEFT_FOREVER) == WEFT_OK, "wait");
    }
    int64_t time = bench_clock() - start;
    bench_require(weft_free_group(group) == WEFT_OK, "free the group");
    return time;
}

static void round_of_batches(void *argument, double *values) {
    setting *s = argument;
    int64_t time;
    bench_require(weft_submit(s->results, parent, s->batches, s->parking) == WEFT_OK, "submit");
    bench_require(weft_receive_result(s->results, &time, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)time / (double)(s->batches * BATCH);
}

static void measure(unsigned workers, bool parking, const char *name) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    setting s = {bench_count(1000000) / BATCH, parking, weft_make_channel_with(int64_t, &options)};
    bench_require(s.results != NULL, "no channel");
    bench_figure figure = {name, "ns/task"};
    bench_measure(&figure, 1, round_of_batches, &s);
    bench_require(weft_free_channel(s.results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    measure(1, false, "spawn.w1");
    measure(2, false, "spawn.w2");
    measure(1, true, "spawn.parking.w1");
    return 0;
}
