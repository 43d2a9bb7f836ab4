/* SPDX-License-Identifier: MIT */
/* weft.c - LU factors of a sparse matrix of blocks with spawn and sync: seconds, and in ratio to the twin. */
#include <weft.h>

#include "../harness/bench.h"
#include "twin.h"

WEFT_TASK(void, forward, (const float *, diagonal), (float *, right)) { lu_forward(diagonal, right); }
WEFT_TASK(void, divide, (const float *, diagonal), (float *, below)) { lu_divide(diagonal, below); }
WEFT_TASK(void, update, (const float *, below), (const float *, right), (float **, rest)) {
    lu_update(below, right, rest);
}

WEFT_TASK(void, factor, (lu_matrix *, m)) {
    for (int k = 0; k < m->blocks; k++) {
        int forwards = 0, divides = 0, updates = 0;
        float *diagonal = *lu_at(m, k, k);
        lu_diagonal(diagonal);
        for (int j = k + 1; j < m->blocks; j++) {
            if (*lu_at(m, k, j) == NULL) continue;
            weft_spawn(forward, diagonal, *lu_at(m, k, j));
            forwards++;
        }
        for (int i = k + 1; i < m->blocks; i++) {
            if (*lu_at(m, i, k) == NULL) continue;
            weft_spawn(divide, diagonal, *lu_at(m, i, k));
            divides++;
        }
        while (divides-- > 0) weft_sync(divide);
        while (forwards-- > 0) weft_sync(forward);
        for (int i = k + 1; i < m->blocks; i++)
            for (int j = k + 1; j < m->blocks; j++) {
                if (*lu_at(m, i, k) == NULL || *lu_at(m, k, j) == NULL) continue;
                weft_spawn(update, *lu_at(m, i, k), *lu_at(m, k, j), lu_at(m, i, j));
                updates++;
            }
        while (updates-- > 0) weft_sync(update);
    }
}

static int blocks;

static void round_of_factors(void *argument, double *values) {
    lu_matrix given = lu_make(blocks), ours = lu_make(blocks), twins = lu_make(blocks);
    int64_t start = bench_clock();
    bench_require(weft_submit((weft_channel *)argument, factor, &ours) == WEFT_OK, "submit");
    bench_require(weft_receive_done((weft_channel *)argument, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)(bench_clock() - start) / 1e9;
    start = bench_clock();
    lu_sequential(&twins);
    values[1] = values[0] / ((double)(bench_clock() - start) / 1e9);
    bench_require(lu_same(&ours, &twins) && lu_is_product(&ours, &given), "wrong factors");
    lu_free(&given);
    lu_free(&ours);
    lu_free(&twins);
}

static void measure(unsigned workers, const char *name, const char *ratio) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    weft_channel *done = weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel});
    bench_require(kernel != NULL && done != NULL, "no kernel or no channel");
    bench_measure((bench_figure[]){{name, "s"}, {ratio, "x"}}, 2, round_of_factors, done);
    bench_require(weft_free_channel(done) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    blocks = (int)bench_count(24);
    measure(1, "sparselu.w1", "sparselu.w1.to-sequential");
    measure(2, "sparselu.w2", "sparselu.w2.to-sequential");
    return 0;
}
