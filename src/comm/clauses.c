/* SPDX-License-Identifier: MIT */
/* clauses.c - alternation as a statement: the times through its clauses.
 *
 * The first time through, the clauses are gathered; then an operation is done (weft_clauses_go_on), and the second time
 * through runs its block. A loop does the next operation then, and so on; anything else ends.
 */
#include <stdlib.h>
#include <string.h>

#include "comm/alternate.h"

static void *refuse(weft_clauses *clauses, weft_status status) {
    clauses->status = status;
    clauses->odd |= WEFTI_CLAUSES_WRONG;
    return NULL;
}

weft_operation *weft_clauses_grow(weft_clauses *clauses, weft_operation *next) {
    if (clauses->otherwise != 0) return refuse(clauses, WEFT_INVALID); /* it must come last */
    size_t count = (size_t)(next - clauses->operations);
    weft_operation *operations = malloc(4 * count * sizeof *operations);
    if (operations == NULL) return refuse(clauses, WEFT_NO_MEMORY);
    memcpy(operations, clauses->operations, count * sizeof *operations);
    if ((clauses->odd & WEFTI_CLAUSES_GROWN) != 0) free(clauses->operations);
    clauses->odd |= WEFTI_CLAUSES_GROWN;
    clauses->operations = operations;
    clauses->end = operations + 4 * count;
    return operations + count;
}

typedef struct value_outside {
    struct value_outside *next;
    unsigned char bytes[] __attribute__((aligned(16)));
} value_outside;

void *weft_clauses_keep(weft_clauses *clauses, const void *value, size_t size) {
    value_outside *copy = malloc(sizeof *copy + size);
    if (copy == NULL) return refuse(clauses, WEFT_NO_MEMORY);
    copy->next = (clauses->odd & WEFTI_VALUES_OUTSIDE) != 0 ? clauses->values_outside : NULL;
    clauses->odd |= WEFTI_VALUES_OUTSIDE;
    clauses->values_outside = copy;
    memcpy(copy->bytes, value, size);
    return copy->bytes;
}

static void free_values(const weft_clauses *clauses) {
    for (value_outside *each = clauses->values_outside, *next; each != NULL; each = next) {
        next = each->next;
        free(each);
    }
}

static inline uint32_t place_of(const weft_operation *operation) { return (uint32_t)(uintptr_t)operation->user; }

static inline bool stays(const weft_clauses *clauses) { return (clauses->odd & WEFTI_CLAUSES_STAY) != 0; }

/* When all have been gathered. */
static inline uint32_t count_of(const weft_clauses *clauses) { return (uint32_t)(clauses->end - clauses->operations); }

/* A loop ends with it: see go_on. */
static WEFTI_NOINLINE void let_go_of_odd(weft_clauses *clauses) {
    if ((clauses->odd & WEFTI_CLAUSES_STAY) != 0) weft_free_alternation(clauses->registered);
    if ((clauses->odd & WEFTI_CLAUSES_GROWN) != 0) free(clauses->operations);
    if ((clauses->odd & WEFTI_VALUES_OUTSIDE) != 0) free_values(clauses);
    clauses->odd = WEFTI_CLAUSES_WRONG;
}

static inline void let_go(weft_clauses *clauses) {
    if (WEFTI_UNLIKELY(clauses->odd != 0)) let_go_of_odd(clauses);
}

static uint32_t end(weft_clauses *clauses, weft_status status) {
    let_go(clauses);
    wefti_fail(status);
    return WEFTI_NO_CLAUSE;
}

/* The turn is counted in clauses, since guards may leave other operations of them each time. */
static weft_operation *do_in_turn(weft_clauses *clauses, weft_deadline deadline) {
    uint32_t count = count_of(clauses);
    size_t turn = 0;
    while (turn < count && place_of(&clauses->operations[turn]) < *clauses->turn) turn++;
    weft_operation *done = weft_alternate_in_turn(clauses->operations, count, &turn, deadline);
    if (done != NULL) *clauses->turn = (size_t)place_of(done) + 1;
    return done;
}

static weft_deadline deadline_of(const weft_clauses *clauses) {
    return clauses->deadline == -1 ? weft_after(clauses->seconds) : clauses->deadline;
}

static weft_operation *do_one(weft_clauses *clauses) {
    weft_deadline deadline = deadline_of(clauses);
    uint32_t count = count_of(clauses);
    if (stays(clauses)) {
        if (clauses->registered == NULL) clauses->registered = weft_make_alternation(clauses->operations, count);
        if (clauses->registered == NULL) return NULL;
        return wefti_alternate_alone(clauses->registered, clauses->choice, deadline);
    }
    if (clauses->choice == WEFT_IN_TURN && clauses->turn != NULL) return do_in_turn(clauses, deadline);
    return weft_alternate(clauses->operations, count, clauses->choice, deadline);
}

static uint32_t otherwise(weft_clauses *clauses, weft_status status) {
    if (clauses->otherwise == 0 || status != WEFT_TIMED_OUT) return end(clauses, status);
    uint32_t place = clauses->otherwise - 1;
    if (!stays(clauses) || count_of(clauses) == 0) let_go(clauses); /* a loop over nothing would never end */
    wefti_fail(WEFT_TIMED_OUT);
    return place;
}

/* A look at channels on which nothing happens: the otherwise-clause. */
static inline bool looks_in_vain(const weft_clauses *clauses, const wefti_strand *self, const weft_operation *next) {
    _Static_assert(WEFT_NOW == 0, "compared along with the rest");
    if (self == NULL || ((uint64_t)clauses->deadline | clauses->odd | self->locks) != 0) return false;
    return wefti_operations_in_vain(clauses->inside, next);
}

static WEFTI_NOINLINE uint32_t go_on(weft_clauses *clauses, weft_operation *next) {
    if (next != NULL)
        clauses->end = next;
    else if (!stays(clauses)) /* it was a loop over nothing */
        return WEFTI_NO_CLAUSE;
    if ((clauses->odd & WEFTI_CLAUSES_WRONG) != 0) return end(clauses, clauses->status);
    if (count_of(clauses) == 0) return otherwise(clauses, WEFT_TIMED_OUT);
    const weft_operation *done = do_one(clauses); /* which leaves the status for weft_last_status */
    if (done == NULL) return otherwise(clauses, weft_last_status());
    uint32_t place = place_of(done);
    if (!stays(clauses)) let_go(clauses);
    return place;
}

/* The look was in vain; where there are several clauses, once more. */
static WEFTI_NOINLINE uint32_t look_again(weft_clauses *clauses, weft_operation *next) {
    if (wefti_operations_after_all(clauses->inside, next)) return go_on(clauses, next);
    wefti_strand_now->last_status = WEFT_TIMED_OUT;
    return clauses->otherwise - 1;
}

uint32_t weft_clauses_go_on(weft_clauses *clauses, weft_operation *next) {
    wefti_strand *self = wefti_strand_now;
    if (!looks_in_vain(clauses, self, next)) return go_on(clauses, next);
    if (next != clauses->inside + 1) return look_again(clauses, next);
    self->last_status = WEFT_TIMED_OUT;
    return clauses->otherwise - 1;
}

void weft_clauses_leave(weft_clauses **clauses) { let_go(*clauses); }
