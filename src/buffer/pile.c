/* SPDX-License-Identifier: MIT */
/* pile.c - buffers from which the last one comes first, or any one. Both take at the end of an array; for the random
 * order, one by chance is brought there before. */
#include <stdlib.h>

#include "base/copy.h"
#include "buffer/buffer.h"
#include "os/chance.h"

typedef struct pile {
    wefti_array array;
    size_t count;
} pile;

static weft_status open_pile(void *state, size_t element_size, size_t capacity) {
    pile *p = state;
    p->array.element_size = element_size;
    p->array.capacity = capacity;
    return WEFT_OK;
}

static void close_pile(void *state) { free(((pile *)state)->array.elements); }

static size_t count_pile(const void *state) { return ((const pile *)state)->count; }

static size_t capacity_pile(const void *state) { return ((const pile *)state)->array.capacity; }

static weft_status put_pile(void *state, const void *element, void *dropped, bool *lost) {
    (void)dropped, (void)lost;
    pile *p = state;
    if (!wefti_array_reserve(&p->array, p->count + 1)) return WEFT_NO_MEMORY;
    wefti_copy(wefti_array_at(&p->array, p->count), element, p->array.element_size);
    p->count++;
    return WEFT_OK;
}

static void give_back(pile *p) {
    if (wefti_array_is_sparse(&p->array, p->count)) wefti_array_give_back(&p->array, p->count);
}

static weft_status take_last(void *state, void *element) {
    pile *p = state;
    wefti_copy(element, wefti_array_at(&p->array, --p->count), p->array.element_size);
    give_back(p);
    return WEFT_OK;
}

static const void *front_last(const void *state) {
    const pile *p = state;
    return wefti_array_at(&p->array, p->count - 1);
}

static size_t any_below(size_t count) {
    if (count <= UINT32_MAX) return wefti_chance((uint32_t)count);
    return (((uint64_t)wefti_chance(UINT32_MAX) << 32) + wefti_chance(UINT32_MAX)) % count;
}

/* The last one goes into the hole: order is of no account here. Source: jpl-queues, unbounded-random-queue. */
static weft_status take_any(void *state, void *element) {
    pile *p = state;
    size_t size = p->array.element_size, place = any_below(p->count--);
    wefti_copy(element, wefti_array_at(&p->array, place), size);
    if (place != p->count) wefti_copy(wefti_array_at(&p->array, place), wefti_array_at(&p->array, p->count), size);
    give_back(p);
    return WEFT_OK;
}

static size_t remove_pile(void *state, bool (*match)(const void *element, void *argument),
                          void (*removed)(void *element, void *argument), void *argument) {
    pile *p = state;
    size_t kept = 0, all = p->count;
    for (size_t i = 0; i < all; i++) {
        void *element = wefti_array_at(&p->array, i);
        if (match(element, argument))
            removed(element, argument);
        else if (kept++ != i)
            wefti_copy(wefti_array_at(&p->array, kept - 1), element, p->array.element_size);
    }
    p->count = kept;
    give_back(p);
    return all - kept;
}

static const weft_buffer_type lifo = {.name = "lifo",
                                      .state_size = sizeof(pile),
                                      .open = open_pile,
                                      .close = close_pile,
                                      .count = count_pile,
                                      .capacity = capacity_pile,
                                      .put = put_pile,
                                      .take = take_last,
                                      .front = front_last,
                                      .remove_if = remove_pile};
static const weft_buffer_type any_order = {.name = "random",
                                           .state_size = sizeof(pile),
                                           .open = open_pile,
                                           .close = close_pile,
                                           .count = count_pile,
                                           .capacity = capacity_pile,
                                           .put = put_pile,
                                           .take = take_any,
                                           .remove_if = remove_pile};

weft_buffer *weft_make_lifo_buffer(size_t element_size, size_t capacity) {
    return weft_make_buffer(&lifo, element_size, capacity);
}

weft_buffer *weft_make_random_buffer(size_t element_size, size_t capacity) {
    return weft_make_buffer(&any_order, element_size, capacity);
}
