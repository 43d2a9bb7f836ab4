/* SPDX-License-Identifier: MIT */
/* queue.h - a worker's queue of tasks that have not begun: first in, first out, one owner, many thieves.
 *
 * Idea: the owner puts and takes without one atomic read-modify-write and without a fence; all the cost of agreeing
 * lies with the thief, who steals many records at a time.
 *
 *      head chunk                     middle chunks                      tail chunk
 *   [ taken | h ............ ] -> [ full, nobody inside ] -> ... -> [ ...... fill | unwritten ]
 *             ^ owner takes here    ^ a thief unlinks a whole one      ^ owner puts here
 *
 * A thief that finds a full chunk between the first and the last unlinks it under the lock; the owner does not notice,
 * because it follows `next` only under the lock too. Otherwise, and after some of these, so that the oldest records
 * wait for nobody, the thief takes the front half of the first chunk that has anything, and there it meets the owner.
 * They agree by `attention`:
 *
 *   CALM --thief, lock held--> THIEF --thief took records--> STOLEN --owner, lock held--> CALM
 *                                    --found none--> CALM
 *
 *   owner takes:  head = h + n;  light barrier;  if attention == CALM, the record at h is mine
 *   thief:        attention = THIEF;  heavy barrier;  seen = head;  take from `seen` on;  attention = STOLEN
 *
 * By the pair of barriers at least one sees the other: either the owner sees attention, or the thief sees h + n. When
 * the owner sees attention it takes the lock and looks what the (first) thief saw: `seen` is h or h + n, because the
 * store of every earlier position was followed by a look that found CALM. seen == h: the record is gone. seen == h + n:
 * it is the owner's. While STOLEN stands, later thieves go on at `resume` and need no barrier.
 *
 * Invariants: Q1 a record is taken once. Q2 head moves in the head chunk only under the lock or by the owner. Q3 a
 * chunk is recycled by the owner, lock held, after head has left it. Q4 pushed == taken + stolen when the queue is
 * empty.
 *
 * Source: Cilk-5's THE protocol (Frigo, Leiserson, Randall 1998) with both parties at the same end, for first in, first
 * out as lparallel has it; asymmetric fence as in Lace and in RCU.
 */
#ifndef WEFTI_QUEUE_H
#define WEFTI_QUEUE_H

#include "lockfree/chunk.h"

enum { WEFTI_QUEUE_CALM, WEFTI_QUEUE_THIEF, WEFTI_QUEUE_STOLEN };

typedef struct wefti_queue {
    /* the owner's line; `head`, `pushed` and `taken` are read by others */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) head; /* next slot to take, in head_chunk */
    uint32_t tail;                                          /* next slot to write, in tail_chunk */
    wefti_chunk *head_chunk;                                /* changes under the lock */
    wefti_chunk *tail_chunk;
    WEFTI_ATOMIC(uint64_t) pushed;
    WEFTI_ATOMIC(uint64_t) taken;
    wefti_chunk_cache cache;
    /* the thieves' line */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) attention;
    wefti_spinlock lock;
    uint32_t unlinked;         /* whole chunks in a row */
    uint32_t seen;             /* STOLEN: the head that the first thief saw */
    uint32_t resume;           /* STOLEN: where the rest begins ... */
    wefti_chunk *resume_chunk; /* ... and in which chunk */
    WEFTI_ATOMIC(uint64_t) stolen;
} wefti_queue;

/* Returns false if there is no memory. */
bool wefti_queue_init(wefti_queue *queue, wefti_depot *depot);
void wefti_queue_end(wefti_queue *queue);

/* Owner: room for a record of `slots` slots at the back, to be filled in and then published. NULL: no memory. */
wefti_slot *wefti_queue_reserve_more(wefti_queue *queue);
static inline wefti_slot *wefti_queue_reserve(wefti_queue *queue, uint32_t slots) {
    if (WEFTI_UNLIKELY(queue->tail + slots > WEFTI_CHUNK_SLOTS)) return wefti_queue_reserve_more(queue);
    return &queue->tail_chunk->slots[queue->tail];
}

/* The same for one slot, without a new chunk: NULL if this one is full. */
static inline wefti_slot *wefti_queue_room(wefti_queue *queue) {
    return WEFTI_LIKELY(queue->tail < WEFTI_CHUNK_SLOTS) ? &queue->tail_chunk->slots[queue->tail] : NULL;
}

static inline void wefti_queue_publish(wefti_queue *queue, uint32_t slots) {
    wefti_chunk *chunk = queue->tail_chunk;
    if (WEFTI_UNLIKELY(slots > 1)) chunk->longer += slots - 1;
    wefti_plain_write(&chunk->slots[queue->tail], slots * sizeof(wefti_slot));
    queue->tail += slots;
    wefti_hands_over(chunk->slots); /* not by `fill`: a sanitizer keeps of its stores what the last one brings */
    /* release: partner is the acquire of `fill` in steal_part; the record is seen by who sees the fill. */
    wefti_store_release(&chunk->fill, queue->tail);
    /* release: partner is the acquire in wefti_queue_has_work. Single writer, so no read-modify-write. */
    wefti_store_release(&queue->pushed, wefti_load_relaxed(&queue->pushed) + 1);
}

/* Owner: what take does when the head chunk is used up, and when it meets a thief. */
uint32_t wefti_queue_take_more(wefti_queue *queue, wefti_slot *out);
uint32_t wefti_queue_take_disputed(wefti_queue *queue, uint32_t at, uint32_t slots, wefti_slot *out);

static inline uint32_t wefti_queue_copy_out(wefti_queue *queue, uint32_t at, uint32_t slots, wefti_slot *out) {
    const wefti_slot *record = &queue->head_chunk->slots[at];
    wefti_takes_over(queue->head_chunk->slots); /* another fiber of this worker may have published it */
    wefti_plain_read(record, slots * sizeof(wefti_slot));
    out[0] = record[0];
    for (uint32_t i = 1; WEFTI_UNLIKELY(i < slots); i++) out[i] = record[i];
    /* release: partner is the acquire in wefti_queue_has_work. Single writer. */
    wefti_store_release(&queue->taken, wefti_load_relaxed(&queue->taken) + 1);
    return slots;
}

/* Owner: moves the front record to `out` (room for WEFTI_RECORD_MOST_SLOTS). Returns its slots, 0 if there is none. */
static inline uint32_t wefti_queue_take(wefti_queue *queue, wefti_slot *out) {
    uint32_t at = wefti_load_relaxed(&queue->head);
    const wefti_chunk *chunk = queue->head_chunk;
    /* relaxed: written by this thread, or before the chunk came here */
    if (WEFTI_UNLIKELY(at == wefti_load_relaxed(&chunk->fill))) return wefti_queue_take_more(queue, out);
    uint32_t slots = wefti_record_slots(&chunk->slots[at]);
    wefti_store_relaxed(&queue->head, at + slots);
    /* light barrier: partner is the heavy one in steal_part. Without it: the owner reads CALM, then the thief sets
     * THIEF and reads the old head, then the store above lands; both have the record. */
    wefti_light_barrier();
    if (WEFTI_UNLIKELY(wefti_load_relaxed(&queue->attention) != WEFTI_QUEUE_CALM))
        return wefti_queue_take_disputed(queue, at, slots, out);
    return wefti_queue_copy_out(queue, at, slots, out);
}

/* Owner: the front record, to be looked at and, if it takes one slot, perhaps taken before anything else is done with
 * the queue. A thief may have it already. NULL: there is none. */
const wefti_slot *wefti_queue_front_more(wefti_queue *queue);
static inline const wefti_slot *wefti_queue_front(wefti_queue *queue) {
    uint32_t at = wefti_load_relaxed(&queue->head); /* relaxed, both: as in wefti_queue_take */
    const wefti_chunk *chunk = queue->head_chunk;
    if (WEFTI_UNLIKELY(at == wefti_load_relaxed(&chunk->fill))) return wefti_queue_front_more(queue);
    wefti_takes_over(queue->head_chunk->slots); /* as in wefti_queue_copy_out */
    wefti_plain_read(&chunk->slots[at], sizeof(wefti_slot));
    return &chunk->slots[at];
}

/* Owner: takes that record. false: a thief has it. */
bool wefti_queue_take_front_disputed(wefti_queue *queue, uint32_t at);
static inline bool wefti_queue_take_front(wefti_queue *queue) {
    uint32_t at = wefti_load_relaxed(&queue->head);
    wefti_store_relaxed(&queue->head, at + 1);
    wefti_light_barrier(); /* partner and reason: as in wefti_queue_take */
    if (WEFTI_UNLIKELY(wefti_load_relaxed(&queue->attention) != WEFTI_QUEUE_CALM))
        return wefti_queue_take_front_disputed(queue, at);
    /* release: as in wefti_queue_copy_out */
    wefti_store_release(&queue->taken, wefti_load_relaxed(&queue->taken) + 1);
    return true;
}

/* Owner of `mine`: steals from `victim` into `mine`. Returns how many records came, 0 if none was to be had now. */
uint32_t wefti_queue_steal(wefti_queue *victim, wefti_queue *mine);

/* Owner: appends a chunk of records that are not in any queue. */
void wefti_queue_append(wefti_queue *queue, wefti_chunk *chunk, uint32_t records);

/* Anyone: whether it seems to hold something. Exact for a sleeper that has announced itself and passed the heavy
 * barrier. */
static inline bool wefti_queue_has_work(wefti_queue *queue) {
    /* acquire on the two sides that remove: then `pushed` is not older than what they removed. */
    uint64_t gone = wefti_load_acquire(&queue->stolen);
    gone += wefti_load_acquire(&queue->taken);
    return wefti_load_acquire(&queue->pushed) != gone;
}

/* Anyone: about how many records it holds. */
static inline uint64_t wefti_queue_pending(wefti_queue *queue) {
    uint64_t gone = wefti_load_relaxed(&queue->stolen) + wefti_load_relaxed(&queue->taken); /* relaxed, all: a guess */
    uint64_t pushed = wefti_load_relaxed(&queue->pushed);
    return pushed > gone ? pushed - gone : 0;
}

/* Anyone, for dumps: calls visit for each record that seems pending, at most `most`, with the lock held. */
bool wefti_queue_walk(wefti_queue *queue, size_t most, void (*visit)(const wefti_slot *record, void *argument),
                      void *argument);

#endif
