/* SPDX-License-Identifier: MIT */
/* weft.c - two tasks hand a number to and fro over two channels without a buffer: nanoseconds a round trip.
 *
 * pingpong.timed-receive: each receive has a time-out of ten seconds armed, which never fires; nanoseconds a receive.
 */
#include "../harness/conduct.h"

WEFT_TASK(void, answer, (weft_channel *, forth), (weft_channel *, back), (long, count)) {
    for (long i = 0, value = 0; i < count; i++) {
        conduct_well(weft_receive(forth, &value, WEFT_FOREVER), "receive");
        conduct_well(weft_send(back, &value, WEFT_FOREVER), "send");
    }
}

WEFT_TASK(void, ask, (weft_channel *, forth), (weft_channel *, back), (long, count)) {
    for (long i = 0, value = 0; i < count; i++) {
        conduct_well(weft_send(forth, &i, WEFT_FOREVER), "send");
        bench_require(weft_receive(back, &value, WEFT_FOREVER) == WEFT_OK && value == i, "receive");
    }
}

WEFT_TASK(void, answer_timed, (weft_channel *, forth), (weft_channel *, back), (long, count)) {
    for (long i = 0, value = 0; i < count; i++) {
        conduct_well(weft_receive(forth, &value, weft_after(10)), "receive");
        conduct_well(weft_send(back, &value, WEFT_FOREVER), "send");
    }
}

WEFT_TASK(void, ask_timed, (weft_channel *, forth), (weft_channel *, back), (long, count)) {
    for (long i = 0, value = 0; i < count; i++) {
        conduct_well(weft_send(forth, &i, WEFT_FOREVER), "send");
        bench_require(weft_receive(back, &value, weft_after(10)) == WEFT_OK && value == i, "receive");
    }
}

static double play(conduct_stage *stage, void *timed) {
    long count = bench_count(300000);
    weft_channel *forth = conduct_channel(stage, sizeof(long), 0), *back = conduct_channel(stage, sizeof(long), 0);
    int64_t start = bench_clock();
    if (timed != NULL) {
        conduct_well(weft_submit_with(&stage->options, NULL, answer_timed, forth, back, count), "submit");
        conduct_well(weft_submit_with(&stage->options, NULL, ask_timed, forth, back, count), "submit");
    } else {
        conduct_well(weft_submit_with(&stage->options, NULL, answer, forth, back, count), "submit");
        conduct_well(weft_submit_with(&stage->options, NULL, ask, forth, back, count), "submit");
    }
    conduct_rest(stage);
    double each = (double)(bench_clock() - start) / (double)count;
    conduct_well(weft_free_channel(forth), "free");
    conduct_well(weft_free_channel(back), "free");
    return timed != NULL ? each / 2 : each;
}

int main(int argc, char **argv) {
    static bool timed = true;
    bench_start(argc, argv, "weft", 120);
    conduct_measure((conduct_way){"pingpong.w1", 1, false, false}, "ns/trip", play, NULL);
    conduct_measure((conduct_way){"pingpong.w1.local", 1, false, true}, "ns/trip", play, NULL);
    conduct_measure((conduct_way){"pingpong.w2.movable", 2, true, false}, "ns/trip", play, NULL);
    conduct_measure((conduct_way){"pingpong.w2", 2, false, false}, "ns/trip", play, NULL);
    conduct_measure((conduct_way){"pingpong.timed-receive.w1", 1, false, false}, "ns/receive", play, &timed);
    conduct_measure((conduct_way){"pingpong.timed-receive.w2", 2, false, false}, "ns/receive", play, &timed);
    return 0;
}
