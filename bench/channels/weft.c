/* SPDX-License-Identifier: MIT */
/* weft.c - messages between two tasks: ping-pong over two channels of capacity 1, without and with a time-out armed,
 * and a stream through a channel of capacity 128.
 *
 * channels.pingpong is nanoseconds a round trip (two sends, two receives that wait); channels.timed-receive is
 * nanoseconds a receive that waits with a time-out that does not fire; the streams are millions of messages a second.
 */
#include <weft.h>

#include "../harness/bench.h"

typedef struct setting {
    unsigned workers;
    long count;
    weft_channel *forth, *back, *done;
} setting;

WEFT_TASK(void, answer, (weft_channel *, forth), (weft_channel *, back), (long, count), (bool, timed)) {
    for (long i = 0; i < count; i++) {
        long value;
        weft_deadline deadline = timed ? weft_after(10) : WEFT_FOREVER;
        bench_require(weft_receive(forth, &value, deadline) == WEFT_OK, "receive");
        bench_require(weft_send(back, &value, WEFT_FOREVER) == WEFT_OK, "send");
    }
}

WEFT_TASK(void, ask, (weft_channel *, forth), (weft_channel *, back), (long, count), (bool, timed)) {
    for (long i = 0; i < count; i++) {
        long value = i;
        bench_require(weft_send(forth, &value, WEFT_FOREVER) == WEFT_OK, "send");
        weft_deadline deadline = timed ? weft_after(10) : WEFT_FOREVER;
        bench_require(weft_receive(back, &value, deadline) == WEFT_OK && value == i, "receive");
    }
}

WEFT_TASK(void, produce, (weft_channel *, channel), (long, count)) {
    for (long i = 0; i < count; i++) bench_require(weft_send(channel, &i, WEFT_FOREVER) == WEFT_OK, "send");
}

WEFT_TASK(void, consume, (weft_channel *, channel), (long, count)) {
    for (long i = 0; i < count; i++) {
        long value;
        bench_require(weft_receive(channel, &value, WEFT_FOREVER) == WEFT_OK && value == i, "receive");
    }
}

static double until_done(const setting *s, int64_t start) {
    for (int i = 0; i < 2; i++) bench_require(weft_receive_done(s->done, WEFT_FOREVER) == WEFT_OK, "done");
    return (double)(bench_clock() - start);
}

static double ping_pong(const setting *s, bool timed) {
    int64_t start = bench_clock();
    bench_require(weft_submit(s->done, answer, s->forth, s->back, s->count, timed) == WEFT_OK, "submit");
    bench_require(weft_submit(s->done, ask, s->forth, s->back, s->count, timed) == WEFT_OK, "submit");
    return until_done(s, start) / (double)s->count;
}

static void round_of_ping_pong(void *argument, double *values) { values[0] = ping_pong(argument, false); }

static void round_of_timed(void *argument, double *values) { values[0] = ping_pong(argument, true) / 2; }

static void round_of_stream(void *argument, double *values) {
    const setting *s = argument;
    int64_t start = bench_clock();
    bench_require(weft_submit(s->done, consume, s->forth, s->count) == WEFT_OK, "submit");
    bench_require(weft_submit(s->done, produce, s->forth, s->count) == WEFT_OK, "submit");
    values[0] = (double)s->count * 1000 / until_done(s, start);
}

static void measure(bench_figure figure, unsigned workers, size_t capacity, bench_round *round) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel, .capacity = capacity}, done_options = {.kernel = kernel};
    setting s = {workers, bench_count(1000000), weft_make_channel_with(long, &options),
                 weft_make_channel_with(long, &options), weft_make_channel_sized(0, &done_options)};
    bench_require(s.forth && s.back && s.done, "no channel");
    bench_measure(&figure, 1, round, &s);
    bench_require(weft_free_channel(s.forth) == WEFT_OK && weft_free_channel(s.back) == WEFT_OK &&
                      weft_free_channel(s.done) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK,
                  "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 200);
    measure((bench_figure){"channels.pingpong.w1", "ns/trip"}, 1, 1, round_of_ping_pong);
    measure((bench_figure){"channels.pingpong.w2", "ns/trip"}, 2, 1, round_of_ping_pong);
    measure((bench_figure){"channels.timed-receive.w1", "ns/receive"}, 1, 1, round_of_timed);
    measure((bench_figure){"channels.stream.w1", "M/s"}, 1, 128, round_of_stream);
    measure((bench_figure){"channels.stream.w2", "M/s"}, 2, 128, round_of_stream);
    return 0;
}
