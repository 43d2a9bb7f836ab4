/* SPDX-License-Identifier: MIT */
/* priority.c - a buffer from which the least element comes first, equal ones in the order they came.
 *
 * A binary heap; each entry is an element and, behind it, a number by which equal ones are told apart. The element
 * comes first so that it lies as aligned as in an array of its own. The array of entries has one place more than are
 * held, to move entries through.
 */
#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "buffer/buffer.h"
#include "dynamic/strand.h"

typedef int (*comparator)(const void *a, const void *b);

typedef struct heap {
    wefti_array array; /* its elements are entries */
    size_t element_size, capacity, count;
    uint64_t next;
    comparator compare;
} heap;

enum { ENTRY_ALIGNMENT = 16 };

static unsigned char *entry_at(const heap *h, size_t place) { return wefti_array_at(&h->array, place); }

static uint64_t *number_of(const heap *h, unsigned char *entry) {
    return (uint64_t *)(void *)(entry + h->array.element_size - sizeof(uint64_t));
}

static bool comes_before(const heap *h, unsigned char *a, unsigned char *b) {
    int order = h->compare(a, b);
    return order != 0 ? order < 0 : *number_of(h, a) < *number_of(h, b);
}

static void move(const heap *h, size_t to, size_t from) {
    memcpy(entry_at(h, to), entry_at(h, from), h->array.element_size);
}

/* The entry in the spare place rises from `place` to where its parent comes before it. */
static void rise(const heap *h, size_t place, size_t spare) {
    for (; place > 0 && comes_before(h, entry_at(h, spare), entry_at(h, (place - 1) / 2)); place = (place - 1) / 2)
        move(h, place, (place - 1) / 2);
    if (place != spare) move(h, place, spare);
}

/* The entry in the spare place sinks from `place` to where it comes before its children. */
static void sink(const heap *h, size_t place, size_t spare) {
    for (size_t child; (child = 2 * place + 1) < h->count; place = child) {
        if (child + 1 < h->count && comes_before(h, entry_at(h, child + 1), entry_at(h, child))) child++;
        if (!comes_before(h, entry_at(h, child), entry_at(h, spare))) break;
        move(h, place, child);
    }
    move(h, place, spare);
}

static weft_status open_heap(void *state, size_t element_size, size_t capacity) {
    heap *h = state;
    h->element_size = element_size;
    h->capacity = capacity;
    h->array.element_size = (element_size + sizeof(uint64_t) + ENTRY_ALIGNMENT - 1) & ~(size_t)(ENTRY_ALIGNMENT - 1);
    return WEFT_OK;
}

static void close_heap(void *state) { free(((heap *)state)->array.elements); }

static size_t count_heap(const void *state) { return ((const heap *)state)->count; }

static size_t capacity_heap(const void *state) { return ((const heap *)state)->capacity; }

static weft_status put_heap(void *state, const void *element, void *dropped, bool *lost) {
    (void)dropped, (void)lost;
    heap *h = state;
    if (!wefti_array_reserve(&h->array, h->count + 2)) return WEFT_NO_MEMORY;
    unsigned char *spare = entry_at(h, h->count + 1);
    wefti_copy(spare, element, h->element_size);
    *number_of(h, spare) = h->next++;
    rise(h, h->count, h->count + 1);
    h->count++;
    return WEFT_OK;
}

static void give_back(heap *h) {
    if (wefti_array_is_sparse(&h->array, h->count)) wefti_array_give_back(&h->array, h->count);
}

static weft_status take_heap(void *state, void *element) {
    heap *h = state;
    wefti_copy(element, entry_at(h, 0), h->element_size);
    h->count--;
    if (h->count > 0) sink(h, 0, h->count);
    give_back(h);
    return WEFT_OK;
}

static const void *front_heap(const void *state) { return entry_at(state, 0); }

static size_t remove_heap(void *state, bool (*match)(const void *element, void *argument),
                          void (*removed)(void *element, void *argument), void *argument) {
    heap *h = state;
    size_t all = h->count, kept = 0;
    for (size_t i = 0; i < all; i++) {
        if (match(entry_at(h, i), argument))
            removed(entry_at(h, i), argument);
        else if (kept++ != i)
            move(h, kept - 1, i);
    }
    h->count = kept;
    for (size_t i = kept / 2; i-- > 0;) { /* a heap again, from the last parent up */
        move(h, all, i);
        sink(h, i, all);
    }
    give_back(h);
    return all - kept;
}

static const weft_buffer_type priority = {.name = "priority",
                                          .state_size = sizeof(heap),
                                          .open = open_heap,
                                          .close = close_heap,
                                          .count = count_heap,
                                          .capacity = capacity_heap,
                                          .put = put_heap,
                                          .take = take_heap,
                                          .front = front_heap,
                                          .remove_if = remove_heap};

weft_buffer *weft_make_priority_buffer(size_t element_size, size_t capacity,
                                       int (*compare)(const void *a, const void *b)) {
    if (compare == NULL) return wefti_fail(WEFT_INVALID);
    weft_buffer *buffer = weft_make_buffer(&priority, element_size, capacity);
    if (buffer != NULL) ((heap *)(void *)buffer->state)->compare = compare;
    return buffer;
}
