/* SPDX-License-Identifier: MIT */
/* weft.c - so many tasks send, so many receive, over one channel: millions of messages a second.
 *
 * stream.unbuffered: nothing is held. stream.buffered: a capacity of 128, 8 bytes a message; stream.large: the same
 * with 256 bytes. Every receiver takes its share, so that nobody closes the channel; the sum says that nothing is lost.
 */
#include <string.h>

#include "../harness/conduct.h"

typedef struct large {
    long value[32];
} large;

typedef struct setting {
    size_t capacity, size;
    int tasks; /* that send, and as many that receive */
} setting;

WEFT_TASK(void, send_small, (weft_channel *, channel), (long, count)) {
    for (long i = 0; i < count; i++) conduct_well(weft_send(channel, &i, WEFT_FOREVER), "send");
}

WEFT_TASK(void, receive_small, (weft_channel *, channel), (long, count), (long *, sum)) {
    long value = 0, own = 0;
    for (long i = 0; i < count; i++, own += value) conduct_well(weft_receive(channel, &value, WEFT_FOREVER), "receive");
    *sum = own;
}

WEFT_TASK(void, send_large, (weft_channel *, channel), (long, count)) {
    large message;
    memset(&message, 1, sizeof message);
    for (long i = 0; i < count; i++) {
        message.value[0] = i;
        conduct_well(weft_send(channel, &message, WEFT_FOREVER), "send");
    }
}

WEFT_TASK(void, receive_large, (weft_channel *, channel), (long, count), (long *, sum)) {
    large message;
    long own = 0;
    for (long i = 0; i < count; i++, own += message.value[0])
        conduct_well(weft_receive(channel, &message, WEFT_FOREVER), "receive");
    *sum = own;
}

enum { MOST = 8 };

static void start(const conduct_stage *stage, const setting *s, weft_channel *channel, long each, long *sums) {
    for (int i = 0; i < s->tasks; i++) {
        if (s->size == sizeof(long)) {
            conduct_well(weft_submit_with(&stage->options, NULL, receive_small, channel, each, &sums[i]), "submit");
            conduct_well(weft_submit_with(&stage->options, NULL, send_small, channel, each), "submit");
        } else {
            conduct_well(weft_submit_with(&stage->options, NULL, receive_large, channel, each, &sums[i]), "submit");
            conduct_well(weft_submit_with(&stage->options, NULL, send_large, channel, each), "submit");
        }
    }
}

static double play(conduct_stage *stage, void *argument) {
    const setting *s = argument;
    long each = bench_count(s->capacity == 0 ? 500000 : 1000000) / s->tasks, sums[MOST], sum = 0;
    weft_channel *channel = conduct_channel(stage, s->size, s->capacity);
    int64_t begin = bench_clock();
    start(stage, s, channel, each, sums);
    conduct_rest(stage);
    int64_t time = bench_clock() - begin;
    for (int i = 0; i < s->tasks; i++) sum += sums[i];
    bench_require(sum == s->tasks * (each * (each - 1) / 2), "a message is missing");
    conduct_well(weft_free_channel(channel), "free");
    return (double)(each * s->tasks) * 1000 / (double)time;
}

static void measure(conduct_way way, size_t capacity, size_t size, int tasks) {
    setting s = {capacity, size, tasks};
    conduct_measure(way, "M/s", play, &s);
}

static void measure_unbuffered(void) {
    measure((conduct_way){"stream.unbuffered.1to1.w1", 1, false, false}, 0, 8, 1);
    measure((conduct_way){"stream.unbuffered.1to1.w1.local", 1, false, true}, 0, 8, 1);
    measure((conduct_way){"stream.unbuffered.1to1.w2.movable", 2, true, false}, 0, 8, 1);
    measure((conduct_way){"stream.unbuffered.1to1.w2", 2, false, false}, 0, 8, 1);
    measure((conduct_way){"stream.unbuffered.8to8.w1", 1, false, false}, 0, 8, 8);
    measure((conduct_way){"stream.unbuffered.8to8.w2.movable", 2, true, false}, 0, 8, 8);
    measure((conduct_way){"stream.unbuffered.8to8.w2", 2, false, false}, 0, 8, 8);
}

static void measure_buffered(void) {
    measure((conduct_way){"stream.buffered.1to1.w1", 1, false, false}, 128, 8, 1);
    measure((conduct_way){"stream.buffered.1to1.w1.local", 1, false, true}, 128, 8, 1);
    measure((conduct_way){"stream.buffered.1to1.w2.movable", 2, true, false}, 128, 8, 1);
    measure((conduct_way){"stream.buffered.1to1.w2", 2, false, false}, 128, 8, 1);
    measure((conduct_way){"stream.buffered.2to2.w1", 1, false, false}, 128, 8, 2);
    measure((conduct_way){"stream.buffered.2to2.w2.movable", 2, true, false}, 128, 8, 2);
    measure((conduct_way){"stream.buffered.2to2.w2", 2, false, false}, 128, 8, 2);
    measure((conduct_way){"stream.buffered.8to8.w1", 1, false, false}, 128, 8, 8);
    measure((conduct_way){"stream.buffered.8to8.w2.movable", 2, true, false}, 128, 8, 8);
    measure((conduct_way){"stream.buffered.8to8.w2", 2, false, false}, 128, 8, 8);
}

static void measure_large(void) {
    measure((conduct_way){"stream.large.1to1.w1", 1, false, false}, 128, sizeof(large), 1);
    measure((conduct_way){"stream.large.1to1.w1.local", 1, false, true}, 128, sizeof(large), 1);
    measure((conduct_way){"stream.large.1to1.w2", 2, false, false}, 128, sizeof(large), 1);
    measure((conduct_way){"stream.large.2to2.w1", 1, false, false}, 128, sizeof(large), 2);
    measure((conduct_way){"stream.large.2to2.w2", 2, false, false}, 128, sizeof(large), 2);
    measure((conduct_way){"stream.large.8to8.w1", 1, false, false}, 128, sizeof(large), 8);
    measure((conduct_way){"stream.large.8to8.w2.movable", 2, true, false}, 128, sizeof(large), 8);
    measure((conduct_way){"stream.large.8to8.w2", 2, false, false}, 128, sizeof(large), 8);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 300);
    measure_unbuffered();
    measure_buffered();
    measure_large();
    return 0;
}
