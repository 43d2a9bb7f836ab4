/* SPDX-License-Identifier: MIT */
/* states.c - states that an exhaustive search has gone on from before, so that it goes on from each only once.
 *
 * Idea: where somebody is to be chosen, all that the rest of an execution can depend on is in memory: what the test has
 * told of its own (explore_state), what it has allocated, the stacks, and what the explorer keeps of each thread. Two
 * executions that come to the same have the same ways on, and one that has no more preemptions left than the other had
 * need not be followed. A state is known by 64 bits of a hash.
 *
 * Left out is what the memory model adds, so no load sees an old store in such a test; and who has last accessed what,
 * so races are looked for in what is executed, not in all that it stands for. Stacks are cleared at the start of an
 * execution, or what earlier ones have left there would make states differ. Source: stateful search as in Spin, with
 * the bound on preemptions of CHESS.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { REGIONS = 8, FIRST_ROOM = 1 << 16 };

static struct {
    const char *memory;
    size_t size;
} regions[REGIONS];
static unsigned region_count;

typedef struct seen_state {
    uint64_t hash;   /* 0: free */
    uint64_t budget; /* preemptions left, + 1 */
} seen_state;
static seen_state *seen;
static size_t room, count;

void states_forget(void) {
    if (count != 0) memset(seen, 0, room * sizeof *seen);
    count = 0;
}

void states_begin(void) { region_count = 0; }

size_t states_count(void) { return count; }

void explore_state(const void *memory, size_t size) {
    if (region_count == REGIONS) explore_fail("more than %d regions of state", REGIONS);
    regions[region_count].memory = memory;
    regions[region_count++].size = size;
}

/* What calls that are over have left on the stack would else come to lie in the holes of those that follow. */
WEFTI_NOINLINE void states_clear_below(void) {
    enum { DEEPEST = 3072 };
    char area[DEEPEST];
    memset(area, 0, sizeof area);
    __asm__ volatile("" : : "r"(area) : "memory");
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* Whole words of eight bytes, two at a time; both ends are aligned, or hashed by bytes. */
static uint64_t mix_memory(uint64_t hash, const void *memory, size_t size) {
    const char *at = memory;
    uint64_t other = hash + size, value[2];
    for (; size >= sizeof value; size -= sizeof value, at += sizeof value) {
        memcpy(value, at, sizeof value);
        hash = (hash ^ value[0]) * UINT64_C(0x9E3779B97F4A7C15);
        other = (other ^ value[1]) * UINT64_C(0xC2B2AE3D27D4EB4F);
        hash ^= hash >> 31;
        other ^= other >> 29;
    }
    for (; size > 0; size--) hash = mix(hash, (unsigned char)*at++);
    return mix(hash, other);
}

static uint64_t mix_thread(uint64_t hash, const thread *t) {
    hash = mix(hash, (uint64_t)t->state | (uint64_t)t->timed_out << 8 | (uint64_t)t->paused_before << 9 |
                         (uint64_t)t->fresh << 10 | (uint64_t)t->freshest << 11 |
                         (uint64_t)(t->state == PAUSED && can_look_again(t)) << 12 | (uint64_t)t->look_count << 16 |
                         (uint64_t)t->watch_count << 24 | (uint64_t)(t->burst % 64) << 32);
    for (unsigned i = 0; i < t->look_count && t->look_count <= MOST_LOOKS; i++)
        hash = mix(hash, model_address(t->looks[i]));
    for (unsigned i = 0; i < t->watch_count && t->watch_count <= MOST_LOOKS; i++)
        hash = mix(hash, model_address(t->watch[i]));
    if (t->state == ASLEEP) hash = mix(mix(hash, (uintptr_t)t->word), (uint64_t)t->deadline);
    hash = mix(hash, t->held);
    return t != explore_engine.self ? mix_memory(hash, t->locals, sizeof t->locals) : hash;
}

/* Of who asks, all above this frame, into which the caller has put its registers. */
static WEFTI_NOINLINE uint64_t hash_all(void) {
    const engine *e = &explore_engine;
    uint64_t hash = mix(1, (uint64_t)e->clock);
    hash = mix(hash, (uint64_t)e->self->id | (uint64_t)e->threads << 8 | (uint64_t)e->spurious << 16);
    for (unsigned i = 0; i < e->threads; i++) {
        const thread *t = &e->all[i];
        const char *low = t == e->self ? __builtin_frame_address(0) : t->stack_pointer;
        hash = mix_thread(hash, t);
        if (t->state != DONE) hash = mix_memory(hash, low, (size_t)(switch_stack_top(t) - low));
    }
    for (unsigned i = 0; i < region_count; i++) hash = mix_memory(hash, regions[i].memory, regions[i].size);
    return plain_hash(hash, mix_memory);
}

static void grow(void) {
    seen_state *old = seen;
    size_t old_room = room;
    room = old_room == 0 ? FIRST_ROOM : old_room * 2;
    seen = calloc(room, sizeof *seen);
    if (seen == NULL) abort();
    for (size_t i = 0; i < old_room; i++) {
        size_t at = old[i].hash % room;
        if (old[i].hash == 0) continue;
        while (seen[at].hash != 0) at = (at + 1) % room;
        seen[at] = old[i];
    }
    free(old);
}

/* Whether the search has gone on from here with as many preemptions left; else notes that it does now. */
bool states_known(void) {
    __builtin_unwind_init(); /* all registers that callers have something in are on the stack now */
    uint64_t hash = hash_all(), budget = (uint64_t)explore_engine.budget + 1;
    if (hash == 0) hash = 1;
    if (count * 2 >= room) grow();
    size_t at = hash % room;
    while (seen[at].hash != 0 && seen[at].hash != hash) at = (at + 1) % room;
    if (seen[at].hash == hash && seen[at].budget >= budget) return true;
    count += seen[at].hash == 0;
    seen[at] = (seen_state){hash, budget};
    return false;
}
