/* SPDX-License-Identifier: MIT */
/* timer.c - the timer wheel explored: arming, cancelling and expiry by several threads.
 *
 * Property: a timer that was armed is delivered once or cancelled once; never early; after a cancel that took it out it
 * is not touched again (T2), so its memory may be freed at once.
 */
#include <string.h>

#include "engine/explore.h"
#include "sched/timer.h"

enum { TIMERS = 2 };

typedef struct test_timer {
    wefti_timer timer;
    WEFTI_ATOMIC(uint32_t) state; /* 0 armed, 1 claimed */
    WEFTI_ATOMIC(uint32_t) delivered;
    uint32_t text;
} test_timer;

static wefti_wheel wheel;
static test_timer *timers[TIMERS];
static uint32_t cancelled[TIMERS];
static WEFTI_ATOMIC(uint32_t) delivered;

static bool claim(wefti_timer *timer) {
    uint32_t open = 0;
    return wefti_cas_acq_rel(&WEFTI_CONTAINER(timer, test_timer, timer)->state, &open, 1u);
}
static void deliver(wefti_timer *timer) {
    test_timer *t = WEFTI_CONTAINER(timer, test_timer, timer);
    explore_assert(t->text == 7); /* what was written before arming */
    explore_assert(explore_now() >= t->timer.deadline);
    wefti_add_relaxed(&delivered, 1u);
    wefti_store_release(&t->delivered, 1u);
}

static void begin(void) {
    wefti_wheel_init(&wheel, explore_now(), false);
    memset(cancelled, 0, sizeof cancelled);
    wefti_atomic_init(&delivered, 0u);
    explore_name(&wheel.lock, "wheel's lock");
    explore_name(&wheel.next, "next");
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = explore_alloc(sizeof *timers[i]);
        timers[i]->timer.claim = claim;
        timers[i]->timer.deliver = deliver;
    }
}

static void arm(unsigned i, int64_t after) {
    timers[i]->text = 7;
    timers[i]->timer.deadline = explore_now() + after;
    wefti_timer_arm(&wheel, &timers[i]->timer);
}

/* Takes the timer back, whoever has it, and frees it. */
static void disarm(unsigned i) {
    test_timer *t = timers[i];
    if (wefti_timer_cancel(&wheel, &t->timer)) {
        cancelled[i] = 1;
        explore_saw("a timer cancelled in time");
    } else {
        explore_assert(wefti_load_relaxed(&t->state) == 1);
        while (wefti_load_acquire(&t->delivered) == 0) wefti_pause();
    }
    t->text = 8;
    explore_free(t);
}

static void disarm_0(void *unused) {
    (void)unused;
    disarm(0);
}
static void arm_and_disarm_1(void *unused) {
    (void)unused;
    arm(1, 400000); /* on the next level */
    wefti_futex nothing;
    wefti_atomic_init(&nothing, 0u);
    if (explore_choose(2) == 1) wefti_futex_wait(&nothing, 0, timers[1]->timer.deadline);
    disarm(1);
}
static void arm_0(void *unused) {
    (void)unused;
    arm(0, 5000);
}
static void poll(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) {
        int64_t now = wefti_clock();
        if (wefti_wheel_next(&wheel) <= now) wefti_wheel_poll(&wheel, now);
    }
}
/* As an idle worker does it: sleeps no longer than to the next timer. */
static void serve(void *unused) {
    (void)unused;
    wefti_futex nothing;
    wefti_atomic_init(&nothing, 0u);
    while (wefti_load_relaxed(&delivered) < 1) {
        int64_t next = wefti_wheel_next(&wheel);
        if (next == INT64_MAX)
            wefti_pause();
        else
            wefti_futex_wait(&nothing, 0, next);
        int64_t now = wefti_clock();
        if (next <= now) wefti_wheel_poll(&wheel, now);
    }
}

static void finish(uint32_t count) {
    explore_join();
    uint32_t gone = wefti_load_relaxed(&delivered) + cancelled[0] + cancelled[1];
    explore_assert(gone == count);
    explore_assert(wefti_load_relaxed(&wheel.armed) == 0);
    for (unsigned l = 0; l < WEFTI_WHEEL_LEVELS; l++) explore_assert(wheel.occupied[l] == 0);
}

EXPLORE(a_timer_is_delivered_or_cancelled, ) {
    begin();
    arm(0, 5000);
    explore_thread(disarm_0, NULL);
    explore_thread(poll, NULL);
    finish(1);
}
EXPLORE(two_timers_two_pollers, ) {
    begin();
    arm(0, 5000);
    explore_thread(disarm_0, NULL);
    explore_thread(arm_and_disarm_1, NULL);
    explore_thread(poll, NULL);
    explore_thread(poll, NULL);
    finish(2);
}
EXPLORE(a_sleeper_wakes_for_the_timer, ) {
    begin();
    explore_thread(arm_0, NULL);
    explore_thread(serve, NULL);
    explore_thread(poll, NULL);
    finish(1);
    explore_assert(wefti_load_relaxed(&delivered) == 1);
}
