/* SPDX-License-Identifier: MIT */
/* misuse_channel.c - what channels answer to callers who break a rule: the status that the header names. */
#include <weft.h>

#include <pthread.h>

#include "harness/harness.h"

TEST(element_size_out_of_range_is_refused) {
    CHECK_NULL(weft_make_channel_sized(((size_t)1 << 20) + 1, NULL));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_make_channel_sized(SIZE_MAX, NULL));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    weft_channel *largest = weft_make_channel_sized((size_t)1 << 20, NULL);
    if (CHECK_NOT_NULL(largest)) CHECK_EQ(weft_element_size(largest), (size_t)1 << 20);
    CHECK_OK(weft_free_channel(largest));
}

TEST(initial_elements_that_lie_nowhere_are_refused) {
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.initial_count = 1}));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

TEST(operations_on_no_channel_are_refused) {
    int value = 1;
    CHECK_STATUS(weft_send((weft_channel *)NULL, &value, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_receive((weft_channel *)NULL, &value, WEFT_FOREVER), WEFT_INVALID);
    CHECK_STATUS(weft_receive_result((weft_channel *)NULL, &value, WEFT_FOREVER), WEFT_INVALID);
    CHECK_STATUS(weft_receive_done(NULL, WEFT_FOREVER), WEFT_INVALID);
    CHECK_STATUS(weft_peek((weft_channel *)NULL, &value), WEFT_INVALID);
    CHECK_STATUS(weft_close(NULL), WEFT_INVALID);
    CHECK_STATUS(weft_lock_channel(NULL, WEFT_FOREVER), WEFT_INVALID);
    CHECK_STATUS(weft_unlock_channel(NULL), WEFT_INVALID);
    CHECK_OK(weft_free_channel(NULL));
    CHECK_EQ(value, 1);
}

TEST(questions_about_no_channel_have_the_documented_answers) {
    CHECK_EQ(weft_count(NULL), 0);
    CHECK_EQ(weft_capacity(NULL), 0);
    CHECK_EQ(weft_element_size(NULL), 0);
    CHECK_NULL(weft_channel_name(NULL));
    CHECK(weft_is_empty(NULL));
    CHECK(!weft_is_full(NULL));
}

TEST(value_of_the_wrong_size_is_refused_and_nothing_happens) {
    weft_channel *channel = weft_make_channel(int);
    if (!CHECK_NOT_NULL(channel)) return;
    int number = 5;
    long longer = 7;
    char shorter = 8;
    CHECK_STATUS(weft_send(channel, &longer, WEFT_NOW), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_send(channel, &shorter, WEFT_NOW), WEFT_WRONG_SIZE);
    CHECK_EQ(weft_count(channel), 0);
    CHECK_OK(weft_send(channel, &number, WEFT_NOW));
    CHECK_STATUS(weft_receive(channel, &longer, WEFT_FOREVER), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_receive_result(channel, &longer, WEFT_FOREVER), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_peek(channel, &shorter), WEFT_WRONG_SIZE);
    CHECK_EQ(weft_count(channel), 1);
    CHECK_EQ(longer, 7);
    CHECK_OK(weft_receive(channel, &number, WEFT_NOW));
    CHECK_OK(weft_free_channel(channel));
}

TEST(element_that_lies_nowhere_is_refused) {
    weft_channel *channel = weft_make_channel(int), *tokens = weft_make_done_channel();
    CHECK_STATUS(weft_send_sized(channel, NULL, sizeof(int), WEFT_NOW), WEFT_INVALID);
    CHECK_EQ(weft_count(channel), 0);
    CHECK_OK(weft_send_sized(tokens, NULL, 0, WEFT_NOW)); /* nothing to copy */
    CHECK_EQ(weft_count(tokens), 1);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(tokens));
}

TEST(receive_into_nowhere_discards_the_value) {
    weft_channel *channel = weft_make_channel(int);
    int value = 5;
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_OK(weft_receive_sized(channel, NULL, sizeof(int), WEFT_NOW));
    CHECK_EQ(weft_count(channel), 0);
    CHECK_OK(weft_free_channel(channel));
}

TEST(closed_channel_refuses_sends_and_gives_what_it_holds) {
    weft_channel *channel = weft_make_channel(int);
    int value = 5;
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_OK(weft_close(channel));
    CHECK_OK(weft_close(channel));
    CHECK_STATUS(weft_send(channel, &value, WEFT_FOREVER), WEFT_CLOSED);
    value = 0;
    CHECK_OK(weft_receive(channel, &value, WEFT_FOREVER));
    CHECK_EQ(value, 5);
    CHECK_STATUS(weft_receive(channel, &value, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(channel));
}

/* ---- the lock ---- */

static void *unlock_from_outside(void *channel) {
    CHECK_STATUS(weft_unlock_channel(channel), WEFT_INVALID);
    CHECK_STATUS(weft_lock_channel(channel, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_free_channel(channel), WEFT_BUSY);
    return NULL;
}

TEST(lock_is_not_recursive_and_belongs_to_its_holder) {
    weft_channel *channel = weft_make_channel(int);
    if (!CHECK_NOT_NULL(channel)) return;
    CHECK_STATUS(weft_unlock_channel(channel), WEFT_INVALID);
    CHECK_OK(weft_lock_channel(channel, WEFT_FOREVER));
    CHECK_STATUS(weft_lock_channel(channel, WEFT_FOREVER), WEFT_INVALID);
    pthread_t thread;
    if (CHECK_EQ(pthread_create(&thread, NULL, unlock_from_outside, channel), 0)) pthread_join(thread, NULL);
    CHECK_OK(weft_unlock_channel(channel));
    CHECK_STATUS(weft_unlock_channel(channel), WEFT_INVALID);
    CHECK_OK(weft_free_channel(channel));
}

TEST(channel_is_not_freed_while_its_lock_is_held) {
    weft_channel *channel = weft_make_channel(int);
    CHECK_OK(weft_lock_channel(channel, WEFT_FOREVER));
    CHECK_STATUS(weft_free_channel(channel), WEFT_BUSY);
    CHECK_OK(weft_unlock_channel(channel));
    CHECK_OK(weft_free_channel(channel));
}

static int runs_in_a_second_block(weft_channel *channel) {
    int runs = 0;
    WEFT_WITH_LOCKED_CHANNEL(channel) { runs++; }
    return runs;
}

TEST(locked_block_is_skipped_where_the_lock_cannot_be_taken) {
    int runs = 0;
    WEFT_WITH_LOCKED_CHANNEL(NULL) { runs++; }
    CHECK_EQ(runs, 0);
    weft_channel *channel = weft_make_channel(int);
    WEFT_WITH_LOCKED_CHANNEL(channel) {
        runs++;
        CHECK_EQ(runs_in_a_second_block(channel), 0);
    }
    CHECK_EQ(runs, 1);
    CHECK_OK(weft_free_channel(channel)); /* so the lock was given back */
    CHECK_NULL(weft_enter_locked_channel(NULL));
    weft_channel *none = NULL;
    weft_leave_locked_channel(&none);
}

/* ---- freeing with waiters ----
 * One worker runs its tasks in the order of their submission and takes the next only once the first waits. */

WEFT_TASK(weft_status, receive_from, (weft_channel *, channel)) {
    int value;
    return weft_receive(channel, &value, WEFT_FOREVER);
}

WEFT_TASK(weft_status, send_to, (weft_channel *, channel)) {
    int value = 6;
    return weft_send(channel, &value, WEFT_FOREVER);
}

WEFT_TASK(weft_status, lock_and_unlock, (weft_channel *, channel)) {
    weft_status status = weft_lock_channel(channel, WEFT_FOREVER);
    return status == WEFT_OK ? weft_unlock_channel(channel) : status;
}

WEFT_TASK(weft_status, try_to_free, (weft_channel *, channel)) { return weft_free_channel(channel); }

static weft_status result_of(weft_channel *results) {
    weft_status status = WEFT_INVALID;
    CHECK_OK(weft_receive_result(results, &status, WEFT_FOREVER));
    return status;
}

TEST(channel_is_not_freed_while_a_task_waits_to_receive) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel(weft_status), *channel = weft_make_channel(int);
    int value = 5;
    CHECK_OK(weft_submit(results, receive_from, channel));
    CHECK_OK(weft_submit(results, try_to_free, channel));
    CHECK_STATUS(result_of(results), WEFT_BUSY);
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_STATUS(result_of(results), WEFT_OK);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(channel_is_not_freed_while_a_task_waits_to_send) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    int value = 5;
    weft_channel *results = weft_make_channel(weft_status);
    const weft_channel_options full = {.capacity = 1, .initial = &value, .initial_count = 1};
    weft_channel *channel = weft_make_channel_with(int, &full);
    CHECK_OK(weft_submit(results, send_to, channel));
    CHECK_OK(weft_submit(results, try_to_free, channel));
    CHECK_STATUS(result_of(results), WEFT_BUSY);
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_STATUS(result_of(results), WEFT_OK);
    CHECK_OK(weft_free_channel(channel)); /* with an element in it */
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(channel_is_not_freed_while_a_task_waits_for_its_lock) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel(weft_status), *channel = weft_make_channel(int);
    CHECK_OK(weft_lock_channel(channel, WEFT_FOREVER));
    CHECK_OK(weft_submit(results, lock_and_unlock, channel));
    CHECK_OK(weft_submit(results, try_to_free, channel));
    CHECK_STATUS(result_of(results), WEFT_BUSY);
    CHECK_OK(weft_unlock_channel(channel));
    CHECK_STATUS(result_of(results), WEFT_OK);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}
