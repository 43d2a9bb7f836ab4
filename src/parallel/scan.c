/* SPDX-License-Identifier: MIT */
/* scan.c - what all elements up to each one combine to.
 *
 * First each part but the last is reduced, then the parts' sums are scanned one after the other, and then each part is
 * scanned from the sum before it. With one worker, or few elements, there is one part, and one pass.
 *
 * Where several workers take part, the first and the last part are long. What is before the first one is known, so it
 * is scanned at once while the others are reduced; the last one need not be reduced, and is scanned while the others
 * are. So with n workers a part of y = (n - 1) / (n + r) is gone through twice, where r is the time that reducing takes
 * by that of scanning, and all of it takes (1 + r) / (n + r) of the time of one worker, and not (1 + r) / n.
 */
#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "parallel/split.h"

typedef struct scan {
    weft_scan_kind kind;
    const void *array;
    void *out;
    size_t size, count, parts;
    const void *identity;
    void (*combine)(void *left, const void *right, void *context);
    void *context;
    size_t front, tail; /* elements of a long first and last part; 0: all parts are of a length */
    size_t begin;       /* of a range, with fold and write in place of arrays */
    void (*fold)(size_t first, size_t last, void *accumulator, void *context);
    void (*write)(size_t first, size_t last, void *accumulator, void *context);
    unsigned char *sums; /* parts + 2: of what is before each part; the last is the scratch of none */
} scan;

enum { FEW_TO_SCAN = 4096, PARTS_A_WORKER = 8, PARTS_MOST = 30, BLOCK = 2048 };

static size_t part_begin(const scan *s, size_t part) {
    if (s->front == 0) return wefti_part_begin(s->count, s->parts, part);
    if (part == 0 || part == s->parts) return part == 0 ? 0 : s->count;
    return s->front + wefti_part_begin(s->count - s->front - s->tail, s->parts - 2, part - 1);
}

static void sum_part(const scan *s, size_t part) {
    void *sum = s->sums + (part + 1) * s->size;
    size_t begin = part_begin(s, part), end = part_begin(s, part + 1);
    memcpy(sum, s->identity, s->size);
    if (s->fold != NULL) s->fold(s->begin + begin, s->begin + end, sum, s->context);
    for (size_t i = begin; s->fold == NULL && i < end; i++)
        s->combine(sum, wefti_element(s->array, s->size, i), s->context);
}

/* sum is what is before the part, and scratch: room for two elements. Inlined with a constant size, so that copies of
 * small elements are moves. */
static inline __attribute__((always_inline)) void scan_sized(const scan *s, size_t part, unsigned char *sum,
                                                             size_t size, bool inclusive) {
    unsigned char *element = sum + size;
    size_t begin = part_begin(s, part), end = part_begin(s, part + 1);
    const char *in = wefti_element(s->array, size, begin);
    char *out = wefti_element(s->out, size, begin);
    memcpy(sum, s->sums + part * size, size);
    for (size_t i = begin; i < end; i++, in += size, out += size) {
        if (inclusive) {
            s->combine(sum, in, s->context);
            memcpy(out, sum, size);
        } else {
            memcpy(element, in, size); /* out may be where it lies */
            memcpy(out, sum, size);
            s->combine(sum, element, s->context);
        }
    }
}

static void write_part(const scan *s, size_t part, unsigned char *sum) {
    memcpy(sum, s->sums + part * s->size, s->size);
    s->write(s->begin + part_begin(s, part), s->begin + part_begin(s, part + 1), sum, s->context);
}

static void scan_part(const scan *s, size_t part, unsigned char *sum) {
    bool inclusive = s->kind == WEFT_SCAN_INCLUSIVE;
    if (s->write != NULL) {
        write_part(s, part, sum);
        return;
    }
    if (s->size == 8 && inclusive)
        scan_sized(s, part, sum, 8, true);
    else if (s->size == 8)
        scan_sized(s, part, sum, 8, false);
    else if (s->size == 4 && inclusive)
        scan_sized(s, part, sum, 4, true);
    else
        scan_sized(s, part, sum, s->size, inclusive);
}

/* The first part, which nothing is before: scanned, and its sum left where sum_part leaves one. A range in blocks that
 * are still in the cache when they are written, since what write leaves behind is not its sum. */
static void scan_front(const scan *s, unsigned char *sum) {
    unsigned char *own = s->sums + s->size;
    if (s->write == NULL) {
        scan_part(s, 0, sum);
        memcpy(own, sum, s->size);
        return;
    }
    memcpy(own, s->identity, s->size);
    for (size_t at = 0; at < s->front; at += BLOCK) {
        size_t begin = s->begin + at, end = s->begin + WEFTI_MIN(at + BLOCK, s->front);
        memcpy(sum, own, s->size);
        s->fold(begin, end, own, s->context);
        s->write(begin, end, sum, s->context);
    }
}

/* In the first step all but the last part are to be done, in the second all, or where the first is long all but that:
 * the last one then comes first, since it takes longest. */
static void do_piece(const scan *s, size_t piece, unsigned char *sum, bool first_step) {
    if (!first_step)
        scan_part(s, s->front != 0 && piece == 0 ? s->parts - 1 : piece, sum);
    else if (piece == 0 && s->front != 0)
        scan_front(s, sum);
    else
        sum_part(s, piece);
}

static weft_status do_pieces(const scan *s, size_t first, size_t last, bool first_step) {
    _Alignas(16) unsigned char small[256];
    unsigned char *scratch = 2 * s->size <= sizeof small ? small : malloc(2 * s->size);
    if (scratch == NULL) return WEFT_NO_MEMORY;
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    if (scratch != small) wefti_frame_begin(self, &frame, free, scratch);
    for (size_t piece = first; piece < last; piece++) do_piece(s, piece, scratch, first_step);
    if (scratch != small) wefti_frame_end(self, &frame, true);
    return WEFT_OK;
}

static weft_status sum_pieces(void *argument, size_t first, size_t last) {
    return do_pieces(argument, first, last, true);
}

static weft_status scan_pieces(void *argument, size_t first, size_t last) {
    return do_pieces(argument, first, last, false);
}

static weft_status scan_all(const weft_parallel_options *options, scan *s) {
    wefti_steps steps;
    wefti_steps_begin(&steps, options, s->count, 2);
    memcpy(s->sums, s->identity, s->size);
    weft_status status = wefti_split(&steps.options, s->parts - 1, sum_pieces, s);
    if (status != WEFT_OK) return status;
    for (size_t part = 1; part < s->parts; part++) {
        /* sums[part] is the part's before own: before + own, in this order */
        unsigned char *own = s->sums + part * s->size, *scratch = s->sums + (s->parts + 1) * s->size;
        memcpy(scratch, own - s->size, s->size);
        s->combine(scratch, own, s->context);
        memcpy(own, scratch, s->size);
    }
    return wefti_steps_end(&steps, wefti_split(&steps.options, s->parts - (s->front != 0), scan_pieces, s));
}

/* A function of the user's that is called for each element takes about as long to reduce as to scan; a loop of the
 * user's, half as long. */
static void divide(const weft_parallel_options *options, scan *s) {
    size_t workers = wefti_parallel_workers(options), r = s->write != NULL ? 1 : 2, all = 2 * workers + r;
    bool alone = workers == 1 || s->count < FEW_TO_SCAN;
    s->parts = options->parts != 0 ? WEFTI_MIN(options->parts, s->count) : 1;
    if (options->parts != 0 || s->count < FEW_TO_SCAN || (alone && !wefti_in_pieces(options))) return;
    s->parts = WEFTI_MIN(workers * PARTS_A_WORKER, (size_t)PARTS_MOST); /* so few are shared at once */
    if (alone) return;
    s->front = s->count / all * r;
    s->tail = s->count / all * 2;
}

static weft_status scan_inside(const weft_parallel_options *options, void *argument) {
    scan *s = argument;
    divide(options, s);
    if (s->parts + 2 > WEFTI_MOST_ELEMENTS / s->size) return WEFT_NO_MEMORY;
    s->sums = malloc((s->parts + 2) * s->size);
    if (s->sums == NULL) return WEFT_NO_MEMORY;
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, s->sums);
    weft_status status = scan_all(options, s);
    wefti_frame_end(self, &frame, true);
    return status;
}

weft_status weft_scan(const weft_parallel_options *options, weft_scan_kind kind, const void *array, void *out,
                      size_t size, size_t count, const void *identity,
                      void (*combine)(void *left, const void *right, void *context), void *context) {
    if (!wefti_array_valid(array, size, count) || !wefti_array_valid(out, size, count)) return WEFT_INVALID;
    if (identity == NULL || combine == NULL || (unsigned)kind > WEFT_SCAN_EXCLUSIVE) return WEFT_INVALID;
    if (count == 0) return WEFT_OK;
    scan s = {.kind = kind, .array = array, .out = out, .size = size, .count = count};
    s.identity = identity;
    s.combine = combine;
    s.context = context;
    return wefti_parallel(options, scan_inside, &s);
}

weft_status weft_scan_range(const weft_parallel_options *options, size_t begin, size_t end, size_t size,
                            const void *identity,
                            void (*fold)(size_t first, size_t last, void *accumulator, void *context),
                            void (*write)(size_t first, size_t last, void *accumulator, void *context),
                            void (*combine)(void *left, const void *right, void *context), void *context) {
    size_t count = end > begin ? end - begin : 0;
    if (size == 0 || size > WEFTI_MOST_ELEMENTS || count > WEFTI_MOST_ELEMENTS) return WEFT_INVALID;
    if (identity == NULL || fold == NULL || write == NULL || combine == NULL) return WEFT_INVALID;
    if (count == 0) return WEFT_OK;
    scan s = {.size = size, .count = count, .identity = identity, .combine = combine, .context = context};
    s.begin = begin;
    s.fold = fold;
    s.write = write;
    return wefti_parallel(options, scan_inside, &s);
}
