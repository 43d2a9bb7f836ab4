/* SPDX-License-Identifier: MIT */
/* filter.c - copying those elements that hold: first they are counted, then each part knows where its own go. */
#include "parallel/split.h"

#include <stdlib.h>
#include <string.h>

enum { FILTER_GRAIN = 512 };

typedef struct filter {
    wefti_split split;
    char *out;
    const char *in;
    size_t size;
    bool (*holds)(const void *element, void *context);
    void *context;
    bool *marks;   /* of each element: it is asked only once */
    size_t *kept;  /* of each part, then where they go */
    size_t others; /* where those that do not hold go; SIZE_MAX: nowhere */
} filter;

static void mark(wefti_split *split, size_t part, size_t from, size_t to) {
    filter *self = WEFTI_CONTAINER(split, filter, split);
    size_t kept = 0;
    for (size_t i = from; i < to; i++) {
        self->marks[i] = self->holds(self->in + i * self->size, self->context);
        kept += self->marks[i];
    }
    self->kept[part] = kept;
}

static void copy(wefti_split *split, size_t part, size_t from, size_t to) {
    filter *self = WEFTI_CONTAINER(split, filter, split);
    size_t at = self->kept[part], other = self->others != SIZE_MAX ? self->others + from - at : 0;
    for (size_t i = from; i < to; i++) {
        const char *element = self->in + i * self->size;
        if (self->marks[i])
            memcpy(self->out + at++ * self->size, element, self->size);
        else if (self->others != SIZE_MAX)
            memcpy(self->out + other++ * self->size, element, self->size);
    }
}

static weft_status run_filter(filter *self, size_t *kept, bool others) {
    self->split.run = mark;
    weft_status status = wefti_split_run(&self->split);
    if (status != WEFT_OK) return status;
    size_t all = 0;
    for (size_t part = 0; part < self->split.parts; part++) {
        size_t own = self->kept[part];
        self->kept[part] = all;
        all += own;
    }
    self->others = others ? all : SIZE_MAX;
    self->split.run = copy;
    status = wefti_split_run(&self->split);
    if (status == WEFT_OK) *kept = all;
    return status;
}

static weft_status begin(void *out, size_t *kept, const void *in, size_t size, size_t count,
                         bool (*holds)(const void *element, void *context), void *context,
                         const weft_parallel_options *options, bool others) {
    if (holds == NULL || kept == NULL || ((out == NULL || in == NULL) && count > 0)) return WEFT_INVALID;
    *kept = 0;
    filter self = {.out = out, .in = in, .size = size, .holds = holds, .context = context};
    wefti_split_begin(&self.split, 0, count, FILTER_GRAIN, options);
    self.kept = calloc(self.split.parts, sizeof *self.kept);
    self.marks = malloc(count + 1);
    weft_status status = self.kept != NULL && self.marks != NULL ? run_filter(&self, kept, others) : WEFT_NO_MEMORY;
    free(self.marks);
    free(self.kept);
    return status;
}

weft_status weft_filter(void *out, size_t *kept, const void *in, size_t size, size_t count,
                        bool (*holds)(const void *element, void *context), void *context,
                        const weft_parallel_options *options) {
    return begin(out, kept, in, size, count, holds, context, options, false);
}

weft_status weft_partition(void *out, size_t *kept, const void *in, size_t size, size_t count,
                           bool (*holds)(const void *element, void *context), void *context,
                           const weft_parallel_options *options) {
    return begin(out, kept, in, size, count, holds, context, options, true);
}
