/* SPDX-License-Identifier: MIT */
/* kernels.c - kernels made and ended in a row and at once, broadcasts among submissions, timeouts among cancels. */
#include "contract/common.h"

#include "stress/load.h"

WEFT_TASK(int, same, (int, number)) { return number; }

static void live_and_die(unsigned workers, bool wait, int tasks) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = kernel});
    int sum = 0, value;
    for (int i = 0; i < tasks; i++) CHECK_OK(weft_submit(results, same, 1));
    CHECK_OK(weft_end_kernel(kernel, wait));
    while (weft_receive_result(results, &value, patience()) == WEFT_OK) sum += value;
    CHECK_EQ(sum, tasks);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST_WITH_LIMIT(kernels_are_made_and_ended_again_and_again, 120) {
    weft_deadline until = load_end(3);
    for (int round = 0; weft_time() < until; round++) live_and_die(harness_workers(), round % 2 == 0, round % 50);
}

static atomic_llong kernels_until;

static void *live_and_die_often(void *argument) {
    unsigned workers = *(unsigned *)argument;
    for (int round = 0; weft_time() < atomic_load(&kernels_until); round++)
        live_and_die(workers, round % 2 == 0, round % 30);
    return NULL;
}

TEST_WITH_LIMIT(several_threads_make_and_end_kernels_at_once, 120) {
    pthread_t threads[3];
    unsigned workers[3] = {harness_workers(), 1, 3};
    atomic_store(&kernels_until, load_end(3));
    for (int i = 0; i < 3; i++) start_thread(&threads[i], live_and_die_often, &workers[i]);
    for (int i = 0; i < 3; i++) join_thread(threads[i]);
}

/* ---- tasks that wait across kernels ---- */

WEFT_TASK(int, ask_other, (weft_channel *, others), (int, number)) {
    int answer = 0;
    CHECK_OK(weft_submit(others, same, number));
    CHECK_OK(weft_receive_result(others, &answer, patience()));
    return answer;
}

TEST_WITH_LIMIT(tasks_of_two_kernels_work_for_each_other, 120) {
    weft_kernel *one = kernel_here(), *two = kernel_here();
    weft_channel *of_one = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = one});
    weft_channel *of_two = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = two});
    weft_channel *inner_one = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = one});
    weft_channel *inner_two = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = two});
    weft_deadline until = load_end(3);
    while (weft_time() < until) {
        int sum = 0;
        for (int i = 0; i < 200; i++) {
            CHECK_OK(weft_submit(of_one, ask_other, inner_two, i));
            CHECK_OK(weft_submit(of_two, ask_other, inner_one, i));
        }
        WEFT_DO_FAST_RECEIVES(int, value, of_one, 200) sum += value;
        WEFT_DO_FAST_RECEIVES(int, value, of_two, 200) sum += value;
        if (!CHECK_OK(weft_last_status()) || !CHECK_EQ(sum, 2 * 19900)) break;
    }
    weft_channel *channels[] = {of_one, of_two, inner_one, inner_two};
    CHECK_OK(weft_end_kernel(one, true));
    CHECK_OK(weft_end_kernel(two, true));
    for (int i = 0; i < 4; i++) CHECK_OK(weft_free_channel(channels[i]));
    CHECK_OK(weft_free_kernel(one));
    CHECK_OK(weft_free_kernel(two));
}

/* ---- broadcasts ---- */

WEFT_TASK(int, index_plus, (int, plus)) { return weft_kernel_worker_index() + plus; }

typedef struct disturbing {
    weft_kernel *kernel;
    weft_channel *results;
    atomic_bool stop;
} disturbing;

static void *keep_submitting(void *argument) {
    disturbing *d = argument;
    while (!atomic_load(&d->stop)) {
        int sum = 0;
        for (int i = 0; i < 50; i++) CHECK_OK(weft_submit(d->results, same, i));
        WEFT_DO_FAST_RECEIVES(int, value, d->results, 50) sum += value;
        if (!CHECK_EQ(sum, 1225)) break;
    }
    return NULL;
}

static void *keep_broadcasting(void *argument) {
    disturbing *d = argument;
    for (int round = 0; !atomic_load(&d->stop); round++) {
        int results[64] = {0};
        if (!CHECK_OK(weft_broadcast(d->kernel, results, index_plus, round))) break;
        for (unsigned i = 0; i < harness_workers() && i < 64; i++) CHECK_EQ(results[i], round + (int)i);
    }
    return NULL;
}

TEST_WITH_LIMIT(broadcasts_go_on_while_others_submit, 120) {
    weft_kernel *kernel = kernel_here();
    disturbing d = {kernel, weft_make_channel(int), false};
    pthread_t threads[3];
    start_thread(&threads[0], keep_submitting, &d);
    start_thread(&threads[1], keep_broadcasting, &d);
    start_thread(&threads[2], keep_broadcasting, &d);
    weft_sleep(load_end(3));
    atomic_store(&d.stop, true);
    for (int i = 0; i < 3; i++) join_thread(threads[i]);
    CHECK_OK(weft_free_channel(d.results));
    end_and_free(kernel);
}

/* ---- timeouts ---- */

TEST_WITH_LIMIT(timeouts_and_cancels_deliver_each_result_once, 120) {
    enum { MANY = 2000 };
    static weft_timeout *timeouts[MANY];
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    uint64_t random = harness_seed();
    weft_deadline until = load_end(3);
    while (weft_time() < until) {
        int cancelled = 0, got = 0;
        for (int i = 0; i < MANY; i++)
            timeouts[i] = weft_submit_timeout(results, 1e-6 * (double)(harness_random(&random) % 3000), &(int){1});
        for (int i = 0; i < MANY; i++) {
            if (harness_random(&random) % 2) cancelled += weft_cancel_timeout(timeouts[i], &(int){1000000}) == WEFT_OK;
            weft_free_timeout(timeouts[i]);
        }
        WEFT_DO_FAST_RECEIVES(int, value, results, MANY) got += value == 1000000;
        if (!CHECK_OK(weft_last_status())) break;
        CHECK_EQ(got, cancelled);
        CHECK(weft_is_empty(results));
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- timeouts while their kernel ends ---- */

typedef struct last_round {
    weft_kernel *kernel;
    weft_channel *results;
    weft_timeout *timeout;
    atomic_int received, ended, accepted;
} last_round;

static void *receive_last(void *argument) {
    last_round *r = argument;
    int value = 0;
    weft_status status;
    while ((status = weft_receive_result(r->results, &value, patience())) == WEFT_OK) {
        CHECK_EQ(value, 2);
        atomic_fetch_add(&r->received, 1);
    }
    CHECK_STATUS(status, WEFT_ENDED);
    atomic_fetch_add(&r->ended, 1);
    return NULL;
}

static void *cancel_last(void *argument) {
    last_round *r = argument;
    int result = 2;
    CHECK_OK(weft_cancel_timeout(r->timeout, &result));
    return NULL;
}

static void *arm_last(void *argument) {
    last_round *r = argument;
    int result = 2;
    weft_timeout *timeout = weft_submit_timeout(r->results, 0.00002, &result);
    if (timeout == NULL)
        CHECK_STATUS(weft_last_status(), WEFT_ENDED);
    else
        atomic_fetch_add(&r->accepted, 1);
    weft_free_timeout(timeout);
    return NULL;
}

/* A thread cancels one and another arms one while a third ends the kernel: whatever was accepted arrives, and of those
 * who wait for results the rest learn that there will be none. */
TEST_WITH_LIMIT(timeouts_end_with_their_kernel_and_nobody_waits_on, 120) {
    weft_deadline until = load_end(3);
    int result = 1;
    while (weft_time() < until) {
        pthread_t threads[4];
        last_round r = {.kernel = kernel_here()};
        r.results = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = r.kernel});
        r.timeout = weft_submit_timeout(r.results, 3600, &result);
        if (!CHECK_NOT_NULL(r.timeout)) return;
        start_thread(&threads[0], receive_last, &r);
        start_thread(&threads[1], receive_last, &r);
        start_thread(&threads[2], cancel_last, &r);
        start_thread(&threads[3], arm_last, &r);
        CHECK_OK(weft_end_kernel(r.kernel, true));
        for (int i = 0; i < 4; i++) join_thread(threads[i]);
        CHECK_EQ(atomic_load(&r.received), 1 + atomic_load(&r.accepted));
        CHECK_EQ(atomic_load(&r.ended), 2);
        weft_free_timeout(r.timeout);
        CHECK_OK(weft_free_channel(r.results));
        CHECK_OK(weft_free_kernel(r.kernel));
    }
}
