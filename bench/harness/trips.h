/* SPDX-License-Identifier: MIT */
/* trips.h - the round trips of a kernel, each way beside a raw futex hand-off that is timed in turn with it.
 *
 * Three ways: one after the other; after a pause of 2 ms in which the thread sleeps, so that all sleep; and after a
 * pause in which the thread keeps its own CPU busy. The figures are KERNEL.hot, KERNEL.asleep and KERNEL.busy:
 * futex.p50, futex.p99, p50, p99 in microseconds, and to-futex, the ratio of the medians.
 */
#ifndef BENCH_TRIPS_H
#define BENCH_TRIPS_H

/* trip: makes one round trip and returns the nanoseconds it took. */
void bench_trips(const char *kernel, double (*trip)(void));

#endif
