/* SPDX-License-Identifier: MIT */
/* races_of_channels.c - channels freed, closed and abandoned while results are on their way. */
#include "contract/common.h"

#include "stress/load.h"

WEFT_TASK(int, give, (int, value)) { return value; }

/* The first result that comes to a channel makes the channel's first block of memory.
 *
 *   worker: counts the result as delivered; leaves the lock to allocate        freer: frees the channel
 * If the freer found everything delivered, the worker would come back to memory that is gone. */
TEST_WITH_LIMIT(channel_may_be_freed_at_any_moment_of_a_delivery, 60) {
    weft_kernel *kernel = kernel_here();
    uint64_t random = harness_seed();
    weft_deadline until = load_end(2);
    while (weft_time() < until) {
        weft_channel *channel = weft_make_channel(int);
        if (!CHECK_NOT_NULL(channel)) break;
        CHECK_OK(weft_submit(channel, give, 1));
        for (uint64_t n = harness_random(&random) % 2000; n > 0; n--) atomic_signal_fence(memory_order_seq_cst);
        CHECK_OK(weft_free_channel(channel));
    }
    end_and_free(kernel);
}

/* Who waits for the result of a task submitted before the close gets it, however close and delivery meet. */
TEST_WITH_LIMIT(close_loses_no_result_that_is_on_its_way, 60) {
    weft_kernel *kernel = kernel_here();
    uint64_t random = harness_seed();
    weft_deadline until = load_end(2);
    while (weft_time() < until) {
        weft_channel *channel = weft_make_channel(int);
        if (!CHECK_NOT_NULL(channel)) break;
        CHECK_OK(weft_submit(channel, give, 7));
        for (uint64_t n = harness_random(&random) % 2000; n > 0; n--) atomic_signal_fence(memory_order_seq_cst);
        CHECK_OK(weft_close(channel));
        int value = 0;
        if (!CHECK_OK(weft_receive_result(channel, &value, patience()))) break;
        CHECK_EQ(value, 7);
        CHECK_STATUS(weft_receive_result(channel, &value, patience()), WEFT_CLOSED);
        CHECK_OK(weft_free_channel(channel));
    }
    end_and_free(kernel);
}

typedef struct closing {
    weft_channel *channel;
    atomic_int got, closed;
} closing;

static void *receive_until_closed(void *argument) {
    closing *c = argument;
    weft_status status;
    int value;
    while ((status = weft_receive_result(c->channel, &value, patience())) == WEFT_OK) atomic_fetch_add(&c->got, 1);
    if (CHECK_STATUS(status, WEFT_CLOSED)) atomic_fetch_add(&c->closed, 1);
    return NULL;
}

/* Several wait for results of a closed channel: each result goes to one, and then all learn that there is no more. */
TEST_WITH_LIMIT(all_who_wait_learn_that_the_last_result_has_come, 60) {
    enum { RECEIVERS = 3, TASKS = 5 };
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(2);
    while (weft_time() < until) {
        closing c = {.channel = weft_make_channel(int)};
        pthread_t threads[RECEIVERS];
        if (!CHECK_NOT_NULL(c.channel)) break;
        for (int i = 0; i < RECEIVERS; i++) start_thread(&threads[i], receive_until_closed, &c);
        for (int i = 0; i < TASKS; i++) CHECK_OK(weft_submit(c.channel, give, i));
        CHECK_OK(weft_close(c.channel));
        for (int i = 0; i < RECEIVERS; i++) join_thread(threads[i]);
        if (!CHECK_EQ(atomic_load(&c.got), TASKS) || !CHECK_EQ(atomic_load(&c.closed), RECEIVERS)) break;
        CHECK_OK(weft_free_channel(c.channel));
    }
    end_and_free(kernel);
}
