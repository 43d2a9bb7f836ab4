/* SPDX-License-Identifier: MIT */
/* weft.c - all solutions of 12 queens, a spawn for each safe place and no cut-off: seconds, and in ratio to the twin.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "twin.h"

static int queens;

WEFT_TASK(uint64_t, place, (const board *, before), (int, row)) {
    if (row == queens) return 1;
    board next[QUEENS_MOST];
    int spawned = 0;
    uint64_t sum = 0;
    for (int column = 0; column < queens; column++) {
        next[spawned] = *before;
        next[spawned].at[row] = (char)column;
        if (!board_is_safe(&next[spawned], row)) continue;
        weft_spawn(place, &next[spawned], row + 1);
        spawned++;
    }
    while (spawned-- > 0) sum += weft_sync(place);
    return sum;
}

static void round_of_boards(void *argument, double *values) {
    static const board empty;
    uint64_t result = 0;
    int64_t start = bench_clock();
    bench_require(weft_submit((weft_channel *)argument, place, &empty, 0) == WEFT_OK, "submit");
    bench_require(weft_receive_result((weft_channel *)argument, &result, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)(bench_clock() - start) / 1e9;
    bench_require(result == nqueens_known(queens), "solutions are missing");
    start = bench_clock();
    bench_require(nqueens_sequential(queens, 0, &empty) == result, "the twin differs");
    values[1] = values[0] / ((double)(bench_clock() - start) / 1e9);
}

static void measure(unsigned workers, const char *name, const char *ratio) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel *results = weft_make_channel_sized(sizeof(uint64_t), &(weft_channel_options){.kernel = kernel});
    bench_require(results != NULL, "no channel");
    bench_measure((bench_figure[]){{name, "s"}, {ratio, "x"}}, 2, round_of_boards, results);
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    queens = bench_count(1000000) < 1000000 ? 8 : 12;
    measure(1, "nqueens.w1", "nqueens.w1.to-sequential");
    measure(2, "nqueens.w2", "nqueens.w2.to-sequential");
    return 0;
}
