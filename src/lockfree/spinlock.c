/* SPDX-License-Identifier: MIT */
/* spinlock.c - what a spin lock does when it is taken. */
#include "lockfree/spinlock.h"

enum { FIRST_PAUSES = 16, MOST_PAUSES = 64, LOOKS_BEFORE_YIELD = 40 };

void wefti_spin_contended(wefti_spinlock *lock) {
    unsigned pauses = FIRST_PAUSES, looks = 0;
    do {
        for (unsigned i = 0; i < pauses; i++) wefti_pause();
        if (pauses < MOST_PAUSES) pauses *= 2;
        if (++looks >= LOOKS_BEFORE_YIELD) {
            looks = 0;
            wefti_os_yield(); /* the holder may have been preempted on this very processor */
        }
    } while (!wefti_spin_try(lock));
}
