/* SPDX-License-Identifier: MIT */
/* chunk.c - taking and giving back chunks. */
#include "lockfree/chunk.h"

#include <stdlib.h>

enum { CACHE_MOST = 16, STOCK = 256, TRIM_SHARE = 16 };

static wefti_chunk *pop_depot(wefti_depot *depot) {
    if (wefti_load_relaxed(&depot->count) == 0) return NULL; /* a hint; the lock decides */
    wefti_spin_lock(&depot->lock);
    wefti_chunk *chunk = depot->free;
    if (chunk != NULL) {
        depot->free = wefti_load_relaxed(&chunk->next);
        wefti_store_relaxed(&depot->count, wefti_load_relaxed(&depot->count) - 1);
    }
    wefti_spin_unlock(&depot->lock);
    return chunk;
}

void wefti_depot_give(wefti_depot *depot, wefti_chunk *chunk) {
    wefti_spin_lock(&depot->lock);
    wefti_atomic_init(&chunk->next, depot->free);
    depot->free = chunk;
    wefti_store_relaxed(&depot->count, wefti_load_relaxed(&depot->count) + 1);
    wefti_spin_unlock(&depot->lock);
}

wefti_chunk *wefti_chunk_take(wefti_chunk_cache *cache) {
    wefti_chunk *chunk = cache->free;
    if (chunk != NULL) {
        cache->free = wefti_load_relaxed(&chunk->next);
        cache->count--;
    } else {
        chunk = pop_depot(cache->depot);
    }
    if (chunk == NULL) {
        void *memory = NULL;
        if (posix_memalign(&memory, WEFTI_APART, sizeof *chunk) != 0) return NULL;
        chunk = memory;
    }
    wefti_atomic_init(&chunk->next, NULL);
    wefti_atomic_init(&chunk->fill, 0u);
    chunk->longer = 0;
    return chunk;
}

bool wefti_chunk_stock(wefti_chunk_cache *cache) {
    if (WEFTI_LIKELY(cache->free != NULL)) return true;
    wefti_chunk *chunk = wefti_chunk_take(cache);
    if (chunk != NULL) wefti_chunk_give(cache, chunk);
    return chunk != NULL;
}

void wefti_chunk_give(wefti_chunk_cache *cache, wefti_chunk *chunk) {
    if (cache->count >= CACHE_MOST) {
        wefti_depot_give(cache->depot, chunk);
        return;
    }
    wefti_atomic_init(&chunk->next, cache->free);
    cache->free = chunk;
    cache->count++;
}

void wefti_chunk_cache_end(wefti_chunk_cache *cache) {
    while (cache->free != NULL) {
        wefti_chunk *chunk = cache->free;
        cache->free = wefti_load_relaxed(&chunk->next);
        free(chunk);
    }
    cache->count = 0;
}

void wefti_depot_trim(wefti_depot *depot) {
    size_t count = wefti_load_relaxed(&depot->count);
    if (count <= STOCK) return;
    for (size_t n = (count - STOCK) / TRIM_SHARE + 1; n > 0; n--) free(pop_depot(depot));
}

void wefti_depot_end(wefti_depot *depot) {
    wefti_chunk *chunk;
    while ((chunk = pop_depot(depot)) != NULL) free(chunk);
}
