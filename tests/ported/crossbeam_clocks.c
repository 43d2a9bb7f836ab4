/* SPDX-License-Identifier: MIT */
/* crossbeam_clocks.c - crossbeam-channel's tests of after, tick and never, re-expressed.
 *
 * Origin: crossbeam-channel/tests/after.rs, tick.rs and never.rs, dual MIT and Apache-2.0; the name of the original
 * stands in that of ours, after its flavour. The originals also ask that things do not come late; a machine that does
 * other things as well may be late, and here it is only asked that they do not come early, and that they come.
 *
 * Differences: what is received is the time of the receive, not the time at which it was due; a clock holds nothing, so
 * that its count stays 0 and it is neither empty nor full in another sense; a period of zero is refused. */
#include "ported/crew.h"

enum { MS = 1000000 };
#define NULL_TIME ((weft_deadline *)NULL)

static weft_deadline ms_after(weft_deadline from, int ms) { return from + (weft_deadline)ms * MS; }

static weft_channel *after_ms(int ms) {
    weft_channel *channel = weft_make_after(ms_after(weft_time(), ms));
    CHECK_NOT_NULL(channel);
    return channel;
}

static weft_channel *tick_ms(double ms) {
    weft_channel *channel = weft_make_every(ms / 1e3);
    CHECK_NOT_NULL(channel);
    return channel;
}

static weft_deadline get_time(weft_channel *clock) {
    weft_deadline time = 0;
    CHECK_OK(weft_receive(clock, &time, patience()));
    return time;
}

static bool none_now(weft_channel *clock) {
    weft_deadline time = 0;
    return CHECK_STATUS(weft_receive(clock, &time, WEFT_NOW), WEFT_TIMED_OUT) && CHECK_EQ(time, 0);
}

/* ---- after.rs ---- */

TEST(after_fire) {
    weft_deadline begin = weft_time();
    weft_channel *clock = weft_make_after(ms_after(begin, 50));
    weft_deadline fired = 0;
    if (weft_receive(clock, &fired, WEFT_NOW) != WEFT_OK) { /* else it is late already, which the time below tells */
        CHECK_OK(weft_sleep(ms_after(begin, 60)));
        CHECK_OK(weft_receive(clock, &fired, WEFT_NOW));
    }
    CHECK_GE(fired, ms_after(begin, 50));
    CHECK_LE(fired, weft_time());
    none_now(clock);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_ANY(clock) { FAIL("it comes once"); }
        WEFT_OTHERWISE {}
    }
    CHECK_OK(weft_free_channel(clock));
}

TEST(after_capacity_len_empty_full) {
    weft_channel *clock = after_ms(1);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(weft_capacity(clock), 0);
        CHECK_EQ(weft_count(clock), 0);
        CHECK(weft_is_empty(clock));
        get_time(clock);
        if (i == 0) CHECK_OK(weft_free_channel(clock));
        if (i == 0) clock = tick_ms(1);
    }
    CHECK_OK(weft_free_channel(clock));
}

TEST(after_try_recv_and_recv) {
    weft_deadline begin = weft_time();
    weft_channel *clock = weft_make_after(ms_after(begin, 20));
    weft_deadline fired = get_time(clock);
    CHECK_GE(fired, ms_after(begin, 20));
    none_now(clock);
    CHECK_OK(weft_free_channel(clock));
}

TEST(after_recv_timeout) {
    weft_deadline begin = weft_time();
    weft_channel *clock = weft_make_after(ms_after(begin, 200));
    weft_status status = weft_receive(clock, NULL_TIME, ms_after(begin, 10));
    CHECK(status == WEFT_TIMED_OUT || weft_time() >= ms_after(begin, 200));
    CHECK_GE(weft_time(), ms_after(begin, 10));
    if (status == WEFT_TIMED_OUT) CHECK_GE(get_time(clock), ms_after(begin, 200));
    CHECK_STATUS(weft_receive(clock, NULL_TIME, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(clock));
}

typedef struct clocks {
    weft_channel *one, *two;
    int rounds;
} clocks;

static void takes_of_two(void *argument) {
    const clocks *k = argument;
    for (int i = 0; i < k->rounds; i++) {
        int got = 0;
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(k->one) { got++; }
            WEFT_RECEIVE_ANY(k->two) { got++; }
            WEFT_OTHERWISE_AT(patience()) {}
        }
        CHECK_EQ(got, 1);
    }
}

/* Two wait for both: each gets one of them, though both wake for the first. */
CREW_TEST(after_recv_two) {
    clocks k = {after_ms(10), after_ms(10), 1};
    start(c, takes_of_two, &k);
    start(c, takes_of_two, &k);
    all_done(c);
    none_now(k.one);
    none_now(k.two);
    FREE_ALL(k.one, k.two);
}

static void race(weft_channel *sooner, weft_channel *later) {
    for (int i = 0; i < 2; i++) {
        weft_operation two[] = {WEFT_TO_RECEIVE(i == 0 ? sooner : later, NULL_TIME),
                                WEFT_TO_RECEIVE(i == 0 ? later : sooner, NULL_TIME)};
        CHECK_PTR(weft_alternate(two, 2, WEFT_FAIR, patience()), &two[i]);
        if (i == 0) CHECK_OK(weft_free_channel(sooner));
        if (i == 0) sooner = after_ms(5);
    }
    FREE_ALL(sooner, later);
}

TEST(after_recv_race) { race(after_ms(5), after_ms(100000)); }

TEST(after_stress_default) {
    weft_channel *due = weft_make_after(WEFT_NOW), *later = after_ms(100000);
    int first = 0, second = 0;
    for (int i = 0; i < 10; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(due) { first++; }
            WEFT_OTHERWISE { FAIL("it is due"); }
        }
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(later) { FAIL("it is not due"); }
            WEFT_OTHERWISE { second++; }
        }
        CHECK_OK(weft_free_channel(due));
        due = weft_make_after(WEFT_NOW);
    }
    CHECK_EQ(first, 10);
    CHECK_EQ(second, 10);
    FREE_ALL(due, later);
}

enum { CLOCKS = 300 };
typedef struct many_clocks {
    weft_channel *clock[CLOCKS];
    atomic_int hits;
} many_clocks;

/* Of all clocks, until none has come for a while after the last could. */
static void takes_of_many(void *argument) {
    many_clocks *m = argument;
    weft_operation all[CLOCKS];
    for (int i = 0; i < CLOCKS; i++) all[i] = WEFT_TO_RECEIVE(m->clock[i], NULL_TIME);
    while (weft_alternate(all, CLOCKS, WEFT_FAIR, weft_after(0.03 * harness_slowness())) != NULL)
        atomic_fetch_add(&m->hits, 1);
}

/* Four take from many clocks; each comes once. (ready is the same for readiness.) */
CREW_TEST(after_select) {
    static many_clocks m;
    atomic_store(&m.hits, 0);
    for (int i = 0; i < CLOCKS; i++) m.clock[i] = after_ms(i / 30);
    for (int i = 0; i < 4; i++) start(c, takes_of_many, &m);
    all_done(c);
    CHECK_EQ(atomic_load(&m.hits), CLOCKS);
    free_all(m.clock, CLOCKS);
}

static void receives_perhaps(void *argument) {
    many_clocks *m = argument;
    for (int i = 0; i < 50; i++) {
        if (weft_receive(m->clock[0], NULL_TIME, WEFT_NOW) == WEFT_OK) atomic_fetch_add(&m->hits, 1);
        weft_yield();
    }
}

/* stress_clone: what is left of it where handles are not counted: many try at the same moment, one gets it */
CREW_TEST(after_stress_clone) {
    static many_clocks m;
    int rounds = (int)harness_rounds(50);
    for (int round = 0; round < rounds; round++) {
        atomic_store(&m.hits, 0);
        m.clock[0] = weft_make_after(weft_after(1e-5 * round));
        for (int i = 0; i < 10; i++) start(c, receives_perhaps, &m);
        all_done(c);
        bool left = weft_receive(m.clock[0], NULL_TIME, patience() * (atomic_load(&m.hits) == 0)) == WEFT_OK;
        CHECK_EQ(atomic_load(&m.hits) + left, 1);
        CHECK_OK(weft_free_channel(m.clock[0]));
    }
}

static void check_hits(const int *hits, int count, int all) {
    for (int i = 0; i < count; i++) CHECK_GE(hits[i], all / count / 2);
}

/* Due at once; and, waiting for both, in a millisecond at the same time */
TEST(after_fairness) {
    for (int ms = 0; ms < 2; ms++) {
        int hits[2] = {0}, rounds = ms == 0 ? 1000 : 100;
        for (int i = 0; i < rounds; i++) {
            weft_deadline due = weft_after(0.001 * ms);
            weft_channel *one = weft_make_after(due), *two = weft_make_after(due);
            WEFT_FAIR_ALT {
                WEFT_RECEIVE_ANY(one) { hits[0]++; }
                WEFT_RECEIVE_ANY(two) { hits[1]++; }
            }
            FREE_ALL(one, two);
        }
        check_hits(hits, 2, rounds);
    }
}

static void five_ways(weft_channel *clock, int *hits) {
    WEFT_FAIR_ALT {
        for (int way = 0; way < 5; way++) WEFT_RECEIVE_ANY(clock) {
                hits[way]++;
            }
    }
}

TEST(after_fairness_duplicates) {
    for (int ms = 0; ms < 2; ms++) {
        int hits[5] = {0}, rounds = ms == 0 ? 1000 : 400; /* half of what is expected: five deviations below */
        for (int i = 0; i < rounds; i++) {
            weft_channel *clock = weft_make_after(weft_after(0.001 * ms));
            five_ways(clock, hits);
            CHECK_OK(weft_free_channel(clock));
        }
        check_hits(hits, 5, rounds);
    }
}

/* ---- tick.rs ---- */

TEST(tick_fire) {
    weft_deadline begin = weft_time(), fired = 0;
    weft_channel *clock = tick_ms(50), *later = tick_ms(100000);
    CHECK_OK(weft_sleep(ms_after(begin, 60)));
    CHECK_OK(weft_receive(clock, &fired, patience()));
    CHECK_GE(fired, ms_after(begin, 50));
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(clock, &fired) { CHECK_GE(fired, ms_after(begin, 100)); }
        WEFT_RECEIVE_ANY(later) { FAIL("it comes later"); }
    }
    FREE_ALL(clock, later);
}

/* Ticks that nobody received in time are left out; those that come are in different periods. */
TEST(tick_intervals) {
    weft_deadline begin = weft_time();
    weft_channel *clock = tick_ms(20);
    weft_deadline made = weft_time(), first = get_time(clock);
    CHECK_GE(first, ms_after(begin, 20));
    CHECK_OK(weft_sleep(ms_after(first, 120)));
    weft_deadline second = get_time(clock), third = get_time(clock);
    CHECK_GE(second, ms_after(first, 120));
    CHECK_GT((third - begin) / (20 * MS), (second - made) / (20 * MS));
    CHECK_OK(weft_free_channel(clock));
}

TEST(tick_capacity_of_no_period) {
    CHECK_NULL(weft_make_every(0));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

TEST(tick_try_recv_and_recv) {
    weft_deadline begin = weft_time();
    weft_channel *clock = tick_ms(20);
    for (int i = 1; i <= 3; i++) CHECK_GE(get_time(clock), ms_after(begin, 20 * i));
    CHECK_OK(weft_free_channel(clock));
}

TEST(tick_recv_timeout) {
    weft_deadline begin = weft_time();
    weft_channel *clock = tick_ms(50);
    weft_status status = weft_receive(clock, NULL_TIME, ms_after(begin, 10));
    CHECK(status == WEFT_TIMED_OUT || weft_time() >= ms_after(begin, 50));
    CHECK_GE(get_time(clock), ms_after(begin, status == WEFT_OK ? 100 : 50));
    CHECK_OK(weft_free_channel(clock));
}

CREW_TEST(tick_recv_two) {
    weft_deadline begin = weft_time();
    clocks k = {tick_ms(5), tick_ms(5), 10};
    start(c, takes_of_two, &k);
    start(c, takes_of_two, &k);
    all_done(c);
    CHECK_GE(weft_time(), ms_after(begin, 5 * 10)); /* twenty of two clocks */
    FREE_ALL(k.one, k.two);
}

TEST(tick_recv_race) { race(tick_ms(5), tick_ms(100000)); }

TEST(tick_stress_default) {
    weft_channel *often = tick_ms(1e-5), *later = tick_ms(100000);
    int first = 0, second = 0;
    for (int i = 0; i < 10; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(often) { first++; }
            WEFT_OTHERWISE { FAIL("ten nanoseconds have passed"); }
        }
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(later) { FAIL("it is not due"); }
            WEFT_OTHERWISE { second++; }
        }
        CHECK_OK(weft_sleep(weft_after(1e-6)));
    }
    CHECK_EQ(first, 10);
    CHECK_EQ(second, 10);
    FREE_ALL(often, later);
}

typedef struct ticks {
    weft_channel *one, *two;
    weft_deadline until;
    atomic_int hits;
} ticks;

static void counts_ticks(void *argument) {
    ticks *t = argument;
    weft_channel *timeout = weft_make_after(t->until);
    for (bool going = true; going;) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE_ANY(timeout) { going = false; }
            WEFT_RECEIVE_ANY(t->one) { atomic_fetch_add(&t->hits, 1); }
            WEFT_RECEIVE_ANY(t->two) { atomic_fetch_add(&t->hits, 1); }
        }
    }
    CHECK_OK(weft_free_channel(timeout));
}

/* Returns how many ticks have come. */
static int ticks_for(crew *c, int ms) {
    weft_deadline begin = weft_time();
    ticks t = {tick_ms(20), tick_ms(30), ms_after(begin, ms), 0};
    for (int i = 0; i < 4; i++) start(c, counts_ticks, &t);
    all_done(c);
    int64_t passed = (weft_time() - begin) / MS;
    CHECK_LE(atomic_load(&t.hits), passed / 20 + passed / 30);
    FREE_ALL(t.one, t.two);
    return atomic_load(&t.hits);
}

/* select, and ready: four take from two tickers: no tick comes twice. Those who begin when the time is over get none,
 * so it is made longer where a processor is so long in coming. */
CREW_TEST(tick_select) {
    for (int ms = 110; ticks_for(c, ms) < 2 && CHECK_LE(ms, 5000); ms *= 2) continue;
}

TEST(tick_fairness) {
    int hits[2] = {0}, duplicates[5] = {0};
    weft_channel *one = tick_ms(0.001), *two = tick_ms(0.001);
    for (int i = 0; i < 1000; i++) {
        CHECK_OK(weft_sleep(weft_after(2e-6)));
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(one) { hits[0]++; }
            WEFT_RECEIVE_ANY(two) { hits[1]++; }
        }
        five_ways(one, duplicates);
    }
    check_hits(hits, 2, 1000);
    check_hits(duplicates, 5, 1000);
    FREE_ALL(one, two);
}

/* ---- never.rs ---- */

TEST(never_smoke) {
    weft_channel *never = weft_make_never(sizeof(int));
    int otherwise = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_ANY(never) { FAIL("never"); }
        WEFT_OTHERWISE { otherwise++; }
    }
    CHECK_EQ(otherwise, 1);
    CHECK_OK(weft_free_channel(never));
}

TEST(never_optional) {
    weft_channel *never = weft_make_never(sizeof(int)), *some = make_unbounded();
    put(some, 1);
    put(some, 2);
    for (int i = 0; i < 2; i++) {
        int got = 0;
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(i == 0 ? some : never) { got++; }
            WEFT_OTHERWISE {}
        }
        CHECK_EQ(got, i == 0);
    }
    FREE_ALL(never, some);
}

TEST(never_tick_n) {
    weft_channel *ticker = tick_ms(2), *never = weft_make_never(sizeof(weft_deadline)), *from = ticker;
    int step = 0;
    for (bool going = true; going;) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(from) { step++; }
            WEFT_OTHERWISE_AT(step == 10 ? weft_after(0.01) : patience()) { going = false; }
        }
        if (step == 10) from = never;
    }
    CHECK_EQ(step, 10);
    FREE_ALL(ticker, never);
}

TEST(never_capacity_len_empty_try_recv_recv_timeout) {
    weft_channel *never = weft_make_never(sizeof(int));
    CHECK_EQ(weft_capacity(never), 0);
    CHECK_EQ(weft_count(never), 0);
    CHECK(weft_is_empty(never));
    for (int i = 0; i < 2; i++) {
        weft_deadline due = weft_after(0.01);
        CHECK_STATUS(weft_receive(never, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_receive(never, &(int){0}, due), WEFT_TIMED_OUT);
        CHECK_GE(weft_time(), due);
    }
    CHECK_OK(weft_free_channel(never));
}
