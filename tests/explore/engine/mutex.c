/* SPDX-License-Identifier: MIT */
/* mutex.c - pthread's mutex and condition variable for code under the explorer, which the build renames to these.
 *
 * A mutex is a futex of three states in the first bytes of pthread's object: free, held, held with waiters.
 * Source: Ulrich Drepper, Futexes Are Tricky, mutex 2.
 */
#include <pthread.h>

#include "engine.h"

enum { FREE, HELD, CONTENDED };

int explore_pthread_mutex_lock(pthread_mutex_t *mutex);
int explore_pthread_mutex_lock(pthread_mutex_t *mutex) {
    wefti_futex *word = (void *)mutex;
    uint32_t seen = FREE;
    if (wefti_cas_acquire(word, &seen, (uint32_t)HELD)) return 0;
    while (wefti_exchange_acquire(word, (uint32_t)CONTENDED) != FREE) wefti_futex_wait(word, CONTENDED, INT64_MAX);
    return 0;
}

int explore_pthread_mutex_unlock(pthread_mutex_t *mutex);
int explore_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    wefti_futex *word = (void *)mutex;
    if (wefti_exchange_release(word, (uint32_t)FREE) == CONTENDED) wefti_futex_wake(word, 1);
    return 0;
}

int explore_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int explore_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    wefti_futex *turns = (void *)condition;
    uint32_t seen = wefti_load_relaxed(turns);
    explore_pthread_mutex_unlock(mutex);
    wefti_futex_wait(turns, seen, INT64_MAX);
    return explore_pthread_mutex_lock(mutex);
}

int explore_pthread_cond_broadcast(pthread_cond_t *condition);
int explore_pthread_cond_broadcast(pthread_cond_t *condition) {
    wefti_futex *turns = (void *)condition;
    wefti_add_relaxed(turns, 1u);
    wefti_futex_wake(turns, UINT32_MAX);
    return 0;
}

int explore_pthread_cond_signal(pthread_cond_t *condition);
int explore_pthread_cond_signal(pthread_cond_t *condition) {
    wefti_futex *turns = (void *)condition;
    wefti_add_relaxed(turns, 1u);
    wefti_futex_wake(turns, 1);
    return 0;
}
