/* SPDX-License-Identifier: MIT */
/* inbox.c - the queue of tasks from outside. The protocol is told in inbox.h. */
#include "lockfree/inbox.h"

#include <string.h>

bool wefti_inbox_init(wefti_inbox *inbox, wefti_depot *depot) {
    memset(inbox, 0, sizeof *inbox);
    inbox->cache.depot = depot;
    inbox->head_chunk = inbox->tail_chunk = wefti_chunk_take(&inbox->cache);
    return inbox->head_chunk != NULL;
}

void wefti_inbox_end(wefti_inbox *inbox) {
    wefti_chunk *chunk = inbox->head_chunk;
    while (chunk != NULL) {
        wefti_chunk *next = wefti_load_relaxed(&chunk->next);
        wefti_depot_give(inbox->cache.depot, chunk);
        chunk = next;
    }
    inbox->head_chunk = inbox->tail_chunk = NULL;
    if (inbox->cache.depot != NULL) wefti_chunk_cache_end(&inbox->cache);
}

wefti_slot *wefti_inbox_reserve_more(wefti_inbox *inbox) {
    wefti_chunk *chunk = wefti_chunk_take(&inbox->cache);
    if (chunk == NULL) {
        wefti_spin_unlock(&inbox->push_lock);
        return NULL;
    }
    /* release: partners are the acquires of `next` in inbox_settle and unlink_head; the chunk before has its
     * final fill then. */
    wefti_store_release(&inbox->tail_chunk->next, chunk);
    inbox->tail_chunk = chunk;
    inbox->tail = 0;
    return chunk->slots;
}

void wefti_inbox_close(wefti_inbox *inbox) {
    wefti_spin_lock(&inbox->push_lock);
    inbox->closed = true;
    wefti_spin_unlock(&inbox->push_lock);
}

void wefti_inbox_lose(wefti_inbox *inbox) {
    inbox->closed = true;
    wefti_store_relaxed(&inbox->taken, wefti_load_relaxed(&inbox->pushed)); /* relaxed: there is one thread */
    memset(&inbox->push_lock, 0, sizeof inbox->push_lock);
    memset(&inbox->take_lock, 0, sizeof inbox->take_lock);
}

/* take_lock held: goes to the next chunk if the head chunk is used up. The used one goes back through `mine`. */
static void inbox_settle(wefti_inbox *inbox, wefti_queue *mine) {
    wefti_chunk *used = inbox->head_chunk;
    /* `next` first, `fill` second: a chunk that has a next has its final fill. Partner: wefti_inbox_reserve_more. */
    wefti_chunk *next = wefti_load_acquire(&used->next);
    if (next == NULL || inbox->head != wefti_load_acquire(&used->fill)) return;
    inbox->head_chunk = next;
    inbox->head = 0;
    wefti_chunk_give(&mine->cache, used);
}

/* take_lock held: the whole head chunk, if it is untouched and full. */
static wefti_chunk *unlink_head(wefti_inbox *inbox) {
    wefti_chunk *chunk = inbox->head_chunk;
    wefti_chunk *next = wefti_load_acquire(&chunk->next); /* partner: wefti_inbox_reserve_more */
    if (inbox->head != 0 || next == NULL) return NULL;
    inbox->head_chunk = next;
    wefti_atomic_init(&chunk->next, NULL);
    return chunk;
}

static uint32_t take_batch(wefti_inbox *inbox, wefti_queue *mine, uint32_t most) {
    wefti_chunk *chunk = inbox->head_chunk;
    /* acquire: partner is the release in wefti_inbox_publish. */
    uint32_t count = 0, fill = wefti_load_acquire(&chunk->fill);
    while (inbox->head < fill && count < most) {
        const wefti_slot *record = &chunk->slots[inbox->head];
        uint32_t slots = wefti_record_slots(record);
        wefti_slot *room = wefti_queue_reserve(mine, slots);
        if (room == NULL) break;
        wefti_plain_read(record, slots * sizeof *record);
        memcpy(room, record, slots * sizeof *record);
        wefti_queue_publish(mine, slots);
        inbox->head += slots;
        count++;
    }
    return count;
}

uint32_t wefti_inbox_take(wefti_inbox *inbox, wefti_queue *mine, uint32_t most) {
    if (!wefti_inbox_has_work(inbox) || !wefti_chunk_stock(&mine->cache)) return 0;
    if (!wefti_spin_try(&inbox->take_lock)) return 0;
    inbox_settle(inbox, mine);
    wefti_chunk *whole = most >= WEFTI_CHUNK_SLOTS ? unlink_head(inbox) : NULL;
    uint32_t count = whole != NULL ? wefti_chunk_records(whole) : take_batch(inbox, mine, most);
    if (whole != NULL) wefti_queue_append(mine, whole, count); /* before it is counted out: a last look must find it */
    wefti_store_release(&inbox->taken, wefti_load_relaxed(&inbox->taken) + count); /* partner: wefti_inbox_has_work */
    wefti_spin_unlock(&inbox->take_lock);
    return count;
}

uint32_t wefti_inbox_take_one(wefti_inbox *inbox, wefti_queue *mine, wefti_slot *out) {
    if (!wefti_inbox_has_work(inbox) || !wefti_spin_try(&inbox->take_lock)) return 0;
    inbox_settle(inbox, mine);
    wefti_chunk *chunk = inbox->head_chunk;
    uint32_t slots = 0;
    if (inbox->head < wefti_load_acquire(&chunk->fill)) { /* acquire: partner is the release in wefti_inbox_publish */
        const wefti_slot *record = &chunk->slots[inbox->head];
        slots = wefti_record_slots(record);
        wefti_plain_read(record, slots * sizeof *record);
        memcpy(out, record, slots * sizeof *record);
        inbox->head += slots;
        wefti_store_release(&inbox->taken, wefti_load_relaxed(&inbox->taken) + 1); /* partner: wefti_inbox_has_work */
    }
    wefti_spin_unlock(&inbox->take_lock);
    return slots;
}

bool wefti_inbox_walk(wefti_inbox *inbox, size_t most, void (*visit)(const wefti_slot *record, void *argument),
                      void *argument) {
    if (!wefti_spin_try(&inbox->take_lock)) return false;
    uint32_t at = inbox->head;
    for (wefti_chunk *chunk = inbox->head_chunk; chunk != NULL && most > 0; at = 0) {
        wefti_chunk *next = wefti_load_acquire(&chunk->next); /* both as in inbox_settle, and in that order */
        uint32_t fill = wefti_load_acquire(&chunk->fill);
        for (; at < fill && most > 0; most--) {
            visit(&chunk->slots[at], argument);
            at += wefti_record_slots(&chunk->slots[at]);
        }
        chunk = next;
    }
    wefti_spin_unlock(&inbox->take_lock);
    return true;
}
