/* SPDX-License-Identifier: MIT */
/* twin.c - the sequential fib, compiled alone so that no caller's optimiser sees into it. */
#include "twin.h"

uint64_t fib_sequential(int n) {
    if (n < 2) return (uint64_t)n;
    uint64_t b = fib_sequential(n - 2);
    return fib_sequential(n - 1) + b;
}
