/* SPDX-License-Identifier: MIT */
/* reduce.c - reduction by an associative operation; parts are joined from left to right. */
#include "parallel/split.h"

#include <stdlib.h>
#include <string.h>

enum { REDUCE_GRAIN = 256, ON_STACK = 1024 };

typedef struct reduction {
    wefti_split split;
    const char *elements;
    size_t size;
    void (*join)(void *accumulator, const void *element, void *context);
    void (*range)(size_t from, size_t to, void *accumulator, void *context);
    void *context;
    const void *identity;
    char *partial; /* one for each part */
    bool *there;   /* it was run */
} reduction;

static void run_elements(wefti_split *split, size_t part, size_t from, size_t to) {
    reduction *self = WEFTI_CONTAINER(split, reduction, split);
    WEFTI_ALIGNED(16) char sum[WEFTI_LARGEST_ELEMENT];
    memcpy(sum, self->elements + from * self->size, self->size);
    for (size_t i = from + 1; i < to; i++) self->join(sum, self->elements + i * self->size, self->context);
    memcpy(self->partial + part * WEFTI_LARGEST_ELEMENT, sum, self->size);
    self->there[part] = true;
}

static void run_range(wefti_split *split, size_t part, size_t from, size_t to) {
    reduction *self = WEFTI_CONTAINER(split, reduction, split);
    WEFTI_ALIGNED(16) char sum[WEFTI_LARGEST_ELEMENT];
    memcpy(sum, self->identity, self->size);
    self->range(from, to, sum, self->context);
    memcpy(self->partial + part * WEFTI_LARGEST_ELEMENT, sum, self->size);
    self->there[part] = true;
}

/* The sum of some parts lies at the first of them. */
static void join_parts(wefti_split *split, size_t first, size_t middle, size_t last) {
    reduction *self = WEFTI_CONTAINER(split, reduction, split);
    (void)last;
    char *left = self->partial + first * WEFTI_LARGEST_ELEMENT, *right = self->partial + middle * WEFTI_LARGEST_ELEMENT;
    if (self->there[first] && self->there[middle])
        self->join(left, right, self->context);
    else
        self->there[first] = false; /* stopped: there is no sum */
}

static weft_status reduce(reduction *self, void *result) {
    WEFTI_ALIGNED(16) char small[ON_STACK];
    size_t each = WEFTI_LARGEST_ELEMENT + sizeof(bool), parts = self->split.parts;
    char *memory = parts * each <= sizeof small ? small : aligned_alloc(16, (parts * each + 15) / 16 * 16);
    if (memory == NULL) return WEFT_NO_MEMORY;
    self->partial = memory;
    self->there = (bool *)(memory + parts * WEFTI_LARGEST_ELEMENT);
    memset(self->there, 0, parts * sizeof(bool));
    self->split.join = join_parts;
    weft_status status = wefti_split_run(&self->split);
    if (status == WEFT_OK) {
        if (self->identity != NULL && self->range == NULL) {
            memcpy(result, self->identity, self->size);
            self->join(result, memory, self->context);
        } else {
            memcpy(result, memory, self->size);
        }
    }
    if (memory != small) free(memory);
    return status;
}

weft_status weft_reduce(void *result, const void *elements, size_t size, size_t count,
                        void (*join)(void *accumulator, const void *element, void *context), void *context,
                        const void *identity, const weft_parallel_options *options) {
    if (join == NULL || result == NULL || size > WEFTI_LARGEST_ELEMENT) return WEFT_INVALID;
    if (count == 0 && identity == NULL) return WEFT_INVALID;
    if (count == 0) {
        memcpy(result, identity, size);
        return WEFT_OK;
    }
    if (elements == NULL) return WEFT_INVALID;
    reduction self = {.elements = elements, .size = size, .join = join, .context = context, .identity = identity};
    wefti_split_begin(&self.split, 0, count, REDUCE_GRAIN, options);
    self.split.run = run_elements;
    return reduce(&self, result);
}

weft_status weft_map_reduce(void *result, size_t result_size, size_t from, size_t to,
                            void (*range)(size_t from, size_t to, void *accumulator, void *context),
                            void (*join)(void *accumulator, const void *element, void *context), void *context,
                            const void *identity, const weft_parallel_options *options) {
    if (range == NULL || join == NULL || result == NULL || identity == NULL) return WEFT_INVALID;
    if (result_size > WEFTI_LARGEST_ELEMENT) return WEFT_INVALID;
    if (from >= to) {
        memcpy(result, identity, result_size);
        return WEFT_OK;
    }
    reduction self = {.size = result_size, .range = range, .join = join, .context = context, .identity = identity};
    wefti_split_begin(&self.split, from, to, 1, options);
    self.split.run = run_range;
    return reduce(&self, result);
}
