/* SPDX-License-Identifier: MIT */
/* spares.h - memory of small objects that come and go by the million, in blocks of one size: futures, timeouts.
 *
 *   worker: current, previous, fresh  --previous, when current is full-->  depot: slabs with blocks that are free
 *                                     <--a slab's blocks, or a whole slab, when all three are empty--
 *
 * Idea: a block that is freed on a worker is the next one that is made there, without an atomic update. What comes and
 * goes between workers passes the depot, by the hundred. Blocks lie in slabs, which the depot keeps; when workers go to
 * sleep, it gives the memory of whole ones back to the system. Plain threads go to the depot for each future; for
 * timeouts they have spares of their own, which the end of the thread gives back.
 *
 * The count of live objects is kept here too, without an atomic update, and told when the kernel is freed.
 *
 * With AddressSanitizer each block is an allocation of its own, so that use after free is found.
 *
 * Source: magazines and a depot, Bonwick and Adams 2001; without loading and unloading more than one at a time.
 */
#ifndef WEFTI_SPARES_H
#define WEFTI_SPARES_H

#include <stdlib.h>

#include "lockfree/spinlock.h"

#ifdef WEFT_EXPLORE
enum { WEFTI_SPARE_SIZE = 128, WEFTI_SPARES_MOST = 2, WEFTI_SLAB = 512, WEFTI_SLABS_AT_ONCE = 2, WEFTI_SLABS_KEPT = 1 };
#else
enum {
    WEFTI_SPARE_SIZE = 128,
    WEFTI_SPARES_MOST = 128,
    WEFTI_SLAB = 64 * 1024,
    WEFTI_SLABS_AT_ONCE = 16,
    WEFTI_SLABS_KEPT = 16
};
#endif
/* The head of a slab takes the place of one block. */
enum { WEFTI_SLAB_BLOCKS = WEFTI_SLAB / WEFTI_SPARE_SIZE - 1 };

typedef struct wefti_spare {
    uint64_t kept; /* as who gave it left it: so a use after that may be noticed */
    struct wefti_spare *next;
} wefti_spare;

typedef struct wefti_slab {
    struct wefti_slab *next, *prev;
    wefti_spare *free;
    uint32_t count; /* of free */
} wefti_slab;

/* A slab is in `some`, or in one of the others, or none of its blocks is here. All of it under the lock, which is held
 * through a fork, so that the child finds it whole. */
typedef struct wefti_spare_depot {
    wefti_spinlock lock;
    wefti_slab *some;  /* some of its blocks, or all, are free and linked */
    wefti_slab *whole; /* nobody has a block of it, and they are not linked; by next */
    wefti_slab *bare;  /* the same, and but for the first page the system has the memory; by next */
    size_t whole_count;
} wefti_spare_depot;
extern wefti_spare_depot wefti_spares_of_all;

/* A worker's own, or a thread's. */
typedef struct wefti_spares {
    wefti_spare *current, *previous;
    uint32_t count;          /* of current */
    int live;                /* made here less freed here, not yet told */
    char *fresh, *fresh_end; /* of a slab, never used */
} wefti_spares;

/* spares.c: NULL: no memory. */
void *wefti_spare_take_more(wefti_spares *spares);
void wefti_spare_give_more(wefti_spares *spares);

/* NULL: no memory. */
static inline void *wefti_spare_take(wefti_spares *spares) {
    wefti_spare *taken = spares->current;
    if (WEFTI_UNLIKELY(taken == NULL)) return wefti_spare_take_more(spares);
    spares->current = taken->next;
    spares->count--;
    return taken;
}

static inline void wefti_spare_give(wefti_spares *spares, void *block) {
    if (WEFTI_ASAN) {
        free(block);
        return;
    }
    if (WEFTI_UNLIKELY(spares->count >= WEFTI_SPARES_MOST)) wefti_spare_give_more(spares);
    wefti_spare *given = block;
    given->next = spares->current;
    spares->current = given;
    spares->count++;
}

/* The same for a plain thread. */
void *wefti_spare_take_one(void);
void wefti_spare_give_one(void *block);

/* Gives them to the depot, and tells the count. The thread is gone, or about to be. */
void wefti_spares_end(wefti_spares *spares);

/* Gives some memory that nobody uses back to the system; called by those who go to sleep. */
void wefti_spares_trim(void);

#endif
