/* SPDX-License-Identifier: MIT */
/* weft.c - a time-out of 1 ms that fires, nothing having come: how late, in microseconds.
 *
 * expiry.receive: of a receive by a task; expiry.alternate: of an alternation over two channels by a task;
 * expiry.thread: of a receive by a plain thread.
 */
#include "../harness/conduct.h"

enum { WAITS = 200, MILLISECOND = 1000000 };

static weft_channel *first, *second;
static double late[WAITS];

static void wait_receive(weft_deadline deadline) {
    int value;
    bench_require(weft_receive(first, &value, deadline) == WEFT_TIMED_OUT, "something came");
}

static void wait_alternate(weft_deadline deadline) {
    int value = 0;
    bool expired = false;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(first, &value) { expired = false; }
        WEFT_RECEIVE(second, &value) { expired = false; }
        WEFT_OTHERWISE_AT(deadline) { expired = true; }
    }
    bench_require(expired, "something came");
}

typedef void wait_for(weft_deadline deadline);

static void take_samples(wait_for *wait) {
    for (int i = 0; i < WAITS; i++) {
        weft_deadline deadline = weft_time() + MILLISECOND;
        wait(deadline);
        late[i] = (double)(weft_time() - deadline) / 1000;
    }
}

static double play(conduct_stage *stage, void *argument) {
    (void)stage;
    take_samples(*(wait_for *const *)argument);
    return 0;
}

typedef struct setting {
    conduct_stage *stage;
    wait_for *wait;
    bool thread;
} setting;

static void round_of_waits(void *argument, double *values) {
    setting *s = argument;
    if (s->thread)
        take_samples(s->wait);
    else
        conduct(s->stage, play, &s->wait);
    values[0] = bench_percentile(late, WAITS, 0.5);
    values[1] = bench_percentile(late, WAITS, 0.99);
}

static void measure(const char *p50, const char *p99, setting s) {
    bench_measure((bench_figure[]){{p50, "us"}, {p99, "us"}}, 2, round_of_waits, &s);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    conduct_stage stage = conduct_begin(1, false);
    first = conduct_channel(&stage, sizeof(int), 0);
    second = conduct_channel(&stage, sizeof(int), 0);
    measure("expiry.receive.p50", "expiry.receive.p99", (setting){&stage, wait_receive, false});
    measure("expiry.alternate.p50", "expiry.alternate.p99", (setting){&stage, wait_alternate, false});
    measure("expiry.thread.p50", "expiry.thread.p99", (setting){&stage, wait_receive, true});
    conduct_well(weft_free_channel(first), "free");
    conduct_well(weft_free_channel(second), "free");
    conduct_end(&stage);
    return 0;
}
