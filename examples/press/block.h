/* SPDX-License-Identifier: MIT */
/* block.h - the fixed set of blocks that travel between reader, workers and writer. */
#ifndef PRESS_BLOCK_H
#define PRESS_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft.h>

/* As far back as deflate looks. */
enum { BLOCK_WINDOW = 32 * 1024 };

/* What compressing a block came to. */
typedef struct press_packed {
    bool good;      /* false: there was no memory */
    uint32_t check; /* CRC-32 of the data */
    size_t length;  /* bytes at `packed` of the block */
} press_packed;

/* A piece of the input and, later, what it was compressed to. Belongs to one stage at a time: to who has received it.
 */
typedef struct press_block {
    uint64_t number; /* 0 for the first of the stream */
    bool last;       /* nothing follows */
    size_t length;   /* bytes at `data` */
    size_t window;   /* bytes before `data` that are the end of the block before */
    unsigned char *data;
    size_t room;            /* bytes at `packed` */
    unsigned char *packed;  /* filled by the task */
    weft_channel *result;   /* packed: where the result of its task arrives */
    unsigned char *storage; /* what data and packed point into */
} press_block;

typedef struct block_set {
    press_block *blocks;
    size_t count;
    weft_channel *free; /* press_block *: those that nobody uses */
} block_set;

/* Makes `count` blocks for `length` bytes of input and `room` of output; their tasks run on the kernel. False if there
 * is no memory; block_set_free is due in both cases. */
bool block_set_make(block_set *set, size_t count, size_t length, size_t room, weft_kernel *kernel);

void block_set_free(block_set *set);

#endif
