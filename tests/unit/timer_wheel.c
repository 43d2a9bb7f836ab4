/* SPDX-License-Identifier: MIT */
/* timer_wheel.c - the timer wheel against a plain list: what is due is delivered, once, in time, and nothing else. */
#include "sched/timer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "harness/harness.h"
#include "os/os.h"

enum { TIMERS = 3000, TICK = 1 << WEFTI_TICK_BITS };

typedef struct entry {
    wefti_timer timer;
    atomic_int claimed, delivered;
    bool armed;
    int64_t at; /* when it was delivered, by the clock of the test */
} entry;

static entry entries[TIMERS];
static wefti_wheel wheel;
static int64_t clock_now;
static atomic_bool refuse;

static bool claim(wefti_timer *timer) {
    entry *e = WEFTI_CONTAINER(timer, entry, timer);
    return !atomic_load(&refuse) && atomic_fetch_add(&e->claimed, 1) == 0;
}

static void deliver(wefti_timer *timer) {
    entry *e = WEFTI_CONTAINER(timer, entry, timer);
    e->at = clock_now;
    atomic_fetch_add(&e->delivered, 1);
}

static void arm(entry *e, int64_t deadline) {
    memset(e, 0, sizeof *e);
    e->timer = (wefti_timer){.deadline = deadline, .claim = claim, .deliver = deliver};
    e->armed = true;
    wefti_timer_arm(&wheel, &e->timer);
}

/* From a nanosecond to centuries, each magnitude as likely as the others. */
static int64_t some_time(uint64_t *random) {
    return (int64_t)(harness_random(random) >> (2 + harness_random(random) % 61));
}

static int64_t saturating(int64_t a, int64_t b) { return a > INT64_MAX - 2 * TICK - b ? INT64_MAX - 2 * TICK : a + b; }

/* Moves the clock on and compares: everything due a tick ago has been delivered, nothing that is not due. */
static void advance(int64_t to) {
    clock_now = to;
    wefti_wheel_poll(&wheel, to);
    int64_t first = INT64_MAX;
    for (int i = 0; i < TIMERS; i++) {
        entry *e = &entries[i];
        if (!e->armed) continue;
        int deliveries = atomic_load(&e->delivered);
        CHECK_LE(deliveries, 1);
        if (deliveries == 1) {
            CHECK_GE(to, e->timer.deadline);
            e->armed = false;
        } else if (CHECK_GT(e->timer.deadline, to - TICK) && e->timer.deadline < first) {
            first = e->timer.deadline;
        }
    }
    /* Nobody may sleep past the first one by more than a tick. */
    if (first != INT64_MAX) CHECK_LE(wefti_wheel_next(&wheel) - TICK, first);
}

TEST(wheel_agrees_with_a_list) {
    uint64_t random = harness_seed();
    for (size_t round = 0; round < harness_rounds(20) + 1; round++) {
        clock_now = 1 + some_time(&random) / 4;
        memset(entries, 0, sizeof entries);
        wefti_wheel_init(&wheel, clock_now, false);
        for (int step = 0; step < 300; step++) {
            for (int n = 0; n < 30; n++) {
                entry *e = &entries[harness_random(&random) % TIMERS];
                if (!e->armed)
                    arm(e, saturating(clock_now, some_time(&random)));
                else if (CHECK(wefti_timer_cancel(&wheel, &e->timer)))
                    e->armed = false;
            }
            advance(saturating(clock_now, some_time(&random) / (1 + (int64_t)(harness_random(&random) % 1000000))));
        }
        advance(INT64_MAX - TICK);
        for (int i = 0; i < TIMERS; i++) CHECK(!entries[i].armed);
        CHECK_EQ(wefti_load_relaxed(&wheel.armed), 0);
        CHECK_EQ(wefti_wheel_next(&wheel), INT64_MAX);
    }
}

TEST(timer_is_never_early_and_at_most_a_tick_late_where_the_wheel_is_asked) {
    static const int64_t times[] = {0,
                                    1,
                                    TICK - 1,
                                    TICK,
                                    TICK + 1,
                                    63 * TICK,
                                    64 * TICK,
                                    65 * TICK,
                                    4095 * (int64_t)TICK,
                                    4096 * (int64_t)TICK,
                                    300000 * (int64_t)TICK,
                                    INT64_C(1) << 50};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        clock_now = 123456789;
        wefti_wheel_init(&wheel, clock_now, false);
        int64_t deadline = clock_now + times[i];
        arm(&entries[0], deadline);
        for (int look = 0; look < 100 && atomic_load(&entries[0].delivered) == 0; look++) {
            int64_t next = wefti_wheel_next(&wheel);
            if (!CHECK_LE(next, deadline + TICK)) break;
            clock_now = next > clock_now ? next : clock_now;
            wefti_wheel_poll(&wheel, clock_now);
        }
        CHECK_EQ(atomic_load(&entries[0].delivered), 1);
        CHECK_GE(entries[0].at, deadline);
        CHECK_LE(entries[0].at, deadline + TICK);
        CHECK_EQ(wefti_wheel_next(&wheel), INT64_MAX);
    }
}

TEST(many_timers_of_one_moment_are_all_delivered) {
    wefti_wheel_init(&wheel, clock_now = 1000, true);
    for (int i = 0; i < TIMERS; i++) arm(&entries[i], 5000000 + i % 3);
    clock_now = 6000000;
    CHECK_EQ(wefti_wheel_poll(&wheel, clock_now), TIMERS);
    for (int i = 0; i < TIMERS; i++) CHECK_EQ(atomic_load(&entries[i].delivered), 1);
}

TEST(timer_that_cannot_be_claimed_is_not_delivered_and_is_gone) {
    wefti_wheel_init(&wheel, clock_now = 1000, true);
    atomic_store(&refuse, true);
    for (int i = 0; i < 500; i++) arm(&entries[i], 2000 + i);
    CHECK_EQ(wefti_wheel_poll(&wheel, clock_now = 100000), 0);
    atomic_store(&refuse, false);
    for (int i = 0; i < 500; i++) {
        CHECK_EQ(atomic_load(&entries[i].delivered), 0);
        CHECK(!wefti_timer_cancel(&wheel, &entries[i].timer));
    }
    CHECK_EQ(wefti_wheel_next(&wheel), INT64_MAX);
}

TEST(arm_says_whether_the_timer_is_the_first) {
    wefti_wheel_init(&wheel, clock_now = 1000, true);
    memset(entries, 0, sizeof entries);
    const int64_t deadlines[] = {1 << 30, 1 << 25, 1 << 28, 1 << 20};
    for (int i = 0; i < 4; i++) {
        entries[i].timer = (wefti_timer){.deadline = deadlines[i], .claim = claim, .deliver = deliver};
        CHECK_EQ(wefti_timer_arm(&wheel, &entries[i].timer), i != 2);
    }
    for (int i = 0; i < 4; i++) CHECK(wefti_timer_cancel(&wheel, &entries[i].timer));
    CHECK_EQ(wefti_wheel_next(&wheel), INT64_MAX);
}

/* ---- real threads: one arms and cancels, two poll ---- */

static atomic_bool stop;

static void *poll_often(void *nothing) {
    while (!atomic_load(&stop)) wefti_wheel_poll(&wheel, wefti_clock());
    return nothing;
}

TEST(arm_cancel_and_poll_of_several_threads_agree_on_each_timer) {
    pthread_t threads[2];
    uint64_t random = harness_seed();
    wefti_wheel_init(&wheel, wefti_clock(), false);
    atomic_store(&stop, false);
    for (int t = 0; t < 2; t++) CHECK_EQ(pthread_create(&threads[t], NULL, poll_often, NULL), 0);
    for (size_t round = 0; round < harness_rounds(100); round++) {
        int bad = 0;
        for (int i = 0; i < 1000; i++) arm(&entries[i], wefti_clock() + (int64_t)(harness_random(&random) % 200000));
        for (int i = 0; i < 1000; i++) {
            entry *e = &entries[i];
            bool cancelled = harness_random(&random) % 2 && wefti_timer_cancel(&wheel, &e->timer);
            if (!cancelled) CHECK_EVENTUALLY(atomic_load(&e->delivered) == 1);
            bad += atomic_load(&e->delivered) != (cancelled ? 0 : 1);
        }
        if (!CHECK_EQ(bad, 0)) break;
    }
    atomic_store(&stop, true);
    for (int t = 0; t < 2; t++) CHECK_EQ(pthread_join(threads[t], NULL), 0);
}
