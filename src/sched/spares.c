/* SPDX-License-Identifier: MIT */
/* spares.c - the depot of spare blocks, its slabs, and a worker's way to it. The idea is in spares.h. */
#include "sched/spares.h"

#include <pthread.h>

#include "base/live.h"
#include "os/os.h"

enum { TRIMMED_AT_ONCE = 64 };

_Static_assert(sizeof(wefti_slab) <= WEFTI_SPARE_SIZE, "the head takes the place of one block");

wefti_spare_depot wefti_spares_of_all;
static wefti_spare_depot *const depot = &wefti_spares_of_all;

static char *blocks_of(wefti_slab *one) { return (char *)one + WEFTI_SPARE_SIZE; }

static wefti_slab *slab_of(void *block) { return (wefti_slab *)((uintptr_t)block & ~(uintptr_t)(WEFTI_SLAB - 1)); }

/* ---- slabs; all with the lock held ---- */

static void link_some(wefti_slab *one) {
    one->prev = NULL;
    one->next = depot->some;
    if (one->next != NULL) one->next->prev = one;
    depot->some = one;
}

static void unlink_some(wefti_slab *one) {
    if (one->prev != NULL)
        one->prev->next = one->next;
    else
        depot->some = one->next;
    if (one->next != NULL) one->next->prev = one->prev;
}

static void put_whole(wefti_slab *one) {
    one->free = NULL;
    one->count = 0;
    one->next = depot->whole;
    depot->whole = one;
    depot->whole_count++;
}

static void put_block(wefti_spare *block) {
    wefti_slab *one = slab_of(block);
    block->next = one->free;
    one->free = block;
    if (one->count++ == 0) link_some(one);
    if (one->count < WEFTI_SLAB_BLOCKS) return;
    unlink_some(one);
    put_whole(one);
}

static wefti_slab *take_whole(void) {
    wefti_slab *one = depot->whole;
    if (one != NULL) {
        depot->whole = one->next;
        depot->whole_count--;
        return one;
    }
    one = depot->bare;
    if (one != NULL) depot->bare = one->next;
    return one;
}

/* ---- more slabs ---- */

static bool grow(void) {
    char *memory = wefti_pages_map((size_t)WEFTI_SLAB * (WEFTI_SLABS_AT_ONCE + 1));
    if (memory == NULL) return false;
    char *at = (char *)(((uintptr_t)memory + WEFTI_SLAB - 1) & ~(uintptr_t)(WEFTI_SLAB - 1));
    wefti_spin_lock(&depot->lock);
    for (int i = WEFTI_SLABS_AT_ONCE; i-- > 0;) put_whole((wefti_slab *)(void *)(at + (size_t)i * WEFTI_SLAB));
    wefti_spin_unlock(&depot->lock);
    return true;
}

/* All free blocks of a slab, linked, or else a whole slab; NULL: there is none. */
static wefti_spare *take_some(uint32_t *count, wefti_slab **whole) {
    wefti_spin_lock(&depot->lock);
    wefti_slab *one = depot->some;
    wefti_spare *taken = NULL;
    *whole = NULL;
    if (one != NULL) {
        unlink_some(one);
        taken = one->free;
        *count = one->count;
        one->free = NULL;
        one->count = 0;
    } else {
        *whole = take_whole();
    }
    wefti_spin_unlock(&depot->lock);
    return taken;
}

/* ---- a worker ---- */

static wefti_spare *take_from_depot(wefti_spares *spares, uint32_t *count) {
    wefti_slab *whole;
    wefti_spare *taken;
    while ((taken = take_some(count, &whole)) == NULL && whole == NULL)
        if (!grow()) return NULL;
    if (taken != NULL) return taken;
    spares->fresh = blocks_of(whole);
    spares->fresh_end = (char *)whole + WEFTI_SLAB;
    return NULL;
}

void *wefti_spare_take_more(wefti_spares *spares) {
    if (WEFTI_ASAN) return malloc(WEFTI_SPARE_SIZE);
    if (spares->previous != NULL) {
        spares->current = spares->previous;
        spares->previous = NULL;
        spares->count = WEFTI_SPARES_MOST;
        return wefti_spare_take(spares);
    }
    uint32_t count;
    if (spares->fresh == spares->fresh_end && (spares->current = take_from_depot(spares, &count)) != NULL) {
        spares->count = count;
        return wefti_spare_take(spares);
    }
    if (spares->fresh == spares->fresh_end) return NULL;
    void *taken = spares->fresh;
    spares->fresh += WEFTI_SPARE_SIZE;
    return taken;
}

static void give_all(wefti_spare *list) {
    if (list == NULL) return;
    wefti_spin_lock(&depot->lock);
    for (wefti_spare *next; list != NULL; list = next) {
        next = list->next;
        put_block(list);
    }
    wefti_spin_unlock(&depot->lock);
}

/* Current is full. It may hold more, from a slab, the first time: those that are beyond go as well. */
void wefti_spare_give_more(wefti_spares *spares) {
    give_all(spares->previous);
    wefti_spare *last = spares->current;
    for (uint32_t i = 1; i < WEFTI_SPARES_MOST; i++) last = last->next;
    give_all(last->next);
    last->next = NULL;
    spares->previous = spares->current;
    spares->current = NULL;
    spares->count = 0;
}

/* Those between the two, linked. */
static wefti_spare *link_fresh(char *at, const char *end) {
    wefti_spare *list = NULL;
    for (; at != end; at += WEFTI_SPARE_SIZE) {
        wefti_spare *block = (wefti_spare *)(void *)at;
        block->next = list;
        list = block;
    }
    return list;
}

void wefti_spares_end(wefti_spares *spares) {
    give_all(spares->current);
    give_all(spares->previous);
    give_all(link_fresh(spares->fresh, spares->fresh_end));
    wefti_count_live(spares->live);
    *spares = (wefti_spares){.live = 0};
}

/* ---- plain threads ---- */

/* Lock held. NULL: there is none. */
static wefti_spare *pop_block(void) {
    wefti_slab *one = depot->some;
    if (one == NULL) return NULL;
    wefti_spare *taken = one->free;
    one->free = taken->next;
    if (--one->count == 0) unlink_some(one);
    return taken;
}

void *wefti_spare_take_one(void) {
    if (WEFTI_ASAN) return malloc(WEFTI_SPARE_SIZE);
    wefti_spin_lock(&depot->lock);
    wefti_spare *taken = pop_block();
    wefti_spin_unlock(&depot->lock);
    if (taken != NULL) return taken;
    wefti_spares mine = {.count = 0};
    taken = wefti_spare_take(&mine);
    wefti_spares_end(&mine); /* most of a slab, once */
    return taken;
}

void wefti_spare_give_one(void *block) {
    if (WEFTI_ASAN) {
        free(block);
        return;
    }
    ((wefti_spare *)block)->next = NULL;
    give_all(block);
}

/* ---- giving back ---- */

static wefti_slab *take_superfluous(void) {
    wefti_slab *list = NULL;
    wefti_spin_lock(&depot->lock);
    for (int i = 0; i < TRIMMED_AT_ONCE && depot->whole_count > WEFTI_SLABS_KEPT; i++) {
        wefti_slab *one = take_whole();
        one->next = list;
        list = one;
    }
    wefti_spin_unlock(&depot->lock);
    return list;
}

void wefti_spares_trim(void) {
    for (wefti_slab *one = take_superfluous(), *next; one != NULL; one = next) {
        next = one->next;
        size_t page = wefti_page_size();
        if (page < WEFTI_SLAB) wefti_pages_forget((char *)one + page, WEFTI_SLAB - page);
        wefti_spin_lock(&depot->lock);
        one->next = depot->bare;
        depot->bare = one;
        wefti_spin_unlock(&depot->lock);
    }
}

/* ---- fork ---- */

static void hold(void) { wefti_spin_lock(&depot->lock); }

static void let_go(void) { wefti_spin_unlock(&depot->lock); }

/* The child has the depot as it was between two uses; what workers had of their own is lost with them. */
__attribute__((constructor)) static void introduce(void) { pthread_atfork(hold, let_go, let_go); }
