/* SPDX-License-Identifier: MIT */
/* idle.c - sleeping, waking, draining and ending explored: the real sched/idle.c, drain.c, park.c and timer.c with the
 * real queues, under workers whose tasks only count.
 *
 * Property: no work is left while all who could do it sleep; a drain returns, and when it does what was submitted
 * before is done; an ending kernel does all that was accepted and then lets every worker go. A lost wake-up shows as a
 * deadlock: giver: publishes     sees no sleeper sleeper: looks: nothing     announces itself     sleeps
 */
#include "workers.h"

static WEFTI_ATOMIC(wefti_worker *) waits_on[MOST_TASKS + 1];
static WEFTI_ATOMIC(uint32_t) expired;

/* Until somebody sends the runner to the mailbox. */
static bool begin_to_wait(wefti_worker *worker, uint32_t id) {
    wefti_store_release(&waits_on[id], worker);
    return true;
}
static void end_of_wait(wefti_worker *worker, uint32_t id) { (void)worker, (void)id; }

static void begin_idle(uint32_t count) {
    begin(count);
    memset(waits_on, 0, sizeof waits_on);
    memset(&expired, 0, sizeof expired);
}

/* ---- givers ---- */

static void give_two_drain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, PLAIN);
    submit(&kernel.inbox, 2, PLAIN);
    wefti_drain_wait(&kernel);
    must_be_done(1);
    must_be_done(2);
    end_kernel();
}
static void give_low_drain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.low, 1, PLAIN);
    submit(&kernel.inbox, 2, PLAIN);
    wefti_drain_wait(&kernel);
    must_be_done(1);
    must_be_done(2);
    end_kernel();
}
static void give_family_drain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WITH_TWO);
    wefti_drain_wait(&kernel);
    for (uint32_t id = 1; id <= 3; id++) must_be_done(id);
    end_kernel();
}
static void give_family_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WITH_TWO);
    submit(&kernel.inbox, 4, PLAIN);
    end_kernel();
}
static void give_nothing_end(void *unused) {
    (void)unused;
    end_kernel();
}
static void give_one(void *of) {
    be_thread();
    uint32_t id = (uint32_t)(uintptr_t)of;
    if (!submit(&kernel.inbox, id, PLAIN)) wefti_exchange_relaxed(&done[id], 1u);
}
static void give_waiting_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WAITING);
    end_kernel();
}
static void end_the_wait(void *unused) {
    (void)unused;
    be_thread();
    wefti_worker *worker;
    while ((worker = wefti_load_acquire(&waits_on[1])) == NULL) wefti_pause();
    wefti_mailbox_push(&worker->mailbox, &runners[1].fiber.link);
    wefti_wake_worker(&kernel, worker);
}

/* ---- tests ---- */

EXPLORE(one_worker_does_what_comes_and_drains, .share = 30) {
    begin_idle(1);
    explore_thread(give_two_drain_end, NULL);
    start_workers();
    finish(2);
}
EXPLORE(two_workers_do_what_comes_and_drain, .share = 30) {
    begin_idle(2);
    explore_thread(give_two_drain_end, NULL);
    start_workers();
    finish(2);
}
EXPLORE(low_tasks_are_done_as_well, .share = 30) {
    begin_idle(2);
    explore_thread(give_low_drain_end, NULL);
    start_workers();
    finish(2);
}
EXPLORE(a_drain_waits_for_children, .share = 30) {
    begin_idle(2);
    explore_thread(give_family_drain_end, NULL);
    start_workers();
    finish(3);
}
EXPLORE(the_end_waits_for_children, .share = 30) {
    begin_idle(2);
    explore_thread(give_family_end, NULL);
    start_workers();
    finish(4);
}
EXPLORE(an_idle_kernel_ends, .share = 30) {
    begin_idle(2);
    explore_thread(give_nothing_end, NULL);
    start_workers();
    finish(0);
}
EXPLORE(a_task_is_refused_or_done_when_the_kernel_ends, .share = 30) {
    begin_idle(2);
    explore_thread(give_nothing_end, NULL);
    explore_thread(give_one, (void *)1);
    start_workers();
    finish(1);
}
EXPLORE(two_give_while_one_drains, .share = 30) {
    begin_idle(2);
    explore_thread(give_two_drain_end, NULL);
    explore_thread(give_one, (void *)3);
    start_workers();
    finish(3);
}
EXPLORE(the_end_waits_for_a_waiting_task, .share = 30) {
    begin_idle(2);
    explore_thread(give_waiting_end, NULL);
    explore_thread(end_the_wait, NULL);
    start_workers();
    finish(1);
}

/* ---- timers that belong to no worker ---- */

static wefti_timer timer;

static bool claim_timer(wefti_timer *of) {
    (void)of;
    results[MOST_TASKS] = 100 + MOST_TASKS;
    wefti_add_relaxed(&expired, 1u);
    return true;
}
static void deliver_timer(wefti_timer *of) { explore_assert(explore_now() >= of->deadline); }
/* As wefti_kernel_redeem of a thread outside. */
static void redeem(void *unused) {
    (void)unused;
    be_thread();
    wefti_add_seq(&kernel.pledges, (size_t)-1);
    if (wefti_load_seq(&kernel.state) >= WEFTI_KERNEL_ENDING) wefti_kernel_look_again(&kernel);
}
static void end_only(void *unused) {
    (void)unused;
    be_thread();
    end_kernel();
}
EXPLORE(the_end_waits_for_a_pledge, .share = 30) {
    begin_idle(2);
    wefti_atomic_init(&kernel.pledges, (size_t)1);
    explore_thread(redeem, NULL);
    explore_thread(end_only, NULL);
    start_workers();
    finish(0);
}

static void arm_in(wefti_timer *of, int64_t after) {
    *of = (wefti_timer){.claim = claim_timer, .deliver = deliver_timer, .deadline = wefti_clock() + after};
    if (wefti_timer_arm(&kernel.wheel, of)) wefti_kernel_look_again(&kernel);
}
/* As a cancel by a thread outside. */
static void take_out(wefti_timer *of) {
    if (!wefti_timer_cancel(&kernel.wheel, of)) return;
    wefti_add_relaxed(&expired, 1u);
    if (wefti_load_relaxed(&kernel.state) >= WEFTI_KERNEL_ENDING) wefti_kernel_look_again(&kernel);
}

/* The end waits for what is armed. */
static void arm_timer_end(void *unused) {
    (void)unused;
    be_thread();
    arm_in(&timer, 1000000);
    end_kernel();
}
EXPLORE(a_sleeping_kernel_serves_a_timer, .share = 30) {
    begin_idle(2);
    explore_thread(arm_timer_end, NULL);
    start_workers();
    finish(0);
    explore_assert(wefti_load_relaxed(&expired) == 1);
}

static void take_out_timer(void *unused) {
    (void)unused;
    be_thread();
    take_out(&timer);
}
EXPLORE(the_end_waits_for_a_timer_that_is_cancelled, .share = 30) {
    begin_idle(2);
    arm_in(&timer, 1000000);
    explore_thread(take_out_timer, NULL);
    explore_thread(end_only, NULL);
    start_workers();
    finish(0);
    explore_assert(wefti_load_relaxed(&expired) == 1);
}

/* Who sleeps until a late timer is woken for an earlier one. The late ones lie behind the last time there is, so that
 * one who goes on sleeping for them sleeps for ever. */
enum { TOO_LATE = 1000000000 };
static wefti_timer late, early;

static void arm_late_then_early(void *unused) {
    (void)unused;
    be_thread();
    arm_in(&late, TOO_LATE);
    take_out(&late);
    if (explore_choose(2) == 1) arm_in(&late, 2 * TOO_LATE);
    arm_in(&early, 1000000);
    while (wefti_load_relaxed(&expired) != 2) wefti_pause();
    if (late.linked) take_out(&late);
    end_kernel();
}
static void sleepers_and_timers(uint32_t count) {
    begin_idle(count);
    explore_last_time = explore_now() + TOO_LATE;
    explore_thread(arm_late_then_early, NULL);
    start_workers();
    finish(0);
    explore_last_time = INT64_MAX;
}
EXPLORE(a_sleeper_is_woken_for_an_earlier_timer, .share = 30) { sleepers_and_timers(1); }
EXPLORE(one_of_two_is_woken_for_an_earlier_timer, .share = 30) { sleepers_and_timers(2); }

/* Sleepers whose timer is near go without their barrier: what that misses is done when the timer ends the nap. */
enum { NEAR = 100000 };

static void arm_near_give_two_drain_end(void *unused) {
    (void)unused;
    be_thread();
    arm_in(&early, NEAR);
    submit(&kernel.inbox, 1, WITH_CHILD);
    submit(&kernel.inbox, 3, PLAIN);
    wefti_drain_wait(&kernel);
    for (uint32_t id = 1; id <= 3; id++) must_be_done(id);
    arm_in(&late, NEAR);
    end_kernel();
}
static void naps(uint32_t count) {
    begin_idle(count);
    explore_thread(arm_near_give_two_drain_end, NULL);
    start_workers();
    finish(3);
    explore_assert(wefti_load_relaxed(&expired) == 2);
}
EXPLORE(what_a_nap_misses_is_done_after_it, .share = 30) { naps(1); }
EXPLORE(what_two_naps_miss_is_done_after_them, .share = 30) { naps(2); }

/* The one that watches the clock finds work; another watches on. */
static void arm_and_submit_end(void *unused) {
    (void)unused;
    be_thread();
    arm_in(&early, 1000000);
    submit(&kernel.inbox, 1, WITH_CHILD);
    arm_in(&late, 2000000);
    end_kernel();
}
EXPLORE(a_watcher_finds_work, .share = 30) {
    begin_idle(2);
    explore_thread(arm_and_submit_end, NULL);
    start_workers();
    finish(2);
    explore_assert(wefti_load_relaxed(&expired) == 2);
}
