/* SPDX-License-Identifier: MIT */
/* sleepers.c - sleeping and waking explored without a kernel: lockfree/sleepers.h and lockfree/parker.h.
 *
 * Property: no work stays undone while all sleep, and the counts are right in the end (S1, S2). Without the barriers:
 *     giver: publishes     sees no sleeper
 *     sleeper: looks: nothing     announces itself     sleeps
 * Work is a count in one word; who takes one off does it.
 */
#include <string.h>

#include "engine/explore.h"
#include "lockfree/parker.h"
#include "lockfree/sleepers.h"

enum { MOST_WORKERS = 3 };

static wefti_sleepers all;
static wefti_sleeper sleepers[MOST_WORKERS];
static WEFTI_ATOMIC(uint32_t) work, mail[MOST_WORKERS], done, stop;
static uint32_t worker_count, payload;
static int64_t deadline;
static bool naps;

static void begin(uint32_t count) {
    memset(&all, 0, sizeof all);
    memset(sleepers, 0, sizeof sleepers);
    memset(mail, 0, sizeof mail);
    memset(&work, 0, sizeof work);
    memset(&done, 0, sizeof done);
    memset(&stop, 0, sizeof stop);
    worker_count = count;
    payload = 0;
    deadline = INT64_MAX;
    naps = false;
    explore_name(&all.sleepers, "sleepers");
    explore_name(&all.searchers, "searchers");
    explore_name(&work, "work");
    explore_name(&stop, "stop");
    for (int i = 0; i < MOST_WORKERS; i++) explore_name(&sleepers[i], i == 0 ? "sleeper 0" : "sleeper 1 or 2");
}

static void give(void) {
    wefti_add_relaxed(&work, 1u);
    if (!wefti_sleepers_wanted(&all)) return;
    for (uint32_t i = 0; i < worker_count; i++)
        if (wefti_sleeper_wake(&all, &sleepers[i]) == WEFTI_WOKEN) return;
}

static bool take(void) {
    uint32_t left = wefti_load_relaxed(&work);
    while (left != 0)
        if (wefti_cas_relaxed(&work, &left, left - 1)) {
            wefti_add_relaxed(&done, 1u);
            return true;
        }
    return false;
}

static bool anything(uint32_t me) {
    return wefti_load_relaxed(&work) != 0 || wefti_load_relaxed(&mail[me]) != 0 || wefti_load_relaxed(&stop) != 0;
}

/* Searches, sleeps; returns with something taken, or false to stop. */
static bool find(uint32_t me) {
    wefti_add_relaxed(&all.searchers, 1u);
    bool found = false, stopped = false;
    while (!found && !stopped) {
        found = take() || wefti_exchange_relaxed(&mail[me], 0u) != 0;
        stopped = !found && wefti_load_acquire(&stop) != 0 && wefti_load_relaxed(&work) == 0;
        if (found || stopped) break;
        wefti_sleeper_announce(&all, &sleepers[me], naps);
        if (anything(me)) {
            wefti_sleeper_retract(&all, &sleepers[me]);
            continue;
        }
        int64_t end = naps ? wefti_clock() + 1000 : deadline;
        wefti_sleeper_sleep(&all, &sleepers[me], end);
        if (naps && wefti_clock() >= end && wefti_load_relaxed(&work) != 0) explore_saw("work that a nap has missed");
    }
    uint32_t before = wefti_add_relaxed(&all.searchers, (uint32_t)-1);
    if (before == 1 && wefti_sleepers_wanted(&all) && wefti_load_relaxed(&work) != 0)
        for (uint32_t i = 0; i < worker_count; i++)
            if (wefti_sleeper_wake(&all, &sleepers[i]) == WEFTI_WOKEN) break;
    return found;
}

static void be_worker(void *of) {
    while (find((uint32_t)(uintptr_t)of)) {
    }
    if (wefti_load_relaxed(&stop) != 0) explore_saw("an end");
}

static void wake_each(void) {
    wefti_light_barrier();
    for (uint32_t i = 0; i < worker_count; i++) wefti_sleeper_wake(&all, &sleepers[i]);
}

static void give_two(void *unused) {
    (void)unused;
    give();
    give();
}
/* Gives, waits until it is done by whoever does it, and only then stops the workers: a lost wake-up is a livelock. */
static void give_wait_stop(void *unused) {
    (void)unused;
    give();
    while (wefti_load_relaxed(&done) == 0) wefti_pause();
    wefti_store_release(&stop, 1u);
    wake_each();
}
static void give_two_wait_stop(void *unused) {
    (void)unused;
    give_two(NULL);
    while (wefti_load_relaxed(&done) < 2) wefti_pause();
    wefti_store_release(&stop, 1u);
    wake_each();
}
static void give_wait_for_four_stop(void *unused) {
    (void)unused;
    give_two(NULL);
    while (wefti_load_relaxed(&done) < 4) wefti_pause();
    wefti_store_release(&stop, 1u);
    wake_each();
}
static void finish(uint32_t count) {
    explore_join();
    explore_assert(wefti_load_relaxed(&done) == count && wefti_load_relaxed(&work) == 0);
    explore_assert(wefti_load_relaxed(&all.sleepers) == 0);
    explore_assert(wefti_load_relaxed(&all.searchers) == 0);
    for (uint32_t i = 0; i < worker_count; i++) explore_assert(wefti_load_relaxed(&sleepers[i]) == WEFTI_AWAKE);
}

EXPLORE(one_sleeper_is_woken_for_work, .exhaustive = true, .preemptions = 2, .stale = 3, .spurious = 1) {
    begin(1);
    explore_thread(give_wait_stop, NULL);
    explore_thread(be_worker, NULL);
    finish(1);
}
/* The last searcher stops, since it has found something that takes until all else is done. A giver that leaves its work
 * to this searcher must be seen by its last look: searcher: not searching any more     giver: publishes     sees a
 * searcher     searcher: looks: nothing */
static void find_something_long(void *unused) {
    (void)unused;
    if (wefti_sleepers_stop(&all) && wefti_load_relaxed(&all.sleepers) != 0 && wefti_load_relaxed(&work) != 0) {
        explore_saw("a last look that finds something");
        for (uint32_t i = 0; i < worker_count; i++) wefti_sleeper_wake(&all, &sleepers[i]);
    }
    while (wefti_load_relaxed(&done) == 0) wefti_pause();
}
EXPLORE(the_last_searcher_misses_nothing_when_it_stops, ) {
    begin(1);
    wefti_atomic_init(&all.searchers, 1u);
    explore_thread(be_worker, NULL);
    explore_thread(give_wait_stop, NULL);
    explore_thread(find_something_long, NULL);
    finish(1);
}
EXPLORE(two_sleepers_are_woken_for_work, ) {
    begin(2);
    explore_thread(give_two_wait_stop, NULL);
    for (uintptr_t i = 0; i < 2; i++) explore_thread(be_worker, (void *)i);
    finish(2);
}
EXPLORE(two_givers_three_sleepers, ) {
    begin(3);
    explore_thread(give_two, NULL);
    explore_thread(give_wait_for_four_stop, NULL);
    for (uintptr_t i = 0; i < 3; i++) explore_thread(be_worker, (void *)i);
    finish(4);
}
EXPLORE(sleepers_with_a_deadline_keep_the_counts, ) {
    begin(2);
    deadline = wefti_clock() + 50000;
    explore_thread(give_two_wait_stop, NULL);
    for (uintptr_t i = 0; i < 2; i++) explore_thread(be_worker, (void *)i);
    finish(2);
}
/* Without a barrier the two miss each other, and the end of the nap makes that good. */
EXPLORE(what_naps_miss_is_done_after_them, .preemptions = 3) {
    begin(2);
    naps = true;
    explore_thread(give_two_wait_stop, NULL);
    for (uintptr_t i = 0; i < 2; i++) explore_thread(be_worker, (void *)i);
    finish(2);
}

/* A wake-up by itself orders what led to it. */
static void wake_with_payload(void *unused) {
    (void)unused;
    payload = 7;
    while (wefti_sleeper_wake(&all, &sleepers[0]) != WEFTI_WOKEN) wefti_pause();
}
static void sleep_for_payload(void *unused) {
    (void)unused;
    wefti_add_relaxed(&all.searchers, 1u);
    wefti_sleeper_announce(&all, &sleepers[0], false);
    wefti_sleeper_sleep(&all, &sleepers[0], INT64_MAX);
    explore_assert(payload == 7);
}
EXPLORE(a_woken_sleeper_sees_what_led_to_it, .exhaustive = true, .preemptions = 2) {
    begin(1);
    explore_thread(wake_with_payload, NULL);
    explore_thread(sleep_for_payload, NULL);
    explore_join();
}

/* The same for a wake-up that comes before a retraction. */
static WEFTI_ATOMIC(uint32_t) woke;

static void try_to_wake_with_payload(void *unused) {
    (void)unused;
    payload = 7;
    if (wefti_sleeper_wake(&all, &sleepers[0]) == WEFTI_WOKEN) wefti_store_relaxed(&woke, 1u);
}
static void announce_and_retract(void *unused) {
    (void)unused;
    wefti_add_relaxed(&all.searchers, 1u);
    wefti_sleeper_announce(&all, &sleepers[0], false);
    wefti_sleeper_retract(&all, &sleepers[0]);
    if (wefti_load_relaxed(&woke) != 0) {
        explore_saw("a wake-up before the retraction");
        explore_assert(payload == 7);
    }
}
EXPLORE(a_retraction_keeps_the_counts_and_sees_a_waker, .exhaustive = true) {
    begin(1);
    wefti_atomic_init(&woke, 0u);
    explore_thread(try_to_wake_with_payload, NULL);
    explore_thread(announce_and_retract, NULL);
    explore_join();
    explore_assert(wefti_load_relaxed(&all.sleepers) == 0);
    explore_assert(wefti_load_relaxed(&all.searchers) == 1);
}

/* ---- the parker ---- */

static wefti_parker parker;

static void notify(void *unused) {
    (void)unused;
    payload = 7;
    wefti_parker_notify(&parker);
}
static void sleep_until_noticed(void *unused) {
    (void)unused;
    explore_assert(wefti_parker_sleep(&parker, INT64_MAX));
    explore_assert(payload == 7);
    wefti_parker_reset(&parker);
}
static void look_until_noticed(void *unused) {
    (void)unused;
    while (!wefti_parker_noticed(&parker)) wefti_pause();
    explore_assert(payload == 7);
}
static void sleep_until_deadline_then_noticed(void *unused) {
    (void)unused;
    if (!wefti_parker_sleep(&parker, deadline)) {
        explore_saw("a deadline");
        explore_assert(wefti_parker_sleep(&parker, INT64_MAX));
    }
    explore_assert(payload == 7);
}
static void parker_begin(void) {
    begin(0);
    wefti_atomic_init(&parker, 0u);
    explore_name(&parker, "parker");
}
EXPLORE(a_parked_thread_sees_what_led_to_the_notice, .exhaustive = true, .spurious = 1) {
    parker_begin();
    explore_thread(sleep_until_noticed, NULL);
    explore_thread(notify, NULL);
    explore_join();
}
EXPLORE(who_looks_for_the_notice_sees_what_led_to_it, .exhaustive = true) {
    parker_begin();
    explore_thread(look_until_noticed, NULL);
    explore_thread(notify, NULL);
    explore_join();
}
EXPLORE(a_notice_after_a_deadline_is_not_lost, .exhaustive = true, .preemptions = 3) {
    parker_begin();
    deadline = explore_now() + 1000;
    explore_thread(sleep_until_deadline_then_noticed, NULL);
    explore_thread(notify, NULL);
    explore_join();
}
