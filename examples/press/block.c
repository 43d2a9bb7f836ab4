/* SPDX-License-Identifier: MIT */
/* block.c - the fixed set of blocks that travel between reader, workers and writer. */
#include "block.h"

#include <stdlib.h>

/* The storage is touched only as far as it is used: a small file costs little, whatever the count. */
static bool make_block(press_block *block, size_t length, size_t room, const weft_channel_options *options) {
    block->storage = malloc(BLOCK_WINDOW + length + room);
    if (block->storage == NULL) return false;
    block->data = block->storage + BLOCK_WINDOW;
    block->packed = block->data + length;
    block->room = room;
    block->result = weft_make_channel_with(press_packed, options);
    return block->result != NULL;
}

bool block_set_make(block_set *set, size_t count, size_t length, size_t room, weft_kernel *kernel) {
    *set = (block_set){.blocks = calloc(count, sizeof(press_block)), .count = count};
    set->free =
        weft_make_channel_with(press_block *, (&(weft_channel_options){.name = "free blocks", .capacity = count}));
    if (set->blocks == NULL || set->free == NULL) return false;
    const weft_channel_options options = {.name = "result of a block", .capacity = 1, .kernel = kernel};
    for (size_t i = 0; i < count; i++) {
        press_block *block = &set->blocks[i];
        if (!make_block(block, length, room, &options)) return false;
        if (weft_send(set->free, &block, WEFT_NOW) != WEFT_OK) return false;
    }
    return true;
}

void block_set_free(block_set *set) {
    for (size_t i = 0; set->blocks != NULL && i < set->count; i++) {
        weft_free_channel(set->blocks[i].result);
        free(set->blocks[i].storage);
    }
    weft_free_channel(set->free);
    free(set->blocks);
    *set = (block_set){0};
}
