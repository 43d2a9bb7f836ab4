/* SPDX-License-Identifier: MIT */
/* weft.c - a thousand spawns in a row, then as many syncs: nanoseconds a task, and in ratio to the twin. */
#include <weft.h>

#include "../harness/bench.h"
#include "twin.h"

typedef struct setting {
    weft_channel *results;
    int steps, rows;
} setting;

WEFT_TASK(uint64_t, work, (int, number), (int, steps)) { return rows_work(number, steps); }

WEFT_TASK(uint64_t, all_rows, (int, steps), (int, rows)) {
    uint64_t sum = 0;
    while (rows-- > 0) {
        for (int i = 0; i < ROWS_TASKS; i++) weft_spawn(work, i, steps);
        for (int i = 0; i < ROWS_TASKS; i++) sum += weft_sync(work);
    }
    return sum;
}

static void round_of_rows(void *argument, double *values) {
    const setting *s = argument;
    double tasks = (double)s->rows * ROWS_TASKS;
    uint64_t sum = 0, twins = 0;
    int64_t start = bench_clock();
    bench_require(weft_submit(s->results, all_rows, s->steps, s->rows) == WEFT_OK, "submit");
    bench_require(weft_receive_result(s->results, &sum, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)(bench_clock() - start) / tasks;
    start = bench_clock();
    for (int row = 0; row < s->rows; row++) twins += rows_sequential(s->steps);
    values[1] = values[0] / ((double)(bench_clock() - start) / tasks);
    bench_require(sum == twins, "wrong sum");
}

static void measure(unsigned workers, const char *names[4]) {
    int rows = (int)bench_count(100);
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    weft_channel *results = weft_make_channel_sized(sizeof(uint64_t), &(weft_channel_options){.kernel = kernel});
    bench_require(kernel != NULL && results != NULL, "no kernel or no channel");
    setting brief = {results, ROWS_SHORT, rows * 5}, extended = {results, ROWS_LONG, rows};
    bench_measure((bench_figure[]){{names[0], "ns/task"}, {names[1], "x"}}, 2, round_of_rows, &brief);
    bench_measure((bench_figure[]){{names[2], "ns/task"}, {names[3], "x"}}, 2, round_of_rows, &extended);
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    measure(1, (const char *[]){"rows.100ns.w1", "rows.100ns.w1.to-sequential", "rows.1us.w1",
                                "rows.1us.w1.to-sequential"});
    measure(2, (const char *[]){"rows.100ns.w2", "rows.100ns.w2.to-sequential", "rows.1us.w2",
                                "rows.1us.w2.to-sequential"});
    return 0;
}
