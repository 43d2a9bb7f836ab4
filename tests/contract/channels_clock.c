/* SPDX-License-Identifier: MIT */
/* channels_clock.c - row CH8: channels that give the time once (after), periodically (every), or nothing (never). */
#include "contract/alternating.h"

TEST(after_gives_the_time_once_and_not_early) {
    weft_deadline due = weft_after(0.01), got = 0;
    weft_channel *after = weft_make_after(due);
    CHECK_EQ(weft_element_size(after), sizeof(weft_deadline));
    if (weft_receive(after, &got, WEFT_NOW) != WEFT_OK) /* else it is late already, which the time below tells */
        CHECK_OK(weft_receive(after, &got, patience()));
    CHECK_GE(got, due);
    CHECK_LE(got, weft_time());
    CHECK_STATUS(weft_receive(after, &got, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive(after, &got, weft_after(0.005)), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(after));
}

TEST(after_a_time_that_is_past_gives_it_at_once) {
    static const weft_deadline past[] = {WEFT_NOW, -5, 1};
    for (size_t i = 0; i < 3; i++) {
        weft_channel *after = weft_make_after(past[i]);
        weft_deadline got = 0;
        CHECK_OK(weft_receive(after, &got, WEFT_NOW));
        CHECK_GT(got, 1);
        CHECK_STATUS(weft_receive(after, &got, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_OK(weft_free_channel(after));
    }
}

TEST(after_for_ever_and_never_give_nothing) {
    weft_channel *channels[] = {weft_make_after(WEFT_FOREVER), weft_make_never(sizeof(weft_deadline))};
    for (size_t i = 0; i < 2; i++) {
        weft_deadline got = 1, soon = weft_after(0.003);
        CHECK_STATUS(weft_receive(channels[i], &got, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_receive(channels[i], &got, soon), WEFT_TIMED_OUT);
        CHECK_GE(weft_time(), soon);
        CHECK_EQ(got, 1);
    }
    free_all(channels, 2);
}

TEST(never_has_elements_of_any_size) {
    static const size_t sizes[] = {0, 1, 100, (size_t)1 << 20};
    for (size_t i = 0; i < 4; i++) {
        weft_channel *never = weft_make_never(sizes[i]);
        CHECK_EQ(weft_element_size(never), sizes[i]);
        CHECK_STATUS(weft_receive_sized(never, NULL, 0, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_OK(weft_free_channel(never));
    }
    CHECK_NULL(weft_make_never(((size_t)1 << 20) + 1));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

TEST(period_that_is_none_is_refused) {
    static const double wrong[] = {0.0, -1.0, (double)__builtin_nan("")};
    for (size_t i = 0; i < 3; i++) {
        CHECK_NULL(weft_make_every(wrong[i]));
        CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    }
}

TEST(tiny_period_is_a_nanosecond) {
    static const double tiny[] = {1e-9, 0.4e-9, 1e-300};
    for (size_t i = 0; i < 3; i++) {
        weft_deadline before = weft_time(), first = 0, second = 0;
        weft_channel *every = weft_make_every(tiny[i]);
        if (!CHECK_NOT_NULL(every)) continue;
        CHECK_OK(weft_receive(every, &first, weft_after(10.0)));
        CHECK_OK(weft_receive(every, &second, weft_after(10.0)));
        CHECK_GT(first, before);
        CHECK_GT(second, first);
        CHECK_OK(weft_free_channel(every));
    }
}

TEST(every_gives_the_time_once_in_each_period) {
    weft_deadline begin = weft_time(), last = 0, got = 0;
    weft_channel *every = weft_make_every(0.004);
    for (int i = 1; i <= 5; i++) {
        CHECK_OK(weft_receive(every, &got, patience()));
        CHECK_GE(got, begin + i * 4000000); /* the i-th tick at the earliest */
        CHECK_GT(got, last);
        last = got;
    }
    CHECK_OK(weft_free_channel(every));
}

/* As a clock and not as a queue: many periods later there is one tick, and the next one comes in the next period. */
TEST(ticks_that_nobody_received_are_left_out) {
    enum { PERIOD = 50000000 };
    weft_deadline begin = weft_time(), got = 0, second = 0;
    weft_channel *every = weft_make_every(0.05), *wait = weft_make_after(weft_after(0.22));
    weft_deadline made = weft_time();
    CHECK_OK(weft_receive(wait, &got, patience()));
    CHECK_OK(weft_receive(every, &got, WEFT_NOW));
    /* A second tick at once can only be if another period has begun meanwhile. */
    if (weft_receive(every, &second, WEFT_NOW) == WEFT_OK) {
        CHECK_GT((second - begin) / PERIOD, (got - made) / PERIOD);
        got = second;
    }
    CHECK_OK(weft_receive(every, &second, patience()));
    CHECK_GT(second, got);
    free_all((weft_channel *[]){every, wait}, 2);
}

TEST(clocks_cannot_be_sent_to) {
    weft_channel *channels[] = {weft_make_after(WEFT_NOW), weft_make_every(1.0),
                                weft_make_never(sizeof(weft_deadline))};
    for (size_t i = 0; i < 3; i++) {
        weft_deadline value = 1;
        weft_operation operation = WEFT_TO_SEND(channels[i], &value);
        CHECK_STATUS(weft_send(channels[i], &value, WEFT_NOW), WEFT_INVALID);
        CHECK_STATUS(weft_send(channels[i], &value, WEFT_FOREVER), WEFT_INVALID);
        CHECK_NULL(weft_alternate(&operation, 1, WEFT_FIRST_LISTED, WEFT_FOREVER));
        CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    }
    free_all(channels, 3);
}

TEST(clock_of_the_wrong_size_is_refused) {
    weft_channel *after = weft_make_after(WEFT_NOW);
    int small = 0;
    CHECK_STATUS(weft_receive(after, &small, WEFT_NOW), WEFT_WRONG_SIZE);
    CHECK_OK(weft_receive_sized(after, NULL, 0, WEFT_NOW)); /* discarded, and gone */
    CHECK_STATUS(weft_receive_sized(after, NULL, 0, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(after));
}

TEST(closed_clock_gives_nothing_more) {
    weft_channel *channels[] = {weft_make_after(WEFT_FOREVER), weft_make_never(sizeof(weft_deadline))};
    for (size_t i = 0; i < 2; i++) {
        weft_deadline got;
        CHECK_OK(weft_close(channels[i]));
        CHECK_STATUS(weft_receive(channels[i], &got, WEFT_FOREVER), WEFT_CLOSED);
    }
    free_all(channels, 2);
}

typedef struct race {
    weft_channel *channel;
    atomic_int won, lost;
} race;

static void race_for(race *r) {
    weft_deadline got;
    weft_status status = weft_receive(r->channel, &got, patience());
    atomic_fetch_add(status == WEFT_OK ? &r->won : &r->lost, 1);
    if (status == WEFT_OK)
        CHECK_OK(weft_close(r->channel)); /* so the others need not wait */
    else
        CHECK_STATUS(status, WEFT_CLOSED);
}

WEFT_TASK(void, race_in_task, (race *, r)) { race_for(r); }

static void *race_in_thread(void *r) {
    race_for(r);
    return NULL;
}

TEST(of_many_who_wait_for_an_after_one_gets_the_time) {
    crew c = crew_here();
    race r = {.channel = weft_make_after(weft_after(0.01))};
    pthread_t threads[3];
    for (int i = 0; i < 5; i++) CHECK_OK(weft_submit_with(&c.options, NULL, race_in_task, &r));
    for (int i = 0; i < 3; i++) start_thread(&threads[i], race_in_thread, &r);
    for (int i = 0; i < 3; i++) join_thread(threads[i]);
    crew_end(&c);
    CHECK_EQ(atomic_load(&r.won), 1);
    CHECK_EQ(atomic_load(&r.lost), 7);
    CHECK_OK(weft_free_channel(r.channel));
}

/* ---- in alternations ---- */

TEST(alternation_over_clocks_ends_with_the_earliest) {
    weft_channel *late = weft_make_after(weft_after(3600)), *never = weft_make_never(sizeof(int));
    weft_deadline due = weft_after(0.005), got = 0;
    weft_channel *soon = weft_make_after(due);
    int which = 0, nothing = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(late, &got) { which = 1; }
        WEFT_RECEIVE(never, &nothing) { which = 2; }
        WEFT_RECEIVE(soon, &got) { which = 3; }
    }
    CHECK_EQ(which, 3);
    CHECK_GE(got, due);
    free_all((weft_channel *[]){late, never, soon}, 3);
}

TEST(deadline_of_an_alternation_before_its_clock_is_a_time_out) {
    weft_channel *late = weft_make_after(weft_after(3600));
    weft_deadline got = 0, until = weft_after(0.004);
    weft_operation operation = WEFT_TO_RECEIVE(late, &got);
    CHECK_NULL(weft_alternate(&operation, 1, WEFT_FAIR, until));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), until);
    CHECK_OK(weft_free_channel(late));
}

TEST(kept_alternation_sees_each_tick_once) {
    weft_deadline got = 0, begin = weft_time();
    weft_channel *every = weft_make_every(0.003), *work = rendezvous();
    int value = 0, ticks = 0;
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE(work, &value) { FAIL("nobody sends"); }
        WEFT_RECEIVE(every, &got) {
            CHECK_GE(got, begin + ++ticks * 3000000);
            if (ticks == 5) break;
        }
    }
    CHECK_EQ(ticks, 5);
    free_all((weft_channel *[]){every, work}, 2);
}

TEST(idle_clocks_cost_no_thread) {
    int before = harness_threads();
    weft_channel *clocks[64];
    for (int i = 0; i < 64; i++) clocks[i] = i % 2 ? weft_make_every(0.001) : weft_make_after(weft_after(0.001));
    CHECK_LE(harness_threads(), before);
    free_all(clocks, 64);
}
