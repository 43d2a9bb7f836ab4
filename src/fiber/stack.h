/* SPDX-License-Identifier: MIT */
/* stack.h - stacks for fibers: guarded, recycled, counted.
 *
 * Idea: stacks of one size come from slabs, which are reserved as a whole. The first slab holds few stacks, later ones
 * more. A stack lies on a multiple of its size and looks like this, with addresses growing to the right:
 *
 *     | guard page | spare | low ...                               top |     guarded
 *     | canary | low ...                                           top |     where the system refuses further guards
 *     ^ multiple of the size                  next multiple of the size ^
 *
 * Memory is taken by touching it. Never-used stacks take none, and a stack that is given back keeps its memory, as most
 * are soon taken again, until so many lie there that the rest is better given to the system.
 *
 * A guard turns an overflow into a fault. The spare is a part of the guard that can be opened, so that there is room to
 * unwind who has overflowed (condition/fault.h); small stacks have none. The canary is 64 bytes that nobody uses and
 * that are zero: as the page is not written to, it costs no memory, and an overflow is found when somebody looks
 * (wefti_stack_check): the scheduler does when a task waits and when it ends. One that skips the canary without a write
 * is not found.
 *
 * Rules: any thread may take and give; a lock is held, and sometimes the system is asked, so keep some stacks above
 * this. Walking is for dumps: allowed in a signal handler, at any time until the pool is freed, and exact only while
 * nothing else goes on. Nothing here writes to a stack.
 */
#ifndef WEFTI_STACK_H
#define WEFTI_STACK_H

#include "base/base.h"

typedef struct wefti_stack_pool wefti_stack_pool;

enum { WEFTI_SMALLEST_STACK = 16 * 1024, WEFTI_LARGEST_STACK = 1 << 30, WEFTI_STACK_CANARY = 64 };

/* Makes an empty pool. stack_size: a power of two from WEFTI_SMALLEST_STACK up, guard included. NULL: no memory. */
wefti_stack_pool *wefti_stack_pool_make(size_t stack_size);
/* Unmaps all stacks, also those in use. */
void wefti_stack_pool_free(wefti_stack_pool *pool);
/* One of its stacks is in use for ever: nothing is unmapped when the pool is freed. */
void wefti_stack_pool_stays(wefti_stack_pool *pool);
/* How many free stacks may keep their memory. To be called before the first take; else a default holds. */
void wefti_stack_pool_keep(wefti_stack_pool *pool, size_t stacks);
/* Gives the memory of free stacks back until at most so many have some. Any thread; asks the system for each. */
void wefti_stack_pool_trim(wefti_stack_pool *pool, size_t most);
/* No more will be taken, and soon all will have been given: from now on those that are given keep their memory. */
void wefti_stack_pool_close(wefti_stack_pool *pool);
/* Gives the memory of all free stacks back, those side by side by one call: one by one, each interrupts all threads of
 * the process that run. For a pool that is closed. */
void wefti_stack_pool_forget(wefti_stack_pool *pool);
/* Goes without guards. To be called before the first take; for tests. */
void wefti_stack_pool_unguarded(wefti_stack_pool *pool);

/* Returns the lowest usable byte of a stack, NULL if the system has no memory. *number: small, unique among the stacks
 * of the pool that exist, and the same each time the stack is taken. */
void *wefti_stack_take(wefti_stack_pool *pool, uint32_t *number);
void wefti_stack_give(wefti_stack_pool *pool, void *low);

/* What the pool was made with. */
size_t wefti_stack_size_of(const wefti_stack_pool *pool);

/* How many bytes of spare the stack that begins at low has; 0: none. They lie directly below low. Async-signal-safe. */
size_t wefti_stack_spare(const wefti_stack_pool *pool, const void *low);
/* Opens the spare, and makes it a guard again. Async-signal-safe. */
bool wefti_stack_open_spare(const wefti_stack_pool *pool, void *low);
void wefti_stack_close_spare(const wefti_stack_pool *pool, void *low);

/* The end of the stack that begins at low: the first byte above it. */
static inline void *wefti_stack_top(const void *low, size_t stack_size) {
    return (void *)(((uintptr_t)low | (stack_size - 1)) + 1);
}

/* Whether a canary, and not a guard, lies under the stack; and whether it is alive, which is true for a guarded stack.
 */
bool wefti_stack_has_canary(const void *low);
bool wefti_stack_check(const void *low);

typedef struct wefti_stack_counts {
    size_t made;      /* stacks that have been taken at least once */
    size_t in_use;    /* stacks that are taken now */
    size_t unguarded; /* of those made, the ones without a guard */
    size_t slabs;
    size_t bytes; /* of address space */
} wefti_stack_counts;

/* Async-signal-safe. */
wefti_stack_counts wefti_stack_count(const wefti_stack_pool *pool);

/* Where a walk has come to. Begins as {0}. */
typedef struct wefti_stack_walk {
    const struct wefti_stack_slab *slab;
    uint32_t next;
} wefti_stack_walk;

/* Returns the low end of the next stack that is taken, or NULL in the end. Async-signal-safe. */
void *wefti_stack_walk_next(const wefti_stack_pool *pool, wefti_stack_walk *walk, uint32_t *number);

/* Returns the low end of the stack in whose bounds the address lies, guard included, or NULL. Async-signal-safe: a
 * handler of faults learns from it whose overflow it sees. */
void *wefti_stack_around(const wefti_stack_pool *pool, const void *address, uint32_t *number);

#endif
