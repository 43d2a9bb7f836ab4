/* SPDX-License-Identifier: MIT */
/* weft.c - skynet: a task makes ten children, each of those ten, down to a million leaves; their numbers are added up.
 *
 * Each inner task makes a channel, submits its children through it and receives their ten results. Cold: the first run
 * of a kernel. Warm: the second, which finds the stacks of the first. Seconds a run; the kernel itself is not timed.
 */
#include "../harness/conduct.h"

enum { CHILDREN = 10 };

WEFT_TASK(int64_t, node, (int64_t, number), (int64_t, size), (const weft_submit_options *, options)) {
    if (size == 1) return number;
    weft_channel *results = weft_make_channel_with(int64_t, (&(weft_channel_options){.kernel = options->kernel}));
    bench_require(results != NULL, "no channel");
    int64_t sum = 0, each = size / CHILDREN;
    for (int i = 0; i < CHILDREN; i++)
        conduct_well(weft_submit_with(options, results, node, number + i * each, each, options), "submit");
    for (int i = 0; i < CHILDREN; i++) {
        int64_t part = 0;
        conduct_well(weft_receive_result(results, &part, WEFT_FOREVER), "receive");
        sum += part;
    }
    conduct_well(weft_free_channel(results), "free");
    return sum;
}

static double play(conduct_stage *stage, void *argument) {
    weft_submit_options options = {.kernel = stage->kernel, .movable = stage->options.movable};
    int64_t leaves = *(const int64_t *)argument, start = bench_clock();
    int64_t sum = weft_call(node, 0, leaves, &options);
    double seconds = (double)(bench_clock() - start) / 1e9;
    bench_require(sum == leaves * (leaves - 1) / 2, "a leaf is missing");
    return seconds;
}

static void round_of_two(void *argument, double *values) {
    const conduct_way *way = argument;
    int64_t leaves = bench_count(1000000);
    conduct_stage stage = conduct_begin(way->workers, way->movable);
    values[0] = conduct(&stage, play, &leaves);
    values[1] = conduct(&stage, play, &leaves);
    conduct_end(&stage);
}

static void measure(conduct_way way, const char *cold, const char *warm) {
    bench_measure((bench_figure[]){{cold, "s"}, {warm, "s"}}, 2, round_of_two, &way);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 300);
    measure((conduct_way){"skynet.w1", 1, false, false}, "skynet.w1.cold", "skynet.w1.warm");
    measure((conduct_way){"skynet.w2.movable", 2, true, false}, "skynet.w2.movable.cold", "skynet.w2.movable.warm");
    measure((conduct_way){"skynet.w2", 2, false, false}, "skynet.w2.cold", "skynet.w2.warm");
    return 0;
}
