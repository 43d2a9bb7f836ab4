/* SPDX-License-Identifier: MIT */
/* alternation_misuse.c - what alternations answer to callers who break a rule: nothing is done, and the status that the
 * header names. */
#include "contract/alternating.h"

static void refused(weft_operation *operations, size_t count, weft_status wanted) {
    static const weft_deadline deadlines[] = {WEFT_NOW, WEFT_FOREVER, -1};
    for (size_t i = 0; i < 3; i++) {
        for (int choice = WEFT_FIRST_LISTED; choice <= WEFT_IN_TURN; choice++) {
            CHECK_NULL(weft_alternate(operations, count, (weft_choice)choice, deadlines[i]));
            CHECK_STATUS(weft_last_status(), wanted);
        }
    }
    CHECK_NULL(weft_make_alternation(operations, count));
    CHECK_STATUS(weft_last_status(), wanted);
}

/* "At least one OPERATION must be given": even where nothing would be waited for. */
TEST(no_operations_are_refused) {
    weft_operation none = {.kind = WEFT_OPERATION_RECEIVE};
    refused(NULL, 0, WEFT_INVALID);
    refused(&none, 0, WEFT_INVALID);
    refused(NULL, 3, WEFT_INVALID);
}

TEST(too_many_operations_are_refused) {
    weft_channel *a = holding(1);
    weft_operation operation = WEFT_TO_RECEIVE(a, &(int){0});
    refused(&operation, 65537, WEFT_INVALID);
    refused(&operation, SIZE_MAX, WEFT_INVALID);
    CHECK_EQ(weft_count(a), 1);
    CHECK_OK(weft_free_channel(a));
}

/* One wrong operation, wherever it stands, and though another is ready. */
static void refused_among_ready(weft_operation wrong, weft_status wanted) {
    weft_channel *a = holding(1);
    int value = 5;
    for (int place = 0; place < 3; place++) {
        weft_operation operations[3];
        for (int i = 0; i < 3; i++) operations[i] = i == place ? wrong : WEFT_TO_RECEIVE(a, &value);
        refused(operations, 3, wanted);
    }
    CHECK_EQ(value, 5);
    CHECK_EQ(weft_count(a), 1);
    CHECK_OK(weft_free_channel(a));
}

TEST(operation_without_a_channel_is_refused) {
    weft_operation wrong = {.kind = WEFT_OPERATION_RECEIVE};
    refused_among_ready(wrong, WEFT_INVALID);
    wrong = (weft_operation){.kind = WEFT_OPERATION_SEND, .element = &(int){0}, .size = sizeof(int)};
    refused_among_ready(wrong, WEFT_INVALID);
}

TEST(operation_of_an_unknown_kind_is_refused) {
    weft_channel *a = holding(1);
    weft_operation wrong = WEFT_TO_RECEIVE(a, &(int){0});
    wrong.kind = (weft_operation_kind)99;
    refused_among_ready(wrong, WEFT_INVALID);
    CHECK_OK(weft_free_channel(a));
}

TEST(operation_of_the_wrong_size_is_refused) {
    weft_channel *a = holding(1), *b = weft_make_channel(int);
    double wide = 0;
    refused_among_ready((weft_operation)WEFT_TO_RECEIVE(a, &wide), WEFT_WRONG_SIZE);
    refused_among_ready((weft_operation)WEFT_TO_SEND(b, &wide), WEFT_WRONG_SIZE);
    CHECK_EQ(weft_count(a), 1);
    CHECK_EQ(weft_count(b), 0);
    free_all((weft_channel *[]){a, b}, 2);
}

/* Of several wrong ones the first listed gives the status, in each group of 64 as in the next. */
TEST(first_of_several_wrong_operations_gives_the_status) {
    enum { COUNT = 150 };
    weft_channel *a = holding(1);
    int value = 5;
    double wide = 0;
    const weft_operation invalid = {.kind = WEFT_OPERATION_RECEIVE}, of_wrong_size = WEFT_TO_RECEIVE(a, &wide);
    static const int places[][2] = {{0, 1}, {1, 62}, {3, 149}, {64, 65}, {70, 127}, {130, 131}, {148, 149}};
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        weft_operation operations[COUNT];
        for (int i = 0; i < COUNT; i++) operations[i] = (weft_operation)WEFT_TO_RECEIVE(a, &value);
        operations[places[p][0]] = invalid;
        operations[places[p][1]] = of_wrong_size;
        refused(operations, COUNT, WEFT_INVALID);
        operations[places[p][0]] = of_wrong_size;
        operations[places[p][1]] = invalid;
        refused(operations, COUNT, WEFT_WRONG_SIZE);
        if (places[p][1] < 64) refused(operations, 64, WEFT_WRONG_SIZE);
    }
    CHECK_EQ(value, 5);
    CHECK_EQ(weft_count(a), 1);
    CHECK_OK(weft_free_channel(a));
}

TEST(send_of_nothing_is_refused_and_receive_into_nothing_discards) {
    weft_channel *a = weft_make_channel(int), *b = holding(1);
    weft_operation send = {.kind = WEFT_OPERATION_SEND, .on.channel = a, .size = sizeof(int)};
    refused_among_ready(send, WEFT_INVALID);
    CHECK_EQ(weft_count(a), 0);
    weft_operation receive = {.kind = WEFT_OPERATION_RECEIVE, .on.channel = b};
    CHECK_PTR(weft_alternate(&receive, 1, WEFT_FAIR, WEFT_NOW), &receive);
    CHECK_EQ(weft_count(b), 0);
    free_all((weft_channel *[]){a, b}, 2);
}

TEST(unknown_choice_is_refused) {
    weft_channel *a = holding(1);
    weft_operation operation = WEFT_TO_RECEIVE(a, &(int){0});
    CHECK_NULL(weft_alternate(&operation, 1, (weft_choice)3, WEFT_NOW));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    CHECK_NULL(weft_alternate_again(kept, (weft_choice)3, WEFT_NOW));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_EQ(weft_count(a), 1);
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(a));
}

TEST(no_kept_alternation_is_refused) {
    CHECK_NULL(weft_alternate_again(NULL, WEFT_FAIR, WEFT_FOREVER));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_OK(weft_free_alternation(NULL));
}

/* ---- in use ---- */

TEST(operation_in_use_by_a_kept_alternation_is_refused_elsewhere) {
    weft_channel *a = holding(1);
    int value = 0;
    weft_operation operation = WEFT_TO_RECEIVE(a, &value);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    refused(&operation, 1, WEFT_BUSY);
    CHECK_PTR(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW), &operation);
    refused(&operation, 1, WEFT_BUSY);
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_send(a, &value, WEFT_NOW));
    CHECK_PTR(weft_alternate(&operation, 1, WEFT_FAIR, WEFT_NOW), &operation);
    CHECK_OK(weft_free_channel(a));
}

TEST(refused_set_leaves_its_other_operations_free) {
    weft_channel *a = holding(1), *b = rendezvous();
    int value = 0;
    weft_operation operations[] = {WEFT_TO_RECEIVE(b, &value), WEFT_TO_RECEIVE(a, &value)};
    weft_alternation *kept = weft_make_alternation(&operations[1], 1);
    refused(operations, 2, WEFT_BUSY);
    CHECK_NULL(weft_alternate(operations, 1, WEFT_FAIR, WEFT_NOW));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_alternation(kept));
    free_all((weft_channel *[]){a, b}, 2);
}

TEST(channel_of_a_kept_alternation_is_not_freed) {
    weft_channel *a = rendezvous();
    int value = 0;
    weft_operation operation = WEFT_TO_SEND(a, &value);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    CHECK_STATUS(weft_free_channel(a), WEFT_BUSY);
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_free_channel(a));
}

typedef struct shared {
    weft_channel *channel, *other;
    weft_alternation *kept;
    int value;
    bool waits;
} shared;

WEFT_TASK(void, wait_with_it, (shared *, s)) {
    const weft_operation *done = weft_alternate_again(s->kept, WEFT_FAIR, patience());
    CHECK_NOT_NULL(done);
    CHECK_EQ(s->value, 4);
}

WEFT_TASK(void, meddle, (shared *, s)) {
    CHECK_NULL(weft_alternate_again(s->kept, WEFT_FAIR, WEFT_FOREVER));
    CHECK_STATUS(weft_last_status(), WEFT_BUSY);
    CHECK_STATUS(weft_free_alternation(s->kept), WEFT_BUSY);
    CHECK_STATUS(weft_free_channel(s->channel), WEFT_BUSY);
    CHECK_OK(weft_send(s->channel, &(int){4}, WEFT_NOW));
}

TEST(kept_alternation_that_somebody_waits_with_is_busy) {
    crew c = crew_of(1);
    shared s = {.channel = rendezvous()};
    weft_operation operation = WEFT_TO_RECEIVE(s.channel, &s.value);
    s.kept = weft_make_alternation(&operation, 1);
    CHECK_OK(weft_submit_with(&c.options, NULL, wait_with_it, &s));
    CHECK_OK(weft_submit_with(&c.options, NULL, meddle, &s));
    crew_wait(&c);
    CHECK_OK(weft_free_alternation(s.kept));
    CHECK_OK(weft_free_channel(s.channel));
    crew_end(&c);
}

WEFT_TASK(void, wait_once, (shared *, s)) {
    int a = 0, b = 0;
    weft_operation operations[] = {WEFT_TO_RECEIVE(s->channel, &a), WEFT_TO_SEND(s->other, &b)};
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FAIR, patience()), &operations[0]);
}

WEFT_TASK(void, try_to_free_both, (shared *, s)) {
    CHECK_STATUS(weft_free_channel(s->channel), WEFT_BUSY);
    CHECK_STATUS(weft_free_channel(s->other), WEFT_BUSY);
    CHECK_OK(weft_send(s->channel, &(int){4}, WEFT_NOW));
}

TEST(channels_that_an_alternation_waits_at_are_not_freed) {
    crew c = crew_of(1);
    shared s = {.channel = rendezvous(), .other = rendezvous()};
    CHECK_OK(weft_submit_with(&c.options, NULL, wait_once, &s));
    CHECK_OK(weft_submit_with(&c.options, NULL, try_to_free_both, &s));
    crew_wait(&c);
    free_all((weft_channel *[]){s.channel, s.other}, 2);
    crew_end(&c);
}

/* ---- with a lock held ---- */

TEST(alternation_of_who_holds_the_lock_of_a_channel_is_refused) {
    weft_channel *a = holding(1), *locked = holding(2);
    int value = 0, runs = 0;
    weft_operation operation = WEFT_TO_RECEIVE(a, &value);
    weft_alternation *kept = weft_make_alternation(&operation, 1);
    weft_operation again = WEFT_TO_RECEIVE(a, &value);
    WEFT_WITH_LOCKED_CHANNEL(locked) {
        refused(&again, 1, WEFT_INVALID);
        CHECK_NULL(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW));
        CHECK_STATUS(weft_last_status(), WEFT_INVALID);
        WEFT_PRI_ALT {
            WEFT_RECEIVE(a, &value) { runs++; }
            WEFT_OTHERWISE { runs++; }
        }
        CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    }
    CHECK_EQ(runs, 0);
    CHECK_PTR(weft_alternate_again(kept, WEFT_FAIR, WEFT_NOW), &operation);
    CHECK_OK(weft_free_alternation(kept));
    free_all((weft_channel *[]){a, locked}, 2);
}

static void *alternate_past_the_lock(void *argument) {
    weft_channel *const *channels = argument;
    int value = 0;
    weft_operation operations[] = {WEFT_TO_RECEIVE(channels[0], &value), WEFT_TO_RECEIVE(channels[1], &value)};
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FIRST_LISTED, WEFT_NOW), &operations[1]);
    CHECK_EQ(value, 2);
    CHECK_NULL(weft_alternate(operations, 1, WEFT_FIRST_LISTED, weft_after(0.003)));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    return NULL;
}

TEST(channel_that_another_has_locked_is_not_ready) {
    weft_channel *channels[] = {holding(1), holding(2)};
    pthread_t thread;
    CHECK_OK(weft_lock_channel(channels[0], WEFT_NOW));
    start_thread(&thread, alternate_past_the_lock, channels);
    join_thread(thread);
    CHECK_EQ(weft_count(channels[0]), 1);
    CHECK_OK(weft_unlock_channel(channels[0]));
    free_all(channels, 2);
}

/* ---- statements ---- */

/* "Optional OTHERWISE clause must come last, and only once." */
TEST(otherwise_twice_or_not_last_runs_no_block) {
    weft_channel *a = holding(1);
    int value = 0, runs = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &value) { runs++; }
        WEFT_OTHERWISE { runs++; }
        WEFT_OTHERWISE_AFTER(1.0) { runs++; }
    }
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    WEFT_FAIR_ALT {
        WEFT_OTHERWISE { runs++; }
        WEFT_RECEIVE(a, &value) { runs++; }
    }
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    WEFT_PRI_ALT_LOOP {
        WEFT_OTHERWISE { runs++; }
        WEFT_RECEIVE(a, &value) { runs++; }
    }
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_EQ(runs, 0);
    CHECK_EQ(weft_count(a), 1);
    CHECK_OK(weft_free_channel(a));
}

TEST(clause_without_a_channel_or_of_the_wrong_size_runs_no_block) {
    weft_channel *a = holding(1);
    double wide = 0;
    int value = 0, runs = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(a, &value) { runs++; }
        WEFT_RECEIVE((weft_channel *)NULL, &value) { runs++; }
        WEFT_OTHERWISE { runs++; }
    }
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    WEFT_FAIR_ALT_LOOP {
        WEFT_RECEIVE(a, &wide) { runs++; }
        WEFT_OTHERWISE { runs++; }
    }
    CHECK_STATUS(weft_last_status(), WEFT_WRONG_SIZE);
    WEFT_PRI_ALT {
        WEFT_SEND_IF(false, (weft_channel *)NULL, &value) { runs++; }
        WEFT_RECEIVE(a, &value) { runs += 10; } /* what its guard leaves out is not looked at */
    }
    CHECK_EQ(runs, 10);
    CHECK_OK(weft_free_channel(a));
}

TEST(round_alt_without_a_turn_begins_with_the_first) {
    weft_channel *a = weft_make_channel(int);
    int value = 0, runs = 0;
    for (int i = 0; i < 3; i++) {
        WEFT_ROUND_ALT(NULL) {
            WEFT_SEND(a, &value) { runs++; }
            WEFT_SEND(a, &value) { runs += 100; }
        }
    }
    CHECK_EQ(runs, 3);
    CHECK_OK(weft_free_channel(a));
}
