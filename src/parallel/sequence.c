/* SPDX-License-Identifier: MIT */
/* sequence.c - algorithms over sequences that a user defines by a table of functions.
 *
 * Idea: a piece is a range of places; where it begins is found by `at`, by `split`, or from *marks*: the caller goes
 * through a sequence that has only `next` once, and notes every so many elements where it is. Pieces then begin at
 * marks only, so that none goes the way to its beginning again, however small they are. So what is divided is the work
 * on the elements, not the way along them.
 */
#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "lockfree/spinlock.h"
#include "parallel/split.h"

enum { MARKS_MOST = 4096 };

typedef struct walk {
    const weft_sequence_type *type;
    const void *sequence;
    size_t count, every; /* elements between two marks; 1: there are none */
    void **marks;        /* NULL: there is `at` or `split` */
    const weft_parallel_options *users;
    weft_parallel_options options; /* those for the range of blocks; a block: `every` elements, the last one fewer */
} walk;

static bool is_valid(const weft_sequence_type *type) {
    return type != NULL && type->size != NULL && (type->at != NULL || type->next != NULL);
}

static void free_marks(void *way) { free(((walk *)way)->marks); }

/* Goes through it once. What was marked is given back if a function of the user's leaves it by force. */
static weft_status mark(walk *w) {
    size_t marks = WEFTI_MIN(w->count, (size_t)MARKS_MOST);
    w->every = (w->count - 1) / marks + 1;
    w->marks = malloc(marks * sizeof *w->marks);
    if (w->marks == NULL) return WEFT_NO_MEMORY;
    wefti_strand *self = wefti_strand_self();
    weft_frame frame;
    if (self != NULL) wefti_frame_begin(self, &frame, free_marks, w);
    void *element = NULL;
    for (size_t i = 0; i < w->count; i++) {
        element = w->type->next(w->sequence, element);
        if (i % w->every == 0) w->marks[i / w->every] = element;
    }
    if (self != NULL) wefti_frame_end(self, &frame, false);
    return WEFT_OK;
}

static size_t blocks(const walk *w) { return w->count / w->every + (w->count % w->every != 0); }

/* Where block `number` begins; for number == blocks, the end. */
static size_t block_begin(const walk *w, size_t number) { return WEFTI_MIN(number * w->every, w->count); }

static void tell_elements(size_t done, size_t total, void *context) {
    const walk *w = context;
    (void)total;
    w->users->progress(block_begin(w, done), w->count, w->users->progress_context);
}

static weft_status begin(walk *w, const weft_parallel_options *options, const weft_sequence_type *type,
                         const void *sequence) {
    *w = (walk){.type = type, .sequence = sequence, .count = type->size(sequence), .every = 1, .users = options};
    if (w->count > WEFTI_MOST_ELEMENTS) return WEFT_INVALID;
    if (options != NULL) w->options = *options;
    if (w->options.progress != NULL) {
        w->options.progress = tell_elements;
        w->options.progress_context = w;
    }
    bool marks = type->at == NULL && type->split == NULL && w->count != 0;
    return marks ? mark(w) : WEFT_OK;
}

/* place: where a block begins. */
static void *element_at(const walk *w, size_t place) {
    if (w->type->at != NULL) return w->type->at(w->sequence, place);
    if (w->type->split != NULL) return w->type->split(w->sequence, place);
    return w->marks[place / w->every];
}

/* The one after it, which is at `place`. */
static void *element_after(const walk *w, const void *element, size_t place) {
    return w->type->at != NULL ? w->type->at(w->sequence, place) : w->type->next(w->sequence, element);
}

/* ---- for each ---- */

typedef struct for_each {
    walk way;
    weft_status (*body)(void *element, void *context);
    void *context;
} for_each;

static weft_status each_piece(size_t first, size_t last, void *argument) {
    const for_each *f = argument;
    void *element = element_at(&f->way, first);
    for (size_t i = first;;) {
        weft_status status = f->body(element, f->context);
        if (status != WEFT_OK || ++i == last) return status;
        element = element_after(&f->way, element, i);
    }
}

typedef struct in_blocks {
    const walk *way;
    weft_status (*piece)(size_t first, size_t last, void *argument);
    void *argument;
} in_blocks;

static weft_status do_blocks(size_t first, size_t last, void *argument) {
    const in_blocks *b = argument;
    return b->piece(block_begin(b->way, first), block_begin(b->way, last), b->argument);
}

/* The loop, with what was marked given back however it is left. */
static weft_status go_along(walk *way, weft_status (*piece)(size_t first, size_t last, void *argument),
                            void *argument) {
    weft_status status = WEFT_OK;
    in_blocks b = {way, piece, argument};
    WEFT_UNWIND_PROTECT(free_marks, way) { status = weft_for_range(&way->options, 0, blocks(way), do_blocks, &b); }
    return status;
}

weft_status weft_for_each(const weft_parallel_options *options, const weft_sequence_type *type, const void *sequence,
                          weft_status (*body)(void *element, void *context), void *context) {
    if (!is_valid(type) || body == NULL) return WEFT_INVALID;
    for_each f = {.body = body, .context = context};
    weft_status status = begin(&f.way, options, type, sequence);
    return status != WEFT_OK ? status : go_along(&f.way, each_piece, &f);
}

/* ---- map ---- */

typedef struct mapping {
    walk way;
    char *out;
    size_t out_size;
    void (*function)(const void *in, void *out, void *context);
    void *context;
} mapping;

static weft_status map_piece(size_t first, size_t last, void *argument) {
    const mapping *m = argument;
    const void *element = element_at(&m->way, first);
    for (size_t i = first;;) {
        m->function(element, m->out + i * m->out_size, m->context);
        if (++i == last) return WEFT_OK;
        element = element_after(&m->way, element, i);
    }
}

weft_status weft_map_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                              const void *sequence, void *out, size_t out_size,
                              void (*function)(const void *in, void *out, void *context), void *context) {
    if (!is_valid(type) || function == NULL || out_size == 0) return WEFT_INVALID;
    mapping m = {.out = out, .out_size = out_size, .function = function, .context = context};
    if (!wefti_array_valid(out, out_size, type->size(sequence))) return WEFT_INVALID;
    weft_status status = begin(&m.way, options, type, sequence);
    return status != WEFT_OK ? status : go_along(&m.way, map_piece, &m);
}

/* ---- reduce ---- */

typedef struct reduction {
    walk way;
    void (*fold)(const void *element, void *accumulator, void *context);
    void (*combine)(void *left, const void *right, void *context);
    void *context;
} reduction;

static void fold_blocks(size_t first_block, size_t last_block, void *accumulator, void *argument) {
    const reduction *r = argument;
    size_t first = block_begin(&r->way, first_block), last = block_begin(&r->way, last_block);
    const void *element = element_at(&r->way, first);
    for (size_t i = first;;) {
        r->fold(element, accumulator, r->context);
        if (++i == last) return;
        element = element_after(&r->way, element, i);
    }
}

static void combine_pieces(void *left, const void *right, void *argument) {
    const reduction *r = argument;
    r->combine(left, right, r->context);
}

weft_status weft_reduce_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                 const void *sequence, size_t size, const void *identity, void *result,
                                 void (*fold)(const void *element, void *accumulator, void *context),
                                 void (*combine)(void *left, const void *right, void *context), void *context) {
    if (!is_valid(type) || fold == NULL || combine == NULL) return WEFT_INVALID;
    reduction r = {.fold = fold, .combine = combine, .context = context};
    weft_status status = begin(&r.way, options, type, sequence);
    if (status != WEFT_OK) return status;
    WEFT_UNWIND_PROTECT(free_marks, &r.way) {
        status =
            weft_map_reduce(&r.way.options, 0, blocks(&r.way), size, identity, result, fold_blocks, combine_pieces, &r);
    }
    return status;
}

/* ---- find and count ---- */

typedef struct search {
    walk way;
    weft_predicate *predicate;
    void *context;
    WEFTI_ATOMIC(size_t) first; /* the first place that was found */
    wefti_spinlock lock;
    void *found; /* the element there; under lock */
    WEFTI_ATOMIC(size_t) number;
} search;

static void note(search *s, size_t place, void *element) {
    wefti_spin_lock(&s->lock);
    if (place < wefti_load_relaxed(&s->first)) { /* relaxed, all: written under the lock; a hint to others */
        wefti_store_relaxed(&s->first, place);
        s->found = element;
    }
    wefti_spin_unlock(&s->lock);
}

static weft_status find_piece(size_t first, size_t last, void *argument) {
    search *s = argument;
    if (first > wefti_load_relaxed(&s->first)) return WEFT_OK;
    void *element = element_at(&s->way, first);
    for (size_t i = first;;) {
        if (s->predicate(element, s->context)) {
            note(s, i, element);
            return WEFT_OK;
        }
        if (++i == last || i > wefti_load_relaxed(&s->first)) return WEFT_OK;
        element = element_after(&s->way, element, i);
    }
}

static weft_status count_piece(size_t first, size_t last, void *argument) {
    search *s = argument;
    size_t number = 0;
    const void *element = element_at(&s->way, first);
    for (size_t i = first;;) {
        number += s->predicate(element, s->context);
        if (++i == last) break;
        element = element_after(&s->way, element, i);
    }
    wefti_add_relaxed(&s->number, number); /* relaxed: the end of the loop orders it */
    return WEFT_OK;
}

static weft_status look_along(search *s, const weft_parallel_options *options, const weft_sequence_type *type,
                              const void *sequence, weft_status (*piece)(size_t first, size_t last, void *argument)) {
    if (!is_valid(type) || s->predicate == NULL) return WEFT_INVALID;
    wefti_atomic_init(&s->first, SIZE_MAX);
    weft_status status = begin(&s->way, options, type, sequence);
    return status != WEFT_OK ? status : go_along(&s->way, piece, s);
}

weft_status weft_find_in_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                  const void *sequence, void **found, weft_predicate *predicate, void *context) {
    if (found == NULL) return WEFT_INVALID;
    search s = {.predicate = predicate, .context = context};
    weft_status status = look_along(&s, options, type, sequence, find_piece);
    *found = s.found;
    return status;
}

weft_status weft_count_in_sequence(const weft_parallel_options *options, const weft_sequence_type *type,
                                   const void *sequence, size_t *number, weft_predicate *predicate, void *context) {
    if (number == NULL) return WEFT_INVALID;
    search s = {.predicate = predicate, .context = context};
    weft_status status = look_along(&s, options, type, sequence, count_piece);
    *number = wefti_load_relaxed(&s.number); /* relaxed: as in count_piece */
    return status;
}
