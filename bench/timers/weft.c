/* SPDX-License-Identifier: MIT */
/* weft.c - timeouts armed and cancelled by the million, one at a time, short sleeps, and 100,000 tasks that sleep.
 *
 * timers.arm and timers.cancel: a million (-n) are armed, 1 to 2 hours ahead, then all cancelled and freed; each cancel
 * also delivers its result to a channel. timers.one: arm, cancel and free one after the other. Both from a plain thread
 * and from a task. timers.late: how late a task comes back from a sleep of 1 ms. timers.sleepers: a task makes 100,000
 * tasks that sleep 0 to 1000 ms; time and CPU time in all, and how late they come back.
 */
#include <stdlib.h>

#include <weft.h>

#include "../harness/bench.h"

enum { ONES = 1000, BATCHES = 100, NAPS = 400, SLEEPERS = 100000, BATCH = 1000 };

typedef struct cost {
    double arm, cancel, one;
} cost;

static void drain(weft_channel *channel, long count) {
    for (long i = 0; i < count; i++) {
        int value;
        bench_require(weft_receive(channel, &value, WEFT_FOREVER) == WEFT_OK && value == 2, "receive");
    }
}

static void cancel(weft_timeout *timeout) {
    int cancelled = 2;
    bench_require(weft_cancel_timeout(timeout, &cancelled) == WEFT_OK, "cancel");
    weft_free_timeout(timeout);
}

static weft_timeout *arm(weft_channel *channel, double seconds) {
    int expired = 1;
    weft_timeout *timeout = weft_submit_timeout(channel, seconds, &expired);
    bench_require(timeout != NULL, "arm");
    return timeout;
}

static cost measure_many(weft_channel *channel, long count) {
    weft_timeout **timeouts = bench_allocate((size_t)count * sizeof *timeouts);
    cost c = {0, 0, 0};
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) timeouts[i] = arm(channel, 3600 + (double)(i * 7919 % count) * 0.0036);
    int64_t armed = bench_clock();
    for (long i = 0; i < count; i++) cancel(timeouts[i]);
    c.cancel = (double)(bench_clock() - armed) / (double)count;
    c.arm = (double)(armed - start) / (double)count;
    drain(channel, count);
    free(timeouts);
    return c;
}

static double measure_one(weft_channel *channel) {
    int64_t time = 0;
    for (int b = 0; b < BATCHES; b++) {
        int64_t start = bench_clock();
        for (int i = 0; i < ONES; i++) cancel(arm(channel, 3600));
        time += bench_clock() - start;
        drain(channel, ONES);
    }
    return (double)time / (ONES * BATCHES);
}

static cost measure_costs(weft_channel *channel, long count) {
    cost c = measure_many(channel, count);
    c.one = measure_one(channel);
    return c;
}

WEFT_TASK(cost, costs_in_task, (weft_channel *, channel), (long, count)) { return measure_costs(channel, count); }

typedef struct setting {
    long count;
    weft_channel *channel, *results, *done, *marks;
} setting;

static void store(cost c, double *values) {
    values[0] = c.arm;
    values[1] = c.cancel;
    values[2] = c.one;
}

static void round_in_thread(void *argument, double *values) {
    setting *s = argument;
    store(measure_costs(s->channel, s->count), values);
}

static void round_in_task(void *argument, double *values) {
    setting *s = argument;
    cost c;
    bench_require(weft_submit(s->results, costs_in_task, s->channel, s->count) == WEFT_OK, "submit");
    bench_require(weft_receive_result(s->results, &c, WEFT_FOREVER) == WEFT_OK, "receive");
    store(c, values);
}

static double late[SLEEPERS];

static double nap(int64_t nanoseconds) {
    int64_t deadline = weft_time() + nanoseconds;
    bench_require(weft_sleep(deadline) == WEFT_OK, "sleep");
    return (double)(weft_time() - deadline) / 1000;
}

WEFT_TASK(void, napper) {
    for (int i = 0; i < NAPS; i++) late[i] = nap(1000000);
}

static void round_of_naps(void *argument, double *values) {
    setting *s = argument;
    bench_require(weft_submit(s->done, napper) == WEFT_OK, "submit");
    bench_require(weft_receive_done(s->done, WEFT_FOREVER) == WEFT_OK, "done");
    values[0] = bench_percentile(late, NAPS, 0.5);
    values[1] = bench_percentile(late, NAPS, 0.99);
}

WEFT_TASK(void, sleeper, (int, index)) {
    late[index] = nap((int64_t)((uint32_t)index * 2654435761u % 1000001u) * 1000);
}

WEFT_TASK(void, mark) {}

/* A mark after each thousand: when it is done, those before it have begun and sleep. */
WEFT_TASK(void, make_sleepers, (weft_group *, group), (weft_channel *, marks)) {
    weft_submit_options options = {.group = group};
    for (int i = 0; i < SLEEPERS; i++) {
        bench_require(weft_submit_with(&options, NULL, sleeper, i) == WEFT_OK, "submit");
        if (i % BATCH != BATCH - 1) continue;
        bench_require(weft_submit(marks, mark) == WEFT_OK, "submit");
        bench_require(weft_receive_done(marks, WEFT_FOREVER) == WEFT_OK, "receive");
    }
}

static void round_of_sleepers(void *argument, double *values) {
    setting *s = argument;
    int64_t start = bench_clock(), cpu = bench_cpu();
    weft_group *group = weft_make_group(NULL);
    bench_require(group != NULL && weft_submit(s->done, make_sleepers, group, s->marks) == WEFT_OK, "submit");
    bench_require(weft_receive_done(s->done, WEFT_FOREVER) == WEFT_OK, "done");
    bench_require(weft_wait_group(group, WEFT_FOREVER) == WEFT_OK && weft_free_group(group) == WEFT_OK, "wait");
    values[0] = (double)(bench_clock() - start) / 1e9;
    values[1] = (double)(bench_cpu() - cpu) / 1e9;
    values[2] = bench_percentile(late, SLEEPERS, 0.5);
    values[3] = bench_percentile(late, SLEEPERS, 0.99);
}

static void measure_all(unsigned workers, setting *s) {
    if (workers == 1) {
        bench_measure(
            (bench_figure[]){{"timers.thread.arm", "ns"}, {"timers.thread.cancel", "ns"}, {"timers.thread.one", "ns"}},
            3, round_in_thread, s);
        bench_measure(
            (bench_figure[]){{"timers.task.arm", "ns"}, {"timers.task.cancel", "ns"}, {"timers.task.one", "ns"}}, 3,
            round_in_task, s);
        bench_measure((bench_figure[]){{"timers.late.p50", "us"}, {"timers.late.p99", "us"}}, 2, round_of_naps, s);
        bench_measure((bench_figure[]){{"timers.sleepers.w1.total", "s"},
                                       {"timers.sleepers.w1.cpu", "s"},
                                       {"timers.sleepers.w1.p50", "us"},
                                       {"timers.sleepers.w1.p99", "us"}},
                      4, round_of_sleepers, s);
    } else {
        bench_measure((bench_figure[]){{"timers.sleepers.w2.total", "s"},
                                       {"timers.sleepers.w2.cpu", "s"},
                                       {"timers.sleepers.w2.p50", "us"},
                                       {"timers.sleepers.w2.p99", "us"}},
                      4, round_of_sleepers, s);
    }
}

static void measure(unsigned workers) {
    weft_kernel_options kernel_options = {.stack_size = 16384};
    weft_kernel *kernel = weft_make_kernel(workers, &kernel_options);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    setting s = {bench_count(1000000), weft_make_channel_with(int, &options), weft_make_channel_with(cost, &options),
                 weft_make_channel_sized(0, &options), weft_make_channel_sized(0, &options)};
    bench_require(s.channel && s.results && s.done && s.marks, "no channel");
    measure_all(workers, &s);
    bench_require(weft_free_channel(s.channel) == WEFT_OK && weft_free_channel(s.results) == WEFT_OK &&
                      weft_free_channel(s.done) == WEFT_OK && weft_free_channel(s.marks) == WEFT_OK &&
                      weft_free_kernel(kernel) == WEFT_OK,
                  "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 300);
    measure(1);
    measure(2);
    return 0;
}
