/* SPDX-License-Identifier: MIT */
/* weft.c - one task submitted by a plain thread to an idle kernel and its result received, beside a raw futex hand-off.
 *
 * Both are timed in turn in this process. Three ways: one after the other; with the kernel asleep, after a pause in
 * which the thread sleeps too; and after a pause in which the thread keeps its own CPU busy.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "../harness/futex.h"

WEFT_TASK(int, same, (int, value)) { return value; }

static weft_channel *results;

static double weft_round_trip(void) {
    int value = 0;
    int64_t start = bench_clock();
    bench_require(weft_submit(results, same, 7) == WEFT_OK, "submit");
    bench_require(weft_receive_result(results, &value, WEFT_FOREVER) == WEFT_OK && value == 7, "receive");
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
    results = weft_make_channel_with(int, &options);
    bench_require(results != NULL, "no channel");
    bench_futex_start();
    measure((const char *const[]){"roundtrip.hot.futex.p50", "roundtrip.hot.futex.p99", "roundtrip.hot.p50",
                                  "roundtrip.hot.p99", "roundtrip.hot.to-futex"},
            (manner){NULL, MOST, 500});
    measure((const char *const[]){"roundtrip.asleep.futex.p50", "roundtrip.asleep.futex.p99", "roundtrip.asleep.p50",
                                  "roundtrip.asleep.p99", "roundtrip.asleep.to-futex"},
            (manner){bench_pause, 250, 1});
    measure((const char *const[]){"roundtrip.busy.futex.p50", "roundtrip.busy.futex.p99", "roundtrip.busy.p50",
                                  "roundtrip.busy.p99", "roundtrip.busy.to-futex"},
            (manner){bench_spin, 250, 1});
    bench_futex_end();
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
    return 0;
}
