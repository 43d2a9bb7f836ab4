/* SPDX-License-Identifier: MIT */
/* crossbeam_select.c - crossbeam-channel's tests of Select, re-expressed with operations in an array.
 *
 * Origin: crossbeam-channel/tests/select.rs, dual MIT and Apache-2.0; tests have the names of their originals. Those of
 * ready.rs ask only what could be done, and then do it and may lose it to another; there is no such thing here, and
 * each of them has a twin in select.rs. */
#include "ported/crew.h"

#include "stress/load.h"

/* Does one of the operations, fairly; which one, or -1. */
static int select_one(weft_operation *operations, size_t count, weft_deadline deadline) {
    const weft_operation *done = weft_alternate(operations, count, WEFT_FAIR, deadline);
    return done != NULL ? (int)(done - operations) : -1;
}

typedef struct trio {
    weft_channel *one, *two, *three;
    int count;
} trio;

static void free_trio(crew *c, const trio *t) {
    all_done(c);
    FREE_ALL(t->one, t->two);
    if (t->three != NULL) CHECK_OK(weft_free_channel(t->three));
}

TEST(smoke1) {
    weft_channel *one = make_unbounded(), *two = make_unbounded();
    int value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(one, &value), WEFT_TO_RECEIVE(two, &value)};
    put(one, 1);
    CHECK_EQ(select_one(both, 2, WEFT_FOREVER), 0);
    CHECK_EQ(value, 1);
    put(two, 2);
    CHECK_EQ(select_one(both, 2, WEFT_FOREVER), 1);
    CHECK_EQ(value, 2);
    FREE_ALL(one, two);
}

TEST(smoke2) {
    weft_channel *ch[5];
    weft_operation all[5];
    int value = 0;
    for (int i = 0; i < 5; i++) {
        ch[i] = make_unbounded();
        all[i] = WEFT_TO_RECEIVE(ch[i], &value);
    }
    put(ch[4], 5);
    CHECK_EQ(select_one(all, 5, WEFT_FOREVER), 4);
    CHECK_EQ(value, 5);
    free_all(ch, 5);
}

static void closes_one_then_sends(void *argument) {
    const trio *t = argument;
    CHECK_OK(weft_close(t->one));
    put(t->two, 5);
}

static void closes_two(void *argument) {
    nap();
    CHECK_OK(weft_close(((const trio *)argument)->two));
}

CREW_TEST(disconnected) {
    trio t = {make_unbounded(), make(0), NULL, 0};
    int value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_RECEIVE(t.two, &value)};
    start(c, closes_one_then_sends, &t);
    CHECK_EQ(select_one(both, 1, patience()), 0);
    CHECK_STATUS(both[0].status, WEFT_CLOSED);
    CHECK_EQ(get(t.two), 5);
    CHECK_EQ(select_one(both, 2, patience()), 0);
    CHECK_STATUS(both[0].status, WEFT_CLOSED);
    start(c, closes_two, &t);
    CHECK_EQ(select_one(&both[1], 1, patience()), 0);
    CHECK_STATUS(both[1].status, WEFT_CLOSED);
    free_trio(c, &t);
}

/* An empty Select is refused here: see crossbeam_select_macro.c for the statement. */
TEST(default_where_nothing_can_be_done) {
    weft_channel *one = make_unbounded(), *two = make_unbounded();
    int value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(one, &value), WEFT_TO_RECEIVE(two, &value)};
    CHECK_EQ(select_one(both, 2, WEFT_NOW), -1);
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_OK(weft_close(one));
    CHECK_EQ(select_one(both, 2, WEFT_NOW), 0);
    CHECK_STATUS(both[0].status, WEFT_CLOSED);
    put(two, 2);
    CHECK_EQ(select_one(&both[1], 1, WEFT_NOW), 0);
    CHECK_EQ(value, 2);
    CHECK_EQ(select_one(&both[1], 1, WEFT_NOW), -1);
    CHECK_EQ(select_one(both, 0, WEFT_NOW), -1);
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    FREE_ALL(one, two);
}

static void sends_two_when_told(void *argument) {
    const trio *t = argument;
    get(t->three);
    put(t->two, 2);
}

CREW_TEST(timeout) {
    trio t = {make_unbounded(), make_unbounded(), make(0), 0};
    int value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_RECEIVE(t.two, &value)};
    start(c, sends_two_when_told, &t);
    weft_deadline due = weft_after(0.01);
    CHECK_EQ(select_one(both, 2, due), -1);
    CHECK_GE(weft_time(), due);
    put(t.three, 0);
    CHECK_EQ(select_one(both, 2, patience()), 1);
    CHECK_EQ(value, 2);
    free_trio(c, &t);
}

TEST(default_when_disconnected) {
    weft_channel *in = make_unbounded(), *out = make(0);
    int value = 0;
    weft_operation receive = WEFT_TO_RECEIVE(in, &value), send = WEFT_TO_SEND(out, &value);
    CHECK_OK(weft_close(in));
    CHECK_OK(weft_close(out));
    const weft_deadline deadlines[] = {WEFT_NOW, patience(), WEFT_FOREVER};
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(select_one(&receive, 1, deadlines[i]), 0);
        CHECK_STATUS(receive.status, WEFT_CLOSED);
        CHECK_EQ(select_one(&send, 1, deadlines[i]), 0);
        CHECK_STATUS(send.status, WEFT_CLOSED);
    }
    FREE_ALL(in, out);
}

static void sends_to_two(void *argument) {
    nap();
    put(((const trio *)argument)->two, 2);
}

static void receives_from_one(void *argument) {
    nap();
    CHECK_EQ(get(((const trio *)argument)->one), 1);
}

CREW_TEST(unblocks) {
    trio t = {make(0), make(0), NULL, 0};
    int value = 0, one = 1;
    weft_operation receives[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_RECEIVE(t.two, &value)};
    weft_operation sends[] = {WEFT_TO_SEND(t.one, &one), WEFT_TO_SEND(t.two, &one)};
    start(c, sends_to_two, &t);
    CHECK_EQ(select_one(receives, 2, patience()), 1);
    CHECK_EQ(value, 2);
    start(c, receives_from_one, &t);
    CHECK_EQ(select_one(sends, 2, patience()), 0);
    free_trio(c, &t);
}

static void sends_one_receives_two(void *argument) {
    const trio *t = argument;
    nap();
    put(t->one, 1);
    CHECK_EQ(get(t->two), 2);
}

CREW_TEST(both_ready) {
    trio t = {make(0), make(0), NULL, 0};
    int value = 0, second = 2;
    weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_SEND(t.two, &second)};
    start(c, sends_one_receives_two, &t);
    for (int i = 0; i < 2; i++) CHECK_EQ(select_one(both, 2, patience()), i);
    CHECK_EQ(value, 1);
    free_trio(c, &t);
}

static void tries_to_send(void *argument) {
    const trio *t = argument;
    int one = 1, value;
    weft_operation send = WEFT_TO_SEND(t->one, &one), end = WEFT_TO_RECEIVE(t->three, &value);
    while (select_one(&send, 1, WEFT_NOW) < 0 && select_one(&end, 1, WEFT_NOW) < 0) weft_yield();
}

static void tries_to_receive(void *argument) {
    const trio *t = argument;
    int value = 2, ignored;
    weft_operation end = WEFT_TO_RECEIVE(t->three, &ignored);
    while (weft_receive(t->two, &value, WEFT_NOW) != WEFT_OK && select_one(&end, 1, WEFT_NOW) < 0) weft_yield();
    CHECK_EQ(value, 2);
}

CREW_TEST(loop_try) {
    for (int run = 0; run < 20; run++) {
        trio t = {make(0), make(0), make(0), 0};
        int value = 1, second = 2;
        weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_SEND(t.two, &second)};
        start(c, tries_to_send, &t);
        start(c, tries_to_receive, &t);
        CHECK_GE(select_one(both, 2, patience()), 0);
        CHECK_EQ(value, 1);
        CHECK_OK(weft_close(t.three));
        free_trio(c, &t);
    }
}

static void sends_between(void *argument) {
    const trio *t = argument;
    get(t->three);
    CHECK_STATUS(weft_receive(t->three, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    put(t->one, 1);
    get(t->three);
}

/* cloning1 and cloning2: handles are not counted here; what is left is that the one is woken that was sent to */
CREW_TEST(cloning1) {
    trio t = {make_unbounded(), make_unbounded(), make_unbounded(), 0};
    int value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_RECEIVE(t.two, &value)};
    start(c, sends_between, &t);
    put(t.three, 0);
    CHECK_EQ(select_one(both, 2, patience()), 0);
    put(t.three, 0);
    free_trio(c, &t);
}

TEST(preflight1) {
    weft_channel *ch = make_unbounded();
    weft_operation receive = {.kind = WEFT_OPERATION_RECEIVE, .on.channel = ch};
    put(ch, 1);
    CHECK_EQ(select_one(&receive, 1, WEFT_FOREVER), 0);
    CHECK_OK(receive.status);
    CHECK_OK(weft_free_channel(ch));
}

/* preflight2 and preflight3: closed with one element in it */
TEST(preflight2_and_3) {
    weft_channel *ch = make_unbounded();
    int value = 0;
    weft_operation receive = WEFT_TO_RECEIVE(ch, &value);
    put(ch, 4);
    CHECK_OK(weft_close(ch));
    CHECK_EQ(select_one(&receive, 1, WEFT_FOREVER), 0);
    CHECK_OK(receive.status);
    CHECK_EQ(value, 4);
    CHECK_STATUS(weft_receive(ch, &value, WEFT_NOW), WEFT_CLOSED);
    CHECK_EQ(select_one(&receive, 1, WEFT_FOREVER), 0);
    CHECK_STATUS(receive.status, WEFT_CLOSED);
    CHECK_OK(weft_free_channel(ch));
}

TEST(duplicate_operations) {
    weft_channel *ch = make_unbounded();
    int value = 0, hits[4] = {0}, rounds = 0;
    weft_operation four[] = {WEFT_TO_RECEIVE(ch, &value), WEFT_TO_RECEIVE(ch, &value), WEFT_TO_SEND(ch, &value),
                             WEFT_TO_SEND(ch, &value)};
    for (; rounds < 10000 && (!hits[0] || !hits[1] || !hits[2] || !hits[3]); rounds++) {
        int which = select_one(four, 4, WEFT_FOREVER);
        if (CHECK_GE(which, 0)) hits[which]++;
    }
    CHECK_LT(rounds, 10000);
    CHECK_EQ(weft_count(ch), hits[2] + hits[3] - hits[0] - hits[1]);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- stress ---- */

static int rounds_here(void) { return (int)load_rounds(3000); }

static void sends_by_turns(void *argument) {
    const trio *t = argument;
    for (int i = 0; i < t->count; i++) {
        put(t->one, i);
        get(t->three);
        put(t->two, i);
        get(t->three);
    }
}

CREW_TEST(stress_recv) {
    trio t = {make_unbounded(), make(5), make(100), rounds_here()};
    int value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_RECEIVE(t.two, &value)};
    start(c, sends_by_turns, &t);
    for (int i = 0; i < 2 * t.count; i++) {
        CHECK_EQ(select_one(both, 2, patience()), i % 2);
        CHECK_EQ(value, i / 2);
        put(t.three, 0);
    }
    free_trio(c, &t);
}

static void receives_by_turns(void *argument) {
    const trio *t = argument;
    for (int i = 0; i < t->count; i++) {
        CHECK_EQ(get(t->one), i);
        CHECK_EQ(get(t->two), i);
        get(t->three);
    }
}

CREW_TEST(stress_send) {
    trio t = {make(0), make(0), make(100), rounds_here()};
    int i;
    weft_operation both[] = {WEFT_TO_SEND(t.one, &i), WEFT_TO_SEND(t.two, &i)};
    start(c, receives_by_turns, &t);
    for (i = 0; i < t.count; i++) {
        for (int n = 0; n < 2; n++) CHECK_EQ(select_one(both, 2, patience()), n);
        put(t.three, 0);
    }
    free_trio(c, &t);
}

static void sends_and_receives_by_turns(void *argument) {
    const trio *t = argument;
    for (int i = 0; i < t->count; i++) {
        put(t->one, i);
        CHECK_EQ(get(t->two), i);
        get(t->three);
    }
}

static void mixed(crew *c, bool kept) {
    trio t = {make(0), make(0), make(100), rounds_here()};
    int i, value = 0;
    weft_operation both[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_SEND(t.two, &i)};
    weft_alternation *set = kept ? weft_make_alternation(both, 2) : NULL;
    start(c, sends_and_receives_by_turns, &t);
    for (i = 0; i < t.count; i++) {
        for (int n = 0; n < 2; n++) {
            const weft_operation *done = kept ? weft_alternate_again(set, WEFT_FAIR, patience())
                                              : weft_alternate(both, 2, WEFT_FAIR, patience());
            CHECK_PTR(done, &both[n]);
        }
        CHECK_EQ(value, i);
        put(t.three, 0);
    }
    CHECK_OK(weft_free_alternation(set));
    free_trio(c, &t);
}

CREW_TEST(stress_mixed) { mixed(c, false); }

/* A Select that is used again is a kept set here. */
CREW_TEST(reuse) { mixed(c, true); }

static void sends_with_timeouts(void *argument) {
    const trio *t = argument;
    int i;
    weft_operation send = WEFT_TO_SEND(t->one, &i);
    for (i = 0; i < t->count; i++) {
        if (i % 2 == 0) nap();
        while (select_one(&send, 1, weft_after(0.0003)) < 0) {
        }
    }
}

CREW_TEST(stress_timeout_two_threads) {
    trio t = {make(2), make(0), NULL, (int)harness_rounds(100)};
    int value = 0;
    weft_operation receive = WEFT_TO_RECEIVE(t.one, &value);
    start(c, sends_with_timeouts, &t);
    for (int i = 0; i < t.count; i++) {
        if (i % 2 == 1) nap();
        while (select_one(&receive, 1, weft_after(0.0003)) < 0) {
        }
        CHECK_EQ(value, i);
    }
    free_trio(c, &t);
}

/* ---- itself and others ---- */

TEST(send_recv_same_channel) {
    weft_channel *rendezvous = make(0), *unbounded = make_unbounded();
    int value = 0;
    weft_operation itself[] = {WEFT_TO_SEND(rendezvous, &value), WEFT_TO_RECEIVE(rendezvous, &value)};
    weft_operation other[] = {WEFT_TO_SEND(unbounded, &value), WEFT_TO_RECEIVE(unbounded, &value)};
    CHECK_EQ(select_one(itself, 2, weft_after(0.01)), -1);
    CHECK_EQ(select_one(other, 2, weft_after(0.01)), 0);
    FREE_ALL(rendezvous, unbounded);
}

typedef struct meeting {
    weft_channel *ch;
    int me;
} meeting;

static void meets(void *argument) {
    const meeting *m = argument;
    int value = m->me;
    weft_operation both[] = {WEFT_TO_RECEIVE(m->ch, &value), WEFT_TO_SEND(m->ch, &m->me)};
    int which = select_one(both, 2, patience());
    CHECK_GE(which, 0);
    if (which == 0) CHECK_NE(value, m->me);
}

static void matching_of(crew *c, int members) {
    weft_channel *ch = make(0);
    meeting m[64];
    for (int i = 0; i < members; i++) {
        m[i] = (meeting){ch, i};
        start(c, meets, &m[i]);
    }
    if (members % 2 == 1) put(ch, 1000);
    all_done(c);
    CHECK_STATUS(weft_receive(ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_send(ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(ch));
}

/* sync_and_clone and send_and_clone do the same with a set that is copied: operations are plain data here */
CREW_TEST(matching) { matching_of(c, 44); }

CREW_TEST(matching_with_leftover) { matching_of(c, 55); }

typedef struct journey {
    weft_channel *first;
    size_t capacity;
    int count;
} journey;

static void sends_channels(void *argument) {
    const journey *j = argument;
    weft_channel *at = j->first, *next;
    for (int i = 0; i < j->count; i++, at = next) {
        next = make_sized(sizeof next, j->capacity);
        weft_operation send = WEFT_TO_SEND(at, &next);
        CHECK_EQ(select_one(&send, 1, patience()), 0);
    }
}

CREW_TEST(channel_through_channel) {
    enum { MOST = 500 };
    static weft_channel *all[MOST + 1];
    for (size_t capacity = 0; capacity < 3; capacity++) {
        journey j = {make_sized(sizeof(weft_channel *), capacity), capacity, (int)harness_rounds(MOST)};
        all[0] = j.first;
        start(c, sends_channels, &j);
        for (int i = 0; i < j.count; i++) {
            weft_operation receive = WEFT_TO_RECEIVE(all[i], &all[i + 1]);
            CHECK_EQ(select_one(&receive, 1, patience()), 0);
        }
        all_done(c);
        free_all(all, (size_t)j.count + 1);
    }
}

typedef struct line {
    weft_channel *one, *two, *begin, *end;
    int count;
    double seconds;
    bool backward; /* what is brought second is listed first */
} line;

static void sends_and_must_find(void *argument) {
    const line *l = argument;
    int value;
    weft_operation both[] = {WEFT_TO_RECEIVE(l->backward ? l->two : l->one, &value),
                             WEFT_TO_RECEIVE(l->backward ? l->one : l->two, &value)};
    for (int i = 0; i < l->count; i++) {
        put(l->begin, 0);
        put(l->one, 1);
        CHECK_NOT_NULL(weft_alternate(both, 2, WEFT_FIRST_LISTED, weft_after(l->seconds)));
        put(l->end, 0);
        (void)weft_receive(l->two, &value, WEFT_NOW); /* it may be gone */
    }
}

static void linearizable_with(crew *c, double seconds, bool bounded, bool backward) {
    line l = {bounded ? make(1) : make_unbounded(),
              bounded ? make(1) : make_unbounded(),
              make(0),
              make(0),
              rounds_here(),
              seconds,
              backward};
    start(c, sends_and_must_find, &l);
    for (int i = 0; i < l.count; i++) {
        get(l.begin);
        put(l.two, 1);
        (void)weft_receive(l.one, &(int){0}, WEFT_NOW); /* it may be gone */
        get(l.end);
    }
    all_done(c);
    FREE_ALL(l.one, l.two, l.begin, l.end);
}

/* linearizable_try and linearizable_timeout, in either order. */
CREW_TEST(linearizable_try) {
    for (int which = 0; which < 4; which++) linearizable_with(c, 0, which % 2 != 0, which / 2 != 0);
}

CREW_TEST(linearizable_timeout) {
    for (int which = 0; which < 4; which++) linearizable_with(c, 1e-9, which % 2 != 0, which / 2 != 0);
}

/* ---- fairness ---- */

TEST(fairness1) {
    enum { COUNT = 10000 };
    weft_channel *one = make(COUNT), *two = make_unbounded();
    int hits[4] = {0}, value;
    weft_deadline time;
    for (int i = 0; i < COUNT; i++) {
        put(one, i);
        put(two, i);
    }
    for (int i = 0; i < COUNT; i++) {
        weft_channel *after = weft_make_after(WEFT_NOW), *every = weft_make_every(1e-9);
        weft_operation four[] = {WEFT_TO_RECEIVE(one, &value), WEFT_TO_RECEIVE(two, &value),
                                 WEFT_TO_RECEIVE(after, &time), WEFT_TO_RECEIVE(every, &time)};
        int which = select_one(four, 4, WEFT_FOREVER);
        if (CHECK_GE(which, 0)) hits[which]++;
        FREE_ALL(after, every);
    }
    for (int i = 0; i < 4; i++) CHECK_GE(hits[i], COUNT / 4 / 2);
    FREE_ALL(one, two);
}

static void offers_three(void *argument) {
    const trio *t = argument;
    int zero = 0;
    for (int i = 0; i < t->count; i++) {
        weft_operation some[3];
        size_t count = 0;
        if (weft_is_empty(t->one)) some[count++] = WEFT_TO_SEND(t->one, &zero);
        if (weft_is_empty(t->two)) some[count++] = WEFT_TO_SEND(t->two, &zero);
        some[count++] = WEFT_TO_SEND(t->three, &zero);
        CHECK_GE(select_one(some, count, patience()), 0);
    }
}

CREW_TEST(fairness2) {
    trio t = {make_unbounded(), make(1), make(0), (int)harness_rounds(10000)};
    int hits[3] = {0}, value;
    weft_operation three[] = {WEFT_TO_RECEIVE(t.one, &value), WEFT_TO_RECEIVE(t.two, &value),
                              WEFT_TO_RECEIVE(t.three, &value)};
    start(c, offers_three, &t);
    for (int i = 0; i < t.count; i++) {
        int which = select_one(three, 3, patience());
        if (CHECK_GE(which, 0)) hits[which]++;
    }
    for (int i = 0; i < 3; i++) CHECK_GE(hits[i], t.count / 3 / 50);
    free_trio(c, &t);
}
