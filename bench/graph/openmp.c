/* SPDX-License-Identifier: MIT */
/* openmp.c - the peer in OpenMP: tasks with dependences, which are made as they run; the same chain, fan and layers. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/bench.h"

enum { LAYER = 100, NEEDS = 3 };

static long *values;

static void chain(long count) {
    long *v = values;
    for (long i = 0; i < count; i++) {
        long before = i != 0 ? i - 1 : count; /* the first needs one that nobody makes */
#pragma omp task depend(in : v[before]) depend(out : v[i]) firstprivate(v, i, before)
        v[i] = 1 + (v[before] & 0xffff);
    }
}

static void fan(long count) {
    long *v = values;
    for (long i = 0; i < count; i++) {
#pragma omp task depend(out : v[i]) firstprivate(v, i)
        v[i] = 1;
    }
#pragma omp task depend(iterator(long k = 0 : count), in : v[k]) depend(out : v[count]) firstprivate(v, count)
    for (long i = 0; i < count; i++) v[count] += v[i] & 0xffff;
}

static void layers(long count) {
    long *v = values;
    for (long i = 0; i < count; i++) {
        if (i < LAYER) {
#pragma omp task depend(out : v[i]) firstprivate(v, i)
            v[i] = 1;
            continue;
        }
        long base = i / LAYER * LAYER - LAYER;
        long a = base + i * 7 % LAYER, b = base + (i * 7 + 31) % LAYER, c = base + (i * 7 + 62) % LAYER;
#pragma omp task depend(in : v[a], v[b], v[c]) depend(out : v[i]) firstprivate(v, i, a, b, c)
        v[i] = 1 + (v[a] & 0xffff) + (v[b] & 0xffff) + (v[c] & 0xffff);
    }
}

static long count;

static void run(void *shape, double *value) {
    memset(values, 0, ((size_t)count + 1) * sizeof *values);
    void (*make)(long) = *(void (**)(long))shape;
    int64_t start = bench_clock();
#pragma omp parallel
#pragma omp single
    make(count);
    *value = (double)(bench_clock() - start) / (double)count;
    bench_require(values[count - 1] > 0, "not computed");
}

static void measure(int workers, const char *name, void (*shape)(long count)) {
    char text[48];
    snprintf(text, sizeof text, "graph.%s.whole.w%d", name, workers);
    omp_set_num_threads(workers);
    bench_measure((bench_figure[]){{text, "ns/node"}}, 1, run, &shape);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "openmp", 300);
    count = bench_count(1000000) / LAYER * LAYER;
    values = bench_allocate(((size_t)count + 1) * sizeof *values);
    for (int workers = 1; workers <= 2; workers++) {
        measure(workers, "chain", chain);
        measure(workers, "fan", fan);
        measure(workers, "layers", layers);
    }
    free(values);
    return 0;
}
