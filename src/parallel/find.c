/* SPDX-License-Identifier: MIT */
/* find.c - counting and finding; who has found something others need not look for, stops them. */
#include "parallel/split.h"

enum { FIND_GRAIN = 512, LOOK_EVERY = 64 };

typedef struct quest {
    wefti_split split;
    const char *elements;
    size_t size;
    bool (*holds)(const void *element, void *context);
    void *context;
    bool wanted, any;           /* what holds is to answer; any one will do */
    WEFTI_ATOMIC(size_t) found; /* the first index so far, or how many */
} quest;

static void run_count(wefti_split *split, size_t part, size_t from, size_t to) {
    quest *self = WEFTI_CONTAINER(split, quest, split);
    size_t found = 0;
    (void)part;
    for (size_t i = from; i < to; i++) found += self->holds(self->elements + i * self->size, self->context);
    wefti_add_relaxed(&self->found, found); /* relaxed: read when all parts have ended */
}

static void found_at(quest *self, size_t index) {
    size_t best = wefti_load_relaxed(&self->found);
    /* relaxed: an index, nothing is reached through it; after a failure `best` is what was found instead */
    while (index < best && !wefti_cas_relaxed(&self->found, &best, index)) {
    }
}

static bool in_vain(quest *self, size_t index) {
    size_t best = wefti_load_relaxed(&self->found); /* relaxed: a little work too much is no harm */
    return best < index || (self->any && best < self->split.to);
}

static void run_find(wefti_split *split, size_t part, size_t from, size_t to) {
    quest *self = WEFTI_CONTAINER(split, quest, split);
    (void)part;
    for (size_t i = from; i < to; i++) {
        if ((i - from) % LOOK_EVERY == 0 && in_vain(self, i)) return;
        if (self->holds(self->elements + i * self->size, self->context) != self->wanted) continue;
        found_at(self, i);
        return;
    }
}

static weft_status run_quest(quest *self, size_t count, size_t start,
                             void (*run)(wefti_split *split, size_t part, size_t from, size_t to),
                             const weft_parallel_options *options, size_t *found) {
    if (self->holds == NULL || found == NULL || (self->elements == NULL && count > 0)) return WEFT_INVALID;
    wefti_atomic_init(&self->found, start);
    wefti_split_begin(&self->split, 0, count, FIND_GRAIN, options);
    self->split.run = run;
    weft_status status = wefti_split_run(&self->split);
    *found = wefti_load_relaxed(&self->found); /* relaxed: all parts have ended */
    return status;
}

weft_status weft_count_if(size_t *found, const void *elements, size_t size, size_t count,
                          bool (*holds)(const void *element, void *context), void *context,
                          const weft_parallel_options *options) {
    quest self = {.elements = elements, .size = size, .holds = holds, .context = context};
    return run_quest(&self, count, 0, run_count, options, found);
}

weft_status weft_find(size_t *index, const void *elements, size_t size, size_t count,
                      bool (*holds)(const void *element, void *context), void *context,
                      const weft_parallel_options *options) {
    quest self = {.elements = elements, .size = size, .holds = holds, .context = context, .wanted = true};
    return run_quest(&self, count, count, run_find, options, index);
}

weft_status weft_find_any(size_t *index, const void *elements, size_t size, size_t count,
                          bool (*holds)(const void *element, void *context), void *context,
                          const weft_parallel_options *options) {
    quest self = {.elements = elements, .size = size, .holds = holds, .context = context, .wanted = true, .any = true};
    return run_quest(&self, count, count, run_find, options, index);
}

weft_status weft_every(bool *answer, const void *elements, size_t size, size_t count,
                       bool (*holds)(const void *element, void *context), void *context,
                       const weft_parallel_options *options) {
    quest self = {.elements = elements, .size = size, .holds = holds, .context = context, .wanted = false, .any = true};
    size_t index;
    if (answer == NULL) return WEFT_INVALID;
    weft_status status = run_quest(&self, count, count, run_find, options, &index);
    if (status != WEFT_INVALID) *answer = index == count;
    return status;
}

weft_status weft_some(bool *answer, const void *elements, size_t size, size_t count,
                      bool (*holds)(const void *element, void *context), void *context,
                      const weft_parallel_options *options) {
    size_t index;
    if (answer == NULL) return WEFT_INVALID;
    weft_status status = weft_find_any(&index, elements, size, count, holds, context, options);
    if (status != WEFT_INVALID) *answer = index < count;
    return status;
}
