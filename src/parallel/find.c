/* SPDX-License-Identifier: MIT */
/* find.c - counting and finding elements, and whether every one or some one is as asked. */
#include "base/atomic.h"
#include "parallel/split.h"

/* ---- counting ---- */

typedef struct question {
    const void *array;
    size_t size, count;
    weft_predicate *predicate;
    void *context;
    bool wanted, any;
    WEFTI_ATOMIC(size_t) found; /* the first that was found, or count */
} question;

static bool holds(const question *q, size_t index) {
    return q->predicate(wefti_element(q->array, q->size, index), q->context);
}

static bool valid(const question *q, const void *answer) {
    return wefti_array_valid(q->array, q->size, q->count) && q->predicate != NULL && answer != NULL;
}

static void fold_count(size_t first, size_t last, void *accumulator, void *context) {
    size_t number = 0;
    for (size_t i = first; i < last; i++) number += holds(context, i);
    *(size_t *)accumulator += number;
}

static void combine_counts(void *left, const void *right, void *context) {
    (void)context;
    *(size_t *)left += *(const size_t *)right;
}

weft_status weft_count_if(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                          size_t *number, weft_predicate *predicate, void *context) {
    static const size_t none = 0;
    question q = {.array = array, .size = size, .count = count, .predicate = predicate, .context = context};
    if (!valid(&q, number)) return WEFT_INVALID;
    return weft_map_reduce(options, 0, count, sizeof none, &none, number, fold_count, combine_counts, &q);
}

/* ---- finding ---- */

static void note(question *q, size_t index) {
    size_t seen = wefti_load_relaxed(&q->found); /* relaxed, all: a number */
    while (index < seen && !wefti_cas_relaxed(&q->found, &seen, index)) continue;
}

/* relaxed: a piece that looks too far does no harm */
static bool still_of_use(const question *q, size_t index) {
    size_t found = wefti_load_relaxed(&q->found);
    return q->any ? found == q->count : index < found;
}

/* Pieces are taken from the front, so when one begins behind what was found, all after it would too. */
static weft_status find_piece(void *argument, size_t first, size_t last) {
    question *q = argument;
    if (!still_of_use(q, first)) return WEFT_BUSY; /* stops the loop */
    for (size_t i = first; i < last; i++) {
        if (i % 64 == 0 && !still_of_use(q, i)) return WEFT_OK;
        if (holds(q, i) != q->wanted) continue;
        note(q, i);
        return q->any ? WEFT_BUSY : WEFT_OK;
    }
    return WEFT_OK;
}

static weft_status find_inside(const weft_parallel_options *options, void *argument) {
    question *q = argument;
    wefti_steps steps;
    wefti_steps_begin(&steps, options, q->count, 1);
    weft_status status = wefti_split(&steps.options, q->count, find_piece, q);
    return wefti_steps_end(&steps, status == WEFT_BUSY ? WEFT_OK : status);
}

static weft_status find(const weft_parallel_options *options, question *q, size_t *index) {
    if (!valid(q, index)) return WEFT_INVALID;
    wefti_atomic_init(&q->found, q->count);
    weft_status status = wefti_parallel(options, find_inside, q);
    if (status == WEFT_OK) *index = wefti_load_relaxed(&q->found); /* relaxed: all have left */
    return status;
}

weft_status weft_find(const weft_parallel_options *options, const void *array, size_t size, size_t count, size_t *index,
                      weft_predicate *predicate, void *context) {
    question q = {array, size, count, predicate, context, true, false, {0}};
    return find(options, &q, index);
}

weft_status weft_find_any(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                          size_t *index, weft_predicate *predicate, void *context) {
    question q = {array, size, count, predicate, context, true, true, {0}};
    return find(options, &q, index);
}

/* Whether one is there for which the predicate's answer is `wanted`. */
static weft_status exists(const weft_parallel_options *options, question *q, bool *answer, bool if_found) {
    size_t index;
    if (answer == NULL) return WEFT_INVALID;
    weft_status status = find(options, q, &index);
    if (status == WEFT_OK) *answer = (index < q->count) == if_found;
    return status;
}

weft_status weft_every(const weft_parallel_options *options, const void *array, size_t size, size_t count, bool *answer,
                       weft_predicate *predicate, void *context) {
    question q = {array, size, count, predicate, context, false, true, {0}};
    return exists(options, &q, answer, false);
}

weft_status weft_some(const weft_parallel_options *options, const void *array, size_t size, size_t count, bool *answer,
                      weft_predicate *predicate, void *context) {
    question q = {array, size, count, predicate, context, true, true, {0}};
    return exists(options, &q, answer, true);
}

/* ---- questions that have nothing in common ---- */

typedef struct asking {
    const weft_question *questions;
    size_t count;
    bool decisive; /* the answer that decides */
    WEFTI_ATOMIC(bool) decided;
} asking;

static weft_status ask_piece(void *argument, size_t first, size_t last) {
    asking *a = argument;
    for (size_t i = first; i < last; i++) {
        if (wefti_load_relaxed(&a->decided)) return WEFT_BUSY; /* relaxed: one that is asked in vain does no harm */
        if (a->questions[i].holds(a->questions[i].argument) != a->decisive) continue;
        wefti_store_relaxed(&a->decided, true); /* relaxed: read after all have left */
        return WEFT_BUSY;                       /* stops the loop */
    }
    return WEFT_OK;
}

static weft_status ask_inside(const weft_parallel_options *options, void *argument) {
    asking *a = argument;
    wefti_steps steps;
    wefti_steps_begin(&steps, options, a->count, 1);
    if (options->parts == 0) steps.options.parts = a->count;
    weft_status status = wefti_split(&steps.options, a->count, ask_piece, a);
    return wefti_steps_end(&steps, status == WEFT_BUSY ? WEFT_OK : status);
}

static weft_status ask(const weft_parallel_options *options, asking *a, bool *answer) {
    if (!wefti_array_valid(a->questions, sizeof *a->questions, a->count) || answer == NULL) return WEFT_INVALID;
    for (size_t i = 0; i < a->count; i++)
        if (a->questions[i].holds == NULL) return WEFT_INVALID;
    wefti_atomic_init(&a->decided, false);
    weft_status status = a->count == 0 ? WEFT_OK : wefti_parallel(options, ask_inside, a);
    if (status == WEFT_OK) *answer = wefti_load_relaxed(&a->decided) == a->decisive; /* relaxed: all have left */
    return status;
}

weft_status weft_and(const weft_parallel_options *options, const weft_question *questions, size_t count, bool *answer) {
    return ask(options, &(asking){.questions = questions, .count = count, .decisive = false}, answer);
}

weft_status weft_or(const weft_parallel_options *options, const weft_question *questions, size_t count, bool *answer) {
    return ask(options, &(asking){.questions = questions, .count = count, .decisive = true}, answer);
}
