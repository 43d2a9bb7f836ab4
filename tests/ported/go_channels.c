/* SPDX-License-Identifier: MIT */
/* go_channels.c - Go's own tests of channels, re-expressed; file and name of the original stand above each.
 *
 * Origin: The Go Authors, BSD-style licence; nothing of their text is here. What a panic says there, a status says
 * here: a send to a closed channel is WEFT_CLOSED. Select is in go_select.c, sieves and power series are in files of
 * their own. */
#include "ported/crew.h"

#include "stress/load.h"

enum { CAPACITIES = 12 };

/* ---- test/chan/fifo.go ---- */

/* AsynchFifo */
TEST(fifo_asynch) {
    weft_channel *ch = make(10);
    for (int i = 0; i < 10; i++) put(ch, i);
    for (int i = 0; i < 10; i++) CHECK_EQ(get(ch), i);
    CHECK_OK(weft_free_channel(ch));
}

typedef struct link {
    weft_channel *ch, *in, *out;
    int value;
} link_of_chain;

static void chain(void *argument) {
    const link_of_chain *l = argument;
    get(l->in);
    CHECK_EQ(get(l->ch), l->value);
    put(l->out, 1);
}

/* SynchFifo: ten that take by turns from one channel */
CREW_TEST(fifo_synch) {
    weft_channel *ch = make(0), *turns[11];
    link_of_chain links[10];
    for (int i = 0; i <= 10; i++) turns[i] = make(0);
    for (int i = 0; i < 10; i++) {
        links[i] = (link_of_chain){ch, turns[i], turns[i + 1], i};
        start(c, chain, &links[i]);
    }
    put(turns[0], 0);
    for (int i = 0; i < 10; i++) put(ch, i);
    get(turns[10]);
    all_done(c);
    free_all(turns, 11);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- test/chan/goroutines.go ---- */

WEFT_TASK(void, passes_on, (weft_channel *, left), (weft_channel *, right)) { put(left, get(right)); }

/* main: a value travels through many tasks, each with a channel of its own */
TEST(goroutines_in_a_row) {
    enum { MOST = 1000 };
    size_t count = harness_rounds(MOST);
    weft_channel *row[MOST + 1];
    for (size_t i = 0; i <= count; i++) row[i] = make(0);
    weft_kernel *kernel = kernel_here();
    for (size_t i = 0; i < count; i++) CHECK_OK(weft_submit(NULL, passes_on, row[i], row[i + 1]));
    put(row[count], 1);
    CHECK_EQ(get(row[0]), 1);
    end_and_free(kernel);
    free_all(row, count + 1);
}

/* ---- test/chan/nonblock.go ---- */

typedef struct text {
    char letters[16];
} text;

typedef struct exchange {
    weft_channel *ch, *strobe;
    const void *value;
    size_t size;
} exchange;

static void receives_value(void *argument) {
    const exchange *x = argument;
    char got[16] = {0};
    CHECK_OK(weft_receive_sized(x->ch, got, x->size, patience()));
    CHECK(memcmp(got, x->value, x->size) == 0);
    put(x->strobe, 1);
}

static void sends_value(void *argument) {
    const exchange *x = argument;
    CHECK_OK(weft_send_sized(x->ch, x->value, x->size, patience()));
    put(x->strobe, 1);
}

static void nonblock_with(crew *c, size_t buffer, const void *value, size_t size) {
    char got[16] = {0};
    exchange x = {make_sized(size, buffer), make(0), value, size};
    CHECK_STATUS(weft_receive_sized(x.ch, got, size, WEFT_NOW), WEFT_TIMED_OUT);
    if (buffer == 0) CHECK_STATUS(weft_send_sized(x.ch, value, size, WEFT_NOW), WEFT_TIMED_OUT);
    start(c, receives_value, &x);
    UNTIL(weft_send_sized(x.ch, value, size, WEFT_NOW) == WEFT_OK);
    get(x.strobe);
    start(c, sends_value, &x);
    if (buffer > 0) get(x.strobe);
    UNTIL(weft_receive_sized(x.ch, got, size, WEFT_NOW) == WEFT_OK);
    CHECK(memcmp(got, value, size) == 0);
    if (buffer == 0) get(x.strobe);
    all_done(c);
    FREE_ALL(x.ch, x.strobe);
}

/* main: with and without buffer, for elements of several sizes */
CREW_TEST(nonblock) {
    for (size_t buffer = 0; buffer < 2; buffer++) {
        nonblock_with(c, buffer, &(int32_t){123}, sizeof(int32_t));
        nonblock_with(c, buffer, &(int64_t){123456}, sizeof(int64_t));
        nonblock_with(c, buffer, &(bool){true}, sizeof(bool));
        nonblock_with(c, buffer, &(text){"hello again"}, sizeof(text));
    }
}

/* ---- test/chan/sendstmt.go, perm.go, zerosize.go ---- */

/* sendstmt.go, chanchan: a channel through a channel, then a send to it that may not block. (sendprec is grammar.) */
TEST(sendstmt_channel_through_channel) {
    weft_channel *cc = make_sized(sizeof(weft_channel *), 1), *one = make(1), *got = NULL;
    bool sent = false;
    CHECK_OK(weft_send(cc, &one, WEFT_NOW));
    CHECK_OK(weft_receive(cc, &got, WEFT_NOW));
    int two = 2;
    WEFT_PRI_ALT {
        WEFT_SEND(got, &two) { sent = true; }
        WEFT_OTHERWISE { FAIL("it should not block"); }
    }
    CHECK(sent);
    CHECK_EQ(get(one), 2);
    FREE_ALL(cc, one);
}

/* perm.go: only the lines marked ok; there are no channels of one direction, and what else is refused is not C */
TEST(perm_of_a_channel_for_both) {
    weft_channel *both = make(1);
    int value = 0, sends = 0, receives = 0;
    for (int i = 0; i < 4; i++) {
        WEFT_FAIR_ALT {
            WEFT_SEND(both, &i) { sends++; }
            WEFT_RECEIVE(both, &value) { receives++; }
        }
    }
    CHECK_EQ(sends, 2);
    CHECK_EQ(receives, 2);
    CHECK_EQ(value, 2);
    CHECK_OK(weft_close(both));
    CHECK_OK(weft_free_channel(both));
}

/* zerosize.go */
TEST(zerosize) {
    static const size_t capacities[] = {0, 1, 2, 1000};
    for (int i = 0; i < 4; i++) {
        weft_channel *ch = make_sized(0, capacities[i]);
        CHECK_EQ(weft_element_size(ch), 0);
        for (size_t n = 0; n < capacities[i]; n++) CHECK_OK(weft_send_sized(ch, NULL, 0, WEFT_NOW));
        CHECK_STATUS(weft_send_sized(ch, NULL, 0, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_EQ(weft_count(ch), capacities[i]);
        for (size_t n = 0; n < capacities[i]; n++) CHECK_OK(weft_receive_sized(ch, NULL, 0, WEFT_NOW));
        CHECK_OK(weft_free_channel(ch));
    }
}

/* ---- src/runtime/chan_test.go ---- */

typedef struct flagged {
    weft_channel *ch;
    atomic_int done;
} flagged;

static void receives_one(void *argument) {
    flagged *f = argument;
    get(f->ch);
    atomic_fetch_add(&f->done, 1);
}

static void sends_one(void *argument) {
    flagged *f = argument;
    put(f->ch, 0);
    atomic_fetch_add(&f->done, 1);
}

/* TestChan, first part */
CREW_TEST(chan_receive_from_an_empty_one_blocks) {
    for (size_t capacity = 0; capacity < CAPACITIES; capacity++) {
        flagged f = {make(capacity), 0};
        start(c, receives_one, &f);
        start(c, receives_one, &f);
        nap();
        CHECK_EQ(atomic_load(&f.done), 0);
        CHECK_STATUS(weft_receive(f.ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
        WEFT_PRI_ALT {
            WEFT_RECEIVE_ANY(f.ch) { FAIL("received from an empty channel"); }
            WEFT_OTHERWISE {}
        }
        put(f.ch, 0);
        put(f.ch, 0);
        all_done(c);
        CHECK_EQ(atomic_load(&f.done), 2);
        CHECK_OK(weft_free_channel(f.ch));
    }
}

/* TestChan, second part */
CREW_TEST(chan_send_to_a_full_one_blocks) {
    for (size_t capacity = 0; capacity < CAPACITIES; capacity++) {
        flagged f = {make(capacity), 0};
        int zero = 0;
        for (size_t i = 0; i < capacity; i++) put(f.ch, (int)i);
        start(c, sends_one, &f);
        nap();
        CHECK_EQ(atomic_load(&f.done), 0);
        CHECK_STATUS(weft_send(f.ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
        WEFT_PRI_ALT {
            WEFT_SEND(f.ch, &zero) { FAIL("sent to a full channel"); }
            WEFT_OTHERWISE {}
        }
        CHECK_EQ(get(f.ch), 0);
        all_done(c);
        CHECK_OK(weft_free_channel(f.ch));
    }
}

/* TestChan, third part */
TEST(chan_closed_gives_what_is_in_it_then_closed) {
    for (size_t capacity = 0; capacity < CAPACITIES; capacity++) {
        weft_channel *ch = make(capacity);
        int value = 7;
        for (size_t i = 0; i < capacity; i++) put(ch, (int)i);
        CHECK_OK(weft_close(ch));
        for (size_t i = 0; i < capacity; i++) CHECK_EQ(get(ch), (int)i);
        for (int i = 0; i < 2; i++) CHECK_STATUS(weft_receive(ch, &value, WEFT_FOREVER), WEFT_CLOSED);
        CHECK_EQ(value, 7); /* Go: 0 */
        CHECK_OK(weft_free_channel(ch));
    }
}

static void receives_closed(void *ch) {
    CHECK_STATUS(weft_receive((weft_channel *)ch, &(int){0}, patience()), WEFT_CLOSED);
}

/* TestChan, fourth part */
CREW_TEST(chan_close_unblocks_receive) {
    for (size_t capacity = 0; capacity < CAPACITIES; capacity++) {
        weft_channel *ch = make(capacity);
        for (int i = 0; i < 3; i++) start(c, receives_closed, ch);
        nap();
        CHECK_OK(weft_close(ch));
        all_done(c);
        CHECK_OK(weft_free_channel(ch));
    }
}

static void sends_a_hundred(void *ch) {
    for (int i = 0; i < 100; i++) put(ch, i);
}

/* TestChan, fifth part */
CREW_TEST(chan_is_first_in_first_out) {
    for (size_t capacity = 0; capacity < CAPACITIES; capacity++) {
        weft_channel *ch = make(capacity);
        for (int round = 0; round < 2; round++) {
            start(c, sends_a_hundred, ch);
            for (int i = 0; i < 100; i++) CHECK_EQ(get(ch), i);
        }
        all_done(c);
        CHECK_OK(weft_free_channel(ch));
    }
}

enum { SIDES = 4, EACH = 1000 };
typedef struct tally {
    weft_channel *ch;
    int count;
    atomic_int seen[EACH];
} tally;

static void sends_each(void *argument) {
    const tally *t = argument;
    for (int i = 0; i < t->count; i++) put(t->ch, i);
}

static void counts_each(void *argument) {
    tally *t = argument;
    for (int i = 0; i < t->count; i++) {
        int value = get(t->ch);
        if (CHECK(value >= 0 && value < EACH)) atomic_fetch_add(&t->seen[value], 1);
    }
}

/* TestChan, sixth part: four send 1000 each, four receive 1000 each, each number comes four times */
CREW_TEST(chan_gives_each_that_was_sent) {
    for (size_t capacity = 0; capacity < CAPACITIES; capacity += 3) {
        tally t = {.ch = make(capacity), .count = (int)harness_rounds(EACH)};
        for (int i = 0; i < SIDES; i++) start(c, sends_each, &t);
        for (int i = 0; i < SIDES; i++) start(c, counts_each, &t);
        all_done(c);
        for (int i = 0; i < t.count; i++) CHECK_EQ(atomic_load(&t.seen[i]), SIDES);
        CHECK_OK(weft_free_channel(t.ch));
    }
}

/* TestChan, last part, and test/chancap.go */
TEST(chan_len_and_cap) {
    for (size_t capacity = 0; capacity < 200; capacity++) {
        weft_channel *ch = make(capacity);
        CHECK_EQ(weft_count(ch), 0);
        CHECK_EQ(weft_capacity(ch), capacity);
        for (size_t i = 0; i < capacity; i++) put(ch, (int)i);
        CHECK_EQ(weft_count(ch), capacity);
        CHECK_EQ(weft_capacity(ch), capacity);
        CHECK_OK(weft_free_channel(ch));
    }
    CHECK_EQ(weft_count(NULL), 0);
    CHECK_EQ(weft_capacity(NULL), 0);
}

static void receives_now(void *ch) { CHECK_OK(weft_receive((weft_channel *)ch, &(int){0}, WEFT_NOW)); }

/* TestNonblockRecvRace: what is in a channel is there for a receive that does not wait, while it is being closed. The
 * original also receives in the body, and so asks for nothing where the body was first; here only the other receives.
 */
CREW_TEST(nonblock_receive_race) {
    int rounds = (int)harness_rounds(300);
    for (int i = 0; i < rounds; i++) {
        weft_channel *ch = make(1);
        put(ch, 1);
        start(c, receives_now, ch);
        CHECK_OK(weft_close(ch));
        all_done(c);
        CHECK_STATUS(weft_receive(ch, &(int){0}, WEFT_NOW), WEFT_CLOSED);
        CHECK_OK(weft_free_channel(ch));
    }
}

/* TestChanSendInterface: pointers as elements, sent, and refused where there is no room */
TEST(chan_send_pointers) {
    int one = 1, two = 2, *first = &one, *second = &two, *got = NULL, refused = 0;
    weft_channel *ch = make_sized(sizeof first, 1);
    CHECK_OK(weft_send(ch, &first, WEFT_NOW));
    for (int i = 0; i < 2; i++) {
        WEFT_FAIR_ALT {
            WEFT_SEND(ch, &first) { FAIL("sent to a full channel"); }
            WEFT_SEND_IF(i == 1, ch, &second) { FAIL("sent to a full channel"); }
            WEFT_OTHERWISE { refused++; }
        }
    }
    CHECK_EQ(refused, 2);
    CHECK_OK(weft_receive(ch, &got, WEFT_NOW));
    CHECK_PTR(got, first);
    CHECK_OK(weft_free_channel(ch));
}

enum { WORKERS = 23 };
static const int primes_at_work[] = {2, 3, 7, 11, 13, 17, 19, 23, 27, 31};

typedef struct factory {
    weft_channel *q, *r;
    int count, expected;
    atomic_int left;
} factory;

typedef struct worker {
    factory *f;
    int which;
} worker;

static void works(void *argument) {
    const worker *w = argument;
    WEFT_FOR_EACH_RECEIVED(int, v, w->f->q) {
        if (primes_at_work[w->which % 10] == v) weft_yield();
        put(w->f->r, v);
    }
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    if (atomic_fetch_sub(&w->f->left, 1) == 1) CHECK_OK(weft_close(w->f->r));
}

static void feeds(void *argument) {
    factory *f = argument;
    for (int i = 0; i < f->count; i++) put(f->q, primes_at_work[i % 10]);
    CHECK_OK(weft_close(f->q));
}

/* TestMultiConsumer: 23 take from one channel with range and pass on to another; nothing is lost or doubled */
CREW_TEST(multi_consumer) {
    factory f = {make(WORKERS * 3), make(WORKERS * 3), (int)load_rounds(20000), 0, WORKERS};
    worker w[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        w[i] = (worker){&f, i};
        start(c, works, &w[i]);
    }
    start(c, feeds, &f);
    int count = 0, sum = 0;
    for (int i = 0; i < f.count; i++) f.expected += primes_at_work[i % 10];
    WEFT_FOR_EACH_RECEIVED(int, v, f.r) {
        count++;
        sum += v;
    }
    CHECK_EQ(count, f.count);
    CHECK_EQ(sum, f.expected);
    all_done(c);
    FREE_ALL(f.q, f.r);
}

static int deeper(int depth) {
    volatile char room[2048];
    room[0] = (char)depth;
    return depth == 0 ? room[0] : deeper(depth - 1) + room[0];
}

static void sends_and_goes_deep(void *ch) {
    for (int i = 0; i < 10; i++) {
        put(ch, i);
        CHECK_EQ(deeper(20), 210);
    }
}

/* TestShrinkStackDuringBlockedSend: what waits is untouched by what its stack is used for between; nothing shrinks */
CREW_TEST(deep_stack_between_blocked_sends) {
    weft_channel *ch = make(0);
    start(c, sends_and_goes_deep, ch);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(get(ch), i);
        nap();
    }
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- test/closedchan.go ---- */

static void closed_in_every_way(weft_channel *ch) {
    int value = 5, closed = 0;
    CHECK_STATUS(weft_receive(ch, &value, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_STATUS(weft_receive(ch, &value, WEFT_NOW), WEFT_CLOSED);
    CHECK_STATUS(weft_send(ch, &value, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_STATUS(weft_send(ch, &value, WEFT_NOW), WEFT_CLOSED);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(ch, &value) { closed += weft_last_status() == WEFT_CLOSED; }
    }
    WEFT_FAIR_ALT {
        WEFT_SEND(ch, &value) { closed += weft_last_status() == WEFT_CLOSED; }
        WEFT_OTHERWISE { FAIL("it is closed, not full"); }
    }
    CHECK_EQ(closed, 2);
    CHECK_EQ(value, 5);
}

/* main: rendezvous, bounded, unbounded; closed when empty and when not. Closing twice panics there, here it is WEFT_OK
 */
TEST(closedchan) {
    for (int kind = 0; kind < 3; kind++) {
        for (int full = 0; full < (kind == 0 ? 1 : 3); full++) {
            weft_channel *ch = kind == 0 ? make(0) : kind == 1 ? make(2) : make_unbounded();
            for (int i = 0; i < full; i++) put(ch, i);
            CHECK_OK(weft_close(ch));
            CHECK_OK(weft_close(ch));
            for (int i = 0; i < full; i++) CHECK_EQ(get(ch), i);
            for (int round = 0; round < 2; round++) closed_in_every_way(ch);
            CHECK_OK(weft_free_channel(ch));
        }
    }
}

/* ---- test/range.go ---- */

static void sends_letters(void *ch) {
    for (int letter = 'a'; letter <= 'z'; letter++) put(ch, letter);
    CHECK_OK(weft_close(ch));
}

/* testchan */
CREW_TEST(range_over_a_channel) {
    weft_channel *ch = make(0);
    char seen[27] = {0};
    int n = 0;
    start(c, sends_letters, ch);
    WEFT_FOR_EACH_RECEIVED(int, letter, ch) if (n < 26) seen[n++] = (char)letter;
    CHECK_STR(seen, "abcdefghijklmnopqrstuvwxyz");
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}

/* testchan, with break and continue: what was not received stays */
CREW_TEST(range_left_early) {
    weft_channel *ch = make(0);
    int seen = 0;
    start(c, sends_letters, ch);
    WEFT_FOR_EACH_RECEIVED(int, letter, ch) {
        if (letter < 'e') continue;
        if (letter == 'h') break;
        seen++;
    }
    CHECK_EQ(seen, 3);
    CHECK_EQ(get(ch), 'i');
    WEFT_FOR_EACH_RECEIVED(int, letter, ch) seen += letter > 'i';
    CHECK_EQ(seen, 3 + 17);
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- test/ken/chan1.go ---- */

enum { MESSAGES = 1000 };
typedef struct hall {
    weft_channel *ch;
    atomic_int state[MESSAGES];
} hall;

static void takes_all(void *argument) {
    hall *h = argument;
    WEFT_FOR_EACH_RECEIVED(int, at, h->ch) CHECK_EQ(atomic_exchange(&h->state[at], 2), 1);
}

/* main: 1000 messages, ten receivers, room for two; each message is taken once and after it was sent */
CREW_TEST(ken_chan1) {
    hall h = {.ch = make(2)};
    for (int i = 0; i < 10; i++) start(c, takes_all, &h);
    for (int i = 0; i < MESSAGES; i++) {
        CHECK_EQ(atomic_exchange(&h.state[i], 1), 0);
        put(h.ch, i);
    }
    CHECK_OK(weft_close(h.ch));
    all_done(c);
    for (int i = 0; i < MESSAGES; i++) CHECK_EQ(atomic_load(&h.state[i]), 2);
    CHECK_OK(weft_free_channel(h.ch));
}

/* ---- test/chanlinear.go ---- */

/* main: many waiters on one channel; taking each out may not cost what their number is */
CREW_TEST(many_waiters_on_one_channel) {
    weft_channel *ch = make(0);
    for (int i = 0; i < 100; i++) start(c, receives_closed, ch);
    nap();
    CHECK_OK(weft_close(ch));
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}
