/* SPDX-License-Identifier: MIT */
/* timer.h - timers in a hierarchical wheel: arming and cancelling cost the same whether ten or a million are armed.
 *
 * Idea: time in ticks of 4096 ns. A timer lies on the level where its tick and the wheel's tick first differ, counted
 * in groups of six bits, in the slot that those six bits name; one bitmap a level says which slots have any. When the
 * wheel's tick reaches a slot of a higher level its timers move down; on level 0 they expire. A timer is never early
 * and, where the wheel is looked at in time, at most one tick late.
 *
 * Terms: to claim a timer is to win the right to deliver it, by a function of its owner that runs with the wheel's lock
 * held and must be short; what was claimed is delivered after the lock is released.
 *
 * Who sleeps by the wheel's clock says so under its lock: `watched` is when that one, `watcher`, will look again. An
 * armer wakes somebody only for a timer that comes before that; and who watches no more says so before it looks at the
 * wheel for the last time, and leaves the wheel to others if it has a timer (look_once_more, idle.c). So one timer that
 * is armed and cancelled again and again wakes a sleeper once, and not each time.
 *
 * Invariants: T1 a timer is in a list exactly while `linked`. T2 after wefti_timer_cancel has returned, the wheel does
 * not touch the timer again, unless it had been claimed before: then deliver is called, or has been. Source: Varghese
 * and Lauck 1987, hierarchical, with the bitmap search of tokio's driver.
 */
#ifndef WEFTI_TIMER_H
#define WEFTI_TIMER_H

#include "lockfree/spinlock.h"

enum { WEFTI_TICK_BITS = 12, WEFTI_WHEEL_BITS = 6, WEFTI_WHEEL_SLOTS = 1 << WEFTI_WHEEL_BITS, WEFTI_WHEEL_LEVELS = 9 };

typedef struct wefti_timer {
    struct wefti_timer *next, *prev;
    int64_t deadline;
    bool (*claim)(struct wefti_timer *timer);
    void (*deliver)(struct wefti_timer *timer);
    uint8_t level, slot;
    bool linked;
    struct wefti_timer *ahead; /* the one after the next, once; only fetched, never followed */
} wefti_timer;

typedef struct wefti_wheel {
    wefti_spinlock lock;
    bool own;                   /* of one thread, whose functions need no lock; set at the beginning */
    uint64_t tick;              /* everything before it has expired */
    WEFTI_ATOMIC(int64_t) next; /* no timer expires before; INT64_MAX: there is none */
    WEFTI_ATOMIC(size_t) armed;
    int64_t watched;     /* when somebody who sleeps will look; INT64_MAX: nobody said */
    const void *watcher; /* who; NULL: nobody */
    uint64_t occupied[WEFTI_WHEEL_LEVELS];
    wefti_timer *slots[WEFTI_WHEEL_LEVELS][WEFTI_WHEEL_SLOTS]; /* circular lists */
} wefti_wheel;

/* own: only one thread will arm, cancel and poll; anybody may ask for its next time. */
void wefti_wheel_init(wefti_wheel *wheel, int64_t now, bool own);

/* Arms a timer whose deadline, claim and deliver are set. Returns true if it is now the first of the wheel, and nobody
 * who sleeps looks at it in time: somebody is to be told. */
bool wefti_timer_arm(wefti_wheel *wheel, wefti_timer *timer);

/* Takes a timer out. Returns false if it was not in (never armed, cancelled, or claimed). */
bool wefti_timer_cancel(wefti_wheel *wheel, wefti_timer *timer);

/* Who is about to sleep until then will look at the wheel; returns until when it may sleep, if a timer is earlier. It
 * says when it does not sleep any more. */
int64_t wefti_wheel_watch(wefti_wheel *wheel, const void *watcher, int64_t until);
void wefti_wheel_watch_no_more(wefti_wheel *wheel, const void *watcher);

/* How many are armed, exact: who arms or cancels after this has seen what the caller has done before. */
size_t wefti_wheel_count(wefti_wheel *wheel);

/* Expires and delivers what is due. Returns how many were delivered. */
size_t wefti_wheel_poll(wefti_wheel *wheel, int64_t now);

static inline int64_t wefti_wheel_next(wefti_wheel *wheel) {
    return wefti_load_acquire(&wheel->next); /* acquire: partner is the release in set_next */
}

#endif
