/* SPDX-License-Identifier: MIT */
/* cancel.c - groups: counting tasks in and out, cancelling those that have not begun, waiting for all.
 *
 * One word: the low half counts tasks outstanding, the high half references (each outstanding task, and the owner until
 * it frees the group). A task that is not the last leaves with one cas over both halves. The last one first takes
 * itself out of the low half, then wakes who waits, under the lock, and only then gives up its reference: so the group
 * outlives it.
 *
 *   waiter: lock; outstanding == 0 ? done : enlist; unlock; park        last task: outstanding -> 0; lock; claim all;
 * unlock
 */
#include "sched/cancel.h"

#include <stdlib.h>

#include "base/live.h"
#include "lockfree/spinlock.h"
#include "sched/park.h"

typedef struct group_waiter {
    struct group_waiter *next;
    bool listed; /* under lock */
    wefti_wait wait;
} group_waiter;

struct weft_group {
    WEFTI_ATOMIC(uint64_t) word;
    WEFTI_ATOMIC(bool) cancelled;
    wefti_spinlock lock;
    group_waiter *waiters; /* under lock */
    uint32_t leaving;      /* waiters that timed out and are not in the list, but will take the lock; under lock */
    const char *name;      /* made by wefti_short_name; NULL: unnamed */
    char name_room[WEFTI_SHORT_NAME];
};

#define ONE_REFERENCE (UINT64_C(1) << 32)
#define ONE_TASK (ONE_REFERENCE | 1)

static uint32_t outstanding_in(uint64_t word) { return (uint32_t)word; }

weft_group *weft_make_group(const char *name) {
    weft_group *group = calloc(1, sizeof *group);
    if (group == NULL) return wefti_fail(WEFT_NO_MEMORY);
    group->name = wefti_short_name(group->name_room, name);
    wefti_atomic_init(&group->word, ONE_REFERENCE);
    wefti_count_live(1);
    return group;
}

static void release(weft_group *group) {
    /* acq_rel: release what this one did with the group, acquire what the others did; partners: each other. */
    if (wefti_add_acq_rel(&group->word, -ONE_REFERENCE) >> 32 != 1) return;
    free(group);
    wefti_count_live(-1);
}

void wefti_group_join(weft_group *group) {
    wefti_add_relaxed(&group->word,
                      ONE_TASK); /* relaxed: the submission publishes it; the owner's reference keeps it */
}

static void wake_waiters(weft_group *group) {
    wefti_spin_lock(&group->lock);
    group_waiter *woken = NULL, *next;
    for (group_waiter *waiter = group->waiters; waiter != NULL; waiter = next) {
        next = waiter->next;
        waiter->listed = false; /* one that loses the claim has timed out, and looks here with the lock held */
        if (!wefti_wait_claim(&waiter->wait, WEFT_OK)) {
            group->leaving++;
            continue;
        }
        waiter->next = woken;
        woken = waiter;
    }
    group->waiters = NULL;
    wefti_spin_unlock(&group->lock);
    for (; woken != NULL; woken = next) {
        next = woken->next;
        wefti_unpark(&woken->wait);
    }
}

void wefti_group_leave(weft_group *group) {
    uint64_t word = wefti_load_relaxed(&group->word);
    /* release: what the task did happens before a wait that finds nothing outstanding; partner: the acquires below.
     * `word` holds what was found on the second turn. */
    while (outstanding_in(word) > 1)
        if (wefti_cas_release(&group->word, &word, word - ONE_TASK)) return;
    if (outstanding_in(wefti_add_acq_rel(&group->word, (uint64_t)-1)) == 1) wake_waiters(group); /* as above */
    release(group);
}

weft_status weft_cancel_group(weft_group *group) {
    if (group == NULL) return WEFT_INVALID;
    wefti_store_release(&group->cancelled, true); /* partner: weft_group_cancelled */
    return WEFT_OK;
}

bool weft_group_cancelled(const weft_group *group) {
    return group != NULL && wefti_load_acquire(&group->cancelled); /* partner: weft_cancel_group */
}

size_t weft_group_count(const weft_group *group) {
    /* acquire: who reads 0 sees what the tasks did; partner: wefti_group_leave. */
    return group != NULL ? outstanding_in(wefti_load_acquire(&group->word)) : 0;
}

/* Enlists the waiter unless nothing is outstanding. */
static bool enlist(weft_group *group, group_waiter *waiter) {
    wefti_spin_lock(&group->lock);
    bool wait = weft_group_count(group) != 0;
    if (wait) {
        waiter->next = group->waiters;
        waiter->listed = true;
        group->waiters = waiter;
    }
    wefti_spin_unlock(&group->lock);
    return wait;
}

static void delist(weft_group *group, group_waiter *waiter) {
    wefti_spin_lock(&group->lock);
    if (waiter->listed) {
        group_waiter **at = &group->waiters;
        while (*at != waiter) at = &(*at)->next;
        *at = waiter->next;
    } else {
        group->leaving--;
    }
    wefti_spin_unlock(&group->lock);
}

weft_status weft_wait_group(weft_group *group, weft_deadline deadline) {
    if (group == NULL) return WEFT_INVALID;
    if (weft_group_count(group) == 0) return WEFT_OK;
    if (deadline <= WEFT_NOW) return WEFT_TIMED_OUT;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    group_waiter waiter;
    wefti_wait_init(&waiter.wait, self, "group", group);
    waiter.wait.name = group->name;
    if (!enlist(group, &waiter)) return WEFT_OK;
    weft_status status = wefti_park(&waiter.wait, deadline);
    if (status != WEFT_OK) delist(group, &waiter);
    return status;
}

weft_status weft_free_group(weft_group *group) {
    if (group == NULL) return WEFT_OK;
    wefti_spin_lock(&group->lock);
    bool busy = group->waiters != NULL || group->leaving != 0;
    wefti_spin_unlock(&group->lock);
    if (busy) return WEFT_BUSY;
    release(group);
    return WEFT_OK;
}
