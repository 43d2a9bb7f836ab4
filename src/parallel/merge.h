/* SPDX-License-Identifier: MIT */
/* merge.h - two sorted arrays made one, in parallel: for weft_merge and the stable sort. */
#ifndef WEFTI_MERGE_H
#define WEFTI_MERGE_H

#include "parallel/split.h"

/* How elements are compared. */
typedef struct wefti_order {
    size_t size;
    int (*compare)(const void *a, const void *b, void *context);
    void *context;
} wefti_order;

typedef struct wefti_merge {
    const wefti_order *order;
    char *out;
    const char *a, *b;
    size_t a_count, b_count;
} wefti_merge;

enum { WEFTI_MERGE_GRAIN = 4096 };

static inline int wefti_compare(const wefti_order *order, const char *a, const char *b) {
    return order->compare(a, b, order->context);
}

void wefti_merge_all(const wefti_merge *merge);

#endif
