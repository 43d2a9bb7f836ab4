/* SPDX-License-Identifier: MIT */
/* copy.h - copying values whose size is known at run time only, most of them small. */
#ifndef WEFTI_COPY_H
#define WEFTI_COPY_H

#include <stddef.h>
#include <string.h>

#include "base/base.h"

/* The values are the user's, so a sanitizer that is told nothing of the library's own accesses (fiber/annotate.h) is
 * told that they are read. Where they go is mostly the library's memory. */
#if WEFTI_TSAN_FIBERS
void __tsan_read_range(void *address, unsigned long size);
#define WEFTI_READS(from, size) __tsan_read_range((void *)(uintptr_t)(from), size)
#else
#define WEFTI_READS(from, size) ((void)0)
#endif

static inline void wefti_copy(void *to, const void *from, size_t size) {
    WEFTI_READS(from, size);
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size == 16)
        memcpy(to, from, 16);
    else if (size != 0)
        memcpy(to, from, size);
}

/* The same without a call, so that the caller need not keep registers for one. */
static inline bool wefti_copies_shortly(size_t size) { return size == 8 || size == 4; }
static inline void wefti_copy_shortly(void *to, const void *from, size_t size) {
    WEFTI_READS(from, size);
    if (size == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, 4);
}

#endif
