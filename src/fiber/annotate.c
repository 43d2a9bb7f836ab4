/* SPDX-License-Identifier: MIT */
/* annotate.c - what the annotations for sanitizers must ask the system. Empty in other builds. */
#define _GNU_SOURCE 1

#include "fiber/annotate.h"

#if WEFTI_ASAN

#include <pthread.h>

void wefti_annotate_own_stack(const void **low, size_t *size) {
    pthread_attr_t attributes;
    void *start = NULL;
    *size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &start, size);
        pthread_attr_destroy(&attributes);
    }
    *low = start;
}

#endif
