/* SPDX-License-Identifier: MIT */
/* channels_buffers.c - rows CH3, CH10: channels over buffers of every kind, the user's own included; several elements
 * at once; places that are filled where they lie; taking out by content. */
#include "contract/common.h"

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static weft_channel *channel_over(weft_buffer *buffer) {
    CHECK_NOT_NULL(buffer);
    weft_channel *channel = weft_make_channel_with(int, &(weft_channel_options){.buffer = buffer});
    CHECK_NOT_NULL(channel);
    return channel;
}

WEFT_TASK(int, send_up_to, (weft_channel *, channel), (int, count)) {
    for (int i = 0; i < count; i++)
        if (weft_send(channel, &i, patience()) != WEFT_OK) return -1;
    return count;
}

static void send_five(weft_channel *channel) {
    static const int values[] = {3, 1, 4, 1, 5};
    for (int i = 0; i < 5; i++) CHECK_OK(weft_send(channel, &values[i], WEFT_NOW));
}

static void expect(weft_channel *channel, const int *values, int count) {
    for (int i = 0; i < count; i++) {
        int value = -1;
        CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
        CHECK_EQ(value, values[i]);
    }
    CHECK_STATUS(weft_receive(channel, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(channel));
}

TEST(a_channel_has_the_order_of_its_buffer) {
    weft_channel *lifo = channel_over(weft_make_lifo_buffer(sizeof(int), 0));
    send_five(lifo);
    expect(lifo, (const int[]){5, 1, 4, 1, 3}, 5);
    weft_channel *priority = channel_over(weft_make_priority_buffer(sizeof(int), 0, compare));
    send_five(priority);
    expect(priority, (const int[]){1, 1, 3, 4, 5}, 5);
    weft_channel *fifo = channel_over(weft_make_fifo_buffer(sizeof(int), 5));
    send_five(fifo);
    CHECK_STATUS(weft_send(fifo, &(int){9}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_EQ(weft_capacity(fifo), 5);
    expect(fifo, (const int[]){3, 1, 4, 1, 5}, 5);
}

TEST(sending_to_a_lossy_channel_never_waits) {
    weft_channel *oldest = channel_over(weft_make_drop_oldest_buffer(sizeof(int), 2));
    send_five(oldest);
    CHECK(!weft_is_full(oldest));
    expect(oldest, (const int[]){1, 5}, 2);
    weft_channel *newest = channel_over(weft_make_drop_newest_buffer(sizeof(int), 2));
    send_five(newest);
    expect(newest, (const int[]){3, 1}, 2);
    weft_channel *last = channel_over(weft_make_overwrite_last_buffer(sizeof(int), 2));
    send_five(last);
    expect(last, (const int[]){3, 5}, 2);
}

TEST(a_sender_waits_for_a_place_in_any_bounded_buffer) {
    weft_kernel *kernel = kernel_here();
    weft_buffer *kinds[] = {weft_make_lifo_buffer(sizeof(int), 3), weft_make_random_buffer(sizeof(int), 3),
                            weft_make_priority_buffer(sizeof(int), 3, compare), weft_make_fifo_buffer(sizeof(int), 3)};
    for (int k = 0; k < 4; k++) {
        enum { COUNT = 500 };
        weft_channel *channel = channel_over(kinds[k]), *done = weft_make_channel(int);
        CHECK_OK(weft_submit(done, send_up_to, channel, COUNT));
        long sum = 0;
        for (int i = 0; i < COUNT; i++) {
            int value = 0;
            CHECK_OK(weft_receive(channel, &value, patience()));
            sum += value;
        }
        CHECK_EQ(sum, (long)COUNT * (COUNT - 1) / 2);
        int sent = 0;
        CHECK_OK(weft_receive_result(done, &sent, patience()));
        CHECK_EQ(sent, COUNT);
        CHECK_OK(weft_free_channel(channel));
        CHECK_OK(weft_free_channel(done));
    }
    end_and_free(kernel);
}

/* A buffer of the user's: one place, which refuses sevens and does not give away eights at the first try. */
typedef struct stubborn {
    int value, tries;
    bool there;
} stubborn;

static size_t stubborn_count(const void *state) { return ((const stubborn *)state)->there; }
static size_t stubborn_capacity(const void *state) {
    (void)state;
    return 1;
}
static weft_status stubborn_put(void *state, const void *element, void *dropped, bool *lost) {
    (void)dropped, (void)lost;
    stubborn *s = state;
    if (*(const int *)element == 7) return WEFT_FAILED;
    *s = (stubborn){*(const int *)element, 0, true};
    return WEFT_OK;
}
static weft_status stubborn_take(void *state, void *element) {
    stubborn *s = state;
    if (s->value == 8 && s->tries++ == 0) return WEFT_FAILED;
    *(int *)element = s->value;
    s->there = false;
    return WEFT_OK;
}
static const weft_buffer_type stubborn_type = {.name = "stubborn",
                                               .state_size = sizeof(stubborn),
                                               .count = stubborn_count,
                                               .capacity = stubborn_capacity,
                                               .put = stubborn_put,
                                               .take = stubborn_take};

TEST(a_buffer_of_the_users_may_fail_and_nothing_is_lost) {
    weft_channel *channel = channel_over(weft_make_buffer(&stubborn_type, sizeof(int), 0));
    CHECK_STATUS(weft_send(channel, &(int){7}, WEFT_NOW), WEFT_FAILED);
    CHECK_EQ(weft_count(channel), 0);
    CHECK_OK(weft_send(channel, &(int){8}, WEFT_NOW));
    CHECK_STATUS(weft_send(channel, &(int){9}, WEFT_NOW), WEFT_TIMED_OUT);
    int value = 0;
    CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_FAILED);
    CHECK_EQ(weft_count(channel), 1);
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_EQ(value, 8);
    CHECK_STATUS(weft_peek(channel, &value), WEFT_TIMED_OUT);
    CHECK_OK(weft_send(channel, &(int){1}, WEFT_NOW));
    CHECK_STATUS(weft_peek(channel, &value), WEFT_INVALID); /* this kind has no front */
    CHECK_OK(weft_free_channel(channel));
}

/* The place becomes free, and the value of the sender that waits for it is refused: that sender is told. */
WEFT_TASK(int, send_one, (weft_channel *, channel), (int, value)) {
    return (int)weft_send(channel, &value, patience());
}

TEST(a_sender_whose_value_is_refused_later_is_told) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = channel_over(weft_make_buffer(&stubborn_type, sizeof(int), 0));
    weft_channel *done = weft_make_channel(int);
    CHECK_OK(weft_send(channel, &(int){1}, WEFT_NOW));
    CHECK_OK(weft_submit(done, send_one, channel, 7));
    int value = 0, status = -1;
    CHECK_STATUS(weft_receive_result(done, &status, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_OK(weft_receive(channel, &value, patience()));
    CHECK_EQ(value, 1);
    CHECK_OK(weft_receive_result(done, &status, patience()));
    CHECK_EQ(status, WEFT_FAILED);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(a_buffer_is_refused_unless_it_is_empty_free_and_of_the_right_size) {
    weft_buffer *buffer = weft_make_lifo_buffer(sizeof(int), 0);
    CHECK_NULL(weft_make_channel_with(char, &(weft_channel_options){.buffer = buffer}));
    CHECK_STATUS(weft_last_status(), WEFT_WRONG_SIZE);
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.buffer = buffer, .capacity = 1}));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_OK(weft_enqueue(buffer, &(int){1}));
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.buffer = buffer}));
    CHECK_STATUS(weft_last_status(), WEFT_BUSY);
    CHECK_OK(weft_dequeue_sized(buffer, NULL, 0));
    weft_channel *channel = channel_over(buffer);
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.buffer = buffer}));
    CHECK_STATUS(weft_last_status(), WEFT_BUSY);
    CHECK_STATUS(weft_enqueue(buffer, &(int){1}), WEFT_BUSY);
    CHECK_STATUS(weft_free_buffer(buffer), WEFT_BUSY);
    CHECK_OK(weft_free_channel(channel));
}

TEST(alternation_works_over_buffers_of_any_kind) {
    weft_channel *stack = channel_over(weft_make_lifo_buffer(sizeof(int), 1));
    int out = 5, in = 0, received = 0, sent = 0;
    for (int i = 0; i < 10; i++) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE(stack, &in) { received++; }
            WEFT_SEND(stack, &out) { sent++; }
        }
    }
    CHECK_EQ(sent, 5);
    CHECK_EQ(received, 5);
    CHECK_EQ(in, 5);
    CHECK_OK(weft_free_channel(stack));
}

/* ---- several at once ---- */

static const size_t capacities[] = {0, 50, 3000, 100000};

TEST(many_are_sent_and_received_in_one_operation) {
    int all[100], back[100];
    for (int i = 0; i < 100; i++) all[i] = i;
    for (int k = 0; k < 4; k++) {
        weft_channel *channel = bounded_channel(sizeof(int), capacities[k]);
        size_t sent = 0, received = 0, fits = capacities[k] == 50 ? 50 : 100;
        CHECK_STATUS(weft_send_many(channel, all, 100, WEFT_NOW, &sent), fits == 100 ? WEFT_OK : WEFT_TIMED_OUT);
        CHECK_EQ(sent, fits);
        CHECK_OK(weft_receive_many(channel, back, 100, WEFT_NOW, &received));
        CHECK_EQ(received, fits);
        for (size_t i = 0; i < received; i++) CHECK_EQ(back[i], (int)i);
        CHECK_STATUS(weft_receive_many(channel, back, 100, WEFT_NOW, &received), WEFT_TIMED_OUT);
        CHECK_EQ(received, 0);
        CHECK_STATUS(weft_receive_many(channel, back, 0, WEFT_NOW, &received), WEFT_INVALID);
        CHECK_OK(weft_free_channel(channel));
    }
}

WEFT_TASK(int, send_in_batches, (weft_channel *, channel), (int, count)) {
    int batch[7];
    size_t sent;
    for (int i = 0; i < count; i += 7) {
        for (int n = 0; n < 7; n++) batch[n] = i + n;
        if (weft_send_many(channel, batch, 7, patience(), &sent) != WEFT_OK || sent != 7) return -1;
    }
    return count;
}

TEST(batches_pass_through_small_channels_in_order) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channels[] = {bounded_channel(sizeof(int), 3), weft_make_rendezvous(int), weft_make_channel(int)};
    for (int k = 0; k < 3; k++) {
        weft_channel *done = weft_make_channel(int);
        CHECK_OK(weft_submit(done, send_in_batches, channels[k], 700));
        int next = 0, batch[5];
        while (next < 700) {
            size_t received = 0;
            if (!CHECK_OK(weft_receive_many(channels[k], batch, 5, patience(), &received))) break;
            for (size_t i = 0; i < received; i++) CHECK_EQ(batch[i], next++);
        }
        CHECK_OK(weft_receive_result(done, &(int){0}, patience()));
        CHECK_OK(weft_free_channel(done));
        CHECK_OK(weft_free_channel(channels[k]));
    }
    end_and_free(kernel);
}

/* ---- places ---- */

TEST(a_reserved_place_holds_up_what_comes_after_it) {
    for (int k = 0; k < 4; k++) {
        weft_channel *channel = bounded_channel(sizeof(int), capacities[k]);
        void *first, *second;
        int value = 0;
        CHECK_OK(weft_reserve(channel, &first, WEFT_NOW));
        CHECK_OK(weft_reserve(channel, &second, WEFT_NOW));
        CHECK_OK(weft_send(channel, &(int){3}, WEFT_NOW));
        CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
        *(int *)second = 2;
        CHECK_OK(weft_commit(channel, second));
        CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_free_channel(channel), WEFT_BUSY);
        CHECK_OK(weft_abandon(channel, first));
        CHECK_STATUS(weft_abandon(channel, first), WEFT_INVALID);
        for (int i = 2; i <= 3; i++) {
            CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
            CHECK_EQ(value, i);
        }
        CHECK_EQ(weft_count(channel), 0);
        CHECK_OK(weft_free_channel(channel));
    }
}

WEFT_TASK(int, fill_places, (weft_channel *, channel), (int, count)) {
    for (int i = 0; i < count; i++) {
        void *place;
        if (weft_reserve(channel, &place, patience()) != WEFT_OK) return -1;
        if (i % 3 == 0) weft_yield();
        *(int *)place = i;
        if ((i % 7 == 6 ? weft_abandon(channel, place) : weft_commit(channel, place)) != WEFT_OK) return -1;
    }
    return count;
}

TEST(places_are_received_in_the_order_in_which_they_were_reserved) {
    weft_kernel *kernel = kernel_here();
    for (int k = 0; k < 4; k++) {
        enum { COUNT = 3500 };
        weft_channel *channel = bounded_channel(sizeof(int), capacities[k]), *done = weft_make_channel(int);
        CHECK_OK(weft_submit(done, fill_places, channel, COUNT));
        for (int i = 0; i < COUNT; i++) {
            int value = -1;
            if (i % 7 == 6) continue;
            if (!CHECK_OK(weft_receive(channel, &value, patience()))) break;
            CHECK_EQ(value, i);
        }
        int filled = 0;
        CHECK_OK(weft_receive_result(done, &filled, patience()));
        CHECK_EQ(filled, COUNT);
        CHECK_EQ(weft_count(channel), 0);
        CHECK_OK(weft_free_channel(done));
        CHECK_OK(weft_free_channel(channel));
    }
    end_and_free(kernel);
}

TEST(places_are_refused_where_there_are_none) {
    weft_channel *rendezvous = weft_make_rendezvous(int), *lifo = channel_over(weft_make_lifo_buffer(sizeof(int), 0));
    void *place;
    CHECK_STATUS(weft_reserve(rendezvous, &place, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_reserve(lifo, &place, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_reserve(NULL, &place, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_reserve(lifo, NULL, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_commit(NULL, NULL), WEFT_INVALID);
    CHECK_OK(weft_free_channel(rendezvous));
    weft_channel *one = bounded_channel(sizeof(int), 1);
    CHECK_OK(weft_send(one, &(int){1}, WEFT_NOW));
    CHECK_STATUS(weft_reserve(one, &place, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_reserve(one, &place, weft_after(0.005)), WEFT_TIMED_OUT);
    CHECK_OK(weft_close(one));
    CHECK_STATUS(weft_reserve(one, &place, WEFT_NOW), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(one));
    CHECK_OK(weft_free_channel(lifo));
}

/* ---- by content ---- */

static bool is_odd(const void *element, void *argument) {
    ++*(int *)argument;
    return *(const int *)element % 2 != 0;
}

TEST(elements_are_taken_out_by_content) {
    for (int k = 0; k < 4; k++) {
        weft_channel *channel = bounded_channel(sizeof(int), capacities[k]);
        for (int i = 0; i < 50; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
        size_t removed = 0;
        int asked = 0;
        CHECK_OK(weft_remove_if(channel, is_odd, &asked, &removed));
        CHECK_EQ(removed, 25);
        CHECK_EQ(asked, 50);
        for (int i = 0; i < 50; i += 2) {
            int value = -1;
            CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
            CHECK_EQ(value, i);
        }
        CHECK_STATUS(weft_remove_if(channel, NULL, NULL, NULL), WEFT_INVALID);
        CHECK_OK(weft_free_channel(channel));
    }
}

TEST(a_place_that_is_made_by_content_goes_to_the_sender_that_waits) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = bounded_channel(sizeof(int), 2), *done = weft_make_channel(int);
    CHECK_OK(weft_send(channel, &(int){1}, WEFT_NOW));
    CHECK_OK(weft_send(channel, &(int){2}, WEFT_NOW));
    CHECK_OK(weft_submit(done, send_one, channel, 4));
    int status = -1, asked = 0, value = 0;
    CHECK_STATUS(weft_receive_result(done, &status, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_OK(weft_remove_if(channel, is_odd, &asked, NULL));
    CHECK_OK(weft_receive_result(done, &status, patience()));
    CHECK_EQ(status, WEFT_OK);
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_EQ(value, 2);
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_EQ(value, 4);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}
