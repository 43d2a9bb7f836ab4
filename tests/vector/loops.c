/* SPDX-License-Identifier: MIT */
/* loops.c - bodies of parallel loops that the compiler is to turn into vector instructions; see vectorised.sh. */
#include <weft.h>

typedef struct sums {
    float *out;
    const float *a, *b;
} sums;

/* restrict: the arrays are apart, so nothing is to be looked at before each range. */
static inline void add(size_t first, size_t last, float *restrict out, const float *restrict a,
                       const float *restrict b) {
    for (size_t i = first; i < last; i++) out[i] = a[i] + b[i]; /* vector: a range */
}

weft_status add_range(size_t first, size_t last, void *context);

weft_status add_range(size_t first, size_t last, void *context) {
    const sums *s = context;
    add(first, last, s->out, s->a, s->b);
    return WEFT_OK;
}

WEFT_LOOP(scale, i, (double *, values), (double, factor)) { values[i] *= factor; } /* vector: one array */

WEFT_LOOP(saxpy, i, (float *, y), (const float *, x), (float, a)) { y[i] += a * x[i]; } /* vector: two arrays */

weft_status all(double *values, float *y, const float *x, size_t count);

weft_status all(double *values, float *y, const float *x, size_t count) {
    weft_status status = weft_loop(scale, 0, count, values, 2.0);
    return status != WEFT_OK ? status : weft_loop(saxpy, 0, count, y, x, 3.0f);
}
