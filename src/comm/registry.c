/* SPDX-License-Identifier: MIT */
/* registry.c - every channel there is, in lists by address, so that making and freeing channels do not meet on one
 * lock. */
#include <string.h>

#include "comm/bias.h"
#include "comm/channel.h"
#include "comm/level.h"
#include "condition/doom.h"
#include "trace/dump.h"

enum { SHARDS = 32 };

static struct {
    WEFTI_ALIGNED(WEFTI_LINE) wefti_spinlock lock;
    weft_channel *first;
} shards[SHARDS];

static unsigned shard_of(const weft_channel *channel) {
    return (unsigned)((uintptr_t)channel / sizeof(weft_channel) % SHARDS);
}

void wefti_channel_enlist(weft_channel *channel) {
    unsigned s = shard_of(channel);
    wefti_spin_lock(&shards[s].lock);
    channel->prev_channel = NULL;
    channel->next_channel = shards[s].first;
    if (shards[s].first != NULL) shards[s].first->prev_channel = channel;
    shards[s].first = channel;
    wefti_spin_unlock(&shards[s].lock);
}

void wefti_channel_delist(weft_channel *channel) {
    unsigned s = shard_of(channel);
    wefti_spin_lock(&shards[s].lock);
    if (channel->prev_channel != NULL)
        channel->prev_channel->next_channel = channel->next_channel;
    else
        shards[s].first = channel->next_channel;
    if (channel->next_channel != NULL) channel->next_channel->prev_channel = channel->prev_channel;
    wefti_spin_unlock(&shards[s].lock);
}

void wefti_channels_walk(void (*visit)(weft_channel *channel, void *argument), void *argument) {
    for (unsigned s = 0; s < SHARDS; s++) {
        wefti_spin_lock(&shards[s].lock);
        for (weft_channel *channel = shards[s].first; channel != NULL; channel = channel->next_channel)
            visit(channel, argument);
        wefti_spin_unlock(&shards[s].lock);
    }
}

/* Names the channel a task waits on, if it still is one. Never waits: a lock that is taken means no name. */
static void name_in_dump(wefti_dump *dump, const void *object) {
    unsigned s = shard_of(object);
    if (!wefti_spin_try(&shards[s].lock)) return;
    const weft_channel *channel = shards[s].first;
    while (channel != NULL && channel != object) channel = channel->next_channel;
    if (channel != NULL && channel->rare != NULL && channel->rare->name != NULL) {
        wefti_dump_text(dump, " \"");
        wefti_dump_text(dump, channel->rare->name);
        wefti_dump_text(dump, "\"");
    }
    wefti_spin_unlock(&shards[s].lock);
}

/* Takes a task out that waits for just one channel and is to be killed. It may have been won meanwhile, and then its
 * channel freed: so only while the channel is still here, and with the lock that keeps it here. */
static bool withdraw_killed(wefti_runner *runner) {
    weft_channel *channel = (weft_channel *)(uintptr_t)wefti_load_relaxed(&runner->object); /* relaxed: its worker's */
    unsigned s = shard_of(channel);
    wefti_spin_lock(&shards[s].lock);
    const weft_channel *found = shards[s].first;
    while (found != NULL && found != channel) found = found->next_channel;
    bool won = false;
    if (found != NULL) {
        wefti_way way = wefti_channel_enter(channel, wefti_strand_now);
        won = runner->waiter.listed;
        bool receives = won && strcmp(wefti_load_relaxed(&runner->what), "receive") == 0;
        if (won) wefti_waiter_unlist(receives ? &channel->receivers : &channel->senders, &runner->waiter);
        wefti_level_note(channel);
        wefti_way_leave(channel, way == WEFTI_BIASED ? wefti_strand_now->worker : NULL, way);
    }
    wefti_spin_unlock(&shards[s].lock);
    return won;
}

void wefti_channels_introduce(void) {
    wefti_dump_object_hook = name_in_dump;
    wefti_withdraw_hook = withdraw_killed;
}
