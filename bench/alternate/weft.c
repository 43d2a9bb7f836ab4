/* SPDX-License-Identifier: MIT */
/* weft.c - alternation over 2 to 512 channels, one of which, taken at random, has something: nanoseconds a message.
 *
 * alternate.ready: one task sends to a channel of capacity 1 and then alternates over all. alternate.blocking: a task
 * sends to channels without a buffer, another alternates, and waits each time. Operations in an array; .statement: in
 * a statement; .kept: a kept set; .loop: the statement that keeps its set. All with a fair choice.
 */
#include "../harness/conduct.h"

enum { MOST = 512 };

typedef enum how { ARRAY, KEPT, STATEMENT, LOOP } how;

typedef struct setting {
    int count; /* of channels */
    how manner;
    bool blocking;
    long messages;
    weft_channel *channels[MOST];
    weft_operation operations[MOST];
    int value; /* what all operations receive into */
} setting;

/* The next channel: the same for all parties. */
static int next_of(uint32_t *state, int count) {
    *state = *state * 1664525u + 1013904223u;
    return (int)((*state >> 16) % (uint32_t)count);
}

static void check(const setting *s, const weft_operation *done) {
    bench_require(done != NULL && done->status == WEFT_OK && done - s->operations == s->value, "another operation");
}

static void take_array(setting *s) {
    check(s, weft_alternate(s->operations, (size_t)s->count, WEFT_FAIR, WEFT_FOREVER));
}

static void take_statement(setting *s) {
    int from = -1;
    weft_channel *const *c = s->channels;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(c[0], &s->value) { from = 0; }
        WEFT_RECEIVE(c[1], &s->value) { from = 1; }
        WEFT_RECEIVE(c[2], &s->value) { from = 2; }
        WEFT_RECEIVE(c[3], &s->value) { from = 3; }
        WEFT_RECEIVE(c[4], &s->value) { from = 4; }
        WEFT_RECEIVE(c[5], &s->value) { from = 5; }
        WEFT_RECEIVE(c[6], &s->value) { from = 6; }
        WEFT_RECEIVE(c[7], &s->value) { from = 7; }
    }
    bench_require(from == s->value, "another clause");
}

static void send_next(setting *s, uint32_t *state) {
    int to = next_of(state, s->count);
    conduct_well(weft_send(s->channels[to], &to, WEFT_FOREVER), "send");
}

/* As take_statement, over and over; where nobody else sends, a message is sent before each. */
static void take_in_loop(setting *s) {
    int from = -1;
    uint32_t state = 1;
    long left = s->messages;
    weft_channel *const *c = s->channels;
    if (!s->blocking) send_next(s, &state);
    WEFT_FAIR_ALT_LOOP {
        for (int i = 0; i < 8; i++) WEFT_RECEIVE(c[i], &s->value) {
                from = i;
                bench_require(from == s->value, "another clause");
                if (--left == 0) return;
                if (!s->blocking) send_next(s, &state);
            }
    }
    bench_require(false, "the loop ended by itself");
}

static void take_kept(setting *s, weft_alternation *set) {
    check(s, weft_alternate_again(set, WEFT_FAIR, WEFT_FOREVER));
}

static void take_all(setting *s) {
    weft_alternation *set = NULL;
    uint32_t state = 1;
    if (s->manner == LOOP) {
        take_in_loop(s);
        return;
    }
    if (s->manner == KEPT) set = weft_make_alternation(s->operations, (size_t)s->count);
    bench_require((set != NULL) == (s->manner == KEPT), "no set");
    for (long i = 0; i < s->messages; i++) {
        if (!s->blocking) send_next(s, &state);
        switch (s->manner) {
        case ARRAY: take_array(s); break;
        case STATEMENT: take_statement(s); break;
        default: take_kept(s, set); break;
        }
    }
    conduct_well(weft_free_alternation(set), "free the set");
}

WEFT_TASK(void, taker, (setting *, s)) { take_all(s); }

WEFT_TASK(void, sender, (setting *, s)) {
    uint32_t state = 1;
    for (long i = 0; i < s->messages; i++) send_next(s, &state);
}

static double play(conduct_stage *stage, void *argument) {
    setting *s = argument;
    for (int i = 0; i < s->count; i++) {
        s->channels[i] = conduct_channel(stage, sizeof(int), s->blocking ? 0 : 1);
        s->operations[i] = WEFT_TO_RECEIVE(s->channels[i], &s->value);
    }
    int64_t start = bench_clock();
    conduct_well(weft_submit_with(&stage->options, NULL, taker, s), "submit");
    if (s->blocking) conduct_well(weft_submit_with(&stage->options, NULL, sender, s), "submit");
    conduct_rest(stage);
    double each = (double)(bench_clock() - start) / (double)s->messages;
    for (int i = 0; i < s->count; i++) conduct_well(weft_free_channel(s->channels[i]), "free");
    return each;
}

static void measure(const char *name, unsigned workers, bool local, bool blocking, int count, how manner) {
    static setting s;
    s.count = count;
    s.manner = manner;
    s.blocking = blocking;
    s.messages = bench_count(count <= 8 ? 200000 : count <= 64 ? 50000 : 10000);
    conduct_measure((conduct_way){name, workers, workers > 1, local}, "ns/message", play, &s);
}

static void measure_ready(void) {
    measure("alternate.ready.2", 1, false, false, 2, ARRAY);
    measure("alternate.ready.8", 1, false, false, 8, ARRAY);
    measure("alternate.ready.8.statement", 1, false, false, 8, STATEMENT);
    measure("alternate.ready.64", 1, false, false, 64, ARRAY);
    measure("alternate.ready.512", 1, false, false, 512, ARRAY);
    measure("alternate.ready.8.kept", 1, false, false, 8, KEPT);
    measure("alternate.ready.8.loop", 1, false, false, 8, LOOP);
    measure("alternate.ready.64.kept", 1, false, false, 64, KEPT);
    measure("alternate.ready.512.kept", 1, false, false, 512, KEPT);
}

static void measure_blocking(void) {
    measure("alternate.blocking.2", 1, false, true, 2, ARRAY);
    measure("alternate.blocking.8", 1, false, true, 8, ARRAY);
    measure("alternate.blocking.8.statement", 1, false, true, 8, STATEMENT);
    measure("alternate.blocking.8.local", 1, true, true, 8, ARRAY);
    measure("alternate.blocking.64", 1, false, true, 64, ARRAY);
    measure("alternate.blocking.512", 1, false, true, 512, ARRAY);
    measure("alternate.blocking.2.kept", 1, false, true, 2, KEPT);
    measure("alternate.blocking.8.kept", 1, false, true, 8, KEPT);
    measure("alternate.blocking.8.loop", 1, false, true, 8, LOOP);
    measure("alternate.blocking.64.kept", 1, false, true, 64, KEPT);
    measure("alternate.blocking.512.kept", 1, false, true, 512, KEPT);
    measure("alternate.blocking.8.w2", 2, false, true, 8, ARRAY);
    measure("alternate.blocking.8.w2.kept", 2, false, true, 8, KEPT);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 300);
    measure_ready();
    measure_blocking();
    return 0;
}
