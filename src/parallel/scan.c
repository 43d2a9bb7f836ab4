/* SPDX-License-Identifier: MIT */
/* scan.c - prefixes: first the sum of each part, then, from the sums before it, its elements. */
#include "parallel/split.h"

#include <stdlib.h>
#include <string.h>

enum { SCAN_GRAIN = 1024 };

typedef struct scan {
    wefti_split split;
    char *out;
    const char *in;
    size_t size;
    void (*join)(void *accumulator, const void *element, void *context);
    void *context;
    const void *identity;
    bool exclusive;
    char *sums;   /* of each part, then of all before it */
    bool *seeded; /* there are any before it */
} scan;

static void add_up(wefti_split *split, size_t part, size_t from, size_t to) {
    scan *self = WEFTI_CONTAINER(split, scan, split);
    if (part + 1 == split->parts) return; /* nobody comes after it */
    WEFTI_ALIGNED(16) char sum[WEFTI_LARGEST_ELEMENT];
    memcpy(sum, self->in + from * self->size, self->size);
    for (size_t i = from + 1; i < to; i++) self->join(sum, self->in + i * self->size, self->context);
    memcpy(self->sums + part * WEFTI_LARGEST_ELEMENT, sum, self->size);
}

/* Makes of the sum of each part that of all before it. */
static void accumulate(scan *self) {
    WEFTI_ALIGNED(16) char sum[WEFTI_LARGEST_ELEMENT], own[WEFTI_LARGEST_ELEMENT];
    bool any = self->identity != NULL;
    if (any) memcpy(sum, self->identity, self->size);
    for (size_t part = 0; part < self->split.parts; part++) {
        char *place = self->sums + part * WEFTI_LARGEST_ELEMENT;
        memcpy(own, place, self->size);
        self->seeded[part] = any;
        if (any) memcpy(place, sum, self->size);
        if (part + 1 == self->split.parts) break;
        if (any)
            self->join(sum, own, self->context);
        else
            memcpy(sum, own, self->size);
        any = true;
    }
}

static void write_out(wefti_split *split, size_t part, size_t from, size_t to) {
    scan *self = WEFTI_CONTAINER(split, scan, split);
    WEFTI_ALIGNED(16) char sum[WEFTI_LARGEST_ELEMENT], element[WEFTI_LARGEST_ELEMENT];
    bool any = self->seeded[part];
    memcpy(sum, self->sums + part * WEFTI_LARGEST_ELEMENT, self->size);
    for (size_t i = from; i < to; i++) {
        memcpy(element, self->in + i * self->size, self->size); /* out may be in */
        if (self->exclusive) memcpy(self->out + i * self->size, sum, self->size);
        if (any)
            self->join(sum, element, self->context);
        else
            memcpy(sum, element, self->size);
        any = true;
        if (!self->exclusive) memcpy(self->out + i * self->size, sum, self->size);
    }
}

weft_status weft_scan(void *out, const void *in, size_t size, size_t count,
                      void (*join)(void *accumulator, const void *element, void *context), void *context,
                      const void *identity, bool exclusive, const weft_parallel_options *options) {
    if (join == NULL || size > WEFTI_LARGEST_ELEMENT || (exclusive && identity == NULL)) return WEFT_INVALID;
    if ((out == NULL || in == NULL) && count > 0) return WEFT_INVALID;
    scan self = {.out = out,
                 .in = in,
                 .size = size,
                 .join = join,
                 .context = context,
                 .identity = identity,
                 .exclusive = exclusive};
    wefti_split_begin(&self.split, 0, count, SCAN_GRAIN, options);
    size_t parts = self.split.parts, each = WEFTI_LARGEST_ELEMENT + sizeof(bool);
    self.sums = calloc(parts, each);
    if (self.sums == NULL) return WEFT_NO_MEMORY;
    self.seeded = (bool *)(self.sums + parts * WEFTI_LARGEST_ELEMENT);
    self.split.run = add_up;
    weft_status status = parts > 1 ? wefti_split_run(&self.split) : WEFT_OK;
    if (status == WEFT_OK) {
        accumulate(&self);
        self.split.run = write_out;
        status = wefti_split_run(&self.split);
    }
    free(self.sums);
    return status;
}
