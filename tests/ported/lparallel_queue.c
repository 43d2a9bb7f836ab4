/* SPDX-License-Identifier: MIT */
/* lparallel_queue.c - lparallel's own tests of its queues, re-expressed; the name of the original stands above each. */
#include "contract/common.h"

static weft_channel *queue_of(size_t capacity) { return bounded_channel(sizeof(int), capacity); }

static void push(weft_channel *queue, int value) { CHECK_OK(weft_send(queue, &value, patience())); }

static int pop(weft_channel *queue) {
    int value = -1;
    CHECK_OK(weft_receive(queue, &value, patience()));
    return value;
}

/* queue-test: both kinds, 1 to 5 in and out, with count, peek and empty on the way */
static void fill_and_empty(weft_channel *queue) {
    for (int round = 0; round < 3; round++) {
        CHECK(weft_is_empty(queue));
        for (int i = 1; i <= 5; i++) {
            push(queue, i);
            CHECK_EQ(weft_count(queue), i);
        }
        CHECK(!weft_is_empty(queue));
        for (int i = 1; i <= 5; i++) {
            int front = 0;
            CHECK_OK(weft_peek(queue, &front));
            CHECK_EQ(front, i);
            CHECK_EQ(pop(queue), i);
        }
        CHECK_STATUS(weft_peek(queue, &(int){0}), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_receive(queue, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    }
    CHECK_OK(weft_free_channel(queue));
}

TEST(queue_test) {
    fill_and_empty(queue_of(0));
    fill_and_empty(queue_of(5));
    fill_and_empty(queue_of(6));
    fill_and_empty(queue_of(100));
}

static void *push_three_more(void *queue) {
    for (int i = 4; i <= 6; i++) push(queue, i);
    return NULL;
}

/* filled-queue-test: a push to a full queue waits for space */
TEST(filled_queue_test) {
    weft_channel *queue = queue_of(3);
    pthread_t thread;
    for (int i = 1; i <= 3; i++) {
        CHECK(!weft_is_full(queue));
        push(queue, i);
    }
    CHECK(weft_is_full(queue));
    start_thread(&thread, push_three_more, queue);
    for (int i = 1; i <= 6; i++) CHECK_EQ(pop(queue), i);
    join_thread(thread);
    CHECK(weft_is_empty(queue));
    CHECK_OK(weft_free_channel(queue));
}

/* queue-timeout-test */
TEST(queue_timeout_test) {
    for (size_t capacity = 0; capacity < 2; capacity++) {
        weft_channel *queue = queue_of(capacity);
        static const double none[] = {0, -1, -0.5};
        for (int i = 0; i < 3; i++) CHECK_STATUS(weft_receive(queue, &(int){0}, weft_after(none[i])), WEFT_TIMED_OUT);
        weft_deadline due = weft_after(0.05);
        CHECK_STATUS(weft_receive(queue, &(int){0}, due), WEFT_TIMED_OUT);
        CHECK_GE(weft_time(), due);
        push(queue, 7);
        int value = 0;
        CHECK_OK(weft_receive(queue, &value, weft_after(0.05)));
        CHECK_EQ(value, 7);
        CHECK_OK(weft_free_channel(queue));
    }
}

/* queue-small-timeout-test */
TEST(queue_small_timeout_test) {
    weft_channel *queue = queue_of(0);
    for (double seconds = 1e-3; seconds > 1e-21; seconds /= 10)
        CHECK_STATUS(weft_receive(queue, &(int){0}, weft_after(seconds)), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(queue));
}

/* queue-initial-contents-test */
TEST(queue_initial_contents_test) {
    const int contents[] = {3, 4, 5};
    for (size_t capacity = 0; capacity <= 4; capacity++) {
        const weft_channel_options options = {.capacity = capacity, .initial = contents, .initial_count = 3};
        weft_channel *queue = weft_make_channel_with(int, &options);
        int kept = capacity == 0 || capacity > 3 ? 3 : (int)capacity;
        CHECK_EQ(weft_count(queue), kept);
        CHECK_EQ(weft_is_full(queue), capacity != 0 && capacity <= 3);
        for (int i = 0; i < kept; i++) CHECK_EQ(pop(queue), contents[i]);
        CHECK(weft_is_empty(queue));
        push(queue, 9);
        CHECK_EQ(pop(queue), 9);
        CHECK_OK(weft_free_channel(queue));
    }
}

WEFT_TASK(int, pop_and_push, (weft_channel *, from), (weft_channel *, to)) {
    push(to, pop(from) + 1);
    return 0;
}

/* grind-queue-test, by tasks: values go round and none is lost */
TEST(grind_queue_test) {
    weft_kernel *kernel = kernel_here();
    weft_channel *one = queue_of(0), *two = queue_of(4), *done = weft_make_channel(int);
    int tasks = (int)harness_rounds(2000);
    for (int i = 0; i < tasks; i++) {
        CHECK_OK(weft_submit(done, pop_and_push, one, two));
        CHECK_OK(weft_submit(done, pop_and_push, two, one));
    }
    for (int i = 0; i < 3; i++) push(one, 0);
    WEFT_DO_FAST_RECEIVES(int, zero, done, (size_t)(2 * tasks)) CHECK_EQ(zero, 0);
    CHECK_OK(weft_last_status());
    int sum = pop(one) + pop(one) + pop(one);
    CHECK_EQ(sum, 2 * tasks);
    CHECK(weft_is_empty(one) && weft_is_empty(two));
    CHECK_OK(weft_free_channel(one));
    CHECK_OK(weft_free_channel(two));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

/* with-locked-queue and the operations inside it */
TEST(locked_queue_test) {
    weft_channel *queue = queue_of(2);
    WEFT_WITH_LOCKED_CHANNEL(queue) {
        push(queue, 1);
        push(queue, 2);
        CHECK(weft_is_full(queue));
        CHECK_EQ(weft_count(queue), 2);
        CHECK_EQ(pop(queue), 1);
        int front = 0;
        CHECK_OK(weft_peek(queue, &front));
        CHECK_EQ(front, 2);
        CHECK_EQ(pop(queue), 2);
        CHECK_STATUS(weft_receive(queue, &front, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_receive(queue, &front, weft_after(0.001)), WEFT_TIMED_OUT);
    }
    CHECK_OK(weft_free_channel(queue));
}
