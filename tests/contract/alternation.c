/* SPDX-License-Identifier: MIT */
/* alternation.c - rows A1 to A6: one of several operations is done. The clauses of Calispel's syntax one after the
 * other, as functions and as statements; where the source leaves an order open, the order of the text holds. */
#include "contract/alternating.h"
#include "harness/rounds.h"

#include <stdlib.h>

static double chi_square(const int *counts, int places, int all) {
    double expected = (double)all / places, sum = 0;
    for (int i = 0; i < places; i++) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

/* ---- "performs one of the given operations, choosing one from the set that first becomes available" ---- */

TEST(operation_that_can_be_done_is_done_and_no_other) {
    weft_channel *empty = rendezvous(), *full = holding(1), *ready = holding(42);
    int from_empty = -1, from_ready = -1, to_full = 9;
    weft_operation operations[] = {WEFT_TO_RECEIVE(empty, &from_empty), WEFT_TO_SEND(full, &to_full),
                                   WEFT_TO_RECEIVE(ready, &from_ready)};
    for (int choice = WEFT_FIRST_LISTED; choice <= WEFT_IN_TURN; choice++) {
        CHECK_PTR(weft_alternate(operations, 3, (weft_choice)choice, WEFT_FOREVER), &operations[2]);
        CHECK_OK(operations[2].status);
        CHECK_OK(weft_last_status());
        CHECK_EQ(from_ready, 42);
        CHECK_EQ(from_empty, -1);
        CHECK_EQ(weft_count(full), 1);
        CHECK_OK(weft_send(ready, &from_ready, WEFT_NOW));
        from_ready = -1;
    }
    free_all((weft_channel *[]){empty, full, ready}, 3);
}

TEST(value_is_sent_as_it_is_when_the_operation_is_done) {
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    int value = 1;
    weft_operation operation = WEFT_TO_SEND(channel, &value);
    value = 2;
    CHECK_PTR(weft_alternate(&operation, 1, WEFT_FAIR, WEFT_NOW), &operation);
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_EQ(value, 2);
    CHECK_OK(weft_free_channel(channel));
}

typedef struct wide {
    int number[40];
} wide;

/* Nine clauses, so that they outgrow their first place too. What is wide does not fit inside. */
TEST(clause_sends_what_it_pointed_to_when_it_was_gone_through) {
    weft_channel *empty[9], *numbers = rendezvous(), *wides = bounded_channel(sizeof(wide), 1);
    for (int i = 0; i < 9; i++) empty[i] = bounded_channel(sizeof(int), 1);
    for (int i = 0; i < 9; i++) CHECK_OK(weft_send(empty[i], &i, WEFT_NOW)); /* full */
    wide got = {{0}};
    int rounds = 0;
    WEFT_PRI_ALT {
        for (int i = 0; i < 9; i++) WEFT_SEND(empty[i], &(int){i + 100}) {
                rounds = -1;
            }
        WEFT_SEND(wides, (&(wide){.number = {[0] = 7, [39] = 9}})) { rounds++; }
        WEFT_SEND(numbers, &(int){3}) { rounds = -1; }
    }
    CHECK_EQ(rounds, 1);
    CHECK_OK(weft_receive(wides, &got, WEFT_NOW));
    CHECK(got.number[0] == 7 && got.number[39] == 9);
    for (int value = 4; value < 6; value++) {
        int sent = value, received = 0;
        WEFT_FAIR_ALT {
            WEFT_SEND(empty[0], &(int){sent}) { rounds = -1; }
            WEFT_RECEIVE(empty[value], &received) { rounds++; }
        }
        CHECK_EQ(received, value);
    }
    int received = 0;
    CHECK_OK(weft_receive(empty[0], &received, WEFT_NOW));
    WEFT_PRI_ALT {
        WEFT_SEND(empty[0], &(int){77}) { received = -1; }
    }
    CHECK_OK(weft_receive(empty[0], &received, WEFT_NOW));
    CHECK_EQ(received, 77);
    CHECK_EQ(rounds, 3);
    free_all(empty, 9);
    CHECK_OK(weft_free_channel(numbers));
    CHECK_OK(weft_free_channel(wides));
}

/* "PRI-ALT selects the first one listed" */
TEST(pri_alt_takes_the_first_listed_of_those_ready) {
    weft_channel *channels[] = {rendezvous(), holding(1), holding(2), holding(3)};
    int value = 0, which = -1;
    for (int round = 1; round <= 3; round++) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE(channels[0], &value) { which = 0; }
            WEFT_RECEIVE(channels[1], &value) { which = 1; }
            WEFT_RECEIVE(channels[2], &value) { which = 2; }
            WEFT_RECEIVE(channels[3], &value) { which = 3; }
        }
        CHECK_EQ(which, round);
        CHECK_EQ(value, round);
    }
    free_all(channels, 4);
}

/* "FAIR-ALT chooses one at random": uniform over the clauses that are ready, not over channels, whatever stands
 * between them that is not. */
TEST(fair_alt_takes_each_ready_clause_with_the_same_chance) {
    enum { PLACES = 5 };
    weft_channel *empty = rendezvous(), *sinks[3];
    weft_channel *source = weft_make_never(sizeof(int));
    int counts[PLACES] = {0}, all = (int)harness_rounds(20000), value = 0;
    for (int i = 0; i < 3; i++) sinks[i] = weft_make_channel(int);
    for (int round = 0; round < all; round++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(empty, &value) { FAIL("nothing is there"); }
            WEFT_SEND(sinks[0], &value) { counts[0]++; }
            WEFT_SEND(sinks[1], &value) { counts[1]++; }
            WEFT_RECEIVE(source, &value) { FAIL("nothing is there"); }
            WEFT_SEND(sinks[2], &value) { counts[2]++; }
            WEFT_SEND(sinks[0], &value) { counts[3]++; }
            WEFT_SEND(sinks[0], &value) { counts[4]++; }
        }
    }
    /* 4 degrees of freedom: above 40 less than once in ten million runs. */
    CHECK_LT((int)chi_square(counts, PLACES, all), 40);
    CHECK_EQ(weft_count(sinks[0]), counts[0] + counts[3] + counts[4]);
    free_all((weft_channel *[]){empty, source, sinks[0], sinks[1], sinks[2]}, 5);
}

TEST(fair_choice_is_uniform_among_hundreds) {
    enum { COUNT = 600 };
    weft_operation operations[COUNT];
    int counts[COUNT] = {0};
    weft_channel *sink = weft_make_channel(int), *full = holding(0);
    int all = (int)harness_rounds(60000), ready = 0, value = 0;
    for (int i = 0; i < COUNT; i++) operations[i] = WEFT_TO_SEND(i % 3 == 0 ? sink : full, &value);
    for (int i = 0; i < all; i++) {
        weft_operation *done = weft_alternate(operations, COUNT, WEFT_FAIR, WEFT_NOW);
        if (!CHECK_NOT_NULL(done)) break;
        if (i % 1000 == 0) weft_drain(sink);
        CHECK_EQ((done - operations) % 3, 0);
        counts[(done - operations) / 3]++;
    }
    for (int i = 0; i < COUNT / 3; i++) ready += counts[i] > 0;
    CHECK_EQ(ready, all > 5000 ? 200 : ready);
    /* 199 degrees of freedom, standard deviation 20: ten of them. */
    CHECK_LT((int)chi_square(counts, COUNT / 3, all), 400);
    free_all((weft_channel *[]){sink, full}, 2);
}

TEST(round_alt_goes_on_after_the_clause_done_last) {
    weft_channel *sink = weft_make_channel(int), *empty = rendezvous();
    int value = 0, order[12] = {0};
    size_t turn = 0;
    for (int i = 0; i < 12; i++) {
        WEFT_ROUND_ALT(&turn) {
            WEFT_SEND(sink, &value) { order[i] = 1; }
            WEFT_RECEIVE(empty, &value) { order[i] = 2; }
            WEFT_SEND(sink, &value) { order[i] = 3; }
            WEFT_SEND(sink, &value) { order[i] = 4; }
        }
    }
    static const int cycle[] = {1, 3, 4};
    for (int i = 0; i < 12; i++) CHECK_EQ(order[i], cycle[i % 3]);
    free_all((weft_channel *[]){sink, empty}, 2);
}

/* The turn is that of the clauses, whatever guards leave of them. */
TEST(round_alt_keeps_its_turn_when_guards_change) {
    weft_channel *sink = weft_make_channel(int);
    int value = 0, which = 0;
    size_t turn = 0;
    static const struct step {
        bool a, b, c;
        int wanted;
    } steps[] = {{true, true, true, 1},  {false, true, true, 2}, {false, true, true, 3}, {false, true, true, 2},
                 {true, false, true, 3}, {true, true, true, 1},  {false, false, true, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        WEFT_ROUND_ALT(&turn) {
            WEFT_SEND_IF(steps[i].a, sink, &value) { which = 1; }
            WEFT_SEND_IF(steps[i].b, sink, &value) { which = 2; }
            WEFT_SEND_IF(steps[i].c, sink, &value) { which = 3; }
        }
        CHECK_EQ(which, steps[i].wanted);
    }
    CHECK_OK(weft_free_channel(sink));
}

TEST(alternate_in_turn_passes_nobody_over) {
    weft_channel *sink = weft_make_channel(int);
    int value = 0;
    size_t turn = 0;
    weft_operation operations[5];
    for (int i = 0; i < 5; i++) operations[i] = WEFT_TO_SEND(sink, &value);
    for (int i = 0; i < 20; i++) CHECK_PTR(weft_alternate_in_turn(operations, 5, &turn, WEFT_NOW), &operations[i % 5]);
    CHECK_NULL(weft_alternate_in_turn(operations, 5, NULL, WEFT_NOW));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_OK(weft_free_channel(sink));
}

/* ---- "channel", "value", "condition": what is evaluated, when, how often ---- */

static char trail[64];

static void note(char name) {
    size_t length = strlen(trail);
    if (!CHECK_LT(length, sizeof trail - 1)) return;
    trail[length] = name;
    trail[length + 1] = '\0';
}

static bool note_guard(char name, bool value) {
    note(name);
    return value;
}

static weft_channel *note_channel(char name, weft_channel *channel) {
    note(name);
    return channel;
}

static int *note_place(char name, int *place) {
    note(name);
    return place;
}

static double note_seconds(char name, double seconds) {
    note(name);
    return seconds;
}

/* "The channel forms associated with operations that do not pass the condition are not evaluated", nor the values; the
 * others in the order of the text, each once, and all before an operation is selected. */
TEST(clauses_are_evaluated_in_order_each_once_and_refused_ones_not_at_all) {
    weft_channel *a = holding(1), *b = rendezvous();
    int value = 0, runs = 0;
    trail[0] = '\0';
    WEFT_PRI_ALT {
        WEFT_RECEIVE_IF(note_guard('1', false), note_channel('x', a), note_place('x', &value)) { runs = -100; }
        WEFT_RECEIVE_IF(note_guard('2', true), note_channel('a', a), note_place('p', &value)) { runs++; }
        WEFT_SEND_IF(note_guard('3', false), note_channel('x', b), note_place('x', &value)) { runs = -100; }
        WEFT_SEND_IF(note_guard('4', true), note_channel('b', b), note_place('q', &value)) { runs = -100; }
        WEFT_OTHERWISE_AFTER(note_seconds('t', 1.0)) { runs = -100; }
    }
    /* Within one clause C leaves open whether the channel or the pointer is first. */
    CHECK_EQ(strlen(trail), 9);
    CHECK_NULL(strchr(trail, 'x'));
    const char *wanted = "1234t";
    for (const char *at = trail; *at != '\0'; at++)
        if (*wanted == *at) wanted++;
    CHECK_STR(wanted, "");
    CHECK(strchr(trail, 'a') < strchr(trail, '3') && strchr(trail, 'p') < strchr(trail, '3'));
    CHECK(strchr(trail, 'b') < strchr(trail, 't') && strchr(trail, 'q') < strchr(trail, 't'));
    CHECK_EQ(runs, 1);
    free_all((weft_channel *[]){a, b}, 2);
}

/* "When false, the operation is removed from consideration" */
TEST(clause_with_a_false_guard_is_not_chosen_though_it_is_ready) {
    weft_channel *a = holding(1), *b = holding(2);
    int value = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE_IF(false, a, &value) { FAIL("its guard is false"); }
        WEFT_RECEIVE_IF(value == 0, b, &value) { CHECK_EQ(value, 2); }
    }
    CHECK_EQ(value, 2);
    CHECK_EQ(weft_count(a), 1);
    free_all((weft_channel *[]){a, b}, 2);
}

/* ---- "timeout", "otherwise-clause" ---- */

TEST(otherwise_runs_at_once_where_nothing_can_be_done) {
    weft_channel *a = rendezvous();
    int value = 7, runs = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &value) { FAIL("nobody sends"); }
        WEFT_SEND(a, &value) { FAIL("nobody receives, and an alternation never meets itself"); }
        WEFT_OTHERWISE {
            CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
            runs++;
        }
    }
    CHECK_EQ(runs, 1);
    CHECK_EQ(value, 7);
    CHECK_OK(weft_free_channel(a));
}

TEST(otherwise_does_not_run_where_something_can_be_done) {
    weft_channel *a = holding(3);
    int value = 0;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(a, &value) { CHECK_OK(weft_last_status()); }
        WEFT_OTHERWISE { FAIL("there is something"); }
    }
    CHECK_EQ(value, 3);
    CHECK_OK(weft_free_channel(a));
}

TEST(otherwise_runs_after_its_time_and_not_before) {
    weft_channel *a = rendezvous();
    int value = 0, runs = 0;
    weft_deadline begin = weft_time();
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(a, &value) { FAIL("nobody sends"); }
        WEFT_OTHERWISE_AFTER(0.01) { runs++; }
    }
    CHECK_GE(weft_time() - begin, 10000000);
    weft_deadline until = weft_after(0.01);
    WEFT_PRI_ALT {
        WEFT_SEND(a, &value) { FAIL("nobody receives"); }
        WEFT_OTHERWISE_AT(until) { runs++; }
    }
    CHECK_GE(weft_time(), until);
    CHECK_EQ(runs, 2);
    CHECK_OK(weft_free_channel(a));
}

typedef struct pair {
    weft_channel *channel, *other;
    atomic_int sent, received, runs;
} pair;

static void *send_42(void *argument) {
    pair *p = argument;
    CHECK_OK(weft_send(p->channel, &(int){42}, patience()));
    return NULL;
}

/* "evaluates to NIL, in order to disable the time out and inhibit the otherwise-clause" */
TEST(time_for_ever_switches_the_otherwise_clause_off) {
    pair p = {.channel = rendezvous()};
    for (int round = 0; round < 2; round++) {
        pthread_t thread;
        int value = 0;
        start_thread(&thread, send_42, &p);
        if (round == 0) {
            WEFT_PRI_ALT {
                WEFT_RECEIVE(p.channel, &value) {}
                WEFT_OTHERWISE_AFTER((double)__builtin_inf()) { FAIL("it is switched off"); }
            }
        } else {
            WEFT_PRI_ALT {
                WEFT_RECEIVE(p.channel, &value) {}
                WEFT_OTHERWISE_AT(WEFT_FOREVER) { FAIL("it is switched off"); }
            }
        }
        CHECK_EQ(value, 42);
        join_thread(thread);
    }
    CHECK_OK(weft_free_channel(p.channel));
}

TEST(negative_or_no_number_of_seconds_is_at_once) {
    static const double past[] = {0.0, -1.0, -1e300};
    weft_channel *a = rendezvous();
    int value = 0, runs = 0;
    for (size_t i = 0; i < 3; i++) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE(a, &value) { FAIL("nobody sends"); }
            WEFT_OTHERWISE_AFTER(past[i]) { runs++; }
        }
    }
    static const weft_deadline before[] = {-1, -2, INT64_MIN};
    for (size_t i = 0; i < 3; i++) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE(a, &value) { FAIL("nobody sends"); }
            WEFT_OTHERWISE_AT(before[i]) { runs++; }
        }
    }
    CHECK_EQ(runs, 6);
    CHECK_OK(weft_free_channel(a));
}

/* "If there are no effective operations, the otherwise-clause (if any) is executed immediately (even if the specified
 * time out is NIL)" */
TEST(without_an_effective_clause_otherwise_runs_at_once_whatever_its_time) {
    weft_channel *a = holding(1);
    int value = 0, runs = 0;
    WEFT_PRI_ALT {
        WEFT_OTHERWISE_AFTER((double)__builtin_inf()) { runs++; }
    }
    WEFT_FAIR_ALT {
        WEFT_OTHERWISE_AT(WEFT_FOREVER) { runs++; }
    }
    WEFT_PRI_ALT {
        WEFT_OTHERWISE_AFTER(3600) { runs++; }
    }
    WEFT_PRI_ALT {
        WEFT_RECEIVE_IF(false, a, &value) { FAIL("its guard is false"); }
        WEFT_OTHERWISE_AT(WEFT_FOREVER) { runs++; }
    }
    WEFT_PRI_ALT {
        WEFT_OTHERWISE { runs++; }
    }
    CHECK_EQ(runs, 5);
    CHECK_OK(weft_free_channel(a));
}

/* "no values if no clause was executed" */
TEST(without_any_effective_clause_it_ends_at_once) {
    weft_channel *a = holding(1);
    int value = 0;
    WEFT_PRI_ALT {}
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_IF(false, a, &value) { FAIL("its guard is false"); }
    }
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_EQ(value, 0);
    CHECK_OK(weft_free_channel(a));
}

/* ---- once it waits, whichever comes first ---- */

WEFT_TASK(void, wait_for_either, (pair *, p)) {
    int value = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(p->channel, &value) { FAIL("the other came first"); }
        WEFT_RECEIVE(p->other, &value) { atomic_fetch_add(&p->received, 1); }
        WEFT_OTHERWISE_AFTER(15.0) { FAIL("nobody came"); }
    }
    CHECK_EQ(value, 42);
}

WEFT_TASK(void, serve_the_other_first, (pair *, p)) {
    CHECK_OK(weft_send(p->other, &(int){42}, WEFT_NOW));
    /* It has been won and leaves the first channel now, not when it wakes. */
    CHECK_STATUS(weft_send(p->channel, &(int){41}, WEFT_NOW), WEFT_TIMED_OUT);
}

TEST(who_waits_takes_what_comes_first_and_leaves_the_others_at_once) {
    crew c = crew_of(1);
    pair p = {.channel = rendezvous(), .other = rendezvous()};
    CHECK_OK(weft_submit_with(&c.options, NULL, wait_for_either, &p));
    CHECK_OK(weft_submit_with(&c.options, NULL, serve_the_other_first, &p));
    crew_wait(&c);
    CHECK_EQ(atomic_load(&p.received), 1);
    free_all((weft_channel *[]){p.channel, p.other}, 2);
    crew_end(&c);
}

WEFT_TASK(void, wait_at_many, (pair *, p), (int, places)) {
    weft_operation operations[300];
    int values[300] = {0};
    for (int i = 0; i < places; i++) operations[i] = WEFT_TO_RECEIVE(p->channel, &values[i]);
    const weft_operation *done = weft_alternate(operations, (size_t)places, WEFT_FAIR, patience());
    int sum = 0;
    if (CHECK_NOT_NULL(done)) CHECK_EQ(values[done - operations], 5);
    for (int i = 0; i < places; i++) sum += values[i];
    CHECK_EQ(sum, 5);
    atomic_fetch_add(&p->received, 1);
}

WEFT_TASK(void, serve_those_at_many, (pair *, p), (int, count)) {
    for (int i = 0; i < count; i++) CHECK_OK(weft_send(p->channel, &(int){5}, WEFT_NOW));
    CHECK_STATUS(weft_send(p->channel, &(int){5}, WEFT_NOW), WEFT_TIMED_OUT);
}

TEST(same_channel_in_several_clauses_is_served_once) {
    static const int places[] = {1, 2, 16, 17, 300};
    crew c = crew_of(1);
    pair p = {.channel = rendezvous()};
    for (size_t i = 0; i < 5; i++) CHECK_OK(weft_submit_with(&c.options, NULL, wait_at_many, &p, places[i]));
    CHECK_OK(weft_submit_with(&c.options, NULL, serve_those_at_many, &p, 5));
    crew_wait(&c);
    CHECK_EQ(atomic_load(&p.received), 5);
    CHECK_OK(weft_free_channel(p.channel));
    crew_end(&c);
}

/* ---- meeting oneself, and another ---- */

static void offer_both(pair *p) {
    int in = 0, out = 17;
    WEFT_FAIR_ALT {
        WEFT_SEND(p->channel, &out) { atomic_fetch_add(&p->sent, 1); }
        WEFT_RECEIVE(p->channel, &in) {
            CHECK_EQ(in, 17);
            atomic_fetch_add(&p->received, 1);
        }
        WEFT_OTHERWISE_AFTER(15.0 * harness_slowness()) { FAIL("nobody came"); }
    }
}

WEFT_TASK(void, offer_both_in_task, (pair *, p), (int, rounds)) {
    for (int i = 0; i < rounds; i++) offer_both(p);
}

static void *offer_both_in_thread(void *p) {
    for (size_t i = 0; i < harness_rounds(1000); i++) offer_both(p);
    return NULL;
}

TEST(alternation_does_not_meet_itself_while_it_waits) {
    weft_channel *channel = rendezvous();
    int in = 1, out = 2;
    weft_operation operations[] = {WEFT_TO_SEND(channel, &out), WEFT_TO_RECEIVE(channel, &in)};
    CHECK_NULL(weft_alternate(operations, 2, WEFT_FAIR, weft_after(0.005)));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_EQ(in, 1);
    CHECK_OK(weft_free_channel(channel));
}

TEST(two_that_each_offer_both_directions_meet) {
    crew c = crew_here();
    int rounds = (int)harness_rounds(1000);
    for (int threads = 0; threads <= 2; threads++) {
        pair p = {.channel = rendezvous()};
        pthread_t thread[2];
        for (int i = threads; i < 2; i++) CHECK_OK(weft_submit_with(&c.options, NULL, offer_both_in_task, &p, rounds));
        for (int i = 0; i < threads; i++) start_thread(&thread[i], offer_both_in_thread, &p);
        for (int i = 0; i < threads; i++) join_thread(thread[i]);
        crew_wait(&c);
        CHECK_EQ(atomic_load(&p.sent), rounds);
        CHECK_EQ(atomic_load(&p.received), rounds);
        CHECK_OK(weft_free_channel(p.channel));
    }
    crew_end(&c);
}

/* ---- places that become free: a sender that waits, or is about to, gets the one that an alternation frees ---- */

typedef struct large {
    int number;
    unsigned char rest[1996];
} large;

typedef struct lane {
    weft_channel *channel;
    atomic_int begun, ended; /* begun: -1: no more rounds */
    int rounds;
} lane;

static void *send_each_round(void *argument) {
    lane *l = argument;
    large message = {0};
    for (int i = 1; i <= l->rounds; i++) {
        weft_deadline until = patience();
        while (atomic_load(&l->begun) >= 0 && atomic_load(&l->begun) < i && weft_time() < until) sched_yield();
        if (atomic_load(&l->begun) < 0) break;
        message.number = i;
        if (!CHECK_OK(weft_send(l->channel, &message, patience()))) break;
        atomic_store(&l->ended, i);
    }
    return NULL;
}

TEST(place_that_an_alternation_frees_goes_to_the_sender_that_waits) {
    enum { CAPACITY = 100 };
    lane l = {.channel = bounded_channel(sizeof(large), CAPACITY), .rounds = (int)harness_rounds(5000)};
    large message = {0};
    uint64_t random = harness_seed();
    for (int i = 0; i < CAPACITY; i++) CHECK_OK(weft_send(l.channel, &message, WEFT_NOW));
    pthread_t thread;
    start_thread(&thread, send_each_round, &l);
    for (int i = 1; harness_one_more_round((size_t)i - 1, (size_t)l.rounds); i++) {
        weft_operation operation = WEFT_TO_RECEIVE(l.channel, &message);
        atomic_store(&l.begun, i);
        for (uint64_t n = harness_random(&random) % 400; n > 0; n--) atomic_load(&l.ended);
        CHECK_PTR(weft_alternate(&operation, 1, WEFT_FIRST_LISTED, WEFT_NOW), &operation);
        weft_deadline until = patience();
        while (atomic_load(&l.ended) < i && weft_time() < until) sched_yield();
        if (!CHECK_EQ(atomic_load(&l.ended), i)) break;
    }
    atomic_store(&l.begun, -1);
    join_thread(thread);
    CHECK_OK(weft_free_channel(l.channel));
}

/* ---- "evaluates each of the forms of the selected operation": the block ---- */

TEST(block_runs_after_the_operation_has_been_done) {
    weft_channel *a = holding(1);
    int value = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &value) {
            CHECK_EQ(value, 1);
            CHECK_EQ(weft_count(a), 0); /* and no lock is held: the channel can be used, and freed */
            CHECK_OK(weft_send(a, &value, WEFT_NOW));
            CHECK_OK(weft_receive(a, &value, WEFT_NOW));
            CHECK_OK(weft_free_channel(a));
        }
    }
}

TEST(break_leaves_the_alternation_and_not_the_loop_around_it) {
    weft_channel *a = weft_make_channel(int);
    int value = 0, after = 0;
    for (int i = 0; i < 3; i++) {
        WEFT_PRI_ALT {
            WEFT_SEND(a, &value) {
                if (i == 1) break;
                after += 1;
            }
        }
        after += 10;
    }
    CHECK_EQ(after, 32);
    CHECK_OK(weft_free_channel(a));
}

TEST(continue_leaves_the_alternation_too) {
    weft_channel *a = weft_make_channel(int);
    int value = 0, after = 0;
    for (int i = 0; i < 3; i++) {
        WEFT_FAIR_ALT {
            WEFT_SEND(a, &value) {
                if (i == 1) continue;
                after += 1;
            }
            WEFT_SEND(a, &value) {
                if (i == 1) continue;
                after += 1;
            }
        }
        after += 10;
    }
    CHECK_EQ(after, 32);
    CHECK_EQ(weft_count(a), 3);
    CHECK_OK(weft_free_channel(a));
}

static int returns_from_inside(weft_channel *a) {
    int value = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &value) { return value; }
        WEFT_OTHERWISE { return -1; }
    }
    return -2;
}

TEST(return_and_goto_leave_the_alternation) {
    weft_channel *a = holding(6);
    int value = 0;
    CHECK_EQ(returns_from_inside(a), 6);
    CHECK_EQ(returns_from_inside(a), -1);
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &value) { FAIL("it is empty"); }
        WEFT_OTHERWISE { goto out; }
    }
    FAIL("goto has left");
out:
    CHECK_OK(weft_free_channel(a));
}

TEST(alternations_nest) {
    weft_channel *a = holding(1), *b = holding(2), *c = holding(3);
    int one = 0, two = 0, three = 0, after = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &one) {
            WEFT_PRI_ALT {
                WEFT_RECEIVE(a, &one) { FAIL("it is empty now"); }
                WEFT_RECEIVE(b, &two) {
                    WEFT_FAIR_ALT {
                        WEFT_RECEIVE(c, &three) { break; }
                    }
                    after++;
                }
                WEFT_OTHERWISE { FAIL("b is there"); }
            }
            after++;
        }
        WEFT_RECEIVE(b, &one) { FAIL("a is listed first"); }
    }
    CHECK_EQ(one + 10 * two + 100 * three, 321);
    CHECK_EQ(after, 2);
    free_all((weft_channel *[]){a, b, c}, 3);
}

/* ---- "dynamically construct a set of operations" ---- */

TEST(clauses_may_stand_in_loops_and_conditions) {
    enum { COUNT = 40 }; /* more than have room inside the statement */
    weft_channel *channels[COUNT];
    for (int i = 0; i < COUNT; i++) channels[i] = rendezvous();
    CHECK_OK(weft_free_channel(channels[33]));
    channels[33] = holding(5);
    int values[COUNT] = {0}, which = -1;
    for (int inverse = 0; inverse < 2; inverse++) {
        WEFT_PRI_ALT {
            for (int i = 0; i < COUNT; i++) {
                if (i % 2 == 1) {
                    WEFT_RECEIVE(channels[i], &values[i]) { which = i; }
                }
            }
            WEFT_OTHERWISE { which = 100; }
        }
        CHECK_EQ(which, inverse ? 100 : 33);
    }
    CHECK_EQ(values[33], 5);
    free_all(channels, COUNT);
}

TEST(operations_may_be_used_again_and_again) {
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    int in = 0, out = 0;
    weft_operation operations[] = {WEFT_TO_SEND(channel, &out), WEFT_TO_RECEIVE(channel, &in)};
    operations[0].user = &out;
    for (out = 1; out <= 100; out++) {
        const weft_operation *done = weft_alternate(operations, 2, WEFT_FAIR, WEFT_NOW);
        CHECK_PTR(done, &operations[0]);
        CHECK_PTR(done->user, &out);
        CHECK_PTR(weft_alternate(operations, 2, WEFT_FAIR, WEFT_NOW), &operations[1]);
        CHECK_EQ(in, out);
    }
    CHECK_OK(weft_free_channel(channel));
}

TEST(thousands_of_operations_are_one_alternation) {
    enum { COUNT = 65536 };
    weft_channel *channel = rendezvous(), *last = holding(8);
    weft_operation *operations = calloc(COUNT, sizeof *operations);
    int value = 0;
    for (size_t i = 0; i < COUNT; i++) operations[i] = WEFT_TO_RECEIVE(channel, &value);
    CHECK_NULL(weft_alternate(operations, COUNT, WEFT_FAIR, weft_after(0.001)));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    operations[COUNT - 1] = WEFT_TO_RECEIVE(last, &value);
    CHECK_PTR(weft_alternate(operations, COUNT, WEFT_FAIR, WEFT_FOREVER), &operations[COUNT - 1]);
    CHECK_EQ(value, 8);
    free(operations);
    free_all((weft_channel *[]){channel, last}, 2);
}

/* ---- what the operation says: value and received-ok? ---- */

WEFT_TASK(int, thrice, (int, x)) { return 3 * x; }

TEST(status_of_the_clause_is_that_of_the_single_operation) {
    weft_channel *closed = holding(1);
    int value = 0;
    weft_status seen = WEFT_INVALID;
    CHECK_OK(weft_close(closed));
    static const weft_status wanted[] = {WEFT_OK, WEFT_CLOSED, WEFT_CLOSED};
    for (int i = 0; i < 3; i++) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE(closed, &value) { seen = weft_last_status(); }
        }
        CHECK_STATUS(seen, wanted[i]);
        CHECK_EQ(value, 1);
    }
    WEFT_PRI_ALT {
        WEFT_SEND(closed, &value) { seen = weft_last_status(); }
    }
    CHECK_STATUS(seen, WEFT_CLOSED);
    CHECK_OK(weft_free_channel(closed));
}

TEST(result_of_a_task_is_a_clause) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel_with(int, &(weft_channel_options){.kernel = kernel});
    weft_channel *never = weft_make_never(sizeof(int));
    int value = 0;
    CHECK_OK(weft_submit(results, thrice, 14));
    WEFT_PRI_ALT {
        WEFT_RECEIVE(never, &value) { FAIL("never"); }
        WEFT_RECEIVE_RESULT(results, &value) { CHECK_OK(weft_last_status()); }
    }
    CHECK_EQ(value, 42);
    CHECK_OK(weft_end_kernel(kernel, true));
    weft_status seen = WEFT_OK;
    WEFT_PRI_ALT {
        WEFT_RECEIVE_RESULT(results, &value) { seen = weft_last_status(); }
    }
    CHECK_STATUS(seen, WEFT_ENDED);
    free_all((weft_channel *[]){results, never}, 2);
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(receive_any_discards_what_came) {
    weft_channel *a = holding(1);
    int runs = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE_ANY(a) { runs++; }
    }
    CHECK_EQ(runs, 1);
    CHECK(weft_is_empty(a));
    CHECK_OK(weft_free_channel(a));
}
