/* SPDX-License-Identifier: MIT */
/* an_over_aligned_argument_is_refused.c - arguments are stored with an alignment of 16 bytes. */
#include <weft.h>

#ifdef RIGHT
#define ALIGNMENT 16
#else
#define ALIGNMENT 32
#endif

typedef struct __attribute__((aligned(ALIGNMENT))) wide {
    double numbers[4];
} wide;
WEFT_TASK(double, first, (wide, value)) { return value.numbers[0]; }
