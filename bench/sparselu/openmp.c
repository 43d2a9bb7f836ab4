/* SPDX-License-Identifier: MIT */
/* openmp.c - the same with OpenMP's tasks. */
#include <omp.h>

#include "../harness/bench.h"
#include "twin.h"

static void factor(lu_matrix *m) {
    for (int k = 0; k < m->blocks; k++) {
        float *diagonal = *lu_at(m, k, k);
        lu_diagonal(diagonal);
        for (int j = k + 1; j < m->blocks; j++) {
            float *right = *lu_at(m, k, j);
            if (right == NULL) continue;
#pragma omp task firstprivate(diagonal, right)
            lu_forward(diagonal, right);
        }
        for (int i = k + 1; i < m->blocks; i++) {
            float *below = *lu_at(m, i, k);
            if (below == NULL) continue;
#pragma omp task firstprivate(diagonal, below)
            lu_divide(diagonal, below);
        }
#pragma omp taskwait
        for (int i = k + 1; i < m->blocks; i++)
            for (int j = k + 1; j < m->blocks; j++) {
                const float *below = *lu_at(m, i, k), *right = *lu_at(m, k, j);
                float **rest = lu_at(m, i, j);
                if (below == NULL || right == NULL) continue;
#pragma omp task firstprivate(below, right, rest)
                lu_update(below, right, rest);
            }
#pragma omp taskwait
    }
}

static int blocks;

static void round_of_factors(void *argument, double *values) {
    lu_matrix given = lu_make(blocks), ours = lu_make(blocks);
    (void)argument;
    int64_t start = bench_clock();
#pragma omp parallel
#pragma omp single
    factor(&ours);
    values[0] = (double)(bench_clock() - start) / 1e9;
    bench_require(lu_is_product(&ours, &given), "wrong factors");
    lu_free(&given);
    lu_free(&ours);
}

static void measure(int workers, const char *name) {
    omp_set_num_threads(workers);
    bench_measure(&(bench_figure){name, "s"}, 1, round_of_factors, NULL);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "openmp", 180);
    blocks = (int)bench_count(24);
    measure(1, "sparselu.w1");
    measure(2, "sparselu.w2");
    return 0;
}
