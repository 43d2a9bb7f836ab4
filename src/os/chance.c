/* SPDX-License-Identifier: MIT */
/* chance.c - a generator for each thread. Source: Marsaglia's xorshift64, its upper half scaled as Lemire does. */
#include "os/chance.h"

#include "base/base.h"
#include "os/os.h"

static __thread uint64_t state __attribute__((tls_model("initial-exec")));

static WEFTI_NOINLINE uint64_t seed(void) { return ((uint64_t)wefti_clock() << 20 ^ (uintptr_t)&state) | 1; }

/* Not inlined: a task that waited may have come to another thread, whose generator lies elsewhere. */
WEFTI_NOINLINE uint32_t wefti_chance(uint32_t count) {
    uint64_t x = state;
    if (WEFTI_UNLIKELY(x == 0)) x = seed();
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    state = x;
    return (uint32_t)((x >> 32) * count >> 32);
}
