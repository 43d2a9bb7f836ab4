/* SPDX-License-Identifier: MIT */
/* queue.c - row K17: a channel as lparallel's queue; every operation, by threads and by tasks. */
#include "contract/common.h"

static weft_channel *queue_of(const int *initial, size_t count, size_t capacity) {
    weft_channel_options options = {.capacity = capacity, .initial = initial, .initial_count = count};
    weft_channel *queue = weft_make_channel_with(int, &options);
    CHECK_NOT_NULL(queue);
    return queue;
}

static void expect(weft_channel *queue, int wanted) {
    int value = -1;
    CHECK_OK(weft_receive(queue, &value, WEFT_NOW));
    CHECK_EQ(value, wanted);
}

TEST(queue_works_without_a_kernel) {
    weft_channel *queue = queue_of(NULL, 0, 0);
    CHECK_OK(weft_send(queue, &(int){1}, WEFT_NOW));
    expect(queue, 1);
    CHECK_STATUS(weft_receive(queue, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(queue));
}

TEST(initial_elements_come_out_front_first) {
    weft_channel *queue = queue_of((const int[]){3, 4, 5}, 3, 0);
    CHECK_EQ(weft_count(queue), 3);
    for (int i = 3; i <= 5; i++) expect(queue, i);
    CHECK(weft_is_empty(queue));
    CHECK_OK(weft_free_channel(queue));
}

TEST(initial_elements_beyond_the_capacity_are_left_out) {
    weft_channel *queue = queue_of((const int[]){3, 4, 5}, 3, 2);
    CHECK(weft_is_full(queue));
    CHECK_EQ(weft_capacity(queue), 2);
    expect(queue, 3);
    expect(queue, 4);
    CHECK(weft_is_empty(queue));
    CHECK_OK(weft_free_channel(queue));
}

TEST(many_initial_elements_keep_their_order) {
    enum { COUNT = 5000 };
    static int many[COUNT];
    for (int i = 0; i < COUNT; i++) many[i] = i;
    weft_channel *queue = queue_of(many, COUNT, 0);
    CHECK_EQ(weft_count(queue), COUNT);
    for (int i = 0; i < COUNT; i++) expect(queue, i);
    CHECK_OK(weft_free_channel(queue));
}

TEST(count_empty_and_full_follow_each_operation) {
    weft_channel *queue = queue_of(NULL, 0, 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQ(weft_count(queue), i);
        CHECK_EQ(weft_is_empty(queue), i == 0);
        CHECK(!weft_is_full(queue));
        CHECK_OK(weft_send(queue, &(int){1}, WEFT_NOW));
    }
    CHECK(weft_is_full(queue));
    CHECK_STATUS(weft_send(queue, &(int){9}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_EQ(weft_count(queue), 3);
    CHECK_OK(weft_free_channel(queue));
}

TEST(unbounded_queue_is_never_full) {
    weft_channel *queue = queue_of(NULL, 0, 0);
    for (int i = 0; i < 100000; i++) CHECK_OK(weft_send(queue, &i, WEFT_NOW));
    CHECK(!weft_is_full(queue));
    CHECK_EQ(weft_count(queue), 100000);
    for (int i = 0; i < 100000; i++) expect(queue, i);
    CHECK_OK(weft_free_channel(queue));
}

TEST(peek_shows_the_front_and_leaves_it) {
    weft_channel *queue = queue_of((const int[]){7, 8}, 2, 0);
    int value = 0;
    for (int i = 0; i < 2; i++) {
        CHECK_OK(weft_peek(queue, &value));
        CHECK_EQ(value, 7);
        CHECK_EQ(weft_count(queue), 2);
    }
    expect(queue, 7);
    CHECK_OK(weft_peek(queue, &value));
    CHECK_EQ(value, 8);
    expect(queue, 8);
    CHECK_STATUS(weft_peek(queue, &value), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(queue));
}

TEST(order_is_kept_across_growing_and_shrinking) {
    weft_channel *queue = queue_of(NULL, 0, 0);
    uint64_t random = harness_seed();
    int in = 0, out = 0;
    for (int step = 0; step < 20000; step++) {
        for (uint64_t n = harness_random(&random) % 50; n > 0; n--, in++) CHECK_OK(weft_send(queue, &in, WEFT_NOW));
        for (uint64_t n = harness_random(&random) % 50; n > 0 && out < in; n--) expect(queue, out++);
    }
    CHECK_EQ(weft_count(queue), in - out);
    CHECK_OK(weft_free_channel(queue));
}

typedef struct sending {
    weft_channel *queue;
    int from, to;
    atomic_int sent;
} sending;

static void *send_all(void *argument) {
    sending *s = argument;
    for (int i = s->from; i < s->to && CHECK_OK(weft_send(s->queue, &i, patience())); i++)
        atomic_fetch_add(&s->sent, 1);
    return NULL;
}

TEST(sender_to_a_full_queue_waits_for_a_place_and_keeps_its_turn) {
    for (size_t capacity = 1; capacity < 40; capacity += 13) {
        weft_channel *queue = queue_of(NULL, 0, capacity);
        sending s = {queue, 0, 2000, 0};
        pthread_t thread;
        start_thread(&thread, send_all, &s);
        for (int i = 0; i < 2000; i++) {
            int value = -1;
            if (!CHECK_OK(weft_receive(queue, &value, patience())) || !CHECK_EQ(value, i)) break;
            CHECK_LE(weft_count(queue), capacity);
        }
        join_thread(thread);
        CHECK_OK(weft_free_channel(queue));
    }
}

/* A place that becomes free goes to the sender that waits, also where memory for its element has to be made first. */
typedef struct large {
    int number;
    unsigned char rest[1996];
} large;

static void *send_large(void *argument) {
    sending *s = argument;
    large message = {.number = s->from};
    CHECK_OK(weft_send(s->queue, &message, patience()));
    atomic_fetch_add(&s->sent, 1);
    return NULL;
}

TEST(waiting_sender_gets_the_place_that_a_receive_frees) {
    weft_channel *queue = bounded_channel(sizeof(large), 100);
    for (int shift = 0; shift < 9; shift++) { /* the front lies at another place of its block each time */
        large message = {.number = 0};
        for (int i = 0; i < 100; i++, message.number++) CHECK_OK(weft_send(queue, &message, WEFT_NOW));
        sending s = {queue, 100, 101, 0};
        pthread_t thread;
        start_thread(&thread, send_large, &s);
        weft_sleep(weft_after(0.005)); /* so that it waits, as a rule; the test holds either way */
        CHECK_OK(weft_receive(queue, &message, WEFT_NOW));
        CHECK_EQ(message.number, 0);
        join_thread(thread);
        CHECK_EQ(weft_count(queue), 100);
        for (int i = 1; i <= 100; i++)
            if (!CHECK_OK(weft_receive(queue, &message, WEFT_NOW)) || !CHECK_EQ(message.number, i)) break;
        CHECK_OK(weft_send(queue, &message, WEFT_NOW));
        CHECK_OK(weft_receive(queue, &message, WEFT_NOW));
    }
    CHECK_OK(weft_free_channel(queue));
}

/* ---- deadlines ---- */

TEST(receive_of_an_empty_queue_waits_until_its_deadline_and_not_less) {
    static const double times[] = {1e-20, 1e-9, 1e-6, 1e-4, 1e-3, 0.02};
    weft_channel *queue = queue_of(NULL, 0, 0);
    for (int i = 0; i < 6; i++) {
        weft_deadline begun = weft_time(), deadline = weft_after(times[i]);
        CHECK_STATUS(weft_receive(queue, &(int){0}, deadline), WEFT_TIMED_OUT);
        weft_deadline now = weft_time();
        CHECK_GE(now, deadline);
        CHECK_GE((double)(now - begun) * 1e-9 >= times[i], 1);
    }
    CHECK_OK(weft_free_channel(queue));
}

TEST(zero_negative_and_past_deadlines_do_not_wait) {
    weft_channel *queue = queue_of(NULL, 0, 1);
    const weft_deadline deadlines[] = {WEFT_NOW, -1, INT64_MIN, 1, weft_time(), weft_after(0), weft_after(-3)};
    for (int i = 0; i < 7; i++) {
        CHECK_STATUS(weft_receive(queue, &(int){0}, deadlines[i]), WEFT_TIMED_OUT);
        CHECK_OK(weft_send(queue, &(int){5}, deadlines[i]));
        CHECK_STATUS(weft_send(queue, &(int){6}, deadlines[i]), WEFT_TIMED_OUT);
        expect(queue, 5);
    }
    CHECK_OK(weft_free_channel(queue));
}

WEFT_TASK(weft_status, receive_within, (weft_channel *, queue), (double, seconds)) {
    weft_deadline deadline = weft_after(seconds);
    weft_status status = weft_receive_sized(queue, NULL, sizeof(int), deadline);
    CHECK_GE(weft_time(), deadline == WEFT_NOW ? 0 : deadline);
    return status;
}

TEST(task_that_waits_too_long_is_told_so) {
    static const double times[] = {-1, 0, 1e-20, 1e-9, 1e-6, 1e-4, 1e-3, 0.02};
    weft_kernel *kernel = kernel_here();
    weft_channel *queue = queue_of(NULL, 0, 0), *results = weft_make_channel(weft_status);
    for (int i = 0; i < 80; i++) CHECK_OK(weft_submit(results, receive_within, queue, times[i % 8]));
    WEFT_DO_FAST_RECEIVES(weft_status, status, results, 80) CHECK_STATUS(status, WEFT_TIMED_OUT);
    CHECK_OK(weft_last_status());
    CHECK_OK(weft_free_channel(queue));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- the guide's example, and between tasks ---- */

WEFT_TASK(int, receive_two, (weft_channel *, queue)) {
    int first = 0, second = 0;
    CHECK_OK(weft_receive(queue, &first, patience()));
    CHECK_OK(weft_receive(queue, &second, patience()));
    return 100 * first + second;
}

TEST(task_receives_what_is_sent_later) {
    weft_kernel *kernel = kernel_here();
    weft_channel *queue = weft_make_channel(int), *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, receive_two, queue));
    CHECK_OK(weft_send(queue, &(int){12}, WEFT_NOW));
    CHECK_OK(weft_send(queue, &(int){34}, WEFT_NOW));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 1234);
    CHECK_OK(weft_free_channel(queue));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(void, pass_on, (weft_channel *, from), (weft_channel *, to), (int, count)) {
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!CHECK_OK(weft_receive(from, &number, patience())) || !CHECK_EQ(number, i)) return;
        CHECK_OK(weft_send(to, &number, patience()));
    }
}

TEST(messages_pass_a_line_of_tasks_in_order) {
    enum { TASKS = 20, MESSAGES = 500 };
    weft_kernel *kernel = kernel_here();
    weft_channel *line[TASKS + 1];
    for (int i = 0; i <= TASKS; i++) line[i] = bounded_channel(sizeof(int), (size_t)(i % 3) + 1);
    for (int i = 0; i < TASKS; i++) CHECK_OK(weft_submit(NULL, pass_on, line[i], line[i + 1], MESSAGES));
    sending s = {line[0], 0, MESSAGES, 0};
    pthread_t thread;
    start_thread(&thread, send_all, &s);
    int number = -1;
    for (int i = 0; i < MESSAGES; i++)
        if (!CHECK_OK(weft_receive(line[TASKS], &number, patience())) || !CHECK_EQ(number, i)) break;
    join_thread(thread);
    CHECK_OK(weft_end_kernel(kernel, true));
    for (int i = 0; i <= TASKS; i++) CHECK_OK(weft_free_channel(line[i]));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- who waits longest is served first ---- */

typedef struct turn {
    weft_channel *queue, *order;
    int number;
} turn;

WEFT_TASK(void, receive_in_turn, (turn, t)) {
    int value = 0;
    CHECK_OK(weft_receive(t.queue, &value, patience()));
    CHECK_EQ(value, t.number);
}

static uint64_t parks_of(weft_kernel *kernel) {
    uint64_t parks = 0;
    weft_worker_counters c;
    for (unsigned i = 0; i < weft_kernel_worker_count(kernel); i++)
        if (CHECK_OK(weft_read_counters(kernel, i, &c))) parks += c.parks;
    return parks;
}

TEST(waiting_receivers_are_served_in_the_order_they_came) {
    weft_kernel *kernel = kernel_here();
    weft_channel *queue = weft_make_channel(int);
    for (int i = 0; i < 50; i++) {
        uint64_t parks = parks_of(kernel);
        CHECK_OK(weft_submit(NULL, receive_in_turn, (turn){queue, NULL, i}));
        CHECK_EVENTUALLY(parks_of(kernel) == parks + 1);
    }
    for (int i = 0; i < 50; i++) CHECK_OK(weft_send(queue, &i, WEFT_NOW));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(queue));
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(void, send_in_turn, (turn, t)) { CHECK_OK(weft_send(t.queue, &t.number, patience())); }

TEST(waiting_senders_are_served_in_the_order_they_came) {
    weft_kernel *kernel = kernel_here();
    weft_channel *queue = bounded_channel(sizeof(int), 2);
    CHECK_OK(weft_send(queue, &(int){-2}, WEFT_NOW));
    CHECK_OK(weft_send(queue, &(int){-1}, WEFT_NOW));
    for (int i = 0; i < 50; i++) {
        uint64_t parks = parks_of(kernel);
        CHECK_OK(weft_submit(NULL, send_in_turn, (turn){queue, NULL, i}));
        CHECK_EVENTUALLY(parks_of(kernel) == parks + 1);
    }
    for (int i = -2; i < 50; i++) expect(queue, i);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(queue));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- locked blocks ---- */

typedef struct swapping {
    weft_channel *queue;
    int rounds;
} swapping;

/* Adds one to the front element, in a block: if two blocks mixed, a count would be lost. */
static void add_in_block(swapping *s) {
    for (int i = 0; i < s->rounds; i++) {
        WEFT_WITH_LOCKED_CHANNEL(s->queue) {
            int number = 0;
            CHECK_EQ(weft_count(s->queue), 1);
            CHECK_OK(weft_peek(s->queue, &number));
            CHECK_OK(weft_receive(s->queue, &number, WEFT_NOW));
            CHECK(weft_is_empty(s->queue));
            number++;
            CHECK_OK(weft_send(s->queue, &number, WEFT_NOW));
        }
    }
}

static void *add_in_thread(void *argument) {
    add_in_block(argument);
    return NULL;
}

WEFT_TASK(void, add_in_task, (swapping *, s)) { add_in_block(s); }

TEST(operations_of_a_locked_block_follow_each_other) {
    enum { PARTIES = 3 };
    weft_kernel *kernel = kernel_here();
    weft_channel *queue = queue_of((const int[]){0}, 1, 0);
    swapping s = {queue, (int)harness_rounds(2000)};
    pthread_t threads[PARTIES];
    for (int i = 0; i < PARTIES; i++) start_thread(&threads[i], add_in_thread, &s);
    for (int i = 0; i < PARTIES; i++) CHECK_OK(weft_submit(NULL, add_in_task, &s));
    for (int i = 0; i < PARTIES; i++) join_thread(threads[i]);
    CHECK_OK(weft_end_kernel(kernel, true));
    expect(queue, 2 * PARTIES * s.rounds);
    CHECK_OK(weft_free_channel(queue));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(block_that_has_to_wait_gives_the_lock_up_meanwhile) {
    weft_channel *queue = queue_of(NULL, 0, 1);
    sending s = {queue, 0, 10, 0};
    pthread_t thread;
    WEFT_WITH_LOCKED_CHANNEL(queue) {
        start_thread(&thread, send_all, &s);
        for (int i = 0; i < 10; i++) {
            int value = -1;
            CHECK_OK(weft_receive(queue, &value, patience()));
            CHECK_EQ(value, i);
            CHECK_STATUS(weft_lock_channel(queue, WEFT_NOW), WEFT_INVALID); /* it has the lock again */
        }
    }
    join_thread(thread);
    CHECK_OK(weft_lock_channel(queue, WEFT_NOW));
    CHECK_OK(weft_unlock_channel(queue));
    CHECK_OK(weft_free_channel(queue));
}

static void *lock_now_and_soon(void *queue) {
    CHECK_STATUS(weft_lock_channel(queue, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_lock_channel(queue, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive((weft_channel *)queue, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_send((weft_channel *)queue, &(int){0}, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_unlock_channel(queue), WEFT_INVALID);
    return NULL;
}

TEST(others_wait_for_the_lock_until_their_deadline) {
    weft_channel *queue = queue_of((const int[]){1}, 1, 0);
    pthread_t thread;
    CHECK_OK(weft_lock_channel(queue, WEFT_FOREVER));
    start_thread(&thread, lock_now_and_soon, queue);
    join_thread(thread);
    CHECK_OK(weft_unlock_channel(queue));
    expect(queue, 1);
    CHECK(weft_is_empty(queue));
    CHECK_OK(weft_free_channel(queue));
}

static bool leave_block_by(weft_channel *queue, int how) {
    WEFT_WITH_LOCKED_CHANNEL(queue) {
        if (how == 0) break;
        if (how == 1) return true;
        if (how == 2) goto out;
    }
    return true;
out:
    return true;
}

TEST(every_way_out_of_a_locked_block_gives_the_lock_back) {
    weft_channel *queue = queue_of(NULL, 0, 0);
    for (int how = 0; how < 4; how++) {
        CHECK(leave_block_by(queue, how));
        CHECK_OK(weft_lock_channel(queue, WEFT_NOW));
        CHECK_OK(weft_unlock_channel(queue));
    }
    CHECK_OK(weft_free_channel(queue));
}
