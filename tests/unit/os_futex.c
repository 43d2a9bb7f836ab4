/* SPDX-License-Identifier: MIT */
/* os_futex.c - sleeping on a word ends by a wake, by the deadline, or not at all if the word differs; wakes are not
 * lost. */
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>

#include "os/os.h"

enum { MILLISECOND = 1000000 };

TEST(wait_on_another_value_returns_at_once) {
    wefti_futex word;
    wefti_atomic_init(&word, 1u);
    CHECK(wefti_futex_wait(&word, 2, INT64_MAX));
}

TEST(wait_past_its_deadline_says_so) {
    wefti_futex word;
    wefti_atomic_init(&word, 1u);
    int64_t deadline = wefti_clock() + 3 * MILLISECOND;
    while (wefti_futex_wait(&word, 1, deadline)) continue; /* it may return without reason */
    CHECK_GE(wefti_clock(), deadline);
    CHECK(!wefti_futex_wait(&word, 1, wefti_clock() - MILLISECOND));
}

TEST(deadlines_at_and_before_zero_have_passed) {
    wefti_futex word;
    wefti_atomic_init(&word, 1u);
    CHECK(!wefti_futex_wait(&word, 1, 0));
    CHECK(!wefti_futex_wait(&word, 1, -1));
    CHECK(!wefti_futex_wait(&word, 1, INT64_MIN));
}

TEST(errno_is_left_alone) {
    wefti_futex word;
    wefti_atomic_init(&word, 1u);
    errno = 4711;
    wefti_futex_wait(&word, 1, 0);
    wefti_futex_wait(&word, 2, 0);
    wefti_futex_wake(&word, 1);
    CHECK_EQ(errno, 4711);
}

TEST(wake_without_sleepers_does_nothing) {
    wefti_futex word;
    wefti_atomic_init(&word, 1u);
    wefti_futex_wake(&word, 0);
    wefti_futex_wake(&word, UINT32_MAX);
    CHECK_EQ(wefti_load_relaxed(&word), 1);
}

/* Two threads pass a number to and fro: the one that waits for an odd value and the one that waits for an even value. A
 * wake that came between the look at the word and the sleep would be lost, and both would sleep for ever. */

static wefti_futex ball;

static void *return_ball(void *argument) {
    uint32_t rounds = *(uint32_t *)argument;
    for (uint32_t n = 0; n < rounds; n++) {
        while (wefti_load_acquire(&ball) == 2 * n) wefti_futex_wait(&ball, 2 * n, INT64_MAX);
        wefti_store_release(&ball, 2 * n + 2);
        wefti_futex_wake(&ball, 1);
    }
    return NULL;
}

TEST(no_wake_is_lost_between_two_threads) {
    uint32_t rounds = (uint32_t)harness_rounds(3000);
    wefti_atomic_init(&ball, 0u);
    pthread_t thread;
    if (!CHECK_EQ(pthread_create(&thread, NULL, return_ball, &rounds), 0)) return;
    for (uint32_t n = 0; n < rounds; n++) {
        wefti_store_release(&ball, 2 * n + 1);
        wefti_futex_wake(&ball, 1);
        while (wefti_load_acquire(&ball) == 2 * n + 1) wefti_futex_wait(&ball, 2 * n + 1, INT64_MAX);
    }
    pthread_join(thread, NULL);
    CHECK_EQ(wefti_load_relaxed(&ball), 2 * rounds);
}

static wefti_futex gate;
static WEFTI_ATOMIC(int) passed;

static void *pass_gate(void *argument) {
    (void)argument;
    while (wefti_load_acquire(&gate) == 0) wefti_futex_wait(&gate, 0, INT64_MAX);
    wefti_add_relaxed(&passed, 1);
    return NULL;
}

TEST(a_wake_of_all_wakes_all) {
    enum { THREADS = 5 };
    pthread_t threads[THREADS];
    wefti_atomic_init(&gate, 0u);
    wefti_atomic_init(&passed, 0);
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, pass_gate, NULL), 0);
    wefti_store_release(&gate, 1u);
    wefti_futex_wake(&gate, UINT32_MAX);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(wefti_load_relaxed(&passed), THREADS);
}
