/* SPDX-License-Identifier: MIT */
/* park.c - parking and unparking threads explored: sched/park.c under several who want to end one wait.
 *
 * Property: a wait ends once, with the status of the one who won it, who sees what the waiter wrote before, and whose
 * hand-over the waiter sees; a deadline competes like anybody else; nothing of one wait is left for the next.
 *
 * Interrupts: who disturbs a sleeper, and the sleeper, each do one thing and look for the other's. The schedule that
 * would break it: the thread looks and finds none; the interrupt is left, and finds it awake; the thread sleeps.
 */
#include <string.h>

#include "engine/explore.h"
#include "lockfree/spinlock.h"
#include "sched/attach.h"
#include "sched/kernel.h"

static wefti_thread threads[8];
static wefti_wait waits[2];
static WEFTI_ATOMIC(wefti_wait *) published[2]; /* stands for a channel's list of waiters */
static uint32_t wrote, handed[2];
static int64_t deadline;

static void begin(unsigned cpus) {
    memset(threads, 0, sizeof threads);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) threads[i].patience = WEFTI_FIRST_PATIENCE;
    memset(waits, 0, sizeof waits);
    memset(published, 0, sizeof published);
    memset(handed, 0, sizeof handed);
    wrote = 0;
    deadline = WEFT_FOREVER;
    wefti_store_relaxed(&wefti_cpus_to_spin, cpus);
    explore_local(&wefti_strand_now);
    explore_name(&threads[1].parker, "parker");
    explore_name(&waits[0].claim, "claim");
    explore_name(&published[0], "published");
}

static weft_status wait_once(unsigned n, int64_t until) {
    wefti_strand *self = wefti_strand_now = &threads[explore_self()].strand;
    wefti_wait_init(&waits[n], self, "test", NULL);
    wrote = 10 + n;
    wefti_store_release(&published[n], &waits[n]);
    return wefti_park(&waits[n], until);
}

/* Ends wait n if nobody else does. */
static void end_wait(unsigned n, weft_status status) {
    wefti_wait *wait = wefti_load_acquire(&published[n]);
    if (wait == NULL || !wefti_wait_claim(wait, status)) return;
    explore_assert(wrote == 10 + n);
    handed[n] = 20 + (uint32_t)status;
    wefti_unpark(wait);
}

static void wait_for_one(void *unused) {
    (void)unused;
    weft_status status = wait_once(0, deadline);
    if (status == WEFT_TIMED_OUT) {
        explore_saw("a time-out");
        explore_assert(explore_now() >= deadline);
        return;
    }
    explore_assert(handed[0] == 20 + (uint32_t)status); /* a race if the hand-over is not ordered */
}
static void wait_for_two(void *unused) {
    (void)unused;
    for (unsigned n = 0; n < 2; n++) {
        weft_status status = wait_once(n, WEFT_FOREVER);
        explore_assert(handed[n] == 20 + (uint32_t)status);
    }
}
static void time_out_and_wait(void *unused) {
    (void)unused;
    weft_status status = wait_once(0, deadline);
    explore_assert(status == WEFT_TIMED_OUT || handed[0] == 20 + (uint32_t)status);
    status = wait_once(1, WEFT_FOREVER);
    explore_assert(handed[1] == 20 + (uint32_t)status);
}

static void insist(unsigned n, weft_status status) {
    while (wefti_load_acquire(&published[n]) == NULL) wefti_pause();
    end_wait(n, status);
}
static void end_0_ok(void *unused) {
    (void)unused;
    insist(0, WEFT_OK);
}
static void end_0_closed(void *unused) {
    (void)unused;
    insist(0, WEFT_CLOSED);
}
static void end_0_then_1(void *unused) {
    (void)unused;
    insist(0, WEFT_OK);
    insist(1, WEFT_CLOSED);
}
static void end_1(void *unused) {
    (void)unused;
    insist(1, WEFT_OK);
}
static void try_0(void *unused) {
    (void)unused;
    end_wait(0, WEFT_OK);
}

EXPLORE(a_wait_ends_when_it_is_unparked, .exhaustive = true, .preemptions = 2, .spurious = 1) {
    begin(1);
    explore_thread(wait_for_one, NULL);
    explore_thread(end_0_ok, NULL);
    explore_join();
}
EXPLORE(a_spinning_wait_ends_when_it_is_unparked, ) {
    begin(2);
    explore_thread(wait_for_one, NULL);
    explore_thread(end_0_ok, NULL);
    explore_join();
}
EXPLORE(one_of_two_wins_the_wait, ) {
    begin(1);
    explore_thread(wait_for_one, NULL);
    explore_thread(end_0_ok, NULL);
    explore_thread(end_0_closed, NULL);
    explore_join();
}
EXPLORE(a_deadline_competes_with_an_unpark, ) {
    begin(1 + explore_choose(2));
    deadline = wefti_clock() + 30000;
    explore_thread(wait_for_one, NULL);
    explore_thread(try_0, NULL);
    explore_thread(try_0, NULL);
    explore_join();
}
EXPLORE(two_waits_of_one_thread_are_two, ) {
    begin(1 + explore_choose(2));
    explore_thread(wait_for_two, NULL);
    explore_thread(end_0_then_1, NULL);
    explore_thread(end_1, NULL);
    explore_join();
}
EXPLORE(a_late_unpark_does_not_end_the_next_wait, ) {
    begin(1);
    deadline = wefti_clock() + 30000;
    explore_thread(time_out_and_wait, NULL);
    explore_thread(try_0, NULL);
    explore_thread(end_1, NULL);
    explore_join();
}

/* ---- interrupts ---- */

static wefti_spinlock registry; /* stands for the lock of attach.c */
static uint32_t left, ran, said[3];
static bool ends_wait; /* what an interrupt does: it ends the wait that it interrupts */

void wefti_run_interrupts(wefti_thread *thread) {
    for (;;) {
        wefti_spin_lock(&registry);
        bool any = left != 0;
        if (any) {
            explore_assert(said[ran++] == 7);
            left--;
            wefti_add_relaxed(&thread->pending, (uint32_t)-1); /* relaxed: under the lock */
        }
        wefti_spin_unlock(&registry);
        if (!any) return;
        if (ends_wait) end_wait(0, WEFT_OK);
    }
}

static void interrupt(void *unused) {
    (void)unused;
    wefti_spin_lock(&registry);
    said[left + ran] = 7;
    left++;
    wefti_add_seq(&threads[1].pending, 1u); /* as put_last */
    wefti_parker_disturb(&threads[1].parker);
    wefti_spin_unlock(&registry);
}

static void begin_interrupts(unsigned cpus, bool ends) {
    begin(cpus);
    memset(&registry, 0, sizeof registry);
    memset(said, 0, sizeof said);
    left = ran = 0;
    ends_wait = ends;
    explore_name(&threads[1].pending, "pending");
}

EXPLORE(an_interrupt_reaches_who_goes_to_sleep, .exhaustive = true, .preemptions = 3, .stale = 2, .spurious = 1) {
    begin_interrupts(1, true);
    explore_thread(wait_for_one, NULL);
    explore_thread(interrupt, NULL);
    explore_join(); /* a deadlock, if it was missed */
    explore_assert(ran == 1);
}
EXPLORE(an_interrupt_reaches_who_looks_for_its_notice, ) {
    begin_interrupts(2, true);
    explore_thread(wait_for_one, NULL);
    explore_thread(interrupt, NULL);
    explore_join();
    explore_assert(ran == 1);
}
EXPLORE(an_interrupt_takes_no_notice_away, ) {
    begin_interrupts(1, false);
    explore_thread(wait_for_two, NULL);
    explore_thread(interrupt, NULL);
    explore_thread(end_0_then_1, NULL);
    explore_join();
    explore_assert(ran + left == 1); /* it runs at the next call, if it came too late */
    if (ran == 1) explore_saw("an interrupt within a wait");
}
EXPLORE(two_interrupts_and_a_deadline_compete, ) {
    begin_interrupts(1 + explore_choose(2), false);
    deadline = wefti_clock() + 30000;
    explore_thread(time_out_and_wait, NULL);
    explore_thread(interrupt, NULL);
    explore_thread(interrupt, NULL);
    explore_thread(end_1, NULL);
    explore_join();
    explore_assert(ran + left == 2);
}
