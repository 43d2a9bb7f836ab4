/* SPDX-License-Identifier: MIT */
/* backend_zlib.c - blocks as pieces of one raw deflate stream, the way pigz does it.
 *
 * Each piece starts with the 32 KiB before it as its dictionary, so that cutting costs no matches, and ends on a byte
 * boundary (Z_SYNC_FLUSH), so that the pieces can be put one behind the other. The last one ends the stream.
 */
#include <stdlib.h>
#include <zlib.h>

#include "backend.h"

static void *open_zlib(int level) {
    z_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return NULL;
    if (deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) == Z_OK)
        return stream;
    free(stream);
    return NULL;
}

static void close_zlib(void *compressor) {
    deflateEnd(compressor);
    free(compressor);
}

static size_t bound_zlib(size_t length) {
    return compressBound((uLong)length) + 16; /* and the empty block of a flush */
}

static bool deflate_all(z_stream *stream, press_block *block) {
    if (deflateReset(stream) != Z_OK) return false;
    unsigned char *window = block->data - block->window;
    if (block->window > 0 && deflateSetDictionary(stream, window, (uInt)block->window) != Z_OK) return false;
    stream->next_in = block->data;
    stream->avail_in = (uInt)block->length;
    stream->next_out = block->packed;
    stream->avail_out = (uInt)block->room;
    if (block->last) return deflate(stream, Z_FINISH) == Z_STREAM_END;
    return deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_in == 0 && stream->avail_out > 0;
}

static press_packed pack_zlib(void *compressor, press_block *block) {
    z_stream *stream = compressor;
    press_packed result = {.good = deflate_all(stream, block)};
    result.check = (uint32_t)crc32(0, block->data, (uInt)block->length);
    result.length = block->room - stream->avail_out;
    return result;
}

const press_backend backend_zlib = {
    .makes_members = false,
    .open = open_zlib,
    .close = close_zlib,
    .bound = bound_zlib,
    .pack = pack_zlib,
};
