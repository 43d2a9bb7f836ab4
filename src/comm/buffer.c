/* SPDX-License-Identifier: MIT */
/* buffer.c - first in, first out, in blocks: grows without moving what is in it. */
#include <stdlib.h>

#include "comm/channel.h"

enum { FIRST_ROOM = 16, BLOCK_BYTES = 8192, LEAST_ROOM = 8 };

static wefti_element *element_at(const weft_channel *channel, wefti_block *block, uint32_t at) {
    return (wefti_element *)(void *)(block->elements + at * channel->stride);
}

wefti_block *wefti_block_make(const weft_channel *channel, bool first) {
    size_t room = BLOCK_BYTES / channel->stride;
    if (room < LEAST_ROOM) room = LEAST_ROOM;
    if (first && room > FIRST_ROOM) room = FIRST_ROOM;
    if (channel->capacity != 0 && room > channel->capacity) room = channel->capacity;
    wefti_block *block = malloc(sizeof *block + room * channel->stride);
    if (block == NULL) return NULL;
    block->next = NULL;
    block->room = (uint32_t)room;
    return block;
}

bool wefti_buffer_has_room(const weft_channel *channel) {
    const wefti_block *tail = channel->tail_block;
    return (tail != NULL && channel->tail < tail->room) || channel->spare != NULL;
}

void wefti_buffer_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    wefti_block *block = channel->tail_block;
    if (WEFTI_UNLIKELY(block == NULL || channel->tail == block->room)) {
        block = channel->spare;
        channel->spare = NULL;
        block->next = NULL;
        if (channel->tail_block != NULL) channel->tail_block->next = block;
        if (channel->head_block == NULL) channel->head_block = block;
        channel->tail_block = block;
        channel->tail = 0;
    }
    wefti_element *element = element_at(channel, block, channel->tail++);
    element->condition = condition;
    if (condition == NULL) wefti_copy(element->value, value, channel->element_size);
    wefti_store_relaxed(&channel->count, wefti_load_relaxed(&channel->count) + 1);
}

/* The head block is used up: keeps one as a spare. Returns a block to free, or NULL. */
static void leave_block(weft_channel *channel) {
    wefti_block *used = channel->head_block;
    if (used == channel->tail_block) { /* the only one: begin again at its start */
        channel->head = channel->tail = 0;
        return;
    }
    channel->head_block = used->next;
    channel->head = 0;
    if (channel->spare == NULL)
        channel->spare = used;
    else
        free(used); /* once in a block's worth of elements */
}

const wefti_condition *wefti_buffer_take(weft_channel *channel, void *value) {
    wefti_element *element = element_at(channel, channel->head_block, channel->head++);
    const wefti_condition *condition = element->condition;
    if (condition == NULL && value != NULL) wefti_copy(value, element->value, channel->element_size);
    wefti_store_relaxed(&channel->count, wefti_load_relaxed(&channel->count) - 1);
    bool last = channel->head_block == channel->tail_block && channel->head == channel->tail;
    if (WEFTI_UNLIKELY(last || channel->head == channel->head_block->room)) leave_block(channel);
    return condition;
}

const wefti_element *wefti_buffer_front(const weft_channel *channel) {
    return element_at(channel, channel->head_block, channel->head);
}

void wefti_buffer_free(weft_channel *channel) {
    while (wefti_load_relaxed(&channel->count) > 0) {
        const wefti_element *element = wefti_buffer_front(channel);
        if (channel->destroy != NULL && element->condition == NULL) channel->destroy((void *)element->value);
        wefti_buffer_take(channel, NULL);
    }
    free(channel->spare);
    free(channel->head_block);
    channel->spare = channel->head_block = channel->tail_block = NULL;
}
