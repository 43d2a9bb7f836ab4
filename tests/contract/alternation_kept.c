/* SPDX-License-Identifier: MIT */
/* alternation_kept.c - row A5: sets of operations that stay registered, and the alternations that loop. */
#include "contract/alternating.h"

#include <stdlib.h>

TEST(kept_set_does_again_and_again_what_can_be_done) {
    weft_channel *in = weft_make_channel(int), *full = holding(0);
    int value = -1;
    weft_operation operations[] = {WEFT_TO_SEND(full, &value), WEFT_TO_RECEIVE(in, &value)};
    weft_alternation *kept = weft_make_alternation(operations, 2);
    for (int i = 0; i < 100; i++) {
        CHECK_NULL(weft_alternate_again(kept, WEFT_FIRST_LISTED, WEFT_NOW));
        CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
        CHECK_OK(weft_send(in, &i, WEFT_NOW));
        CHECK_PTR(weft_alternate_again(kept, WEFT_FIRST_LISTED, WEFT_FOREVER), &operations[1]);
        CHECK_OK(operations[1].status);
        CHECK_EQ(value, i);
    }
    CHECK_EQ(weft_count(full), 1);
    CHECK_OK(weft_free_alternation(kept));
    free_all((weft_channel *[]){in, full}, 2);
}

/* What came while nobody waited is all seen: a hint stands for more than one thing. */
TEST(kept_set_misses_nothing_that_came_between_its_rounds) {
    weft_channel *a = weft_make_channel(int), *b = weft_make_channel(int);
    int value = -1, count = 0;
    weft_operation operations[] = {WEFT_TO_RECEIVE(a, &value), WEFT_TO_RECEIVE(b, &value)};
    weft_alternation *kept = weft_make_alternation(operations, 2);
    for (int i = 0; i < 50; i++) {
        CHECK_OK(weft_send(a, &i, WEFT_NOW));
        CHECK_OK(weft_send(b, &i, WEFT_NOW));
    }
    while (weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW) != NULL) count++;
    CHECK_EQ(count, 100);
    CHECK_OK(weft_free_alternation(kept));
    free_all((weft_channel *[]){a, b}, 2);
}

TEST(kept_set_obeys_the_choice_of_each_round) {
    weft_channel *sink = weft_make_channel(int);
    int value = 0, counts[3] = {0};
    weft_operation operations[3];
    for (int i = 0; i < 3; i++) operations[i] = WEFT_TO_SEND(sink, &value);
    weft_alternation *kept = weft_make_alternation(operations, 3);
    for (int i = 0; i < 9; i++) CHECK_PTR(weft_alternate_again(kept, WEFT_IN_TURN, WEFT_NOW), &operations[i % 3]);
    for (int i = 0; i < 9; i++) CHECK_PTR(weft_alternate_again(kept, WEFT_FIRST_LISTED, WEFT_NOW), &operations[0]);
    int rounds = (int)harness_rounds(9000);
    for (int i = 0; i < rounds; i++) {
        const weft_operation *done = weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW);
        if (CHECK_NOT_NULL(done)) counts[done - operations]++;
    }
    for (int i = 0; i < 3; i++) CHECK_LT(abs(counts[i] * 3 - rounds), rounds / 2);
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(sink));
}

TEST(kept_set_of_one_channel_closed_says_so_in_each_round) {
    weft_channel *a = rendezvous();
    int value = 5;
    weft_operation operation = WEFT_TO_RECEIVE(a, &value);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    CHECK_OK(weft_close(a));
    for (int i = 0; i < 3; i++) {
        CHECK_PTR(weft_alternate_again(kept, WEFT_FAIR, WEFT_FOREVER), &operation);
        CHECK_STATUS(operation.status, WEFT_CLOSED);
    }
    CHECK_EQ(value, 5);
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(a));
}

TEST(kept_set_does_not_keep_others_from_its_channels) {
    weft_channel *a = bounded_channel(sizeof(int), 2);
    int value = 0, taken = 0;
    weft_operation operation = WEFT_TO_RECEIVE(a, &taken);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    for (value = 1; value <= 2; value++) CHECK_OK(weft_send(a, &value, WEFT_NOW));
    CHECK_STATUS(weft_send(a, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_receive(a, &value, WEFT_NOW));
    CHECK_EQ(value, 1);
    CHECK_PTR(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW), &operation);
    CHECK_EQ(taken, 2);
    CHECK_NULL(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW));
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(a));
}

TEST(element_of_a_kept_send_may_change_between_rounds) {
    weft_channel *a = weft_make_channel(int);
    int value = 0, got = 0;
    weft_operation operation = WEFT_TO_SEND(a, &value);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    for (value = 0; value < 10; value++) CHECK_NOT_NULL(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW));
    for (int i = 0; i < 10; i++) {
        CHECK_OK(weft_receive(a, &got, WEFT_NOW));
        CHECK_EQ(got, i);
    }
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(a));
}

TEST(kept_set_never_meets_itself) {
    weft_channel *a = rendezvous();
    int in = 1, out = 2;
    weft_operation operations[] = {WEFT_TO_RECEIVE(a, &in), WEFT_TO_SEND(a, &out)};
    weft_alternation *kept = weft_make_alternation(operations, 2);
    CHECK_NULL(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW));
    CHECK_NULL(weft_alternate_again(kept, WEFT_FAIR, weft_after(0.003)));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_EQ(in, 1);
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(a));
}

/* ---- channels that are locked meanwhile ----
 *
 *   holder: locks, sends, goes on with the lock      owner: sees the hint, cannot look, waits
 * The hint must not be used up by that look: when the lock is given back nobody comes to repeat it. */
typedef struct house {
    weft_channel *channel, *other, *key;
    weft_alternation *kept;
    int value;
    atomic_int got;
} house;

WEFT_TASK(void, send_and_stay, (house *, h)) {
    WEFT_WITH_LOCKED_CHANNEL(h->channel) {
        CHECK_OK(weft_send(h->channel, &(int){6}, WEFT_NOW));
        CHECK_OK(weft_receive(h->key, &(int){0}, patience()));
    }
}

WEFT_TASK(void, look_in_vain_and_wait, (house *, h)) {
    CHECK_NULL(weft_alternate_again(h->kept, WEFT_FIRST_LISTED, WEFT_NOW));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_NULL(weft_alternate_again(h->kept, WEFT_FIRST_LISTED, weft_after(0.005)));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_OK(weft_send(h->other, &(int){3}, WEFT_NOW));
    CHECK_NOT_NULL(weft_alternate_again(h->kept, WEFT_FIRST_LISTED, WEFT_NOW)); /* another channel is not locked */
    CHECK_EQ(h->value, 3);
    CHECK_OK(weft_send(h->key, &(int){0}, patience()));
    CHECK_NOT_NULL(weft_alternate_again(h->kept, WEFT_FAIR, patience()));
    CHECK_EQ(h->value, 6);
}

TEST(what_came_to_a_locked_channel_is_seen_when_the_lock_is_given_back) {
    crew c = crew_of(1);
    house h = {.channel = weft_make_channel(int), .other = weft_make_channel(int), .key = weft_make_channel(int)};
    weft_operation operations[] = {WEFT_TO_RECEIVE(h.channel, &h.value), WEFT_TO_RECEIVE(h.other, &h.value)};
    h.kept = weft_make_alternation(operations, 2);
    CHECK_OK(weft_submit_with(&c.options, NULL, send_and_stay, &h));
    CHECK_OK(weft_submit_with(&c.options, NULL, look_in_vain_and_wait, &h));
    crew_wait(&c);
    CHECK_OK(weft_free_alternation(h.kept));
    free_all((weft_channel *[]){h.channel, h.other, h.key}, 3);
    crew_end(&c);
}

WEFT_TASK(void, wait_for_work, (house *, h)) {
    CHECK_NOT_NULL(weft_alternate_again(h->kept, WEFT_FAIR, patience()));
    CHECK_EQ(h->value, 6);
    atomic_store(&h->got, 1);
}

WEFT_TASK(void, hand_over_the_key, (house *, h)) {
    CHECK_EQ(atomic_load(&h->got), 0);
    CHECK_OK(weft_send(h->key, &(int){0}, WEFT_NOW));
}

TEST(who_waits_for_a_locked_channel_goes_on_when_the_lock_is_given_back) {
    crew c = crew_of(1);
    house h = {.channel = weft_make_channel(int), .key = rendezvous()};
    weft_operation operation = WEFT_TO_RECEIVE(h.channel, &h.value);
    h.kept = weft_make_alternation(&operation, 1);
    CHECK_OK(weft_submit_with(&c.options, NULL, send_and_stay, &h));
    CHECK_OK(weft_submit_with(&c.options, NULL, wait_for_work, &h));
    CHECK_OK(weft_submit_with(&c.options, NULL, hand_over_the_key, &h));
    crew_wait(&c);
    CHECK_EQ(atomic_load(&h.got), 1);
    CHECK_OK(weft_free_alternation(h.kept));
    free_all((weft_channel *[]){h.channel, h.key}, 2);
    crew_end(&c);
}

/* ---- two sides ---- */

typedef struct street {
    weft_channel *channels[4];
    int rounds, kept_senders;
    atomic_llong sent, received;
    atomic_int senders;
} street;

static void send_kept(street *s, int salt) {
    weft_operation operations[4];
    int64_t value = 0;
    for (int i = 0; i < 4; i++) operations[i] = WEFT_TO_SEND(s->channels[i], &value);
    weft_alternation *kept = weft_make_alternation(operations, 4);
    for (int i = 1; i <= s->rounds; i++) {
        value = (int64_t)i * 100 + salt;
        const weft_operation *done = weft_alternate_again(kept, WEFT_FAIR, patience());
        if (!CHECK_NOT_NULL(done) || !CHECK_OK(done->status)) break;
        atomic_fetch_add(&s->sent, value);
    }
    CHECK_OK(weft_free_alternation(kept));
    if (atomic_fetch_sub(&s->senders, 1) == 1)
        for (int i = 0; i < 4; i++) CHECK_OK(weft_close(s->channels[i]));
}

static void receive_kept(street *s) {
    weft_operation operations[4];
    int64_t values[4] = {0};
    for (int i = 0; i < 4; i++) operations[i] = WEFT_TO_RECEIVE(s->channels[i], &values[i]);
    weft_alternation *kept = weft_make_alternation(operations, 4);
    for (;;) {
        const weft_operation *done = weft_alternate_again(kept, WEFT_IN_TURN, patience());
        if (!CHECK_NOT_NULL(done) || done->status != WEFT_OK) break;
        atomic_fetch_add(&s->received, values[done - operations]);
    }
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    CHECK_OK(weft_free_alternation(kept));
}

WEFT_TASK(void, send_in_task, (street *, s), (int, salt)) { send_kept(s, salt); }

WEFT_TASK(void, receive_in_task, (street *, s)) { receive_kept(s); }

static void *send_in_thread(void *s) {
    send_kept(s, 50);
    return NULL;
}

static void *receive_in_thread(void *s) {
    receive_kept(s);
    return NULL;
}

static void run_street(size_t capacity) {
    crew c = crew_here();
    street s = {.rounds = (int)harness_rounds(2000), .senders = 4};
    pthread_t threads[2];
    for (int i = 0; i < 4; i++)
        s.channels[i] = capacity == 0 ? weft_make_rendezvous(int64_t) : bounded_channel(sizeof(int64_t), capacity);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(weft_submit_with(&c.options, NULL, send_in_task, &s, i));
        CHECK_OK(weft_submit_with(&c.options, NULL, receive_in_task, &s));
    }
    start_thread(&threads[0], send_in_thread, &s);
    start_thread(&threads[1], receive_in_thread, &s);
    for (int i = 0; i < 2; i++) join_thread(threads[i]);
    crew_wait(&c);
    /* What lies in a buffer when a receiver has seen another channel closed is still there. */
    for (int i = 0; i < 4; i++) {
        int64_t left = 0;
        while (weft_receive(s.channels[i], &left, WEFT_NOW) == WEFT_OK) atomic_fetch_add(&s.received, left);
    }
    CHECK_EQ(atomic_load(&s.sent), atomic_load(&s.received));
    free_all(s.channels, 4);
    crew_end(&c);
}

TEST_WITH_LIMIT(kept_senders_and_kept_receivers_meet_and_nothing_is_lost, 120) { run_street(0); }

TEST_WITH_LIMIT(kept_sets_over_buffers_lose_nothing, 120) { run_street(2); }

/* ---- statements that loop ---- */

TEST(loop_goes_on_until_break) {
    weft_channel *a = weft_make_channel(int);
    for (int i = 0; i < 10; i++) CHECK_OK(weft_send(a, &i, WEFT_NOW));
    int value = 0, sum = 0, after = 0;
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE(a, &value) {
            sum += value;
            if (value == 2) continue; /* to the next round */
            after++;
            if (value == 6) break;
        }
    }
    CHECK_EQ(sum, 21);
    CHECK_EQ(after, 6);
    CHECK_EQ(weft_count(a), 3);
    CHECK_OK(weft_free_channel(a));
}

static int evaluations;

static weft_channel *counted(weft_channel *channel) {
    evaluations++;
    return channel;
}

TEST(loop_goes_through_its_clauses_once) {
    weft_channel *a = weft_make_channel(int);
    int value = 0, rounds = 0;
    evaluations = 0;
    WEFT_FAIR_ALT_LOOP {
        WEFT_SEND(counted(a), &value) {
            if (++rounds == 20) break;
        }
        WEFT_RECEIVE_IF(evaluations < 0, counted(a), &value) { FAIL("its guard is false"); }
    }
    CHECK_EQ(rounds, 20);
    CHECK_EQ(evaluations, 1);
    CHECK_OK(weft_free_channel(a));
}

static int leave_by_return(weft_channel *a) {
    int value = 0;
    WEFT_ROUND_ALT_LOOP {
        WEFT_RECEIVE(a, &value) {
            if (value == 3) return value;
        }
        WEFT_RECEIVE(a, &value) {
            if (value == 3) return value;
        }
    }
    return -1;
}

/* A set that stayed registered would keep its channel from being freed. */
TEST(return_and_goto_leave_a_loop_and_its_channels) {
    weft_channel *a = weft_make_channel(int);
    for (int i = 0; i < 6; i++) CHECK_OK(weft_send(a, &i, WEFT_NOW));
    CHECK_EQ(leave_by_return(a), 3);
    int value = 0;
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE(a, &value) {
            if (value == 5) goto out;
        }
    }
    FAIL("goto has left");
out:
    CHECK_OK(weft_free_channel(a));
}

TEST(loops_nest_in_loops) {
    weft_channel *a = weft_make_channel(int), *b = weft_make_channel(int);
    int value = 0, inner = 0, outer = 0;
    WEFT_PRI_ALT_LOOP {
        WEFT_SEND(a, &value) {
            WEFT_PRI_ALT_LOOP {
                WEFT_SEND(b, &value) {
                    if (++inner % 3 == 0) break;
                }
            }
            if (++outer == 4) break;
        }
    }
    CHECK_EQ(inner, 12);
    CHECK_EQ(outer, 4);
    CHECK_EQ(weft_count(b), 12);
    free_all((weft_channel *[]){a, b}, 2);
}

TEST(time_of_otherwise_begins_anew_in_each_round) {
    weft_channel *a = rendezvous();
    int value = 0, rounds = 0;
    weft_deadline last = weft_time();
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE(a, &value) { FAIL("nobody sends"); }
        WEFT_OTHERWISE_AFTER(0.003) {
            CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
            CHECK_GE(weft_time() - last, 3000000);
            last = weft_time();
            if (++rounds == 5) break;
        }
    }
    CHECK_EQ(rounds, 5);
    CHECK_OK(weft_free_channel(a));
}

TEST(loop_without_an_effective_clause_runs_otherwise_once_and_ends) {
    weft_channel *a = holding(1);
    int value = 0, runs = 0;
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE_IF(false, a, &value) { FAIL("its guard is false"); }
        WEFT_OTHERWISE { runs++; }
    }
    CHECK_EQ(runs, 1);
    WEFT_FAIR_ALT_LOOP {}
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(a));
}

TEST(loop_over_many_clauses_gives_all_back) {
    enum { COUNT = 200 };
    weft_channel *channels[COUNT];
    int values[COUNT], rounds = 0;
    for (int i = 0; i < COUNT; i++) channels[i] = holding(i);
    WEFT_FAIR_ALT_LOOP {
        for (int i = 0; i < COUNT; i++) WEFT_RECEIVE(channels[i], &values[i]) {
                CHECK_EQ(values[i], i);
                rounds++;
            }
        WEFT_OTHERWISE { break; }
    }
    CHECK_EQ(rounds, COUNT);
    free_all(channels, COUNT);
}

WEFT_TASK(void, pump, (weft_channel *, from), (weft_channel *, to), (weft_channel *, quit)) {
    int value = 0;
    bool have = false;
    for (bool running = true; running;) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE_ANY(quit) { running = false; }
            WEFT_RECEIVE_IF(!have, from, &value) { have = true; }
            WEFT_SEND_IF(have, to, &value) { have = false; }
        }
    }
}

TEST(one_place_buffer_made_of_alternation_keeps_the_order) {
    crew c = crew_here();
    weft_channel *from = rendezvous(), *to = rendezvous(), *quit = rendezvous();
    int rounds = (int)harness_rounds(3000), got = -1;
    CHECK_OK(weft_submit_with(&c.options, NULL, pump, from, to, quit));
    for (int i = 0; i < rounds; i++) {
        CHECK_OK(weft_send(from, &i, patience()));
        CHECK_OK(weft_receive(to, &got, patience()));
        if (!CHECK_EQ(got, i)) break;
    }
    CHECK_OK(weft_send(quit, &got, patience()));
    crew_wait(&c);
    free_all((weft_channel *[]){from, to, quit}, 3);
    crew_end(&c);
}
