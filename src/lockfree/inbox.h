/* SPDX-License-Identifier: MIT */
/* inbox.h - where tasks come in from outside: first in, first out, many producers, any worker takes shares.
 *
 * Idea: two locks, one at each end, so that producers and takers do not meet (the two-lock queue of Michael and Scott,
 * 1996). A submission costs one atomic exchange; a worker takes a whole chunk, or a batch, at a time into its own
 * queue, where thieves can get at it.
 *
 * Rules: `closed` changes under push_lock, so that no record comes in after wefti_inbox_close has returned.
 */
#ifndef WEFTI_INBOX_H
#define WEFTI_INBOX_H

#include "lockfree/queue.h"

typedef struct wefti_inbox {
    wefti_chunk_cache cache; /* under push_lock */
    /* one line for all that a submission touches */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock push_lock;
    bool closed;
    uint32_t tail;
    wefti_chunk *tail_chunk;
    WEFTI_ATOMIC(uint64_t) pushed;
    WEFTI_ATOMIC(uint64_t) submitted[2]; /* by generation, see sched/drain.h; under push_lock */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock take_lock;
    uint32_t head;
    wefti_chunk *head_chunk;
    WEFTI_ATOMIC(uint64_t) taken;
} wefti_inbox;

bool wefti_inbox_init(wefti_inbox *inbox, wefti_depot *depot);
void wefti_inbox_end(wefti_inbox *inbox);

/* Producer: room for one record, with push_lock held until the publish. NULL: closed (*closed) or no memory; not held
 * then. insider: a closed inbox takes it all the same. */
wefti_slot *wefti_inbox_reserve_more(wefti_inbox *inbox);
static inline wefti_slot *wefti_inbox_reserve(wefti_inbox *inbox, uint32_t slots, bool *closed, bool insider) {
    wefti_spin_lock(&inbox->push_lock);
    *closed = inbox->closed && !insider;
    if (WEFTI_UNLIKELY(*closed)) {
        wefti_spin_unlock(&inbox->push_lock);
        return NULL;
    }
    if (WEFTI_UNLIKELY(inbox->tail + slots > WEFTI_CHUNK_SLOTS)) return wefti_inbox_reserve_more(inbox);
    return &inbox->tail_chunk->slots[inbox->tail];
}

static inline void wefti_inbox_publish(wefti_inbox *inbox, uint32_t slots) {
    wefti_chunk *chunk = inbox->tail_chunk;
    if (WEFTI_UNLIKELY(slots > 1)) chunk->longer += slots - 1;
    wefti_plain_write(&chunk->slots[inbox->tail], slots * sizeof(wefti_slot));
    inbox->tail += slots;
    wefti_store_release(&chunk->fill, inbox->tail); /* partner: the acquire of `fill` in wefti_inbox_take */
    wefti_store_release(&inbox->pushed, wefti_load_relaxed(&inbox->pushed) + 1); /* partner: wefti_inbox_has_work */
    wefti_spin_unlock(&inbox->push_lock);
}
void wefti_inbox_close(wefti_inbox *inbox);
/* In a child of fork, whoever held the locks: closed, and nothing in it. */
void wefti_inbox_lose(wefti_inbox *inbox);

/* Worker: moves at most `most` records to the back of its own queue. Returns how many. */
uint32_t wefti_inbox_take(wefti_inbox *inbox, wefti_queue *mine, uint32_t most);

/* Worker: moves one record to `out`. Returns its slots, 0 if there was none to be had. */
uint32_t wefti_inbox_take_one(wefti_inbox *inbox, wefti_queue *mine, wefti_slot *out);

/* Anyone: as wefti_queue_has_work. */
static inline bool wefti_inbox_has_work(wefti_inbox *inbox) {
    uint64_t taken =
        wefti_load_acquire(&inbox->taken); /* acquire: `pushed` is not older; partner in wefti_inbox_take */
    return wefti_load_acquire(&inbox->pushed) != taken; /* acquire: partner in wefti_inbox_publish */
}

bool wefti_inbox_walk(wefti_inbox *inbox, size_t most, void (*visit)(const wefti_slot *record, void *argument),
                      void *argument);

#endif
