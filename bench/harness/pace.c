/* SPDX-License-Identifier: MIT */
/* pace.c - how much of its processors this machine has to itself: additions that do not wait for each other, on all
 * processors at once, in ratio to a chain of multiplications.
 *
 * Where somebody else's thread runs on the other half of a processor's core, as on a shared host, the chain takes as
 * long as before, but such additions, and with them most programs, up to twice as long. Prints thousandths, of the
 * processor that fares worst. scripts/bench -q waits until that is near the least it has seen.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>

#include "bench.h"

enum { MOST = 256, TURNS = 10, STEPS = 1000000 };

typedef struct half {
    pthread_t thread;
    unsigned cpu;
    double pace;
} half;

static double additions(void) {
    uint64_t a = 0, b = 0, c = 0, d = 0;
    int64_t start = bench_clock();
    for (int i = 0; i < STEPS; i++) {
        a += 1, b += 1, c += 1, d += 1;
        __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d)); /* each is done */
    }
    return (double)(bench_clock() - start);
}

static double chain(void) {
    uint64_t value = 1;
    int64_t start = bench_clock();
    for (int i = 0; i < STEPS; i++) {
        value = value * UINT64_C(6364136223846793005) + 1;
        __asm__ volatile("" : "+r"(value));
    }
    return (double)(bench_clock() - start);
}

static void *measure(void *argument) {
    half *self = argument;
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(self->cpu, &here);
    bench_require(pthread_setaffinity_np(pthread_self(), sizeof here, &here) == 0, "pin");
    double sums = 0, products = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        sums += additions();
        products += chain();
    }
    self->pace = sums / products;
    return NULL;
}

int main(void) {
    static half halves[MOST];
    cpu_set_t all;
    int count = 0;
    double worst = 0;
    bench_require(sched_getaffinity(0, sizeof all, &all) == 0, "affinity");
    for (unsigned cpu = 0; cpu < CPU_SETSIZE && count < MOST; cpu++)
        if (CPU_ISSET(cpu, &all)) halves[count++].cpu = cpu;
    for (int i = 0; i < count; i++)
        bench_require(pthread_create(&halves[i].thread, NULL, measure, &halves[i]) == 0, "thread");
    for (int i = 0; i < count; i++) {
        pthread_join(halves[i].thread, NULL);
        if (halves[i].pace > worst) worst = halves[i].pace;
    }
    printf("%.0f\n", worst * 1000);
    return 0;
}
