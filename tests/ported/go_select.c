/* SPDX-License-Identifier: MIT */
/* go_select.c - Go's own tests of select, re-expressed; file and name of the original stand above each.
 *
 * Origin: The Go Authors, BSD-style licence; nothing of their text is here. A select is an alternation with WEFT_FAIR;
 * a nil channel is a clause whose guard is false, or a channel on which nothing ever happens. */
#include "ported/crew.h"

#include <malloc.h>
#include <math.h>

#include "stress/load.h"

/* Long enough for a select that could go on to do so. */
static weft_deadline shortly(void) { return weft_after(0.005); }

/* ---- test/chan/select.go ---- */

static unsigned shift, counter;

static unsigned next_value(void) {
    counter++;
    return 1u << shift;
}

/* Sends a value each to those that are not NULL, until there is nothing left to do. */
static int sends_to_both(weft_channel *a, weft_channel *b) {
    for (int sent = 0;; sent++, shift++) {
        unsigned v1 = next_value(), v2 = next_value();
        bool did = false;
        WEFT_FAIR_ALT {
            WEFT_SEND_IF(a != NULL, a, &v1) {
                did = true;
                a = NULL;
            }
            WEFT_SEND_IF(b != NULL, b, &v2) {
                did = true;
                b = NULL;
            }
            WEFT_OTHERWISE {}
        }
        if (!did) return sent;
    }
}

/* main: guards stand for nil channels; each value is computed once a select */
TEST(select_with_clauses_switched_off) {
    weft_channel *a = make(1), *b = make(1);
    shift = counter = 0;
    CHECK_EQ(sends_to_both(a, b), 2);
    CHECK_EQ(get(a) | get(b), 3);
    CHECK_EQ(sends_to_both(a, NULL), 1);
    CHECK_EQ(counter, 10);
    FREE_ALL(a, b);
}

/* ---- test/chan/select2.go ---- */

typedef struct flow {
    weft_channel *ch, *dummy;
    int count;
} flow;

static void sends_ones(void *argument) {
    const flow *f = argument;
    for (int i = 0; i < f->count; i++) put(f->ch, 1);
}

static void selects_ones(const flow *f) {
    for (int i = 0; i < f->count; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(f->ch) {}
            WEFT_RECEIVE_ANY(f->dummy) { FAIL("received from a channel nobody sends to"); }
        }
    }
}

enum { ROUNDS_OF_SELECT = 20000, MOST_LEFT = ROUNDS_OF_SELECT };

static size_t allocated(void) { return mallinfo2().uordblks; }

/* main: a select that is chosen over and over leaves nothing behind in the channel that is not */
CREW_TEST(select2_leaves_nothing_behind) {
    flow f = {make(0), make(0), (int)load_rounds(ROUNDS_OF_SELECT)};
    size_t before = 0;
    for (int round = 0; round < 2; round++) {
        start(c, sends_ones, &f);
        selects_ones(&f);
        all_done(c);
        if (round == 0) before = allocated();
    }
    size_t after = allocated();
    /* A block a round would be 24 bytes at the least; of a chunk of a queue, one is made now and then. Sanitizers count
     * otherwise. */
    CHECK(harness_slowness() > 1 || after < before + MOST_LEFT);
    FREE_ALL(f.ch, f.dummy);
}

/* ---- test/chan/select3.go ---- */

/* What blocks there runs into a deadline here. */
TEST(select3_what_always_blocks) {
    weft_channel *ch = make(0), *nil = weft_make_never(sizeof(int));
    int value = 1;
    weft_operation receive_nil = WEFT_TO_RECEIVE(nil, &value), both_nil[] = {receive_nil, receive_nil};
    weft_operation receive = WEFT_TO_RECEIVE(ch, &value), send = WEFT_TO_SEND(ch, &value), itself[] = {send, receive};
    CHECK_STATUS(weft_receive(nil, &value, shortly()), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive(ch, &value, shortly()), WEFT_TIMED_OUT);
    CHECK_NULL(weft_alternate(&receive_nil, 1, WEFT_FAIR, shortly()));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_NULL(weft_alternate(both_nil, 2, WEFT_FAIR, shortly()));
    CHECK_NULL(weft_alternate(&receive, 1, WEFT_FAIR, shortly()));
    CHECK_NULL(weft_alternate(itself, 2, WEFT_FAIR, shortly())); /* not confused when it sees itself */
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    FREE_ALL(ch, nil);
}

/* Nor what has an otherwise, nor what can be done. */
TEST(select3_what_never_blocks) {
    weft_channel *nil = weft_make_never(sizeof(int)), *async = make(1);
    int value = 7, otherwise = 0, done = 0;
    WEFT_FAIR_ALT {
        WEFT_OTHERWISE { otherwise++; }
    }
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(nil, &value) { FAIL("received from nil"); }
        WEFT_OTHERWISE { otherwise++; }
    }
    WEFT_FAIR_ALT {
        WEFT_SEND_IF(false, nil, &value) { FAIL("sent to nil"); }
        WEFT_OTHERWISE { otherwise++; }
    }
    WEFT_FAIR_ALT {
        WEFT_SEND(async, &value) { done++; }
        WEFT_OTHERWISE { FAIL("there is room"); }
    }
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(async, &value) { done++; }
        WEFT_OTHERWISE { FAIL("there is one"); }
    }
    CHECK_EQ(otherwise, 3);
    CHECK_EQ(done, 2);
    FREE_ALL(nil, async);
}

TEST(select3_closed_behaves_as_the_operation_alone) {
    weft_channel *closed = make(0);
    int value = 7;
    weft_operation receive = WEFT_TO_RECEIVE(closed, &value), send = WEFT_TO_SEND(closed, &value);
    CHECK_OK(weft_close(closed));
    for (int i = 0; i < 10; i++) {
        CHECK_STATUS(weft_receive(closed, &value, WEFT_FOREVER), WEFT_CLOSED);
        CHECK_PTR(weft_alternate(&receive, 1, WEFT_FAIR, WEFT_FOREVER), &receive);
        CHECK_STATUS(receive.status, WEFT_CLOSED);
        CHECK_PTR(weft_alternate(&send, 1, WEFT_FAIR, WEFT_FOREVER), &send);
        CHECK_STATUS(send.status, WEFT_CLOSED);
    }
    CHECK_EQ(value, 7);
    CHECK_OK(weft_free_channel(closed));
}

/* ---- test/chan/select4.go ---- */

/* main */
TEST(select4_takes_the_one_that_is_ready) {
    weft_channel *ready = make(1), *other = make(0);
    int value = 0;
    put(ready, 42);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(other, &value) { FAIL("nobody sent"); }
        WEFT_RECEIVE(ready, &value) {}
    }
    CHECK_EQ(value, 42);
    FREE_ALL(ready, other);
}

/* ---- test/chan/select5.go ---- */

/* Which clause was evaluated last, and how many channels and values were. */
static int last_clause, evaluated;

static void *in_clause(void *value, int clause) {
    CHECK_LE(last_clause, clause);
    last_clause = clause;
    evaluated++;
    return value;
}

static weft_channel *channel_in(weft_channel *channel, int clause) { return in_clause(channel, clause); }

static int *value_in(int *value, int clause) { return in_clause(value, clause); }

typedef struct permuted {
    weft_channel *ch, *dummy, *nil;
    int n, x, one;
} permuted;

/* Useless clauses around a receive or a send that can be done; bits: which of them are there. */
static void one_of_many(permuted *p, bool sends, unsigned bits) {
    int ran = 0;
    last_clause = evaluated = 0;
    WEFT_FAIR_ALT {
        WEFT_SEND_IF(bits & 1, channel_in(p->dummy, 1), value_in(&p->one, 1)) { FAIL("dummy send"); }
        WEFT_RECEIVE_IF(!sends, channel_in(p->ch, 2), value_in(&p->x, 2)) { ran++; }
        WEFT_SEND_IF(sends, channel_in(p->ch, 3), value_in(&p->n, 3)) { ran++; }
        WEFT_RECEIVE_IF(bits & 2, channel_in(p->dummy, 4), value_in(&p->one, 4)) { FAIL("dummy receive"); }
        WEFT_RECEIVE_IF(bits & 4, channel_in(p->nil, 5), value_in(&p->one, 5)) { FAIL("nil receive"); }
        WEFT_OTHERWISE_AT(bits & 8 ? WEFT_NOW : WEFT_FOREVER) { FAIL("it could be done"); }
    }
    CHECK_EQ(ran, 1);
    CHECK_EQ(evaluated, 2 * (1 + __builtin_popcount(bits & 7)));
}

/* recv, recvOrder, send, sendOrder: the right call happens; the clauses are evaluated once, in order, before. (Within a
 * clause the order of channel and pointer is open, as for the arguments of any call in C.) */
TEST(select5_with_every_set_of_clauses) {
    permuted p = {make(1), make(0), weft_make_never(sizeof(int)), 0, 0, 1};
    for (unsigned bits = 0; bits < 16; bits++) {
        put(p.ch, ++p.n);
        one_of_many(&p, false, bits);
        CHECK_EQ(p.x, p.n);
        p.n++;
        one_of_many(&p, true, bits);
        CHECK_EQ(get(p.ch), p.n);
    }
    FREE_ALL(p.ch, p.dummy, p.nil);
}

/* nonblock: nothing can be done, otherwise runs, and nothing is written */
TEST(select5_nonblock_with_every_set_of_clauses) {
    permuted p = {make(1), make(0), weft_make_never(sizeof(int)), 0, 77, 1};
    for (unsigned bits = 0; bits < 16; bits++) {
        int otherwise = 0;
        WEFT_FAIR_ALT {
            WEFT_SEND_IF(bits & 1, p.dummy, &p.one) { FAIL("dummy send"); }
            WEFT_RECEIVE_IF(bits & 2, p.dummy, &p.x) { FAIL("dummy receive"); }
            WEFT_RECEIVE_IF(bits & 4, p.ch, &p.x) { FAIL("receive from an empty one"); }
            WEFT_RECEIVE_IF(bits & 8, p.nil, &p.x) { FAIL("nil receive"); }
            WEFT_SEND_IF(false, p.nil, &p.one) { FAIL("nil send"); }
            WEFT_OTHERWISE { otherwise++; }
        }
        CHECK_EQ(otherwise, 1);
        CHECK_EQ(p.x, 77);
    }
    FREE_ALL(p.ch, p.dummy, p.nil);
}

/* ---- test/chan/select6.go ---- */

typedef struct three {
    weft_channel *c1, *c2, *c3;
} three;

static void receives_c1(void *argument) { get(((const three *)argument)->c1); }

static void sends_c2(void *argument) { put(((const three *)argument)->c2, 1); }

static void selects_c1_or_c2(void *argument) {
    const three *t = argument;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_ANY(t->c1) { FAIL("nobody has sent to c1 yet"); }
        WEFT_RECEIVE_ANY(t->c2) { put(t->c3, 1); }
    }
    get(t->c1);
}

/* main: the last waiter of a channel goes away with its select; those who come after are still woken */
CREW_TEST(select6_waiters_of_a_failed_clause) {
    three t = {make(0), make(0), make(0)};
    start(c, receives_c1, &t);
    nap();
    start(c, selects_c1_or_c2, &t);
    nap();
    start(c, sends_c2, &t);
    get(t.c3);
    put(t.c1, 1);
    put(t.c1, 1);
    all_done(c);
    FREE_ALL(t.c1, t.c2, t.c3);
}

/* ---- test/chan/select7.go ---- */

static void receives_alone(void *ch) { CHECK_EQ(get((weft_channel *)ch), 1); }

static void receives_in_select(void *ch) {
    int value = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE((weft_channel *)ch, &value) {}
    }
    CHECK_EQ(value, 1);
}

static void receives_in_select_of_two(void *ch) {
    weft_channel *other = make(0);
    int value = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE((weft_channel *)ch, &value) {}
        WEFT_RECEIVE(other, &value) { FAIL("nobody sends"); }
    }
    CHECK_EQ(value, 1);
    CHECK_OK(weft_free_channel(other));
}

static void sends_in_select(weft_channel *ch, bool of_two) {
    weft_channel *other = make(0);
    int value = 1, sent = 0;
    WEFT_FAIR_ALT {
        WEFT_SEND(ch, &value) { sent++; }
        WEFT_SEND_IF(of_two, other, &value) { FAIL("nobody receives"); }
    }
    CHECK_EQ(sent, 1);
    CHECK_OK(weft_free_channel(other));
}

/* main: each way to send meets each way to receive */
CREW_TEST(select7_single_and_select_operations_meet) {
    static const crew_run receivers[] = {receives_alone, receives_in_select, receives_in_select_of_two};
    for (int how = 0; how < 9; how++) {
        weft_channel *ch = make(0);
        start(c, receivers[how / 3], ch);
        weft_yield();
        if (how % 3 == 0)
            put(ch, 1);
        else
            sends_in_select(ch, how % 3 == 2);
        all_done(c);
        CHECK_OK(weft_free_channel(ch));
    }
}

/* ---- test/chan/select8.go ---- */

static void sends_until_closed(void *ch) {
    while (weft_send((weft_channel *)ch, &(int){5}, patience()) == WEFT_OK) {
    }
}

/* main: break leaves the select, in each clause */
CREW_TEST(select8_break_leaves_the_select) {
    weft_channel *ch = make(0);
    int left = 0, after = 0;
    start(c, sends_until_closed, ch);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_ANY(ch) {
            left++;
            if (left > 0) break;
            after++;
        }
    }
    WEFT_FAIR_ALT {
        WEFT_OTHERWISE {
            left++;
            if (left > 0) break;
            after++;
        }
    }
    int ten = 10;
    for (int i = 0; i < 10; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(ch) {
                left++;
                if (left > 0) break;
                after++;
            }
            WEFT_SEND(ch, &ten) { FAIL("nobody receives"); }
            WEFT_OTHERWISE {
                left++;
                if (left > 0) break;
                after++;
            }
        }
    }
    CHECK_EQ(left, 12);
    CHECK_EQ(after, 0);
    CHECK_OK(weft_close(ch));
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- test/chan/doubleselect.go ---- */

typedef struct four_ways {
    weft_channel *way[4], *mux, *done;
    int count;
} four_ways;

typedef struct one_way {
    four_ways *all;
    int which;
} one_way;

static void sends_four_ways(void *argument) {
    const four_ways *f = argument;
    for (int i = 0; i < f->count; i++) {
        WEFT_FAIR_ALT {
            for (int w = 0; w < 4; w++) WEFT_SEND(f->way[w], &i) {
                }
        }
    }
    for (int w = 0; w < 4; w++) CHECK_OK(weft_close(f->way[w]));
}

static void merges(void *argument) {
    const one_way *o = argument;
    WEFT_FOR_EACH_RECEIVED(int, v, o->all->way[o->which]) put(o->all->mux, v);
    put(o->all->done, 1);
}

static void closes_after_four(void *argument) {
    const four_ways *f = argument;
    for (int i = 0; i < 4; i++) get(f->done);
    CHECK_OK(weft_close(f->mux));
}

/* main: a value sent in a select is sent by one clause of it alone */
CREW_TEST(doubleselect_sends_each_value_once) {
    enum { MOST = 10000 };
    four_ways f = {{make(0), make(0), make(0), make(0)}, make(0), make(0), (int)harness_rounds(MOST)};
    one_way ways[4];
    static bool seen[MOST];
    memset(seen, 0, sizeof seen);
    start(c, sends_four_ways, &f);
    for (int w = 0; w < 4; w++) {
        ways[w] = (one_way){&f, w};
        start(c, merges, &ways[w]);
    }
    start(c, closes_after_four, &f);
    int count = 0;
    WEFT_FOR_EACH_RECEIVED(int, v, f.mux) {
        CHECK(!seen[v]);
        seen[v] = true;
        count++;
    }
    CHECK_EQ(count, f.count);
    all_done(c);
    free_all(f.way, 4);
    FREE_ALL(f.mux, f.done);
}

/* ---- src/runtime/chan_test.go ---- */

typedef struct racers {
    weft_channel *first, *second, *done; /* as they are listed */
} racers;

static void looks_at_both(void *argument) {
    const racers *r = argument;
    int found = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE_ANY(r->first) { found = 1; }
        WEFT_RECEIVE_ANY(r->second) { found = 1; }
        WEFT_OTHERWISE {}
    }
    put(r->done, found);
}

static void select_race(crew *c, bool closes) {
    int rounds = (int)harness_rounds(200);
    for (int i = 0; i < rounds; i++) {
        weft_channel *c1 = make(1), *c2 = make(1);
        racers r = {i % 2 == 0 ? c1 : c2, i % 2 == 0 ? c2 : c1, make(1)};
        put(c1, 1);
        start(c, looks_at_both, &r);
        if (closes)
            CHECK_OK(weft_close(c2));
        else
            put(c2, 1);
        (void)weft_receive(c1, &(int){0}, WEFT_NOW); /* it may be gone */
        CHECK_EQ(get(r.done), 1);
        all_done(c);
        FREE_ALL(c1, c2, r.done);
    }
}

/* TestNonblockSelectRace: at any time one of the two can be received; in either order */
CREW_TEST(nonblock_select_race) { select_race(c, false); }

/* TestNonblockSelectRace2: the second is closed instead of sent to */
CREW_TEST(nonblock_select_race_with_close) { select_race(c, true); }

typedef struct selfish {
    weft_channel *ch;
    int me, rounds;
    bool rendezvous;
} selfish;

static void selects_itself(void *argument) {
    const selfish *s = argument;
    for (int i = 0; i < s->rounds; i++) {
        int value = -1;
        bool sends_first = s->me == 0 || i % 2 == 0;
        WEFT_FAIR_ALT {
            WEFT_SEND_IF(sends_first, s->ch, &s->me) {}
            WEFT_RECEIVE(s->ch, &value) { CHECK(!s->rendezvous || value != s->me); }
            WEFT_SEND_IF(!sends_first, s->ch, &s->me) {}
        }
    }
}

/* TestSelfSelect: send and receive of one channel in one select neither meet nor wait for ever */
CREW_TEST(self_select) {
    for (size_t capacity = 0; capacity <= 10; capacity += 10) {
        weft_channel *ch = make(capacity);
        selfish sides[2];
        for (int p = 0; p < 2; p++) {
            sides[p] = (selfish){ch, p, 1000, capacity == 0};
            start(c, selects_itself, &sides[p]);
        }
        all_done(c);
        CHECK_OK(weft_free_channel(ch));
    }
}

typedef struct stressed {
    weft_channel *ch[4];
    int count;
} stressed;

typedef struct stressed_one {
    const stressed *all;
    int which;
} stressed_one;

static void sends_n(void *argument) {
    const stressed_one *s = argument;
    for (int i = 0; i < s->all->count; i++) put(s->all->ch[s->which], 0);
}

static void receives_n(void *argument) {
    const stressed_one *s = argument;
    for (int i = 0; i < s->all->count; i++) get(s->all->ch[s->which]);
}

static void selects_sends_n(void *argument) {
    const stressed *s = argument;
    static const int sequence[] = {3, 2, 0, 1};
    int n[4] = {0}, zero = 0;
    for (int i = 0; i < 4 * s->count; i++) {
        WEFT_FAIR_ALT {
            for (int k = 0; k < 4; k++) WEFT_SEND_IF(n[sequence[k]] < s->count, s->ch[sequence[k]], &zero) {
                    n[sequence[k]]++;
                }
        }
    }
    for (int k = 0; k < 4; k++) CHECK_EQ(n[k], s->count);
}

static void selects_receives_n(void *argument) {
    const stressed *s = argument;
    int n[4] = {0};
    for (int i = 0; i < 4 * s->count; i++) {
        int value;
        WEFT_FAIR_ALT {
            for (int k = 0; k < 4; k++) WEFT_RECEIVE_IF(n[k] < s->count, s->ch[k], &value) {
                    n[k]++;
                }
        }
    }
    for (int k = 0; k < 4; k++) CHECK_EQ(n[k], s->count);
}

/* TestSelectStress: four senders, four receivers, one select that sends and one that receives, all on four channels */
CREW_TEST(select_stress) {
    stressed s = {{make(0), make(0), make(2), make(3)}, (int)load_rounds(3000)};
    stressed_one ones[4];
    for (int k = 0; k < 4; k++) {
        ones[k] = (stressed_one){&s, k};
        start(c, sends_n, &ones[k]);
        start(c, receives_n, &ones[k]);
    }
    start(c, selects_sends_n, &s);
    start(c, selects_receives_n, &s);
    all_done(c);
    free_all(s.ch, 4);
}

typedef struct fairness {
    weft_channel *c1, *c2, *c3, *c4, *out, *done;
} fairness;

static void forwards_fairly(void *argument) {
    const fairness *f = argument;
    for (bool going = true; going;) {
        int value = 0;
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(f->c3, &value) { FAIL("nobody sends"); }
            WEFT_RECEIVE(f->c4, &value) { FAIL("nobody sends"); }
            WEFT_RECEIVE(f->c1, &value) {}
            WEFT_RECEIVE(f->c2, &value) {}
        }
        WEFT_FAIR_ALT {
            WEFT_SEND(f->out, &value) {}
            WEFT_RECEIVE_ANY(f->done) { going = false; }
        }
    }
}

/* TestSelectFairness: a margin of error at five nines, as in the original */
CREW_TEST(select_fairness) {
    int trials = (int)harness_rounds(10000), hits[3] = {0};
    size_t room = (size_t)trials + 1;
    fairness f = {make(room), make(room), make(0), make(0), make(0), make(0)};
    for (size_t i = 0; i < room; i++) {
        put(f.c1, 1);
        put(f.c2, 2);
    }
    start(c, forwards_fairly, &f);
    for (int i = 0; i < trials; i++) {
        int value = get(f.out);
        if (CHECK(value == 1 || value == 2)) hits[value]++;
    }
    CHECK_NEAR((double)hits[1] / trials, 0.5, 4.4172 / (2 * sqrt(trials)));
    CHECK_OK(weft_close(f.done));
    all_done(c);
    FREE_ALL(f.c1, f.c2, f.c3, f.c4, f.out, f.done);
}

enum { RANDOM_SENDS = 100 };
typedef struct random_sends {
    weft_channel *ch;
    int seen[RANDOM_SENDS];
} random_sends;

static void receives_all(void *argument) {
    random_sends *r = argument;
    for (int i = 0; i < RANDOM_SENDS; i++) {
        weft_yield();
        r->seen[i] = get(r->ch);
    }
}

/* TestPseudoRandomSend: of two sends to one channel each is done now and then */
CREW_TEST(pseudo_random_send) {
    for (size_t capacity = 0; capacity <= RANDOM_SENDS; capacity += RANDOM_SENDS) {
        random_sends r = {.ch = make(capacity)};
        int ones = 0, zero = 0, one = 1;
        start(c, receives_all, &r);
        for (int i = 0; i < RANDOM_SENDS; i++) {
            WEFT_FAIR_ALT {
                WEFT_SEND(r.ch, &one) {}
                WEFT_SEND(r.ch, &zero) {}
            }
        }
        all_done(c);
        for (int i = 0; i < RANDOM_SENDS; i++) ones += r.seen[i];
        CHECK_GT(ones, RANDOM_SENDS / 10);
        CHECK_LT(ones, RANDOM_SENDS - RANDOM_SENDS / 10);
        CHECK_OK(weft_free_channel(r.ch));
    }
}

static void selects_c_twice_or_d(void *argument) {
    const three *t = argument;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_ANY(t->c1) { FAIL("nobody has sent to c yet"); }
        WEFT_RECEIVE_ANY(t->c1) { FAIL("nobody has sent to c yet"); }
        WEFT_RECEIVE_ANY(t->c2) {}
    }
    put(t->c3, 9);
}

/* TestSelectDuplicateChannel: a select that waits twice on one channel goes out of it twice */
CREW_TEST(select_duplicate_channel) {
    three t = {make(0), make(0), make(0)};
    start(c, selects_c_twice_or_d, &t);
    nap();
    start(c, receives_c1, &t);
    nap();
    put(t.c2, 7);
    CHECK_EQ(get(t.c3), 9);
    put(t.c1, 8);
    all_done(c);
    FREE_ALL(t.c1, t.c2, t.c3);
}
