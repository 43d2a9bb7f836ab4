/* SPDX-License-Identifier: MIT */
/* weft.c - futures: made and forced one by one, in batches of a thousand, and a million in flight: nanoseconds a
 * future, and bytes of those in flight, their records included.
 */
#include <stdlib.h>

#include <weft.h>

#include "../harness/bench.h"

enum { BATCH = 1000 };

WEFT_TASK(int, half, (int, value)) { return value / 2; }

static int force(weft_future *future) {
    int value = 0;
    bench_require(weft_force(future, &value, WEFT_FOREVER) == WEFT_OK, "force");
    weft_release_future(future);
    return value;
}

WEFT_TASK(int64_t, one_by_one, (long, count)) {
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < count; i++) sum += force(weft_future(half, 2));
    bench_require(sum == count, "wrong sum");
    return bench_clock() - start;
}

static void make_and_force(long count, weft_future **all) {
    int64_t sum = 0;
    for (long i = 0; i < count; i++) all[i] = weft_future(half, 2);
    for (long i = 0; i < count; i++) sum += force(all[i]);
    bench_require(sum == count, "wrong sum");
}

WEFT_TASK(int64_t, in_batches, (long, count)) {
    weft_future *all[BATCH];
    int64_t start = bench_clock();
    for (long i = 0; i < count / BATCH; i++) make_and_force(BATCH, all);
    return bench_clock() - start;
}

typedef struct flight {
    int64_t taken;
    double bytes;
} flight;

/* What is resident counts in the first round alone, before there is memory to be used anew. */
WEFT_TASK(flight, in_flight, (long, count)) {
    weft_future **all = bench_allocate((size_t)count * sizeof *all);
    for (long i = 0; i < count; i++) all[i] = NULL; /* their own pages */
    int64_t sum = 0, before = bench_resident(), start = bench_clock();
    for (long i = 0; i < count; i++) all[i] = weft_future(half, 2);
    int64_t made = bench_clock(), resident = bench_resident(), again = bench_clock();
    for (long i = 0; i < count; i++) sum += force(all[i]);
    int64_t taken = bench_clock() - again + made - start;
    bench_require(sum == count, "wrong sum");
    free(all);
    return (flight){taken, (double)(resident - before) / (double)count};
}

static double of(weft_future *future, long count) {
    int64_t taken = 0;
    bench_require(weft_force(future, &taken, weft_after(100.0)) == WEFT_OK, "run");
    weft_release_future(future);
    return (double)taken / (double)count;
}

static double bytes; /* of the first round in the process: later ones use memory anew */
static size_t values_wanted;

static void run(void *unused, double *values) {
    (void)unused;
    long count = bench_count(1000000);
    flight flown = {0, 0};
    values[0] = of(weft_future(one_by_one, count), count);
    values[1] = of(weft_future(in_batches, count), count / BATCH * BATCH);
    weft_future *all = weft_future(in_flight, count);
    bench_require(weft_force(all, &flown, weft_after(100.0)) == WEFT_OK, "run");
    weft_release_future(all);
    values[2] = (double)flown.taken / (double)count;
    if (flown.bytes > bytes) bytes = flown.bytes;
    if (values_wanted > 3) values[3] = bytes;
}

static void measure(unsigned workers, const bench_figure *figures, size_t count) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    values_wanted = count;
    bench_measure(figures, count, run, NULL);
    bench_require(weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    static const bench_figure one[] = {{"future.single.w1", "ns"},
                                       {"future.batch.w1", "ns"},
                                       {"future.flight.w1", "ns"},
                                       {"future.flight.bytes", "bytes"}};
    static const bench_figure two[] = {
        {"future.single.w2", "ns"}, {"future.batch.w2", "ns"}, {"future.flight.w2", "ns"}};
    measure(1, one, 4);
    measure(2, two, 3);
    return 0;
}
