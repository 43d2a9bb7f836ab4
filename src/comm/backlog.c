/* SPDX-License-Identifier: MIT */
/* backlog.c - first in, first out, in blocks: grows without moving what is in it. */
#include <stdlib.h>

#include "comm/channel.h"

enum { FIRST_ROOM = 16, BLOCK_BYTES = 8192, LEAST_ROOM = 8 };

static wefti_element *element_at(const weft_channel *channel, wefti_block *block, uint32_t at) {
    return (wefti_element *)(void *)(block->elements + at * wefti_stride(channel->size));
}

wefti_block *wefti_block_make(weft_channel *channel, bool first) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_block *block = NULL;
    size_t stride = wefti_stride(channel->size), room = BLOCK_BYTES / stride;
    if (room < LEAST_ROOM) room = LEAST_ROOM;
    if (first && room > FIRST_ROOM) room = FIRST_ROOM;
    if (channel->capacity != 0 && room > channel->capacity) room = channel->capacity;
    if (!first)
        block = wefti_exchange_acquire(&backlog->recycled, (wefti_block *)NULL); /* partner: wefti_block_recycle */
    if (block != NULL) return block;
    block = malloc(sizeof *block + room * stride);
    if (block != NULL) block->room = (uint32_t)room;
    return block;
}

void wefti_block_recycle(weft_channel *channel, wefti_block *block) {
    /* partner: the acquire in wefti_block_make, and itself */
    free(wefti_exchange_acq_rel(&wefti_backlog_of(channel)->recycled, block));
}

bool wefti_backlog_has_room(const weft_channel *channel) {
    const wefti_block *tail = channel->tail_block;
    return (tail != NULL && channel->at < tail->room) || wefti_backlog_of(channel)->spare != NULL;
}

static wefti_block *begin_block(weft_channel *channel) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_block *block = backlog->spare;
    backlog->spare = NULL;
    block->head = 0;
    wefti_atomic_init(&block->next, NULL);
    /* release: partners are the acquires of `next` and head_block; what is in the full block, and how far it was taken,
     * is seen by who goes on with it in the front. */
    if (channel->tail_block != NULL)
        wefti_store_release(&channel->tail_block->next, block);
    else
        wefti_store_release(&backlog->head_block, block);
    wefti_store_relaxed(&backlog->last_block, block);
    channel->tail_block = block;
    channel->at = 0;
    return block;
}

wefti_element *wefti_backlog_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    wefti_block *block = channel->tail_block;
    if (WEFTI_UNLIKELY(block == NULL || channel->at == block->room)) block = begin_block(channel);
    wefti_element *element = element_at(channel, block, channel->at++);
    wefti_element_set(channel, element, value, condition);
    wefti_store_relaxed(&channel->count, wefti_load_relaxed(&channel->count) + 1); /* relaxed: the lock orders it */
    return element;
}

static const wefti_condition *copy_out(weft_channel *channel, wefti_block *block, void *value) {
    return wefti_element_get(element_at(channel, block, block->head++), value, channel->size);
}

static inline bool take_front(weft_channel *channel, void *value, const wefti_condition **condition, wefti_block **used,
                              bool gaps) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_block *block = wefti_load_acquire(&backlog->head_block);               /* partner: begin_block, and below */
    wefti_block *next = block != NULL ? wefti_load_acquire(&block->next) : NULL; /* partner: begin_block */
    if (next == NULL) return false;
    const wefti_element *front = element_at(channel, block, block->head);
    const wefti_condition *instead = front->condition;
    if (WEFTI_UNLIKELY(!gaps && (instead == &wefti_reserved || instead == &wefti_abandoned))) return false;
    *condition = wefti_element_get(front, value, channel->size);
    block->head++;
    /* release: partner is the acquire in wefti_stored. Written with front_lock held. */
    wefti_store_release(&backlog->taken_in_front, wefti_load_relaxed(&backlog->taken_in_front) + 1);
    *used = NULL;
    if (block->head == block->room) {
        wefti_store_release(&backlog->head_block, next); /* release: as in begin_block, for the next one's readers */
        *used = block;
    }
    return true;
}

bool wefti_backlog_take_front(weft_channel *channel, void *value, const wefti_condition **condition,
                              wefti_block **used) {
    return take_front(channel, value, condition, used, false);
}

bool wefti_backlog_drop_front(weft_channel *channel, wefti_block **used) {
    const wefti_condition *condition;
    return take_front(channel, NULL, &condition, used, true);
}

const wefti_condition *wefti_backlog_take(weft_channel *channel, void *value) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_block *block = wefti_load_acquire(&backlog->head_block); /* partner: wefti_backlog_take_front */
    const wefti_condition *condition = copy_out(channel, block, value);
    /* release: partner is the acquire in wefti_stored. Written with the lock held. */
    wefti_store_release(&backlog->taken, wefti_load_relaxed(&backlog->taken) + 1);
    if (block == channel->tail_block) {
        if (block->head == channel->at) block->head = channel->at = 0; /* empty: begin again at its start */
    } else if (block->head == block->room) { /* only where there is a capacity, or it is being freed */
        wefti_store_release(&backlog->head_block, wefti_load_relaxed(&block->next));
        if (backlog->spare == NULL)
            backlog->spare = block;
        else
            wefti_block_recycle(channel, block);
    }
    return condition;
}

wefti_element *wefti_backlog_front(weft_channel *channel) {
    /* partner: wefti_backlog_take_front */
    wefti_block *block = wefti_load_acquire(&wefti_backlog_of(channel)->head_block);
    return element_at(channel, block, block->head);
}

void wefti_backlog_free(weft_channel *channel) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    wefti_destroyer destroy = wefti_channel_destroyer(channel);
    while (wefti_stored(channel) > 0) {
        wefti_element *element = wefti_backlog_front(channel);
        if (destroy != NULL && element->condition == NULL) destroy(element->value);
        wefti_condition_drop(element->condition);
        wefti_backlog_take(channel, NULL);
    }
    free(backlog->spare);
    free(wefti_load_acquire(&backlog->recycled)); /* partner: wefti_block_recycle */
    free(wefti_load_relaxed(&backlog->head_block));
    backlog->spare = channel->tail_block = NULL;
}
