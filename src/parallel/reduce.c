/* SPDX-License-Identifier: MIT */
/* reduce.c - reducing arrays and ranges, and the least and the greatest element.
 *
 * Each part of the range has an accumulator of its own, and in the end they are combined in their order. So the result
 * depends on how the range is divided, and that depends on its length alone.
 */
#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "parallel/split.h"

typedef struct reduction {
    size_t begin, count, size, parts, stride;
    const void *array; /* NULL: a range, with fold */
    const void *identity;
    void (*fold)(size_t first, size_t last, void *accumulator, void *context);
    void (*combine)(void *left, const void *right, void *context);
    void *context;
    void *result;
    unsigned char *accumulators; /* one for each part, on lines of their own */
} reduction;

/* One part into its accumulator. */
static void reduce_part(const reduction *r, size_t part) {
    size_t first = wefti_part_begin(r->count, r->parts, part), last = wefti_part_begin(r->count, r->parts, part + 1);
    void *mine = r->accumulators + part * r->stride;
    if (r->identity != NULL)
        memcpy(mine, r->identity, r->size);
    else
        memcpy(mine, wefti_element(r->array, r->size, first++), r->size);
    if (r->fold != NULL) {
        r->fold(r->begin + first, r->begin + last, mine, r->context);
        return;
    }
    for (size_t i = first; i < last; i++) r->combine(mine, wefti_element(r->array, r->size, i), r->context);
}

static weft_status reduce_piece(void *argument, size_t first, size_t last) {
    for (size_t part = first; part < last; part++) reduce_part(argument, part);
    return WEFT_OK;
}

static weft_status reduce_parts(const weft_parallel_options *options, reduction *r) {
    wefti_steps steps;
    wefti_steps_begin(&steps, options, r->count, 1);
    weft_status status = wefti_split(&steps.options, r->parts, reduce_piece, r);
    if (status != WEFT_OK) return status;
    for (size_t part = 1; part < r->parts; part++)
        r->combine(r->accumulators, r->accumulators + part * r->stride, r->context);
    memcpy(r->result, r->accumulators, r->size);
    return wefti_steps_end(&steps, WEFT_OK);
}

static weft_status reduce(const weft_parallel_options *options, void *argument) {
    reduction *r = argument;
    if (r->count == 0) {
        memcpy(r->result, r->identity, r->size);
        return WEFT_OK;
    }
    r->parts = wefti_part_count(options, r->count);
    r->stride = (r->size + WEFTI_LINE - 1) / WEFTI_LINE * WEFTI_LINE;
    if (r->parts > WEFTI_MOST_ELEMENTS / r->stride) return WEFT_NO_MEMORY;
    r->accumulators = aligned_alloc(WEFTI_LINE, r->parts * r->stride);
    if (r->accumulators == NULL) return WEFT_NO_MEMORY;
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, r->accumulators);
    weft_status status = reduce_parts(options, r);
    wefti_frame_end(self, &frame, true);
    return status;
}

weft_status weft_reduce(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                        const void *identity, void *result,
                        void (*combine)(void *left, const void *right, void *context), void *context) {
    if (!wefti_array_valid(array, size, count) || combine == NULL || result == NULL) return WEFT_INVALID;
    if (count == 0 && identity == NULL) return WEFT_INVALID;
    reduction r = {.count = count, .size = size, .array = array, .identity = identity, .combine = combine};
    r.context = context;
    r.result = result;
    return wefti_parallel(options, reduce, &r);
}

weft_status weft_map_reduce(const weft_parallel_options *options, size_t begin, size_t end, size_t size,
                            const void *identity, void *result,
                            void (*fold)(size_t first, size_t last, void *accumulator, void *context),
                            void (*combine)(void *left, const void *right, void *context), void *context) {
    size_t count = end > begin ? end - begin : 0;
    if (size == 0 || size > WEFTI_MOST_ELEMENTS || count > WEFTI_MOST_ELEMENTS) return WEFT_INVALID;
    if (identity == NULL || result == NULL || fold == NULL || combine == NULL) return WEFT_INVALID;
    reduction r = {.begin = begin, .count = count, .size = size, .identity = identity, .fold = fold};
    r.combine = combine;
    r.context = context;
    r.result = result;
    return wefti_parallel(options, reduce, &r);
}

/* ---- the least and the greatest ---- */

typedef struct extreme {
    const void *array;
    size_t size;
    weft_compare *compare;
    void *context;
    int sign; /* 1: the least */
} extreme;

/* Whether the element at b is better than that at a, which lies in front of it. */
static bool better(const extreme *e, size_t a, size_t b) {
    int order = e->compare(wefti_element(e->array, e->size, b), wefti_element(e->array, e->size, a), e->context);
    return e->sign > 0 ? order < 0 : order > 0;
}

static void fold_extreme(size_t first, size_t last, void *accumulator, void *context) {
    size_t *best = accumulator;
    if (*best == SIZE_MAX) *best = first++;
    for (size_t i = first; i < last; i++)
        if (better(context, *best, i)) *best = i;
}

static void combine_extreme(void *left, const void *right, void *context) {
    size_t *best = left, other = *(const size_t *)right;
    if (better(context, *best, other)) *best = other;
}

static weft_status find_extreme(const weft_parallel_options *options, extreme *e, size_t count, size_t *index) {
    static const size_t none = SIZE_MAX;
    if (!wefti_array_valid(e->array, e->size, count) || e->compare == NULL || index == NULL || count == 0)
        return WEFT_INVALID;
    return weft_map_reduce(options, 0, count, sizeof none, &none, index, fold_extreme, combine_extreme, e);
}

weft_status weft_least(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                       size_t *index, weft_compare *compare, void *context) {
    return find_extreme(options, &(extreme){array, size, compare, context, 1}, count, index);
}

weft_status weft_greatest(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                          size_t *index, weft_compare *compare, void *context) {
    return find_extreme(options, &(extreme){array, size, compare, context, -1}, count, index);
}
