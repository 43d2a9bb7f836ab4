/* SPDX-License-Identifier: MIT */
/* backend.h - the compressors that a worker may have: zlib, and libdeflate where it was found. */
#ifndef PRESS_BACKEND_H
#define PRESS_BACKEND_H

#include "block.h"

typedef struct press_backend {
    /* Every block becomes a gzip member of its own; otherwise blocks are pieces of one member, which wants a header
     * before the first and a trailer after the last. */
    bool makes_members;
    /* A compressor for one worker, or NULL if there is no memory. */
    void *(*open)(int level);
    void (*close)(void *compressor);
    /* The most bytes that so many can come to. */
    size_t (*bound)(size_t length);
    /* Compresses block->data to block->packed. */
    press_packed (*pack)(void *compressor, press_block *block);
} press_backend;

extern const press_backend backend_zlib;
#if PRESS_WITH_LIBDEFLATE
extern const press_backend backend_libdeflate;
#endif

#endif
