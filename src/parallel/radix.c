/* SPDX-License-Identifier: MIT */
/* radix.c - sorting numbers by their digits: eight bits a pass, the lowest first, from one array to another and back.
 *
 * A number's key is its bits changed so that keys compare as unsigned numbers do: the sign bit of integers turned, and
 * of floating point numbers the sign bit turned, or all bits of a negative one. In a pass each part of the array counts
 * its digits, then every part knows where its elements with each digit go, and moves them there. A digit that all
 * elements have in common needs no move. Short arrays, and those for which there is no memory, are sorted by
 * comparison.
 */
#include <stdlib.h>

#include "dynamic/frame.h"
#include "parallel/merge.h"

enum { DIGITS = 256, SHORT = 768, PARTS_MOST = 64, LEAST_PART = 32768 };

typedef enum number_kind { UNSIGNED, SIGNED, FLOATING } number_kind;

typedef struct radix {
    char *array, *other;
    size_t count, parts;
    number_kind kind;
    unsigned shift;
    size_t (*counts)[DIGITS]; /* of each part: first how many, then where they go */
} radix;

WEFTI_INLINE uint32_t key32(uint32_t bits, number_kind kind) {
    uint32_t sign = UINT32_C(1) << 31;
    if (kind == UNSIGNED) return bits;
    return bits ^ (kind == FLOATING && (bits & sign) != 0 ? UINT32_MAX : sign);
}

WEFTI_INLINE uint64_t key64(uint64_t bits, number_kind kind) {
    uint64_t sign = UINT64_C(1) << 63;
    if (kind == UNSIGNED) return bits;
    return bits ^ (kind == FLOATING && (bits & sign) != 0 ? UINT64_MAX : sign);
}

/* ---- one pass, for each width and kind ---- */

#define WEFTI_PASSES(width, kind)                                                                                      \
    static weft_status count_##width##_##kind(void *argument, size_t first, size_t last) {                             \
        const radix *r = argument;                                                                                     \
        for (size_t part = first; part < last; part++) {                                                               \
            size_t *counts = r->counts[part], end = wefti_part_begin(r->count, r->parts, part + 1);                    \
            const uint##width##_t *in = (const uint##width##_t *)(const void *)r->array;                               \
            memset(counts, 0, sizeof *r->counts);                                                                      \
            for (size_t i = wefti_part_begin(r->count, r->parts, part); i < end; i++)                                  \
                counts[key##width(in[i], kind) >> r->shift & (DIGITS - 1)]++;                                          \
        }                                                                                                              \
        return WEFT_OK;                                                                                                \
    }                                                                                                                  \
    static weft_status move_##width##_##kind(void *argument, size_t first, size_t last) {                              \
        const radix *r = argument;                                                                                     \
        for (size_t part = first; part < last; part++) {                                                               \
            size_t to[DIGITS], end = wefti_part_begin(r->count, r->parts, part + 1);                                   \
            const uint##width##_t *in = (const uint##width##_t *)(const void *)r->array;                               \
            uint##width##_t *out = (uint##width##_t *)(void *)r->other;                                                \
            memcpy(to, r->counts[part], sizeof to);                                                                    \
            for (size_t i = wefti_part_begin(r->count, r->parts, part); i < end; i++)                                  \
                out[to[key##width(in[i], kind) >> r->shift & (DIGITS - 1)]++] = in[i];                                 \
        }                                                                                                              \
        return WEFT_OK;                                                                                                \
    }                                                                                                                  \
    static int compare_##width##_##kind(const void *a, const void *b, void *context) {                                 \
        uint##width##_t x = key##width(*(const uint##width##_t *)a, kind);                                             \
        uint##width##_t y = key##width(*(const uint##width##_t *)b, kind);                                             \
        (void)context;                                                                                                 \
        return (x > y) - (x < y);                                                                                      \
    }                                                                                                                  \
    static void short_##width##_##kind(char *array, char *other, size_t count) {                                       \
        wefti_sort_run(array, other, count, false, width / 8, compare_##width##_##kind, NULL);                         \
    }

WEFTI_PASSES(32, UNSIGNED)
WEFTI_PASSES(32, SIGNED)
WEFTI_PASSES(32, FLOATING)
WEFTI_PASSES(64, UNSIGNED)
WEFTI_PASSES(64, SIGNED)
WEFTI_PASSES(64, FLOATING)

typedef struct number_type {
    unsigned width; /* bits */
    number_kind kind;
    wefti_piece count, move;
    weft_compare *compare;
    void (*sort_short)(char *array, char *other, size_t count);
} number_type;

#define WEFTI_NUMBER(width, kind)                                                                                      \
    { width, kind, count_##width##_##kind, move_##width##_##kind, compare_##width##_##kind, short_##width##_##kind }

static const number_type int32_type = WEFTI_NUMBER(32, SIGNED), uint32_type = WEFTI_NUMBER(32, UNSIGNED),
                         float_type = WEFTI_NUMBER(32, FLOATING), int64_type = WEFTI_NUMBER(64, SIGNED),
                         uint64_type = WEFTI_NUMBER(64, UNSIGNED), double_type = WEFTI_NUMBER(64, FLOATING);

/* ---- the passes ---- */

/* From how many to where. false: one digit has them all. */
static bool place(radix *r) {
    size_t at = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        size_t before = at;
        for (size_t part = 0; part < r->parts; part++) {
            size_t count = r->counts[part][digit];
            r->counts[part][digit] = at;
            at += count;
        }
        if (at - before == r->count) return false;
    }
    return true;
}

static weft_status pass(const weft_parallel_options *options, const number_type *type, radix *r) {
    weft_status status = wefti_split(options, r->parts, type->count, r);
    if (status != WEFT_OK || !place(r)) return status;
    status = wefti_split(options, r->parts, type->move, r);
    if (status != WEFT_OK) return status; /* the array still has them all */
    char *swap = r->array;
    r->array = r->other;
    r->other = swap;
    return WEFT_OK;
}

static weft_status sort_by_digits(const weft_parallel_options *options, const number_type *type, radix *r) {
    char *wanted = r->array;
    weft_status status = WEFT_OK;
    for (r->shift = 0; r->shift < type->width && status == WEFT_OK; r->shift += 8) status = pass(options, type, r);
    if (r->array != wanted) memcpy(wanted, r->array, r->count * (type->width / 8));
    return status;
}

typedef struct numbers {
    const number_type *type;
    void *array;
    size_t count;
} numbers;

static size_t parts_for(const weft_parallel_options *options, size_t count) {
    size_t parts = options->parts != 0 ? options->parts : wefti_parallel_workers(options);
    return WEFTI_MAX(WEFTI_MIN(WEFTI_MIN(parts, (size_t)PARTS_MOST), count / LEAST_PART), (size_t)1);
}

static weft_status sort_numbers(const weft_parallel_options *options, void *argument) {
    const numbers *n = argument;
    size_t bytes = (n->count * (n->type->width / 8) + 15) & ~(size_t)15, parts = parts_for(options, n->count);
    radix r = {n->array, NULL, n->count, parts, n->type->kind, 0, NULL};
    char *memory = malloc(bytes + (n->count <= SHORT ? 0 : parts * sizeof *r.counts));
    if (memory == NULL) return WEFT_NO_MEMORY;
    r.other = memory;
    r.counts = (size_t(*)[DIGITS])(void *)(memory + bytes);
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, memory);
    weft_status status = WEFT_OK;
    if (n->count <= SHORT)
        n->type->sort_short(r.array, r.other, n->count);
    else
        status = sort_by_digits(options, n->type, &r);
    wefti_frame_end(self, &frame, true);
    return status;
}

static weft_status sort_type(const weft_parallel_options *options, const number_type *type, void *array, size_t count) {
    if (!wefti_array_valid(array, type->width / 8, count)) return WEFT_INVALID;
    if (count < 2) return WEFT_OK;
    weft_status status = wefti_parallel(options, sort_numbers, &(numbers){type, array, count});
    if (status != WEFT_NO_MEMORY) return status;
    return weft_sort(options, array, count, type->width / 8, type->compare, NULL);
}

weft_status weft_sort_int32(const weft_parallel_options *options, int32_t *array, size_t count) {
    return sort_type(options, &int32_type, array, count);
}

weft_status weft_sort_uint32(const weft_parallel_options *options, uint32_t *array, size_t count) {
    return sort_type(options, &uint32_type, array, count);
}

weft_status weft_sort_int64(const weft_parallel_options *options, int64_t *array, size_t count) {
    return sort_type(options, &int64_type, array, count);
}

weft_status weft_sort_uint64(const weft_parallel_options *options, uint64_t *array, size_t count) {
    return sort_type(options, &uint64_type, array, count);
}

weft_status weft_sort_float(const weft_parallel_options *options, float *array, size_t count) {
    return sort_type(options, &float_type, array, count);
}

weft_status weft_sort_double(const weft_parallel_options *options, double *array, size_t count) {
    return sort_type(options, &double_type, array, count);
}
