/* SPDX-License-Identifier: MIT */
/* sort_stable.c - merge sort: halves are sorted at the same time, and merged by merge.c, to and fro between the array
 * and a copy of it. Halves that are in order already are not merged but copied. */
#include "parallel/merge.h"

#include <stdlib.h>
#include <string.h>

enum { INSERTION = 16, SORT_GRAIN = 2048, ON_STACK = 256 };

typedef struct job {
    const wefti_order *order;
    char *elements, *spare;
    size_t count;
    bool to_spare; /* where the result goes */
} job;

static void insert_all(const wefti_order *order, char *elements, size_t count) {
    WEFTI_ALIGNED(16) char small[ON_STACK];
    size_t size = order->size;
    for (size_t i = 1; i < count; i++) {
        size_t at = i;
        while (at > 0 && wefti_compare(order, elements + (at - 1) * size, elements + i * size) > 0) at--;
        if (at == i) continue;
        for (size_t done = 0; done < size;) { /* a rotation by one, in pieces that fit */
            size_t piece = WEFTI_MIN(size - done, sizeof small);
            memcpy(small, elements + i * size + done, piece);
            for (size_t k = i; k > at; k--) memcpy(elements + k * size + done, elements + (k - 1) * size + done, piece);
            memcpy(elements + at * size + done, small, piece);
            done += piece;
        }
    }
}

static void join_halves(const job *self, size_t half) {
    size_t size = self->order->size;
    char *from = self->to_spare ? self->elements : self->spare, *to = self->to_spare ? self->spare : self->elements;
    char *middle = from + half * size;
    if (wefti_compare(self->order, middle - size, middle) <= 0) {
        memcpy(to, from, self->count * size);
        return;
    }
    wefti_merge merge = {self->order, to, from, middle, half, self->count - half};
    wefti_merge_all(&merge);
}

WEFT_TASK(void, weft_sort_parts, (const job *, self)) {
    size_t size = self->order->size, half = self->count / 2;
    if (self->count <= INSERTION) {
        insert_all(self->order, self->elements, self->count);
        if (self->to_spare) memcpy(self->spare, self->elements, self->count * size);
        return;
    }
    job left = {self->order, self->elements, self->spare, half, !self->to_spare};
    job right = {self->order, self->elements + half * size, self->spare + half * size, self->count - half,
                 !self->to_spare};
    if (self->count > SORT_GRAIN) {
        weft_spawn(weft_sort_parts, &right);
        weft_call(weft_sort_parts, &left);
        weft_sync(weft_sort_parts);
    } else {
        weft_call(weft_sort_parts, &left);
        weft_call(weft_sort_parts, &right);
    }
    join_halves(self, half);
}

weft_status weft_sort_stable(void *elements, size_t size, size_t count,
                             int (*compare)(const void *a, const void *b, void *context), void *context,
                             const weft_parallel_options *options) {
    (void)options;
    if (compare == NULL || size == 0 || (elements == NULL && count > 0)) return WEFT_INVALID;
    if (count < 2) return WEFT_OK;
    if (count > SIZE_MAX / size) return WEFT_NO_MEMORY;
    char *spare = malloc(size * count);
    if (spare == NULL) return WEFT_NO_MEMORY;
    wefti_order order = {size, compare, context};
    job all = {&order, elements, spare, count, false};
    struct weft_sort_parts_arguments arguments = {&all};
    wefti_share(&weft_task_of_weft_sort_parts, &arguments);
    free(spare);
    return WEFT_OK;
}
