/* SPDX-License-Identifier: MIT */
/* weft.c - a plain thread sends a message to a waiting task and gets the answer, beside a raw futex hand-off.
 *
 * As in ../roundtrip, but the task exists and waits on a channel. Both are timed in turn in this process: one after the
 * other, and after a pause of 2 ms in which the thread sleeps, or keeps its own CPU busy.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "../harness/futex.h"

static weft_channel *forth, *back;

WEFT_TASK(void, echo) {
    for (int value; weft_receive(forth, &value, WEFT_FOREVER) == WEFT_OK;)
        bench_require(weft_send(back, &value, WEFT_FOREVER) == WEFT_OK, "send");
}

static double weft_round_trip(void) {
    int value = 7;
    int64_t start = bench_clock();
    bench_require(weft_send(forth, &value, WEFT_FOREVER) == WEFT_OK, "send");
    bench_require(weft_receive(back, &value, WEFT_FOREVER) == WEFT_OK && value == 7, "receive");
    return (double)(bench_clock() - start);
}

enum { PAUSE = 2000000, MOST = 20000 };

typedef struct manner {
    void (*pause)(int64_t nanoseconds); /* NULL: none */
    size_t samples, turn;               /* of each party; how many before it is the other's turn */
} manner;

static void sample(const manner *m, double (*trip)(void), double *taken) {
    for (size_t i = 0; i < m->turn; i++) {
        if (m->pause) m->pause(PAUSE);
        taken[i] = trip() / 1000;
    }
}

static void round_of_trips(void *argument, double *values) {
    static double futex[MOST], weft[MOST];
    const manner *m = argument;
    for (size_t i = 0; i < m->samples; i += m->turn) {
        sample(m, bench_futex_round_trip, futex + i);
        sample(m, weft_round_trip, weft + i);
    }
    values[0] = bench_percentile(futex, m->samples, 0.5);
    values[1] = bench_percentile(futex, m->samples, 0.99);
    values[2] = bench_percentile(weft, m->samples, 0.5);
    values[3] = bench_percentile(weft, m->samples, 0.99);
    values[4] = values[2] / values[0];
}

static void measure(const char *const *names, manner m) {
    bench_figure figures[] = {
        {names[0], "us"}, {names[1], "us"}, {names[2], "us"}, {names[3], "us"}, {names[4], "ratio"}};
    bench_measure(figures, 5, round_of_trips, &m);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 200);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    forth = weft_make_channel(int);
    back = weft_make_channel(int);
    weft_channel *done = weft_make_channel_sized(0, &options);
    bench_require(forth && back && done && weft_submit(done, echo) == WEFT_OK, "begin");
    bench_futex_start();
    measure((const char *const[]){"handoff.hot.futex.p50", "handoff.hot.futex.p99", "handoff.hot.p50",
                                  "handoff.hot.p99", "handoff.hot.to-futex"},
            (manner){NULL, MOST, 500});
    measure((const char *const[]){"handoff.asleep.futex.p50", "handoff.asleep.futex.p99", "handoff.asleep.p50",
                                  "handoff.asleep.p99", "handoff.asleep.to-futex"},
            (manner){bench_pause, 250, 1});
    measure((const char *const[]){"handoff.busy.futex.p50", "handoff.busy.futex.p99", "handoff.busy.p50",
                                  "handoff.busy.p99", "handoff.busy.to-futex"},
            (manner){bench_spin, 250, 1});
    bench_futex_end();
    bench_require(weft_close(forth) == WEFT_OK && weft_receive_done(done, WEFT_FOREVER) == WEFT_OK, "close");
    bench_require(weft_free_channel(forth) == WEFT_OK && weft_free_channel(back) == WEFT_OK &&
                      weft_free_channel(done) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK,
                  "end");
    return 0;
}
