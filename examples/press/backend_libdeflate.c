/* SPDX-License-Identifier: MIT */
/* backend_libdeflate.c - each block as a gzip member of its own, made by libdeflate.
 *
 * libdeflate compresses whole buffers only. So no block sees the one before it, and the output is a little larger.
 */
#include <libdeflate.h>

#include "backend.h"

static void *open_libdeflate(int level) { return libdeflate_alloc_compressor(level); }

static void close_libdeflate(void *compressor) { libdeflate_free_compressor(compressor); }

static size_t bound_libdeflate(size_t length) { return libdeflate_gzip_compress_bound(NULL, length); }

static press_packed pack_libdeflate(void *compressor, press_block *block) {
    if (block->length == 0 && block->number > 0) return (press_packed){.good = true}; /* the end is there already */
    size_t length = libdeflate_gzip_compress(compressor, block->data, block->length, block->packed, block->room);
    return (press_packed){.good = length > 0, .length = length};
}

const press_backend backend_libdeflate = {
    .makes_members = true,
    .open = open_libdeflate,
    .close = close_libdeflate,
    .bound = bound_libdeflate,
    .pack = pack_libdeflate,
};
