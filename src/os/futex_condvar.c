/* SPDX-License-Identifier: MIT */
/* futex_condvar.c - sleeping and waking on a word with mutexes and condition variables (WEFTI_PORTABLE_WAIT).
 *
 * Words are hashed to beds. Many words share a bed, so a wake must wake everybody in it: those meant for another word
 * return without reason, as the contract allows. The word itself is never looked at by who wakes.
 */
#include "os/os.h"

#ifdef WEFTI_PORTABLE_WAIT

#include <errno.h>
#include <pthread.h>
#include <time.h>

enum { BED_BITS = 8, BEDS = 1 << BED_BITS, NANOSECONDS = 1000000000 };

typedef struct bed {
    WEFTI_ALIGNED(WEFTI_APART) pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t sleepers; /* under lock */
} bed;

static bed beds[BEDS];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void make_beds(void) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (int i = 0; i < BEDS; i++) {
        pthread_mutex_init(&beds[i].lock, NULL);
        pthread_cond_init(&beds[i].changed, &monotonic);
    }
    pthread_condattr_destroy(&monotonic);
}

/* A child of fork has none of the threads that slept here, nor who held a lock: a wake would wait for them for ever. */
static void make_anew(void) {
    make_beds();
    for (int i = 0; i < BEDS; i++) beds[i].sleepers = 0;
}
__attribute__((constructor)) static void introduce(void) { pthread_atfork(NULL, NULL, make_anew); }

static bed *bed_of(const wefti_futex *word) {
    pthread_once(&made, make_beds);
    uint64_t mixed = ((uint64_t)(uintptr_t)word >> 2) * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing */
    return &beds[mixed >> (64 - BED_BITS)];
}

/* Returns false if the deadline has passed. */
static bool sleep_in(bed *in, int64_t deadline) {
    if (deadline == INT64_MAX) {
        pthread_cond_wait(&in->changed, &in->lock);
        return true;
    }
    int64_t from_zero = WEFTI_MAX(deadline, 0);
    struct timespec until = {.tv_sec = (time_t)(from_zero / NANOSECONDS), .tv_nsec = (long)(from_zero % NANOSECONDS)};
    return pthread_cond_timedwait(&in->changed, &in->lock, &until) != ETIMEDOUT;
}

static void leave_bed(void *argument) {
    bed *in = argument;
    in->sleepers--;
    pthread_mutex_unlock(&in->lock);
}

bool wefti_futex_wait_cancelled(wefti_futex *word, uint32_t expected, int64_t deadline) {
    bed *in = bed_of(word);
    bool in_time = true;
    pthread_mutex_lock(&in->lock);
    in->sleepers++;
    pthread_cleanup_push(leave_bed, in); /* who is cancelled in its sleep has the lock again */
    if (wefti_load_acquire(word) == expected) in_time = sleep_in(in, deadline); /* acquire: as below */
    pthread_cleanup_pop(1);
    return in_time;
}

static bool wait_on(wefti_futex *word, uint32_t expected, int64_t deadline) {
    bed *in = bed_of(word);
    bool in_time = true;
    pthread_mutex_lock(&in->lock);
    /* acquire, under the lock: who changes the word and then wakes takes the lock after us, or we see the change. */
    if (wefti_load_acquire(word) == expected) {
        in->sleepers++;
        in_time = sleep_in(in, deadline);
        in->sleepers--;
    }
    pthread_mutex_unlock(&in->lock);
    return in_time;
}

bool wefti_futex_wait(wefti_futex *word, uint32_t expected, int64_t deadline) {
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); /* the sleep would be a cancellation point */
    bool in_time = wait_on(word, expected, deadline);
    pthread_setcancelstate(before, &before);
    return in_time;
}

void wefti_futex_wake(wefti_futex *word, uint32_t count) {
    if (count == 0) return;
    bed *in = bed_of(word);
    pthread_mutex_lock(&in->lock);
    if (in->sleepers > 0) pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
}

#endif
