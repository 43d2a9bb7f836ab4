/* SPDX-License-Identifier: MIT */
/* trips.c - three ways to time round trips in turn with a raw futex hand-off. */
#include "trips.h"

#include <stdio.h>

#include "bench.h"
#include "futex.h"

enum { PAUSE = 2000000, MOST = 20000, FIGURES = 5 };

typedef struct manner {
    const char *name;
    void (*pause)(int64_t nanoseconds); /* NULL: none */
    size_t samples, turn;               /* of each party; how many before it is the other's turn */
    double (*trip)(void);
} manner;

static void sample(const manner *m, double (*trip)(void), double *taken) {
    for (size_t i = 0; i < m->turn; i++) {
        if (m->pause) m->pause(PAUSE);
        taken[i] = trip() / 1000;
    }
}

static void round_of_trips(void *argument, double *values) {
    static double futex[MOST], ours[MOST];
    const manner *m = argument;
    for (size_t i = 0; i < m->samples; i += m->turn) {
        sample(m, bench_futex_round_trip, futex + i);
        sample(m, m->trip, ours + i);
    }
    values[0] = bench_percentile(futex, m->samples, 0.5);
    values[1] = bench_percentile(futex, m->samples, 0.99);
    values[2] = bench_percentile(ours, m->samples, 0.5);
    values[3] = bench_percentile(ours, m->samples, 0.99);
    values[4] = values[2] / values[0];
}

static void measure(const char *kernel, manner m) {
    static const char *const ends[FIGURES] = {"futex.p50", "futex.p99", "p50", "p99", "to-futex"};
    char names[FIGURES][64];
    bench_figure figures[FIGURES];
    for (int i = 0; i < FIGURES; i++) {
        snprintf(names[i], sizeof names[i], "%s.%s.%s", kernel, m.name, ends[i]);
        figures[i] = (bench_figure){names[i], i < FIGURES - 1 ? "us" : "ratio"};
    }
    bench_measure(figures, FIGURES, round_of_trips, &m);
}

void bench_trips(const char *kernel, double (*trip)(void)) {
    bench_futex_start();
    measure(kernel, (manner){"hot", NULL, MOST, 500, trip});
    measure(kernel, (manner){"asleep", bench_pause, 250, 1, trip});
    measure(kernel, (manner){"busy", bench_spin, 250, 1, trip});
    bench_futex_end();
}
