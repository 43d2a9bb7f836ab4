/* SPDX-License-Identifier: MIT */
/* fifo.c - buffers that are first in, first out, on one ring that grows: bounded, unbounded, and three that lose
 * something rather than be full. */
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "buffer/buffer.h"

typedef struct fifo {
    wefti_array array;
    size_t first, count;
} fifo;

static weft_status open_fifo(void *state, size_t element_size, size_t capacity) {
    fifo *f = state;
    f->array.element_size = element_size;
    f->array.capacity = capacity;
    return WEFT_OK;
}

static weft_status open_limited(void *state, size_t element_size, size_t capacity) {
    return capacity == 0 ? WEFT_INVALID : open_fifo(state, element_size, capacity);
}

static void close_fifo(void *state) { free(((fifo *)state)->array.elements); }

static size_t count_fifo(const void *state) { return ((const fifo *)state)->count; }

static size_t capacity_fifo(const void *state) { return ((const fifo *)state)->array.capacity; }

static bool never_full(const void *state) {
    (void)state;
    return false;
}

static void *place(const fifo *f, size_t n) {
    size_t at = f->first + n;
    return wefti_array_at(&f->array, at >= f->array.room ? at - f->array.room : at);
}

/* What lay from `first` to the old end goes to the new end, so that the ring stays one. */
static bool grow(fifo *f) {
    size_t room = f->array.room, size = f->array.element_size;
    if (!wefti_array_reserve(&f->array, f->count + 1)) return false;
    if (f->array.room == room || f->first == 0 || f->first + f->count <= room) return true;
    size_t tail = room - f->first;
    memmove(wefti_array_at(&f->array, f->array.room - tail), wefti_array_at(&f->array, f->first), tail * size);
    f->first = f->array.room - tail;
    return true;
}

static weft_status append(fifo *f, const void *element) {
    if (!grow(f)) return WEFT_NO_MEMORY;
    wefti_copy(place(f, f->count), element, f->array.element_size);
    f->count++;
    return WEFT_OK;
}

/* Moves the few that there are to the begin of the array, whose end is given back. They fill a quarter at most, so the
 * part before the old end does not lie where it goes. */
static void give_back(fifo *f) {
    size_t size = f->array.element_size, part = WEFTI_MIN(f->count, f->array.room - f->first);
    memmove(wefti_array_at(&f->array, part), f->array.elements, (f->count - part) * size);
    memmove(f->array.elements, wefti_array_at(&f->array, f->first), part * size);
    f->first = 0;
    wefti_array_give_back(&f->array, f->count);
}

static void take_first(fifo *f, void *element) {
    wefti_copy(element, place(f, 0), f->array.element_size);
    f->first = f->first + 1 >= f->array.room ? 0 : f->first + 1;
    f->count--;
}

static weft_status take_fifo(void *state, void *element) {
    fifo *f = state;
    take_first(f, element);
    if (wefti_array_is_sparse(&f->array, f->count)) give_back(f);
    return WEFT_OK;
}

static const void *front_fifo(const void *state) { return place(state, 0); }

static size_t remove_fifo(void *state, bool (*match)(const void *element, void *argument),
                          void (*removed)(void *element, void *argument), void *argument) {
    fifo *f = state;
    size_t kept = 0, all = f->count;
    for (size_t i = 0; i < all; i++) {
        void *element = place(f, i);
        if (match(element, argument))
            removed(element, argument);
        else if (kept++ != i)
            wefti_copy(place(f, kept - 1), element, f->array.element_size);
    }
    f->count = kept;
    if (wefti_array_is_sparse(&f->array, kept)) give_back(f);
    return all - kept;
}

static bool is_at_limit(const fifo *f) { return f->array.capacity != 0 && f->count >= f->array.capacity; }

static weft_status put_fifo(void *state, const void *element, void *dropped, bool *lost) {
    (void)dropped, (void)lost;
    return append(state, element);
}

/* At the limit there is room for all, and none is given back: nothing can fail after the oldest is out. */
static weft_status put_drop_oldest(void *state, const void *element, void *dropped, bool *lost) {
    fifo *f = state;
    *lost = is_at_limit(f);
    if (*lost) take_first(f, dropped);
    return append(f, element);
}

static weft_status put_drop_newest(void *state, const void *element, void *dropped, bool *lost) {
    fifo *f = state;
    *lost = is_at_limit(f);
    if (!*lost) return append(f, element);
    wefti_copy(dropped, element, f->array.element_size);
    return WEFT_OK;
}

static weft_status put_overwrite_last(void *state, const void *element, void *dropped, bool *lost) {
    fifo *f = state;
    *lost = is_at_limit(f);
    if (!*lost) return append(f, element);
    void *last = place(f, f->count - 1);
    wefti_copy(dropped, last, f->array.element_size);
    wefti_copy(last, element, f->array.element_size);
    return WEFT_OK;
}

#define FIFO_KIND(text, open_it, full_when, put_it)                                                                    \
    {                                                                                                                  \
        .name = text, .state_size = sizeof(fifo), .open = open_it, .close = close_fifo, .count = count_fifo,           \
        .capacity = capacity_fifo, .full = full_when, .put = put_it, .take = take_fifo, .front = front_fifo,           \
        .remove_if = remove_fifo                                                                                       \
    }

static const weft_buffer_type bounded = FIFO_KIND("fifo", open_limited, NULL, put_fifo);
static const weft_buffer_type unbounded = FIFO_KIND("unbounded fifo", open_fifo, NULL, put_fifo);
static const weft_buffer_type drop_oldest = FIFO_KIND("drop oldest", open_limited, never_full, put_drop_oldest);
static const weft_buffer_type drop_newest = FIFO_KIND("drop newest", open_limited, never_full, put_drop_newest);
static const weft_buffer_type overwrite = FIFO_KIND("overwrite last", open_limited, never_full, put_overwrite_last);

weft_buffer *weft_make_fifo_buffer(size_t element_size, size_t capacity) {
    return weft_make_buffer(&bounded, element_size, capacity);
}

weft_buffer *weft_make_unbounded_buffer(size_t element_size) { return weft_make_buffer(&unbounded, element_size, 0); }

weft_buffer *weft_make_drop_oldest_buffer(size_t element_size, size_t capacity) {
    return weft_make_buffer(&drop_oldest, element_size, capacity);
}

weft_buffer *weft_make_drop_newest_buffer(size_t element_size, size_t capacity) {
    return weft_make_buffer(&drop_newest, element_size, capacity);
}

weft_buffer *weft_make_overwrite_last_buffer(size_t element_size, size_t capacity) {
    return weft_make_buffer(&overwrite, element_size, capacity);
}

bool wefti_buffer_is_fifo(const weft_buffer *buffer) { return buffer->type == &bounded || buffer->type == &unbounded; }
