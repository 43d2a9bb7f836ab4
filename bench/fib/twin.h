/* SPDX-License-Identifier: MIT */
/* twin.h - fib as plain C, which each party is compared with in its own run. */
#ifndef FIB_TWIN_H
#define FIB_TWIN_H

#include <stdint.h>

uint64_t fib_sequential(int n); /* twin.c: compiled alone, with -O3 */

/* The number of calls with two calls in them. */
static inline uint64_t fib_spawns(int n) {
    uint64_t a = 1, b = 1;
    for (int i = 1; i < n; i++) {
        uint64_t c = a + b;
        a = b;
        b = c;
    }
    return b - 1;
}

/* The largest fib number with at most so many spawns, 38 at most. */
static inline int fib_number(int64_t spawns) {
    int n = 5;
    while (n < 38 && fib_spawns(n + 1) <= (uint64_t)spawns) n++;
    return n;
}

#endif
