/* SPDX-License-Identifier: MIT */
/* timer.c - the timer wheel. The idea is told in timer.h. */
#include "sched/timer.h"

#include <string.h>

enum { SCAN_MOST = 16, BATCH = 128 };

static uint64_t tick_of(int64_t deadline) {
    uint64_t up = (uint64_t)deadline + (1u << WEFTI_TICK_BITS) - 1;
    return up >> WEFTI_TICK_BITS;
}

static int64_t time_of(uint64_t tick) {
    return tick > (uint64_t)(INT64_MAX >> WEFTI_TICK_BITS) ? INT64_MAX : (int64_t)(tick << WEFTI_TICK_BITS);
}

void wefti_wheel_init(wefti_wheel *wheel, int64_t now, bool own) {
    memset(wheel, 0, sizeof *wheel);
    wheel->own = own;
    wheel->tick = (uint64_t)now >> WEFTI_TICK_BITS;
    wheel->watched = INT64_MAX;
    wefti_atomic_init(&wheel->next, INT64_MAX);
}

static inline void enter(wefti_wheel *wheel) {
    if (!wheel->own) wefti_spin_lock(&wheel->lock);
}

static inline bool try_to_enter(wefti_wheel *wheel) { return wheel->own || wefti_spin_try(&wheel->lock); }

static inline void leave(wefti_wheel *wheel) {
    if (!wheel->own) wefti_spin_unlock(&wheel->lock);
}

static void set_next(wefti_wheel *wheel, int64_t next) {
    /* release: partner is the acquire in wefti_wheel_next; only a hint, the lock decides. */
    wefti_store_release(&wheel->next, next);
}

static void link_timer(wefti_wheel *wheel, wefti_timer *timer) {
    uint64_t tick = tick_of(timer->deadline);
    if (tick < wheel->tick) tick = wheel->tick;
    uint64_t differ = (tick ^ wheel->tick) | (WEFTI_WHEEL_SLOTS - 1);
    unsigned level = (unsigned)(63 - __builtin_clzll(differ)) / WEFTI_WHEEL_BITS;
    unsigned slot = (unsigned)(tick >> (level * WEFTI_WHEEL_BITS)) % WEFTI_WHEEL_SLOTS;
    timer->level = (uint8_t)level;
    timer->slot = (uint8_t)slot;
    timer->linked = true;
    wefti_timer **head = &wheel->slots[level][slot], *first = *head;
    if (first == NULL) {
        timer->next = timer->prev = timer;
        timer->ahead = timer;
        *head = timer;
        wheel->occupied[level] |= UINT64_C(1) << slot;
        return;
    }
    timer->next = first;
    timer->prev = first->prev;
    timer->ahead = first;
    first->prev->prev->ahead = timer;
    first->prev->next = timer;
    first->prev = timer;
}

static void unlink_timer(wefti_wheel *wheel, wefti_timer *timer) {
    wefti_timer **head = &wheel->slots[timer->level][timer->slot];
    timer->linked = false;
    if (timer->next == timer) {
        *head = NULL;
        wheel->occupied[timer->level] &= ~(UINT64_C(1) << timer->slot);
        return;
    }
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    if (*head == timer) *head = timer->next;
}

/* The first occupied slot in time: its level and number, and the tick it begins at. Lower levels are always earlier. */
static bool first_slot(const wefti_wheel *wheel, unsigned *level, unsigned *slot, uint64_t *begins) {
    for (unsigned l = 0; l < WEFTI_WHEEL_LEVELS; l++) {
        uint64_t occupied = wheel->occupied[l];
        if (occupied == 0) continue;
        unsigned shift = l * WEFTI_WHEEL_BITS;
        unsigned now = (unsigned)(wheel->tick >> shift) % WEFTI_WHEEL_SLOTS;
        uint64_t ahead = occupied >> now; /* nothing lies behind `now` on any level */
        *slot = now + (unsigned)__builtin_ctzll(ahead);
        *level = l;
        uint64_t above = shift + WEFTI_WHEEL_BITS >= 64
                             ? 0
                             : wheel->tick >> (shift + WEFTI_WHEEL_BITS) << (shift + WEFTI_WHEEL_BITS);
        *begins = above + ((uint64_t)*slot << shift);
        if (*begins < wheel->tick) *begins = wheel->tick;
        return true;
    }
    return false;
}

/* When somebody has to look again: exact if the first slot holds few timers, else when that slot begins. */
static int64_t look_again(const wefti_wheel *wheel) {
    unsigned level, slot;
    uint64_t begins;
    if (!first_slot(wheel, &level, &slot, &begins)) return INT64_MAX;
    if (level == 0) return time_of(begins);
    const wefti_timer *first = wheel->slots[level][slot], *at = first;
    int64_t earliest = INT64_MAX;
    for (unsigned n = 0; n < SCAN_MOST; n++) {
        if (at->deadline < earliest) earliest = at->deadline;
        at = at->next;
        if (at == first) return time_of(tick_of(earliest));
    }
    return time_of(begins);
}

bool wefti_timer_arm(wefti_wheel *wheel, wefti_timer *timer) {
    wefti_hands_over(timer); /* partner: collect; a worker's own wheel has no lock that would order them */
    enter(wheel);
    link_timer(wheel, timer);
    int64_t due = time_of(tick_of(timer->deadline));
    bool first = due < wefti_load_relaxed(&wheel->next);
    if (first) set_next(wheel, due);
    bool unwatched = due < wheel->watched;
    wefti_store_relaxed(&wheel->armed, wefti_load_relaxed(&wheel->armed) + 1); /* a statistic; written with the lock */
    leave(wheel);
    return first && unwatched;
}

int64_t wefti_wheel_watch(wefti_wheel *wheel, const void *watcher, int64_t until) {
    enter(wheel);
    until = WEFTI_MIN(until, wefti_load_relaxed(&wheel->next)); /* relaxed: the lock orders it */
    if (until < wheel->watched) {
        wheel->watched = until;
        wheel->watcher = watcher;
    }
    leave(wheel);
    return until;
}

void wefti_wheel_watch_no_more(wefti_wheel *wheel, const void *watcher) {
    enter(wheel);
    if (wheel->watcher == watcher) {
        wheel->watched = INT64_MAX;
        wheel->watcher = NULL;
    }
    leave(wheel);
}

bool wefti_timer_cancel(wefti_wheel *wheel, wefti_timer *timer) {
    enter(wheel);
    wefti_takes_over(timer); /* partner: collect */
    bool linked = timer->linked;
    if (linked) {
        unlink_timer(wheel, timer);
        size_t armed = wefti_load_relaxed(&wheel->armed) - 1;
        wefti_store_relaxed(&wheel->armed, armed);
        if (armed == 0) set_next(wheel, INT64_MAX); /* else `next` stays: too early is harmless */
    }
    leave(wheel);
    return linked;
}

size_t wefti_wheel_count(wefti_wheel *wheel) {
    enter(wheel);
    size_t armed = wefti_load_relaxed(&wheel->armed); /* relaxed: written with the lock */
    leave(wheel);
    return armed;
}

/* The wheel's tick has come to this slot: all of it goes to lower levels, before anything else is looked at. */
static void move_down(wefti_wheel *wheel, unsigned level, unsigned slot) {
    wefti_timer *timer;
    while ((timer = wheel->slots[level][slot]) != NULL) {
        __builtin_prefetch(timer->ahead, 1);
        unlink_timer(wheel, timer);
        link_timer(wheel, timer);
    }
}

/* Lock held: moves the wheel to `now`, claims what is due, at most BATCH. Returns the claimed ones, linked by next. */
static wefti_timer *collect(wefti_wheel *wheel, uint64_t now, size_t *count) {
    wefti_timer *claimed = NULL, **last = &claimed;
    unsigned level, slot;
    uint64_t begins;
    size_t taken = 0;
    while (taken < BATCH && first_slot(wheel, &level, &slot, &begins) && begins <= now) {
        wheel->tick = begins;
        if (level > 0) {
            move_down(wheel, level, slot);
            continue;
        }
        wefti_timer *timer = wheel->slots[level][slot];
        __builtin_prefetch(timer->ahead, 1);
        unlink_timer(wheel, timer);
        taken++;
        wefti_takes_over(timer);
        bool due = timer->claim(timer);
        wefti_hands_over(timer); /* partner: wefti_timer_cancel, after a wait that others have ended */
        if (!due) continue;
        (*count)++;
        *last = timer;
        last = &timer->next;
    }
    *last = NULL;
    if (taken < BATCH && wheel->tick < now) wheel->tick = now;
    wefti_store_relaxed(&wheel->armed, wefti_load_relaxed(&wheel->armed) - taken);
    set_next(wheel, look_again(wheel));
    return claimed;
}

size_t wefti_wheel_poll(wefti_wheel *wheel, int64_t now) {
    size_t total = 0;
    while (wefti_wheel_next(wheel) <= now && try_to_enter(wheel)) {
        wefti_timer *claimed = collect(wheel, (uint64_t)now >> WEFTI_TICK_BITS, &total);
        leave(wheel);
        while (claimed != NULL) {
            wefti_timer *timer = claimed;
            claimed = timer->next;
            timer->deliver(timer);
        }
    }
    return total;
}
