/* SPDX-License-Identifier: MIT */
/* weft.c - a task looks at channels on which nothing happens, and goes on: nanoseconds a look.
 *
 * poll.1, poll.8: an alternation as a statement, with an otherwise-clause. poll.1.receive: a receive that does not
 * wait. poll.8.array: operations in an array; poll.8.kept: a kept set. The channels have no buffer.
 */
#include "../harness/conduct.h"

static weft_channel *c[8];

/* One round of polls; ends the program if anything could be received. */
typedef void poller(long count);

static void poll_one(long count) {
    int value = 0;
    long other = 0;
    for (long i = 0; i < count; i++) WEFT_PRI_ALT {
            WEFT_RECEIVE(c[0], &value) { other--; }
            WEFT_OTHERWISE { other++; }
        }
    bench_require(other == count, "something came");
}

static void poll_receive(long count) {
    int value = 0;
    for (long i = 0; i < count; i++)
        bench_require(weft_receive(c[0], &value, WEFT_NOW) == WEFT_TIMED_OUT, "something came");
}

static void poll_eight(long count) {
    int value = 0;
    long other = 0;
    for (long i = 0; i < count; i++) WEFT_PRI_ALT {
            WEFT_RECEIVE(c[0], &value) { other--; }
            WEFT_RECEIVE(c[1], &value) { other--; }
            WEFT_RECEIVE(c[2], &value) { other--; }
            WEFT_RECEIVE(c[3], &value) { other--; }
            WEFT_RECEIVE(c[4], &value) { other--; }
            WEFT_RECEIVE(c[5], &value) { other--; }
            WEFT_RECEIVE(c[6], &value) { other--; }
            WEFT_RECEIVE(c[7], &value) { other--; }
            WEFT_OTHERWISE { other++; }
        }
    bench_require(other == count, "something came");
}

static void prepare(weft_operation *operations, int *value) {
    for (int i = 0; i < 8; i++) operations[i] = WEFT_TO_RECEIVE(c[i], value);
}

static void poll_array(long count) {
    int value = 0;
    weft_operation operations[8];
    prepare(operations, &value);
    for (long i = 0; i < count; i++)
        bench_require(weft_alternate(operations, 8, WEFT_FIRST_LISTED, WEFT_NOW) == NULL, "something came");
}

static void poll_kept(long count) {
    int value = 0;
    weft_operation operations[8];
    prepare(operations, &value);
    weft_alternation *set = weft_make_alternation(operations, 8);
    bench_require(set != NULL, "no set");
    for (long i = 0; i < count; i++)
        bench_require(weft_alternate_again(set, WEFT_FIRST_LISTED, WEFT_NOW) == NULL, "something came");
    conduct_well(weft_free_alternation(set), "free the set");
}

static double play(conduct_stage *stage, void *argument) {
    long count = bench_count(2000000);
    for (int i = 0; i < 8; i++) c[i] = conduct_channel(stage, sizeof(int), 0);
    int64_t start = bench_clock();
    (*(poller *const *)argument)(count);
    double each = (double)(bench_clock() - start) / (double)count;
    for (int i = 0; i < 8; i++) conduct_well(weft_free_channel(c[i]), "free");
    return each;
}

static void measure(const char *name, poller *of) {
    conduct_measure((conduct_way){name, 1, false, false}, "ns/poll", play, &of);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    measure("poll.1", poll_one);
    measure("poll.1.receive", poll_receive);
    measure("poll.8", poll_eight);
    measure("poll.8.array", poll_array);
    measure("poll.8.kept", poll_kept);
    return 0;
}
