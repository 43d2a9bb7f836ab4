/* SPDX-License-Identifier: MIT */
/* model.c - atomic words as C11 has them: what a load may see, and what it brings along.
 *
 * Idea: a word is the list of its stores in modification order, the last HISTORY of them. Each thread has a view: for
 * each word, the store it may not go behind. A load may see any store from there on. A release store carries its
 * thread's view; an acquire load that sees it joins it. Operations of order seq, and seq fences, go through one global
 * view besides. Views hold vector clocks as well, by which plain.c finds races.
 *
 * Terms: a stamp is a store's number in its word's order; 0 is what the memory held when the execution first came to
 * it.
 *
 * What is not modelled: a load never sees a store that is executed later (no load buffering), and the stores of a word
 * are ordered as they are executed (so not the weak outcome of two threads that write two words crosswise).
 *
 * Source: the promising semantics of Kang, Hur, Lahav, Vafeiadis and Dreyer (POPL 2017) without promises; release
 * sequences as in C++20 (only read-modify-writes continue one).
 */
#include <string.h>

#include "engine.h"

enum { TABLE = 1024, REACH_STEP = 16, STALE_IN_A_ROW = 2 };

typedef struct message {
    uint64_t value;
    bool carries; /* has a view */
    view view;
} message;

typedef struct word {
    uintptr_t address;
    size_t size;
    int index;
    int newest, oldest;            /* stamps */
    uint32_t access[MOST_THREADS]; /* the clock of each thread's last access */
    uint8_t again[MOST_THREADS];   /* how many loads in a row have seen an old store */
    message ring[HISTORY];
} word;

static word words[MOST_WORDS];
static int word_count;
static struct {
    uintptr_t address;
    uint32_t generation;
    int index;
} table[TABLE];
static view global; /* of seq operations; its clocks are not used */

/* ---- views ---- */

static void join_seen(view *into, const view *from) {
    int common = WEFTI_MIN(into->reach, from->reach);
    for (int i = 0; i < common; i++) into->seen[i] = WEFTI_MAX(into->seen[i], from->seen[i]);
    if (from->reach <= common) return;
    memcpy(into->seen + common, from->seen + common, (size_t)(from->reach - common) * sizeof into->seen[0]);
    into->reach = from->reach;
}

static void join(view *into, const view *from) {
    for (unsigned i = 0; i < explore_engine.threads; i++) into->clock[i] = WEFTI_MAX(into->clock[i], from->clock[i]);
    join_seen(into, from);
}

static void copy(view *to, const view *from) {
    memcpy(to->clock, from->clock, sizeof to->clock);
    memcpy(to->seen, from->seen, (size_t)from->reach * sizeof to->seen[0]);
    to->reach = from->reach;
}

static int seen_of(const view *of, int index) { return index < of->reach ? of->seen[index] : 0; }

static void see(view *of, int index, int stamp) {
    if (index >= of->reach) {
        int reach = (index + REACH_STEP) & ~(REACH_STEP - 1);
        memset(of->seen + of->reach, 0, (size_t)(reach - of->reach) * sizeof of->seen[0]);
        of->reach = reach;
    }
    if (of->seen[index] < stamp) of->seen[index] = (int16_t)stamp;
}

static void clear(view *of) {
    memset(of->clock, 0, sizeof of->clock);
    of->reach = 0;
}

/* ---- words ---- */

static uint64_t mask_of(size_t size) { return size >= 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1; }

static uint64_t read_memory(const void *memory, size_t size) {
    switch (size) {
    case 1: return *(const uint8_t *)memory;
    case 2: return *(const uint16_t *)memory;
    case 4: return *(const uint32_t *)memory;
    default: return *(const uint64_t *)memory;
    }
}

static void write_memory(void *memory, size_t size, uint64_t value) {
    switch (size) {
    case 1: *(uint8_t *)memory = (uint8_t)value; break;
    case 2: *(uint16_t *)memory = (uint16_t)value; break;
    case 4: *(uint32_t *)memory = (uint32_t)value; break;
    default: *(uint64_t *)memory = value; break;
    }
}

static message *message_of(word *w, int stamp) { return &w->ring[stamp % HISTORY]; }

/* All that was stored before is forgotten: the word is now what its memory holds. */
static void begin_history(word *w, size_t size) {
    w->size = size;
    w->oldest = w->newest;
    message *first = message_of(w, w->newest);
    first->value = read_memory((const void *)w->address, size);
    first->carries = false;
}

static word *add_word(uintptr_t address, size_t size) {
    if (word_count == MOST_WORDS) explore_fail("more than %d atomic words", MOST_WORDS);
    word *w = &words[word_count];
    w->address = address;
    w->index = word_count++;
    w->newest = 0;
    memset(w->access, 0, sizeof w->access);
    memset(w->again, 0, sizeof w->again);
    begin_history(w, size);
    return w;
}

static word *find(const void *memory, size_t size) {
    uintptr_t address = (uintptr_t)memory;
    uint32_t generation = explore_engine.generation;
    size_t at = (size_t)((uint64_t)(address >> 2) * UINT64_C(0x9E3779B97F4A7C15) >> 32) % TABLE;
    for (; table[at].generation == generation; at = (at + 1) % TABLE) {
        if (table[at].address != address) continue;
        word *w = &words[table[at].index];
        /* Memory that was written plainly, or is another object's now (a stack frame that went and came). */
        if (w->size != size || message_of(w, w->newest)->value != read_memory(memory, size)) begin_history(w, size);
        return w;
    }
    table[at].generation = generation;
    table[at].address = address;
    word *w = add_word(address, size);
    table[at].index = w->index;
    return w;
}

static word *touch(const void *memory, size_t size, const wefti_place *place) {
    plain_check_alive(memory, size, place, NULL);
    thread *self = explore_engine.self;
    word *w = find(memory, size);
    w->access[self->id] = self->now.clock[self->id];
    if (self->look_count < MOST_LOOKS) self->looks[self->look_count] = w->index;
    if (self->look_count <= MOST_LOOKS) self->look_count++;
    return w;
}

/* ---- the parts of an operation ---- */

static bool acquires(unsigned order) { return order == WEFTI_ACQUIRE || order >= WEFTI_ACQ_REL; }

static bool releases(unsigned order) { return order >= WEFTI_RELEASE; }

/* Self sees the store with this stamp. */
static void take(word *w, int stamp, unsigned order) {
    thread *self = explore_engine.self;
    const message *m = message_of(w, stamp);
    see(&self->now, w->index, stamp);
    w->again[self->id] = stamp == w->newest ? 0 : (uint8_t)(w->again[self->id] + 1);
    if (!m->carries) return;
    if (acquires(order)) {
        join(&self->now, &m->view);
    } else if (self->has_pending) {
        join(&self->pending, &m->view);
    } else {
        copy(&self->pending, &m->view);
        self->has_pending = true;
    }
}

/* Self stores. `from`: the store that a read-modify-write has read, or NULL. */
static void put(word *w, uint64_t value, unsigned order, const message *from) {
    thread *self = explore_engine.self;
    int stamp = ++w->newest;
    if (w->oldest <= stamp - HISTORY) w->oldest = stamp - HISTORY + 1;
    message *m = message_of(w, stamp);
    m->value = value;
    see(&self->now, w->index, stamp);
    m->carries = true;
    if (releases(order)) {
        copy(&m->view, &self->now);
    } else if (self->has_released) {
        copy(&m->view, &self->released);
        see(&m->view, w->index, stamp);
    } else {
        m->carries = false;
    }
    if (from != NULL && from->carries) {
        if (m->carries)
            join(&m->view, &from->view);
        else
            copy(&m->view, &from->view);
        m->carries = true;
        see(&m->view, w->index, stamp);
    }
    if (order == WEFTI_SEQ) see(&global, w->index, stamp);
    self->now.clock[self->id]++;
    write_memory((void *)w->address, w->size, value);
    explore_engine.writes++;
    explore_engine.idle_rounds = 0;
}

/* How many stores back from the newest self may look: 0, only the newest. */
static unsigned stores_back(const word *w) {
    const thread *self = explore_engine.self;
    int low = WEFTI_MAX(seen_of(&self->now, w->index), w->oldest);
    if (w->again[self->id] >= STALE_IN_A_ROW) return 0; /* stores become visible in the end */
    return (unsigned)(w->newest - low);
}

/* Chooses how far back a load looks. */
static unsigned choose_age(const word *w) {
    engine *e = &explore_engine;
    unsigned back = stores_back(w);
    if (WEFTI_LIKELY(back == 0)) return 0;
    if (!e->exhaustive) {
        if ((next_random() & 255) >= e->stale_chance) return 0;
        return 1 + choose(back);
    }
    if (e->old_loads == 0) return 0;
    unsigned age = choose(back + 1);
    if (age > 0) e->old_loads--;
    return age;
}

static void trace_operation(const void *memory, size_t size, wefti_place *place, unsigned order, uint64_t value,
                            uint64_t other, unsigned age) {
    place->met++;
    if (WEFTI_LIKELY(!explore_engine.tracing)) return;
    trace((entry){.thread = explore_engine.self->id,
                  .kind = place->op,
                  .place = place,
                  .word = memory,
                  .size = size,
                  .value = value,
                  .other = other,
                  .age = (int)age,
                  .order = order});
}

/* ---- the operations ----
 * As long as the body is alone they work on memory directly: it is what everybody starts from, and ends with. */

static uint64_t update_of(uint64_t old, uint64_t value, unsigned op) {
    if (op == WEFTI_OP_ADD) return old + value;
    if (op == WEFTI_OP_OR) return old | value;
    if (op == WEFTI_OP_AND) return old & value;
    return value;
}

static bool is_alone(const void *memory, size_t size, const wefti_place *place) {
    if (WEFTI_LIKELY(!explore_engine.alone)) return false;
    plain_check_alive(memory, size, place, NULL);
    if (++explore_engine.steps > explore_engine.most_steps) explore_fail("endless: the body alone does not end");
    return true;
}

uint64_t wefti_explore_load(const void *memory, size_t size, wefti_place *place) {
    if (is_alone(memory, size, place)) return read_memory(memory, size);
    point_at(memory, false, place);
    unsigned order = place_order(place);
    word *w = touch(memory, size, place);
    if (order == WEFTI_SEQ) see(&explore_engine.self->now, w->index, seen_of(&global, w->index));
    unsigned age = choose_age(w);
    uint64_t value = message_of(w, w->newest - (int)age)->value;
    take(w, w->newest - (int)age, order);
    trace_operation(memory, size, place, order, value, 0, age);
    return value;
}

void wefti_explore_store(void *memory, size_t size, uint64_t value, wefti_place *place) {
    value &= mask_of(size);
    if (is_alone(memory, size, place)) {
        write_memory(memory, size, value);
        return;
    }
    point_at(memory, true, place);
    if (explore_engine.watching) quiet_store(memory, value);
    unsigned order = place_order(place);
    put(touch(memory, size, place), value, order, NULL);
    trace_operation(memory, size, place, order, value, 0, 0);
}

uint64_t wefti_explore_update(void *memory, size_t size, uint64_t value, wefti_place *place) {
    if (is_alone(memory, size, place)) {
        uint64_t before = read_memory(memory, size);
        write_memory(memory, size, update_of(before, value, place->op));
        return before;
    }
    point_at(memory, true, place);
    unsigned order = place_order(place);
    word *w = touch(memory, size, place);
    const message *from = message_of(w, w->newest);
    uint64_t old = from->value, result = update_of(old, value, place->op) & mask_of(size);
    take(w, w->newest, order);
    put(w, result, order, from);
    if (explore_engine.watching) quiet_update(memory, place->op, value & mask_of(size), old);
    trace_operation(memory, size, place, order, result, old, 0);
    return old;
}

static bool cas_alone(void *memory, size_t size, uint64_t *expected, uint64_t desired) {
    uint64_t found = read_memory(memory, size);
    bool done = found == (*expected & mask_of(size));
    if (done) write_memory(memory, size, desired);
    *expected = found;
    return done;
}

bool wefti_explore_cas(void *memory, size_t size, uint64_t *expected, uint64_t desired, wefti_place *place) {
    if (is_alone(memory, size, place)) return cas_alone(memory, size, expected, desired);
    point_at(memory, true, place);
    unsigned order = place_order(place);
    word *w = touch(memory, size, place);
    if (order == WEFTI_SEQ) see(&explore_engine.self->now, w->index, seen_of(&global, w->index));
    uint64_t wanted = *expected & mask_of(size);
    unsigned age = choose_age(w);
    /* A cas that fails is a load, so it may fail because of an old store; a strong one does not fail on what it wants.
     */
    if (age > 0 && message_of(w, w->newest - (int)age)->value == wanted) age = 0;
    const message *from = message_of(w, w->newest - (int)age);
    uint64_t found = from->value;
    bool done = age == 0 && found == wanted;
    take(w, w->newest - (int)age, done || order != WEFTI_RELEASE ? order : WEFTI_RELAXED);
    if (done) put(w, desired & mask_of(size), order, from);
    if (done && explore_engine.watching) quiet_update(memory, WEFTI_OP_CAS, desired, found);
    *expected = found;
    trace_operation(memory, size, place, order, done ? desired & mask_of(size) : wanted, found, age);
    if (WEFTI_UNLIKELY(explore_engine.tracing) && !done) note("the cas fails", memory, found);
    return done;
}

/* ---- fences ---- */

static void acquire_fence(thread *t) {
    if (t->has_pending) join(&t->now, &t->pending);
    t->has_pending = false;
}

static void release_fence(thread *t) {
    copy(&t->released, &t->now);
    t->has_released = true;
    t->now.clock[t->id]++;
}

static void full_fence(thread *t) {
    acquire_fence(t);
    join_seen(&t->now, &global);
    join_seen(&global, &t->now);
    release_fence(t);
}

void wefti_explore_fence(wefti_place *place) {
    if (explore_engine.alone) return;
    point(place);
    unsigned order = place_order(place);
    thread *self = explore_engine.self;
    if (order == WEFTI_SEQ) {
        full_fence(self);
    } else {
        if (acquires(order)) acquire_fence(self);
        if (releases(order)) release_fence(self);
    }
    trace_operation(NULL, 0, place, order, 0, 0, 0);
}

/* As membarrier does it: each thread executes a full fence at some moment between the beginning and the end. One that
 * has ended counts as well: what it stored is out by then. */
static void heavy_barrier(wefti_place *place) {
    engine *e = &explore_engine;
    full_fence(e->self);
    for (unsigned i = 0; i < e->threads; i++) {
        thread *t = &e->all[i];
        if (t == e->self) continue;
        point(place);
        full_fence(t);
    }
    point(place);
    full_fence(e->self);
}

void wefti_explore_barrier(wefti_place *place) {
    engine *e = &explore_engine;
    if (e->alone) return;
    e->barrier_met = true;
    point(place);
    trace_operation(NULL, 0, place, place_order(place), 0, 0, 0);
    if (place->weak != 0) return;
    if (!e->asymmetric)
        full_fence(e->self);
    else if (place->op == WEFTI_OP_HEAVY)
        heavy_barrier(place);
}

/* ---- for the other files ---- */

uint64_t model_newest(const void *memory, size_t size) {
    word *w = touch(memory, size, explore_engine.self->place);
    see(&explore_engine.self->now, w->index, w->newest);
    return message_of(w, w->newest)->value;
}

bool model_has_changed(const thread *spinning) {
    for (unsigned i = 0; i < spinning->watch_count; i++) {
        const word *w = &words[spinning->watch[i]];
        if (seen_of(&spinning->now, w->index) != w->newest) return true;
    }
    return false;
}

uintptr_t model_address(int index) { return words[index].address; }

void model_begin(void) {
    word_count = 0;
    clear(&global);
}

void model_start_thread(thread *child, const thread *parent) {
    child->has_pending = child->has_released = false;
    if (parent != NULL)
        copy(&child->now, &parent->now);
    else
        clear(&child->now);
    child->now.clock[child->id] = 1;
    if (parent != NULL) explore_engine.self->now.clock[parent->id]++;
}

void model_join_thread(thread *self, const thread *other) { join(&self->now, &other->now); }

void model_free_range(uintptr_t low, uintptr_t high) {
    const thread *self = explore_engine.self;
    for (int i = 0; i < word_count; i++) {
        const word *w = &words[i];
        if (w->address < low || w->address >= high) continue;
        for (unsigned t = 0; t < explore_engine.threads; t++)
            if (w->access[t] > self->now.clock[t])
                explore_fail("race: T%u frees %s, and T%u's last access to it did not happen before", self->id,
                             word_name((const void *)w->address), t);
    }
}
