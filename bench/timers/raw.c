/* SPDX-License-Identifier: MIT */
/* raw.c - the peer without a library: how late a thread comes back from a clock_nanosleep of 1 ms, with exact slack. */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <time.h>

#include "../harness/bench.h"

enum { NAPS = 400 };

static void round_of_naps(void *unused, double *values) {
    static double late[NAPS];
    (void)unused;
    for (int i = 0; i < NAPS; i++) {
        int64_t deadline = bench_clock() + 1000000;
        struct timespec time = {deadline / 1000000000, deadline % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
        late[i] = (double)(bench_clock() - deadline) / 1000;
    }
    values[0] = bench_percentile(late, NAPS, 0.5);
    values[1] = bench_percentile(late, NAPS, 0.99);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "raw", 60);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    bench_measure((bench_figure[]){{"timers.late.p50", "us"}, {"timers.late.p99", "us"}}, 2, round_of_naps, NULL);
    return 0;
}
