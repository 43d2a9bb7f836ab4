/* SPDX-License-Identifier: MIT */
/* bench.c - rounds, medians, percentiles and output of the benchmark programs; see bench.h. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FIGURES = 16, MAX_ROUNDS = 101 };

static const char *party = "?";
static const char *filter = NULL;
static long chosen_count = 0;
static unsigned chosen_rounds = 7;

static void usage(const char *program) {
    fprintf(stderr, "usage: %s [-r ROUNDS] [-n COUNT] [-f TEXT]\n", program);
    exit(2);
}

void bench_start(int argc, char **argv, const char *whose, unsigned limit) {
    party = whose;
    for (int option; (option = getopt(argc, argv, "r:n:f:")) != -1;) {
        switch (option) {
        case 'r': chosen_rounds = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'n': chosen_count = strtol(optarg, NULL, 10); break;
        case 'f': filter = optarg; break;
        default: usage(argv[0]);
        }
    }
    if (optind != argc || chosen_rounds < 1 || chosen_rounds > MAX_ROUNDS || chosen_count < 0) usage(argv[0]);
    alarm(limit);
}

long bench_count(long otherwise) { return chosen_count ? chosen_count : otherwise; }

unsigned bench_rounds(void) { return chosen_rounds; }

bool bench_wanted(const char *figure) { return !filter || strstr(figure, filter) != NULL; }

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *samples, size_t count, double part) {
    qsort(samples, count, sizeof *samples, compare);
    return samples[(size_t)(part * (double)(count - 1) + 0.5)];
}

void bench_print(const char *figure, const char *whose, const char *unit, double *values, size_t count) {
    double median = bench_percentile(values, count, 0.5);
    printf("%s/%s\t%.6g\t%s\t%.6g\t%.6g\t%zu\n", figure, whose, median, unit, values[0], values[count - 1], count);
    fflush(stdout);
}

static bool any_wanted(const bench_figure *figures, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bench_wanted(figures[i].name)) return true;
    return false;
}

void bench_measure(const bench_figure *figures, size_t count, bench_round *round, void *argument) {
    static double kept[MAX_FIGURES][MAX_ROUNDS];
    double values[MAX_FIGURES];
    bench_require(count <= MAX_FIGURES, "too many figures in one measurement");
    if (!any_wanted(figures, count)) return;
    round(argument, values); /* warm-up */
    for (unsigned r = 0; r < chosen_rounds; r++) {
        round(argument, values);
        for (size_t i = 0; i < count; i++) kept[i][r] = values[i];
    }
    for (size_t i = 0; i < count; i++)
        if (bench_wanted(figures[i].name)) bench_print(figures[i].name, party, figures[i].unit, kept[i], chosen_rounds);
}

int64_t bench_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t nanoseconds(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

int64_t bench_cpu(void) {
    struct rusage usage_now;
    getrusage(RUSAGE_SELF, &usage_now);
    return nanoseconds(usage_now.ru_utime) + nanoseconds(usage_now.ru_stime);
}

int64_t bench_resident(void) {
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    bench_require(file && fscanf(file, "%ld %ld", &total, &resident) == 2, "cannot read /proc/self/statm");
    fclose(file);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

void bench_spin(int64_t nanoseconds_to_spin) {
    int64_t end = bench_clock() + nanoseconds_to_spin;
    while (bench_clock() < end)
        ;
}

void bench_pause(int64_t nanoseconds_to_sleep) {
    struct timespec time = {nanoseconds_to_sleep / 1000000000, nanoseconds_to_sleep % 1000000000};
    nanosleep(&time, NULL);
}

void bench_require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "bench: %s: %s\n", party, what);
    exit(1);
}

void *bench_allocate(size_t size) {
    void *memory = malloc(size);
    bench_require(memory != NULL, "no memory");
    return memory;
}

__attribute__((noinline)) int bench_empty(int value) {
    __asm__ volatile("" ::: "memory");
    return value;
}

double bench_plain_call(long count) {
    int64_t start = bench_clock();
    for (long i = 0; i < count; i++) bench_empty((int)i);
    return (double)(bench_clock() - start) / (double)count;
}
