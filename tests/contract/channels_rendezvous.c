/* SPDX-License-Identifier: MIT */
/* channels_rendezvous.c - channels that hold nothing: who sends and who receives meet. Calispel's channel without a
 * buffer: "always full and always empty". */
#include "contract/alternating.h"

#include <stdlib.h>

/* ---- alone ---- */

TEST(rendezvous_channel_is_always_empty_and_always_full) {
    weft_channel *channel = rendezvous();
    CHECK(weft_is_empty(channel));
    CHECK(weft_is_full(channel));
    CHECK_EQ(weft_count(channel), 0);
    CHECK_EQ(weft_element_size(channel), sizeof(int));
    CHECK_OK(weft_free_channel(channel));
}

TEST(nobody_to_meet_is_a_time_out_in_both_directions) {
    weft_channel *channel = rendezvous();
    int value = 7;
    CHECK_STATUS(weft_send(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_peek(channel, &value), WEFT_TIMED_OUT);
    weft_deadline soon = weft_after(0.002);
    CHECK_STATUS(weft_send(channel, &value, soon), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), soon);
    soon = weft_after(0.002);
    CHECK_STATUS(weft_receive(channel, &value, soon), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), soon);
    CHECK_EQ(value, 7);
    CHECK_OK(weft_free_channel(channel));
}

TEST(negative_deadline_is_past) {
    weft_channel *channel = rendezvous();
    int value = 7;
    CHECK_STATUS(weft_send(channel, &value, -1), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive(channel, &value, INT64_MIN), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(channel));
}

TEST(rendezvous_with_a_capacity_is_refused) {
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.rendezvous = true, .capacity = 1}));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_make_rendezvous_sized(((size_t)1 << 20) + 1));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

TEST(initial_elements_of_a_rendezvous_are_left_out) {
    weft_channel_options options = {.rendezvous = true, .initial = (int[]){1, 2}, .initial_count = 2};
    weft_channel *channel = weft_make_channel_with(int, &options);
    CHECK_EQ(weft_count(channel), 0);
    CHECK_STATUS(weft_receive(channel, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(channel));
}

/* ---- who waits ---- */

typedef struct meeting {
    weft_channel *channel;
    atomic_int state, served;
    int order[64];
} meeting;

WEFT_TASK(void, send_number, (meeting *, m), (int, number)) {
    atomic_store(&m->state, 1);
    CHECK_OK(weft_send(m->channel, &number, patience()));
    atomic_store(&m->state, 2);
}

WEFT_TASK(void, receive_number, (meeting *, m), (int, place)) {
    atomic_store(&m->state, 1);
    int value = -1;
    CHECK_OK(weft_receive(m->channel, &value, WEFT_FOREVER));
    if (CHECK(place >= 0 && place < 64)) m->order[place] = value;
    atomic_fetch_add(&m->served, 1);
}

WEFT_TASK(void, meet_the_sender, (meeting *, m)) {
    int value = -1;
    CHECK_EQ(atomic_load(&m->state), 1);
    CHECK_OK(weft_receive(m->channel, &value, WEFT_NOW));
    CHECK_EQ(value, 5);
}

TEST(sender_waits_until_a_receiver_comes) {
    crew c = crew_of(1);
    meeting m = {.channel = rendezvous()};
    CHECK_OK(weft_submit_with(&c.options, NULL, send_number, &m, 5));
    CHECK_OK(weft_submit_with(&c.options, NULL, meet_the_sender, &m));
    crew_wait(&c);
    CHECK_EQ(atomic_load(&m.state), 2);
    CHECK_OK(weft_free_channel(m.channel));
    crew_end(&c);
}

WEFT_TASK(void, receive_in_order, (meeting *, m), (int, count)) {
    for (int i = 0; i < count; i++) {
        int value = -1;
        CHECK_OK(weft_receive(m->channel, &value, WEFT_NOW));
        CHECK_EQ(value, i);
    }
}

/* Rule: a waiter is served first-in, order kept. */
TEST(senders_are_served_in_the_order_they_came) {
    crew c = crew_of(1);
    meeting m = {.channel = rendezvous()};
    for (int i = 0; i < 40; i++) CHECK_OK(weft_submit_with(&c.options, NULL, send_number, &m, i));
    CHECK_OK(weft_submit_with(&c.options, NULL, receive_in_order, &m, 40));
    crew_wait(&c);
    CHECK_OK(weft_free_channel(m.channel));
    crew_end(&c);
}

WEFT_TASK(void, send_in_order, (meeting *, m), (int, count)) {
    for (int i = 0; i < count; i++) CHECK_OK(weft_send(m->channel, &i, WEFT_NOW));
}

TEST(receivers_are_served_in_the_order_they_came) {
    crew c = crew_of(1);
    meeting m = {.channel = rendezvous()};
    for (int i = 0; i < 40; i++) CHECK_OK(weft_submit_with(&c.options, NULL, receive_number, &m, i));
    CHECK_OK(weft_submit_with(&c.options, NULL, send_in_order, &m, 40));
    crew_wait(&c);
    for (int i = 0; i < 40; i++) CHECK_EQ(m.order[i], i);
    CHECK_OK(weft_free_channel(m.channel));
    crew_end(&c);
}

/* The semantics of a full buffer with senders waiting: the oldest goes to the receiver first, then the sender's value
 * goes in behind the others. */
TEST(receive_from_a_full_channel_takes_the_oldest_and_then_lets_the_sender_in) {
    crew c = crew_of(1);
    meeting m = {.channel = bounded_channel(sizeof(int), 3)};
    for (int i = 0; i < 20; i++) CHECK_OK(weft_submit_with(&c.options, NULL, send_number, &m, i));
    CHECK_OK(weft_submit_with(&c.options, NULL, receive_in_order, &m, 20));
    crew_wait(&c);
    CHECK(weft_is_empty(m.channel));
    CHECK_OK(weft_free_channel(m.channel));
    crew_end(&c);
}

WEFT_TASK(void, try_to_free, (meeting *, m)) {
    CHECK_STATUS(weft_free_channel(m->channel), WEFT_BUSY);
    CHECK_OK(weft_receive_sized(m->channel, NULL, 0, WEFT_NOW)); /* the value is discarded */
}

TEST(channel_is_not_freed_while_somebody_waits_to_send) {
    crew c = crew_of(1);
    meeting m = {.channel = rendezvous()};
    CHECK_OK(weft_submit_with(&c.options, NULL, send_number, &m, 1));
    CHECK_OK(weft_submit_with(&c.options, NULL, try_to_free, &m));
    crew_wait(&c);
    CHECK_OK(weft_free_channel(m.channel));
    crew_end(&c);
}

/* ---- through the lock of the channel ---- */

WEFT_TASK(void, receive_locked, (meeting *, m)) {
    int value = -1;
    WEFT_WITH_LOCKED_CHANNEL(m->channel) {
        atomic_store(&m->state, 1);
        CHECK_OK(weft_receive(m->channel, &value, patience()));
        CHECK_EQ(value, 9);
        CHECK_STATUS(weft_lock_channel(m->channel, WEFT_NOW), WEFT_INVALID); /* it has it again */
    }
    CHECK_EQ(value, 9);
}

WEFT_TASK(void, send_past_the_lock, (meeting *, m)) { CHECK_OK(weft_send(m->channel, &(int){9}, patience())); }

TEST(receiver_that_holds_the_lock_gives_it_up_while_it_waits) {
    crew c = crew_here();
    meeting m = {.channel = rendezvous()};
    CHECK_OK(weft_submit_with(&c.options, NULL, receive_locked, &m));
    CHECK_OK(weft_submit_with(&c.options, NULL, send_past_the_lock, &m));
    crew_wait(&c);
    CHECK_OK(weft_free_channel(m.channel));
    crew_end(&c);
}

static void *try_past_the_lock(void *argument) {
    weft_channel *channel = argument;
    static const weft_deadline past[] = {WEFT_NOW, -1, INT64_MIN};
    for (size_t i = 0; i < 3; i++) {
        CHECK_STATUS(weft_send(channel, &(int){1}, past[i]), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_receive(channel, &(int){1}, past[i]), WEFT_TIMED_OUT);
        weft_operation operation = WEFT_TO_RECEIVE(channel, &(int){0});
        CHECK_NULL(weft_alternate(&operation, 1, WEFT_FIRST_LISTED, past[i]));
        CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    }
    return NULL;
}

TEST(no_past_deadline_gets_past_the_lock_of_another) {
    weft_channel *channel = weft_make_channel_with(
        int, &(weft_channel_options){.capacity = 4, .initial = (int[]){1, 2}, .initial_count = 2});
    pthread_t thread;
    CHECK_OK(weft_lock_channel(channel, WEFT_NOW));
    start_thread(&thread, try_past_the_lock, channel);
    join_thread(thread);
    CHECK_OK(weft_unlock_channel(channel));
    CHECK_EQ(weft_count(channel), 2);
    CHECK_OK(weft_free_channel(channel));
}

/* ---- what is carried ---- */

typedef struct volley {
    weft_channel *there, *back;
    int rounds;
} volley;

static void serve(volley *v) {
    for (int i = 0; i < v->rounds; i++) {
        int value = -1;
        if (!CHECK_OK(weft_send(v->there, &i, patience()))) return;
        if (!CHECK_OK(weft_receive(v->back, &value, patience())) || !CHECK_EQ(value, i + 1)) return;
    }
}

static void answer(volley *v) {
    for (int i = 0; i < v->rounds; i++) {
        int value = -1;
        if (!CHECK_OK(weft_receive(v->there, &value, patience())) || !CHECK_EQ(value, i)) return;
        value++;
        if (!CHECK_OK(weft_send(v->back, &value, patience()))) return;
    }
}

WEFT_TASK(void, serve_in_task, (volley *, v)) { serve(v); }

WEFT_TASK(void, answer_in_task, (volley *, v)) { answer(v); }

static void *answer_in_thread(void *v) {
    answer(v);
    return NULL;
}

static volley volley_of(size_t usual) { return (volley){rendezvous(), rendezvous(), (int)harness_rounds(usual)}; }

static void volley_end(volley *v) { free_all((weft_channel *[]){v->there, v->back}, 2); }

TEST(tasks_meet_again_and_again) {
    crew c = crew_here();
    volley v = volley_of(20000);
    CHECK_OK(weft_submit_with(&c.options, NULL, serve_in_task, &v));
    CHECK_OK(weft_submit_with(&c.options, NULL, answer_in_task, &v));
    crew_wait(&c);
    volley_end(&v);
    crew_end(&c);
}

TEST(task_and_thread_meet_again_and_again) {
    crew c = crew_here();
    volley v = volley_of(3000);
    CHECK_OK(weft_submit_with(&c.options, NULL, answer_in_task, &v));
    serve(&v);
    crew_wait(&c);
    volley_end(&v);
    crew_end(&c);
}

TEST(threads_meet_again_and_again) {
    volley v = volley_of(3000);
    pthread_t thread;
    start_thread(&thread, answer_in_thread, &v);
    serve(&v);
    join_thread(thread);
    volley_end(&v);
}

WEFT_TASK(int, square, (int, x)) { return x * x; }

/* A task's outcome is delivered when somebody receives it; until then the task stays. */
TEST(results_of_tasks_pass_through_a_rendezvous) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel_with(int, &(weft_channel_options){.rendezvous = true, .kernel = kernel});
    int64_t sum = 0;
    for (int i = 1; i <= 100; i++) CHECK_OK(weft_submit(results, square, i));
    for (int i = 1; i <= 100; i++) {
        int value = 0;
        CHECK_OK(weft_receive_result(results, &value, patience()));
        sum += value;
    }
    CHECK_EQ(sum, 338350);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

typedef struct page {
    unsigned char bytes[(size_t)1 << 20];
} page;

static void *send_page(void *channel) {
    page *whole = malloc(sizeof *whole);
    for (size_t i = 0; i < sizeof whole->bytes; i++) whole->bytes[i] = (unsigned char)(i * 31);
    CHECK_OK(weft_send((weft_channel *)channel, whole, patience()));
    free(whole);
    return NULL;
}

TEST(largest_element_is_handed_over_whole) {
    weft_channel *channel = weft_make_rendezvous(page);
    page *whole = calloc(1, sizeof *whole);
    pthread_t thread;
    start_thread(&thread, send_page, channel);
    CHECK_OK(weft_receive(channel, whole, patience()));
    join_thread(thread);
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof whole->bytes; i++) wrong += whole->bytes[i] != (unsigned char)(i * 31);
    CHECK_EQ(wrong, 0);
    free(whole);
    CHECK_OK(weft_free_channel(channel));
}

static void *send_nothing(void *channel) {
    CHECK_OK(weft_send_sized(channel, NULL, 0, patience()));
    return NULL;
}

TEST(meeting_without_a_value_is_a_meeting) {
    weft_channel *channel = weft_make_rendezvous_sized(0);
    pthread_t thread;
    start_thread(&thread, send_nothing, channel);
    CHECK_OK(weft_receive_sized(channel, NULL, 0, patience()));
    join_thread(thread);
    CHECK_OK(weft_free_channel(channel));
}
