/* SPDX-License-Identifier: MIT */
/* futex.c - the raw futex hand-off alone, for a machine on which the library is not built. */
#include "../harness/futex.h"
#include "../harness/bench.h"

enum { PAUSE = 2000000, MOST = 20000 };

static void sample(void (*pause)(int64_t), size_t samples, double *values) {
    static double taken[MOST];
    for (size_t i = 0; i < samples; i++) {
        if (pause) pause(PAUSE);
        taken[i] = bench_futex_round_trip() / 1000;
    }
    values[0] = bench_percentile(taken, samples, 0.5);
    values[1] = bench_percentile(taken, samples, 0.99);
}

static void hot(void *unused, double *values) {
    (void)unused;
    sample(NULL, MOST, values);
}

static void asleep(void *unused, double *values) {
    (void)unused;
    sample(bench_pause, 250, values);
}

static void busy(void *unused, double *values) {
    (void)unused;
    sample(bench_spin, 250, values);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "futex", 120);
    bench_futex_start();
    bench_measure((bench_figure[]){{"roundtrip.hot.p50", "us"}, {"roundtrip.hot.p99", "us"}}, 2, hot, NULL);
    bench_measure((bench_figure[]){{"roundtrip.asleep.p50", "us"}, {"roundtrip.asleep.p99", "us"}}, 2, asleep, NULL);
    bench_measure((bench_figure[]){{"roundtrip.busy.p50", "us"}, {"roundtrip.busy.p99", "us"}}, 2, busy, NULL);
    bench_futex_end();
    return 0;
}
