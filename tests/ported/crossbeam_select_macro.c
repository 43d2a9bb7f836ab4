/* SPDX-License-Identifier: MIT */
/* crossbeam_select_macro.c - crossbeam-channel's tests of select!, re-expressed with the alternation statement.
 *
 * Origin: crossbeam-channel/tests/select_macro.rs, dual MIT and Apache-2.0; tests have the names of their originals.
 * Those that are the same as in select.rs but for their form are in crossbeam_select.c; here is what is of the form. */
#include "ported/crew.h"

#include "stress/load.h"

/* ---- the forms of a clause ---- */

TEST(smoke1_and_2) {
    weft_channel *ch[5];
    int got = 0, which = -1;
    for (int i = 0; i < 5; i++) ch[i] = make_unbounded();
    put(ch[4], 5);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(ch[0], &got) { which = 0; }
        WEFT_RECEIVE(ch[1], &got) { which = 1; }
        WEFT_RECEIVE(ch[2], &got) { which = 2; }
        WEFT_RECEIVE(ch[3], &got) { which = 3; }
        WEFT_RECEIVE(ch[4], &got) { which = 4; }
    }
    CHECK_EQ(which, 4);
    CHECK_EQ(got, 5);
    free_all(ch, 5);
}

/* default_only, default_syntax: with clauses, and without any. Where there is none, ours does not wait first. */
TEST(default_only_and_default_syntax) {
    weft_channel *ch = make(0);
    int otherwise = 0, value = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(ch, &value) { FAIL("nobody sends"); }
        WEFT_OTHERWISE { otherwise++; }
    }
    WEFT_FAIR_ALT {
        WEFT_SEND(ch, &value) { FAIL("nobody receives"); }
        WEFT_OTHERWISE { otherwise++; }
    }
    WEFT_FAIR_ALT {
        WEFT_OTHERWISE { otherwise++; }
    }
    WEFT_FAIR_ALT {
        WEFT_OTHERWISE_AFTER(1000) { otherwise++; }
    }
    weft_deadline due = weft_after(0.01);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(ch, &value) { FAIL("nobody sends"); }
        WEFT_OTHERWISE_AT(due) { otherwise++; }
    }
    CHECK_GE(weft_time(), due);
    CHECK_EQ(otherwise, 5);
    CHECK_OK(weft_free_channel(ch));
}

/* case_blocks, same_variable_name, result_types: a block is any statement, and finds the status */
TEST(case_blocks_and_result_types) {
    weft_channel *ch = make_unbounded();
    int value = 3, ran = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(ch, &value) while (true) FAIL("nothing to receive");
        WEFT_RECEIVE(ch, &value) switch (value) {
        default: FAIL("nothing to receive");
        }
        WEFT_OTHERWISE ran++;
    }
    CHECK_EQ(ran, 1);
    CHECK_OK(weft_close(ch));
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(ch, &value) if (weft_last_status() == WEFT_CLOSED) ran++;
        WEFT_SEND(ch, &value) if (weft_last_status() == WEFT_CLOSED) ran++;
    }
    CHECK_EQ(ran, 2);
    CHECK_EQ(value, 3);
    CHECK_OK(weft_free_channel(ch));
}

static int called;

static weft_channel *once(weft_channel *ch) {
    called++;
    return ch;
}

/* move_handles, once_blocks, once_receiver, once_sender, handles_on_heap, references, deref: a channel may be any
 * expression, and is computed once */
TEST(once_blocks_and_once_receiver_and_once_sender) {
    weft_channel *ch = make_unbounded(), *const *handle = &ch;
    int value = 1, ran = 0;
    called = 0;
    WEFT_FAIR_ALT {
        WEFT_SEND(once(*handle), &value) { ran++; }
    }
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(once(*handle), &value) { ran++; }
        WEFT_OTHERWISE { FAIL("there is one"); }
    }
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(once(ch), &value) { FAIL("there is none"); }
        WEFT_SEND(once(ch), &value) { ran++; }
    }
    CHECK_EQ(called, 4);
    CHECK_EQ(ran, 3);
    CHECK_OK(weft_free_channel(ch));
}

/* nesting and parse_nesting */
TEST(nesting) {
    weft_channel *ch = make_unbounded();
    int value = -1, zero = 0, one = 1, depth = 0;
    WEFT_FAIR_ALT {
        WEFT_SEND(ch, &zero) {
            WEFT_FAIR_ALT {
                WEFT_RECEIVE(ch, &value) {
                    CHECK_EQ(value, 0);
                    WEFT_FAIR_ALT {
                        WEFT_SEND(ch, &one) {
                            WEFT_FAIR_ALT {
                                WEFT_RECEIVE(ch, &value) {
                                    CHECK_EQ(value, 1);
                                    depth = 4;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    CHECK_EQ(depth, 4);
    CHECK(weft_is_empty(ch));
    CHECK_OK(weft_free_channel(ch));
}

static const char *what_can_be_done(weft_channel *ch, bool may_send) {
    int value = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(ch, &value) { return "received"; }
        WEFT_SEND_IF(may_send, ch, &value) { return "sent"; }
        WEFT_OTHERWISE { return "nothing"; }
    }
    return "none";
}

/* evaluate: no expression here; a function that returns from the blocks */
TEST(evaluate) {
    weft_channel *ch = make_unbounded();
    CHECK_STR(what_can_be_done(ch, true), "sent");
    CHECK_STR(what_can_be_done(ch, false), "received");
    CHECK_STR(what_can_be_done(ch, false), "nothing");
    CHECK_OK(weft_free_channel(ch));
}

/* ---- fairness and its opposite ---- */

enum { COUNT = 10000 };

TEST(fairness_recv_and_fairness_send) {
    weft_channel *bounded = make(COUNT), *unbounded = make_unbounded();
    int sent[2] = {0}, received[2] = {0}, value = 0;
    for (int i = 0; i < COUNT; i++) {
        WEFT_FAIR_ALT {
            WEFT_SEND(bounded, &value) { sent[0]++; }
            WEFT_SEND(unbounded, &value) { sent[1]++; }
        }
    }
    for (int i = 0; i < COUNT / 2; i++) { /* while there are in both */
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(bounded, &value) { received[0]++; }
            WEFT_RECEIVE(unbounded, &value) { received[1]++; }
        }
    }
    for (int i = 0; i < 2; i++) {
        CHECK_GE(sent[i], COUNT / 4);
        CHECK_GE(received[i], COUNT / 8);
    }
    FREE_ALL(bounded, unbounded);
}

/* Receives as many as are in one; seconds: until otherwise; infinity: there is none */
static void take_in_order(weft_channel *const *ch, double seconds, int *hits) {
    for (int i = 0; i < COUNT; i++) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE_ANY(ch[0]) { hits[0]++; }
            WEFT_RECEIVE_ANY(ch[1]) { hits[1]++; }
            WEFT_RECEIVE_ANY(ch[2]) { hits[2]++; }
            WEFT_OTHERWISE_AFTER(seconds) { FAIL("there was something"); }
        }
    }
}

static void unfair(double seconds) {
    weft_channel *ch[] = {make_unbounded(), make_unbounded(), make_unbounded()};
    int hits[3] = {0};
    for (int i = 0; i < COUNT; i++) {
        put(ch[0], i);
        put(ch[1], i);
    }
    put(ch[2], 0);
    take_in_order(ch, seconds, hits);
    CHECK(hits[0] == COUNT && hits[1] == 0 && hits[2] == 0);
    take_in_order(ch, seconds, hits);
    CHECK(hits[0] == COUNT && hits[1] == COUNT && hits[2] == 0);
    free_all(ch, 3);
}

TEST(unfairness) { unfair(__builtin_inf()); }

TEST(unfairness_timeout) { unfair(1000); }

TEST(unfairness_try) { unfair(0); }

/* ---- one clause behaves as the operation alone; each side tries, waits and sees the other close ---- */

typedef struct sides {
    weft_channel *ch, *step;
} sides;

static void sends_in_clauses_and_closes(void *argument) {
    const sides *s = argument;
    get(s->step);
    for (int i = 7; i <= 9; i++) {
        int sent = 0;
        WEFT_FAIR_ALT {
            WEFT_SEND(s->ch, &i) { sent += weft_last_status() == WEFT_OK; }
        }
        CHECK_EQ(sent, 1);
    }
    CHECK_OK(weft_close(s->ch));
}

/* try_recv, recv and recv_timeout */
CREW_TEST(try_recv_and_recv_and_recv_timeout) {
    sides s = {make(0), make(0)};
    int value = 0, closed = 0;
    start(c, sends_in_clauses_and_closes, &s);
    CHECK_STR(what_can_be_done(s.ch, false), "nothing");
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(s.ch, &value) { FAIL("nobody sends yet"); }
        WEFT_OTHERWISE_AFTER(0.005) {}
    }
    put(s.step, 0);
    for (int i = 7; i <= 9; i++) {
        nap();
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(s.ch, &value) { CHECK_EQ(value, i); }
            WEFT_OTHERWISE_AT(patience()) { FAIL("it should come"); }
        }
    }
    for (int i = 0; i < 2; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(s.ch, &value) { closed += weft_last_status() == WEFT_CLOSED; }
            WEFT_OTHERWISE_AT(i == 0 ? patience() : WEFT_NOW) { FAIL("it is closed"); }
        }
    }
    CHECK_EQ(closed, 2);
    all_done(c);
    FREE_ALL(s.ch, s.step);
}

static void receives_in_clauses_and_closes(void *argument) {
    const sides *s = argument;
    int value = 0;
    get(s->step);
    for (int i = 7; i <= 9; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(s->ch, &value) { CHECK_EQ(value, i); }
        }
    }
    CHECK_OK(weft_close(s->ch));
}

/* try_send, send and send_timeout */
CREW_TEST(try_send_and_send_and_send_timeout) {
    sides s = {make(0), make(0)};
    int closed = 0, i = 7;
    start(c, receives_in_clauses_and_closes, &s);
    WEFT_FAIR_ALT {
        WEFT_SEND(s.ch, &i) { FAIL("nobody receives yet"); }
        WEFT_OTHERWISE_AFTER(0.005) {}
    }
    put(s.step, 0);
    for (; i <= 9; i++) {
        nap();
        WEFT_FAIR_ALT {
            WEFT_SEND(s.ch, &i) { CHECK_OK(weft_last_status()); }
            WEFT_OTHERWISE_AT(patience()) { FAIL("it should go"); }
        }
    }
    for (int n = 0; n < 2; n++) {
        WEFT_FAIR_ALT {
            WEFT_SEND(s.ch, &i) { closed += weft_last_status() == WEFT_CLOSED; }
            WEFT_OTHERWISE_AT(n == 0 ? patience() : WEFT_NOW) { FAIL("it is closed"); }
        }
    }
    CHECK_EQ(closed, 2);
    all_done(c);
    FREE_ALL(s.ch, s.step);
}

static void sees_close_in_a_send(void *ch) {
    int value = 0, closed = 0;
    WEFT_FAIR_ALT {
        WEFT_SEND((weft_channel *)ch, &value) { closed += weft_last_status() == WEFT_CLOSED; }
        WEFT_OTHERWISE_AT(patience()) {}
    }
    CHECK_EQ(closed, 1);
}

static void sees_close_in_a_receive(void *ch) {
    int value = 0, closed = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE((weft_channel *)ch, &value) { closed += weft_last_status() == WEFT_CLOSED; }
        WEFT_OTHERWISE_AT(patience()) {}
    }
    CHECK_EQ(closed, 1);
}

static void disconnect_wakes(crew *c, crew_run who) {
    weft_channel *ch = make(0);
    for (int i = 0; i < 3; i++) start(c, who, ch);
    nap();
    CHECK_OK(weft_close(ch));
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}

CREW_TEST(disconnect_wakes_sender) { disconnect_wakes(c, sees_close_in_a_send); }

CREW_TEST(disconnect_wakes_receiver) { disconnect_wakes(c, sees_close_in_a_receive); }

/* ---- stress ---- */

typedef struct load {
    weft_channel *one, *two, *acknowledge;
    int count;
} load;

static void sends_and_receives(void *argument) {
    const load *l = argument;
    for (int i = 0; i < l->count; i++) {
        put(l->one, i);
        CHECK_EQ(get(l->two), i);
        get(l->acknowledge);
    }
}

/* stress_recv, stress_send and stress_mixed in one, as a statement and as a loop that keeps its clauses */
CREW_TEST(stress_mixed) {
    load l = {make(0), make(0), make(100), (int)load_rounds(3000)};
    int value = 0;
    start(c, sends_and_receives, &l);
    for (int i = 0; i < l.count; i++) {
        for (int n = 0; n < 2; n++) {
            WEFT_FAIR_ALT {
                WEFT_RECEIVE(l.one, &value) { CHECK_EQ(value, i); }
                WEFT_SEND(l.two, &i) {}
            }
        }
        put(l.acknowledge, 0);
    }
    all_done(c);
    FREE_ALL(l.one, l.two, l.acknowledge);
}

CREW_TEST(stress_mixed_in_a_loop) {
    load l = {make(0), make(0), make(100), (int)load_rounds(3000)};
    int value = 0, i = 0;
    start(c, sends_and_receives, &l);
    WEFT_FAIR_ALT_LOOP {
        WEFT_RECEIVE(l.one, &value) { CHECK_EQ(value, i); }
        WEFT_SEND(l.two, &i) {
            put(l.acknowledge, 0);
            if (++i == l.count) break;
        }
    }
    all_done(c);
    CHECK_EQ(i, l.count);
    FREE_ALL(l.one, l.two, l.acknowledge);
}
