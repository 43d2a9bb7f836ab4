/* SPDX-License-Identifier: MIT */
/* maps.c - maps that are to become vector instructions without -O3; see vectorised.sh. */
#include <weft.h>

WEFT_MAP(float, line, (float, x), (float, a), (float, b)) { return a * x + b; } /* vector: one type */

WEFT_MAP(int, wider, (short, x)) { return 3 * x; } /* vector: two types */

weft_status maps(const float *in, float *out, const short *shorts, int *ints, size_t count);

weft_status maps(const float *in, float *out, const short *shorts, int *ints, size_t count) {
    weft_status status = weft_map_by(line, in, out, count, 2.0f, 1.0f);
    return status != WEFT_OK ? status : weft_map_by(wider, shorts, ints, count);
}
