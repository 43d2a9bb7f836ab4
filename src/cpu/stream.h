/* SPDX-License-Identifier: MIT */
/* stream.h - writing past the caches.
 *
 * What is written is seen by this thread at once, and by others after wefti_stream_end, or after any atomic update:
 * both come before whatever this thread publishes afterwards. Elsewhere than on x86-64 it is a plain copy.
 */
#ifndef WEFTI_STREAM_H
#define WEFTI_STREAM_H

#include <string.h>

#include "base/base.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* to and from: on multiples of 64, and so is size. They do not overlap. */
static inline void wefti_stream(void *to, const void *from, size_t size) {
#if defined(__SSE2__)
    __m128i *out = to;
    const __m128i *in = from;
    for (size_t i = 0; i < size / sizeof *in; i += 4) { /* a line at a time, so that it leaves as one */
        _mm_stream_si128(out + i, in[i]);
        _mm_stream_si128(out + i + 1, in[i + 1]);
        _mm_stream_si128(out + i + 2, in[i + 2]);
        _mm_stream_si128(out + i + 3, in[i + 3]);
    }
#else
    memcpy(to, from, size);
#endif
}

static inline void wefti_stream_end(void) {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

#endif
