/* SPDX-License-Identifier: MIT */
/* buffer.c - first in, first out, in blocks: grows without moving what is in it. */
#include <stdlib.h>

#include "comm/channel.h"

enum { FIRST_ROOM = 16, BLOCK_BYTES = 8192, LEAST_ROOM = 8 };

static wefti_element *element_at(const weft_channel *channel, wefti_block *block, uint32_t at) {
    return (wefti_element *)(void *)(block->elements + at * channel->stride);
}

wefti_block *wefti_block_make(weft_channel *channel, bool first) {
    wefti_block *block = NULL;
    size_t room = BLOCK_BYTES / channel->stride;
    if (room < LEAST_ROOM) room = LEAST_ROOM;
    if (first && room > FIRST_ROOM) room = FIRST_ROOM;
    if (channel->capacity != 0 && room > channel->capacity) room = channel->capacity;
    if (!first)
        block = wefti_exchange_acquire(&channel->recycled, (wefti_block *)NULL); /* partner: wefti_block_recycle */
    if (block != NULL) return block;
    block = malloc(sizeof *block + room * channel->stride);
    if (block != NULL) block->room = (uint32_t)room;
    return block;
}

void wefti_block_recycle(weft_channel *channel, wefti_block *block) {
    free(wefti_exchange_acq_rel(&channel->recycled, block)); /* partner: the acquire in wefti_block_make, and itself */
}

bool wefti_buffer_has_room(const weft_channel *channel) {
    const wefti_block *tail = channel->tail_block;
    return (tail != NULL && channel->tail < tail->room) || channel->spare != NULL;
}

static wefti_block *begin_block(weft_channel *channel) {
    wefti_block *block = channel->spare;
    channel->spare = NULL;
    block->head = 0;
    wefti_atomic_init(&block->next, NULL);
    /* release: partners are the acquires of `next` and head_block; what is in the full block, and how far it was taken,
     * is seen by who goes on with it in the front. */
    if (channel->tail_block != NULL)
        wefti_store_release(&channel->tail_block->next, block);
    else
        wefti_store_release(&channel->head_block, block);
    wefti_store_relaxed(&channel->last_block, block);
    channel->tail_block = block;
    channel->tail = 0;
    return block;
}

void wefti_buffer_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    wefti_block *block = channel->tail_block;
    if (WEFTI_UNLIKELY(block == NULL || channel->tail == block->room)) block = begin_block(channel);
    wefti_element *element = element_at(channel, block, channel->tail++);
    element->condition = condition;
    if (condition == NULL) wefti_copy(element->value, value, channel->element_size);
    wefti_store_relaxed(&channel->put, wefti_load_relaxed(&channel->put) + 1); /* relaxed: the lock orders it */
}

static const wefti_condition *copy_out(weft_channel *channel, wefti_block *block, void *value) {
    wefti_element *element = element_at(channel, block, block->head++);
    if (element->condition == NULL && value != NULL) wefti_copy(value, element->value, channel->element_size);
    return element->condition;
}

bool wefti_buffer_take_front(weft_channel *channel, void *value, const wefti_condition **condition,
                             wefti_block **used) {
    wefti_block *block = wefti_load_acquire(&channel->head_block);               /* partner: begin_block, and below */
    wefti_block *next = block != NULL ? wefti_load_acquire(&block->next) : NULL; /* partner: begin_block */
    if (next == NULL) return false;
    *condition = copy_out(channel, block, value);
    /* release: partner is the acquire in wefti_buffer_count. Written with front_lock held. */
    wefti_store_release(&channel->taken_in_front, wefti_load_relaxed(&channel->taken_in_front) + 1);
    *used = NULL;
    if (block->head == block->room) {
        wefti_store_release(&channel->head_block, next); /* release: as in begin_block, for the next one's readers */
        *used = block;
    }
    return true;
}

const wefti_condition *wefti_buffer_take(weft_channel *channel, void *value) {
    wefti_block *block = wefti_load_acquire(&channel->head_block); /* partner: wefti_buffer_take_front */
    const wefti_condition *condition = copy_out(channel, block, value);
    /* release: partner is the acquire in wefti_buffer_count. Written with the lock held. */
    wefti_store_release(&channel->taken, wefti_load_relaxed(&channel->taken) + 1);
    if (block == channel->tail_block) {
        if (block->head == channel->tail) block->head = channel->tail = 0; /* empty: begin again at its start */
    } else if (block->head == block->room) { /* only where the channel is bounded, or being freed */
        wefti_store_release(&channel->head_block, wefti_load_relaxed(&block->next));
        if (channel->spare == NULL)
            channel->spare = block;
        else
            wefti_block_recycle(channel, block);
    }
    return condition;
}

const wefti_element *wefti_buffer_front(weft_channel *channel) {
    wefti_block *block = wefti_load_acquire(&channel->head_block); /* partner: wefti_buffer_take_front */
    return element_at(channel, block, block->head);
}

void wefti_buffer_free(weft_channel *channel) {
    while (wefti_buffer_count(channel) > 0) {
        const wefti_element *element = wefti_buffer_front(channel);
        if (channel->destroy != NULL && element->condition == NULL) channel->destroy((void *)element->value);
        wefti_buffer_take(channel, NULL);
    }
    free(channel->spare);
    free(wefti_load_acquire(&channel->recycled)); /* partner: wefti_block_recycle */
    free(wefti_load_relaxed(&channel->head_block));
    channel->spare = channel->tail_block = NULL;
}
