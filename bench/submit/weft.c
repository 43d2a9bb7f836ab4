/* SPDX-License-Identifier: MIT */
/* weft.c - a plain thread submits a million tasks with an int result and receives every result. */
#include <weft.h>

#include "../harness/bench.h"

WEFT_TASK(int, same, (int, value)) { return value; }

typedef struct setting {
    long count;
    weft_channel *results;
} setting;

static void round_of_submit(void *argument, double *values) {
    setting *s = argument;
    int64_t start = bench_clock(), sum = 0;
    for (long i = 0; i < s->count; i++) bench_require(weft_submit(s->results, same, (int)i) == WEFT_OK, "submit");
    for (long i = 0; i < s->count; i++) {
        int value;
        bench_require(weft_receive_result(s->results, &value, WEFT_FOREVER) == WEFT_OK, "receive");
        sum += value;
    }
    values[0] = (double)(bench_clock() - start) / (double)s->count;
    bench_require(sum == s->count * (s->count - 1) / 2, "a result is missing");
}

static void measure(unsigned workers, const char *name) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    setting s = {bench_count(1000000), weft_make_channel_with(int, &options)};
    bench_require(s.results != NULL, "no channel");
    bench_figure figure = {name, "ns/task"};
    bench_measure(&figure, 1, round_of_submit, &s);
    bench_require(weft_free_channel(s.results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    measure(1, "submit.w1");
    measure(2, "submit.w2");
    return 0;
}
