/* SPDX-License-Identifier: MIT */
/* life.c - whether a thread is still there; see life.h. */
#define _GNU_SOURCE 1

#include "os/life.h"

#include <errno.h>

void wefti_life_begin(wefti_life *life) {
    pthread_mutexattr_t attributes;
    life->begun = false;
    if (pthread_mutexattr_init(&attributes) != 0) return;
    if (pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
        pthread_mutex_init(&life->held, &attributes) == 0)
        life->begun = pthread_mutex_lock(&life->held) == 0;
    pthread_mutexattr_destroy(&attributes);
}

void wefti_life_end(wefti_life *life) {
    wefti_life_pause(life);
    life->begun = false;
}

void wefti_life_pause(wefti_life *life) {
    if (life->begun) pthread_mutex_unlock(&life->held);
}

void wefti_life_go_on(wefti_life *life) {
    if (life->begun) pthread_mutex_lock(&life->held);
}

#ifdef __GLIBC__

enum { OWNER_DIED = 0x40000000 }; /* FUTEX_OWNER_DIED of linux/futex.h, where the headers of the system are at hand */

/* The word lies in the public part of the type, and the mark is part of the system's interface: so a look is one load.
 */
bool wefti_life_is_over(wefti_life *life) {
    typedef WEFTI_ATOMIC(int) mark;
    _Static_assert(sizeof(mark) == sizeof life->held.__data.__lock, "the word of a mutex");
    if (!life->begun) return false;
    /* acquire: what the thread did; partner: the system, when the thread ends */
    return (wefti_load_acquire((mark *)(void *)&life->held.__data.__lock) & OWNER_DIED) != 0;
}

#else

/* Left as one that cannot be had again, which the next who asks finds. */
bool wefti_life_is_over(wefti_life *life) {
    if (!life->begun) return false;
    int error = pthread_mutex_trylock(&life->held);
    if (error == 0 || error == EOWNERDEAD) pthread_mutex_unlock(&life->held);
    return error == EOWNERDEAD || error == ENOTRECOVERABLE;
}

#endif
