/* SPDX-License-Identifier: MIT */
/* copy.h - copying values whose size is known at run time only, most of them small. */
#ifndef WEFTI_COPY_H
#define WEFTI_COPY_H

#include <stddef.h>
#include <string.h>

static inline void wefti_copy(void *to, const void *from, size_t size) {
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size == 16)
        memcpy(to, from, 16);
    else if (size != 0)
        memcpy(to, from, size);
}

#endif
