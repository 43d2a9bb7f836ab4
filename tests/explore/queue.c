/* SPDX-License-Identifier: MIT */
/* queue.c - a worker's queue explored: its owner against thieves.
 *
 * Property (Q1): each record is taken once, by somebody, as it was written. The owner sees records in the order in
 * which it put them (a thief that steals twice may get later ones first). A schedule that would break it, without the
 * pair of barriers: owner: head = 1 (still in its store buffer)   reads attention: CALM     takes record 0 thief:
 * attention = THIEF                      reads head: 0             takes record 0
 */
#include <string.h>

#include "engine/explore.h"
#include "lockfree/queue.h"

enum { PARTIES = 3, MOST_RECORDS = 8 };

static wefti_depot depot;
static wefti_queue queues[PARTIES];
static struct party { uint32_t last, got; } parties[PARTIES];
static WEFTI_ATOMIC(uint32_t) taken_by[MOST_RECORDS + 1]; /* 0: nobody, else party + 1 */
static uint32_t put_count;

static void begin(void) {
    memset(&depot, 0, sizeof depot);
    memset(parties, 0, sizeof parties);
    put_count = 0;
    for (int i = 0; i <= MOST_RECORDS; i++) wefti_atomic_init(&taken_by[i], 0u);
    for (int i = 0; i < PARTIES; i++) explore_assert(wefti_queue_init(&queues[i], &depot));
    explore_name(&queues[0].head, "head");
    explore_name(&queues[0].attention, "attention");
    explore_name(&queues[0].lock, "lock");
    explore_name(&queues[0].pushed, "pushed");
    explore_name(&queues[0].taken, "taken");
    explore_name(&queues[0].stolen, "stolen");
    explore_name(&queues[1].lock, "thief's lock");
    explore_name(&queues[1].pushed, "thief's pushed");
    explore_name(&queues[1].taken, "thief's taken");
}

static void put(wefti_queue *queue, uint32_t id, uint32_t slots) {
    wefti_slot *room = wefti_queue_reserve(queue, slots);
    explore_assert(room != NULL);
    memset(room, 0, slots * sizeof *room);
    for (uint32_t i = 0; i < slots; i++) memcpy(room[i].bytes, &id, sizeof id);
    room->bytes[WEFTI_RECORD_LENGTH] = (unsigned char)slots;
    wefti_queue_publish(queue, slots);
    put_count++;
}

static bool take(unsigned me) {
    wefti_slot out[WEFTI_RECORD_MOST_SLOTS];
    uint32_t id, again, slots = wefti_queue_take(&queues[me], out);
    if (slots == 0) return false;
    memcpy(&id, out[0].bytes, sizeof id);
    memcpy(&again, out[slots - 1].bytes, sizeof again);
    explore_assert(id == again && id >= 1 && id <= MOST_RECORDS);
    explore_assert(wefti_exchange_relaxed(&taken_by[id], me + 1) == 0); /* Q1 */
    explore_assert(me != 0 || id > parties[me].last);
    parties[me].last = id;
    parties[me].got++;
    return true;
}

/* Looks at the front record first, as who forces a future does. true: it was taken, or a thief had it. */
static bool take_front(void) {
    const wefti_slot *front = wefti_queue_front(&queues[0]);
    if (front == NULL) return false;
    uint32_t id;
    memcpy(&id, front->bytes, sizeof id);
    explore_assert(id >= 1 && id <= MOST_RECORDS);
    if (!wefti_queue_take_front(&queues[0])) {
        explore_saw("a front record that a thief had");
        return true;
    }
    explore_assert(wefti_exchange_relaxed(&taken_by[id], 1u) == 0); /* Q1 */
    explore_assert(id > parties[0].last);
    parties[0].last = id;
    parties[0].got++;
    return true;
}

static void take_all(unsigned me) {
    while (take(me)) {
    }
}

/* Everybody has stopped: what is left, and that nothing is missing. */
static void finish(void) {
    explore_join();
    uint32_t got = 0;
    for (unsigned i = 0; i < PARTIES; i++) {
        take_all(i);
        got += parties[i].got;
        explore_assert(!wefti_queue_has_work(&queues[i]));
    }
    explore_assert(got == put_count);
    for (unsigned i = 0; i < PARTIES; i++) wefti_queue_end(&queues[i]);
    wefti_depot_end(&depot);
    explore_assert(explore_live_blocks() == 0);
}

static void steal(unsigned from, unsigned me) {
    if (wefti_queue_steal(&queues[from], &queues[me]) != 0) explore_saw("a theft");
}

/* ---- who does what ---- */

static void owner_takes_two(void *unused) {
    (void)unused;
    take(0);
    take(0);
}
static void owner_takes_all(void *unused) {
    (void)unused;
    take_all(0);
}
static void owner_puts_and_takes(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 4; id++) {
        put(&queues[0], id, 1);
        if (id % 2 == 0) take(0);
    }
    take_all(0);
}
static void owner_takes_fronts(void *unused) {
    (void)unused;
    while (take_front()) take(0);
}
static void owner_puts_and_takes_fronts(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 7; id++) {
        put(&queues[0], id, 1);
        if (id % 3 == 0) take_front();
    }
    while (take_front()) {
    }
}
static void owner_puts_all_then_takes(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 7; id++) put(&queues[0], id, 1);
    take_all(0);
}
static void owner_puts_long_ones(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 5; id++) {
        put(&queues[0], id, 1 + id % 2);
        if (id == 3) take(0);
    }
    take_all(0);
}
static void owner_goes_round(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 8; id++) { /* uses its chunks again and again */
        put(&queues[0], id, 2);
        if (id != 4) take(0);
    }
}
static void thief_1(void *unused) {
    (void)unused;
    steal(0, 1);
    take_all(1);
}
static void thief_1_twice(void *unused) {
    (void)unused;
    steal(0, 1);
    take(1);
    steal(0, 1);
    take_all(1);
}
static void thief_2(void *unused) {
    (void)unused;
    steal(0, 2);
    take_all(2);
}
static void thief_2_of_thief(void *unused) {
    (void)unused;
    steal(1, 2);
    take_all(2);
    steal(0, 2);
    take_all(2);
}
static void look(const wefti_slot *record, void *argument) {
    uint32_t id;
    memcpy(&id, record->bytes, sizeof id);
    explore_assert(id >= 1 && id <= MOST_RECORDS);
    ++*(uint32_t *)argument;
}
static void walker(void *unused) {
    (void)unused;
    uint32_t seen = 0;
    wefti_queue_walk(&queues[0], MOST_RECORDS, look, &seen);
    explore_assert(seen <= MOST_RECORDS);
}

/* ---- tests ---- */

EXPLORE(one_record_is_taken_once, .exhaustive = true, .preemptions = 3) {
    begin();
    put(&queues[0], 1, 1);
    explore_thread(owner_takes_all, NULL);
    explore_thread(thief_1, NULL);
    finish();
}
EXPLORE(of_two_records_owner_and_thief_get_one_each, .exhaustive = true, .preemptions = 2, .stale = 3) {
    begin();
    put(&queues[0], 1, 1);
    put(&queues[0], 2, 1);
    explore_thread(owner_takes_two, NULL);
    explore_thread(thief_1, NULL);
    finish();
}
EXPLORE(a_front_record_is_taken_once, .exhaustive = true, .preemptions = 2, .stale = 3) {
    begin();
    put(&queues[0], 1, 1);
    put(&queues[0], 2, 1);
    explore_thread(owner_takes_fronts, NULL);
    explore_thread(thief_1, NULL);
    finish();
}
EXPLORE(owner_takes_fronts_while_two_steal, ) {
    begin();
    explore_thread(owner_puts_and_takes_fronts, NULL);
    explore_thread(thief_1_twice, NULL);
    explore_thread(thief_2, NULL);
    finish();
}
EXPLORE(owner_puts_and_takes_while_one_steals, ) {
    begin();
    explore_thread(owner_puts_and_takes, NULL);
    explore_thread(thief_1_twice, NULL);
    finish();
}
EXPLORE(owner_takes_while_two_steal, ) {
    begin();
    for (uint32_t id = 1; id <= 5; id++) put(&queues[0], id, 1);
    explore_thread(owner_takes_all, NULL);
    explore_thread(thief_1, NULL);
    explore_thread(thief_2, NULL);
    finish();
}
EXPLORE(thieves_unlink_whole_chunks, ) {
    begin();
    explore_thread(owner_puts_all_then_takes, NULL);
    explore_thread(thief_1_twice, NULL);
    explore_thread(thief_2, NULL);
    finish();
}
EXPLORE(records_of_two_slots_are_taken_once, ) {
    begin();
    explore_thread(owner_puts_long_ones, NULL);
    explore_thread(thief_1_twice, NULL);
    finish();
}
EXPLORE(recycled_chunks_are_not_mistaken, ) {
    begin();
    explore_thread(owner_goes_round, NULL);
    explore_thread(thief_1_twice, NULL);
    explore_thread(thief_2, NULL);
    finish();
}
EXPLORE(a_thief_is_robbed, ) {
    begin();
    for (uint32_t id = 1; id <= 5; id++) put(&queues[0], id, 1);
    explore_thread(owner_takes_two, NULL);
    explore_thread(thief_1, NULL);
    explore_thread(thief_2_of_thief, NULL);
    finish();
}
EXPLORE(a_walker_sees_records_only, ) {
    begin();
    explore_thread(owner_puts_and_takes, NULL);
    explore_thread(thief_1, NULL);
    explore_thread(walker, NULL);
    finish();
}

/* ---- the sleeper's last look: has_work after a heavy barrier misses nothing ---- */

static WEFTI_ATOMIC(uint32_t) sleeping;
static wefti_futex bed;

static void giver(void *unused) {
    (void)unused;
    put(&queues[0], 1, 1);
    put(&queues[0], 2, 1);
    take(0);
    wefti_light_barrier();
    if (wefti_load_relaxed(&sleeping) == 0) return;
    wefti_store_relaxed(&bed, 1u);
    wefti_futex_wake(&bed, 1);
}
static void sleeper(void *unused) {
    (void)unused;
    wefti_store_relaxed(&sleeping, 1u);
    wefti_heavy_barrier();
    if (!wefti_queue_has_work(&queues[0])) wefti_futex_wait(&bed, 0, INT64_MAX);
}
EXPLORE(the_last_look_before_sleep_misses_nothing, ) {
    begin();
    wefti_atomic_init(&sleeping, 0u);
    wefti_atomic_init(&bed, 0u);
    explore_thread(giver, NULL);
    explore_thread(sleeper, NULL);
    finish();
}

/* ---- has_work never says no while there is something: what is gone is never seen before what had come ---- */

static WEFTI_ATOMIC(uint32_t) first_is_in, both_are_in;

static void put_and_tell(uint32_t first, uint32_t last) {
    for (uint32_t id = 1; id <= last; id++) {
        put(&queues[0], id, 1);
        if (id == first) wefti_store_release(&first_is_in, 1u);
    }
    wefti_store_release(&both_are_in, 1u);
}
static void owner_takes_one_of_two(void *unused) {
    (void)unused;
    put_and_tell(1, 2);
    take(0);
}
static void owner_takes_the_front_of_two(void *unused) {
    (void)unused;
    put_and_tell(1, 2);
    take_front();
}
static void owner_takes_the_front_of_three(void *unused) {
    (void)unused;
    put_and_tell(1, 3);
    take_front();
}
static void owner_puts_two(void *unused) {
    (void)unused;
    put_and_tell(1, 2);
}
static void owner_puts_seven(void *unused) { /* three chunks: the thief unlinks the one in the middle */
    (void)unused;
    put_and_tell(3, 7);
}
static void thief_waits_and_steals(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&both_are_in) == 0) wefti_pause();
    steal(0, 1);
}
static void looker(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&first_is_in) == 0) wefti_pause();
    explore_assert(wefti_queue_has_work(&queues[0]));
}
static void begin_never_empty(void) {
    begin();
    wefti_atomic_init(&first_is_in, 0u);
    wefti_atomic_init(&both_are_in, 0u);
}
EXPLORE(a_queue_that_the_owner_never_empties_never_seems_empty, ) {
    begin_never_empty();
    explore_thread(owner_takes_one_of_two, NULL);
    explore_thread(looker, NULL);
    finish();
}
EXPLORE(a_queue_whose_front_the_owner_takes_never_seems_empty, ) {
    begin_never_empty();
    explore_thread(owner_takes_the_front_of_two, NULL);
    explore_thread(looker, NULL);
    finish();
}
EXPLORE(a_queue_whose_front_is_disputed_never_seems_empty, ) {
    begin_never_empty();
    explore_thread(owner_takes_the_front_of_three, NULL);
    explore_thread(thief_waits_and_steals, NULL);
    explore_thread(looker, NULL);
    finish();
}
EXPLORE(a_queue_that_a_thief_does_not_empty_never_seems_empty, ) {
    begin_never_empty();
    explore_thread(owner_puts_two, NULL);
    explore_thread(thief_waits_and_steals, NULL);
    explore_thread(looker, NULL);
    finish();
}
EXPLORE(a_queue_that_loses_a_whole_chunk_never_seems_empty, ) {
    begin_never_empty();
    explore_thread(owner_puts_seven, NULL);
    explore_thread(thief_waits_and_steals, NULL);
    explore_thread(looker, NULL);
    finish();
}
