/* SPDX-License-Identifier: MIT */
/* channels_close.c - row CH5, and CH7: the end of a channel, why, and receiving until then. */
#include "contract/alternating.h"

typedef struct audience {
    weft_channel *channel;
    atomic_int closed, sent, received, destroyed;
} audience;

WEFT_TASK(void, receive_in_vain, (audience *, a)) {
    int value = 7;
    CHECK_STATUS(weft_receive(a->channel, &value, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_EQ(value, 7);
    atomic_fetch_add(&a->closed, 1);
}

WEFT_TASK(void, receive_in_vain_with_a_deadline, (audience *, a)) {
    CHECK_STATUS(weft_receive(a->channel, &(int){0}, patience()), WEFT_CLOSED);
    atomic_fetch_add(&a->closed, 1);
}

WEFT_TASK(void, send_in_vain, (audience *, a), (bool, patient)) {
    CHECK_STATUS(weft_send(a->channel, &(int){3}, patient ? WEFT_FOREVER : patience()), WEFT_CLOSED);
    atomic_fetch_add(&a->closed, 1);
}

WEFT_TASK(void, alternate_in_vain, (audience *, a), (bool, sends)) {
    int value = 3;
    weft_operation operation = sends ? WEFT_TO_SEND(a->channel, &value) : WEFT_TO_RECEIVE(a->channel, &value);
    const weft_operation *done = weft_alternate(&operation, 1, WEFT_FAIR, patience());
    CHECK_PTR(done, &operation);
    CHECK_STATUS(operation.status, WEFT_CLOSED);
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    CHECK_EQ(value, 3);
    atomic_fetch_add(&a->closed, 1);
}

WEFT_TASK(void, close_it, (audience *, a)) { CHECK_OK(weft_close(a->channel)); }

TEST(close_lets_all_waiting_receivers_go) {
    for (size_t capacity = 0; capacity < 3; capacity++) {
        crew c = crew_of(1);
        audience a = {.channel = capacity == 0 ? rendezvous() : bounded_channel(sizeof(int), capacity)};
        for (int i = 0; i < 5; i++) {
            CHECK_OK(weft_submit_with(&c.options, NULL, receive_in_vain, &a));
            CHECK_OK(weft_submit_with(&c.options, NULL, receive_in_vain_with_a_deadline, &a));
            CHECK_OK(weft_submit_with(&c.options, NULL, alternate_in_vain, &a, false));
        }
        CHECK_OK(weft_submit_with(&c.options, NULL, close_it, &a));
        crew_wait(&c);
        CHECK_EQ(atomic_load(&a.closed), 15);
        CHECK_OK(weft_free_channel(a.channel));
        crew_end(&c);
    }
}

TEST(close_lets_all_waiting_senders_go_and_keeps_what_is_there) {
    for (int capacity = 0; capacity < 3; capacity++) {
        crew c = crew_of(1);
        audience a = {.channel = capacity == 0 ? rendezvous() : bounded_channel(sizeof(int), (size_t)capacity)};
        for (int i = 0; i < capacity; i++) CHECK_OK(weft_send(a.channel, &i, WEFT_NOW));
        for (int i = 0; i < 5; i++) {
            CHECK_OK(weft_submit_with(&c.options, NULL, send_in_vain, &a, i % 2 == 0));
            CHECK_OK(weft_submit_with(&c.options, NULL, alternate_in_vain, &a, true));
        }
        CHECK_OK(weft_submit_with(&c.options, NULL, close_it, &a));
        crew_wait(&c);
        CHECK_EQ(atomic_load(&a.closed), 10);
        for (int i = 0, value = -1; i < capacity; i++) {
            CHECK_OK(weft_receive(a.channel, &value, WEFT_NOW));
            CHECK_EQ(value, i);
        }
        CHECK_STATUS(weft_receive(a.channel, &(int){0}, WEFT_FOREVER), WEFT_CLOSED);
        CHECK_OK(weft_free_channel(a.channel));
        crew_end(&c);
    }
}

TEST(closed_channel_refuses_to_send_and_still_gives_what_it_has) {
    weft_channel *channel = holding(4);
    int value = 0;
    CHECK(!weft_is_closed(channel));
    CHECK_OK(weft_close(channel));
    CHECK_OK(weft_close(channel));
    CHECK(weft_is_closed(channel));
    CHECK_STATUS(weft_send(channel, &value, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_EQ(value, 4);
    CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(channel));
}

TEST(reason_of_the_first_close_counts) {
    weft_channel *channel = rendezvous();
    char reason[] = "no more work";
    CHECK_NULL(weft_close_reason(channel));
    CHECK_OK(weft_close_with(channel, reason));
    memset(reason, 'x', sizeof reason - 1); /* it was copied */
    CHECK_OK(weft_close_with(channel, "another"));
    CHECK_OK(weft_close(channel));
    CHECK_STR(weft_close_reason(channel), "no more work");
    CHECK_OK(weft_free_channel(channel));
}

TEST(close_without_a_reason_keeps_later_reasons_out) {
    weft_channel *channel = rendezvous();
    CHECK_OK(weft_close(channel));
    CHECK_OK(weft_close_with(channel, "too late"));
    CHECK_NULL(weft_close_reason(channel));
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_close_with(channel = rendezvous(), NULL));
    CHECK(weft_is_closed(channel));
    CHECK_NULL(weft_close_reason(channel));
    CHECK_OK(weft_free_channel(channel));
}

TEST(questions_about_the_close_of_no_channel_have_the_documented_answers) {
    CHECK(weft_is_closed(NULL));
    CHECK_NULL(weft_close_reason(NULL));
    CHECK_STATUS(weft_close_with(NULL, "why"), WEFT_INVALID);
    CHECK_EQ(weft_drain(NULL), 0);
}

static void *close_with_a_reason(void *channel) {
    CHECK_OK(weft_close_with(channel, "one of eight"));
    CHECK_STR(weft_close_reason(channel), "one of eight");
    return NULL;
}

TEST(many_may_close_at_once) {
    pthread_t threads[8];
    weft_channel *channel = rendezvous();
    for (int i = 0; i < 8; i++) start_thread(&threads[i], close_with_a_reason, channel);
    for (int i = 0; i < 8; i++) join_thread(threads[i]);
    CHECK_OK(weft_free_channel(channel));
}

/* ---- receiving until the end ---- */

TEST(for_each_receives_in_order_until_the_channel_is_closed_and_empty) {
    weft_channel *channel = weft_make_channel(int);
    for (int i = 0; i < 100; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
    CHECK_OK(weft_close(channel));
    int next = 0;
    WEFT_FOR_EACH_RECEIVED(int, value, channel) { CHECK_EQ(value, next++); }
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    CHECK_EQ(next, 100);
    CHECK_OK(weft_free_channel(channel));
}

static int first_above(weft_channel *channel, int limit) {
    WEFT_FOR_EACH_RECEIVED(int, value, channel) {
        if (value < limit) continue;
        return value;
    }
    return -1;
}

TEST(break_and_return_leave_a_for_each_and_what_is_left_stays) {
    weft_channel *channel = weft_make_channel(int);
    for (int i = 0; i < 10; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
    WEFT_FOR_EACH_RECEIVED(int, value, channel) {
        if (value == 3) break;
    }
    CHECK_EQ(weft_count(channel), 6);
    CHECK_EQ(first_above(channel, 7), 7);
    CHECK_EQ(weft_count(channel), 2);
    CHECK_OK(weft_free_channel(channel));
}

TEST(for_each_over_no_channel_runs_nothing) {
    int runs = 0;
    WEFT_FOR_EACH_RECEIVED(int, value, (weft_channel *)NULL) { runs += 1 + 0 * value; }
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_EQ(runs, 0);
}

/* ---- draining ---- */

static atomic_int destroyed;

static void note_destroyed(void *element) { atomic_fetch_add(&destroyed, *(int *)element); }

TEST(drain_destroys_each_element_and_says_how_many) {
    atomic_store(&destroyed, 0);
    weft_channel *channel = weft_make_channel_with(int, &(weft_channel_options){.destroy = note_destroyed});
    for (int i = 1; i <= 10; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
    CHECK_EQ(weft_drain(channel), 10);
    CHECK_EQ(atomic_load(&destroyed), 55);
    CHECK_EQ(weft_drain(channel), 0);
    CHECK_OK(weft_free_channel(channel));
    CHECK_EQ(atomic_load(&destroyed), 55);
}

WEFT_TASK(void, send_one, (audience *, a)) {
    CHECK_OK(weft_send(a->channel, &(int){1}, patience()));
    atomic_fetch_add(&a->sent, 1);
}

WEFT_TASK(void, drain_it, (audience *, a)) { atomic_store(&a->received, (int)weft_drain(a->channel)); }

TEST(drain_takes_what_waiting_senders_bring) {
    atomic_store(&destroyed, 0);
    crew c = crew_of(1);
    audience a = {
        .channel = weft_make_channel_with(int, &(weft_channel_options){.rendezvous = true, .destroy = note_destroyed})};
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit_with(&c.options, NULL, send_one, &a));
    CHECK_OK(weft_submit_with(&c.options, NULL, drain_it, &a));
    crew_wait(&c);
    CHECK_EQ(atomic_load(&a.sent), 10);
    CHECK_EQ(atomic_load(&a.received), 10);
    CHECK_EQ(atomic_load(&destroyed), 10);
    CHECK_OK(weft_free_channel(a.channel));
    crew_end(&c);
}

/* ---- close against send and receive ---- */

WEFT_TASK(void, send_until_closed, (audience *, a)) {
    weft_status status;
    while ((status = weft_send(a->channel, &(int){1}, patience())) == WEFT_OK) atomic_fetch_add(&a->sent, 1);
    CHECK_STATUS(status, WEFT_CLOSED);
}

WEFT_TASK(void, receive_until_closed, (audience *, a)) {
    WEFT_FOR_EACH_RECEIVED(int, value, a->channel) { atomic_fetch_add(&a->received, value); }
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
}

/* A send that was told WEFT_OK is received, whatever the close cuts off. */
TEST(what_was_sent_before_the_close_is_received) {
    size_t rounds = harness_rounds(200);
    crew c = crew_here();
    for (size_t round = 0; round < rounds; round++) {
        size_t capacity = round % 4;
        audience a = {.channel = capacity == 0 ? rendezvous() : bounded_channel(sizeof(int), capacity)};
        for (int i = 0; i < 3; i++) {
            CHECK_OK(weft_submit_with(&c.options, NULL, send_until_closed, &a));
            CHECK_OK(weft_submit_with(&c.options, NULL, receive_until_closed, &a));
        }
        CHECK_EVENTUALLY(atomic_load(&a.received) > 20);
        CHECK_OK(weft_close(a.channel));
        crew_wait(&c);
        CHECK_EQ(atomic_load(&a.sent), atomic_load(&a.received));
        CHECK_OK(weft_free_channel(a.channel));
    }
    crew_end(&c);
}

WEFT_TASK(int, twice, (int, x)) { return 2 * x; }

TEST(results_of_tasks_already_submitted_are_delivered_after_the_close) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel_with(int, &(weft_channel_options){.kernel = kernel});
    for (int i = 0; i < 50; i++) CHECK_OK(weft_submit(results, twice, i));
    CHECK_OK(weft_close(results));
    CHECK_STATUS(weft_submit(results, twice, 1), WEFT_CLOSED);
    int sum = 0;
    for (int i = 0, value = 0; i < 50; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        sum += value;
    }
    CHECK_EQ(sum, 2450);
    CHECK_STATUS(weft_receive_result(results, &(int){0}, patience()), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
