/* SPDX-License-Identifier: MIT */
/* weft.c - Strassen's product of two matrices of 1024 by 1024 with spawn and sync: seconds, and in ratio to the twin.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "twin.h"

WEFT_TASK(void, multiply, (const product *, p)) {
    product parts[STRASSEN_PRODUCTS];
    if (p->side <= STRASSEN_LEAST) {
        product_plain(p);
        return;
    }
    double *memory = product_split(p, parts);
    for (int i = 1; i < STRASSEN_PRODUCTS; i++) weft_spawn(multiply, &parts[i]);
    weft_call(multiply, &parts[0]);
    for (int i = 1; i < STRASSEN_PRODUCTS; i++) weft_sync(multiply);
    product_join(p, parts, memory);
}

static size_t side;

static void round_of_products(void *argument, double *values) {
    product p = product_make(side);
    int64_t start = bench_clock();
    bench_require(weft_submit((weft_channel *)argument, multiply, &p) == WEFT_OK, "submit");
    bench_require(weft_receive_done((weft_channel *)argument, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)(bench_clock() - start) / 1e9;
    bench_require(product_holds(&p), "wrong product");
    start = bench_clock();
    product_sequential(&p);
    values[1] = values[0] / ((double)(bench_clock() - start) / 1e9);
    product_free(&p);
}

static void measure(unsigned workers, const char *name, const char *ratio) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    weft_channel *done = weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel});
    bench_require(kernel != NULL && done != NULL, "no kernel or no channel");
    bench_measure((bench_figure[]){{name, "s"}, {ratio, "x"}}, 2, round_of_products, done);
    bench_require(weft_free_channel(done) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    side = (size_t)bench_count(1024);
    bench_require((side & (side - 1)) == 0, "-n takes a power of two");
    measure(1, "strassen.w1", "strassen.w1.to-sequential");
    measure(2, "strassen.w2", "strassen.w2.to-sequential");
    return 0;
}
