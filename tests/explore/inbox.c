/* SPDX-License-Identifier: MIT */
/* inbox.c - the inbox explored: producers at one end, workers at the other.
 *
 * Property: each record that was accepted is taken once, as it was written, and by each worker in the order in which it
 * came in; a closed inbox accepts none; the last look before sleep misses none.
 */
#include <string.h>

#include "engine/explore.h"
#include "lockfree/inbox.h"

enum { WORKERS = 2, MOST_RECORDS = 8 };

static wefti_depot depot;
static wefti_inbox inbox;
static wefti_queue queues[WORKERS];
static WEFTI_ATOMIC(uint32_t) taken_by[MOST_RECORDS + 1];
static uint32_t last_of[WORKERS][2]; /* of each producer: its ids are odd or even */
static bool accepted[MOST_RECORDS + 1];

static void begin(void) {
    memset(&depot, 0, sizeof depot);
    memset(accepted, 0, sizeof accepted);
    memset(last_of, 0, sizeof last_of);
    for (int i = 0; i <= MOST_RECORDS; i++) wefti_atomic_init(&taken_by[i], 0u);
    explore_assert(wefti_inbox_init(&inbox, &depot));
    for (int i = 0; i < WORKERS; i++) explore_assert(wefti_queue_init(&queues[i], &depot));
    explore_name(&inbox.push_lock, "push lock");
    explore_name(&inbox.take_lock, "take lock");
    explore_name(&inbox.pushed, "pushed");
    explore_name(&inbox.taken, "taken");
}

static void put(uint32_t id, uint32_t slots) {
    bool closed;
    wefti_slot *room = wefti_inbox_reserve(&inbox, slots, &closed, false);
    explore_assert((room == NULL) == closed);
    if (room == NULL) return;
    for (uint32_t i = 0; i < slots; i++) memcpy(room[i].bytes, &id, sizeof id);
    room->bytes[WEFTI_RECORD_LENGTH] = (unsigned char)slots;
    accepted[id] = true;
    wefti_inbox_publish(&inbox, slots);
}

static void check_record(unsigned me, const wefti_slot *out, uint32_t slots) {
    uint32_t id, again;
    memcpy(&id, out[0].bytes, sizeof id);
    memcpy(&again, out[slots - 1].bytes, sizeof again);
    explore_assert(id == again && id >= 1 && id <= MOST_RECORDS);
    explore_assert(wefti_exchange_relaxed(&taken_by[id], me + 1) == 0);
    explore_assert(id > last_of[me][id % 2]);
    last_of[me][id % 2] = id;
}

static bool take(unsigned me) {
    wefti_slot out[WEFTI_RECORD_MOST_SLOTS];
    uint32_t slots = wefti_queue_take(&queues[me], out);
    if (slots == 0) return false;
    check_record(me, out, slots);
    return true;
}

static void take_all(unsigned me) {
    while (take(me)) {
    }
}

static void finish(void) {
    explore_join();
    for (unsigned i = 0; i < WORKERS; i++) take_all(i);
    while (wefti_inbox_has_work(&inbox)) {
        wefti_inbox_take(&inbox, &queues[0], WEFTI_CHUNK_SLOTS);
        take_all(0);
    }
    for (int id = 1; id <= MOST_RECORDS; id++) explore_assert(accepted[id] == (wefti_load_relaxed(&taken_by[id]) != 0));
    for (unsigned i = 0; i < WORKERS; i++) wefti_queue_end(&queues[i]);
    wefti_inbox_end(&inbox);
    wefti_depot_end(&depot);
    explore_assert(explore_live_blocks() == 0);
}

/* ---- who does what ---- */

static void odd_producer(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 7; id += 2) put(id, 1);
}
static void even_producer(void *unused) {
    (void)unused;
    for (uint32_t id = 2; id <= 8; id += 2) put(id, 1 + id / 2 % 2);
}
static void producer_of_one(void *unused) {
    (void)unused;
    put(1, 1);
}
static void producer_of_four(void *unused) {
    (void)unused;
    for (uint32_t id = 1; id <= 4; id++) put(id, 1);
}
static void batch_worker(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++)
        if (wefti_inbox_take(&inbox, &queues[0], 2) > 0) take_all(0);
}
static void chunk_worker(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++)
        if (wefti_inbox_take(&inbox, &queues[1], WEFTI_CHUNK_SLOTS) > 0) explore_saw("a share");
    take_all(1);
}
/* Takes as a worker takes tasks of low priority: one by one, past its queue. */
static void single_taker(void *of) {
    unsigned me = (unsigned)(uintptr_t)of;
    wefti_slot out[WEFTI_RECORD_MOST_SLOTS];
    for (int i = 0; i < 3; i++) {
        uint32_t slots = wefti_inbox_take_one(&inbox, &queues[me], out);
        if (slots == 0) continue;
        explore_saw("a single record");
        check_record(me, out, slots);
    }
}
static void closer(void *unused) {
    (void)unused;
    wefti_inbox_close(&inbox);
    uint64_t pushed = wefti_load_relaxed(&inbox.pushed);
    wefti_inbox_take(&inbox, &queues[1], 1);
    explore_assert(wefti_load_relaxed(&inbox.pushed) == pushed);
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
    wefti_inbox_walk(&inbox, MOST_RECORDS, look, &seen);
}

/* ---- tests ---- */

EXPLORE(one_record_comes_through, .exhaustive = true, .preemptions = 2, .stale = 3) {
    begin();
    explore_thread(producer_of_one, NULL);
    explore_thread(batch_worker, NULL);
    finish();
}
EXPLORE(two_producers_and_one_worker, ) {
    begin();
    explore_thread(odd_producer, NULL);
    explore_thread(even_producer, NULL);
    explore_thread(batch_worker, NULL);
    finish();
}
EXPLORE(two_workers_take_batches_and_chunks, ) {
    begin();
    explore_thread(odd_producer, NULL);
    explore_thread(batch_worker, NULL);
    explore_thread(chunk_worker, NULL);
    finish();
}
EXPLORE(two_workers_empty_a_full_inbox, ) {
    begin();
    odd_producer(NULL);
    even_producer(NULL);
    explore_thread(batch_worker, NULL);
    explore_thread(chunk_worker, NULL);
    finish();
}
/* The second to take may take a record that came after its look at `pushed`: only `fill` tells it of that. */
EXPLORE(two_workers_take_single_records, ) {
    begin();
    explore_thread(producer_of_four, NULL);
    for (uintptr_t i = 0; i < WORKERS; i++) explore_thread(single_taker, (void *)i);
    finish();
}
EXPLORE(a_closed_inbox_takes_no_more, ) {
    begin();
    explore_thread(producer_of_four, NULL);
    explore_thread(closer, NULL);
    finish();
}
EXPLORE(a_walker_of_the_inbox_sees_records_only, ) {
    begin();
    explore_thread(producer_of_four, NULL);
    explore_thread(chunk_worker, NULL);
    explore_thread(walker, NULL);
    finish();
}

/* ---- the sleeper's last look ---- */

static WEFTI_ATOMIC(uint32_t) sleeping;
static wefti_futex bed;

static void giver(void *unused) {
    (void)unused;
    put(1, 1);
    wefti_light_barrier();
    if (wefti_load_relaxed(&sleeping) == 0) return;
    wefti_store_relaxed(&bed, 1u);
    wefti_futex_wake(&bed, 1);
}
static void sleeper(void *unused) {
    (void)unused;
    if (wefti_inbox_take(&inbox, &queues[0], 1) > 0) return;
    wefti_store_relaxed(&sleeping, 1u);
    wefti_heavy_barrier();
    if (!wefti_inbox_has_work(&inbox)) wefti_futex_wait(&bed, 0, INT64_MAX);
    wefti_inbox_take(&inbox, &queues[0], 1);
}
EXPLORE(the_last_look_at_the_inbox_misses_nothing, ) {
    begin();
    wefti_atomic_init(&sleeping, 0u);
    wefti_atomic_init(&bed, 0u);
    explore_thread(giver, NULL);
    explore_thread(sleeper, NULL);
    finish();
}

/* ---- has_work never says no while there is something ---- */

static WEFTI_ATOMIC(uint32_t) first_is_in, both_are_in;

static void give_two(void *unused) {
    (void)unused;
    put(1, 1);
    wefti_store_release(&first_is_in, 1u);
    put(2, 1);
    wefti_store_release(&both_are_in, 1u);
}
static void take_the_first(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&both_are_in) == 0) wefti_pause();
    wefti_inbox_take(&inbox, &queues[0], 1);
}
static void take_the_first_alone(void *unused) {
    (void)unused;
    wefti_slot out[WEFTI_RECORD_MOST_SLOTS];
    while (wefti_load_acquire(&both_are_in) == 0) wefti_pause();
    uint32_t slots = wefti_inbox_take_one(&inbox, &queues[0], out);
    explore_assert(slots == 1);
    check_record(0, out, slots);
}
static void looker(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&first_is_in) == 0) wefti_pause();
    explore_assert(wefti_inbox_has_work(&inbox));
}
EXPLORE(an_inbox_that_is_never_empty_never_seems_so, ) {
    begin();
    wefti_atomic_init(&first_is_in, 0u);
    wefti_atomic_init(&both_are_in, 0u);
    explore_thread(give_two, NULL);
    explore_thread(take_the_first, NULL);
    explore_thread(looker, NULL);
    finish();
}
EXPLORE(an_inbox_that_single_takes_do_not_empty_never_seems_empty, ) {
    begin();
    wefti_atomic_init(&first_is_in, 0u);
    wefti_atomic_init(&both_are_in, 0u);
    explore_thread(give_two, NULL);
    explore_thread(take_the_first_alone, NULL);
    explore_thread(looker, NULL);
    finish();
}
