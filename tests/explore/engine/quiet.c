/* SPDX-License-Identifier: MIT */
/* quiet.c - words at which a preemption would change nothing, so that an exhaustive search leaves it out.
 *
 * Idea: an access that nobody else's accesses conflict with commutes with all that others do, so being preempted before
 * it is the same as being preempted before the next one that is not so: the same number of preemptions, the same
 * result. A word is quiet as long as one thread alone has accessed it, or nobody has written it since the body was
 * alone, or all who have accessed it held a common lock. A lock is a word that is only ever exchanged for 1, and set to
 * 0 by who has exchanged its 0.
 *
 * That is learned from the executions themselves, first from some by seeds. When a word turns out not to be quiet, the
 * search begins anew, so that a whole search has left out no point but at words that were quiet in all of it. The first
 * access that breaks the habit would come in one of its executions too: until then nothing that was left out mattered.
 * Source: the lock sets of Eraser (Savage and others, TOCS 1997), Lipton's movers, and the choice of points of CHESS
 * (Musuvathi and Qadeer, PLDI 2007), made dynamic.
 */
#include <string.h>

#include "engine.h"

enum { HABITS = 4096, LOCKS = 64 };

typedef struct habit {
    uintptr_t address; /* 0: free */
    uint32_t threads;  /* who has accessed it, a bit each */
    uint64_t locks;    /* held at each access */
    bool written, was_quiet;
    bool no_lock; /* it does not behave like one */
    uint8_t lock; /* its number as a lock + 1, or 0 */
} habit;

static habit habits[HABITS];
static unsigned habit_count, lock_count;
static uint64_t bad_locks;

void quiet_begin(void) {
    memset(habits, 0, sizeof habits);
    habit_count = lock_count = 0;
    bad_locks = 0;
    explore_engine.learned = false;
}

static habit *habit_of(const void *memory) {
    uintptr_t address = (uintptr_t)memory;
    size_t at = (size_t)((uint64_t)(address >> 1) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % HABITS;
    for (; habits[at].address != 0; at = (at + 1) % HABITS)
        if (habits[at].address == address) return &habits[at];
    if (++habit_count > HABITS / 2) explore_fail("more atomic words than the explorer can watch");
    habits[at] = (habit){.address = address, .locks = UINT64_MAX, .was_quiet = true};
    return &habits[at];
}

static bool is_quiet(const habit *h) {
    return (h->threads & (h->threads - 1)) == 0 || !h->written || (h->locks & ~bad_locks) != 0;
}

/* A lock that is none protects nothing: all that relied on it is looked at anew. */
static void not_a_lock(habit *h) {
    if (h->no_lock) return;
    h->no_lock = true;
    if (h->lock == 0) return;
    bad_locks |= UINT64_C(1) << (h->lock - 1);
    explore_engine.learned = true;
}

bool quiet(const void *memory, bool write) {
    engine *e = &explore_engine;
    habit *h = habit_of(memory);
    h->threads |= 1u << e->self->id;
    h->written |= write;
    h->locks &= e->self->held;
    bool now = is_quiet(h);
    if (h->was_quiet && !now) e->learned = true;
    h->was_quiet = now;
    return now && !e->all_points;
}

static void let_go(thread *self, habit *h) {
    uint64_t bit = h->lock != 0 ? UINT64_C(1) << (h->lock - 1) : 0;
    if (bit == 0 || (self->held & bit) == 0) not_a_lock(h);
    self->held &= ~bit;
}

void quiet_store(const void *memory, uint64_t value) {
    habit *h = habit_of(memory);
    if (value == 0)
        let_go(explore_engine.self, h);
    else
        not_a_lock(h);
}

void quiet_update(const void *memory, unsigned op, uint64_t value, uint64_t old) {
    habit *h = habit_of(memory);
    if (op != WEFTI_OP_EXCHANGE || value != 1 || old > 1) {
        not_a_lock(h);
    } else if (old == 0) {
        if (h->lock == 0 && lock_count < LOCKS) h->lock = (uint8_t)++lock_count;
        if (h->lock != 0) explore_engine.self->held |= UINT64_C(1) << (h->lock - 1);
    }
}
