/* SPDX-License-Identifier: MIT */
/* once.c - futures explored: comm/once.c as forcers, workers, fulfillers, those that select and those that drop use it.
 *
 * Property: of all who claim one makes the outcome; whoever is told that it is there sees it, waiters included, and
 * each is told; it is freed once, and under nobody; of those that replace a failure one does. Without the lock around
 * DONE: forcer: looks: not done               enlists, and sleeps for ever worker:                  DONE; no waiters
 */
#include <string.h>

#include "comm/once.h"
#include "engine/explore.h"
#include "sched/attach.h"
#include "sched/kernel.h"

typedef struct future {
    wefti_once once;
    uint32_t value, failure;
} future;

static wefti_thread threads[8];
static future *f;
static uint32_t made, frees, stored;

static void begin(uint32_t references) {
    memset(threads, 0, sizeof threads);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) threads[i].patience = WEFTI_FIRST_PATIENCE;
    f = explore_alloc(sizeof *f);
    wefti_once_init(&f->once, references);
    made = frees = stored = 0;
    wefti_store_relaxed(&wefti_cpus_to_spin, 1u);
    explore_local(&wefti_strand_now);
    explore_name(&f->once.word, "word");
}

static void free_it(bool last) {
    if (!last) return;
    frees++;
    explore_free(f);
}

static void drop(void) { free_it(wefti_once_release(&f->once)); }

static void make_outcome(void) {
    made++;
    f->value = 7;
    explore_assert(!wefti_once_complete(&f->once, false));
}

/* Who completes it gives its reference up with the same update. */
static void make_outcome_and_drop(void) {
    made++;
    f->value = 7;
    free_it(wefti_once_complete(&f->once, true));
}

static void see(void) {
    uint32_t state = wefti_once_state(&f->once);
    explore_assert(state >= WEFTI_ONCE_DONE);
    explore_assert(f->value == 7);
}

/* The queued record: holds a reference, and drops it. */
static void record(void *unused) {
    (void)unused;
    if (wefti_once_claim(&f->once)) {
        explore_saw("the record runs it");
        make_outcome_and_drop();
    } else {
        drop();
    }
}

static weft_status wait_for(int64_t deadline) {
    wefti_strand *self = wefti_strand_now = &threads[explore_self()].strand;
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, "future", f);
    if (!wefti_once_enlist(&f->once, &waiter)) return WEFT_OK;
    explore_saw("a wait");
    weft_status status = wefti_park(&wait, deadline);
    if (status != WEFT_OK) wefti_once_delist(&f->once, &waiter);
    return status;
}

/* As an alternation: enlisted in any case, and stays so until it is taken out. */
static void select_it(void *unused) {
    (void)unused;
    wefti_strand *self = wefti_strand_now = &threads[explore_self()].strand;
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true, .kept = true};
    wefti_wait_init(&wait, self, "select", f);
    wefti_hints hints = {0};
    wait.hints = &hints; /* for who comes when it is claimed already */
    explore_assert(wefti_once_enlist(&f->once, &waiter));
    bool own = wefti_once_is_done(&f->once) && wefti_wait_claim(&wait, WEFT_OK);
    if (!own) explore_assert(wefti_park(&wait, WEFT_FOREVER) == WEFT_OK);
    explore_saw(own ? "done when it looked" : "a wait of one that selects");
    wefti_once_delist(&f->once, &waiter);
    explore_assert(wefti_once_is_done(&f->once) && f->value == 7);
    drop();
}

/* Forces it, and runs it if it has not begun. */
static void force(void *unused) {
    (void)unused;
    if (wefti_once_claim(&f->once))
        make_outcome();
    else if (!wefti_once_is_done(&f->once))
        explore_assert(wait_for(WEFT_FOREVER) == WEFT_OK);
    see();
    drop();
}

static void only_wait(void *unused) {
    (void)unused;
    explore_assert(wait_for(WEFT_FOREVER) == WEFT_OK);
    see();
    drop();
}

static void wait_until_deadline(void *unused) {
    (void)unused;
    weft_status status = wait_for(explore_now() + 10);
    if (status == WEFT_OK)
        see();
    else
        explore_saw("a time-out");
    drop();
}

static void fulfil(void *unused) {
    (void)unused;
    if (wefti_once_claim(&f->once)) {
        explore_saw("fulfilled by hand");
        make_outcome();
    }
    drop();
}

static void finish(void) {
    explore_join();
    explore_assert(made == 1);
    explore_assert(frees == 1);
    explore_assert(explore_live_blocks() == 0);
}

EXPLORE(forcer_worker_and_fulfiller_agree_on_one, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(3);
    explore_thread(record, NULL);
    explore_thread(force, NULL);
    explore_thread(fulfil, NULL);
    finish();
}

EXPLORE(who_waits_is_told_and_sees_the_value, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(2);
    explore_thread(only_wait, NULL);
    explore_thread(record, NULL);
    finish();
}

EXPLORE(who_selects_is_told_once, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(2);
    explore_thread(select_it, NULL);
    explore_thread(record, NULL);
    finish();
}

/* Its forcer has taken the record out of the queue, and gives the record's reference up as it completes it. */
static void force_unqueued(void *unused) {
    (void)unused;
    if (wefti_once_claim(&f->once)) {
        explore_saw("its record is taken along");
        make_outcome_and_drop();
    } else {
        explore_assert(wait_for(WEFT_FOREVER) == WEFT_OK);
        drop(); /* its record finds nothing to do */
    }
    see();
    drop();
}

static void retain_and_look(void *unused) {
    (void)unused;
    wefti_once_retain(&f->once);
    if (wefti_once_is_done(&f->once)) see();
    drop();
    drop();
}

EXPLORE(who_takes_the_record_along_drops_both_references, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(4);
    explore_thread(force_unqueued, NULL);
    explore_thread(only_wait, NULL);
    explore_thread(retain_and_look, NULL);
    finish();
}

EXPLORE(who_drops_last_sees_what_others_did, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(3);
    explore_thread(record, NULL);
    explore_thread(retain_and_look, NULL);
    explore_thread(retain_and_look, NULL);
    finish();
}

EXPLORE(all_who_wait_are_told, ) {
    begin(4);
    explore_thread(only_wait, NULL);
    explore_thread(force, NULL);
    explore_thread(only_wait, NULL);
    explore_thread(fulfil, NULL);
    finish();
}

EXPLORE(a_deadline_and_the_outcome_agree, .exhaustive = true, .preemptions = 2, .stale = 1) {
    begin(2);
    explore_thread(wait_until_deadline, NULL);
    explore_thread(record, NULL);
    finish();
}

/* ---- replacing a failure ---- */

static void store(void *mine) {
    if (wefti_once_replace(&f->once)) {
        stored++;
        f->value = (uint32_t)(uintptr_t)mine;
        wefti_once_replaced(&f->once);
    }
    explore_assert(wefti_once_state(&f->once) == WEFTI_ONCE_REPLACED);
    explore_assert(f->value == 1 || f->value == 2);
    drop();
}

static void look(void *unused) {
    (void)unused;
    uint32_t state = wefti_once_state(&f->once);
    if (state == WEFTI_ONCE_DONE) explore_assert(f->failure == 5);
    if (state == WEFTI_ONCE_REPLACED) {
        explore_saw("the value that was stored");
        explore_assert(f->value == 1 || f->value == 2);
    }
    drop();
}

static void fail_it(void) {
    explore_assert(wefti_once_claim(&f->once));
    made++;
    f->failure = 5;
    wefti_once_complete(&f->once, false);
}

EXPLORE(of_those_that_replace_a_failure_one_does, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(3);
    fail_it();
    explore_thread(store, (void *)(uintptr_t)1);
    explore_thread(store, (void *)(uintptr_t)2);
    explore_thread(look, NULL);
    finish();
    explore_assert(stored == 1);
}
