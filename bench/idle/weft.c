/* SPDX-License-Identifier: MIT */
/* weft.c - what a kernel of two workers uses of the CPU over 10 seconds (-n) without work, having had some. */
#include <weft.h>

#include "idle.h"

WEFT_TASK(int, same, (int, value)) { return value; }

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 200);
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    weft_channel *results = weft_make_channel_with(int, &options);
    bench_require(results != NULL, "no channel");
    for (int i = 0; i < 1000; i++) bench_require(weft_submit(results, same, i) == WEFT_OK, "submit");
    WEFT_DO_FAST_RECEIVES(int, value, results, 1000) { bench_require(value >= 0 && value < 1000, "a wrong result"); }
    idle_watch("weft", bench_count(10));
    bench_require(weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
    return 0;
}
