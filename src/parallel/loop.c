/* SPDX-License-Identifier: MIT */
/* loop.c - loops over ranges and tiles, and mapping an array. */
#include <string.h>

#include "cpu/stream.h"
#include "parallel/split.h"

enum {
    ROOM = 1024, /* bytes of results that wait for being written */
    LINE = 64,
    PAST_CACHES = 16 << 20 /* bytes: so large a result is not expected to be read again from a cache */
};

/* ---- ranges ---- */

typedef struct range {
    size_t begin, end;
    weft_status (*body)(size_t first, size_t last, void *context);
    void *context;
} range;

static weft_status range_piece(void *argument, size_t first, size_t last) {
    const range *r = argument;
    return r->body(r->begin + first, r->begin + last, r->context);
}

static weft_status range_loop(const weft_parallel_options *options, void *argument) {
    const range *r = argument;
    return wefti_split(options, r->end - r->begin, range_piece, argument);
}

weft_status weft_for_range(const weft_parallel_options *options, size_t begin, size_t end,
                           weft_status (*body)(size_t first, size_t last, void *context), void *context) {
    if (body == NULL || (end > begin && end - begin > WEFTI_MOST_ELEMENTS)) return WEFT_INVALID;
    return wefti_parallel(options, range_loop, &(range){begin, WEFTI_MAX(begin, end), body, context});
}

/* ---- tiles ---- */

typedef struct tiling {
    size_t rows, columns, tile, across; /* across: tiles in a row of them */
    weft_status (*body)(size_t first_row, size_t last_row, size_t first_column, size_t last_column, void *context);
    void *context;
} tiling;

static weft_status tile_piece(void *argument, size_t first, size_t last) {
    const tiling *t = argument;
    for (size_t n = first; n < last; n++) {
        size_t row = n / t->across * t->tile, column = n % t->across * t->tile;
        weft_status status = t->body(row, WEFTI_MIN(row + t->tile, t->rows), column,
                                     WEFTI_MIN(column + t->tile, t->columns), t->context);
        if (status != WEFT_OK) return status;
    }
    return WEFT_OK;
}

static weft_status tile_loop(const weft_parallel_options *options, void *argument) {
    const tiling *t = argument;
    return wefti_split(options, ((t->rows - 1) / t->tile + 1) * t->across, tile_piece, argument);
}

weft_status weft_for_tiles(const weft_parallel_options *options, size_t rows, size_t columns, size_t tile,
                           weft_status (*body)(size_t first_row, size_t last_row, size_t first_column,
                                               size_t last_column, void *context),
                           void *context) {
    if (body == NULL || tile > WEFTI_MOST_ELEMENTS) return WEFT_INVALID;
    if (rows == 0 || columns == 0) return WEFT_OK;
    if (columns > WEFTI_MOST_ELEMENTS || rows > WEFTI_MOST_ELEMENTS / columns) return WEFT_INVALID;
    if (tile == 0) tile = 64;
    tiling t = {rows, columns, tile, (columns - 1) / tile + 1, body, context};
    return wefti_parallel(options, tile_loop, &t);
}

/* ---- maps ---- */

typedef struct mapping {
    const void *in;
    void *out;
    size_t in_size, out_size, count;
    void (*function)(const void *in, void *out, void *context);
    void *context;
} mapping;

static weft_status map_piece(void *argument, size_t first, size_t last) {
    const mapping *m = argument;
    for (size_t i = first; i < last; i++)
        m->function(wefti_element(m->in, m->in_size, i), wefti_element(m->out, m->out_size, i), m->context);
    return WEFT_OK;
}

static weft_status map_loop(const weft_parallel_options *options, void *argument) {
    return wefti_split(options, ((const mapping *)argument)->count, map_piece, argument);
}

weft_status weft_map(const weft_parallel_options *options, const void *in, size_t in_size, void *out, size_t out_size,
                     size_t count, void (*function)(const void *in, void *out, void *context), void *context) {
    bool arrays = wefti_array_valid(in, in_size, count) && wefti_array_valid(out, out_size, count);
    if (!arrays || function == NULL || (count != 0 && in == out && in_size != out_size)) return WEFT_INVALID;
    return wefti_parallel(options, map_loop, &(mapping){in, out, in_size, out_size, count, function, context});
}

/* ---- maps by blocks ---- */

typedef struct block_mapping {
    const char *in;
    char *out;
    size_t in_size, out_size, count;
    void (*block)(const void *in, void *out, size_t count, const void *arguments);
    const void *arguments;
    bool stream;
} block_mapping;

/* By way of `room`, as many at a time as fit in it: in place, and past the caches, there whole lines. Returns where the
 * rest begins. */
static size_t map_through(const block_mapping *m, size_t first, size_t last) {
    _Alignas(LINE) unsigned char room[ROOM];
    size_t most = ROOM / m->out_size, line = m->stream && m->out_size < LINE ? LINE / m->out_size : 1;
    for (size_t some; (some = WEFTI_MIN(most, last - first) / line * line) != 0; first += some) {
        m->block(m->in + first * m->in_size, room, some, m->arguments);
        if (m->stream)
            wefti_stream(m->out + first * m->out_size, room, some * m->out_size);
        else
            memcpy(m->out + first * m->out_size, room, some * m->out_size);
    }
    return first;
}

/* What map_through leaves over, or all of it where that is in nobody's way: out is not in. */
static void map_directly(const block_mapping *m, size_t first, size_t last) {
    if (first != last) m->block(m->in + first * m->in_size, m->out + first * m->out_size, last - first, m->arguments);
}

/* The first element from `first` on that lies on a line of its own. */
static size_t first_on_a_line(const block_mapping *m, size_t first, size_t last) {
    while (first < last && (uintptr_t)(m->out + first * m->out_size) % LINE != 0) first++;
    return first;
}

static weft_status map_blocks_piece(void *argument, size_t first, size_t last) {
    const block_mapping *m = argument;
    if (m->stream) {
        size_t begin = first_on_a_line(m, first, WEFTI_MIN(first + LINE, last));
        map_directly(m, first, begin);
        first = begin;
        if ((uintptr_t)(m->out + first * m->out_size) % LINE == 0) first = map_through(m, first, last);
        wefti_stream_end();
    } else if (m->in == m->out) {
        first = map_through(m, first, last);
    }
    map_directly(m, first, last);
    return WEFT_OK;
}

static weft_status map_blocks_loop(const weft_parallel_options *options, void *argument) {
    return wefti_split(options, ((const block_mapping *)argument)->count, map_blocks_piece, argument);
}

weft_status weft_map_blocks(const weft_parallel_options *options, const void *in, size_t in_size, void *out,
                            size_t out_size, size_t count,
                            void (*block)(const void *in, void *out, size_t count, const void *arguments),
                            const void *arguments) {
    bool arrays = wefti_array_valid(in, in_size, count) && wefti_array_valid(out, out_size, count);
    if (!arrays || out_size > ROOM || block == NULL || (count != 0 && in == out && in_size != out_size))
        return WEFT_INVALID;
    bool stream = in != out && count * out_size >= PAST_CACHES && ROOM % out_size == 0;
    return wefti_parallel(options, map_blocks_loop,
                          &(block_mapping){in, out, in_size, out_size, count, block, arguments, stream});
}

/* ---- several things ---- */

static weft_status thunk_piece(void *argument, size_t first, size_t last) {
    const weft_thunk *thunks = argument;
    for (size_t i = first; i < last; i++) thunks[i].run(thunks[i].argument);
    return WEFT_OK;
}

typedef struct several {
    const weft_thunk *thunks;
    size_t count;
} several;

static weft_status do_several(const weft_parallel_options *options, void *argument) {
    const several *s = argument;
    weft_parallel_options mine = *options;
    if (mine.parts == 0) mine.parts = s->count;
    return wefti_split(&mine, s->count, thunk_piece, (void *)(uintptr_t)s->thunks);
}

weft_status weft_all(const weft_parallel_options *options, const weft_thunk *thunks, size_t count) {
    if (!wefti_array_valid(thunks, sizeof *thunks, count)) return WEFT_INVALID;
    for (size_t i = 0; i < count; i++)
        if (thunks[i].run == NULL) return WEFT_INVALID;
    return count == 0 ? WEFT_OK : wefti_parallel(options, do_several, &(several){thunks, count});
}
