/* SPDX-License-Identifier: MIT */
/* filter.c - filtering and partitioning: each element is asked once, into a bit, and then goes to its place. */
#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "parallel/split.h"

enum { BLOCK = 2048 }; /* elements: a whole number of bytes of bits, and a piece worth a call */

typedef struct filtering {
    const void *array;
    void *out;
    size_t size, count, blocks;
    weft_predicate *predicate;
    void *context;
    bool others;         /* they follow behind */
    unsigned char *bits; /* one for each element */
    size_t *before;      /* blocks + 1: how many were kept before each block */
} filtering;

static size_t end_of_block(const filtering *f, size_t block) { return WEFTI_MIN((block + 1) * BLOCK, f->count); }

static weft_status ask_blocks(void *argument, size_t first, size_t last) {
    const filtering *f = argument;
    for (size_t block = first; block < last; block++) {
        size_t kept = 0, end = end_of_block(f, block);
        unsigned char *bits = f->bits + block * (BLOCK / 8);
        memset(bits, 0, BLOCK / 8);
        for (size_t i = block * BLOCK; i < end; i++) {
            bool keep = f->predicate(wefti_element(f->array, f->size, i), f->context);
            bits[i % BLOCK / 8] |= (unsigned char)(keep << i % 8);
            kept += keep;
        }
        f->before[block + 1] = kept;
    }
    return WEFT_OK;
}

/* Inlined with a constant size, so that a copy of a small element is a move or two. */
static inline __attribute__((always_inline)) void copy_block(const filtering *f, size_t block, size_t size) {
    size_t begin = block * BLOCK, end = end_of_block(f, block);
    const unsigned char *bits = f->bits + block * (BLOCK / 8);
    char *kept = (char *)f->out + size * f->before[block];
    char *other = (char *)f->out + size * (f->before[f->blocks] + begin - f->before[block]);
    const char *from = (const char *)f->array + size * begin;
    for (size_t i = 0; i < end - begin; i++, from += size) {
        bool keep = (bits[i / 8] >> i % 8 & 1) != 0;
        if (keep) {
            memcpy(kept, from, size);
            kept += size;
        } else if (f->others) {
            memcpy(other, from, size);
            other += size;
        }
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
    weft_status status = wefti_split(options, f->blocks, ask_blocks, f);
    if (status != WEFT_OK) return status;
    for (size_t block = 1; block <= f->blocks; block++) f->before[block] += f->before[block - 1];
    return wefti_split(options, f->blocks, copy_blocks, f);
}

static weft_status filter_inside(const weft_parallel_options *options, void *argument) {
    filtering *f = argument;
    f->blocks = (f->count + BLOCK - 1) / BLOCK;
    f->before = malloc((f->blocks + 1) * sizeof(size_t) + f->blocks * (BLOCK / 8));
    if (f->before == NULL) return WEFT_NO_MEMORY;
    f->bits = (unsigned char *)(f->before + f->blocks + 1);
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
