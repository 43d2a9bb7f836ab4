/* SPDX-License-Identifier: MIT */
/* jpl_queues.c - what jpl-queues 0.1 documents of its queues, which Calispel's channels take as buffers, re-expressed.
 *
 * The original has no tests that run; each test here is a sentence of its contract, named after the function or class.
 * Where it leaves something undefined, and in fact spoils the queue, we ask for a status and an unchanged buffer. The
 * table is in docs/TESTS.md. */
#include "contract/common.h"

#include <stdlib.h>

enum { QUEUES = 4, CAPACITY = 5 };

static void make_queues(weft_buffer *queues[QUEUES]) {
    queues[0] = weft_make_fifo_buffer(sizeof(int), CAPACITY);
    queues[1] = weft_make_drop_oldest_buffer(sizeof(int), CAPACITY);
    queues[2] = weft_make_unbounded_buffer(sizeof(int));
    queues[3] = weft_make_random_buffer(sizeof(int), 0);
}

static void free_queues(weft_buffer *queues[QUEUES]) {
    for (int q = 0; q < QUEUES; q++) CHECK_OK(weft_free_buffer(queues[q]));
}

static void enqueue_range(weft_buffer *queue, int first, int last) {
    for (int i = first; i <= last; i++) CHECK_OK(weft_enqueue(queue, &i));
}

static int dequeued(weft_buffer *queue) {
    int value = -1;
    CHECK_OK(weft_dequeue(queue, &value));
    return value;
}

static void check_range(weft_buffer *queue, int first, int last) {
    for (int i = first; i <= last; i++) CHECK_EQ(dequeued(queue), i);
    CHECK(weft_buffer_empty(queue));
}

/* bounded-fifo-queue, lossy-bounded-fifo-queue: "A 0-length queue would only block." */
TEST(a_queue_of_capacity_zero_is_refused) {
    CHECK_NULL(weft_make_fifo_buffer(sizeof(int), 0));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_make_drop_oldest_buffer(sizeof(int), 0));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

/* capacity: a number, or none; that of the random queue is none, where the original has a very large number. */
TEST(capacity_is_the_most_that_is_held_or_none) {
    static const size_t expected[QUEUES] = {CAPACITY, CAPACITY, 0, 0};
    weft_buffer *queues[QUEUES];
    make_queues(queues);
    for (int q = 0; q < QUEUES; q++) CHECK_EQ(weft_buffer_capacity(queues[q]), expected[q]);
    free_queues(queues);
}

/* enqueue: after it empty? is false. dequeue: after it full? is false. size: what is stored. */
TEST(size_empty_and_full_follow_each_enqueue_and_dequeue) {
    weft_buffer *queues[QUEUES];
    make_queues(queues);
    for (int q = 0; q < QUEUES; q++) {
        CHECK(weft_buffer_empty(queues[q]));
        for (int i = 1; i <= CAPACITY; i++) {
            CHECK(!weft_buffer_full(queues[q]));
            CHECK_OK(weft_enqueue(queues[q], &i));
            CHECK(!weft_buffer_empty(queues[q]));
            CHECK_EQ(weft_buffer_size(queues[q]), i);
        }
        CHECK_EQ(weft_buffer_full(queues[q]), q == 0);
        for (int i = CAPACITY; i > 0; i--) {
            CHECK_EQ(weft_buffer_size(queues[q]), i);
            (void)dequeued(queues[q]);
            CHECK(!weft_buffer_full(queues[q]));
        }
        CHECK(weft_buffer_empty(queues[q]));
    }
    free_queues(queues);
}

/* bounded-fifo-queue: a ring, gone round many times. */
TEST(bounded_fifo_queue_keeps_order_round_the_ring) {
    weft_buffer *queue = weft_make_fifo_buffer(sizeof(int), CAPACITY);
    enqueue_range(queue, 1, 3);
    for (int i = 4; i < 100; i++) {
        enqueue_range(queue, i, i);
        CHECK_EQ(dequeued(queue), i - 3);
    }
    check_range(queue, 97, 99);
    CHECK_OK(weft_free_buffer(queue));
}

/* enqueue on a full queue is undefined there: it overwrites the oldest, and three are counted in a queue of two. */
TEST(enqueue_on_a_full_queue_changes_nothing) {
    weft_buffer *queue = weft_make_fifo_buffer(sizeof(int), 2);
    int more = 3;
    enqueue_range(queue, 1, 2);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(weft_enqueue(queue, &more), WEFT_TIMED_OUT);
        CHECK_EQ(weft_buffer_size(queue), 2);
        CHECK(weft_buffer_full(queue));
    }
    check_range(queue, 1, 2);
    CHECK_OK(weft_free_buffer(queue));
}

/* dequeue on an empty queue is undefined there: it gives anything, and the size becomes -1. */
TEST(dequeue_on_an_empty_queue_changes_nothing) {
    weft_buffer *queues[QUEUES];
    make_queues(queues);
    for (int q = 0; q < QUEUES; q++) {
        int value = 7;
        for (int i = 0; i < 3; i++) CHECK_STATUS(weft_dequeue(queues[q], &value), WEFT_TIMED_OUT);
        CHECK_EQ(value, 7);
        CHECK_EQ(weft_buffer_size(queues[q]), 0);
        enqueue_range(queues[q], 1, 1);
        check_range(queues[q], 1, 1);
    }
    free_queues(queues);
}

/* lossy-bounded-fifo-queue: five into two, the last two come out; it is never full. */
TEST(lossy_bounded_fifo_queue_drops_the_oldest) {
    weft_buffer *queue = weft_make_drop_oldest_buffer(sizeof(int), 2);
    for (int i = 1; i <= 5; i++) {
        CHECK(!weft_buffer_full(queue));
        enqueue_range(queue, i, i);
    }
    CHECK_EQ(weft_buffer_size(queue), 2);
    check_range(queue, 4, 5);
    CHECK_OK(weft_free_buffer(queue));
}

/* unbounded-fifo-queue */
TEST(unbounded_fifo_queue_keeps_order) {
    weft_buffer *queue = weft_make_unbounded_buffer(sizeof(int));
    enqueue_range(queue, 1, 3000);
    for (int i = 1; i <= 1000; i++) CHECK_EQ(dequeued(queue), i);
    enqueue_range(queue, 3001, 5000);
    check_range(queue, 1001, 5000);
    CHECK_OK(weft_free_buffer(queue));
}

/* unbounded-random-queue: each element once; and in any order, so that of twenty tries one at least is not in order. */
TEST(unbounded_random_queue_gives_all_in_any_order) {
    enum { ELEMENTS = 50, TRIES = 20 };
    weft_buffer *queue = weft_make_random_buffer(sizeof(int), 0);
    int in_order = 0;
    for (int try = 0; try < TRIES; try++) {
        bool seen[ELEMENTS + 1] = {false}, ordered = true;
        enqueue_range(queue, 1, ELEMENTS);
        for (int i = 1; i <= ELEMENTS; i++) {
            int value = dequeued(queue);
            if (!CHECK(value >= 1 && value <= ELEMENTS && !seen[value])) break;
            seen[value] = true;
            ordered = ordered && value == i;
        }
        in_order += ordered;
        CHECK(weft_buffer_empty(queue));
    }
    CHECK_LT(in_order, TRIES);
    CHECK_OK(weft_free_buffer(queue));
}

static bool equals(const void *element, void *other) { return *(const int *)element == *(const int *)other; }

static bool is_odd(const void *element, void *unused) { return (void)unused, *(const int *)element % 2 != 0; }

/* dequeue-object: every element for which the test holds, and not only the first; none is fine too. */
TEST(dequeue_object_takes_out_each_equal_one) {
    weft_buffer *queues[QUEUES];
    make_queues(queues);
    for (int q = 0; q < QUEUES; q++) {
        static const int contents[] = {2, 1, 2, 3, 2};
        size_t removed = 0;
        int two = 2, four = 4;
        for (int i = 0; i < CAPACITY; i++) CHECK_OK(weft_enqueue(queues[q], &contents[i]));
        CHECK_OK(weft_buffer_remove_if(queues[q], equals, &four, &removed));
        CHECK_EQ(removed, 0);
        CHECK_OK(weft_buffer_remove_if(queues[q], equals, &two, &removed));
        CHECK_EQ(removed, 3);
        CHECK_EQ(weft_buffer_size(queues[q]), 2);
        CHECK_EQ(dequeued(queues[q]) + dequeued(queues[q]), 4);
    }
    free_queues(queues);
}

/* dequeue-object-if: those that stay keep their order in the first in, first out ones; round the end of the ring too.
 */
TEST(dequeue_object_if_keeps_the_order_of_the_others) {
    weft_buffer *queues[QUEUES];
    make_queues(queues);
    for (int q = 0; q < 3; q++) {
        size_t removed = 0;
        enqueue_range(queues[q], -2, 0);
        check_range(queues[q], -2, 0);
        enqueue_range(queues[q], 1, CAPACITY);
        CHECK_OK(weft_buffer_remove_if(queues[q], is_odd, NULL, &removed));
        CHECK_EQ(removed, 3);
        CHECK_EQ(dequeued(queues[q]), 2);
        check_range(queues[q], 4, 4);
    }
    free_queues(queues);
}

/* synchronized-queue: enqueue waits while it is full, dequeue while it is empty, whatever queue is beneath; here the
 * channel is that form, and its waits have deadlines, where the original has none. */
WEFT_CHANNEL_TYPE(int_channel, int);

static void *receive_all(void *argument) {
    int_channel *channel = argument;
    intptr_t sum = 0;
    for (int value; weft_receive(channel, &value, patience()) == WEFT_OK;) sum += value;
    return (void *)sum;
}

TEST(synchronized_queue_is_a_channel) {
    enum { MESSAGES = 2000 };
    for (int kind = 0; kind < 3; kind++) {
        void *sum = NULL;
        pthread_t receiver;
        weft_buffer *queue = kind == 0   ? weft_make_fifo_buffer(sizeof(int), 3)
                             : kind == 1 ? weft_make_random_buffer(sizeof(int), 3)
                                         : weft_make_lifo_buffer(sizeof(int), 3);
        int_channel *channel = weft_make_typed_channel(int_channel, &(weft_channel_options){.buffer = queue});
        if (!CHECK_NOT_NULL(channel) || !start_thread(&receiver, receive_all, channel)) return;
        for (int i = 1; i <= MESSAGES; i++) CHECK_OK(weft_send(channel, &i, patience()));
        CHECK_OK(weft_close(weft_untyped(channel)));
        CHECK_EQ(pthread_join(receiver, &sum), 0);
        CHECK_EQ((intptr_t)sum, (intptr_t)MESSAGES * (MESSAGES + 1) / 2);
        CHECK_OK(weft_free_channel(weft_untyped(channel)));
    }
}

TEST(a_channel_over_a_full_or_empty_queue_says_so_at_its_deadline) {
    weft_buffer *queue = weft_make_lifo_buffer(sizeof(int), 1);
    weft_channel *channel = weft_make_channel_with(int, &(weft_channel_options){.buffer = queue});
    int value = 1;
    CHECK_STATUS(weft_receive(channel, &value, weft_after(0.001)), WEFT_TIMED_OUT);
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_STATUS(weft_send(channel, &value, weft_after(0.001)), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(channel));
}
