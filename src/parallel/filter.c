/* SPDX-License-Identifier: MIT */
/* filter.c - filtering and partitioning: each element is asked once, into a bit, and then goes to its place. */
#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "parallel/split.h"

enum { BLOCK = 2048, WORD = 64, WORDS = BLOCK / WORD }; /* elements: a piece worth a call */

typedef struct filtering {
    const void *array;
    void *out;
    size_t size, count, blocks;
    weft_predicate *predicate;
    void *context;
    bool others;    /* they follow behind */
    uint64_t *bits; /* one for each element, 64 in a word */
    size_t *before; /* blocks + 1: how many were kept before each block */
} filtering;

static size_t end_of_block(const filtering *f, size_t block) { return WEFTI_MIN((block + 1) * BLOCK, f->count); }

/* Asks about up to 64 elements. */
static uint64_t ask_word(const filtering *f, size_t begin, size_t end) {
    const char *element = wefti_element(f->array, f->size, begin);
    uint64_t word = 0;
    for (size_t i = begin; i < end; i++, element += f->size)
        word |= (uint64_t)f->predicate(element, f->context) << (i - begin);
    return word;
}

static weft_status ask_blocks(void *argument, size_t first, size_t last) {
    const filtering *f = argument;
    for (size_t block = first; block < last; block++) {
        size_t kept = 0, end = end_of_block(f, block);
        for (size_t i = block * BLOCK; i < end; i += WORD) {
            uint64_t word = ask_word(f, i, WEFTI_MIN(i + WORD, end));
            f->bits[i / WORD] = word;
            kept += (size_t)__builtin_popcountll(word);
        }
        f->before[block + 1] = kept;
    }
    return WEFT_OK;
}

/* Copies those whose bit is set: no branch depends on a single bit. */
static inline __attribute__((always_inline)) char *copy_word(uint64_t word, const char *from, char *to, size_t size) {
    for (; word != 0; word &= word - 1, to += size) memcpy(to, from + (size_t)__builtin_ctzll(word) * size, size);
    return to;
}

/* Inlined with a constant size, so that a copy of a small element is a move or two. */
static inline __attribute__((always_inline)) void copy_block(const filtering *f, size_t block, size_t size) {
    size_t begin = block * BLOCK, end = end_of_block(f, block);
    char *kept = (char *)f->out + size * f->before[block];
    char *other = (char *)f->out + size * (f->before[f->blocks] + begin - f->before[block]);
    for (size_t i = begin; i < end; i += WORD) {
        const char *from = (const char *)f->array + size * i;
        uint64_t word = f->bits[i / WORD], all = end - i < WORD ? (UINT64_C(1) << (end - i)) - 1 : UINT64_MAX;
        kept = copy_word(word, from, kept, size);
        if (f->others) other = copy_word(~word & all, from, other, size);
    }
}

static weft_status copy_blocks(void *argument, size_t first, size_t last) {
    const filtering *f = argument;
    for (size_t block = first; block < last; block++) {
        if (f->size == 4)
            copy_block(f, block, 4);
        else if (f->size == 8)
            copy_block(f, block, 8);
        else
            copy_block(f, block, f->size);
    }
    return WEFT_OK;
}

static weft_status filter_all(const weft_parallel_options *options, filtering *f) {
    wefti_steps steps;
    wefti_steps_begin(&steps, options, f->count, 2);
    weft_status status = wefti_split(&steps.options, f->blocks, ask_blocks, f);
    if (status != WEFT_OK) return status;
    for (size_t block = 1; block <= f->blocks; block++) f->before[block] += f->before[block - 1];
    return wefti_steps_end(&steps, wefti_split(&steps.options, f->blocks, copy_blocks, f));
}

static weft_status filter_inside(const weft_parallel_options *options, void *argument) {
    filtering *f = argument;
    f->blocks = (f->count + BLOCK - 1) / BLOCK;
    f->before = malloc((f->blocks + 1) * sizeof(size_t) + f->blocks * WORDS * sizeof *f->bits);
    if (f->before == NULL) return WEFT_NO_MEMORY;
    f->bits = (uint64_t *)(void *)(f->before + f->blocks + 1);
    f->before[0] = 0;
    weft_frame frame;
    wefti_strand *self = wefti_strand_now;
    wefti_frame_begin(self, &frame, free, f->before);
    weft_status status = filter_all(options, f);
    size_t kept = f->before[f->blocks];
    wefti_frame_end(self, &frame, true);
    f->count = kept;
    return status;
}

static weft_status filter(const weft_parallel_options *options, filtering *f, size_t *kept) {
    if (!wefti_array_valid(f->array, f->size, f->count) || !wefti_array_valid(f->out, f->size, f->count))
        return WEFT_INVALID;
    if (f->predicate == NULL || kept == NULL) return WEFT_INVALID;
    weft_status status = wefti_parallel(options, filter_inside, f);
    if (status == WEFT_OK) *kept = f->count;
    return status;
}

weft_status weft_filter(const weft_parallel_options *options, const void *array, size_t size, size_t count, void *out,
                        size_t *kept, weft_predicate *predicate, void *context) {
    filtering f = {array, out, size, count, 0, predicate, context, false, NULL, NULL};
    return filter(options, &f, kept);
}

weft_status weft_partition(const weft_parallel_options *options, const void *array, size_t size, size_t count,
                           void *out, size_t *kept, weft_predicate *predicate, void *context) {
    filtering f = {array, out, size, count, 0, predicate, context, true, NULL, NULL};
    return filter(options, &f, kept);
}
