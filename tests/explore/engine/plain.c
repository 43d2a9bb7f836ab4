/* SPDX-License-Identifier: MIT */
/* plain.c - plain memory under the explorer: races, freed memory, and the allocator of one execution.
 *
 * Code under test is compiled with the compiler's thread instrumentation, which calls a function at each plain access
 * that others could see; the explorer brings those functions, so no access has to be announced. For every four bytes it
 * keeps the last write and the reads since, by thread and clock: an access races with another thread's write (a write
 * also with a read) that its view does not cover. Where somebody touches a part of four bytes, each byte has a cell of
 * its own.
 *
 * Memory comes from an arena and is not used again within an execution, so what was freed stays recognisable.
 * Source: the epochs of FastTrack (Flanagan and Freund, PLDI 2009).
 */
#include <stdio.h>
#include <string.h>

#include "engine.h"

enum { CELLS = 1 << 15, CELL_BYTES = 4, READERS_MOST = 4096, ARENA = 4 << 20, GRAIN = 16, GAP = 32 };
enum { NOT_OURS, LIVE, FREED };
enum { NOBODY = 0xFF, MANY = 0xFE };
static const uintptr_t byte_key = (uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1);

typedef struct cell {
    uintptr_t key; /* address / CELL_BYTES, or byte_key + address */
    uint32_t generation;
    uint8_t writer, reader; /* the last writer; who has read since, NOBODY or MANY */
    bool split;             /* there are cells for the single bytes */
    uint32_t written, read; /* their clocks; `read` of MANY is an index of readers */
} cell;

static cell cells[CELLS];
static unsigned cell_count;
static uint32_t readers[READERS_MOST][MOST_THREADS];
static unsigned readers_used;

static char arena[ARENA] __attribute__((aligned(4096)));
static uint8_t grains[ARENA / GRAIN];
static size_t arena_used, live_blocks;

typedef struct block {
    size_t size;
    uint64_t magic;
} block;
static const uint64_t block_magic = UINT64_C(0x77656674626c6f63);

/* ---- is it alive? ---- */

void plain_check_alive(const void *memory, size_t size, const wefti_place *place, const void *code) {
    uintptr_t offset = (uintptr_t)memory - (uintptr_t)arena;
    if (offset >= ARENA) {
        if ((uintptr_t)memory < 4096)
            explore_fail("crash: access to address %p at %s", memory, place != NULL ? place_text(place) : "?");
        return;
    }
    for (uintptr_t grain = offset / GRAIN; grain <= (offset + size - 1) / GRAIN; grain++) {
        if (WEFTI_LIKELY(grains[grain] == LIVE)) continue;
        if (explore_engine.tracing)
            trace((entry){.thread = explore_engine.self->id,
                          .kind = WEFTI_OP_READ,
                          .place = place,
                          .code = code,
                          .word = memory,
                          .size = size,
                          .note = "bad"});
        explore_fail("%s: T%u accesses %s", grains[grain] == FREED ? "use after free" : "access outside of a block",
                     explore_engine.self->id, word_name(memory));
    }
}

/* ---- races ---- */

static cell *find_cell(uintptr_t key, bool make) {
    uint32_t generation = explore_engine.generation;
    size_t at = (key + (key >> 15) * 77) % CELLS;
    for (; cells[at].generation == generation; at = (at + 1) % CELLS)
        if (cells[at].key == key) return &cells[at];
    if (!make) return NULL;
    if (++cell_count > CELLS / 2) explore_fail("more plain memory than the explorer can watch");
    cells[at] = (cell){.key = key, .generation = generation, .writer = NOBODY, .reader = NOBODY};
    return &cells[at];
}

static WEFTI_NORETURN void fail_race(const cell *c, bool write, unsigned other, bool other_writes) {
    uintptr_t address = (c->key & byte_key) != 0 ? c->key & ~byte_key : c->key * CELL_BYTES;
    explore_fail("race: T%u %s %s, not ordered with a %s by T%u", explore_engine.self->id, write ? "writes" : "reads",
                 word_name((const void *)address), other_writes ? "write" : "read", other);
}

static void check_cell(const cell *c, bool write) {
    const thread *self = explore_engine.self;
    const uint32_t *known = self->now.clock;
    if (c->writer != NOBODY && WEFTI_UNLIKELY(c->written > known[c->writer])) fail_race(c, write, c->writer, true);
    if (!write || c->reader == NOBODY) return;
    if (c->reader != MANY) {
        if (WEFTI_UNLIKELY(c->read > known[c->reader])) fail_race(c, write, c->reader, false);
        return;
    }
    for (unsigned t = 0; t < explore_engine.threads; t++)
        if (readers[c->read][t] > known[t]) fail_race(c, write, t, false);
}

static void record_read(cell *c) {
    const thread *self = explore_engine.self;
    uint32_t clock = self->now.clock[self->id];
    if (c->reader == MANY) {
        readers[c->read][self->id] = clock;
    } else if (c->reader == NOBODY || c->reader == self->id || c->read <= self->now.clock[c->reader]) {
        c->reader = (uint8_t)self->id;
        c->read = clock;
    } else {
        if (readers_used == READERS_MOST) explore_fail("more plain memory than the explorer can watch");
        uint32_t *all = readers[readers_used];
        memset(all, 0, sizeof readers[0]);
        all[c->reader] = c->read;
        all[self->id] = clock;
        c->reader = MANY;
        c->read = readers_used++;
    }
}

static void record_cell(cell *c, bool write) {
    const thread *self = explore_engine.self;
    if (!write) {
        record_read(c);
        return;
    }
    c->writer = (uint8_t)self->id;
    c->written = self->now.clock[self->id];
    c->reader = NOBODY;
}

static void access_whole(uintptr_t key, bool write) {
    cell *c = find_cell(key, true);
    check_cell(c, write);
    record_cell(c, write);
    if (WEFTI_LIKELY(!c->split)) return;
    for (uintptr_t i = 0; i < CELL_BYTES; i++) {
        const cell *part = find_cell(byte_key + key * CELL_BYTES + i, false);
        if (part != NULL) check_cell(part, write);
    }
}

static void access_part(uintptr_t address, bool write) {
    cell *whole = find_cell(address / CELL_BYTES, true);
    check_cell(whole, write);
    whole->split = true;
    cell *c = find_cell(byte_key + address, true);
    check_cell(c, write);
    record_cell(c, write);
}

void plain_access(const void *memory, size_t size, bool write, const wefti_place *place, const void *code) {
    engine *e = &explore_engine;
    if (WEFTI_UNLIKELY(!e->running || size == 0)) return;
    plain_check_alive(memory, size, place, code);
    if (e->alone || is_local(memory)) return;
    if (WEFTI_UNLIKELY(e->tracing))
        trace((entry){.thread = e->self->id,
                      .kind = write ? WEFTI_OP_WRITE : WEFTI_OP_READ,
                      .place = place,
                      .code = code,
                      .word = memory,
                      .size = size});
    uintptr_t at = (uintptr_t)memory, high = at + size;
    while (at < high) {
        if (at % CELL_BYTES == 0 && high - at >= CELL_BYTES) {
            access_whole(at / CELL_BYTES, write);
            at += CELL_BYTES;
        } else {
            access_part(at++, write);
        }
    }
}

void wefti_explore_plain(const void *memory, size_t size, wefti_place *place) {
    if (!explore_engine.alone) place->met++;
    plain_access(memory, size, place->op == WEFTI_OP_WRITE, place, NULL);
}

/* ---- allocation ---- */

uint64_t plain_hash(uint64_t hash, uint64_t (*mix)(uint64_t hash, const void *memory, size_t size)) {
    hash = mix(hash, arena, arena_used);
    return mix(hash, grains, arena_used / GRAIN + 1);
}

void plain_begin(void) {
    memset(grains, NOT_OURS, arena_used / GRAIN + 1);
    arena_used = 0;
    live_blocks = 0;
    cell_count = readers_used = 0;
}

static void *take_block(size_t size, size_t alignment, int fill) {
    size_t at = (arena_used + sizeof(block) + GAP + alignment - 1) & ~(alignment - 1);
    size_t end = (at + (size == 0 ? 1 : size) + GRAIN - 1) & ~(size_t)(GRAIN - 1);
    if (end + GAP > ARENA) explore_fail("an execution allocates more than %d bytes", ARENA);
    block *header = (block *)(void *)(arena + at - sizeof(block));
    header->size = end - at;
    header->magic = block_magic;
    memset(grains + at / GRAIN, LIVE, (end - at) / GRAIN);
    memset(arena + at, fill, end - at);
    arena_used = end;
    live_blocks++;
    return arena + at;
}

void *explore_alloc(size_t size) {
    void *memory = take_block(size, GRAIN, 0);
    note("allocates", memory, size);
    return memory;
}

void *explore_malloc(size_t size) {
    void *memory = take_block(size, GRAIN, 0xA5);
    note("allocates", memory, size);
    return memory;
}

void *explore_calloc(size_t count, size_t size) { return explore_alloc(count * size); }

int explore_posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = take_block(size, alignment < GRAIN ? GRAIN : alignment, 0xA5);
    note("allocates", *memory, size);
    return 0;
}

void *explore_aligned_alloc(size_t alignment, size_t size) {
    void *memory = NULL;
    explore_posix_memalign(&memory, alignment, size);
    return memory;
}

void explore_free(void *memory) {
    if (memory == NULL) return;
    uintptr_t offset = (uintptr_t)memory - (uintptr_t)arena;
    block *header = (block *)memory - 1;
    if (offset >= ARENA || header->magic != block_magic) explore_fail("free of %p, which was not allocated", memory);
    if (grains[offset / GRAIN] != LIVE) explore_fail("free of %s, which is free", word_name(memory));
    note("frees", memory, header->size);
    plain_access(memory, header->size, true, NULL, __builtin_return_address(0));
    model_free_range((uintptr_t)memory, (uintptr_t)memory + header->size);
    memset(grains + offset / GRAIN, FREED, header->size / GRAIN);
    live_blocks--;
}

void *explore_realloc(void *memory, size_t size) {
    void *larger = explore_malloc(size);
    if (memory == NULL) return larger;
    explore_memcpy(larger, memory, WEFTI_MIN(((block *)memory - 1)->size, size));
    explore_free(memory);
    return larger;
}

size_t explore_live_blocks(void) { return live_blocks; }

/* ---- what the build renames, and what the compiler calls ---- */

void *explore_memcpy(void *to, const void *from, size_t size) {
    plain_access(from, size, false, NULL, __builtin_return_address(0));
    plain_access(to, size, true, NULL, __builtin_return_address(0));
    return memcpy(to, from, size);
}

void *explore_memmove(void *to, const void *from, size_t size) {
    plain_access(from, size, false, NULL, __builtin_return_address(0));
    plain_access(to, size, true, NULL, __builtin_return_address(0));
    return memmove(to, from, size);
}

void *explore_memset(void *memory, int value, size_t size) {
    plain_access(memory, size, true, NULL, __builtin_return_address(0));
    return memset(memory, value, size);
}

#define HOOK(name, size, write)                                                                                        \
    void name(const void *memory);                                                                                     \
    void name(const void *memory) { plain_access(memory, size, write, NULL, __builtin_return_address(0)); }
#define HOOKS(size)                                                                                                    \
    HOOK(__tsan_read##size, size, false)                                                                               \
    HOOK(__tsan_write##size, size, true)                                                                               \
    HOOK(__tsan_unaligned_read##size, size, false)                                                                     \
    HOOK(__tsan_unaligned_write##size, size, true)                                                                     \
    HOOK(__tsan_volatile_read##size, size, false)                                                                      \
    HOOK(__tsan_volatile_write##size, size, true)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

#define RANGE_HOOK(name, write)                                                                                        \
    void name(const void *memory, size_t size);                                                                        \
    void name(const void *memory, size_t size) { plain_access(memory, size, write, NULL, __builtin_return_address(0)); }
RANGE_HOOK(__tsan_read_range, false)
RANGE_HOOK(__tsan_write_range, true)

void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size) { return explore_memcpy(to, from, size); }
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size) { return explore_memmove(to, from, size); }
void *__tsan_memset(void *memory, int value, size_t size);
void *__tsan_memset(void *memory, int value, size_t size) { return explore_memset(memory, value, size); }

void __tsan_init(void);
void __tsan_init(void) {}
void __tsan_func_entry(void *from);
void __tsan_func_entry(void *from) { (void)from; }
void __tsan_func_exit(void);
void __tsan_func_exit(void) {}
