/* SPDX-License-Identifier: MIT */
/* timeout.c - row K12: results that arrive by themselves, exactly once, expired or cancelled. */
#include "contract/common.h"
#include "harness/rounds.h"

#include <math.h>

WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

TEST(timeout_delivers_its_result_and_not_early) {
    static const double times[] = {-1, 0, 1e-9, 1e-4, 0.002, 0.03};
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < 6; i++) {
        int value = 0;
        weft_deadline due = weft_after(times[i]);
        weft_timeout *timeout = weft_submit_timeout(results, times[i], &i);
        CHECK_NOT_NULL(timeout);
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_GE(weft_time(), due);
        CHECK_EQ(value, i);
        CHECK_STATUS(weft_cancel_timeout(timeout, &(int){9}), WEFT_TIMED_OUT);
        weft_free_timeout(timeout);
    }
    CHECK(weft_is_empty(results));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(timeouts_arrive_in_the_order_of_their_times) {
    weft_kernel *kernel = kernel_of(1); /* of several workers each may deliver some, so that they overtake each other */
    weft_channel *results = weft_make_channel(int);
    for (int i = 9; i >= 0; i--) weft_free_timeout(weft_submit_timeout(results, 0.01 + 0.004 * i, &i));
    for (int i = 0; i < 10; i++) {
        int value = -1;
        if (CHECK_OK(weft_receive_result(results, &value, patience()))) CHECK_EQ(value, i);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(cancelled_timeout_delivers_the_result_of_the_cancel_at_once) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    weft_timeout *timeout = weft_submit_timeout(results, 1e6, &(int){1});
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_cancel_timeout(timeout, &(int){2}));
    CHECK_STATUS(weft_cancel_timeout(timeout, &(int){3}), WEFT_TIMED_OUT);
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 2);
    CHECK(weft_is_empty(results));
    weft_free_timeout(timeout);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(timeout_occupies_no_worker) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    weft_timeout *timeouts[1000];
    gate g = {0, false};
    for (int i = 0; i < 1000; i++) timeouts[i] = weft_submit_timeout(results, 1000.0 + i, &i);
    CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 1);
    open_gate(&g);
    for (int i = 0; i < 1000; i++) {
        CHECK_OK(weft_cancel_timeout(timeouts[i], &(int){1}));
        weft_free_timeout(timeouts[i]);
    }
    CHECK_EQ(weft_count(results), 1000);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(times_of_any_size_are_allowed) {
    static const double times[] = {1e3, 1e6, 1e9, 1e12, 1e300, INFINITY};
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < 6; i++) {
        int value = -1;
        weft_timeout *timeout = weft_submit_timeout(results, times[i], &i);
        CHECK_STATUS(weft_receive_result(results, &value, weft_after(0.001)), WEFT_TIMED_OUT);
        CHECK_OK(weft_cancel_timeout(timeout, &i));
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, i);
        weft_free_timeout(timeout);
    }
    weft_free_timeout(weft_submit_timeout(results, NAN, &(int){5}));
    CHECK_OK(weft_receive_result_sized(results, NULL, sizeof(int), patience()));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

typedef struct race {
    weft_timeout *timeout;
    atomic_int ready, won;
} race;

static void *cancel_racing(void *argument) {
    race *r = argument;
    atomic_fetch_add(&r->ready, 1);
    while (atomic_load(&r->ready) < 2) continue;
    if (weft_cancel_timeout(r->timeout, &(int){2}) == WEFT_OK) atomic_fetch_add(&r->won, 1);
    return NULL;
}

TEST(at_most_one_of_racing_cancels_succeeds_and_one_result_arrives) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int cancelled = 0;
    for (size_t round = 0; harness_one_more_round(round, harness_rounds(500)); round++) {
        race r = {.timeout = weft_submit_timeout(results, 1e-6 * (double)(round % 100), &(int){1})};
        pthread_t threads[2];
        int value = 0;
        for (int i = 0; i < 2; i++) start_thread(&threads[i], cancel_racing, &r);
        for (int i = 0; i < 2; i++) join_thread(threads[i]);
        CHECK_LE(atomic_load(&r.won), 1);
        cancelled += atomic_load(&r.won);
        if (!CHECK_OK(weft_receive_result(results, &value, patience()))) break;
        CHECK_EQ(value, 1 + atomic_load(&r.won));
        CHECK_STATUS(weft_receive_result(results, &value, WEFT_NOW), WEFT_TIMED_OUT);
        weft_free_timeout(r.timeout);
    }
    CHECK_GE(cancelled, 0);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(freed_handle_leaves_the_timeout_to_deliver) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int sum = 0;
    for (int i = 0; i < 100; i++) weft_free_timeout(weft_submit_timeout(results, 0.001, &i));
    WEFT_DO_FAST_RECEIVES(int, value, results, 100) sum += value;
    CHECK_EQ(sum, 4950);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(end_of_the_kernel_waits_for_its_timeouts) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    weft_deadline due = weft_after(0.05);
    weft_free_timeout(weft_submit_timeout(results, 0.05, &(int){3}));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_GE(weft_time(), due);
    CHECK_OK(weft_receive_result(results, &value, WEFT_NOW));
    CHECK_EQ(value, 3);
    CHECK_NULL(weft_submit_timeout(results, 0, &(int){3}));
    CHECK_STATUS(weft_last_status(), WEFT_ENDED);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(timeout_may_be_cancelled_after_its_channel_was_freed) {
    weft_kernel *kernel = kernel_here();
    for (int i = 0; i < 100; i++) {
        weft_channel *results = weft_make_channel(int);
        weft_timeout *timeout = weft_submit_timeout(results, i % 2 ? 1e6 : 1e-5, &i);
        CHECK_OK(weft_free_channel(results));
        weft_status status = weft_cancel_timeout(timeout, &i);
        CHECK(status == WEFT_OK || (i % 2 == 0 && status == WEFT_TIMED_OUT));
        weft_free_timeout(timeout);
    }
    end_and_free(kernel);
}

static weft_channel *full_channel(void) {
    weft_channel *full = bounded_channel(sizeof(int), 1);
    CHECK_OK(weft_send(full, &(int){1}, WEFT_NOW));
    return full;
}

TEST(timeout_into_a_full_channel_holds_up_no_other) {
    weft_kernel *kernel = kernel_here();
    weft_channel *full = full_channel(), *other = weft_make_channel(int);
    gate g = {0, false};
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, (int)harness_workers());
    weft_free_timeout(weft_submit_timeout(full, 0.001, &(int){2}));
    weft_free_timeout(weft_submit_timeout(other, 0.001, &(int){3}));
    weft_sleep(weft_after(0.01)); /* so that both are due when the first worker looks */
    open_gate(&g);
    CHECK_OK(weft_receive_result_sized(other, NULL, sizeof(int), patience()));
    int sum = 0;
    WEFT_DO_FAST_RECEIVES(int, value, full, 2) sum += value;
    CHECK_EQ(sum, 3);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(full));
    CHECK_OK(weft_free_channel(other));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(submitting_and_cancelling_a_timeout_of_a_full_channel_does_not_block) {
    weft_kernel *kernel = kernel_here();
    weft_channel *full = full_channel();
    weft_timeout *at_once = weft_submit_timeout(full, 0, &(int){2}), *later = weft_submit_timeout(full, 1e6, &(int){3});
    CHECK_STATUS(weft_cancel_timeout(at_once, &(int){9}), WEFT_TIMED_OUT);
    CHECK_OK(weft_cancel_timeout(later, &(int){4}));
    int sum = 0;
    WEFT_DO_FAST_RECEIVES(int, value, full, 3) sum += value;
    CHECK_EQ(sum, 7);
    weft_free_timeout(at_once);
    weft_free_timeout(later);
    CHECK_OK(weft_free_channel(full));
    end_and_free(kernel);
}
