/* SPDX-License-Identifier: MIT */
/* spinlock.h - a lock for a few instructions.
 *
 * Waiters look without writing, with growing pauses so that the holder can work in bursts, and give up the processor
 * when the holder seems to have lost it. Never held across a wait or a call of user code, nor across an allocation, but
 * for the chunk that an inbox needs once in 255 tasks.
 */
#ifndef WEFTI_SPINLOCK_H
#define WEFTI_SPINLOCK_H

#include "base/atomic.h"
#include "os/os.h"

typedef WEFTI_ATOMIC(uint8_t) wefti_spinlock; /* one byte: there is one in each channel */

/* spinlock.c: the contended case. */
void wefti_spin_contended(wefti_spinlock *lock);

static inline bool wefti_spin_try(wefti_spinlock *lock) {
    /* acquire: partner is the release in wefti_spin_unlock; what the last holder wrote is seen. */
    return wefti_load_relaxed(lock) == 0 && wefti_exchange_acquire(lock, (uint8_t)1) == 0;
}

static inline void wefti_spin_lock(wefti_spinlock *lock) {
    /* acquire: as in wefti_spin_try. */
    if (WEFTI_UNLIKELY(wefti_exchange_acquire(lock, (uint8_t)1) != 0)) wefti_spin_contended(lock);
}

static inline void wefti_spin_unlock(wefti_spinlock *lock) {
    /* release: partner is the acquire of the next holder. */
    wefti_store_release(lock, (uint8_t)0);
}

#endif
