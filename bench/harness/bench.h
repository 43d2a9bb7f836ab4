/* SPDX-License-Identifier: MIT */
/* bench.h - what every benchmark program shares: rounds, medians, percentiles, and the one form of output.
 *
 * A program measures figures. A figure has a name such as "submit.w1", a unit, and one value a round; a program belongs
 * to a party: "weft", or a peer such as "go". After one warm-up round, whose values are thrown away, come the rounds,
 * and for each figure one line is printed:
 *
 *     FIGURE/PARTY <tab> median <tab> unit <tab> least <tab> most <tab> rounds
 *
 * scripts/bench collects these lines over several runs of several programs. Options of every program: -r ROUNDS (7),
 * -n COUNT (how much work; its meaning and default belong to the program), -f TEXT (only figures that contain it).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_figure {
    const char *name;
    const char *unit;
} bench_figure;

/* Reads the options and sets the alarm that ends a program that hangs. limit: in seconds. */
void bench_start(int argc, char **argv, const char *party, unsigned limit);
/* The value of -n, or the default. */
long bench_count(long otherwise);
/* The value of -r. */
unsigned bench_rounds(void);
/* Whether -f lets this figure through. */
bool bench_wanted(const char *figure);

/* Runs a warm-up and the rounds; `round` writes one value for each figure. Skipped if -f lets none of them through. */
typedef void bench_round(void *argument, double *values);
void bench_measure(const bench_figure *figures, size_t count, bench_round *round, void *argument);
/* The same, rounds and party given: for a program that measures two parties in turn it prints "FIGURE/PARTY" itself. */
void bench_print(const char *figure, const char *party, const char *unit, double *values, size_t count);

/* Monotonic nanoseconds. */
int64_t bench_clock(void);
/* CPU time that this process has used, in nanoseconds. */
int64_t bench_cpu(void);
/* Resident bytes of this process. */
int64_t bench_resident(void);
/* Keeps the CPU busy for so many nanoseconds. */
void bench_spin(int64_t nanoseconds);
/* Sleeps for so many nanoseconds. */
void bench_pause(int64_t nanoseconds);
/* Sorts the samples and returns the given part of them: 0.5 is the median. */
double bench_percentile(double *samples, size_t count, double part);
/* Ends the program with a message unless the condition holds. */
void bench_require(bool holds, const char *what);
/* malloc that ends the program if there is no memory. */
void *bench_allocate(size_t size);

/* A function that does nothing and that the compiler may neither see through nor drop. */
int bench_empty(int value);
/* Nanoseconds of a loop of `count` plain calls of bench_empty, a call. */
double bench_plain_call(long count);

#ifdef __cplusplus
}
#endif

#endif
