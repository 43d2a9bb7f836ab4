/* SPDX-License-Identifier: MIT */
/* tally.c - counting in and out explored: lockfree/tally.h, used as a group uses it.
 *
 * Property: who waits until nothing is left is woken, and then sees what was done; the tally is freed once, and not
 * under anybody. Without the orders:
 *     owner: counts one in for the other     counts its own out and carries it over: one left, it thinks
 *     other: counts out: reads the word     does not see that the owner counted in     thinks that more are left
 */
#include "lockfree/tally.h"
#include "engine/explore.h"
#include "lockfree/spinlock.h"

static wefti_tally *tally;
static wefti_spinlock lock;
static uint32_t worked[3], frees;
static bool listed;
static WEFTI_ATOMIC(uint32_t) handed;
static wefti_futex woken;

static void begin(void) {
    tally = explore_alloc(sizeof *tally);
    wefti_tally_init(tally);
    wefti_atomic_init(&lock, 0u);
    wefti_atomic_init(&handed, 0u);
    wefti_atomic_init(&woken, 0u);
    for (int i = 0; i < 3; i++) worked[i] = 0;
    frees = 0;
    listed = false;
    explore_name(&tally->in, "in");
    explore_name(&tally->out, "out");
    explore_name(&tally->carried, "carried");
    explore_name(&tally->word, "word");
    explore_name(&tally->known, "known");
    explore_assert(wefti_tally_owns(tally, &tally));
    explore_assert(!wefti_tally_owns(tally, &lock));
}

static void give_up(void) {
    if (!wefti_tally_release(tally)) return;
    frees++; /* whoever else still came here would race with this */
    explore_free(tally);
}

static void end_as_last(void) {
    wefti_spin_lock(&lock);
    if (listed && wefti_tally_count(tally) == 0) {
        listed = false;
        wefti_store_release(&woken, 1u);
        wefti_futex_wake(&woken, 1);
    }
    wefti_spin_unlock(&lock);
    give_up();
}

/* The owner does one that was counted in before, which counts in one for another. */
static void own(void *unused) {
    (void)unused;
    wefti_tally_in_own(tally);
    wefti_store_release(&handed, 1u);
    worked[0] = 1;
    wefti_tally_out_own(tally);
    if (wefti_tally_carry(tally)) end_as_last();
}
/* The same without. */
static void own_one(void *unused) {
    (void)unused;
    worked[0] = 1;
    wefti_tally_out_own(tally);
    if (wefti_tally_carry(tally)) end_as_last();
}
static void out_of_other(void *which) {
    worked[(uintptr_t)which] = 1;
    if (wefti_tally_out(tally)) end_as_last();
}
static void other_once_handed(void *which) {
    while (wefti_load_acquire(&handed) == 0) wefti_pause();
    out_of_other(which);
}
/* Counts one in from outside, and waits for all that it knows of. */
static void wait_for_all(uint32_t expected) {
    wefti_spin_lock(&lock);
    listed = wefti_tally_count(tally) != 0;
    bool wait = listed;
    wefti_spin_unlock(&lock);
    if (wait) explore_saw("a wait");
    while (wait && wefti_load_acquire(&woken) == 0) wefti_futex_wait(&woken, 0, INT64_MAX);
    for (uint32_t i = 0; i < expected; i++) explore_assert(worked[i] == 1);
    give_up();
}
static void wait_for_two(void *unused) {
    (void)unused;
    wait_for_all(2);
}
static void come_in_and_wait(void *unused) {
    (void)unused;
    wefti_tally_in(tally);
    out_of_other((void *)(uintptr_t)2);
    wait_for_all(0);
}
static void give_up_handle(void *unused) {
    (void)unused;
    give_up();
}

static void finish(void) {
    explore_join();
    explore_assert(frees == 1);
    explore_assert(explore_live_blocks() == 0);
}

EXPLORE(the_last_one_out_knows, .exhaustive = true, .preemptions = 2) {
    begin();
    wefti_tally_in_own(tally);
    wefti_tally_in_own(tally);
    explore_thread(own_one, NULL);
    explore_thread(out_of_other, (void *)(uintptr_t)1);
    explore_thread(wait_for_two, NULL);
    finish();
}
EXPLORE(others_come_in_meanwhile, ) {
    begin();
    wefti_tally_in_own(tally);
    explore_thread(own, NULL);
    explore_thread(other_once_handed, (void *)(uintptr_t)1);
    explore_thread(come_in_and_wait, NULL);
    finish();
}
EXPLORE(a_tally_is_freed_once, .exhaustive = true, .preemptions = 2) {
    begin();
    wefti_tally_in_own(tally);
    wefti_tally_in(tally);
    explore_thread(own_one, NULL);
    explore_thread(out_of_other, (void *)(uintptr_t)1);
    explore_thread(give_up_handle, NULL);
    finish();
}

/* One that leaves must not miss the counting in of one whose leaving it sees: it would find less than nothing left. */
static void hand_on(void *unused) {
    (void)unused;
    wefti_tally_in_own(tally);
    wefti_store_release(&handed, 1u);
}
static void wait_once_handed(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&handed) == 0) wefti_pause();
    wait_for_all(0);
}
EXPLORE(the_last_one_out_knows_of_those_before, .exhaustive = true, .preemptions = 1, .stale = 2) {
    begin();
    wefti_tally_in_own(tally);
    explore_thread(hand_on, NULL);
    explore_thread(other_once_handed, (void *)(uintptr_t)1);
    explore_thread(out_of_other, (void *)(uintptr_t)2);
    explore_thread(wait_once_handed, NULL);
    finish();
}

/* The reference keeps the tally for who looks. */
static void look(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&handed) == 0) wefti_pause();
    if (wefti_tally_count(tally) == 0) {
        explore_saw("nothing left");
        explore_assert(worked[1] == 1);
        explore_assert(worked[0] == 1);
    }
    give_up();
}
static void hand_one(void *unused) {
    (void)unused;
    worked[0] = 1;
    wefti_tally_in_own(tally);
    wefti_tally_in_own(tally);
    wefti_tally_out_own(tally);
    wefti_store_release(&handed, 1u);
    if (wefti_tally_carry(tally)) end_as_last();
}
EXPLORE(who_finds_nothing_left_sees_all_done, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin();
    explore_thread(hand_one, NULL);
    explore_thread(other_once_handed, (void *)(uintptr_t)1);
    explore_thread(look, NULL);
    finish();
}

/* Between the counting out and the carrying over nothing but `out` tells what was done. */
static void work_once_handed_on(void *unused) {
    (void)unused;
    wefti_tally_in_own(tally);
    wefti_store_release(&handed, 1u);
    worked[0] = 1;
    wefti_tally_out_own(tally);
    if (wefti_tally_carry(tally)) end_as_last();
}
static void look_at_own(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&handed) == 0) wefti_pause();
    if (wefti_tally_count(tally) == 0) {
        explore_saw("nothing left");
        explore_assert(worked[0] == 1);
    }
    give_up();
}
EXPLORE(who_finds_all_counted_out_sees_it_done, .exhaustive = true, .preemptions = 2, .stale = 1) {
    begin();
    explore_thread(work_once_handed_on, NULL);
    explore_thread(look_at_own, NULL);
    finish();
}
