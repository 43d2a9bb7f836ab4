/* SPDX-License-Identifier: MIT */
/* stack.c - stacks in slabs.
 *
 * Terms: a slab is one mapping with `count` stacks. Of these the first `made` have been taken at least once, and the
 * first `guarded` have a guard; guards are made some stacks ahead, and where many are used their first pages too, since
 * the system does many of them at a better price. A slab has two lists of its free stacks, threaded through `links`:
 * WARM ones, which kept their memory, and COLD ones. The pool has, for both kinds, a list of the slabs whose list is
 * not empty.
 *
 * Invariants, under the lock:
 * - I1: links[i] is TAKEN exactly while stack i is in use, for i < made. Others hold the next stack of their list, or
 *   NONE.
 * - I2: a slab is in pool->with[kind] exactly while its list free[kind] is not empty.
 * - I3: pool->warm is the number of free stacks that are WARM.
 * - I4: all slabs but the newest have made == count.
 *
 * What walkers read without the lock is atomic: slabs are only ever appended, each published with release when it is
 * complete; then `made` and `links`, relaxed, where any value they find is one that was true a moment ago.
 */
#include "fiber/stack.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "cpu/divert.h"
#include "os/os.h"

enum { FIRST_STACKS = 16, MOST_STACKS = 1024, GUARDS_AHEAD = 64, KEPT_STACKS = 4096, MANY_STACKS = 1024 };
/* With fewer pages to a stack (the smallest stacks on systems with large pages) there is none left over for a guard. */
enum { FEWEST_PAGES = 4, SMALLEST_PAGE = 4096 };
/* Room for a debugger's report, and some handlers. It is address space, not memory. */
enum { LARGEST_SPARE = 32 * 1024, SMALLEST_SPARE = 16 * 1024, SPARE_PART = 8 };
#define MOST_SLAB_BYTES ((size_t)256 << 20)

enum { NONE = 0x10000, TAKEN = 0x20000 }; /* beyond any index */
enum { WARM, COLD, KINDS };

typedef struct wefti_stack_slab {
    char *base;
    uint32_t first; /* number of the first stack */
    uint32_t count;
    uint32_t free[KINDS];
    bool refused;    /* no guards from `guarded` on */
    size_t mappings; /* that guards have cost */
    WEFTI_ATOMIC(uint32_t) guarded;
    WEFTI_ATOMIC(uint32_t) made;
    WEFTI_ATOMIC(struct wefti_stack_slab *) newer;
    struct wefti_stack_slab *next_with[KINDS];
    WEFTI_ATOMIC(uint32_t) links[];
} slab;

struct wefti_stack_pool {
    pthread_mutex_t lock;
    size_t stack_size;
    size_t page;
    size_t spare;
    size_t keep;
    size_t warm;
    bool unguarded;
    bool never_forgets;
    WEFTI_ATOMIC(bool) stays; /* relaxed: set while the pool is used, read when nobody does any more */
    WEFTI_ATOMIC(slab *) oldest;
    slab *newest;
    slab *with[KINDS];
    slab **sorted; /* by address */
    size_t sorted_room;
    WEFTI_ATOMIC(size_t) slabs;
    WEFTI_ATOMIC(size_t) made;
    WEFTI_ATOMIC(size_t) in_use;
    WEFTI_ATOMIC(size_t) no_guard;
    WEFTI_ATOMIC(size_t) bytes;
};

/* ---- the pool ---- */

static size_t spare_of(size_t stack_size) {
    size_t part = stack_size / SPARE_PART;
    return WEFTI_CAN_DIVERT && part >= SMALLEST_SPARE ? WEFTI_MIN(part, (size_t)LARGEST_SPARE) : 0;
}

wefti_stack_pool *wefti_stack_pool_make(size_t stack_size) {
    wefti_stack_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->stack_size = stack_size;
    pool->page = wefti_page_size();
    pool->keep = KEPT_STACKS;
    pool->spare = spare_of(stack_size);
    if (stack_size < FEWEST_PAGES * pool->page) pool->unguarded = pool->never_forgets = true;
    return pool;
}

void wefti_stack_pool_keep(wefti_stack_pool *pool, size_t stacks) { pool->keep = stacks; }

void wefti_stack_pool_unguarded(wefti_stack_pool *pool) { pool->unguarded = true; }

size_t wefti_stack_size_of(const wefti_stack_pool *pool) { return pool->stack_size; }

void wefti_stack_pool_stays(wefti_stack_pool *pool) { wefti_store_relaxed(&pool->stays, true); }

void wefti_stack_pool_free(wefti_stack_pool *pool) {
    if (wefti_load_relaxed(&pool->stays)) return;
    slab *newer;
    for (slab *each = wefti_load_relaxed(&pool->oldest); each != NULL;
         each = newer) { /* relaxed: nobody else is here */
        newer = wefti_load_relaxed(&each->newer);
        wefti_pages_unmap(each->base, each->count * pool->stack_size);
        wefti_pages_guards_gone(each->mappings);
        free(each);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool->sorted);
    free(pool);
}

/* ---- making slabs ---- */

static uint32_t next_count(const wefti_stack_pool *pool) {
    size_t count = pool->newest != NULL ? (size_t)pool->newest->count * 2 : FIRST_STACKS;
    size_t most = WEFTI_MIN(MOST_SLAB_BYTES / pool->stack_size, (size_t)MOST_STACKS);
    return (uint32_t)WEFTI_MAX(WEFTI_MIN(count, most), (size_t)1);
}

/* Maps `bytes` on a multiple of `alignment`. */
static char *map_aligned(size_t bytes, size_t alignment, size_t page) {
    char *pages = wefti_pages_map(bytes);
    if (pages == NULL || ((uintptr_t)pages & (alignment - 1)) == 0) return pages;
    wefti_pages_unmap(pages, bytes);
    size_t spare = alignment - page;
    pages = wefti_pages_map(bytes + spare);
    if (pages == NULL) return NULL;
    size_t before = (size_t)(-(uintptr_t)pages & (alignment - 1));
    if (before > 0) wefti_pages_unmap(pages, before);
    if (before < spare) wefti_pages_unmap(pages + before + bytes, spare - before);
    return pages + before;
}

static bool make_room(wefti_stack_pool *pool) {
    size_t slabs = wefti_load_relaxed(&pool->slabs);
    if (slabs < pool->sorted_room) return true;
    size_t room = WEFTI_MAX(slabs * 2, (size_t)16);
    slab **sorted = realloc(pool->sorted, room * sizeof *sorted);
    if (sorted == NULL) return false;
    pool->sorted = sorted;
    pool->sorted_room = room;
    return true;
}

static void sort_in(wefti_stack_pool *pool, slab *new) {
    size_t place = wefti_load_relaxed(&pool->slabs);
    for (; place > 0 && pool->sorted[place - 1]->base > new->base; place--)
        pool->sorted[place] = pool->sorted[place - 1];
    pool->sorted[place] = new;
}

static void publish(wefti_stack_pool *pool, slab *new) {
    sort_in(pool, new);
    /* release: partner is the acquire in newer_slab, which then reads the fields of the slab. */
    if (pool->newest != NULL)
        wefti_store_release(&pool->newest->newer, new);
    else
        wefti_store_release(&pool->oldest, new); /* the same */
    pool->newest = new;
    wefti_add_relaxed(&pool->slabs, 1); /* relaxed, as all counts: for statistics, and changed under the lock */
    wefti_add_relaxed(&pool->bytes, new->count * pool->stack_size);
}

static slab *add_slab(wefti_stack_pool *pool) {
    uint32_t count = next_count(pool);
    slab *new = make_room(pool) ? malloc(sizeof *new + count * sizeof *new->links) : NULL;
    if (new == NULL) return NULL;
    memset(new, 0, sizeof *new);
    new->base = map_aligned(count * pool->stack_size, pool->stack_size, pool->page);
    if (new->base == NULL) {
        free(new);
        return NULL;
    }
    new->first = pool->newest != NULL ? pool->newest->first + pool->newest->count : 0;
    new->count = count;
    new->free[WARM] = new->free[COLD] = NONE;
    new->refused = pool->unguarded;
    publish(pool, new);
    return new;
}

/* ---- taking ---- */

static char *low_of(const wefti_stack_pool *pool, const slab *of, uint32_t index) {
    /* relaxed: `guarded` grows, but never past a stack that was made without */
    bool guarded = index < wefti_load_relaxed(&of->guarded);
    return of->base + index * pool->stack_size + (guarded ? pool->page + pool->spare : WEFTI_STACK_CANARY);
}

static void guard_ahead(wefti_stack_pool *pool, slab *of) {
    uint32_t guarded = wefti_load_relaxed(&of->guarded);
    size_t wanted = WEFTI_MIN(of->count - guarded, (uint32_t)GUARDS_AHEAD);
    char *first = of->base + guarded * pool->stack_size;
    size_t got = wefti_pages_guard_many(first, pool->page + pool->spare, pool->stack_size, wanted, &of->mappings);
    of->refused = got < wanted;
    wefti_store_relaxed(&of->guarded, guarded + (uint32_t)got);
    /* Where so many are used the next ones will be: the pages that their runners lie on, without a fault for each. */
    if (wefti_load_relaxed(&pool->made) >= MANY_STACKS)
        wefti_pages_populate_many(first + pool->stack_size - pool->page, pool->page, pool->stack_size, got);
}

static slab *slab_with_unmade(wefti_stack_pool *pool) {
    slab *newest = pool->newest;
    if (newest != NULL && wefti_load_relaxed(&newest->made) < newest->count) return newest;
    return add_slab(pool);
}

static char *take_fresh(wefti_stack_pool *pool, uint32_t *number) {
    slab *from = slab_with_unmade(pool);
    if (from == NULL) return NULL;
    uint32_t index = wefti_load_relaxed(&from->made);
    if (index == wefti_load_relaxed(&from->guarded) && !from->refused) guard_ahead(pool, from);
    if (index >= wefti_load_relaxed(&from->guarded)) wefti_add_relaxed(&pool->no_guard, 1);
    wefti_store_relaxed(&from->links[index], (uint32_t)TAKEN);
    wefti_store_release(&from->made, index + 1); /* partner: wefti_stack_walk_next, which then reads the link */
    wefti_add_relaxed(&pool->made, 1);
    *number = from->first + index;
    return low_of(pool, from, index);
}

/* Takes the first free stack of this kind. */
static slab *pop(wefti_stack_pool *pool, int kind, uint32_t *index) {
    slab *from = pool->with[kind];
    *index = from->free[kind];
    from->free[kind] = wefti_load_relaxed(&from->links[*index]);
    if (from->free[kind] == NONE) pool->with[kind] = from->next_with[kind];
    if (kind == WARM) pool->warm--;
    return from;
}

static char *take_used(wefti_stack_pool *pool, int kind, uint32_t *number) {
    uint32_t index;
    slab *from = pop(pool, kind, &index);
    wefti_store_relaxed(&from->links[index], (uint32_t)TAKEN);
    *number = from->first + index;
    return low_of(pool, from, index);
}

static char *take_best(wefti_stack_pool *pool, uint32_t *number) {
    if (pool->with[WARM] != NULL) return take_used(pool, WARM, number);
    if (pool->with[COLD] != NULL) return take_used(pool, COLD, number);
    return take_fresh(pool, number);
}

void *wefti_stack_take(wefti_stack_pool *pool, uint32_t *number) {
    pthread_mutex_lock(&pool->lock);
    char *low = take_best(pool, number);
    if (low != NULL) wefti_add_relaxed(&pool->in_use, 1);
    pthread_mutex_unlock(&pool->lock);
    return low;
}

/* ---- giving ---- */

/* The last slab that begins at or below the address. */
static slab *slab_around(const wefti_stack_pool *pool, const char *address) {
    size_t from = 0, to = wefti_load_relaxed(&pool->slabs);
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        if (pool->sorted[middle]->base <= address)
            from = middle;
        else
            to = middle;
    }
    return pool->sorted[from];
}

static void push(wefti_stack_pool *pool, int kind, slab *to, uint32_t index) {
    wefti_store_relaxed(&to->links[index], to->free[kind]);
    if (to->free[kind] == NONE) {
        to->next_with[kind] = pool->with[kind];
        pool->with[kind] = to;
    }
    to->free[kind] = index;
    if (kind == WARM) pool->warm++;
}

/* Gives memory back that the next user of the stack would have to be given anew. */
static void forget(const wefti_stack_pool *pool, const slab *of, uint32_t index) {
    char *base = of->base + index * pool->stack_size;
    size_t guard = low_of(pool, of, index) == base + pool->page ? pool->page : 0;
    wefti_pages_forget(base + guard, pool->stack_size - guard);
}

/* Forgets one free stack that is warm. Without the lock meanwhile: the stack is in no list, so it is ours. */
static void cool_one(wefti_stack_pool *pool) {
    uint32_t index;
    slab *of = pop(pool, WARM, &index);
    pthread_mutex_unlock(&pool->lock);
    forget(pool, of, index);
    pthread_mutex_lock(&pool->lock);
    push(pool, COLD, of, index);
}

void wefti_stack_pool_trim(wefti_stack_pool *pool, size_t most) {
    pthread_mutex_lock(&pool->lock);
    while (pool->warm > most && !pool->never_forgets) cool_one(pool);
    pthread_mutex_unlock(&pool->lock);
}

void wefti_stack_pool_close(wefti_stack_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->keep = SIZE_MAX;
    pthread_mutex_unlock(&pool->lock);
}

static uint32_t end_of_free(const slab *of, uint32_t index, uint32_t made) {
    while (index < made && wefti_load_relaxed(&of->links[index]) != TAKEN) index++;
    return index;
}

/* Guards stay what they are, of either kind. */
void wefti_stack_pool_forget(wefti_stack_pool *pool) {
    if (pool->never_forgets) return;
    pthread_mutex_lock(&pool->lock);
    /* relaxed, all: under the lock */
    for (const slab *each = wefti_load_relaxed(&pool->oldest); each != NULL; each = wefti_load_relaxed(&each->newer)) {
        uint32_t made = wefti_load_relaxed(&each->made);
        for (uint32_t from = 0, to; from < made; from = to + 1) {
            to = end_of_free(each, from, made);
            if (to > from) wefti_pages_forget(each->base + from * pool->stack_size, (to - from) * pool->stack_size);
        }
    }
    pthread_mutex_unlock(&pool->lock);
}

void wefti_stack_give(wefti_stack_pool *pool, void *low) {
    char *base = (char *)wefti_stack_top(low, pool->stack_size) - pool->stack_size;
    pthread_mutex_lock(&pool->lock);
    slab *to = slab_around(pool, base);
    push(pool, WARM, to, (uint32_t)((size_t)(base - to->base) / pool->stack_size));
    wefti_add_relaxed(&pool->in_use, (size_t)-1);
    if (pool->warm > pool->keep && !pool->never_forgets) cool_one(pool);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- the spare ---- */

size_t wefti_stack_spare(const wefti_stack_pool *pool, const void *low) {
    return wefti_stack_has_canary(low) ? 0 : pool->spare;
}

bool wefti_stack_open_spare(const wefti_stack_pool *pool, void *low) {
    return wefti_pages_open((char *)low - pool->spare, pool->spare);
}

void wefti_stack_close_spare(const wefti_stack_pool *pool, void *low) {
    wefti_pages_close((char *)low - pool->spare, pool->spare);
}

/* ---- looking ---- */

bool wefti_stack_has_canary(const void *low) { return (uintptr_t)low % SMALLEST_PAGE == WEFTI_STACK_CANARY; }

bool wefti_stack_check(const void *low) {
    if (!wefti_stack_has_canary(low)) return true;
    const volatile uint64_t *canary = (const uint64_t *)((const char *)low - WEFTI_STACK_CANARY);
    uint64_t found = 0;
    for (size_t i = 0; i < WEFTI_STACK_CANARY / sizeof *canary; i++) found |= canary[i];
    return found == 0;
}

wefti_stack_counts wefti_stack_count(const wefti_stack_pool *pool) {
    return (wefti_stack_counts){.made = wefti_load_relaxed(&pool->made),
                                .in_use = wefti_load_relaxed(&pool->in_use),
                                .unguarded = wefti_load_relaxed(&pool->no_guard),
                                .slabs = wefti_load_relaxed(&pool->slabs),
                                .bytes = wefti_load_relaxed(&pool->bytes)};
}

static const slab *newer_slab(const wefti_stack_pool *pool, const slab *than) {
    if (than == NULL) return wefti_load_acquire(&pool->oldest); /* partner: publish */
    return wefti_load_acquire(&than->newer);                    /* the same */
}

void *wefti_stack_walk_next(const wefti_stack_pool *pool, wefti_stack_walk *walk, uint32_t *number) {
    const slab *at = walk->slab;
    for (;;) {
        uint32_t made = at != NULL ? wefti_load_acquire(&at->made) : 0; /* partner: take_fresh */
        while (walk->next < made) {
            uint32_t index = walk->next++;
            if (wefti_load_relaxed(&at->links[index]) != TAKEN) continue;
            *number = at->first + index;
            return low_of(pool, at, index);
        }
        at = newer_slab(pool, at);
        if (at == NULL) return NULL;
        walk->slab = at;
        walk->next = 0;
    }
}

void *wefti_stack_around(const wefti_stack_pool *pool, const void *address, uint32_t *number) {
    const char *place = address;
    for (const slab *at = newer_slab(pool, NULL); at != NULL; at = newer_slab(pool, at)) {
        if (place < at->base || place >= at->base + at->count * pool->stack_size) continue;
        uint32_t index = (uint32_t)((size_t)(place - at->base) / pool->stack_size);
        if (index >= wefti_load_acquire(&at->made)) return NULL; /* partner: take_fresh */
        *number = at->first + index;
        return low_of(pool, at, index);
    }
    return NULL;
}
