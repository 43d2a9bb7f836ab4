/* SPDX-License-Identifier: MIT */
/* weft.c - a number goes round a ring of 1,000 and of 10,000 tasks, from channel to channel: nanoseconds a hop.
 *
 * The conductor is one of the ring. The first lap, in which the tasks begin, is not timed.
 */
#include <stdlib.h>

#include "../harness/conduct.h"

WEFT_TASK(void, pass_on, (weft_channel *, in), (weft_channel *, out), (long, laps)) {
    for (long lap = 0, value = 0; lap < laps; lap++) {
        conduct_well(weft_receive(in, &value, WEFT_FOREVER), "receive");
        value++;
        conduct_well(weft_send(out, &value, WEFT_FOREVER), "send");
    }
}

static void lap(weft_channel *first, weft_channel *last, long nodes) {
    long value = 1;
    conduct_well(weft_send(first, &value, WEFT_FOREVER), "send");
    conduct_well(weft_receive(last, &value, WEFT_FOREVER), "receive");
    bench_require(value == nodes, "a hop is missing");
}

static double play(conduct_stage *stage, void *argument) {
    long nodes = *(const long *)argument, laps = bench_count(500000) / nodes;
    weft_channel **channels = bench_allocate(sizeof(weft_channel *) * (size_t)nodes);
    for (long n = 0; n < nodes; n++) channels[n] = conduct_channel(stage, sizeof(long), 0);
    for (long n = 1; n < nodes; n++)
        conduct_well(weft_submit_with(&stage->options, NULL, pass_on, channels[n - 1], channels[n], laps + 1),
                     "submit");
    lap(channels[0], channels[nodes - 1], nodes);
    int64_t start = bench_clock();
    for (long l = 0; l < laps; l++) lap(channels[0], channels[nodes - 1], nodes);
    double each = (double)(bench_clock() - start) / (double)(laps * nodes);
    conduct_rest(stage);
    for (long n = 0; n < nodes; n++) conduct_well(weft_free_channel(channels[n]), "free");
    free(channels);
    return each;
}

int main(int argc, char **argv) {
    static long thousand = 1000, ten_thousand = 10000;
    bench_start(argc, argv, "weft", 200);
    conduct_measure((conduct_way){"ring.1000.w1", 1, false, false}, "ns/hop", play, &thousand);
    conduct_measure((conduct_way){"ring.1000.w1.local", 1, false, true}, "ns/hop", play, &thousand);
    conduct_measure((conduct_way){"ring.1000.w2.movable", 2, true, false}, "ns/hop", play, &thousand);
    conduct_measure((conduct_way){"ring.1000.w2", 2, false, false}, "ns/hop", play, &thousand);
    conduct_measure((conduct_way){"ring.10000.w1", 1, false, false}, "ns/hop", play, &ten_thousand);
    conduct_measure((conduct_way){"ring.10000.w2", 2, false, false}, "ns/hop", play, &ten_thousand);
    return 0;
}
