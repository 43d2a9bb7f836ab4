/* SPDX-License-Identifier: MIT */
/* go_ken_chan.c - Go's test/ken/chan.go, re-expressed: direct and select sends meet direct and select receives.
 *
 * Origin: The Go Authors, BSD-style licence; nothing of their text is here. */
#include "ported/crew.h"

enum { PER_CHANNEL = 76, RANGE = 100, KEN_CHANNELS = 12 };

/* A channel with the next value to be sent and to be received; each is changed by one member of the crew. */
typedef struct counted {
    weft_channel *ch;
    int next_sent, next_received, last;
} counted;

static atomic_int ken_sent, ken_received;

static bool ken_send_done(counted *k) {
    atomic_fetch_add(&ken_sent, 1);
    return ++k->next_sent == k->last;
}

static bool ken_receive_done(counted *k, int value) {
    CHECK_EQ(value, k->next_received);
    atomic_fetch_add(&ken_received, 1);
    return ++k->next_received == k->last;
}

static void ken_sends(void *argument) {
    counted *k = argument;
    uint64_t random = (uint64_t)(uintptr_t)k->ch;
    do {
        yield_some((unsigned)harness_random(&random) % 10);
        put(k->ch, k->next_sent);
    } while (!ken_send_done(k));
}

static void ken_receives(void *argument) {
    counted *k = argument;
    uint64_t random = (uint64_t)(uintptr_t)k->ch;
    do yield_some((unsigned)harness_random(&random) % 10);
    while (!ken_receive_done(k, get(k->ch)));
}

/* Up to four to receive from and four to send to. */
typedef struct ken_select {
    counted *in[4], *out[4];
} ken_select;

/* One select; the number of channels that it was the last for. */
static int ken_select_once(const ken_select *s) {
    int value = 0, ended = 0;
    WEFT_FAIR_ALT {
        for (int i = 0; i < 4; i++)
            WEFT_RECEIVE_IF(s->in[i] != NULL && s->in[i]->next_received < s->in[i]->last, s->in[i]->ch, &value) {
                ended += ken_receive_done(s->in[i], value);
            }
        for (int i = 0; i < 4; i++)
            WEFT_SEND_IF(s->out[i] != NULL && s->out[i]->next_sent < s->out[i]->last, s->out[i]->ch,
                         &s->out[i]->next_sent) {
                ended += ken_send_done(s->out[i]);
            }
    }
    return ended;
}

static void ken_selects(void *argument) {
    const ken_select *s = argument;
    uint64_t random = (uint64_t)(uintptr_t)s;
    int running = 0;
    for (int i = 0; i < 4; i++) running += (s->in[i] != NULL) + (s->out[i] != NULL);
    while (running > 0) {
        yield_some((unsigned)harness_random(&random) % 5);
        running -= ken_select_once(s);
    }
}

static void ken_make(counted *k, size_t count, size_t capacity) {
    static int base;
    for (size_t i = 0; i < count; i++) {
        base += RANGE;
        k[i] = (counted){make(capacity), base, base, base + PER_CHANNEL};
    }
}

static void ken_end(crew *c, counted *k, size_t count) {
    all_done(c);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(k[i].next_sent, k[i].last);
        CHECK_EQ(k[i].next_received, k[i].last);
        CHECK_OK(weft_free_channel(k[i].ch));
    }
}

/* test1: direct send to direct receive */
static void ken_test1(crew *c, size_t capacity) {
    counted k[4];
    ken_make(k, 4, capacity);
    for (int i = 0; i < 4; i++) {
        start(c, ken_sends, &k[i]);
        start(c, ken_receives, &k[i]);
    }
    ken_end(c, k, 4);
}

/* test2 and test3: direct send to select, select to direct receive */
static void ken_test2_3(crew *c, size_t capacity, bool selects_sends) {
    counted k[4];
    ken_select s = {{NULL}, {NULL}};
    ken_make(k, 4, capacity);
    for (int i = 0; i < 4; i++) {
        (selects_sends ? s.out : s.in)[i] = &k[i];
        start(c, selects_sends ? ken_receives : ken_sends, &k[i]);
    }
    start(c, ken_selects, &s);
    ken_end(c, k, 4);
}

/* test4: select to select on four channels */
static void ken_test4(crew *c, size_t capacity) {
    counted k[4];
    ken_make(k, 4, capacity);
    ken_select sends = {{NULL}, {&k[0], &k[1], &k[2], &k[3]}}, receives = {{&k[0], &k[1], &k[2], &k[3]}, {NULL}};
    start(c, ken_selects, &sends);
    start(c, ken_selects, &receives);
    ken_end(c, k, 4);
}

/* test5: two selects that both send and receive, on eight channels */
static void ken_test5(crew *c, size_t capacity) {
    counted k[8];
    ken_make(k, 8, capacity);
    ken_select one = {{&k[4], &k[5], &k[6], &k[7]}, {&k[0], &k[1], &k[2], &k[3]}};
    ken_select two = {{&k[0], &k[1], &k[2], &k[3]}, {&k[4], &k[5], &k[6], &k[7]}};
    start(c, ken_selects, &one);
    start(c, ken_selects, &two);
    ken_end(c, k, 8);
}

/* test6: direct and select sends to direct and select receives, on twelve channels */
static void ken_test6(crew *c, size_t capacity) {
    counted k[KEN_CHANNELS];
    ken_make(k, KEN_CHANNELS, capacity);
    ken_select one = {{&k[4], &k[5], &k[6], &k[7]}, {&k[0], &k[1], &k[2], &k[3]}};
    ken_select two = {{&k[0], &k[1], &k[2], &k[3]}, {&k[8], &k[9], &k[10], &k[11]}};
    for (int i = 4; i < 8; i++) start(c, ken_sends, &k[i]);
    for (int i = 8; i < 12; i++) start(c, ken_receives, &k[i]);
    start(c, ken_selects, &one);
    start(c, ken_selects, &two);
    ken_end(c, k, KEN_CHANNELS);
}

/* main: all six for four capacities; no message is lost, doubled or overtaken */

/* All six over channels of one capacity. */
static void ken_all(crew *c, size_t capacity) {
    atomic_store(&ken_sent, 0);
    atomic_store(&ken_received, 0);
    ken_test1(c, capacity);
    ken_test2_3(c, capacity, false);
    ken_test2_3(c, capacity, true);
    ken_test4(c, capacity);
    ken_test5(c, capacity);
    ken_test6(c, capacity);
    int all = (4 * 4 + 8 + 12) * PER_CHANNEL;
    CHECK_EQ(atomic_load(&ken_sent), all);
    CHECK_EQ(atomic_load(&ken_received), all);
}

CREW_TEST(ken_chan_unbuffered) { ken_all(c, 0); }
CREW_TEST(ken_chan_of_one) { ken_all(c, 1); }
CREW_TEST(ken_chan_of_ten) { ken_all(c, 10); }
CREW_TEST(ken_chan_of_a_hundred) { ken_all(c, 100); }
