/* SPDX-License-Identifier: MIT */
/* buffer_model.c - each kind of buffer against a plain array, with random operations; and the memory beneath them.
 *
 * An element is a key, a serial number and a pattern that follows from it, so that a copy that goes wrong shows. What
 * became of each serial number is written down: every element comes out or is destroyed, once. */
#include "buffer/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "harness/harness.h"

enum { MOST = 2000, KEYS = 7, LARGEST = 3000, STEPS = 6000 };

typedef enum order { FIRST_IN, LAST_IN, LEAST, ANY } order;
typedef enum policy { REFUSE, OLDEST, NEWEST, LAST } policy; /* what is lost beyond the capacity */
typedef enum fate { UNKNOWN, HELD, TAKEN, DESTROYED } fate;

typedef struct head {
    uint32_t key, serial;
} head;

typedef struct sort {
    const char *name;
    weft_buffer *(*make)(size_t element_size, size_t capacity);
    order order;
    policy policy;
    bool needs_capacity;
} sort;

typedef struct model {
    const sort *kind;
    weft_buffer *buffer;
    size_t element_size, capacity, count;
    head held[MOST];
    unsigned char element[LARGEST];
} model;

static fate fates[STEPS + 1];
static uint32_t serials;
static uint64_t random_state;

static uint32_t any(uint32_t below) { return (uint32_t)(harness_random(&random_state) % below); }

static int by_key(const void *a, const void *b) {
    const head *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static weft_buffer *make_unbounded(size_t element_size, size_t capacity) {
    (void)capacity;
    return weft_make_unbounded_buffer(element_size);
}

static weft_buffer *make_priority(size_t element_size, size_t capacity) {
    return weft_make_priority_buffer(element_size, capacity, by_key);
}

static const sort kinds[] = {
    {"fifo", weft_make_fifo_buffer, FIRST_IN, REFUSE, true},
    {"unbounded", make_unbounded, FIRST_IN, REFUSE, false},
    {"drop oldest", weft_make_drop_oldest_buffer, FIRST_IN, OLDEST, true},
    {"drop newest", weft_make_drop_newest_buffer, FIRST_IN, NEWEST, true},
    {"overwrite last", weft_make_overwrite_last_buffer, FIRST_IN, LAST, true},
    {"random", weft_make_random_buffer, ANY, REFUSE, false},
    {"lifo", weft_make_lifo_buffer, LAST_IN, REFUSE, false},
    {"priority", make_priority, LEAST, REFUSE, false},
};
enum { ALL_KINDS = sizeof kinds / sizeof *kinds };

/* ---- elements ---- */

static unsigned char pattern(uint32_t serial, size_t at) { return (unsigned char)(serial * 31 + at * 7); }

static void write_element(model *m, head h) {
    memcpy(m->element, &h, sizeof h);
    for (size_t i = sizeof h; i < m->element_size; i++) m->element[i] = pattern(h.serial, i);
}

static head read_element(const model *m, const void *element) {
    head h;
    size_t bad = 0;
    memcpy(&h, element, sizeof h);
    for (size_t i = sizeof h; i < m->element_size; i++)
        bad += ((const unsigned char *)element)[i] != pattern(h.serial, i);
    CHECK_EQ(bad, 0);
    return h;
}

static void end_of(uint32_t serial, fate how) {
    if (!CHECK_LE(serial, serials)) return;
    CHECK_EQ(fates[serial], HELD);
    fates[serial] = how;
}

static void destroy(void *element) { end_of(((const head *)element)->serial, DESTROYED); }

/* ---- the model ---- */

static void forget(model *m, size_t place) {
    memmove(&m->held[place], &m->held[place + 1], (m->count - place - 1) * sizeof *m->held);
    m->count--;
}

static size_t next_of(const model *m) {
    size_t best = m->kind->order == LAST_IN ? m->count - 1 : 0;
    for (size_t i = 0; m->kind->order == LEAST && i < m->count; i++)
        if (m->held[i].key < m->held[best].key) best = i;
    return best;
}

static size_t place_of(const model *m, uint32_t serial) {
    size_t place = 0;
    while (place < m->count && m->held[place].serial != serial) place++;
    return place;
}

static bool is_at_limit(const model *m) { return m->capacity != 0 && m->count == m->capacity; }

/* Which serial number is lost if one more is put; 0: none. */
static uint32_t lost_by(const model *m, uint32_t serial) {
    if (!is_at_limit(m) || m->kind->policy == REFUSE) return 0;
    if (m->kind->policy == NEWEST) return serial;
    return m->held[m->kind->policy == OLDEST ? 0 : m->count - 1].serial;
}

static void put(model *m) {
    head h = {any(KEYS), ++serials};
    bool refused = is_at_limit(m) && m->kind->policy == REFUSE;
    uint32_t lost = lost_by(m, h.serial);
    write_element(m, h);
    fates[h.serial] = refused ? UNKNOWN : HELD;
    CHECK_STATUS(weft_enqueue_sized(m->buffer, m->element, m->element_size), refused ? WEFT_TIMED_OUT : WEFT_OK);
    if (refused) return;
    if (lost != 0) CHECK_EQ(fates[lost], DESTROYED);
    if (lost != 0 && lost != h.serial) forget(m, place_of(m, lost));
    if (lost != h.serial) m->held[m->count++] = h;
}

static void take(model *m) {
    memset(m->element, 0xee, m->element_size);
    weft_status status = weft_dequeue_sized(m->buffer, m->element, m->element_size);
    if (m->count == 0) {
        CHECK_STATUS(status, WEFT_TIMED_OUT);
        return;
    }
    if (!CHECK_OK(status)) return;
    head h = read_element(m, m->element);
    size_t place = m->kind->order == ANY ? place_of(m, h.serial) : next_of(m);
    if (!CHECK_LT(place, m->count)) return;
    CHECK_EQ(h.serial, m->held[place].serial);
    CHECK_EQ(h.key, m->held[place].key);
    end_of(h.serial, TAKEN);
    forget(m, place);
}

/* Which one a random buffer dropped is seen by its fate only. */
static void drop(model *m) {
    size_t place = m->count > 0 ? next_of(m) : 0;
    CHECK_STATUS(weft_dequeue_sized(m->buffer, NULL, 0), m->count > 0 ? WEFT_OK : WEFT_TIMED_OUT);
    if (m->count == 0) return;
    if (m->kind->order == ANY)
        for (place = 0; place < m->count - 1 && fates[m->held[place].serial] == HELD;) place++;
    CHECK_EQ(fates[m->held[place].serial], DESTROYED);
    forget(m, place);
}

static bool has_key(const void *element, void *key) { return ((const head *)element)->key == *(uint32_t *)key; }

static void remove_some(model *m) {
    uint32_t key = any(KEYS);
    size_t removed = 0, expected = 0;
    CHECK_OK(weft_buffer_remove_if(m->buffer, has_key, &key, &removed));
    for (size_t i = m->count; i-- > 0;) {
        if (m->held[i].key != key) continue;
        CHECK_EQ(fates[m->held[i].serial], DESTROYED);
        forget(m, i);
        expected++;
    }
    CHECK_EQ(removed, expected);
}

static void compare(const model *m) {
    CHECK_EQ(weft_buffer_size(m->buffer), m->count);
    CHECK_EQ(weft_buffer_empty(m->buffer), m->count == 0);
    CHECK_EQ(weft_buffer_full(m->buffer), m->kind->policy == REFUSE && is_at_limit(m));
    CHECK_EQ(weft_buffer_capacity(m->buffer), m->capacity);
    if (m->count == 0) return;
    const void *front = wefti_buffer_front(m->buffer);
    if (m->kind->order == ANY)
        CHECK_NULL(front);
    else if (CHECK_NOT_NULL(front))
        CHECK_EQ(read_element(m, front).serial, m->held[next_of(m)].serial);
}

static void step(model *m, bool filling) {
    uint32_t chance = any(100);
    if (chance == 0)
        remove_some(m);
    else if (chance < 5)
        drop(m);
    else if ((chance < 70) == filling && m->count < MOST)
        put(m);
    else
        take(m);
}

static void run(const sort *kind, size_t element_size, size_t capacity) {
    static model m;
    m = (model){.kind = kind, .element_size = element_size, .capacity = capacity};
    m.buffer = kind->make(element_size, capacity);
    if (!CHECK_NOT_NULL(m.buffer)) return;
    CHECK_OK(weft_set_buffer_destroy(m.buffer, destroy));
    memset(fates, 0, sizeof fates);
    serials = 0;
    bool filling = true;
    for (int i = 0; i < STEPS; i++) {
        if (any(300) == 0) filling = !filling;
        step(&m, filling);
        compare(&m);
    }
    CHECK_OK(weft_free_buffer(m.buffer));
    for (uint32_t serial = 1; serial <= serials; serial++) CHECK_NE(fates[serial], HELD);
}

TEST(each_kind_agrees_with_an_array) {
    static const size_t sizes[] = {8, 16, 24, 100, LARGEST}, capacities[] = {0, 1, 2, 3, 8, 37, 600};
    random_state = harness_seed();
    size_t turns = harness_rounds(ALL_KINDS * 7 * 5), turn = any(1000);
    for (size_t i = 0; i < turns; i++, turn++) { /* all combinations where there is time, else some */
        const sort *kind = &kinds[turn % ALL_KINDS];
        size_t capacity = capacities[turn / ALL_KINDS % 7], size = sizes[turn / ALL_KINDS / 7 % 5];
        if (kind->needs_capacity && capacity == 0) capacity = 5;
        if (kind->make == make_unbounded) capacity = 0;
        run(kind, size, capacity);
    }
}

/* ---- beneath ---- */

static size_t room_of(const weft_buffer *buffer) {
    return ((const wefti_array *)(const void *)buffer->state)->room; /* the array is the first thing in each state */
}

static void fill(weft_buffer *buffer, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        head h = {i % KEYS, i};
        CHECK_OK(weft_enqueue(buffer, &h));
    }
}

/* Between two changes lie so many puts or takes that each pays for a few copies. */
static void fill_and_watch(weft_buffer *buffer, uint32_t count) {
    size_t room = room_of(buffer), changes = 0;
    for (uint32_t i = 0; i < count; i++) {
        fill(buffer, 1);
        changes += room_of(buffer) != room;
        room = room_of(buffer);
    }
    CHECK_LE(changes, 20);
}

static void empty_and_watch(weft_buffer *buffer, size_t all) {
    size_t room = room_of(buffer), changes = 0;
    head h;
    while (weft_dequeue(buffer, &h) == WEFT_OK) {
        changes += room_of(buffer) != room;
        room = room_of(buffer);
        CHECK_LE(room, 4 * weft_buffer_size(buffer) + 512);
        if (weft_buffer_size(buffer) < all - 1) CHECK_GT(room, weft_buffer_size(buffer) + 1);
    }
    CHECK(weft_buffer_empty(buffer));
    CHECK_LE(changes, 10);
}

TEST(memory_grows_by_steps_and_is_given_back_where_it_empties) {
    enum { MANY = 10000 };
    for (size_t k = 0; k < ALL_KINDS; k++) {
        weft_buffer *buffer = kinds[k].make(sizeof(head), kinds[k].needs_capacity ? MANY : 0);
        fill(buffer, 1);
        CHECK_LE(room_of(buffer), 64);
        fill_and_watch(buffer, MANY - 1);
        CHECK_GE(room_of(buffer), MANY);
        CHECK_LE(room_of(buffer), kinds[k].needs_capacity ? MANY : MANY + MANY / 2 + 1);
        empty_and_watch(buffer, MANY);
        CHECK_OK(weft_free_buffer(buffer));
    }
}

static bool always(const void *element, void *argument) {
    (void)element, (void)argument;
    return true;
}

TEST(memory_is_given_back_where_much_is_removed_at_once) {
    for (size_t k = 0; k < ALL_KINDS; k++) {
        weft_buffer *buffer = kinds[k].make(sizeof(head), kinds[k].needs_capacity ? 9000 : 0);
        fill(buffer, 9000);
        CHECK_OK(weft_buffer_remove_if(buffer, always, NULL, NULL));
        CHECK_LE(room_of(buffer), 512);
        fill(buffer, 3);
        CHECK_EQ(weft_buffer_size(buffer), 3);
        CHECK_OK(weft_free_buffer(buffer));
    }
}

TEST(memory_beyond_what_a_size_can_be_is_refused_and_nothing_changes) {
    wefti_array array = {.element_size = 1 << 20};
    CHECK(wefti_array_reserve(&array, 2));
    const void *before = array.elements;
    size_t room = array.room;
    CHECK(!wefti_array_reserve(&array, SIZE_MAX / 2));
    CHECK(!wefti_array_reserve(&array, (SIZE_MAX >> 20) + 2)); /* times the size it would be 1 MiB */
    CHECK_PTR(array.elements, before);
    CHECK_EQ(array.room, room);
    free(array.elements);
}

typedef struct wide {
    _Alignas(16) uint64_t key;
} wide;

static int by_aligned_key(const void *a, const void *b) {
    CHECK_EQ(((uintptr_t)a | (uintptr_t)b) % _Alignof(wide), 0);
    const wide *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static bool lies_aligned(const void *element, void *argument) {
    (void)argument;
    CHECK_EQ((uintptr_t)element % _Alignof(wide), 0);
    return false;
}

TEST(elements_lie_as_aligned_as_their_type_asks) {
    for (size_t k = 0; k < ALL_KINDS; k++) {
        weft_buffer *buffer = kinds[k].order == LEAST ? weft_make_priority_buffer(sizeof(wide), 0, by_aligned_key)
                                                      : kinds[k].make(sizeof(wide), 40);
        for (uint64_t i = 0; i < 40; i++) CHECK_OK(weft_enqueue(buffer, &(wide){i * 7 % 40}));
        CHECK_OK(weft_buffer_remove_if(buffer, lies_aligned, NULL, NULL));
        CHECK_EQ(weft_buffer_size(buffer), 40);
        CHECK_OK(weft_free_buffer(buffer));
    }
}

TEST(a_buffer_that_has_an_owner_is_used_by_nobody_else) {
    for (size_t k = 0; k < ALL_KINDS; k++) {
        weft_buffer *buffer = kinds[k].make(sizeof(head), 3);
        head h = {1, 1};
        size_t removed = 9;
        fill(buffer, 1);
        buffer->owned = true;
        CHECK_STATUS(weft_enqueue(buffer, &h), WEFT_BUSY);
        CHECK_STATUS(weft_dequeue(buffer, &h), WEFT_BUSY);
        CHECK_STATUS(weft_dequeue_sized(buffer, NULL, 0), WEFT_BUSY);
        CHECK_STATUS(weft_set_buffer_destroy(buffer, destroy), WEFT_BUSY);
        CHECK_STATUS(weft_buffer_remove_if(buffer, always, NULL, &removed), WEFT_BUSY);
        CHECK_STATUS(weft_free_buffer(buffer), WEFT_BUSY);
        CHECK_EQ(removed, 0);
        CHECK_EQ(weft_buffer_size(buffer), 1);
        buffer->owned = false;
        CHECK_OK(weft_free_buffer(buffer));
    }
}

TEST(only_the_plain_ones_count_as_first_in_first_out) {
    for (size_t k = 0; k < ALL_KINDS; k++) {
        weft_buffer *buffer = kinds[k].make(4, 3);
        CHECK_EQ(wefti_buffer_is_fifo(buffer), kinds[k].order == FIRST_IN && kinds[k].policy == REFUSE);
        CHECK_OK(weft_free_buffer(buffer));
    }
}
