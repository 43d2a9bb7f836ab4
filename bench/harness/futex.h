/* SPDX-License-Identifier: MIT */
/* futex.h - the raw futex hand-off: a thread that answers each request, with nothing around the system calls.
 *
 * It is the measure for round trips through a kernel that sleeps: each side stores a word, wakes the other and waits.
 * Neither side spins. It runs in the same process as what it is compared with, in turn with it, because the price of a
 * wake-up on a virtual machine changes from minute to minute.
 */
#ifndef BENCH_FUTEX_H
#define BENCH_FUTEX_H

#include <stdint.h>

/* Starts the answering thread. */
void bench_futex_start(void);
/* One request and its answer; returns the nanoseconds it took. */
double bench_futex_round_trip(void);
/* Ends the answering thread and waits for it. */
void bench_futex_end(void);

#endif
