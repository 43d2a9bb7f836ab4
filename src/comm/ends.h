/* SPDX-License-Identifier: MIT */
/* ends.h - a ring whose two ends have locks of their own, so that who sends and who receives need not meet.
 *
 * Idea: a ring at which threads have met gets a lock and a count for each end, on lines of their own. Who puts reads
 * the other end's count only when what it saw of it is used up, and so does who takes: as long as the ring is neither
 * full nor empty, each works on its own line. Whatever else happens to the channel happens under its lock, and that now
 * takes both ends' locks as well: so waiters, `odd` and all else stand still for who holds the lock of one end, and
 * `count` and `at` are good for who holds all three.
 *
 *   put:   put_lock;  nothing unusual, nobody waits, room ? element, put + 1 (release) : the longer way;  unlock
 *   take:  take_lock; nothing unusual, no sender waits, more (acquire) ? element, taken + 1 (release) : the longer way
 *   else:  lock; put_lock; take_lock; count = put - taken, at; anything; put = taken + count; all three are given up
 *
 * A ring gets its ends once and for ever, when it has seen contention: WEFTI_ENDS is set under its lock, and where the
 * bias was (comm/bias.h) stands where they are. A ring of few places does not: who sends and who receives would wait
 * for each other all the time, and each wait takes three locks.
 *
 * Invariants
 *   E1  put - taken <= capacity; an element is written before `put` says so, and read before `taken` says so
 *   E2  locks are taken in the order lock, put_lock, take_lock
 *   E3  a waiter is listed, or found, only with all three held: who holds one sees the lists as they are
 *
 * Source: the two-lock queue (Michael, Scott 1996), over a ring; the counts that are looked at only when needed are
 * those of FastForward and its kin.
 */
#ifndef WEFTI_ENDS_H
#define WEFTI_ENDS_H

#include "comm/channel.h"

enum { WEFTI_ENDS_LEAST = 8, WEFTI_ENDS_CHANCE = 8 }; /* places; times that somebody is stuck, about */

typedef struct wefti_ends {
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock put_lock;
    uint32_t put_at;     /* where the next goes */
    uint32_t taken_seen; /* `taken` when who puts looked last */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock take_lock;
    uint32_t take_at;
    uint32_t put_seen;
    /* Apart from the locks: who looks at one of them does not take the line of a lock from the other end. */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) put;   /* elements, modulo 2^32; written under put_lock */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) taken; /* written under take_lock */
    /* On which processor who was stuck last at the one end, and at the other, ran: guesses. */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(int) stuck_on[2];
} wefti_ends;

/* ends.c */
/* No lock held: gives the ring its ends, unless something is unusual. false: it is as it was. */
bool wefti_ends_make(weft_channel *channel);
/* No lock held: a thread is stuck. */
void wefti_ends_wanted(weft_channel *channel);
/* The lock is held: takes those of the ends. */
void wefti_ends_lock(weft_channel *channel);
/* Gives all three up. */
void wefti_ends_unlock(weft_channel *channel);
/* A thread is stuck at one end: whether who comes to the other end seems to need this very processor. */
bool wefti_ends_share(const weft_channel *channel, bool puts);
/* The channel is freed. */
void wefti_ends_free(weft_channel *channel);
/* Elements, as far as one can see without a lock. */
uint32_t wefti_ends_seen(const weft_channel *channel);

/* Of a ring that has been seen to have ends. */
static inline wefti_ends *wefti_ends_of(const weft_channel *channel) {
    return (wefti_ends *)wefti_load_relaxed(&channel->bias); /* NOLINT: once set it stays; partner: wefti_odd_seen */
}

/* Without a lock: `odd`, and if it says that there are ends, they can be used. */
static inline unsigned wefti_odd_seen(const weft_channel *channel) {
    return wefti_load_acquire(&channel->odd); /* partner: wefti_odd_set */
}

/* The same but for the ends: 0, if the ring can be gone the short way, be it by them. */
static inline unsigned wefti_odd_beside_ends(const weft_channel *channel) {
    return wefti_odd_seen(channel) & ~(unsigned)WEFTI_ENDS;
}

static inline bool wefti_has_ends(const weft_channel *channel) {
    return WEFTI_UNLIKELY((wefti_odd(channel) & WEFTI_ENDS) != 0);
}

/* How many elements a ring seems to have. */
static inline uint32_t wefti_ring_seen(const weft_channel *channel) {
    return WEFTI_UNLIKELY((wefti_odd_seen(channel) & WEFTI_ENDS) != 0) ? wefti_ends_seen(channel)
                                                                       : wefti_count_seen(channel);
}

typedef enum wefti_at_end { WEFTI_END_DONE, WEFTI_END_STUCK, WEFTI_END_OTHERWISE } wefti_at_end;

/* Puts an element; STUCK: the ring is full. OTHERWISE: it is to be gone the longer way. */
static inline wefti_at_end wefti_ends_put(weft_channel *channel, const void *element) {
    wefti_ends *ends = wefti_ends_of(channel);
    wefti_at_end how = WEFTI_END_OTHERWISE;
    wefti_spin_lock(&ends->put_lock);
    /* relaxed, all three: they change only with put_lock held */
    if (WEFTI_LIKELY(wefti_odd(channel) == WEFTI_ENDS && wefti_first(&channel->receivers) == NULL &&
                     wefti_first(&channel->senders) == NULL)) {
        uint32_t put = wefti_load_relaxed(&ends->put); /* relaxed: its own */
        /* acquire: what was in the place has been read; partner: the release in wefti_ends_take */
        if (put - ends->taken_seen == channel->capacity) ends->taken_seen = wefti_load_acquire(&ends->taken);
        how = WEFTI_END_STUCK;
        if (WEFTI_LIKELY(put - ends->taken_seen != channel->capacity)) {
            wefti_element_set(channel, wefti_ring_place(channel, ends->put_at), element, NULL);
            ends->put_at = ends->put_at + 1 == channel->capacity ? 0 : ends->put_at + 1;
            wefti_store_release(&ends->put, put + 1); /* the element; partner: the acquire in wefti_ends_take */
            how = WEFTI_END_DONE;
        }
    }
    wefti_spin_unlock(&ends->put_lock);
    return how;
}

/* Takes an element, or a condition; STUCK: there is none. */
static inline wefti_at_end wefti_ends_take(weft_channel *channel, void *element, const wefti_condition **condition) {
    wefti_ends *ends = wefti_ends_of(channel);
    wefti_at_end how = WEFTI_END_OTHERWISE;
    wefti_spin_lock(&ends->take_lock);
    /* relaxed, both: they change only with take_lock held */
    if (WEFTI_LIKELY(wefti_odd(channel) == WEFTI_ENDS && wefti_first(&channel->senders) == NULL)) {
        uint32_t taken = wefti_load_relaxed(&ends->taken); /* relaxed: its own */
        /* acquire: the elements; partner: the release in wefti_ends_put */
        if (ends->put_seen == taken) ends->put_seen = wefti_load_acquire(&ends->put);
        how = WEFTI_END_STUCK;
        if (WEFTI_LIKELY(ends->put_seen != taken)) {
            *condition = wefti_element_get(wefti_ring_place(channel, ends->take_at), element, channel->element_size);
            ends->take_at = ends->take_at + 1 == channel->capacity ? 0 : ends->take_at + 1;
            wefti_store_release(&ends->taken, taken + 1); /* it has been read; partner: the acquire in wefti_ends_put */
            how = WEFTI_END_DONE;
        }
    }
    wefti_spin_unlock(&ends->take_lock);
    return how;
}

#endif
