/* SPDX-License-Identifier: MIT */
/* radix.c - sorting numbers by their digits.
 *
 * A number's key is its bits changed so that keys compare as unsigned numbers do: the sign bit of integers turned, and
 * of floating point numbers the sign bit turned, or all bits of a negative one. Numbers are first dealt out, by the
 * eight highest bits in which any two differ, to 256 buckets in the other array, again and again until a bucket fits in
 * the cache. There it is sorted from the lowest digit to the highest, between its places in the two arrays: by as many
 * of its high bits as tell almost all of so many numbers apart, and the rest by exchanging neighbours. Numbers that are
 * not as random as that are sorted by all their bits.
 *
 * Several workers deal out together: each part of the array counts its digits, then every part knows where its elements
 * with each digit go, and moves them there. Then buckets are sorted side by side; one that is larger than a worker's
 * share is dealt out by all again. Short arrays, and those for which there is no memory, are sorted by comparison.
 *
 * Source: McIlroy, Bostic, McIlroy, Engineering Radix Sort (1993), for the buckets; what is done in the cache is our
 * own.
 */
#include <stdlib.h>

#include "dynamic/frame.h"
#include "parallel/merge.h"

enum {
    DIGITS = 256,
    SHORT = 768,
    PARTS_A_WORKER = 2,
    PARTS_MOST = 64,
    LEAST_PART = 32768,
    IN_CACHE = 1 << 19, /* bytes of a bucket */
    SPARE_BITS = 10,    /* of so many more bits than it takes to number them, few are the same */
    MOVES = 2           /* an element, before all bits are looked at */
};

typedef enum number_kind { UNSIGNED, SIGNED, FLOATING } number_kind;

typedef struct radix {
    char *array, *other; /* from where, to where */
    size_t count, parts;
    bool to_other; /* where buckets are to be in the end */
    unsigned shift;
    size_t (*counts)[DIGITS]; /* of each part: first how many, then where they go */
    uint64_t *differing;      /* of each part: bits */
    size_t begins[DIGITS + 1];
    bool done[DIGITS]; /* buckets that are sorted, and where they are to be */
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

static inline unsigned bits_of(uint64_t number) { return number == 0 ? 0 : 64 - (unsigned)__builtin_clzll(number); }

/* From how many to where. false: one digit has them all. */
static bool place_alone(size_t counts[DIGITS], size_t count) {
    size_t at = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        size_t here = counts[digit];
        if (here == count) return false;
        counts[digit] = at;
        at += here;
    }
    return true;
}

/* How many of the lowest bits need not be looked at at first: whole digits remain. */
static unsigned bits_left_out(unsigned bits, size_t count) {
    unsigned wanted = bits_of(count) + SPARE_BITS, digits = (wanted + 7) / 8;
    return bits > 8 * digits ? bits - 8 * digits : 0;
}

/* ---- for each width and kind ---- */

#define WEFTI_NUMBERS(width, kind)                                                                                     \
    typedef uint##width##_t number_##width##_##kind;                                                                   \
    static uint64_t differing_##width##_##kind(const uint##width##_t *in, size_t count) {                              \
        uint##width##_t differing = 0, first = key##width(in[0], kind);                                                \
        for (size_t i = 1; i < count; i++) differing |= key##width(in[i], kind) ^ first;                               \
        return differing;                                                                                              \
    }                                                                                                                  \
    static void count_##width##_##kind(const uint##width##_t *in, size_t count, unsigned shift,                        \
                                       size_t counts[DIGITS]) {                                                        \
        memset(counts, 0, DIGITS * sizeof *counts);                                                                    \
        for (size_t i = 0; i < count; i++) counts[key##width(in[i], kind) >> shift & (DIGITS - 1)]++;                  \
    }                                                                                                                  \
    static void deal_##width##_##kind(const uint##width##_t *in, uint##width##_t *out, size_t count, unsigned shift,   \
                                      size_t to[DIGITS]) {                                                             \
        for (size_t i = 0; i < count; i++) out[to[key##width(in[i], kind) >> shift & (DIGITS - 1)]++] = in[i];         \
    }                                                                                                                  \
    /* By the bits from low to high. Returns whether they are in b now. */                                             \
    static bool by_digits_##width##_##kind(uint##width##_t *a, uint##width##_t *b, size_t count, unsigned low,         \
                                           unsigned high) {                                                            \
        size_t counts[DIGITS];                                                                                         \
        bool in_b = false;                                                                                             \
        for (unsigned shift = low; shift < high; shift += 8) {                                                         \
            uint##width##_t *from = in_b ? b : a, *to = in_b ? a : b;                                                  \
            count_##width##_##kind(from, count, shift, counts);                                                        \
            if (!place_alone(counts, count)) continue;                                                                 \
            deal_##width##_##kind(from, to, count, shift, counts);                                                     \
            in_b = !in_b;                                                                                              \
        }                                                                                                              \
        return in_b;                                                                                                   \
    }                                                                                                                  \
    /* Moves by at most `left` places in all. false: more are needed. */                                               \
    static bool settle_##width##_##kind(uint##width##_t *array, size_t count, size_t left) {                           \
        for (size_t i = 1; i < count; i++) {                                                                           \
            uint##width##_t element = array[i], key = key##width(element, kind);                                       \
            size_t to = i;                                                                                             \
            for (; to > 0 && key##width(array[to - 1], kind) > key && left > 0; to--, left--)                          \
                array[to] = array[to - 1];                                                                             \
            array[to] = element;                                                                                       \
            if (left == 0) return false;                                                                               \
        }                                                                                                              \
        return true;                                                                                                   \
    }                                                                                                                  \
    static bool in_cache_##width##_##kind(uint##width##_t *from, uint##width##_t *other, size_t count,                 \
                                          unsigned bits) {                                                             \
        unsigned low = bits_left_out(bits, count);                                                                     \
        bool moved = by_digits_##width##_##kind(from, other, count, low, bits);                                        \
        if (low == 0 || settle_##width##_##kind(moved ? other : from, count, MOVES * count)) return moved;             \
        if (moved) return !by_digits_##width##_##kind(other, from, count, 0, bits);                                    \
        return by_digits_##width##_##kind(from, other, count, 0, bits);                                                \
    }                                                                                                                  \
    static void bucket_##width##_##kind(void *at, void *spare, size_t count, bool to_other) {                          \
        uint##width##_t *from = at, *other = spare;                                                                    \
        bool moved = false;                                                                                            \
        if (count < 24) {                                                                                              \
            settle_##width##_##kind(from, count, SIZE_MAX);                                                            \
        } else {                                                                                                       \
            unsigned bits = bits_of(differing_##width##_##kind(from, count));                                          \
            if (bits > 8 && count * sizeof *from > IN_CACHE) {                                                         \
                size_t counts[DIGITS], begin = 0;                                                                      \
                count_##width##_##kind(from, count, bits - 8, counts);                                                 \
                place_alone(counts, count);                                                                            \
                deal_##width##_##kind(from, other, count, bits - 8, counts);                                           \
                for (size_t digit = 0; digit < DIGITS; begin = counts[digit++])                                        \
                    bucket_##width##_##kind(other + begin, from + begin, counts[digit] - begin, !to_other);            \
                return;                                                                                                \
            }                                                                                                          \
            moved = in_cache_##width##_##kind(from, other, count, bits);                                               \
        }                                                                                                              \
        if (moved != to_other) memcpy(to_other ? other : from, to_other ? from : other, count * sizeof *from);         \
    }                                                                                                                  \
    static weft_status part_bits_##width##_##kind(void *argument, size_t first, size_t last) {                         \
        const radix *r = argument;                                                                                     \
        for (size_t part = first; part < last; part++) {                                                               \
            const uint##width##_t *in = (const uint##width##_t *)(const void *)r->array;                               \
            size_t begin = wefti_part_begin(r->count, r->parts, part),                                                 \
                   end = wefti_part_begin(r->count, r->parts, part + 1);                                               \
            uint64_t apart = key##width(in[0], kind) ^ key##width(in[begin], kind);                                    \
            r->differing[part] = apart | differing_##width##_##kind(in + begin, end - begin);                          \
        }                                                                                                              \
        return WEFT_OK;                                                                                                \
    }                                                                                                                  \
    static weft_status part_counts_##width##_##kind(void *argument, size_t first, size_t last) {                       \
        const radix *r = argument;                                                                                     \
        for (size_t part = first; part < last; part++) {                                                               \
            const uint##width##_t *in = (const uint##width##_t *)(const void *)r->array;                               \
            size_t begin = wefti_part_begin(r->count, r->parts, part),                                                 \
                   end = wefti_part_begin(r->count, r->parts, part + 1);                                               \
            count_##width##_##kind(in + begin, end - begin, r->shift, r->counts[part]);                                \
        }                                                                                                              \
        return WEFT_OK;                                                                                                \
    }                                                                                                                  \
    static weft_status part_moves_##width##_##kind(void *argument, size_t first, size_t last) {                        \
        const radix *r = argument;                                                                                     \
        for (size_t part = first; part < last; part++) {                                                               \
            const uint##width##_t *in = (const uint##width##_t *)(const void *)r->array;                               \
            size_t begin = wefti_part_begin(r->count, r->parts, part),                                                 \
                   end = wefti_part_begin(r->count, r->parts, part + 1);                                               \
            size_t to[DIGITS];                                                                                         \
            memcpy(to, r->counts[part], sizeof to);                                                                    \
            deal_##width##_##kind(in + begin, (uint##width##_t *)(void *)r->other, end - begin, r->shift, to);         \
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
        bool in_other;                                                                                                 \
        wefti_sort_run(array, other, count, false, &in_other, width / 8, compare_##width##_##kind, NULL);              \
    }

WEFTI_NUMBERS(32, UNSIGNED)
WEFTI_NUMBERS(32, SIGNED)
WEFTI_NUMBERS(32, FLOATING)
WEFTI_NUMBERS(64, UNSIGNED)
WEFTI_NUMBERS(64, SIGNED)
WEFTI_NUMBERS(64, FLOATING)

typedef struct number_type {
    unsigned width; /* bits */
    wefti_piece bits, count, move;
    void (*sort_bucket)(void *at, void *spare, size_t count, bool to_other);
    weft_compare *compare;
    void (*sort_short)(char *array, char *other, size_t count);
} number_type;

#define WEFTI_NUMBER(width, kind)                                                                                      \
    {                                                                                                                  \
        width, part_bits_##width##_##kind, part_counts_##width##_##kind, part_moves_##width##_##kind,                  \
            bucket_##width##_##kind, compare_##width##_##kind, short_##width##_##kind                                  \
    }

static const number_type int32_type = WEFTI_NUMBER(32, SIGNED), uint32_type = WEFTI_NUMBER(32, UNSIGNED),
                         float_type = WEFTI_NUMBER(32, FLOATING), int64_type = WEFTI_NUMBER(64, SIGNED),
                         uint64_type = WEFTI_NUMBER(64, UNSIGNED), double_type = WEFTI_NUMBER(64, FLOATING);

/* ---- all of it ---- */

/* From how many to where, and where buckets begin. */
static void place(radix *r) {
    size_t at = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        r->begins[digit] = at;
        for (size_t part = 0; part < r->parts; part++) {
            size_t count = r->counts[part][digit];
            r->counts[part][digit] = at;
            at += count;
        }
    }
    r->begins[DIGITS] = at;
}

/* What the pieces of the last step need. */
typedef struct buckets {
    radix *r;
    const number_type *type;
    size_t most; /* larger ones are left to all */
} buckets;

static weft_status sort_buckets(void *argument, size_t first, size_t last) {
    const buckets *b = argument;
    radix *r = b->r;
    size_t size = b->type->width / 8;
    for (size_t digit = first; digit < last; digit++) {
        size_t begin = r->begins[digit], count = r->begins[digit + 1] - begin;
        if (count > b->most) continue;
        b->type->sort_bucket(r->other + begin * size, r->array + begin * size, count, !r->to_other);
        r->done[digit] = true;
    }
    return WEFT_OK;
}

static weft_status sort_together(const weft_parallel_options *options, const number_type *type, radix *r);

/* Buckets that are larger than a share: each by all. */
static weft_status sort_large(const weft_parallel_options *options, const buckets *b) {
    radix *r = b->r;
    size_t size = b->type->width / 8;
    weft_status status = WEFT_OK;
    weft_parallel_options silent = *options; /* of the whole it is told where all of it ends */
    silent.progress = NULL;
    for (size_t digit = 0; digit < DIGITS && status == WEFT_OK; digit++) {
        size_t begin = r->begins[digit], count = r->begins[digit + 1] - begin;
        if (count <= b->most) continue;
        radix inner = {.array = r->other + begin * size, .other = r->array + begin * size, .count = count};
        inner.parts = r->parts;
        inner.to_other = !r->to_other;
        inner.counts = r->counts;
        inner.differing = r->differing;
        status = sort_together(&silent, b->type, &inner);
        r->done[digit] = true;
    }
    return status;
}

/* The deadline has passed, say, before or after they were dealt out: all are put where they are to be, not sorted. */
static weft_status give_up(radix *r, size_t size, bool dealt, weft_status status) {
    char *from = dealt ? r->other : r->array, *to = r->to_other ? r->other : r->array;
    if (from == to) return status;
    if (!dealt) memcpy(to, from, r->count * size);
    for (size_t digit = 0; dealt && digit < DIGITS; digit++) {
        size_t begin = r->begins[digit], end = r->begins[digit + 1];
        if (!r->done[digit]) memcpy(to + begin * size, from + begin * size, (end - begin) * size);
    }
    return status;
}

static weft_status sort_together(const weft_parallel_options *options, const number_type *type, radix *r) {
    uint64_t differing = 0;
    size_t size = type->width / 8;
    weft_status status = wefti_split(options, r->parts, type->bits, r);
    if (status != WEFT_OK) return give_up(r, size, false, status);
    for (size_t part = 0; part < r->parts; part++) differing |= r->differing[part];
    if (bits_of(differing) <= 8) {
        type->sort_bucket(r->array, r->other, r->count, r->to_other);
        return WEFT_OK;
    }
    r->shift = bits_of(differing) - 8;
    status = wefti_split(options, r->parts, type->count, r);
    if (status != WEFT_OK) return give_up(r, size, false, status);
    place(r);
    status = wefti_split(options, r->parts, type->move, r);
    if (status != WEFT_OK) return give_up(r, size, false, status);
    buckets b = {r, type, WEFTI_MAX(r->count / (2 * wefti_parallel_workers(options)), (size_t)LEAST_PART)};
    status = wefti_split(options, DIGITS, sort_buckets, &b);
    if (status == WEFT_OK) status = sort_large(options, &b);
    return status == WEFT_OK ? WEFT_OK : give_up(r, size, true, status);
}

typedef struct numbers {
    const number_type *type;
    void *array;
    size_t count;
} numbers;

static size_t parts_for(const weft_parallel_options *options, size_t count) {
    size_t workers = wefti_parallel_workers(options), parts = options->parts;
    if (parts == 0) parts = workers == 1 ? 1 : PARTS_A_WORKER * workers;
    if (options->parts == 0 && wefti_in_pieces(options)) parts = PARTS_MOST;
    return WEFTI_MAX(WEFTI_MIN(WEFTI_MIN(parts, (size_t)PARTS_MOST), count / LEAST_PART), (size_t)1);
}

static weft_status sort_numbers(const weft_parallel_options *options, void *argument) {
    const numbers *n = argument;
    size_t bytes = (n->count * (n->type->width / 8) + 15) & ~(size_t)15, parts = parts_for(options, n->count);
    radix r = {.array = n->array, .count = n->count, .parts = parts};
    char *memory = wefti_parallel_room(bytes + parts * (sizeof *r.counts + sizeof *r.differing));
    if (memory == NULL) return WEFT_NO_MEMORY;
    r.other = memory;
    r.counts = (size_t(*)[DIGITS])(void *)(memory + bytes);
    r.differing = (uint64_t *)(void *)(r.counts + parts);
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, memory);
    weft_status status = WEFT_OK;
    wefti_steps steps;
    wefti_steps_begin(&steps, options, n->count, 4);
    if (n->count <= SHORT)
        n->type->sort_short(r.array, r.other, n->count);
    else if (parts == 1)
        n->type->sort_bucket(r.array, r.other, n->count, false);
    else
        status = sort_together(&steps.options, n->type, &r);
    status = wefti_steps_end(&steps, status);
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
