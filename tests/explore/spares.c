/* SPDX-License-Identifier: MIT */
/* spares.c - the memory of futures explored: sched/spares.c, with slabs of three blocks, two of which a worker keeps.
 *
 * Property: a block has one owner, who sees what the one before wrote, wherever it went in between; when all is given
 * back, all of it lies in the depot. Without the lock where a slab goes back to the system:
 *     trims: takes a whole slab out      forgets its pages, and links it
 *     takes:             takes the same slab, and writes to it
 */
#include "sched/spares.h"
#include "engine/explore.h"

enum { HANDED = 4 };

static WEFTI_ATOMIC(wefti_spare *) handed[HANDED];
static WEFTI_ATOMIC(size_t) mapped;
static WEFTI_ATOMIC(int) live;

/* ---- what the core calls ---- */

void *wefti_pages_map(size_t size) {
    wefti_add_relaxed(&mapped, (size_t)1); /* relaxed: read when all have ended */
    return explore_alloc(size);
}

/* A page is as long as a block here. What was in it is gone, so whoever still uses it is found. */
size_t wefti_page_size(void) { return WEFTI_SPARE_SIZE; }

void wefti_pages_forget(void *pages, size_t size) {
    explore_saw("memory given back");
    for (size_t i = 0; i < size / sizeof(uint64_t); i++) ((uint64_t *)pages)[i] = 0;
}

void wefti_count_live(int change);
void wefti_count_live(int change) { wefti_add_relaxed(&live, change); /* relaxed: read when all have ended */ }

/* ---- those who take and give ---- */

static void begin(void) {
    wefti_spares_of_all = (wefti_spare_depot){.some = NULL};
    wefti_atomic_init(&wefti_spares_of_all.lock, 0u);
    for (int i = 0; i < HANDED; i++) wefti_atomic_init(&handed[i], NULL);
    wefti_atomic_init(&mapped, (size_t)0);
    wefti_atomic_init(&live, 0);
    explore_name(&wefti_spares_of_all.lock, "depot");
}

/* Two owners at once would be a race here. */
static void use(void *block, uint64_t value) {
    uint64_t *words = block;
    for (size_t i = 2; i < 4; i++) words[i] = value;
    for (size_t i = 2; i < 4; i++) explore_assert(words[i] == value);
}

/* As a worker that makes as many futures, forces them, and ends. */
static void take_and_give(size_t count, uint64_t value) {
    wefti_spares mine = {.count = 0};
    void *taken[6];
    for (size_t i = 0; i < count; i++) use(taken[i] = wefti_spare_take(&mine), value + i);
    for (size_t i = 0; i < count; i++) {
        use(taken[i], value);
        wefti_spare_give(&mine, taken[i]);
    }
    wefti_spares_end(&mine);
}

static void work(void *count) { take_and_give((size_t)(uintptr_t)count, explore_self() * 100); }

static void work_twice(void *count) {
    work(count);
    work(count);
}

static void trim(void *unused) {
    (void)unused;
    wefti_spares_trim();
}

static void take_one(void *unused) {
    (void)unused;
    void *taken = wefti_spare_take_one();
    use(taken, 70);
    wefti_spare_give_one(taken);
}

/* Makes futures that another forces. */
static void make(void *unused) {
    (void)unused;
    wefti_spares mine = {.count = 0};
    for (uint64_t i = 0; i < HANDED; i++) {
        wefti_spare *taken = wefti_spare_take(&mine);
        use(taken, i);
        mine.live++;
        wefti_store_release(&handed[i], taken);
    }
    wefti_spares_end(&mine);
}

static void force(void *unused) {
    (void)unused;
    wefti_spares mine = {.count = 0};
    for (int i = 0; i < HANDED; i++) {
        wefti_spare *taken = wefti_load_acquire(&handed[i]);
        if (taken == NULL) continue;
        wefti_store_relaxed(&handed[i], (wefti_spare *)NULL);
        use(taken, 50);
        mine.live--;
        wefti_spare_give(&mine, taken);
        explore_saw("one that another has made");
    }
    wefti_spares_end(&mine);
}

/* ---- the end ---- */

static size_t free_in(const wefti_slab *list) {
    size_t blocks = 0;
    for (const wefti_slab *one = list; one != NULL; one = one->next) {
        uint32_t linked = 0;
        for (const wefti_spare *block = one->free; block != NULL; block = block->next) linked++;
        explore_assert(linked == one->count && linked > 0 && linked < WEFTI_SLAB_BLOCKS);
        blocks += linked;
    }
    return blocks;
}

static size_t length(const wefti_slab *list) {
    size_t slabs = 0;
    for (; list != NULL; list = list->next) slabs++;
    return slabs;
}

static size_t slabs(void) { return wefti_load_relaxed(&mapped) * WEFTI_SLABS_AT_ONCE; }

/* So many blocks are missing, and no more. */
static void check_depot(size_t missing) {
    const wefti_spare_depot *depot = &wefti_spares_of_all;
    size_t whole = length(depot->whole), all = slabs() * WEFTI_SLAB_BLOCKS;
    explore_assert(whole == depot->whole_count);
    explore_assert(free_in(depot->some) + (whole + length(depot->bare)) * WEFTI_SLAB_BLOCKS + missing == all);
}

#define COUNT(count) ((void *)(uintptr_t)(count))

EXPLORE(a_block_has_one_owner, .exhaustive = true, .preemptions = 3) {
    begin();
    explore_thread(work, COUNT(3));
    explore_thread(work, COUNT(2));
    explore_join();
    check_depot(0);
}

EXPLORE(workers_that_end_and_begin_find_what_others_gave, .share = 20) {
    begin();
    explore_thread(work_twice, COUNT(4));
    explore_thread(work_twice, COUNT(3));
    explore_thread(work, COUNT(5));
    explore_join();
    check_depot(0);
}

EXPLORE(what_goes_back_to_the_system_is_nobodys, .exhaustive = true, .preemptions = 2) {
    begin();
    take_and_give(4, 7);
    explore_thread(trim, NULL);
    explore_thread(work, COUNT(4));
    explore_join();
    check_depot(0);
}

EXPLORE(two_that_go_to_sleep_trim_at_once, .exhaustive = true, .preemptions = 1) {
    begin();
    take_and_give(5, 7);
    take_and_give(2, 7);
    explore_thread(trim, NULL);
    explore_thread(trim, NULL);
    explore_thread(take_one, NULL);
    explore_join();
    check_depot(0);
}

EXPLORE(plain_threads_take_one_by_one, .exhaustive = true, .preemptions = 1) {
    begin();
    explore_thread(take_one, NULL);
    explore_thread(take_one, NULL);
    explore_thread(work, COUNT(2));
    explore_join();
    check_depot(0);
}

EXPLORE(what_one_makes_another_frees, .exhaustive = true, .preemptions = 2, .stale = 1) {
    begin();
    explore_thread(make, NULL);
    explore_thread(force, NULL);
    explore_join();
    size_t left = 0;
    for (int i = 0; i < HANDED; i++)
        if (wefti_load_relaxed(&handed[i]) != NULL) left++; /* relaxed: all have ended */
    check_depot(left);
    explore_assert(wefti_load_relaxed(&live) == (int)left);
}
