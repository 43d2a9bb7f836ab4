/* SPDX-License-Identifier: MIT */
/* buffer.h - buffers: in which order elements come out again, and what happens when there is no room. */
#ifndef WEFT_BUFFER_H
#define WEFT_BUFFER_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/**
 * A store of elements of one size, copied in and out, with an order and a policy.
 *
 * By itself it has no lock: one task or thread at a time uses it. In a channel (the option `buffer`) it belongs to the
 * channel and is used by as many as like, who then can wait too; that is the synchronised form.
 */
typedef struct weft_buffer weft_buffer;

/**
 * What a kind of buffer does. Users may define their own: one constant object for each kind.
 *
 * State lies directly behind each other in memory that Weft allocates: `state_size` bytes, aligned to 16, zeroed before
 * `open`. None of these may call a function of Weft that can wait. A channel calls them one at a time, while other
 * users of the channel wait.
 */
typedef struct weft_buffer_type {
    const char *name;
    size_t state_size;
    /** Prepares. capacity: as given by the maker. Returns WEFT_OK, or why not; then close is not called. NULL: nothing
     * to prepare. */
    weft_status (*open)(void *state, size_t element_size, size_t capacity);
    /** Gives back what open and put took. The buffer is empty, unless a take failed while it was emptied. NULL:
     * nothing. */
    void (*close)(void *state);
    /** How many elements it holds. */
    size_t (*count)(const void *state);
    /** The most it holds; 0: no limit. NULL: no limit. */
    size_t (*capacity)(const void *state);
    /** Whether put would have no place. NULL: when count has reached a capacity that is not 0. */
    bool (*full)(const void *state);
    /** Stores a copy; called only when not full. element: may be NULL where elements have no size. dropped: room for an
     * element, aligned to 16; where storing costs an element (an older one, or this one) it is moved there and *lost,
     * which is false, set to true. A status other than WEFT_OK: nothing was stored, and nothing lost. */
    weft_status (*put)(void *state, const void *element, void *dropped, bool *lost);
    /** Moves the next one to *element; called only when count is not 0. A status other than WEFT_OK: nothing was
     * taken. */
    weft_status (*take)(void *state, void *element);
    /** The next one, left in place; called only when count is not 0. NULL: cannot be looked at. */
    const void *(*front)(const void *state);
    /** Takes out each element for which match(element, argument), the order of the others kept, and hands it to
     * removed(element, argument). Returns how many. NULL: not supported. */
    size_t (*remove_if)(void *state, bool (*match)(const void *element, void *argument),
                        void (*removed)(void *element, void *argument), void *argument);
} weft_buffer_type;

/* The kinds that Weft has. Memory is taken as they fill, a few elements at a time, and given back as they empty. */

/** First in, first out, at most `capacity` elements (at least 1, here and in the lossy ones). Source:
 * bounded-fifo-queue. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_fifo_buffer(size_t element_size, size_t capacity);
/** First in, first out, without limit. Source: unbounded-fifo-queue. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_unbounded_buffer(size_t element_size);
/** First in, first out; never full: one more than `capacity` drops the oldest. Source: lossy-bounded-fifo-queue. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_drop_oldest_buffer(size_t element_size, size_t capacity);
/** First in, first out; never full: beyond `capacity` the new one is dropped. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_drop_newest_buffer(size_t element_size, size_t capacity);
/** First in, first out; never full: beyond `capacity` the new one replaces the last one stored. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_overwrite_last_buffer(size_t element_size, size_t capacity);
/** Any element comes next, all with the same chance. capacity 0: no limit. Source: unbounded-random-queue. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_random_buffer(size_t element_size, size_t capacity);
/** Last in, first out. capacity 0: no limit. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_lifo_buffer(size_t element_size, size_t capacity);
/** The least element comes first; equal ones first in, first out. compare: as for qsort, not NULL; called while the
 * channel's other users wait, and must not wait itself. capacity 0: no limit. */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_priority_buffer(size_t element_size, size_t capacity,
                                                             int (*compare)(const void *a, const void *b));

/**
 * Makes a buffer of any kind.
 *
 * type: lives as long as the buffer; with count, put and take. element_size: 0 to 1 MiB. capacity: handed to open.
 * Returns the buffer, or NULL (weft_last_status(): WEFT_INVALID, WEFT_NO_MEMORY, or what open said); the makers above
 * do the same. Any thread or task. Free it with weft_free_buffer unless a channel has taken it.
 *
 * In Weft's own kinds an element lies as in an array: aligned as its type asks, up to 16.
 */
WEFT_API WEFT_CHECKED weft_buffer *weft_make_buffer(const weft_buffer_type *type, size_t element_size, size_t capacity);

/** Sets what is called for each element that is dropped, removed, or still there when the buffer is freed. NULL:
 * nothing. It must not use the buffer. A channel's own `destroy` replaces it. Returns WEFT_OK; WEFT_INVALID (NULL);
 * WEFT_BUSY if the buffer holds elements or belongs to a channel: then nothing has changed. */
WEFT_API weft_status weft_set_buffer_destroy(weft_buffer *buffer, void (*destroy)(void *element));

/** Frees a buffer, and destroys what is in it; NULL allowed. WEFT_BUSY if it belongs to a channel: then nothing is
 * freed.
 */
WEFT_API weft_status weft_free_buffer(weft_buffer *buffer);

/** Stores a copy of *(pointer). See weft_enqueue_sized. */
#define weft_enqueue(buffer, pointer) weft_enqueue_sized((buffer), (pointer), sizeof *(pointer))
/** Takes the next element out into *(pointer). See weft_dequeue_sized. */
#define weft_dequeue(buffer, pointer) weft_dequeue_sized((buffer), (pointer), sizeof *(pointer))

/**
 * Stores a copy of an element. Source: enqueue.
 *
 * element: may be NULL if size is 0.
 * Returns WEFT_OK (also where the policy dropped one); WEFT_TIMED_OUT if it is full: nothing is overwritten;
 * WEFT_INVALID (NULL), WEFT_WRONG_SIZE, WEFT_NO_MEMORY; WEFT_BUSY if it belongs to a channel; what its own put said.
 * Whatever is not WEFT_OK leaves the buffer as it was. Never waits. One user at a time.
 */
WEFT_API weft_status weft_enqueue_sized(weft_buffer *buffer, const void *element, size_t size);

/** Takes the next element out; element NULL drops it, whatever the size given. WEFT_TIMED_OUT if there is none.
 * Otherwise as weft_enqueue_sized. Needs no memory: a kind of Weft's own always succeeds. Source: dequeue. */
WEFT_API weft_status weft_dequeue_sized(weft_buffer *buffer, void *element, size_t size);

/** How many elements it holds; 0 for NULL. Source: size. */
WEFT_API size_t weft_buffer_size(const weft_buffer *buffer);
/** The most it holds; 0: no limit, and for NULL. Source: capacity. */
WEFT_API size_t weft_buffer_capacity(const weft_buffer *buffer);
/** Whether there is nothing to dequeue; true for NULL. Source: empty?. */
WEFT_API bool weft_buffer_empty(const weft_buffer *buffer);
/** Whether there is no place to enqueue, in its own opinion: a lossy one is never full. False for NULL. Source: full?.
 */
WEFT_API bool weft_buffer_full(const weft_buffer *buffer);

/**
 * Takes out, and destroys, every element for which match(element, argument) holds; the order of the others is kept.
 *
 * removed: how many, 0 on any other status than WEFT_OK; may be NULL. Returns WEFT_OK, WEFT_INVALID (NULL, or a kind
 * that cannot; all of Weft's own can), WEFT_BUSY if it belongs to a channel. match must not use the buffer. Source:
 * dequeue-object-if.
 */
WEFT_API weft_status weft_buffer_remove_if(weft_buffer *buffer, bool (*match)(const void *element, void *argument),
                                           void *argument, size_t *removed);

WEFT_END_DECLS

#endif
