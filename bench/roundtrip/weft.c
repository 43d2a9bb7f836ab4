/* SPDX-License-Identifier: MIT */
/* weft.c - one task submitted by a plain thread to an idle kernel and its result received, beside a raw futex hand-off.
 *
 * Both are timed in turn in this process. Three ways: one after the other; with the kernel asleep, after a pause in
 * which the thread sleeps too; and after a pause in which the thread keeps its own CPU busy.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "../harness/trips.h"

WEFT_TASK(int, same, (int, value)) { return value; }

static weft_channel *results;

static double weft_round_trip(void) {
    int value = 0;
    int64_t start = bench_clock();
    bench_require(weft_submit(results, same, 7) == WEFT_OK, "submit");
    bench_require(weft_receive_result(results, &value, WEFT_FOREVER) == WEFT_OK && value == 7, "receive");
    return (double)(bench_clock() - start);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 200);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    results = weft_make_channel_with(int, &options);
    bench_require(results != NULL, "no channel");
    bench_trips("roundtrip", weft_round_trip);
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
    return 0;
}
