/* SPDX-License-Identifier: MIT */
/* openmp.c - the same with OpenMP's tasks. */
#include <omp.h>

#include "../harness/bench.h"
#include "twin.h"

static void multiply(const product *p) {
    product parts[STRASSEN_PRODUCTS];
    if (p->side <= STRASSEN_LEAST) {
        product_plain(p);
        return;
    }
    double *memory = product_split(p, parts);
    for (int i = 1; i < STRASSEN_PRODUCTS; i++) {
        const product *part = &parts[i];
#pragma omp task firstprivate(part)
        multiply(part);
    }
    multiply(&parts[0]);
#pragma omp taskwait
    product_join(p, parts, memory);
}

static size_t side;

static void round_of_products(void *argument, double *values) {
    product p = product_make(side);
    (void)argument;
    int64_t start = bench_clock();
#pragma omp parallel
#pragma omp single
    multiply(&p);
    values[0] = (double)(bench_clock() - start) / 1e9;
    bench_require(product_holds(&p), "wrong product");
    product_free(&p);
}

static void measure(int workers, const char *name) {
    omp_set_num_threads(workers);
    bench_measure(&(bench_figure){name, "s"}, 1, round_of_products, NULL);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "openmp", 180);
    side = (size_t)bench_count(1024);
    bench_require((side & (side - 1)) == 0, "-n takes a power of two");
    measure(1, "strassen.w1");
    measure(2, "strassen.w2");
    return 0;
}
