/* SPDX-License-Identifier: MIT */
/* queue.c - a worker's queue: the owner's side and the thieves' side. The protocol is drawn in queue.h. */
#include "lockfree/queue.h"

#include <string.h>

bool wefti_queue_init(wefti_queue *queue, wefti_depot *depot) {
    memset(queue, 0, sizeof *queue);
    queue->cache.depot = depot;
    queue->head_chunk = queue->tail_chunk = wefti_chunk_take(&queue->cache);
    return queue->head_chunk != NULL;
}

void wefti_queue_end(wefti_queue *queue) {
    wefti_chunk *chunk = queue->head_chunk;
    while (chunk != NULL) {
        wefti_chunk *next = wefti_load_relaxed(&chunk->next);
        wefti_depot_give(queue->cache.depot, chunk);
        chunk = next;
    }
    queue->head_chunk = queue->tail_chunk = NULL;
    if (queue->cache.depot != NULL) wefti_chunk_cache_end(&queue->cache);
}

/* ---- the owner puts ---- */

static bool append_chunk(wefti_queue *queue, wefti_chunk *chunk) {
    if (chunk == NULL) return false;
    /* release: partners are the acquires of `next` in unlink_middle and steal_part; the chunk's contents, and the final
     * fill of the one before, are seen by who follows the link. */
    wefti_store_release(&queue->tail_chunk->next, chunk);
    queue->tail_chunk = chunk;
    queue->tail = 0;
    return true;
}

wefti_slot *wefti_queue_reserve_more(wefti_queue *queue) {
    return append_chunk(queue, wefti_chunk_take(&queue->cache)) ? queue->tail_chunk->slots : NULL;
}

void wefti_queue_append(wefti_queue *queue, wefti_chunk *chunk, uint32_t records) {
    wefti_hands_over(chunk->slots); /* partner: wefti_queue_copy_out */
    uint32_t fill = wefti_load_relaxed(&chunk->fill);
    append_chunk(queue, chunk);
    queue->tail = fill;
    wefti_store_release(&queue->pushed, wefti_load_relaxed(&queue->pushed) + records); /* as in publish */
}

/* ---- the owner takes ---- */

/* Lock held: moves head behind what was stolen and makes the queue calm again. */
static void settle(wefti_queue *queue) {
    if (wefti_load_relaxed(&queue->attention) != WEFTI_QUEUE_STOLEN) return;
    while (queue->head_chunk != queue->resume_chunk) {
        wefti_chunk *passed = queue->head_chunk;
        queue->head_chunk = wefti_load_relaxed(&passed->next);
        wefti_chunk_give(&queue->cache, passed);
    }
    /* relaxed: thieves look at both with the lock held. */
    wefti_store_relaxed(&queue->head, queue->resume);
    wefti_store_relaxed(&queue->attention, WEFTI_QUEUE_CALM);
}

/* The owner has claimed the record at `at` and then seen a thief: takes it, or else the next one. */
uint32_t wefti_queue_take_disputed(wefti_queue *queue, uint32_t at, uint32_t slots, wefti_slot *out) {
    uint32_t got = 0;
    wefti_spin_lock(&queue->lock);
    bool stolen = wefti_load_relaxed(&queue->attention) == WEFTI_QUEUE_STOLEN;
    if (!stolen || queue->seen == at + slots) got = wefti_queue_copy_out(queue, at, slots, out);
    settle(queue);
    wefti_spin_unlock(&queue->lock);
    return got != 0 ? got : wefti_queue_take(queue, out);
}

/* The head chunk is used up: goes on to the next one. Returns false if there is none. */
static bool advance(wefti_queue *queue) {
    if (queue->head_chunk == queue->tail_chunk) return false;
    wefti_spin_lock(&queue->lock);
    settle(queue);
    wefti_chunk *used = queue->head_chunk;
    /* settle may have moved head into a chunk that still has something */
    if (wefti_load_relaxed(&queue->head) == wefti_load_relaxed(&used->fill) && used != queue->tail_chunk) {
        queue->head_chunk = wefti_load_relaxed(&used->next);
        wefti_store_relaxed(&queue->head,
                            0u); /* relaxed: thieves look with the lock held, or after the heavy barrier */
        wefti_chunk_give(&queue->cache, used);
    }
    wefti_spin_unlock(&queue->lock);
    return true;
}

uint32_t wefti_queue_take_more(wefti_queue *queue, wefti_slot *out) {
    while (advance(queue)) {
        uint32_t at = wefti_load_relaxed(&queue->head);
        if (at != wefti_load_relaxed(&queue->head_chunk->fill)) return wefti_queue_take(queue, out);
    }
    return 0;
}

const wefti_slot *wefti_queue_front_more(wefti_queue *queue) {
    while (advance(queue))
        if (wefti_load_relaxed(&queue->head) != wefti_load_relaxed(&queue->head_chunk->fill))
            return wefti_queue_front(queue);
    return NULL;
}

/* The owner has claimed the record at `at` and then seen a thief. */
bool wefti_queue_take_front_disputed(wefti_queue *queue, uint32_t at) {
    wefti_spin_lock(&queue->lock);
    bool stolen = wefti_load_relaxed(&queue->attention) == WEFTI_QUEUE_STOLEN;
    bool mine = !stolen || queue->seen == at + 1;
    if (mine) wefti_store_release(&queue->taken, wefti_load_relaxed(&queue->taken) + 1); /* as in copy_out */
    settle(queue);
    wefti_spin_unlock(&queue->lock);
    return mine;
}

/* ---- a thief steals ---- */

/* A thief takes the front after so many whole chunks at the latest: its records are the oldest, and the owner, whose
 * task may never end, puts new ones behind them. */
#ifdef WEFT_EXPLORE
enum { CHUNKS_IN_A_ROW = 1 };
#else
enum { CHUNKS_IN_A_ROW = 4 };
#endif

/* Lock held: unlinks a full chunk between the first and the last. */
static wefti_chunk *unlink_middle(wefti_chunk *first) {
    /* acquire: partner is the release in append_chunk. */
    wefti_chunk *middle = wefti_load_acquire(&first->next);
    if (middle == NULL) return NULL;
    wefti_chunk *last = wefti_load_acquire(&middle->next);
    if (last == NULL) return NULL;
    wefti_store_relaxed(&first->next, last); /* relaxed: read again only with the lock held */
    wefti_atomic_init(&middle->next, NULL);
    return middle;
}

/* Copies the front half of the records in [from, fill) to `mine`, for which the stock of one chunk is always enough.
 * Returns how many; *end is where the rest begins. */
static uint32_t copy_half(wefti_chunk *chunk, uint32_t from, uint32_t fill, wefti_queue *mine, uint32_t *end) {
    uint32_t half = (fill - from + 1) / 2, count = 0, at = from;
    while (at < fill && at - from < half) {
        const wefti_slot *record = &chunk->slots[at];
        uint32_t slots = wefti_record_slots(record);
        wefti_slot *room = wefti_queue_reserve(mine, slots);
        if (room == NULL) break;
        wefti_plain_read(record, slots * sizeof *record);
        memcpy(room, record, slots * sizeof *record);
        wefti_queue_publish(mine, slots);
        at += slots;
        count++;
    }
    *end = at;
    return count;
}

/* Lock held: steals from the first chunk that has anything. */
static uint32_t steal_part(wefti_queue *victim, wefti_queue *mine) {
    bool fresh = wefti_load_relaxed(&victim->attention) == WEFTI_QUEUE_CALM;
    wefti_chunk *chunk = victim->resume_chunk;
    uint32_t from = victim->resume;
    if (fresh) {
        wefti_store_relaxed(&victim->attention, WEFTI_QUEUE_THIEF);
        wefti_heavy_barrier(); /* partner: the light barrier in wefti_queue_take */
        chunk = victim->head_chunk;
        from = wefti_load_relaxed(&victim->head);
    }
    uint32_t seen = from;
    /* `next` first and `fill` second, both acquire: a chunk that has a next has its final fill. Partners: append_chunk
     * and wefti_queue_publish. */
    wefti_chunk *next = wefti_load_acquire(&chunk->next);
    uint32_t fill = wefti_load_acquire(&chunk->fill);
    if (from == fill && next != NULL) {
        chunk = next;
        from = 0;
        fill = wefti_load_acquire(&chunk->fill); /* acquire: the records up to it; partner: wefti_queue_publish */
    }
    wefti_takes_over(chunk->slots); /* of all fibers that have published in it; partner: wefti_queue_publish */
    uint32_t count = copy_half(chunk, from, fill, mine, &from);
    if (count > 0) {
        if (fresh) victim->seen = seen;
        victim->resume_chunk = chunk;
        victim->resume = from;
    }
    /* relaxed: the owner acts on it only with the lock held. THIEF must not stay when nothing was taken. */
    if (fresh) wefti_store_relaxed(&victim->attention, count > 0 ? WEFTI_QUEUE_STOLEN : WEFTI_QUEUE_CALM);
    return count;
}

uint32_t wefti_queue_steal(wefti_queue *victim, wefti_queue *mine) {
    if (!wefti_queue_has_work(victim) || !wefti_chunk_stock(&mine->cache)) return 0;
    if (!wefti_spin_try(&victim->lock)) return 0;
    bool moved = wefti_load_relaxed(&victim->attention) == WEFTI_QUEUE_STOLEN;
    bool turn = victim->unlinked == CHUNKS_IN_A_ROW;
    wefti_chunk *middle = turn ? NULL : unlink_middle(moved ? victim->resume_chunk : victim->head_chunk);
    victim->unlinked = middle != NULL ? victim->unlinked + 1 : 0;
    uint32_t count = middle != NULL ? wefti_chunk_records(middle) : steal_part(victim, mine);
    if (middle != NULL)
        wefti_queue_append(mine, middle, count); /* before it is counted out: a last look must find it */
    /* release: partner is the acquire in wefti_queue_has_work. Written with the lock held only. */
    wefti_store_release(&victim->stolen, wefti_load_relaxed(&victim->stolen) + count);
    wefti_spin_unlock(&victim->lock);
    return count;
}

/* ---- looking in ---- */

bool wefti_queue_walk(wefti_queue *queue, size_t most, void (*visit)(const wefti_slot *record, void *argument),
                      void *argument) {
    if (!wefti_spin_try(&queue->lock)) return false;
    bool moved = wefti_load_relaxed(&queue->attention) == WEFTI_QUEUE_STOLEN;
    wefti_chunk *chunk = moved ? queue->resume_chunk : queue->head_chunk;
    uint32_t at = moved ? queue->resume : wefti_load_relaxed(&queue->head);
    while (chunk != NULL && most > 0) {
        wefti_chunk *next = wefti_load_acquire(&chunk->next); /* both as in steal_part, and in that order */
        uint32_t fill = wefti_load_acquire(&chunk->fill);
        for (; at < fill && most > 0; most--) {
            visit(&chunk->slots[at], argument);
            at += wefti_record_slots(&chunk->slots[at]);
        }
        chunk = next;
        at = 0;
    }
    wefti_spin_unlock(&queue->lock);
    return true;
}
