/* SPDX-License-Identifier: MIT */
/* chunk.h - memory of the task queues: records of one or more 64-byte slots, in chunks.
 *
 * A record lies in one chunk, in consecutive slots, and says in byte WEFTI_RECORD_LENGTH of its first slot how many
 * slots it takes. Slots are written once between two recyclings of their chunk, so whoever may still reach a chunk may
 * read it.
 */
#ifndef WEFTI_CHUNK_H
#define WEFTI_CHUNK_H

#include "base/atomic.h"
#include "lockfree/spinlock.h"

#ifdef WEFT_EXPLORE
enum { WEFTI_CHUNK_SLOTS = 3 };
#else
enum { WEFTI_CHUNK_SLOTS = 255 };
#endif
enum { WEFTI_RECORD_LENGTH = 24, WEFTI_RECORD_MOST_SLOTS = 8 };

typedef struct wefti_slot {
    unsigned char bytes[64];
} wefti_slot;

typedef struct wefti_chunk {
    WEFTI_ALIGNED(WEFTI_LINE) WEFTI_ATOMIC(struct wefti_chunk *) next; /* set once, when a later chunk is linked */
    WEFTI_ATOMIC(uint32_t) fill;                                       /* slots written; only grows */
    uint32_t longer; /* slots beyond the first of each record; published by fill */
    WEFTI_ALIGNED(WEFTI_LINE) wefti_slot slots[WEFTI_CHUNK_SLOTS];
} wefti_chunk;

static inline uint32_t wefti_record_slots(const wefti_slot *record) { return record->bytes[WEFTI_RECORD_LENGTH]; }

/* How many records a chunk holds that is full and untouched. */
static inline uint32_t wefti_chunk_records(wefti_chunk *chunk) {
    return wefti_load_relaxed(&chunk->fill) - chunk->longer; /* relaxed: a chunk with a next has its final fill */
}

/* Chunks that nobody uses, for all queues of a kernel. */
typedef struct wefti_depot {
    wefti_spinlock lock;
    wefti_chunk *free;
    WEFTI_ATOMIC(size_t) count;
} wefti_depot;

/* A few chunks of one owner, so that the depot is asked rarely. */
typedef struct wefti_chunk_cache {
    wefti_depot *depot;
    wefti_chunk *free;
    unsigned count;
} wefti_chunk_cache;

wefti_chunk *wefti_chunk_take(wefti_chunk_cache *cache); /* empty, unlinked; NULL: no memory */
bool wefti_chunk_stock(wefti_chunk_cache *cache); /* makes sure of one chunk, so that the next take cannot fail */
void wefti_chunk_give(wefti_chunk_cache *cache, wefti_chunk *chunk);
void wefti_chunk_cache_end(wefti_chunk_cache *cache);
void wefti_depot_give(wefti_depot *depot, wefti_chunk *chunk);
/* Frees a part of what is beyond a small stock; called by those who go to sleep. */
void wefti_depot_trim(wefti_depot *depot);
void wefti_depot_end(wefti_depot *depot);

#endif
