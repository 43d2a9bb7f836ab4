/* SPDX-License-Identifier: MIT */
/* buffer.c - buffers of any kind: making, using and freeing them, and what the kinds share. */
#include "buffer/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/live.h"
#include "dynamic/strand.h"

enum { LARGEST_ELEMENT = 1 << 20, FIRST_BYTES = 256, KEPT_BYTES = 4096 };

/* ---- what channels use ---- */

size_t wefti_buffer_count(const weft_buffer *buffer) { return buffer->type->count(buffer->state); }

size_t wefti_buffer_capacity(const weft_buffer *buffer) {
    return buffer->type->capacity != NULL ? buffer->type->capacity(buffer->state) : 0;
}

bool wefti_buffer_full(const weft_buffer *buffer) {
    if (buffer->type->full != NULL) return buffer->type->full(buffer->state);
    size_t capacity = wefti_buffer_capacity(buffer);
    return capacity != 0 && wefti_buffer_count(buffer) >= capacity;
}

weft_status wefti_buffer_put(weft_buffer *buffer, const void *element) {
    bool lost = false;
    weft_status status = buffer->type->put(buffer->state, element, buffer->dropped, &lost);
    if (status == WEFT_OK && lost && buffer->destroy != NULL) buffer->destroy(buffer->dropped);
    return status;
}

weft_status wefti_buffer_take(weft_buffer *buffer, void *element) {
    if (element != NULL) return buffer->type->take(buffer->state, element);
    weft_status status = buffer->type->take(buffer->state, buffer->dropped);
    if (status == WEFT_OK && buffer->destroy != NULL) buffer->destroy(buffer->dropped);
    return status;
}

const void *wefti_buffer_front(const weft_buffer *buffer) {
    return buffer->type->front != NULL ? buffer->type->front(buffer->state) : NULL;
}

static void destroy_removed(void *element, void *argument) {
    weft_buffer *buffer = argument;
    if (buffer->destroy != NULL) buffer->destroy(element);
}

typedef struct matching {
    bool (*match)(const void *element, void *argument);
    void *argument;
    weft_buffer *buffer;
} matching;

static bool matches(const void *element, void *argument) {
    const matching *m = argument;
    return m->match(element, m->argument);
}

static void removed(void *element, void *argument) { destroy_removed(element, ((matching *)argument)->buffer); }

size_t wefti_buffer_remove_if(weft_buffer *buffer, bool (*match)(const void *element, void *argument), void *argument,
                              bool *able) {
    matching m = {match, argument, buffer};
    *able = buffer->type->remove_if != NULL;
    return *able ? buffer->type->remove_if(buffer->state, matches, removed, &m) : 0;
}

void wefti_buffer_free(weft_buffer *buffer) {
    while (wefti_buffer_count(buffer) > 0)
        if (wefti_buffer_take(buffer, NULL) != WEFT_OK) break;
    if (buffer->type->close != NULL) buffer->type->close(buffer->state);
    free(buffer->dropped);
    free(buffer);
    wefti_count_live(-1);
}

/* ---- arrays ---- */

static size_t least_room(const wefti_array *array) {
    return array->element_size == 0 ? FIRST_BYTES : FIRST_BYTES / array->element_size;
}

static bool resize(wefti_array *array, size_t room) {
    if (array->element_size != 0 && room > PTRDIFF_MAX / array->element_size) return false;
    unsigned char *elements = realloc(array->elements, room * array->element_size + 1);
    if (elements == NULL) return false;
    array->elements = elements;
    array->room = room;
    return true;
}

bool wefti_array_reserve(wefti_array *array, size_t least) {
    if (least <= array->room) return true;
    size_t room = WEFTI_MAX(array->room + array->room / 2, WEFTI_MAX(least, least_room(array)));
    return resize(array, array->capacity != 0 ? WEFTI_MIN(room, array->capacity) : room);
}

bool wefti_array_is_sparse(const wefti_array *array, size_t count) {
    return count <= array->room / 4 && array->room * array->element_size > KEPT_BYTES;
}

void wefti_array_give_back(wefti_array *array, size_t count) {
    /* One place more than are held, for the kinds that want it. */
    (void)resize(array, WEFTI_MIN(array->room, WEFTI_MAX(2 * count, least_room(array) + 1)));
}

/* ---- what users use ---- */

static bool is_good(const weft_buffer_type *type) {
    return type != NULL && type->count != NULL && type->put != NULL && type->take != NULL;
}

weft_buffer *weft_make_buffer(const weft_buffer_type *type, size_t element_size, size_t capacity) {
    if (!is_good(type) || element_size > LARGEST_ELEMENT || type->state_size > PTRDIFF_MAX / 2)
        return wefti_fail(WEFT_INVALID);
    weft_buffer *buffer = NULL;
    if (posix_memalign((void **)&buffer, 16, sizeof *buffer + type->state_size) != 0) return wefti_fail(WEFT_NO_MEMORY);
    memset(buffer, 0, sizeof *buffer + type->state_size);
    buffer->type = type;
    buffer->element_size = element_size;
    buffer->dropped = malloc(element_size + 1);
    weft_status status = buffer->dropped == NULL ? WEFT_NO_MEMORY : WEFT_OK;
    if (status == WEFT_OK && type->open != NULL) status = type->open(buffer->state, element_size, capacity);
    if (status == WEFT_OK) {
        wefti_count_live(1);
        return buffer;
    }
    free(buffer->dropped);
    free(buffer);
    return wefti_fail(status);
}

weft_status weft_set_buffer_destroy(weft_buffer *buffer, void (*destroy)(void *element)) {
    if (buffer == NULL) return WEFT_INVALID;
    if (buffer->owned || wefti_buffer_count(buffer) != 0) return WEFT_BUSY;
    buffer->destroy = destroy;
    return WEFT_OK;
}

weft_status weft_free_buffer(weft_buffer *buffer) {
    if (buffer == NULL) return WEFT_OK;
    if (buffer->owned) return WEFT_BUSY;
    wefti_buffer_free(buffer);
    return WEFT_OK;
}

static weft_status check(const weft_buffer *buffer, size_t size) {
    if (buffer == NULL) return WEFT_INVALID;
    if (buffer->owned) return WEFT_BUSY;
    return size == buffer->element_size ? WEFT_OK : WEFT_WRONG_SIZE;
}

weft_status weft_enqueue_sized(weft_buffer *buffer, const void *element, size_t size) {
    if (element == NULL && size != 0) return WEFT_INVALID;
    weft_status status = check(buffer, size);
    if (status != WEFT_OK) return status;
    return wefti_buffer_full(buffer) ? WEFT_TIMED_OUT : wefti_buffer_put(buffer, element);
}

weft_status weft_dequeue_sized(weft_buffer *buffer, void *element, size_t size) {
    weft_status status = check(buffer, element == NULL && buffer != NULL ? buffer->element_size : size);
    if (status != WEFT_OK) return status;
    return wefti_buffer_count(buffer) == 0 ? WEFT_TIMED_OUT : wefti_buffer_take(buffer, element);
}

size_t weft_buffer_size(const weft_buffer *buffer) { return buffer != NULL ? wefti_buffer_count(buffer) : 0; }

size_t weft_buffer_capacity(const weft_buffer *buffer) { return buffer != NULL ? wefti_buffer_capacity(buffer) : 0; }

bool weft_buffer_empty(const weft_buffer *buffer) { return weft_buffer_size(buffer) == 0; }

bool weft_buffer_full(const weft_buffer *buffer) { return buffer != NULL && wefti_buffer_full(buffer); }

weft_status weft_buffer_remove_if(weft_buffer *buffer, bool (*match)(const void *element, void *argument),
                                  void *argument, size_t *how_many) {
    if (how_many != NULL) *how_many = 0;
    if (buffer == NULL || match == NULL) return WEFT_INVALID;
    if (buffer->owned) return WEFT_BUSY;
    bool able;
    size_t count = wefti_buffer_remove_if(buffer, match, argument, &able);
    if (how_many != NULL) *how_many = count;
    return able ? WEFT_OK : WEFT_INVALID;
}
