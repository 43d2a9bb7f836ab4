/* SPDX-License-Identifier: MIT */
/* weft.c - plain threads among themselves, without a kernel: streams, ping-pong and alternation over channels.
 *
 * threads.buffered: a capacity of 128, 8 bytes a message. threads.pingpong: over two channels without a buffer;
 * .capacity-1: of capacity 1; .apart: on two processors, where the system would choose otherwise. threads.parked: the
 * same round trip after 2 ms in which both sleep, in turn with a raw futex hand-off. threads.fanin: 64 threads send,
 * one alternates.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <weft.h>

#include "../harness/bench.h"
#include "../harness/futex.h"

enum { MOST = 8, SENDERS = 64, SAMPLES = 150, PAUSE = 2000000 };

static void well(weft_status status, const char *what) { bench_require(status == WEFT_OK, what); }

static pthread_t start(void *(*function)(void *), void *argument) {
    pthread_t thread;
    bench_require(pthread_create(&thread, NULL, function, argument) == 0, "no thread");
    return thread;
}

static void end(pthread_t thread) { bench_require(pthread_join(thread, NULL) == 0, "join"); }

static weft_channel *make(size_t capacity) {
    weft_channel_options options = {.capacity = capacity, .rendezvous = capacity == 0};
    weft_channel *channel = weft_make_channel_with(long, &options);
    bench_require(channel != NULL, "no channel");
    return channel;
}

/* The caller, and the threads it makes, on one processor, or (-1) on all that there were. */
static void settle(int processor) {
    static cpu_set_t all;
    cpu_set_t one;
    if (CPU_COUNT(&all) == 0) bench_require(sched_getaffinity(0, sizeof all, &all) == 0, "no affinity");
    CPU_ZERO(&one);
    if (processor >= 0) CPU_SET((unsigned)processor, &one);
    bench_require(sched_setaffinity(0, sizeof one, processor < 0 ? &all : &one) == 0, "no affinity");
}

/* ---- a stream ---- */

typedef struct stream {
    weft_channel *channel;
    long each, sum;
} stream;

static void *send_all(void *argument) {
    const stream *s = argument;
    for (long i = 0; i < s->each; i++) well(weft_send(s->channel, &i, WEFT_FOREVER), "send");
    return NULL;
}

static void *receive_all(void *argument) {
    stream *s = argument;
    long value = 0, sum = 0;
    for (long i = 0; i < s->each; i++, sum += value) well(weft_receive(s->channel, &value, WEFT_FOREVER), "receive");
    s->sum = sum;
    return NULL;
}

static void round_of_stream(void *argument, double *values) {
    int threads = *(const int *)argument;
    long each = bench_count(500000) / threads, sum = 0;
    stream s[MOST];
    pthread_t senders[MOST], receivers[MOST];
    weft_channel *channel = make(128);
    int64_t begin = bench_clock();
    for (int i = 0; i < threads; i++) {
        s[i] = (stream){channel, each, 0};
        receivers[i] = start(receive_all, &s[i]);
        senders[i] = start(send_all, &s[i]);
    }
    for (int i = 0; i < threads; i++) {
        end(senders[i]);
        end(receivers[i]);
        sum += s[i].sum;
    }
    values[0] = (double)(each * threads) * 1000 / (double)(bench_clock() - begin);
    bench_require(sum == threads * (each * (each - 1) / 2), "a message is missing");
    well(weft_free_channel(channel), "free");
}

/* ---- ping-pong ---- */

typedef struct court {
    size_t capacity;
    bool apart;
    weft_channel *forth, *back;
} court;

static void *answer(void *argument) {
    const court *c = argument;
    if (c->apart) settle(1);
    for (long value = 0; weft_receive(c->forth, &value, WEFT_FOREVER) == WEFT_OK;)
        well(weft_send(c->back, &value, WEFT_FOREVER), "send");
    return NULL;
}

static double trip(const court *c, long value) {
    long got = -1;
    int64_t begin = bench_clock();
    well(weft_send(c->forth, &value, WEFT_FOREVER), "send");
    bench_require(weft_receive(c->back, &got, WEFT_FOREVER) == WEFT_OK && got == value, "receive");
    return (double)(bench_clock() - begin);
}

static pthread_t open_court(court *c) {
    c->forth = make(c->capacity);
    c->back = make(c->capacity);
    pthread_t other = start(answer, c);
    if (c->apart) settle(0);
    return other;
}

static void close_court(court *c, pthread_t other) {
    well(weft_close(c->forth), "close");
    end(other);
    if (c->apart) settle(-1);
    well(weft_free_channel(c->forth), "free");
    well(weft_free_channel(c->back), "free");
}

static void round_of_trips(void *argument, double *values) {
    court c = *(const court *)argument;
    long count = bench_count(5000);
    pthread_t other = open_court(&c);
    trip(&c, 0);
    int64_t begin = bench_clock();
    for (long i = 0; i < count; i++) trip(&c, i);
    values[0] = (double)(bench_clock() - begin) / (double)count;
    close_court(&c, other);
}

static void round_of_parked(void *argument, double *values) {
    static double futex[SAMPLES], ours[SAMPLES];
    court c = *(const court *)argument;
    pthread_t other = open_court(&c);
    bench_futex_start();
    for (int i = 0; i < SAMPLES; i++) {
        bench_pause(PAUSE);
        futex[i] = bench_futex_round_trip() / 1000;
        bench_pause(PAUSE);
        ours[i] = trip(&c, i) / 1000;
    }
    bench_futex_end();
    close_court(&c, other);
    values[0] = bench_percentile(futex, SAMPLES, 0.5);
    values[1] = bench_percentile(ours, SAMPLES, 0.5);
    values[2] = values[1] / values[0];
}

/* ---- fan-in ---- */

typedef struct sending {
    weft_channel *channel;
    long number, count;
} sending;

static void *send_number(void *argument) {
    const sending *s = argument;
    for (long i = 0; i < s->count; i++) well(weft_send(s->channel, &s->number, WEFT_FOREVER), "send");
    return NULL;
}

static void take_all(weft_operation *operations, const long *value, long count, bool kept) {
    weft_alternation *set = kept ? weft_make_alternation(operations, SENDERS) : NULL;
    bench_require(kept == (set != NULL), "no set");
    for (long i = 0; i < count; i++) {
        const weft_operation *done = kept ? weft_alternate_again(set, WEFT_FAIR, WEFT_FOREVER)
                                          : weft_alternate(operations, SENDERS, WEFT_FAIR, WEFT_FOREVER);
        bench_require(done && done->status == WEFT_OK && done - operations == *value, "another operation");
    }
    well(weft_free_alternation(set), "free the set");
}

static void round_of_fan_in(void *argument, double *values) {
    long each = bench_count(12800) / SENDERS, value = -1;
    weft_operation operations[SENDERS];
    sending s[SENDERS];
    pthread_t threads[SENDERS];
    for (int i = 0; i < SENDERS; i++) s[i] = (sending){make(0), i, each};
    for (int i = 0; i < SENDERS; i++) operations[i] = WEFT_TO_RECEIVE(s[i].channel, &value);
    int64_t begin = bench_clock();
    for (int i = 0; i < SENDERS; i++) threads[i] = start(send_number, &s[i]);
    take_all(operations, &value, each * SENDERS, argument != NULL);
    values[0] = (double)(bench_clock() - begin) / (double)(each * SENDERS);
    for (int i = 0; i < SENDERS; i++) end(threads[i]);
    for (int i = 0; i < SENDERS; i++) well(weft_free_channel(s[i].channel), "free");
}

static void measure(const char *name, const char *unit, bench_round *round, void *argument) {
    bench_measure(&(bench_figure){name, unit}, 1, round, argument);
}

int main(int argc, char **argv) {
    static int one = 1, eight = 8;
    static court unbuffered = {.capacity = 0}, single = {.capacity = 1};
    static court apart = {.capacity = 0, .apart = true}, single_apart = {.capacity = 1, .apart = true};
    bench_start(argc, argv, "weft", 300);
    settle(-1);
    measure("threads.buffered.1to1", "M/s", round_of_stream, &one);
    measure("threads.buffered.8to8", "M/s", round_of_stream, &eight);
    measure("threads.pingpong", "ns/trip", round_of_trips, &unbuffered);
    measure("threads.pingpong.apart", "ns/trip", round_of_trips, &apart);
    measure("threads.pingpong.capacity-1", "ns/trip", round_of_trips, &single);
    measure("threads.pingpong.capacity-1.apart", "ns/trip", round_of_trips, &single_apart);
    bench_measure((bench_figure[]){{"threads.parked.futex.p50", "us"},
                                   {"threads.parked.p50", "us"},
                                   {"threads.parked.to-futex", "ratio"}},
                  3, round_of_parked, &unbuffered);
    measure("threads.fanin.64", "ns/message", round_of_fan_in, NULL);
    measure("threads.fanin.64.kept", "ns/message", round_of_fan_in, &one);
    return 0;
}
