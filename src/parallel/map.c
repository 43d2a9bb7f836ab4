/* SPDX-License-Identifier: MIT */
/* map.c - a function of each element, or of each index. */
#include "parallel/split.h"

enum { MAP_GRAIN = 64 };

typedef struct map {
    wefti_split split;
    char *out;
    const char *in;
    size_t out_size, in_size;
    void (*apply)(void *out, const void *in, void *context);
    void (*make)(void *out, size_t index, void *context);
    void *context;
} map;

static void run_apply(wefti_split *split, size_t part, size_t from, size_t to) {
    map *self = WEFTI_CONTAINER(split, map, split);
    (void)part;
    for (size_t i = from; i < to; i++)
        self->apply(self->out + i * self->out_size, self->in + i * self->in_size, self->context);
}

static void run_make(wefti_split *split, size_t part, size_t from, size_t to) {
    map *self = WEFTI_CONTAINER(split, map, split);
    (void)part;
    for (size_t i = from; i < to; i++) self->make(self->out + i * self->out_size, i, self->context);
}

weft_status weft_map(void *out, size_t out_size, const void *in, size_t in_size, size_t count,
                     void (*apply)(void *out, const void *in, void *context), void *context,
                     const weft_parallel_options *options) {
    if (apply == NULL || ((out == NULL || in == NULL) && count > 0)) return WEFT_INVALID;
    map self = {.out = out, .in = in, .out_size = out_size, .in_size = in_size, .apply = apply, .context = context};
    wefti_split_begin(&self.split, 0, count, MAP_GRAIN, options);
    self.split.run = run_apply;
    return wefti_split_run(&self.split);
}

weft_status weft_map_into(void *out, size_t size, size_t count, void (*make)(void *out, size_t index, void *context),
                          void *context, const weft_parallel_options *options) {
    if (make == NULL || (out == NULL && count > 0)) return WEFT_INVALID;
    map self = {.out = out, .out_size = size, .make = make, .context = context};
    wefti_split_begin(&self.split, 0, count, MAP_GRAIN, options);
    self.split.run = run_make;
    return wefti_split_run(&self.split);
}
