/* SPDX-License-Identifier: MIT */
/* waiters.h - a list of waiters, of a thing that has a lock. The lock is held, unless said otherwise. */
#ifndef WEFTI_SCHED_WAITERS_H
#define WEFTI_SCHED_WAITERS_H

#include "sched/park.h"

typedef struct wefti_waiters {
    WEFTI_ATOMIC(wefti_waiter *) head; /* under lock; read without it by who looks where a try is worth it */
    wefti_waiter *last;
} wefti_waiters;

static inline wefti_waiter *wefti_first(const wefti_waiters *list) {
    return wefti_load_relaxed(&list->head); /* relaxed: where it is followed, the lock is held */
}

/* No lock held. acquire: who finds nobody, since another has served him, finds elsewhere what that one did before;
 * partners: the two below */
static inline const wefti_waiter *wefti_first_seen(const wefti_waiters *list) {
    return wefti_load_acquire(&list->head);
}

static inline void wefti_waiter_enlist(wefti_waiters *list, wefti_waiter *waiter) {
    waiter->next = NULL;
    waiter->prev = list->last;
    if (list->last != NULL)
        list->last->next = waiter;
    else
        wefti_store_relaxed(&list->head, waiter); /* relaxed: see wefti_first */
    list->last = waiter;
    waiter->listed = true;
}

/* The first of the list. */
static inline void wefti_waiter_unlist_first(wefti_waiters *list, wefti_waiter *waiter) {
    wefti_store_release(&list->head, waiter->next); /* release: see wefti_first_seen */
    if (waiter->next != NULL)
        waiter->next->prev = NULL;
    else
        list->last = NULL;
    waiter->listed = false;
}

static inline void wefti_waiter_unlist(wefti_waiters *list, wefti_waiter *waiter) {
    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        wefti_store_release(&list->head, waiter->next); /* release: see wefti_first_seen */
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    else
        list->last = waiter->prev;
    waiter->listed = false;
}

#endif
