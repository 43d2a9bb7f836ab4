/* SPDX-License-Identifier: MIT */
/* ends.c - rings whose two ends have locks of their own explored: comm/ends.h.
 *
 * Property: what is put is taken once, in order, and whole; who holds all three locks sees the ring as it is. Without
 * the orders:
 *     putter: writes the element, put = 1     taker: sees put = 1, reads the place: what was there before
 *     taker: reads the element, taken = 1     putter: sees taken = 1, writes the place while it is read
 */
#include "comm/ends.h"

#include <string.h>

#include "comm/bias.h"
#include "engine/explore.h"

enum { PLACES = 4, MOST = 8 };

static weft_channel channel;
static struct {
    const wefti_condition *condition;
    uint64_t value;
} ring[PLACES];
static uint32_t got[3]; /* by each taker: bits of what came */
static bool ordered;    /* one puts all */

/* A ring of `capacity` places, with so many elements in it: 0, 1, ... */
static void begin(uint32_t capacity, uint32_t elements, bool ends) {
    memset(&channel, 0, sizeof channel);
    memset(ring, 0, sizeof ring);
    memset(got, 0, sizeof got);
    ordered = true;
    wefti_atomic_init(&channel.lock, 0u);
    wefti_atomic_init(&channel.odd, 0u);
    wefti_atomic_init(&channel.count, elements);
    wefti_atomic_init(&channel.bias, WEFTI_NEVER_BIASED);
    channel.element_size = 8;
    channel.size = 8;
    channel.kind = WEFTI_RING;
    channel.capacity = capacity;
    channel.ring = (unsigned char *)ring;
    for (uint32_t i = 0; i < elements; i++) ring[i].value = i;
    if (ends) wefti_ends_make(&channel);
    explore_assert(wefti_has_ends(&channel) == ends);
    explore_name(&channel.lock, "lock");
    explore_name(&channel.odd, "odd");
    if (!ends) return;
    explore_name(&wefti_ends_of(&channel)->put_lock, "put_lock");
    explore_name(&wefti_ends_of(&channel)->take_lock, "take_lock");
    explore_name(&wefti_ends_of(&channel)->put, "put");
    explore_name(&wefti_ends_of(&channel)->taken, "taken");
}

static void put(uint64_t value) {
    while (wefti_ends_put(&channel, &value) != WEFTI_END_DONE) wefti_pause();
}
static void note(int taker, uint64_t value) {
    explore_assert(value < MOST);
    explore_assert((ordered ? got[taker] >> value : got[taker] >> value & 1) == 0); /* none after it came before it */
    got[taker] |= UINT32_C(1) << value;
}
static void take(int taker) {
    uint64_t value = MOST;
    const wefti_condition *condition;
    while (wefti_ends_take(&channel, &value, &condition) != WEFTI_END_DONE) wefti_pause();
    explore_assert(condition == NULL);
    note(taker, value);
}

static void put_two(void *from) {
    put((uint64_t)(uintptr_t)from);
    put((uint64_t)(uintptr_t)from + 1);
}
static void put_one(void *value) { put((uint64_t)(uintptr_t)value); }
static void take_two(void *taker) {
    take((int)(uintptr_t)taker);
    take((int)(uintptr_t)taker);
}
static void take_one(void *taker) { take((int)(uintptr_t)taker); }
/* All three locks: takes what is in front, if there is anything. */
static void take_the_longer_way(void *taker) {
    wefti_channel_lock(&channel);
    uint32_t count = wefti_load_relaxed(&channel.count);
    explore_assert(count <= channel.capacity);
    uint64_t value = MOST;
    if (count != 0) wefti_ring_take(&channel, &value);
    wefti_channel_unlock(&channel);
    if (count != 0) note((int)(uintptr_t)taker, value);
}
static void put_the_longer_way(void *value) {
    uint64_t own = (uint64_t)(uintptr_t)value;
    for (bool done = false; !done;) {
        wefti_channel_lock(&channel);
        done = wefti_load_relaxed(&channel.count) < channel.capacity;
        if (done) wefti_ring_put(&channel, &own, NULL);
        wefti_channel_unlock(&channel);
        if (!done) wefti_pause();
    }
}

static void finish(uint32_t elements) {
    explore_join();
    for (;;) {
        uint64_t value = MOST;
        wefti_channel_lock(&channel);
        bool some = wefti_load_relaxed(&channel.count) != 0;
        if (some) wefti_ring_take(&channel, &value);
        wefti_channel_unlock(&channel);
        if (!some) break;
        explore_assert(((got[0] | got[1] | got[2]) >> value & 1) == 0);
        got[0] |= UINT32_C(1) << value;
    }
    explore_assert((got[0] & got[1]) == 0 && (got[0] & got[2]) == 0 && (got[1] & got[2]) == 0);
    explore_assert((got[0] | got[1] | got[2]) == (UINT32_C(1) << elements) - 1);
    wefti_ends_free(&channel);
}

EXPLORE(one_puts_and_one_takes_through_one_place, .exhaustive = true, .preemptions = 3) {
    begin(1, 0, true);
    explore_thread(put_two, (void *)0);
    explore_thread(take_two, (void *)0);
    finish(2);
}
EXPLORE(one_puts_into_a_full_ring_and_one_takes, .exhaustive = true, .preemptions = 3) {
    begin(2, 2, true);
    explore_thread(put_one, (void *)2);
    explore_thread(take_two, (void *)0);
    finish(3);
}
EXPLORE(two_put_and_one_takes, .exhaustive = true, .preemptions = 2) {
    begin(2, 0, true);
    explore_thread(put_one, (void *)0);
    explore_thread(put_one, (void *)1);
    explore_thread(take_one, (void *)0);
    finish(2);
}
EXPLORE(one_puts_and_two_take, .exhaustive = true, .preemptions = 3) {
    begin(2, 1, true);
    explore_thread(put_one, (void *)1);
    explore_thread(take_one, (void *)0);
    explore_thread(take_one, (void *)1);
    finish(2);
}
EXPLORE(another_takes_with_all_locks_held, .exhaustive = true, .preemptions = 3, .stale = -1) {
    begin(2, 1, true);
    explore_thread(put_one, (void *)1);
    explore_thread(take_one, (void *)0);
    explore_thread(take_the_longer_way, (void *)1);
    finish(2);
}
EXPLORE(another_puts_with_all_locks_held, .exhaustive = true, .preemptions = 2, .stale = -1) {
    begin(1, 0, true);
    ordered = false;
    explore_thread(put_one, (void *)0);
    explore_thread(take_two, (void *)0);
    explore_thread(put_the_longer_way, (void *)1);
    explore_join();
    explore_assert(got[0] == 3);
    wefti_ends_free(&channel);
}

/* The ring gets its ends while others are at it. */
static void make(void *unused) {
    (void)unused;
    wefti_ends_make(&channel);
}
/* As an operation does: by the end if there is one. */
static void take_either_way(void *taker) {
    uint64_t value = MOST;
    const wefti_condition *condition;
    if ((wefti_odd_seen(&channel) & WEFTI_ENDS) == 0)
        take_the_longer_way(taker);
    else if (wefti_ends_take(&channel, &value, &condition) == WEFTI_END_DONE)
        note((int)(uintptr_t)taker, value);
}
EXPLORE(ends_are_given_to_a_ring_in_use, .exhaustive = true, .preemptions = 3, .stale = -1) {
    begin(3, 2, false);
    explore_thread(make, NULL);
    explore_thread(take_either_way, (void *)0);
    explore_thread(take_either_way, (void *)1);
    finish(2);
}
EXPLORE(ends_are_given_once, .exhaustive = true, .preemptions = 2, .stale = -1) {
    begin(3, 1, false);
    explore_thread(make, NULL);
    explore_thread(make, NULL);
    explore_thread(take_either_way, (void *)0);
    finish(1);
}

/* Without the order: sees that there are ends, and not where. */
static void use_what_is_seen(void *unused) {
    (void)unused;
    if ((wefti_odd_seen(&channel) & WEFTI_ENDS) == 0) return;
    explore_saw("ends");
    wefti_ends *ends = wefti_ends_of(&channel);
    explore_assert((uintptr_t)ends > WEFTI_NEVER_BIASED);
    explore_assert(wefti_load_relaxed(&ends->stuck_on[0]) == -1);
}
EXPLORE(who_sees_the_ends_can_use_them, .exhaustive = true, .preemptions = 3) {
    begin(3, 1, false);
    explore_thread(make, NULL);
    explore_thread(use_what_is_seen, NULL);
    finish(1);
}

static void look(void *unused) {
    (void)unused;
    explore_assert(wefti_ring_seen(&channel) <= 1);
}
EXPLORE(less_is_seen_than_was_put_and_not_taken, .exhaustive = true, .preemptions = 3) {
    begin(3, 0, true);
    explore_thread(put_one, (void *)0);
    explore_thread(take_one, (void *)0);
    explore_thread(look, NULL);
    finish(1);
}

/* ---- what is seen without a lock, by alternations that do not wait ---- */

static WEFTI_ATOMIC(unsigned) elsewhere; /* whether something can be done there */

static void hand_over(void *puts) {
    wefti_store_relaxed(&elsewhere, 1u);
    if (puts != NULL)
        put_one((void *)0);
    else
        take_one((void *)0);
}

/* Who sees that nothing can be done here any more sees what could be done elsewhere before. */
static void look_at_end(void *puts) {
    bool over = wefti_ring_seen(&channel) == (puts != NULL ? 1 : 0);
    if (!over) return;
    explore_saw("a hand-over");
    explore_assert(wefti_load_relaxed(&elsewhere) != 0);
}

EXPLORE(who_sees_the_end_of_one_sees_the_beginning_of_another, .exhaustive = true, .preemptions = 3) {
    void *puts = explore_choose(2) != 0 ? &elsewhere : NULL;
    begin(1, puts != NULL ? 0 : 1, true);
    wefti_atomic_init(&elsewhere, 0u);
    explore_thread(hand_over, puts);
    explore_thread(look_at_end, puts);
    finish(1);
}
