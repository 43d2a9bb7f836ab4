/* SPDX-License-Identifier: MIT */
/* clock.c - the one clock by which everything is decided. */
#include "os/os.h"

#include <time.h>

int64_t wefti_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    return WEFTI_MAX(nanoseconds, 1); /* 0 means "do not wait" elsewhere */
}
