/* SPDX-License-Identifier: MIT */
/* clauses.c - alternation as a statement: the times through its clauses.
 *
 *   phase 0: the first time through: the clauses are gathered (wefti_clauses_next)
 *   phase 1: they have been; an operation is done, and the second time through runs its block
 *   phase 2: the block has run: a loop does the next operation, anything else ends
 */
#include <stdlib.h>
#include <string.h>

#include "comm/alternate.h"

enum { RUN = 2 };

bool weft_clauses_grow(weft_clauses *clauses) {
    uint32_t room = clauses->room * 4;
    weft_operation *operations = malloc(room * (sizeof *operations + sizeof *clauses->places));
    if (operations == NULL) {
        clauses->status = WEFT_NO_MEMORY;
        return false;
    }
    uint32_t *places = (uint32_t *)(void *)(operations + room);
    memcpy(operations, clauses->operations, clauses->count * sizeof *operations);
    memcpy(places, clauses->places, clauses->count * sizeof *places);
    if (clauses->operations != clauses->inside) free(clauses->operations);
    clauses->operations = operations;
    clauses->places = places;
    clauses->room = room;
    return true;
}

typedef struct value_outside {
    struct value_outside *next;
    unsigned char bytes[] __attribute__((aligned(16)));
} value_outside;

void *weft_clauses_keep(weft_clauses *clauses, const void *value, size_t size) {
    value_outside *copy = malloc(sizeof *copy + size);
    if (copy == NULL) {
        clauses->status = WEFT_NO_MEMORY;
        return NULL;
    }
    copy->next = clauses->values_outside;
    clauses->values_outside = copy;
    memcpy(copy->bytes, value, size);
    return copy->bytes;
}

static void free_values(weft_clauses *clauses) {
    for (value_outside *each = clauses->values_outside, *next; each != NULL; each = next) {
        next = each->next;
        free(each);
    }
    clauses->values_outside = NULL;
}

/* Runs a block in the next time through. */
static bool go_through(weft_clauses *clauses, uint32_t chosen) {
    clauses->collecting = false;
    clauses->place = 0;
    clauses->chosen = chosen;
    return true;
}

static inline void let_go(weft_clauses *clauses) {
    if (clauses->registered != NULL) weft_free_alternation(clauses->registered);
    clauses->registered = NULL;
    if (clauses->operations != clauses->inside) free(clauses->operations);
    clauses->operations = clauses->inside;
    if (WEFTI_UNLIKELY(clauses->values_outside != NULL)) free_values(clauses);
    clauses->phase = RUN;
    clauses->loop = false;
}

static bool end(weft_clauses *clauses, weft_status status) {
    let_go(clauses);
    wefti_fail(status);
    return false;
}

/* The turn is counted in clauses, since guards may leave other operations of them each time. */
static weft_operation *do_in_turn(weft_clauses *clauses, weft_deadline deadline) {
    size_t turn = 0;
    while (turn < clauses->count && clauses->places[turn] < *clauses->turn) turn++;
    weft_operation *done = weft_alternate_in_turn(clauses->operations, clauses->count, &turn, deadline);
    if (done != NULL) *clauses->turn = (size_t)clauses->places[turn - 1] + 1;
    return done;
}

static weft_operation *do_one(weft_clauses *clauses) {
    weft_deadline deadline = clauses->deadline == -1 ? weft_after(clauses->seconds) : clauses->deadline;
    if (clauses->loop) {
        if (clauses->registered == NULL)
            clauses->registered = weft_make_alternation(clauses->operations, clauses->count);
        if (clauses->registered == NULL) return NULL;
        return weft_alternate_again(clauses->registered, clauses->choice, deadline);
    }
    if (clauses->turn != NULL) return do_in_turn(clauses, deadline);
    return weft_alternate(clauses->operations, clauses->count, clauses->choice, deadline);
}

static bool otherwise(weft_clauses *clauses, weft_status status) {
    if (clauses->otherwise == 0 || status != WEFT_TIMED_OUT) return end(clauses, status);
    uint32_t place = clauses->otherwise - 1;
    if (!clauses->loop || clauses->count == 0) let_go(clauses); /* a loop over nothing would never end */
    wefti_fail(WEFT_TIMED_OUT);
    return go_through(clauses, place);
}

/* A look at channels on which nothing happens: the otherwise-clause. */
static inline bool looks_in_vain(const weft_clauses *clauses, const wefti_strand *self) {
    if (clauses->deadline != WEFT_NOW || clauses->loop || clauses->operations != clauses->inside) return false;
    return clauses->status == WEFT_OK && self != NULL && self->locks == 0 &&
           wefti_operations_in_vain(clauses->operations, clauses->count);
}

static WEFTI_NOINLINE bool go_on(weft_clauses *clauses) {
    if (clauses->status != WEFT_OK) return end(clauses, clauses->status);
    clauses->phase = RUN;
    if (clauses->count == 0) return otherwise(clauses, WEFT_TIMED_OUT);
    const weft_operation *done = do_one(clauses); /* which leaves the status for weft_last_status */
    if (done == NULL) return otherwise(clauses, weft_last_status());
    uint32_t place = clauses->places[done - clauses->operations];
    if (!clauses->loop) let_go(clauses);
    return go_through(clauses, place);
}

bool weft_clauses_go_on(weft_clauses *clauses) {
    wefti_strand *self = wefti_strand_now;
    if (!looks_in_vain(clauses, self)) return go_on(clauses);
    clauses->phase = RUN;
    self->last_status = WEFT_TIMED_OUT;
    return go_through(clauses, clauses->otherwise - 1);
}

void weft_clauses_leave(weft_clauses **clauses) { let_go(*clauses); }
