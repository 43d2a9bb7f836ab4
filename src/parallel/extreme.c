/* SPDX-License-Identifier: MIT */
/* extreme.c - the first of the least, or of the greatest. */
#include "parallel/split.h"

typedef struct contest {
    const char *elements;
    size_t size;
    int (*compare)(const void *a, const void *b, void *context);
    void *context;
    int sign; /* 1: the least; -1: the greatest */
} contest;

/* Accumulators are indices; SIZE_MAX is that of no element. */
static void best_of_range(size_t from, size_t to, void *accumulator, void *context) {
    const contest *self = context;
    size_t *best = accumulator;
    *best = from;
    for (size_t i = from + 1; i < to; i++) {
        int order = self->compare(self->elements + i * self->size, self->elements + *best * self->size, self->context);
        if (self->sign > 0 ? order < 0 : order > 0) *best = i;
    }
}

static void better_of_two(void *accumulator, const void *element, void *context) {
    const contest *self = context;
    size_t *best = accumulator, other = *(const size_t *)element;
    int order = self->compare(self->elements + other * self->size, self->elements + *best * self->size, self->context);
    if (self->sign > 0 ? order < 0 : order > 0) *best = other;
}

static weft_status find_extreme(size_t *index, contest self, size_t count, const weft_parallel_options *options) {
    if (index == NULL || self.compare == NULL || (self.elements == NULL && count > 0)) return WEFT_INVALID;
    *index = count;
    return weft_map_reduce(index, sizeof *index, 0, count, best_of_range, better_of_two, &self, &count, options);
}

weft_status weft_least(size_t *index, const void *elements, size_t size, size_t count,
                       int (*compare)(const void *a, const void *b, void *context), void *context,
                       const weft_parallel_options *options) {
    return find_extreme(index, (contest){elements, size, compare, context, 1}, count, options);
}

weft_status weft_greatest(size_t *index, const void *elements, size_t size, size_t count,
                          int (*compare)(const void *a, const void *b, void *context), void *context,
                          const weft_parallel_options *options) {
    return find_extreme(index, (contest){elements, size, compare, context, -1}, count, options);
}
