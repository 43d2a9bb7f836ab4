/* SPDX-License-Identifier: MIT */
/* level.c - channels as descriptors; see level.h. */
#include "comm/level.h"

#include <stdlib.h>

#include <weft/descriptor.h>

#include "comm/store.h"
#include "os/events.h"

static bool receivable(weft_channel *channel) {
    return !wefti_store_empty(channel) || wefti_first(&channel->senders) != NULL || wefti_channel_closed(channel) ||
           wefti_load_relaxed(&channel->lost) != 0;
}

void wefti_level_follow(weft_channel *channel) {
    wefti_level *level = channel->rare->level;
    bool set = receivable(channel);
    if (set == level->set) return;
    level->set = set;
    if (set)
        wefti_flag_set(level->flag);
    else
        wefti_flag_clear(level->flag);
}

void wefti_level_free(weft_channel *channel) {
    wefti_level *level = channel->rare != NULL ? channel->rare->level : NULL;
    if (level == NULL) return;
    wefti_descriptor_close(level->flag);
    free(level);
}

static wefti_level *make_level(void) {
    wefti_level *level = malloc(sizeof *level);
    if (level == NULL) return NULL;
    *level = (wefti_level){wefti_flag_open(), false};
    if (level->flag >= 0) return level;
    free(level);
    return NULL;
}

int weft_channel_descriptor(weft_channel *channel) {
    if (channel == NULL || channel->kind > WEFTI_POLICY || (wefti_odd(channel) & WEFTI_LOCAL) != 0) {
        wefti_fail(WEFT_INVALID);
        return -1;
    }
    wefti_level *made = wefti_channel_rare(channel) != NULL ? make_level() : NULL;
    wefti_channel_lock(channel);
    wefti_level *level = channel->rare != NULL ? channel->rare->level : NULL;
    if (level == NULL && made != NULL) {
        channel->rare->level = level = made;
        made = NULL;
        wefti_odd_set(channel, WEFTI_SHOWN, true);
        wefti_level_follow(channel);
    }
    wefti_channel_unlock(channel);
    if (made != NULL) { /* there is one already */
        wefti_descriptor_close(made->flag);
        free(made);
    }
    if (level != NULL) return level->flag;
    wefti_fail(WEFT_NO_MEMORY);
    return -1;
}
