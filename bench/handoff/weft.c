/* SPDX-License-Identifier: MIT */
/* weft.c - a plain thread sends a message to a waiting task and gets the answer, beside a raw futex hand-off.
 *
 * As in ../roundtrip, but the task exists and waits on a channel. Both are timed in turn in this process: one after the
 * other, and after a pause of 2 ms in which the thread sleeps, or keeps its own CPU busy.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "../harness/trips.h"

static weft_channel *forth, *back;

WEFT_TASK(void, echo) {
    for (int value; weft_receive(forth, &value, WEFT_FOREVER) == WEFT_OK;)
        bench_require(weft_send(back, &value, WEFT_FOREVER) == WEFT_OK, "send");
}

static double weft_round_trip(void) {
    int value = 7;
    int64_t start = bench_clock();
    bench_require(weft_send(forth, &value, WEFT_FOREVER) == WEFT_OK, "send");
    bench_require(weft_receive(back, &value, WEFT_FOREVER) == WEFT_OK && value == 7, "receive");
    return (double)(bench_clock() - start);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 200);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    forth = weft_make_channel(int);
    back = weft_make_channel(int);
    weft_channel *done = weft_make_channel_sized(0, &options);
    bench_require(forth && back && done && weft_submit(done, echo) == WEFT_OK, "begin");
    bench_trips("handoff", weft_round_trip);
    bench_require(weft_close(forth) == WEFT_OK && weft_receive_done(done, WEFT_FOREVER) == WEFT_OK, "close");
    bench_require(weft_free_channel(forth) == WEFT_OK && weft_free_channel(back) == WEFT_OK &&
                      weft_free_channel(done) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK,
                  "end");
    return 0;
}
