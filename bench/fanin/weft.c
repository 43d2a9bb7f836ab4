/* SPDX-License-Identifier: MIT */
/* weft.c - 64 tasks send, each to a channel of its own without a buffer; one alternates over all: nanoseconds a
 * message.
 *
 * With a fair choice. .kept: the set is kept between one alternation and the next.
 */
#include "../harness/conduct.h"

enum { SENDERS = 64 };

static weft_channel *channels[SENDERS];
static bool kept;

WEFT_TASK(void, sender, (int, number), (long, count)) {
    for (long i = 0; i < count; i++) conduct_well(weft_send(channels[number], &number, WEFT_FOREVER), "send");
}

WEFT_TASK(void, receiver, (long, count)) {
    int value = -1;
    weft_operation operations[SENDERS];
    weft_alternation *set = NULL;
    for (int i = 0; i < SENDERS; i++) operations[i] = WEFT_TO_RECEIVE(channels[i], &value);
    if (kept) set = weft_make_alternation(operations, SENDERS);
    bench_require(kept == (set != NULL), "no set");
    for (long i = 0; i < count; i++) {
        const weft_operation *done = kept ? weft_alternate_again(set, WEFT_FAIR, WEFT_FOREVER)
                                          : weft_alternate(operations, SENDERS, WEFT_FAIR, WEFT_FOREVER);
        bench_require(done && done->status == WEFT_OK && done - operations == value, "another operation");
    }
    conduct_well(weft_free_alternation(set), "free the set");
}

static double play(conduct_stage *stage, void *argument) {
    long each = bench_count(128000) / SENDERS;
    kept = argument != NULL;
    for (int i = 0; i < SENDERS; i++) channels[i] = conduct_channel(stage, sizeof(int), 0);
    int64_t start = bench_clock();
    conduct_well(weft_submit_with(&stage->options, NULL, receiver, each * SENDERS), "submit");
    for (int i = 0; i < SENDERS; i++) conduct_well(weft_submit_with(&stage->options, NULL, sender, i, each), "submit");
    conduct_rest(stage);
    double time = (double)(bench_clock() - start) / (double)(each * SENDERS);
    for (int i = 0; i < SENDERS; i++) conduct_well(weft_free_channel(channels[i]), "free");
    return time;
}

int main(int argc, char **argv) {
    static bool keep = true;
    bench_start(argc, argv, "weft", 200);
    conduct_measure((conduct_way){"fanin.64.w1", 1, false, false}, "ns/message", play, NULL);
    conduct_measure((conduct_way){"fanin.64.w1.local", 1, false, true}, "ns/message", play, NULL);
    conduct_measure((conduct_way){"fanin.64.w1.kept", 1, false, false}, "ns/message", play, &keep);
    conduct_measure((conduct_way){"fanin.64.w2.movable", 2, true, false}, "ns/message", play, NULL);
    conduct_measure((conduct_way){"fanin.64.w2", 2, false, false}, "ns/message", play, NULL);
    conduct_measure((conduct_way){"fanin.64.w2.kept", 2, false, false}, "ns/message", play, &keep);
    return 0;
}
