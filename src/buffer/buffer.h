/* SPDX-License-Identifier: MIT */
/* buffer.h - a buffer object, as channels see it: a kind, its state, and whose it is. */
#ifndef WEFTI_BUFFER_H
#define WEFTI_BUFFER_H

#include <weft/buffer.h>

#include "base/base.h"

struct weft_buffer {
    const weft_buffer_type *type;
    size_t element_size;
    void (*destroy)(void *element);
    void *dropped; /* room for an element that a policy gives up */
    bool owned;    /* by a channel */
    WEFTI_ALIGNED(16) unsigned char state[];
};

size_t wefti_buffer_count(const weft_buffer *buffer);
size_t wefti_buffer_capacity(const weft_buffer *buffer);
bool wefti_buffer_full(const weft_buffer *buffer);
/* Not full. An element that the policy gives up is destroyed. */
weft_status wefti_buffer_put(weft_buffer *buffer, const void *element);
/* Not empty. element NULL: destroyed. */
weft_status wefti_buffer_take(weft_buffer *buffer, void *element);
/* Not empty. NULL: the kind cannot tell. */
const void *wefti_buffer_front(const weft_buffer *buffer);
/* How many were taken out and destroyed; *able: whether the kind can do it. */
size_t wefti_buffer_remove_if(weft_buffer *buffer, bool (*match)(const void *element, void *argument), void *argument,
                              bool *able);
/* fifo.c: whether it is plainly first in, first out. */
bool wefti_buffer_is_fifo(const weft_buffer *buffer);
/* With all that is in it, whoever owns it. */
void wefti_buffer_free(weft_buffer *buffer);

/* An array of elements that grows by half or more, up to a capacity (0: none), and never beyond what a size can be.
 *
 * It gives memory back when a quarter is in use, and keeps half: between growing and giving back lie so many puts or
 * takes that each pays for a few copies only. What is small stays. */
typedef struct wefti_array {
    unsigned char *elements;
    size_t element_size, room, capacity;
} wefti_array;

/* Memory for at least `least` elements, in order of place; false: no memory, and nothing has changed. */
bool wefti_array_reserve(wefti_array *array, size_t least);
/* Whether `count` elements are so few that memory is to be given back. */
bool wefti_array_is_sparse(const wefti_array *array, size_t count);
/* Keeps the first `count` places and as many more. Where that fails all stays as it is. */
void wefti_array_give_back(wefti_array *array, size_t count);

static inline void *wefti_array_at(const wefti_array *array, size_t place) {
    return array->elements + place * array->element_size;
}

#endif
