/* SPDX-License-Identifier: MIT */
/* sort.c - sorting and merging with an order of the caller's.
 *
 * The array is divided into runs, a power of two of them, that are sorted side by side; then passes merge two and two,
 * each pass divided into segments of about the same length by searching for where a segment of the result begins in
 * the two runs (the merge path). The segments' borders are made monotone, so that an order that is none loses nothing.
 *
 * Source: Odeh, Green, Mwassi, Shmueli, Birk, Merge Path (2012).
 */
#include <weft/order.h>

#include <stdlib.h>

#include "dynamic/frame.h"
#include "os/os.h"
#include "parallel/merge.h"

enum { ALONE = 2048, RUNS_A_WORKER = 4, LEAST_SEGMENT = 1024, WATCHED_RUN = 1 << 16 };

typedef struct segment {
    const char *a, *b;
    size_t a_count, b_count;
    char *out;
} segment;

typedef struct sorting {
    char *array, *other;
    size_t count, size, runs;
    weft_compare *compare;
    void *context;
    const weft_order *order; /* NULL: none but compare */
    bool to_other;           /* where the runs are to be */
    bool *moved;             /* for each run: it is there, whole */
    const char *from;        /* where all runs are, once they are merged; NULL before */
    void *memory;
    segment *segments;
    size_t segment_count, most_segments;
} sorting;

/* ---- one worker ---- */

static void sort_alone(const sorting *s, size_t run, char *from, char *other, size_t count) {
    bool *moved = &s->moved[run];
    if (s->order != NULL) {
        s->order->sort_run(from, other, count, s->to_other);
        *moved = s->to_other;
    } else if (s->size == 4) {
        wefti_sort_run(from, other, count, s->to_other, moved, 4, s->compare, s->context);
    } else if (s->size == 8) {
        wefti_sort_run(from, other, count, s->to_other, moved, 8, s->compare, s->context);
    } else if (s->size == 16) {
        wefti_sort_run(from, other, count, s->to_other, moved, 16, s->compare, s->context);
    } else {
        wefti_sort_run(from, other, count, s->to_other, moved, s->size, s->compare, s->context);
    }
}

static void merge_segment(const sorting *s, const segment *part) {
    const segment *p = part;
    if (s->order != NULL)
        s->order->merge_runs(p->a, p->a_count, p->b, p->b_count, p->out);
    else if (s->size == 4)
        wefti_merge_runs(p->a, p->a_count, p->b, p->b_count, p->out, 4, s->compare, s->context);
    else if (s->size == 8)
        wefti_merge_runs(p->a, p->a_count, p->b, p->b_count, p->out, 8, s->compare, s->context);
    else
        wefti_merge_runs(p->a, p->a_count, p->b, p->b_count, p->out, s->size, s->compare, s->context);
}

/* ---- merging, divided ---- */

static weft_status merge_pieces(void *argument, size_t first, size_t last) {
    const sorting *s = argument;
    for (size_t i = first; i < last; i++) merge_segment(s, &s->segments[i]);
    return WEFT_OK;
}

/* Adds the segments of one merge, `pieces` of them. */
static void divide_merge(sorting *s, const char *a, size_t a_count, const char *b, size_t b_count, char *out,
                         size_t pieces) {
    size_t count = a_count + b_count, from_a = 0, rank = 0;
    for (size_t i = 1; i <= pieces; i++) {
        size_t end = wefti_part_begin(count, pieces, i), more = end - rank;
        size_t to_a =
            i == pieces ? a_count : wefti_merge_path(a, a_count, b, b_count, end, s->size, s->compare, s->context);
        to_a = WEFTI_MIN(WEFTI_MAX(to_a, from_a), from_a + more); /* of no effect if the order is one */
        s->segments[s->segment_count++] = (segment){a + from_a * s->size, b + (rank - from_a) * s->size, to_a - from_a,
                                                    more - (to_a - from_a), out + rank * s->size};
        from_a = to_a;
        rank = end;
    }
}

/* ---- all of it ---- */

static weft_status sort_runs(void *argument, size_t first, size_t last) {
    const sorting *s = argument;
    for (size_t run = first; run < last; run++) {
        size_t begin = wefti_part_begin(s->count, s->runs, run), end = wefti_part_begin(s->count, s->runs, run + 1);
        sort_alone(s, run, s->array + begin * s->size, s->other + begin * s->size, end - begin);
    }
    return WEFT_OK;
}

/* However it ends, the array has each element once. */
static void move_back(const sorting *s) {
    if (s->from != NULL && s->from != s->array) memcpy(s->array, s->from, s->count * s->size);
    if (s->from != NULL) return;
    for (size_t run = 0; run < s->runs; run++) {
        size_t begin = wefti_part_begin(s->count, s->runs, run), end = wefti_part_begin(s->count, s->runs, run + 1);
        if (s->moved[run]) memcpy(s->array + begin * s->size, s->other + begin * s->size, (end - begin) * s->size);
    }
}

/* Merges runs two and two from `in` to `out`. */
static weft_status merge_pass(const weft_parallel_options *options, sorting *s, size_t width, const char *in,
                              char *out) {
    size_t pairs = s->runs / (2 * width), pieces = WEFTI_MAX(s->most_segments / pairs, (size_t)1);
    s->segment_count = 0;
    for (size_t pair = 0; pair < pairs; pair++) {
        size_t begin = wefti_part_begin(s->count, s->runs, 2 * width * pair);
        size_t middle = wefti_part_begin(s->count, s->runs, 2 * width * pair + width);
        size_t end = wefti_part_begin(s->count, s->runs, 2 * width * (pair + 1));
        divide_merge(s, in + begin * s->size, middle - begin, in + middle * s->size, end - middle,
                     out + begin * s->size, pieces);
    }
    return wefti_split(options, s->segment_count, merge_pieces, s);
}

static weft_status sort_divided(const weft_parallel_options *options, sorting *s, size_t passes) {
    wefti_steps steps;
    wefti_steps_begin(&steps, options, s->count, passes + 1);
    weft_status status = wefti_split(&steps.options, s->runs, sort_runs, s);
    if (status != WEFT_OK) return status;
    char *in = s->to_other ? s->other : s->array, *out = s->to_other ? s->array : s->other;
    for (size_t width = 1; width < s->runs; width *= 2) {
        s->from = in; /* it has them all until the pass is done */
        status = merge_pass(&steps.options, s, width, in, out);
        if (status != WEFT_OK) return status;
        char *swap = in;
        in = out;
        out = swap;
    }
    s->from = in; /* the array, as many passes as there are */
    return wefti_steps_end(&steps, status);
}

static size_t runs_for(const weft_parallel_options *options, size_t count) {
    size_t workers = wefti_parallel_workers(options), wanted = options->parts != 0 ? options->parts : 1, runs = 1;
    if (options->parts == 0 && workers > 1 && count >= ALONE) wanted = WEFTI_MIN(workers * RUNS_A_WORKER, count / 256);
    if (options->parts == 0 && wefti_in_pieces(options)) wanted = WEFTI_MAX(wanted, count / WATCHED_RUN);
    while (runs < wanted && runs < count / 2) runs *= 2;
    return runs;
}

static weft_status sort_with(const weft_parallel_options *options, sorting *s) {
    size_t passes = 0;
    for (size_t width = 1; width < s->runs; width *= 2) passes++;
    s->to_other = passes % 2 != 0;
    if (s->runs > 1) return sort_divided(options, s, passes);
    sort_alone(s, 0, s->array, s->other, s->count);
    if (options->progress != NULL) options->progress(s->count, s->count, options->progress_context);
    return WEFT_OK;
}

static void end_sorting(void *argument) {
    sorting *s = argument;
    move_back(s);
    free(s->memory);
}

static weft_status stable_sort_inside(const weft_parallel_options *options, void *argument) {
    sorting *s = argument;
    if (options->deadline != 0 && wefti_clock() >= options->deadline) return WEFT_TIMED_OUT;
    s->runs = runs_for(options, s->count);
    s->most_segments = WEFTI_MAX(WEFTI_MIN(s->runs * 2, s->count / LEAST_SEGMENT), s->runs);
    size_t segments = (s->most_segments + s->runs) * sizeof(segment), bytes = s->count * s->size;
    char *memory = wefti_parallel_room(segments + bytes + s->runs);
    if (memory == NULL) return WEFT_NO_MEMORY;
    s->memory = memory;
    s->segments = (segment *)(void *)memory;
    s->other = memory + segments;
    s->moved = (bool *)(s->other + bytes);
    memset(s->moved, 0, s->runs);
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, end_sorting, s);
    weft_status status = sort_with(options, s);
    wefti_frame_end(self, &frame, true);
    return status;
}

/* ---- without memory ---- */

static void swap_elements(char *a, char *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

static void sift(const sorting *s, size_t from, size_t count) {
    for (size_t child; (child = 2 * from + 1) < count; from = child) {
        char *greater = s->array + child * s->size;
        if (child + 1 < count && s->compare(greater, greater + s->size, s->context) < 0) {
            greater += s->size;
            child++;
        }
        if (s->compare(s->array + from * s->size, greater, s->context) >= 0) return;
        swap_elements(s->array + from * s->size, greater, s->size);
    }
}

/* In place: a heap. */
static void sort_in_place(const sorting *s) {
    for (size_t i = s->count / 2; i-- > 0;) sift(s, i, s->count);
    for (size_t left = s->count; left > 1; left--) {
        swap_elements(s->array, s->array + (left - 1) * s->size, s->size);
        sift(s, 0, left - 1);
    }
}

static weft_status sort_inside(const weft_parallel_options *options, void *argument) {
    weft_status status = stable_sort_inside(options, argument);
    if (status != WEFT_NO_MEMORY) return status;
    const sorting *s = argument;
    sort_in_place(s);
    if (options->progress != NULL) options->progress(s->count, s->count, options->progress_context);
    return WEFT_OK;
}

/* ---- for users ---- */

static bool sort_valid(const void *array, size_t size, size_t count, weft_compare *compare) {
    return wefti_array_valid(array, size, count) && compare != NULL;
}

weft_status weft_sort(const weft_parallel_options *options, void *array, size_t count, size_t size,
                      weft_compare *compare, void *context) {
    if (!sort_valid(array, size, count, compare)) return WEFT_INVALID;
    sorting s = {.array = array, .count = count, .size = size, .compare = compare, .context = context};
    return count < 2 ? WEFT_OK : wefti_parallel(options, sort_inside, &s);
}

weft_status weft_stable_sort(const weft_parallel_options *options, void *array, size_t count, size_t size,
                             weft_compare *compare, void *context) {
    if (!sort_valid(array, size, count, compare)) return WEFT_INVALID;
    sorting s = {.array = array, .count = count, .size = size, .compare = compare, .context = context};
    return count < 2 ? WEFT_OK : wefti_parallel(options, stable_sort_inside, &s);
}

/* ---- by an order that is inlined ---- */

/* For what compares one by one: where segments begin, and sorting without memory. */
static int compare_by_order(const void *a, const void *b, void *context) {
    const weft_order *order = context;
    return order->less(a, b) ? -1 : order->less(b, a);
}

weft_status weft_sort_ordered(const weft_parallel_options *options, const weft_order *order, void *array,
                              size_t count) {
    if (order == NULL || !wefti_array_valid(array, order->size, count)) return WEFT_INVALID;
    sorting s = {.array = array, .count = count, .size = order->size, .compare = compare_by_order, .order = order};
    s.context = (void *)(uintptr_t)order;
    return count < 2 ? WEFT_OK : wefti_parallel(options, stable_sort_inside, &s);
}

/* ---- texts ---- */

/* A text with its first bytes, as a number that is in their order: most comparisons follow no pointer. */
typedef struct text {
    uint64_t begin;
    const char *all;
} text;

WEFT_ORDER(by_text, text, a, b) { return a->begin != b->begin ? a->begin < b->begin : strcmp(a->all, b->all) < 0; }

static uint64_t begin_of(const char *string) {
    uint64_t begin = 0;
    for (int i = 0; i < 8 && string[i] != 0; i++) begin |= (uint64_t)(unsigned char)string[i] << (56 - 8 * i);
    return begin;
}

typedef struct texts {
    const char **array;
    text *with_begins;
    size_t count;
} texts;

static weft_status begin_pieces(void *argument, size_t first, size_t last) {
    const texts *t = argument;
    for (size_t i = first; i < last; i++) t->with_begins[i] = (text){begin_of(t->array[i]), t->array[i]};
    return WEFT_OK;
}

static weft_status sort_texts(const weft_parallel_options *options, texts *t) {
    wefti_steps steps;
    wefti_steps_begin(&steps, options, t->count, 2);
    weft_status status = wefti_split(&steps.options, t->count, begin_pieces, t);
    if (status != WEFT_OK) return status;
    status = weft_sort_by(&steps.options, by_text, t->with_begins, t->count);
    for (size_t i = 0; i < t->count; i++) t->array[i] = t->with_begins[i].all; /* each once, also if it gave up */
    return wefti_steps_end(&steps, status);
}

static weft_status sort_texts_inside(const weft_parallel_options *options, void *argument) {
    texts *t = argument;
    t->with_begins = wefti_parallel_room(t->count * sizeof *t->with_begins);
    if (t->with_begins == NULL) return WEFT_NO_MEMORY;
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, t->with_begins);
    weft_status status = sort_texts(options, t);
    wefti_frame_end(self, &frame, true);
    return status;
}

static int compare_strings(const void *a, const void *b, void *context) {
    (void)context;
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

weft_status weft_sort_strings(const weft_parallel_options *options, const char **array, size_t count) {
    if (!wefti_array_valid(array, sizeof *array, count)) return WEFT_INVALID;
    if (count < 2) return WEFT_OK;
    weft_status status = wefti_parallel(options, sort_texts_inside, &(texts){array, NULL, count});
    if (status != WEFT_NO_MEMORY) return status;
    return weft_sort(options, array, count, sizeof *array, compare_strings, NULL);
}

/* ---- merging two arrays ---- */

typedef struct merging {
    sorting sorting;
    const char *a, *b;
    size_t a_count, b_count;
    char *out;
} merging;

static weft_status merge_inside(const weft_parallel_options *options, void *argument) {
    merging *m = argument;
    size_t workers = wefti_parallel_workers(options), count = m->a_count + m->b_count;
    size_t pieces = options->parts != 0 ? WEFTI_MIN(options->parts, count) : workers * RUNS_A_WORKER;
    if (options->parts == 0) pieces = WEFTI_MAX(WEFTI_MIN(pieces, count / LEAST_SEGMENT), (size_t)1);
    if (options->parts == 0 && workers == 1 && !wefti_in_pieces(options)) pieces = 1;
    m->sorting.segments = malloc(pieces * sizeof(segment));
    if (m->sorting.segments == NULL) return WEFT_NO_MEMORY;
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, m->sorting.segments);
    divide_merge(&m->sorting, m->a, m->a_count, m->b, m->b_count, m->out, pieces);
    wefti_steps steps;
    wefti_steps_begin(&steps, options, count, 1);
    weft_status status = wefti_steps_end(&steps, wefti_split(&steps.options, pieces, merge_pieces, &m->sorting));
    wefti_frame_end(self, &frame, true);
    return status;
}

weft_status weft_merge(const weft_parallel_options *options, const void *a, size_t a_count, const void *b,
                       size_t b_count, size_t size, void *out, weft_compare *compare, void *context) {
    if (!sort_valid(a, size, a_count, compare) || !wefti_array_valid(b, size, b_count)) return WEFT_INVALID;
    if (b_count > WEFTI_MOST_ELEMENTS - a_count || !wefti_array_valid(out, size, a_count + b_count))
        return WEFT_INVALID;
    if (a_count + b_count == 0) return WEFT_OK;
    merging m = {{.size = size, .compare = compare, .context = context}, a, b, a_count, b_count, out};
    return wefti_parallel(options, merge_inside, &m);
}
