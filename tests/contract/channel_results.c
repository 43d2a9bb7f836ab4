/* SPDX-License-Identifier: MIT */
/* channel_results.c - rows K6, K7, K16, CH5, CH6: results, closing, freeing, and destroying what nobody receives. */
#include "contract/common.h"

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

WEFT_TASK(int, after_gate, (gate *, g), (int, number)) {
    pass_gate(g);
    return number;
}

WEFT_TASK(int, after_message, (weft_channel *, channel), (int, number)) {
    CHECK_OK(weft_receive_sized(channel, NULL, sizeof(int), patience()));
    return number;
}

TEST(result_of_a_task_is_received) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int seven = 0;
    CHECK_OK(weft_submit(results, add, 3, 4));
    CHECK_OK(weft_receive_result(results, &seven, patience()));
    CHECK_EQ(seven, 7);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(results_come_in_the_order_in_which_tasks_end) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int), *go[3];
    for (int i = 0; i < 3; i++) {
        go[i] = weft_make_channel(int);
        CHECK_OK(weft_submit(results, after_message, go[i], i));
    }
    for (int i = 2; i >= 0; i--) {
        int value = -1;
        CHECK_OK(weft_send(go[i], &i, WEFT_NOW));
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, i);
    }
    for (int i = 0; i < 3; i++) CHECK_OK(weft_free_channel(go[i]));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(bounded_channel_of_results_does_not_occupy_the_worker) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *bounded = bounded_channel(sizeof(int), 1), *other = weft_make_channel(int);
    int value = 0, sum = 0;
    for (int i = 1; i <= 10; i++) CHECK_OK(weft_submit(bounded, add, i, 0));
    CHECK_OK(weft_submit(other, add, 20, 2));
    CHECK_OK(weft_receive_result(other, &value, patience()));
    CHECK_EQ(value, 22);
    CHECK_LE(weft_count(bounded), 1);
    WEFT_DO_FAST_RECEIVES(int, one, bounded, 10) sum += one;
    CHECK_EQ(sum, 55);
    CHECK_OK(weft_free_channel(bounded));
    CHECK_OK(weft_free_channel(other));
    end_and_free(kernel);
}

TEST(task_receives_the_result_of_its_own_subtask_on_one_worker) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    CHECK_OK(weft_submit(results, add, 1, 1));
    CHECK_OK(weft_receive_result_sized(results, NULL, sizeof(int), patience()));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, nested, (int, depth)) {
    if (depth == 0) return 1;
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, add, depth, 0));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_OK(weft_free_channel(results));
    return value;
}

TEST(tasks_that_wait_for_subtasks_never_block_each_other) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    int sum = 0;
    for (int i = 0; i < 200; i++) CHECK_OK(weft_submit(results, nested, 1));
    WEFT_DO_FAST_RECEIVES(int, one, results, 200) sum += one;
    CHECK_EQ(sum, 200);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- polling ---- */

TEST(poll_finds_no_result_before_there_is_one) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    gate g = {0, false};
    int value = -1;
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_submit(results, after_gate, &g, 5));
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive_result(results, &value, weft_after(-2)), WEFT_TIMED_OUT);
    weft_deadline deadline = weft_after(0.02);
    CHECK_STATUS(weft_receive_result(results, &value, deadline), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), deadline);
    CHECK_EQ(value, -1);
    open_gate(&g);
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 5);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(cancelled_task_and_absent_result_are_told_apart) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    weft_group *group = weft_make_group(NULL);
    int value = -1;
    CHECK_OK(weft_cancel_group(group));
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, results, add, 1, 2));
    CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_CANCELLED);
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_EQ(value, -1);
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- runs of receives ---- */

static int evaluated;

static weft_channel *evaluate(weft_channel *channel) {
    evaluated++;
    return channel;
}

TEST(run_of_receives_evaluates_channel_and_count_once) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int sum = 0, rounds = 0;
    size_t count = 10;
    evaluated = 0;
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(results, add, i, 1));
    WEFT_DO_FAST_RECEIVES(int, one, evaluate(results), count++) {
        sum += one;
        rounds++;
    }
    CHECK_EQ(evaluated, 1);
    CHECK_EQ(count, 11);
    CHECK_EQ(rounds, 10);
    CHECK_EQ(sum, 55);
    CHECK_OK(weft_last_status());
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(break_leaves_a_run_of_receives) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int rounds = 0;
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(results, add, i, 1));
    WEFT_DO_FAST_RECEIVES(int, one, results, 10) {
        if (one >= 0 && ++rounds == 4) break;
    }
    CHECK_EQ(rounds, 4);
    WEFT_DO_FAST_RECEIVES(int, one, results, 6) rounds += one > 0;
    CHECK_EQ(rounds, 10);
    WEFT_DO_FAST_RECEIVES(int, one, results, 0) FAIL("received %d of none", one);
    CHECK_OK(weft_last_status());
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- closing ---- */

TEST(results_of_submitted_tasks_come_through_a_closed_channel) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    gate g = {0, false};
    int value = 0;
    CHECK_OK(weft_submit(results, after_gate, &g, 6));
    CHECK_OK(weft_close(results));
    CHECK_STATUS(weft_submit(results, add, 1, 2), WEFT_CLOSED);
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_NOW), WEFT_TIMED_OUT);
    open_gate(&g);
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 6);
    CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

typedef struct closing {
    weft_channel *channel;
    atomic_int closed;
} closing;

WEFT_TASK(void, receive_closed, (closing *, c)) {
    if (CHECK_STATUS(weft_receive_sized(c->channel, NULL, sizeof(int), patience()), WEFT_CLOSED))
        atomic_fetch_add(&c->closed, 1);
}

WEFT_TASK(void, send_closed, (closing *, c)) {
    if (CHECK_STATUS(weft_send(c->channel, &(int){1}, patience()), WEFT_CLOSED)) atomic_fetch_add(&c->closed, 1);
}

static void *receive_closed_in_thread(void *c) {
    receive_closed(c);
    return NULL;
}

static uint64_t parks_of(weft_kernel *kernel) {
    uint64_t parks = 0;
    weft_worker_counters c;
    for (unsigned i = 0; i < weft_kernel_worker_count(kernel); i++)
        if (CHECK_OK(weft_read_counters(kernel, i, &c))) parks += c.parks;
    return parks;
}

TEST(close_ends_the_wait_of_all_receivers) {
    weft_kernel *kernel = kernel_here();
    closing c = {weft_make_channel(int), 0};
    pthread_t thread;
    for (int i = 0; i < 20; i++) CHECK_OK(weft_submit(NULL, receive_closed, &c));
    start_thread(&thread, receive_closed_in_thread, &c);
    CHECK_EVENTUALLY(parks_of(kernel) == 20);
    CHECK_OK(weft_close(c.channel));
    CHECK_OK(weft_close(c.channel));
    join_thread(thread);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(atomic_load(&c.closed), 21);
    CHECK_OK(weft_free_channel(c.channel));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(close_ends_the_wait_of_all_senders_and_nothing_of_theirs_is_sent) {
    weft_kernel *kernel = kernel_here();
    closing c = {bounded_channel(sizeof(int), 1), 0};
    int value = 0;
    CHECK_OK(weft_send(c.channel, &(int){9}, WEFT_NOW));
    for (int i = 0; i < 20; i++) CHECK_OK(weft_submit(NULL, send_closed, &c));
    CHECK_EVENTUALLY(parks_of(kernel) == 20);
    CHECK_OK(weft_close(c.channel));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(atomic_load(&c.closed), 20);
    CHECK_OK(weft_receive(c.channel, &value, WEFT_NOW));
    CHECK_EQ(value, 9);
    CHECK_STATUS(weft_receive(c.channel, &value, patience()), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(c.channel));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(results_that_wait_at_a_bounded_channel_survive_its_close) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = bounded_channel(sizeof(int), 1);
    int sum = 0, value;
    weft_status status;
    for (int i = 1; i <= 10; i++) CHECK_OK(weft_submit(results, add, i, 0));
    CHECK_EVENTUALLY(parks_of(kernel) == 9);
    CHECK_OK(weft_close(results));
    while ((status = weft_receive_result(results, &value, patience())) == WEFT_OK) sum += value;
    CHECK_STATUS(status, WEFT_CLOSED);
    CHECK_EQ(sum, 55);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- destroying ---- */

static atomic_int destroyed, destroyed_sum;

static void destroy_int(void *element) {
    atomic_fetch_add(&destroyed, 1);
    atomic_fetch_add(&destroyed_sum, *(int *)element);
}

static weft_channel *counted_channel(size_t capacity) {
    weft_channel_options options = {.capacity = capacity, .destroy = destroy_int};
    atomic_store(&destroyed, 0);
    atomic_store(&destroyed_sum, 0);
    weft_channel *channel = weft_make_channel_with(int, &options);
    CHECK_NOT_NULL(channel);
    return channel;
}

TEST(each_element_that_is_never_received_is_destroyed_once) {
    weft_channel *channel = counted_channel(0);
    int value = 0;
    for (int i = 1; i <= 100; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
    for (int i = 1; i <= 40; i++) CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_OK(weft_close(channel));
    CHECK_EQ(atomic_load(&destroyed), 0);
    CHECK_OK(weft_free_channel(channel));
    CHECK_EQ(atomic_load(&destroyed), 60);
    CHECK_EQ(atomic_load(&destroyed_sum), 5050 - 820);
}

TEST(send_that_fails_destroys_nothing) {
    weft_channel *channel = counted_channel(1);
    CHECK_OK(weft_send(channel, &(int){1}, WEFT_NOW));
    CHECK_STATUS(weft_send(channel, &(int){2}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_send(channel, &(int){2}, weft_after(0.001)), WEFT_TIMED_OUT);
    CHECK_OK(weft_close(channel));
    CHECK_STATUS(weft_send(channel, &(int){2}, WEFT_NOW), WEFT_CLOSED);
    CHECK_EQ(atomic_load(&destroyed), 0);
    CHECK_OK(weft_free_channel(channel));
    CHECK_EQ(atomic_load(&destroyed), 1);
}

TEST(results_that_come_after_the_channel_was_freed_are_destroyed) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = counted_channel(0), *go = weft_make_channel(int);
    weft_group *group = weft_make_group(NULL);
    const weft_submit_options options = {.group = group};
    for (int i = 1; i <= 50; i++) CHECK_OK(weft_submit_with(&options, results, after_message, go, i));
    CHECK_EVENTUALLY(parks_of(kernel) == 50);
    for (int i = 0; i < 10; i++) CHECK_OK(weft_send(go, &i, WEFT_NOW));
    CHECK_EVENTUALLY(weft_count(results) == 10);
    CHECK_OK(weft_free_channel(results));
    for (int i = 10; i < 50; i++) CHECK_OK(weft_send(go, &i, WEFT_NOW));
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EVENTUALLY(atomic_load(&destroyed) == 50); /* those in it by the one who frees its memory, in the end */
    CHECK_EQ(atomic_load(&destroyed_sum), 1275);
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_channel(go));
    end_and_free(kernel);
}
