/* SPDX-License-Identifier: MIT */
/* self_model.c - the explorer's memory model against the litmus tests that everybody knows.
 *
 * For each shape, the outcome that C11 allows must be found (.fails) and the one that it forbids must not be. The
 * shapes and their names are those of the literature on weak memory (Alglave, Maranget, Sarkar, Sewell: Litmus, TACAS
 * 2011).
 */
#include "engine/explore.h"

typedef WEFTI_ATOMIC(uint32_t) word32;

static word32 x, y;
static uint32_t seen[8];
static uint32_t payload;

static void begin(void) {
    wefti_atomic_init(&x, 0u);
    wefti_atomic_init(&y, 0u);
    explore_name(&x, "x");
    explore_name(&y, "y");
    for (int i = 0; i < 8; i++) seen[i] = 99;
    payload = 0;
}

static void run2(void (*first)(void *), void (*second)(void *)) {
    begin();
    explore_thread_named("first", first, NULL);
    explore_thread_named("second", second, NULL);
    explore_join();
}

/* ---- store buffering: both threads store, then both read the other's old value ---- */

#define STORE_BUFFER(name, mine, other, slot, store, between, load)                                                    \
    static void name(void *unused) {                                                                                   \
        (void)unused;                                                                                                  \
        store(&mine, 1u);                                                                                              \
        between;                                                                                                       \
        seen[slot] = load(&other);                                                                                     \
    }
STORE_BUFFER(sb_relaxed_1, x, y, 0, wefti_store_relaxed, (void)0, wefti_load_relaxed)
STORE_BUFFER(sb_relaxed_2, y, x, 1, wefti_store_relaxed, (void)0, wefti_load_relaxed)
STORE_BUFFER(sb_acquire_1, x, y, 0, wefti_store_release, (void)0, wefti_load_acquire)
STORE_BUFFER(sb_acquire_2, y, x, 1, wefti_store_release, (void)0, wefti_load_acquire)
STORE_BUFFER(sb_fence_1, x, y, 0, wefti_store_relaxed, wefti_fence_seq(), wefti_load_relaxed)
STORE_BUFFER(sb_fence_2, y, x, 1, wefti_store_relaxed, wefti_fence_seq(), wefti_load_relaxed)
STORE_BUFFER(sb_seq_1, x, y, 0, wefti_store_seq, (void)0, wefti_load_seq)
STORE_BUFFER(sb_seq_2, y, x, 1, wefti_store_seq, (void)0, wefti_load_seq)
STORE_BUFFER(sb_light_1, x, y, 0, wefti_store_relaxed, wefti_light_barrier(), wefti_load_relaxed)
STORE_BUFFER(sb_light_2, y, x, 1, wefti_store_relaxed, wefti_light_barrier(), wefti_load_relaxed)
STORE_BUFFER(sb_heavy_2, y, x, 1, wefti_store_relaxed, wefti_heavy_barrier(), wefti_load_relaxed)

static void not_both_old(void) { explore_assert(seen[0] == 1 || seen[1] == 1); }

EXPLORE(store_buffering_relaxed_shows_both_old, .exhaustive = true, .fails = "seen[0] == 1 || seen[1] == 1") {
    run2(sb_relaxed_1, sb_relaxed_2);
    not_both_old();
}
EXPLORE(store_buffering_release_acquire_shows_both_old, .exhaustive = true, .fails = "seen[0] == 1 || seen[1] == 1") {
    run2(sb_acquire_1, sb_acquire_2);
    not_both_old();
}
EXPLORE(store_buffering_by_seeds_shows_both_old, .fails = "seen[0] == 1 || seen[1] == 1") {
    run2(sb_relaxed_1, sb_relaxed_2);
    not_both_old();
}
EXPLORE(store_buffering_one_fence_shows_both_old, .exhaustive = true, .fails = "seen[0] == 1 || seen[1] == 1") {
    run2(sb_fence_1, sb_relaxed_2);
    not_both_old();
}
EXPLORE(store_buffering_fences_forbid, .exhaustive = true) {
    run2(sb_fence_1, sb_fence_2);
    not_both_old();
}
EXPLORE(store_buffering_seq_forbids, .exhaustive = true) {
    run2(sb_seq_1, sb_seq_2);
    not_both_old();
}
EXPLORE(store_buffering_seq_operations_and_fence_forbid, .exhaustive = true) {
    run2(sb_seq_1, sb_fence_2);
    not_both_old();
}
EXPLORE(dekker_with_light_and_heavy_barrier_holds, .exhaustive = true) {
    run2(sb_light_1, sb_heavy_2);
    not_both_old();
}
EXPLORE(dekker_with_light_and_heavy_barrier_holds_by_seeds, ) {
    run2(sb_light_1, sb_heavy_2);
    not_both_old();
    if (explore_asymmetric()) explore_saw("asymmetric barriers");
}
EXPLORE(dekker_with_two_light_barriers_fails, .exhaustive = true, .fails = "seen[0] == 1 || seen[1] == 1") {
    run2(sb_light_1, sb_light_2);
    not_both_old();
}

/* ---- message passing ---- */

static void mp_send_relaxed(void *unused) {
    (void)unused;
    wefti_store_relaxed(&x, 1u);
    wefti_store_relaxed(&y, 1u);
}
static void mp_send_release(void *unused) {
    (void)unused;
    wefti_store_relaxed(&x, 1u);
    wefti_store_release(&y, 1u);
}
static void mp_send_fence(void *unused) {
    (void)unused;
    wefti_store_relaxed(&x, 1u);
    wefti_fence_release();
    wefti_store_relaxed(&y, 1u);
}
static void mp_receive_relaxed(void *unused) {
    (void)unused;
    seen[0] = wefti_load_relaxed(&y);
    seen[1] = wefti_load_relaxed(&x);
}
static void mp_receive_acquire(void *unused) {
    (void)unused;
    seen[0] = wefti_load_acquire(&y);
    seen[1] = wefti_load_relaxed(&x);
}
static void mp_receive_fence(void *unused) {
    (void)unused;
    seen[0] = wefti_load_relaxed(&y);
    wefti_fence_acquire();
    seen[1] = wefti_load_relaxed(&x);
}
static void message_is_whole(void) { explore_assert(seen[0] == 0 || seen[1] == 1); }

EXPLORE(message_passing_relaxed_shows_the_old_value, .exhaustive = true, .fails = "seen[0] == 0 || seen[1] == 1") {
    run2(mp_send_relaxed, mp_receive_relaxed);
    message_is_whole();
}
EXPLORE(message_passing_without_release_shows_the_old_value, .exhaustive = true,
        .fails = "seen[0] == 0 || seen[1] == 1") {
    run2(mp_send_relaxed, mp_receive_acquire);
    message_is_whole();
}
EXPLORE(message_passing_without_acquire_shows_the_old_value, .exhaustive = true,
        .fails = "seen[0] == 0 || seen[1] == 1") {
    run2(mp_send_release, mp_receive_relaxed);
    message_is_whole();
}
EXPLORE(message_passing_release_acquire_forbids, .exhaustive = true) {
    run2(mp_send_release, mp_receive_acquire);
    message_is_whole();
}
EXPLORE(message_passing_fences_forbid, .exhaustive = true) {
    run2(mp_send_fence, mp_receive_fence);
    message_is_whole();
}
EXPLORE(message_passing_release_and_acquire_fence_forbid, .exhaustive = true) {
    run2(mp_send_release, mp_receive_fence);
    message_is_whole();
}

static void payload_send_release(void *unused) {
    (void)unused;
    payload = 7;
    wefti_store_release(&y, 1u);
}
static void payload_send_relaxed(void *unused) {
    (void)unused;
    payload = 7;
    wefti_store_relaxed(&y, 1u);
}
static void payload_receive(void *unused) {
    (void)unused;
    if (wefti_load_acquire(&y) != 0) {
        explore_saw("the message");
        explore_assert(payload == 7);
    }
}
static void payload_receive_relaxed(void *unused) {
    (void)unused;
    if (wefti_load_relaxed(&y) != 0) explore_assert(payload == 7);
}

EXPLORE(payload_with_release_and_acquire_has_no_race, .exhaustive = true) {
    run2(payload_send_release, payload_receive);
}
EXPLORE(payload_without_release_is_a_race, .exhaustive = true, .fails = "race") {
    run2(payload_send_relaxed, payload_receive);
}
EXPLORE(payload_without_acquire_is_a_race, .exhaustive = true, .fails = "race") {
    run2(payload_send_release, payload_receive_relaxed);
}
EXPLORE(plain_writes_by_two_threads_are_a_race, .exhaustive = true, .fails = "race") {
    run2(payload_send_release, payload_send_release);
}

/* ---- load buffering: C11 allows it for relaxed operations; this model never shows it ---- */

static void lb_1(void *unused) {
    (void)unused;
    seen[0] = wefti_load_relaxed(&y);
    wefti_store_relaxed(&x, 1u);
}
static void lb_2(void *unused) {
    (void)unused;
    seen[1] = wefti_load_relaxed(&x);
    wefti_store_relaxed(&y, 1u);
}
EXPLORE(load_buffering_is_not_modelled, .exhaustive = true) {
    run2(lb_1, lb_2);
    explore_assert(seen[0] == 0 || seen[1] == 0);
}

/* ---- independent reads of independent writes ---- */

#define IRIW_WRITE(name, word, store)                                                                                  \
    static void name(void *unused) {                                                                                   \
        (void)unused;                                                                                                  \
        store(&word, 1u);                                                                                              \
    }
#define IRIW_READ(name, one, two, slot, load, between)                                                                 \
    static void name(void *unused) {                                                                                   \
        (void)unused;                                                                                                  \
        seen[slot] = load(&one);                                                                                       \
        between;                                                                                                       \
        seen[slot + 1] = load(&two);                                                                                   \
    }
IRIW_WRITE(iriw_x_release, x, wefti_store_release)
IRIW_WRITE(iriw_y_release, y, wefti_store_release)
IRIW_WRITE(iriw_x_seq, x, wefti_store_seq)
IRIW_WRITE(iriw_y_seq, y, wefti_store_seq)
IRIW_READ(iriw_xy_acquire, x, y, 0, wefti_load_acquire, (void)0)
IRIW_READ(iriw_yx_acquire, y, x, 2, wefti_load_acquire, (void)0)
IRIW_READ(iriw_xy_seq, x, y, 0, wefti_load_seq, (void)0)
IRIW_READ(iriw_yx_seq, y, x, 2, wefti_load_seq, (void)0)
IRIW_READ(iriw_xy_fence, x, y, 0, wefti_load_relaxed, wefti_fence_seq())
IRIW_READ(iriw_yx_fence, y, x, 2, wefti_load_relaxed, wefti_fence_seq())

static void run4(void (*a)(void *), void (*b)(void *), void (*c)(void *), void (*d)(void *)) {
    begin();
    explore_thread_named("writer of x", a, NULL);
    explore_thread_named("writer of y", b, NULL);
    explore_thread_named("reader of x, y", c, NULL);
    explore_thread_named("reader of y, x", d, NULL);
    explore_join();
    /* The readers must not disagree on which store came first. */
    explore_assert(!(seen[0] == 1 && seen[1] == 0 && seen[2] == 1 && seen[3] == 0));
}

EXPLORE(iriw_acquire_lets_readers_disagree, .exhaustive = true, .fails = "seen[0] == 1 && seen[1] == 0") {
    run4(iriw_x_release, iriw_y_release, iriw_xy_acquire, iriw_yx_acquire);
}
EXPLORE(iriw_seq_makes_readers_agree, .exhaustive = true) { run4(iriw_x_seq, iriw_y_seq, iriw_xy_seq, iriw_yx_seq); }
EXPLORE(iriw_fences_make_readers_agree, .exhaustive = true) {
    run4(iriw_x_release, iriw_y_release, iriw_xy_fence, iriw_yx_fence);
}

/* ---- coherence ---- */

static void coherence_write(void *unused) {
    (void)unused;
    wefti_store_relaxed(&x, 1u);
    wefti_store_relaxed(&x, 2u);
}
static void coherence_read(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) seen[i] = wefti_load_relaxed(&x);
}
EXPLORE(loads_of_one_word_never_go_back, .exhaustive = true) {
    run2(coherence_write, coherence_read);
    explore_assert(seen[0] <= seen[1] && seen[1] <= seen[2]);
}
EXPLORE(a_load_may_stay_behind, .exhaustive = true, .fails = "seen[0] == 2") {
    begin();
    explore_thread(coherence_write, NULL);
    explore_thread(coherence_read, NULL);
    explore_join();
    explore_assert(seen[0] == 2 || seen[1] != 1 || seen[2] != 2);
}

/* ---- release sequences ---- */

static void rs_head(void *unused) {
    (void)unused;
    payload = 7;
    wefti_store_release(&x, 1u);
}
static void rs_update(void *unused) {
    (void)unused;
    wefti_add_relaxed(&x, 2u);
}
static void rs_store(void *unused) {
    (void)unused;
    if (wefti_load_relaxed(&x) == 1) wefti_store_relaxed(&x, 3u);
}
static void rs_tail(void *unused) {
    (void)unused;
    if (wefti_load_acquire(&x) == 3) explore_assert(payload == 7);
}

EXPLORE(an_update_continues_a_release_sequence, .exhaustive = true) {
    begin();
    explore_thread(rs_head, NULL);
    explore_thread(rs_update, NULL);
    explore_thread(rs_tail, NULL);
    explore_join();
}
EXPLORE(a_store_of_another_ends_a_release_sequence, .exhaustive = true, .fails = "race") {
    begin();
    explore_thread(rs_head, NULL);
    explore_thread(rs_store, NULL);
    explore_thread(rs_tail, NULL);
    explore_join();
}

/* ---- updates see the newest store ---- */

static void adds(void *unused) {
    (void)unused;
    wefti_add_relaxed(&x, 1u);
    wefti_add_relaxed(&x, 1u);
}
static void adds_by_hand(void *unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) wefti_store_relaxed(&x, wefti_load_relaxed(&x) + 1);
}
EXPLORE(updates_lose_nothing, .exhaustive = true) {
    run2(adds, adds);
    explore_assert(wefti_load_relaxed(&x) == 4);
}
EXPLORE(load_and_store_lose_an_update, .exhaustive = true, .fails = "== 4") {
    run2(adds_by_hand, adds_by_hand);
    explore_assert(wefti_load_relaxed(&x) == 4);
}

/* The mutual exclusion of Dekker's kind with a cas that may fail on an old value, and one that may not succeed on one.
 */
static void claim(void *slot) {
    uint32_t open = 0;
    seen[(uintptr_t)slot] = wefti_cas_relaxed(&x, &open, 1u);
    explore_assert(seen[(uintptr_t)slot] != 0 || open == 1);
}
EXPLORE(a_claim_is_won_once, .exhaustive = true) {
    begin();
    for (uintptr_t i = 0; i < 3; i++) explore_thread(claim, (void *)i);
    explore_join();
    explore_assert(seen[0] + seen[1] + seen[2] == 1);
}
