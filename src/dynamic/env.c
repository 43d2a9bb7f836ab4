/* SPDX-License-Identifier: MIT */
/* env.c - dynamic variables: reading, setting, binding, capturing. The idea and the invariants are in env.h.
 *
 * Global values: one of 1, 2, 4 or 8 aligned bytes is one atomic access; others are copied under one of a few locks,
 * chosen by the variable's address. The locks are mutexes of the C library and not spin locks: this floor knows no way
 * to give up the processor, and a holder that lost it would be waited for at full speed.
 *
 * A captured environment is a header and then one record a variable, each followed by its value:
 *
 *     [ references, bytes ] [ variable | value, filled up to 8 ] [ variable | value ] ...
 *
 * and its instance is the same with a weft_bound in the place of each record's head.
 *
 * Source: the list of bindings of the first Lisps ("deep binding"), with a mask in place of the search that fails.
 */
#include "dynamic/env.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

__thread weft_bound *wefti_bound_unattached;
wefti_switch wefti_initial_bindings;

/* ---- identity ---- */

static WEFTI_ATOMIC(uint64_t) identities_given;

/* relaxed: the bit is all there is to know, nothing is published with it. */
static uint64_t identify(weft_variable *variable) {
    uint64_t found = wefti_variable_identity(variable);
    if (WEFTI_LIKELY(found != 0)) return found;
    uint64_t mine = UINT64_C(1) << (wefti_add_relaxed(&identities_given, 1u) % 64);
    /* One attempt: if it fails, `found` holds the bit that another thread chose, and that one stays for ever. */
    bool chosen =
        __atomic_compare_exchange_n(&variable->identity, &found, mine, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return chosen ? mine : found;
}

/* ---- global values ---- */

enum { GLOBAL_LOCKS = 16 };

static struct {
    WEFTI_ALIGNED(WEFTI_LINE) pthread_mutex_t mutex;
} global_locks[GLOBAL_LOCKS] = {[0 ... GLOBAL_LOCKS - 1] = {PTHREAD_MUTEX_INITIALIZER}};

static pthread_mutex_t *lock_of(const weft_variable *variable) {
    return &global_locks[((uintptr_t)variable / sizeof *variable) % GLOBAL_LOCKS].mutex;
}

/* The size, if one atomic access can move the whole value; else 0. */
static size_t size_if_atomic(const weft_variable *variable) {
    size_t size = variable->size;
    bool aligned = (uintptr_t)variable->global % size == 0;
    return aligned && (size == 1 || size == 2 || size == 4 || size == 8) ? size : 0;
}

/* acquire: partner is the release in write_global; whoever reads a pointer may follow it. */
#define READ_ATOMIC(type)                                                                                              \
    do {                                                                                                               \
        type read_ = __atomic_load_n((const type *)variable->global, __ATOMIC_ACQUIRE);                                \
        memcpy(value, &read_, sizeof read_);                                                                           \
    } while (0)

/* release: partner is the acquire in read_global. */
#define WRITE_ATOMIC(type)                                                                                             \
    do {                                                                                                               \
        type written_;                                                                                                 \
        memcpy(&written_, value, sizeof written_);                                                                     \
        __atomic_store_n((type *)variable->global, written_, __ATOMIC_RELEASE);                                        \
    } while (0)

/* Integers stand for whatever type the variable has. */
typedef uint16_t __attribute__((may_alias)) any16;
typedef uint32_t __attribute__((may_alias)) any32;
typedef uint64_t __attribute__((may_alias)) any64;

static void read_global(const weft_variable *variable, void *value) {
    switch (size_if_atomic(variable)) {
    case 1: READ_ATOMIC(unsigned char); return;
    case 2: READ_ATOMIC(any16); return;
    case 4: READ_ATOMIC(any32); return;
    case 8: READ_ATOMIC(any64); return;
    default: break;
    }
    pthread_mutex_lock(lock_of(variable));
    memcpy(value, variable->global, variable->size);
    pthread_mutex_unlock(lock_of(variable));
}

static void write_global(const weft_variable *variable, const void *value) {
    switch (size_if_atomic(variable)) {
    case 1: WRITE_ATOMIC(unsigned char); return;
    case 2: WRITE_ATOMIC(any16); return;
    case 4: WRITE_ATOMIC(any32); return;
    case 8: WRITE_ATOMIC(any64); return;
    default: break;
    }
    pthread_mutex_lock(lock_of(variable));
    memcpy(variable->global, value, variable->size);
    pthread_mutex_unlock(lock_of(variable));
}

/* ---- reading, setting, binding ---- */

/* Where the running strand's list starts. A thread that Weft does not know yet has bound nothing, or could not be made
 * known for want of memory: then its list is the thread's own. Reading makes a process object only where that would
 * bring bindings along. */
static weft_bound **list_of_caller(void) {
    wefti_strand *strand = wefti_strand_now;
    /* relaxed: a thread that sees it late takes part late */
    if (WEFTI_UNLIKELY(strand == NULL) && wefti_load_relaxed(&wefti_initial_bindings)) strand = wefti_attach();
    return WEFTI_LIKELY(strand != NULL) ? &strand->bound : &wefti_bound_unattached;
}

void weft_variable_get(weft_variable *variable, void *value) {
    weft_bound *bound = wefti_bound_find(*list_of_caller(), variable);
    if (bound)
        memcpy(value, bound->value, variable->size);
    else
        read_global(variable, value);
}

void weft_variable_set(weft_variable *variable, const void *value) {
    weft_bound *bound = wefti_bound_find(*list_of_caller(), variable);
    if (bound)
        memcpy(bound->value, value, variable->size);
    else
        write_global(variable, value);
}

static weft_bound bound_above(weft_bound *outer, weft_variable *variable, void *value) {
    uint64_t mask = identify(variable) | (outer ? outer->mask : 0);
    return (weft_bound){.next = outer, .variable = variable, .mask = mask, .value = value};
}

/* The caller stores the result at `self`, perhaps by way of a temporary: so it is linked here and filled in there. */
weft_bound weft_bind_begin(weft_variable *variable, void *value, weft_bound *self) {
    wefti_strand *strand = wefti_strand_self();
    weft_bound **list = WEFTI_LIKELY(strand != NULL) ? &strand->bound : &wefti_bound_unattached;
    weft_bound bound = bound_above(*list, variable, value);
    *list = self;
    return bound;
}

void weft_bind_end(weft_bound *self) {
    weft_bound **list = list_of_caller();
    assert(*list == self && "weft_bind_end: begin and end of bindings must pair like brackets");
    *list = self->next;
}

/* ---- captured environments ---- */

typedef struct captured {
    weft_variable *variable;
    unsigned char value[];
} captured;

struct weft_environment {
    WEFTI_ATOMIC(size_t) references;
    size_t bytes;         /* of all records */
    size_t instance_size; /* what wefti_environment_size returns */
    uint64_t mask;        /* identities captured */
    uint64_t records[];
};

static size_t filled_up(size_t size) { return (size + 7) & ~(size_t)7; }

static size_t record_size(const weft_variable *variable) { return sizeof(captured) + filled_up(variable->size); }

size_t wefti_binding_size(const weft_variable *variable) { return sizeof(weft_bound) + filled_up(variable->size); }

static captured *record_at(const weft_environment *environment, size_t offset) {
    return (captured *)(void *)((char *)(uintptr_t)environment->records + offset);
}

static bool has_captured(const weft_environment *environment, const weft_variable *variable) {
    if (!(environment->mask & wefti_variable_identity(variable))) return false;
    for (size_t at = 0; at < environment->bytes; at += record_size(record_at(environment, at)->variable))
        if (record_at(environment, at)->variable == variable) return true;
    return false;
}

/* Adds a record; the caller fills in the value that the result points to. NULL if the variable is there already. */
static void *add_record(weft_environment *environment, weft_variable *variable) {
    uint64_t identity = identify(variable);
    if (has_captured(environment, variable)) return NULL;
    captured *record = record_at(environment, environment->bytes);
    record->variable = variable;
    environment->bytes += record_size(variable);
    environment->instance_size += wefti_binding_size(variable);
    environment->mask |= identity;
    return record->value;
}

static weft_environment *make_environment(size_t room) {
    weft_environment *environment = malloc(sizeof *environment + room);
    if (!environment) return wefti_fail(WEFT_NO_MEMORY);
    wefti_atomic_init(&environment->references, 1u);
    environment->bytes = environment->instance_size = 0;
    environment->mask = 0;
    return environment;
}

static weft_environment *capture_chosen(weft_variable *const *variables, size_t count) {
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        if (!variables[i]) return wefti_fail(WEFT_INVALID);
        room += record_size(variables[i]);
    }
    weft_environment *environment = make_environment(room);
    for (size_t i = 0; environment && i < count; i++) {
        void *value = add_record(environment, variables[i]);
        if (value) weft_variable_get(variables[i], value);
    }
    return environment;
}

/* The variable of a binding, which is const there only because its user must not change it. */
static weft_variable *variable_of(const weft_bound *bound) { return (weft_variable *)(uintptr_t)bound->variable; }

/* Room is made for every binding, also for hidden ones: finding those first would cost a search for each. */
static weft_environment *capture_all(weft_bound *first, const weft_bound *end) {
    size_t room = 0;
    for (weft_bound *bound = first; bound != end; bound = bound->next) room += record_size(bound->variable);
    weft_environment *environment = make_environment(room);
    if (!environment) return NULL;
    for (weft_bound *bound = first; bound != end; bound = bound->next) {
        if (bound->variable == &wefti_task_handlers) continue;
        void *value = add_record(environment, variable_of(bound));
        if (value) memcpy(value, bound->value, bound->variable->size);
    }
    if (environment->bytes == room) return environment;
    weft_environment *smaller = realloc(environment, sizeof *environment + environment->bytes);
    return smaller ? smaller : environment;
}

weft_environment *weft_capture(weft_variable *const *variables, size_t count) {
    if (variables) return capture_chosen(variables, count);
    if (count) return wefti_fail(WEFT_INVALID);
    wefti_strand *strand = wefti_strand_now;
    return capture_all(*list_of_caller(), strand ? strand->base : NULL);
}

weft_environment *wefti_environment_retain(weft_environment *environment) {
    /* relaxed: the caller holds a reference, so the count cannot reach zero meanwhile. */
    if (environment) wefti_add_relaxed(&environment->references, 1u);
    return environment;
}

void weft_release_environment(weft_environment *environment) {
    /* acq_rel: partner is the other releases; what any holder read is read before the last one frees it. */
    if (environment && wefti_add_acq_rel(&environment->references, (size_t)-1) == 1) free(environment);
}

size_t wefti_environment_size(const weft_environment *environment) {
    return environment ? environment->instance_size : 0;
}

weft_bound *wefti_binding_instantiate(weft_variable *variable, const void *value, void *memory, weft_bound *outer) {
    weft_bound *bound = memory;
    void *copy = bound + 1;
    memcpy(copy, value, variable->size);
    *bound = bound_above(outer, variable, copy);
    return bound;
}

weft_bound *wefti_environment_instantiate(const weft_environment *environment, void *memory, weft_bound *outer) {
    char *room = memory;
    for (size_t at = 0; environment && at < environment->bytes;) {
        captured *record = record_at(environment, at);
        outer = wefti_binding_instantiate(record->variable, record->value, room, outer);
        room += wefti_binding_size(record->variable);
        at += record_size(record->variable);
    }
    return outer;
}

/* ---- bindings of workers ---- */

bool wefti_bindings_valid(const weft_worker_binding *bindings, size_t count) {
    if (count && !bindings) return false;
    for (size_t i = 0; i < count; i++)
        if (!bindings[i].variable || (!bindings[i].compute && !bindings[i].argument)) return false;
    return true;
}

size_t wefti_bindings_size(const weft_worker_binding *bindings, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += wefti_binding_size(bindings[i].variable);
    return size;
}

void wefti_bindings_instantiate(const weft_worker_binding *bindings, size_t count, void *memory, wefti_strand *strand) {
    char *room = memory;
    for (size_t i = 0; i < count; i++) {
        /* Aligned for any type of its size: the function writes through a pointer to the variable's own type. */
        WEFTI_ALIGNED(WEFTI_VARIABLE_MAX) unsigned char value[WEFTI_VARIABLE_MAX] = {0};
        if (bindings[i].compute)
            bindings[i].compute(value, bindings[i].argument);
        else
            memcpy(value, bindings[i].argument, bindings[i].variable->size);
        strand->bound = wefti_binding_instantiate(bindings[i].variable, value, room, strand->bound);
        room += wefti_binding_size(bindings[i].variable);
    }
}
