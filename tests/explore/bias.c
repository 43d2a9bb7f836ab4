/* SPDX-License-Identifier: MIT */
/* bias.c - the biased lock of channels explored: comm/bias.h.
 *
 * Property: the owner's operations and those of others exclude each other, and each sees what the other did. Without
 * the pair of barriers: owner:   looks at the bias: mine            (its `inside` has not come out yet) revoker: takes
 * the bias away; looks at `inside`: nobody      both are in
 */
#include "comm/bias.h"

#include <string.h>

#include "engine/explore.h"

static weft_channel channel, other;
static wefti_worker *workers;
static wefti_strand strands[4];
static uint32_t counter;

static void begin(uintptr_t bias_of_first) {
    workers = explore_alloc(2 * sizeof *workers + WEFTI_APART);
    workers = (wefti_worker *)(((uintptr_t)workers + WEFTI_APART - 1) & ~(uintptr_t)(WEFTI_APART - 1));
    memset(&channel, 0, sizeof channel);
    memset(strands, 0, sizeof strands);
    for (int i = 0; i < 2; i++) {
        wefti_atomic_init(&workers[i].inside, NULL);
        strands[i + 1].worker = &workers[i];
    }
    wefti_atomic_init(&channel.lock, 0u);
    wefti_atomic_init(&channel.bias, bias_of_first == 0 ? (uintptr_t)0 : (uintptr_t)&workers[0] + bias_of_first - 1);
    explore_local(&wefti_strand_now);
    explore_name(&channel.lock, "lock");
    explore_name(&channel.bias, "bias");
    explore_name(&workers[0].inside, "inside");
    counter = 0;
}

static void be(int which) { wefti_strand_now = &strands[which]; }

/* A task's short operation. */
static void short_operation(wefti_worker *worker) {
    if (wefti_bias_enter(&channel, worker)) {
        explore_saw("biased");
        counter++;
        wefti_bias_leave(worker);
        return;
    }
    wefti_bias_lock(&channel, worker);
    counter++;
    wefti_channel_unlock(&channel);
}

static void owner(void *times) {
    be(1);
    for (uintptr_t i = 0; i < (uintptr_t)times; i++) short_operation(&workers[0]);
}
static void other_worker(void *times) {
    be(2);
    for (uintptr_t i = 0; i < (uintptr_t)times; i++) short_operation(&workers[1]);
}
static void plain_thread(void *unused) {
    (void)unused;
    be(0);
    wefti_channel_lock(&channel);
    counter++;
    wefti_channel_unlock(&channel);
}
/* The owner's longer operation takes the lock, and keeps the bias. */
static void owner_both_ways(void *unused) {
    (void)unused;
    be(1);
    short_operation(&workers[0]);
    wefti_channel_lock(&channel);
    counter++;
    wefti_channel_unlock(&channel);
    short_operation(&workers[0]);
}

static void finish(uint32_t expected) {
    explore_join();
    explore_assert(counter == expected);
    for (int i = 0; i < 2; i++) explore_assert(wefti_load_relaxed(&workers[i].inside) == NULL);
}

EXPLORE(owner_and_thread_exclude_each_other, .exhaustive = true, .preemptions = 3, .stale = -1) {
    begin(1);
    explore_thread(owner, (void *)2);
    explore_thread(plain_thread, NULL);
    finish(3);
}
EXPLORE(owner_and_two_who_take_its_bias_away, .exhaustive = true, .preemptions = 2, .stale = -1) {
    begin(1);
    explore_thread(owner, (void *)2);
    explore_thread(plain_thread, NULL);
    explore_thread(other_worker, (void *)1);
    finish(4);
}
EXPLORE(the_owner_goes_both_ways, .exhaustive = true, .preemptions = 3, .stale = -1) {
    begin(1);
    explore_thread(owner_both_ways, NULL);
    explore_thread(plain_thread, NULL);
    finish(4);
}
/* The last of the operations in a row that make the bias, and others at the same time. */
EXPLORE(a_bias_begins_while_another_comes, .exhaustive = true, .preemptions = 3, .stale = -1) {
    begin(WEFTI_BIAS_AFTER);
    explore_thread(owner, (void *)3);
    explore_thread(other_worker, (void *)2);
    finish(5);
}
EXPLORE(a_fresh_channel_is_used_by_all, ) {
    begin(0);
    explore_thread(owner, (void *)3);
    explore_thread(other_worker, (void *)2);
    explore_thread(plain_thread, NULL);
    finish(6);
}

/* A revoker that waits for the owner is not held up by the owner's being inside another channel. */
static void owner_elsewhere(void *unused) {
    (void)unused;
    be(1);
    short_operation(&workers[0]);
    if (!wefti_bias_enter(&other, &workers[0])) return;
    while (wefti_load_acquire(&channel.bias) != WEFTI_NEVER_BIASED) wefti_pause();
    wefti_bias_leave(&workers[0]);
}
EXPLORE(being_inside_another_channel_holds_nobody_up, ) {
    begin(1);
    memset(&other, 0, sizeof other);
    wefti_atomic_init(&other.bias, (uintptr_t)&workers[0]);
    explore_thread(owner_elsewhere, NULL);
    explore_thread(plain_thread, NULL);
    finish(2);
}
