/* SPDX-License-Identifier: MIT */
/* futex.c - sleeping and waking on a word, by the system's own means. futex_condvar.c is the portable variant. */
#define _GNU_SOURCE 1

#include "os/os.h"

#include <pthread.h>

#ifndef WEFTI_PORTABLE_WAIT

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* linux/futex.h has them too, where the headers of the system are at hand. */
enum { WAIT_BITSET_PRIVATE = 9 | 128, WAKE_PRIVATE = 1 | 128, ANY_BIT = -1 };
enum { NANOSECONDS = 1000000000 };

bool wefti_futex_wait(wefti_futex *word, uint32_t expected, int64_t deadline) {
    struct timespec until = {.tv_sec = 0, .tv_nsec = 0};
    if (deadline > 0) {
        until.tv_sec = (time_t)(deadline / NANOSECONDS);
        until.tv_nsec = (long)(deadline % NANOSECONDS);
    }
    int before = errno;
    /* The variant with a bit set is the one that takes an absolute time of the monotonic clock. */
    long result =
        syscall(SYS_futex, word, WAIT_BITSET_PRIVATE, expected, deadline != INT64_MAX ? &until : NULL, NULL, ANY_BIT);
    bool passed = result != 0 && errno == ETIMEDOUT;
    errno = before;
    return !passed;
}

bool wefti_futex_wait_cancelled(wefti_futex *word, uint32_t expected, int64_t deadline) {
    int before;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    bool in_time = wefti_futex_wait(word, expected, deadline);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &before);
    return in_time;
}

void wefti_futex_wake(wefti_futex *word, uint32_t count) {
    int before = errno;
    /* An error means that the memory is gone, and with it whoever slept there. */
    syscall(SYS_futex, word, WAKE_PRIVATE, (int)WEFTI_MIN(count, (uint32_t)INT_MAX), NULL, NULL, 0);
    errno = before;
}

#endif
