/* SPDX-License-Identifier: MIT */
/* deadline.c - points in time for users. */
#include <weft/base.h>

#include "os/os.h"

weft_deadline weft_time(void) { return wefti_clock(); }

weft_deadline weft_after(double seconds) {
    if (!(seconds > 0)) return WEFT_NOW; /* NaN too */
    double nanoseconds = seconds * 1e9;
    int64_t now = wefti_clock();
    /* The sum must not overflow, and beyond 2^62 ns a double has no use for exactness. */
    if (nanoseconds >= (double)(INT64_MAX - now - 1024)) return WEFT_FOREVER;
    return now + (int64_t)nanoseconds;
}
