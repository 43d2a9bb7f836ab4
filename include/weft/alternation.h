/* SPDX-License-Identifier: MIT */
/* alternation.h - waiting for several operations at once, of which one is done. */
#ifndef WEFT_ALTERNATION_H
#define WEFT_ALTERNATION_H

#include <weft/base.h>
#include <weft/channel.h>
#include <weft/future.h>
#include <weft/group.h>

WEFT_BEGIN_DECLS

/** Which of several operations that are ready is done. Once none is and one waits, whichever comes first is. */
typedef enum weft_choice {
    WEFT_FIRST_LISTED = 0, /**< the first in the list (pri-alt) */
    WEFT_FAIR = 1,         /**< any, each ready one with the same chance (fair-alt) */
    WEFT_IN_TURN = 2       /**< the next after the one done last (round robin): none is passed over for ever */
} weft_choice;

/** What an operation does. */
typedef enum weft_operation_kind {
    WEFT_OPERATION_RECEIVE = 0, /**< as weft_receive */
    WEFT_OPERATION_RESULT = 1,  /**< as weft_receive_result */
    WEFT_OPERATION_SEND = 2,    /**< as weft_send */
    WEFT_OPERATION_GROUP = 3,   /**< the tasks of a group are all done */
    WEFT_OPERATION_READ = 4,    /**< a descriptor can be read from without blocking */
    WEFT_OPERATION_WRITE = 5,   /**< a descriptor can be written to without blocking */
    WEFT_OPERATION_FUTURE = 6   /**< a future has its outcome */
} weft_operation_kind;

/**
 * One operation of an alternation. Set all fields but `status`, or use a maker below; the rest zero.
 *
 * An operation may be used again and again, but in one alternation at a time. The same channel may occur in several,
 * to send and to receive as well: an alternation never meets itself.
 */
typedef struct weft_operation {
    weft_operation_kind kind;
    weft_status status; /**< of the operation that was done: WEFT_OK, or what the single operation would return, such as
                           WEFT_CLOSED or WEFT_FAILED */
    union {
        weft_channel *channel;
        weft_group *group;
        weft_future *future; /* held by the caller meanwhile */
        int descriptor;
    } on;
    void
        *element; /**< to receive into, NULL to discard; to send from: read only, and read when the operation is done */
    size_t size;  /**< of *element */
    void *user;   /**< yours */
    void *wefti_used_by;
} weft_operation;

/** An operation that receives into *(pointer). */
#define WEFT_TO_RECEIVE(from, pointer)                                                                                 \
    wefti_operation_on(WEFT_OPERATION_RECEIVE, WEFTI_FITTING(from, pointer), (pointer), sizeof *(pointer))
/** An operation that receives the result of a task into *(pointer). */
#define WEFT_TO_RECEIVE_RESULT(from, pointer)                                                                          \
    wefti_operation_on(WEFT_OPERATION_RESULT, WEFTI_FITTING(from, pointer), (pointer), sizeof *(pointer))
/** An operation that sends *(pointer) as it is when the operation is done. */
#define WEFT_TO_SEND(to, pointer)                                                                                      \
    wefti_operation_on(WEFT_OPERATION_SEND, WEFTI_FITTING(to, pointer), (void *)(uintptr_t)(pointer), sizeof *(pointer))

/**
 * Does one of several operations: the first that can be done.
 *
 * operations: `count` of them (at least 1, at most 65,536), not used by another alternation meanwhile. choice: which,
 * where several can be done at once. deadline: for one to become possible.
 * Returns the operation done, its status set; or NULL, and weft_last_status() says why:
 *   WEFT_TIMED_OUT   none was possible until the deadline; nothing was done
 *   WEFT_CANCELLED   the wait was cancelled; nothing was done
 *   WEFT_INVALID     no operations, a NULL channel, an unknown kind, or the caller holds a channel's lock
 *   WEFT_WRONG_SIZE  of one of them;  WEFT_BUSY: one is in use by another alternation;  WEFT_NO_MEMORY
 * An operation on a closed channel can be done: its status is WEFT_CLOSED. With WEFT_NOW all are looked at
 * twice, one after the other, unless one is found: so one is done where one of them can be done until another can,
 * though neither can be during the whole call. WEFT_IN_TURN goes on after operations[*turn] if `turn` is given to
 * weft_alternate_in_turn. Any task or thread; parks the task or blocks the thread. An operation's effect happens if and
 * only if it is the one returned. Source: operation-alternate. Rows A1 to A6.
 */
WEFT_API weft_operation *weft_alternate(weft_operation *operations, size_t count, weft_choice choice,
                                        weft_deadline deadline);

/** As weft_alternate with WEFT_IN_TURN: *turn is the place after that of the operation done last; begin with 0. */
WEFT_API weft_operation *weft_alternate_in_turn(weft_operation *operations, size_t count, size_t *turn,
                                                weft_deadline deadline);

/**
 * A set of operations that stays registered with its channels between one alternation and the next: the cost of each
 * does not grow with their number. For one task or thread at a time.
 */
typedef struct weft_alternation weft_alternation;

/**
 * Makes a set of operations to alternate over again and again.
 *
 * operations: as for weft_alternate; they stay where they are, and in use, until weft_free_alternation. Their fields
 * may not change, what `element` points to may. Returns NULL on what weft_alternate calls WEFT_INVALID,
 * WEFT_WRONG_SIZE, WEFT_BUSY, WEFT_NO_MEMORY (weft_last_status()). Any task or thread. Never blocks.
 */
WEFT_API WEFT_CHECKED weft_alternation *weft_make_alternation(weft_operation *operations, size_t count);

/** Does one of the set's operations, as weft_alternate. NULL set: WEFT_INVALID. WEFT_BUSY if another is at it. */
WEFT_API weft_operation *weft_alternate_again(weft_alternation *alternation, weft_choice choice,
                                              weft_deadline deadline);

/** Takes the set out of its channels and frees it. NULL allowed. WEFT_BUSY while somebody waits with it. */
WEFT_API weft_status weft_free_alternation(weft_alternation *alternation);

/* ---- alternation as a statement ----
 *
 *     WEFT_PRI_ALT {
 *         WEFT_RECEIVE(requests, &request)      { serve(&request); }
 *         WEFT_SEND_IF(ready, replies, &reply)  { ready = false; }
 *         WEFT_OTHERWISE_AFTER(5.0)             { puts("timed out"); }
 *     }
 *
 * Between the braces stand clauses only, or loops and conditions around clauses, which must go the same way when they
 * are gone through a second time. First all clauses are gone through and their channels, pointers and guards evaluated,
 * in order, each once; then one operation is done; then its block runs, as any C: break and continue leave the
 * alternation, return and goto leave it too, alternations nest. At the beginning of the block weft_last_status() is the
 * status of the operation: WEFT_OK, or WEFT_CLOSED, WEFT_FAILED ... as the single operation would return.
 * What is received into lives outside the braces, since the operation is done after the clauses have been left for the
 * first time. What is sent is copied when its clause is gone through, so it may be a compound literal, or changed by
 * others meanwhile. But a loop, whose clauses are gone through once, sends what the pointer points to in each round:
 * there it lives outside the braces too. Each clause is an if with an empty branch, so an else after its block would
 * belong to it: give blocks braces, and put a condition around a clause in braces of its own. A clause whose guard is
 * false: neither its channel nor its pointer is evaluated, and it is not chosen. Where no clause is left, the
 * otherwise-clause runs at once, whatever its time; without one nothing runs and weft_last_status() after the
 * alternation is WEFT_TIMED_OUT. Misuse (see weft_alternate) runs no block; weft_last_status() tells.
 */

/** Does the first of the clauses listed that can be done. Row A1. */
#define WEFT_PRI_ALT WEFTI_ALTERNATION(WEFT_FIRST_LISTED, NULL)
/** Does any of the clauses that can be done, each with the same chance. Row A1. */
#define WEFT_FAIR_ALT WEFTI_ALTERNATION(WEFT_FAIR, NULL)
/** Does the next of the clauses that can be done after the one done last. turn: a size_t * that begins with 0,
 * or NULL: then each statement begins with the first, as WEFT_PRI_ALT. */
#define WEFT_ROUND_ALT(turn) WEFTI_ALTERNATION(WEFT_IN_TURN, (turn))

/** As WEFT_PRI_ALT, again and again until break or return, or until a round runs no block. The clauses are gone through
 * only once, and stay registered: see weft_alternation. A time of an otherwise-clause begins anew in each round. */
#define WEFT_PRI_ALT_LOOP WEFTI_ALTERNATION_LOOP(WEFT_FIRST_LISTED)
/** As WEFT_FAIR_ALT, again and again: see WEFT_PRI_ALT_LOOP. */
#define WEFT_FAIR_ALT_LOOP WEFTI_ALTERNATION_LOOP(WEFT_FAIR)
/** Round robin, again and again: see WEFT_PRI_ALT_LOOP. */
#define WEFT_ROUND_ALT_LOOP WEFTI_ALTERNATION_LOOP(WEFT_IN_TURN)

/** Clause: receives into *(pointer). */
#define WEFT_RECEIVE(channel, pointer) WEFT_RECEIVE_IF(true, channel, pointer)
/** Clause: receives into *(pointer), if `guard` is true. */
#define WEFT_RECEIVE_IF(guard, channel, pointer)                                                                       \
    WEFTI_CLAUSE(guard, weft_clause_on(wefti_clauses, &wefti_pass_now, WEFT_OPERATION_RECEIVE,                         \
                                       WEFTI_FITTING(channel, pointer), (pointer), sizeof *(pointer)))
/** Clause: receives the result of a task into *(pointer). */
#define WEFT_RECEIVE_RESULT(channel, pointer)                                                                          \
    WEFTI_CLAUSE(true, weft_clause_on(wefti_clauses, &wefti_pass_now, WEFT_OPERATION_RESULT,                           \
                                      WEFTI_FITTING(channel, pointer), (pointer), sizeof *(pointer)))
/** Clause: sends *(pointer), as it is when the clause is gone through; in a loop, as it is when the operation is done.
 */
#define WEFT_SEND(channel, pointer) WEFT_SEND_IF(true, channel, pointer)
/** Clause: sends *(pointer), if `guard` is true. */
#define WEFT_SEND_IF(guard, channel, pointer)                                                                          \
    WEFTI_CLAUSE(guard, weft_clause_send(wefti_clauses, &wefti_pass_now, WEFTI_FITTING(channel, pointer), (pointer),   \
                                         sizeof *(pointer)))
/** Clause: receives an element and discards it. */
#define WEFT_RECEIVE_ANY(channel)                                                                                      \
    WEFTI_CLAUSE(                                                                                                      \
        true, weft_clause_on(wefti_clauses, &wefti_pass_now, WEFT_OPERATION_RECEIVE, weft_untyped(channel), NULL, 0))
/** Clause: the tasks of the group are all done. */
#define WEFT_GROUP_DONE(group) WEFTI_CLAUSE(true, weft_clause_group(wefti_clauses, &wefti_pass_now, (group)))
/** Clause: the future has its outcome; it is held by the caller meanwhile, and not run by the alternation. */
#define WEFT_FUTURE_DONE(future) WEFTI_CLAUSE(true, weft_clause_future(wefti_clauses, &wefti_pass_now, (future)))
/** Clause: the descriptor can be read from without blocking, or is at its end. */
#define WEFT_READABLE(descriptor)                                                                                      \
    WEFTI_CLAUSE(true, weft_clause_descriptor(wefti_clauses, &wefti_pass_now, WEFT_OPERATION_READ, (descriptor)))
/** Clause: the descriptor can be written to without blocking. */
#define WEFT_WRITABLE(descriptor)                                                                                      \
    WEFTI_CLAUSE(true, weft_clause_descriptor(wefti_clauses, &wefti_pass_now, WEFT_OPERATION_WRITE, (descriptor)))
/** Last clause: none of the others can be done at once. */
#define WEFT_OTHERWISE WEFT_OTHERWISE_AT(WEFT_NOW)
/** Last clause: none of the others could be done for `seconds`. Infinity switches it off. */
#define WEFT_OTHERWISE_AFTER(seconds)                                                                                  \
    WEFTI_CLAUSE(true, weft_clause_otherwise(wefti_clauses, &wefti_pass_now, -1, (seconds)))
/** Last clause: none of the others could be done until the deadline. WEFT_FOREVER switches it off. */
#define WEFT_OTHERWISE_AT(deadline)                                                                                    \
    WEFTI_CLAUSE(true, weft_clause_otherwise(wefti_clauses, &wefti_pass_now, (deadline), 0))

/* ---- below: how the macros work ---- */

enum { WEFTI_CLAUSES_INSIDE = 8, WEFTI_VALUES_INSIDE = 256 };

/* What is not as usual with a statement. */
enum {
    WEFTI_CLAUSES_STAY = 1,   /* it is a loop */
    WEFTI_CLAUSES_GROWN = 2,  /* the operations do not fit inside */
    WEFTI_VALUES_OUTSIDE = 4, /* nor do the values */
    WEFTI_CLAUSES_WRONG = 8   /* `status` says why nothing will be done */
};

/* What an alternation as a statement has gathered: one operation for each clause that is there, its `user` the place
 * among the clauses. */
typedef struct weft_clauses {
    weft_operation *operations;
    weft_operation *end; /* of the room; after an otherwise-clause, and when all are gathered: of the operations */
    weft_choice choice;
    weft_status status;
    uint32_t otherwise;           /* its place + 1; 0: there is none */
    uint32_t values_size;         /* of those inside */
    uint64_t odd;                 /* bits, as above */
    weft_deadline deadline;       /* of an otherwise-clause */
    double seconds;               /* the same, where deadline is -1 */
    size_t *turn;                 /* where choice is WEFT_IN_TURN */
    weft_alternation *registered; /* of a loop */
    void *values_outside;         /* copies of what is to be sent, linked; where there are some */
    weft_operation inside[WEFTI_CLAUSES_INSIDE];
    unsigned char values_inside[WEFTI_VALUES_INSIDE] __attribute__((aligned(16)));
} weft_clauses;

/* Which time through the clauses it is: the first gathers, a later one runs a block. Nobody else has its address, so
 * that it lies in registers. */
typedef struct wefti_pass {
    weft_operation *next; /* where the next operation goes; NULL: they have been gathered */
    uint32_t place;       /* of the clause come to next */
    uint32_t chosen;      /* the place of the clause whose block is to run */
    bool begun;
} wefti_pass;

#define WEFTI_NO_CLAUSE UINT32_MAX

/** What the alternation statements are made of: does an operation. next: the end of those gathered; NULL: they have
 * been before. Returns the place of the clause whose block is to run, UINT32_MAX: none. */
WEFT_API uint32_t weft_clauses_go_on(weft_clauses *clauses, weft_operation *next);
/** What the alternation statements are made of: a place for one more operation where there is no room at `next`. NULL:
 * there is none, and nothing will be done. */
WEFT_API weft_operation *weft_clauses_grow(weft_clauses *clauses, weft_operation *next);
/** What the alternation statements are made of: a copy of a value that does not fit inside. NULL: no memory. */
WEFT_API void *weft_clauses_keep(weft_clauses *clauses, const void *value, size_t size);
/** What the alternation statements are made of: ends them, wherever they are left. */
WEFT_API void weft_clauses_leave(weft_clauses **clauses);

static inline weft_operation wefti_operation_on(weft_operation_kind kind, weft_channel *channel, void *element,
                                                size_t size) {
    weft_operation operation;
    operation.kind = kind;
    operation.status = WEFT_OK;
    operation.on.channel = channel;
    operation.element = element;
    operation.size = size;
    operation.user = NULL;
    operation.wefti_used_by = NULL;
    return operation;
}

#define WEFTI_OF_A_STATEMENT static inline __attribute__((always_inline))

WEFTI_OF_A_STATEMENT weft_clauses *weft_clauses_begin(weft_clauses *clauses, weft_choice choice, size_t *turn,
                                                      bool loop) {
    clauses->operations = clauses->inside;
    clauses->end = clauses->inside + WEFTI_CLAUSES_INSIDE;
    clauses->choice = choice;
    clauses->status = WEFT_OK;
    clauses->otherwise = 0;
    clauses->values_size = 0;
    clauses->odd = loop ? WEFTI_CLAUSES_STAY : 0;
    clauses->deadline = WEFT_FOREVER;
    if (choice == WEFT_IN_TURN) clauses->turn = turn;
    if (loop) clauses->registered = NULL;
    return clauses;
}

WEFTI_OF_A_STATEMENT wefti_pass wefti_pass_begin(weft_clauses *clauses) {
    wefti_pass pass;
    pass.next = clauses->inside;
    pass.place = pass.chosen = 0;
    pass.begun = false;
    return pass;
}

/* The next time through the clauses; false: the end. */
WEFTI_OF_A_STATEMENT bool wefti_clauses_next(weft_clauses *clauses, wefti_pass *pass, bool loop) {
    if (!pass->begun) {
        pass->begun = true;
        return true;
    }
    if (pass->next == NULL && !loop) return false;
    pass->chosen = weft_clauses_go_on(clauses, pass->next);
    pass->next = NULL;
    pass->place = 0;
    return pass->chosen != WEFTI_NO_CLAUSE;
}

/* A place for one more operation; NULL: there is none. */
WEFTI_OF_A_STATEMENT weft_operation *weft_clause_add(weft_clauses *clauses, wefti_pass *pass,
                                                     weft_operation_kind kind) {
    weft_operation *operation = pass->next;
    if (operation == clauses->end) {
        operation = weft_clauses_grow(clauses, operation);
        if (operation == NULL) return NULL;
    }
    pass->next = operation + 1;
    operation->kind = kind;
    operation->status = WEFT_OK;
    operation->user = (void *)(uintptr_t)pass->place;
    operation->wefti_used_by = NULL;
    return operation;
}

WEFTI_OF_A_STATEMENT void weft_clause_on(weft_clauses *clauses, wefti_pass *pass, weft_operation_kind kind,
                                         weft_channel *channel, void *element, size_t size) {
    weft_operation *operation = weft_clause_add(clauses, pass, kind);
    if (operation == NULL) return;
    operation->on.channel = channel;
    operation->element = element;
    operation->size = size;
}

/* A copy, since what the pointer points to may end with the time through the clauses. */
WEFTI_OF_A_STATEMENT void weft_clause_send(weft_clauses *clauses, wefti_pass *pass, weft_channel *channel,
                                           const void *value, size_t size) {
    void *copy = (void *)(uintptr_t)value;
    if ((clauses->odd & WEFTI_CLAUSES_STAY) == 0 && value != NULL) {
        if (size <= WEFTI_VALUES_INSIDE - (size_t)clauses->values_size) {
            copy = clauses->values_inside + clauses->values_size;
            clauses->values_size += (uint32_t)((size + 15) & ~(size_t)15);
            __builtin_memcpy(copy, value, size);
        } else {
            copy = weft_clauses_keep(clauses, value, size);
        }
    }
    weft_clause_on(clauses, pass, WEFT_OPERATION_SEND, channel, copy, size);
}

/* What comes after it finds no room, which tells that it was not the last. */
WEFTI_OF_A_STATEMENT void weft_clause_otherwise(weft_clauses *clauses, const wefti_pass *pass, weft_deadline deadline,
                                                double seconds) {
    if (clauses->otherwise != 0) weft_clauses_grow(clauses, pass->next); /* the same for a second one */
    clauses->end = pass->next;
    clauses->otherwise = pass->place + 1;
    clauses->deadline = deadline;
    if (deadline == -1) clauses->seconds = seconds;
}

WEFTI_OF_A_STATEMENT void weft_clause_group(weft_clauses *clauses, wefti_pass *pass, weft_group *group) {
    weft_operation *operation = weft_clause_add(clauses, pass, WEFT_OPERATION_GROUP);
    if (operation != NULL) operation->on.group = group;
}

WEFTI_OF_A_STATEMENT void weft_clause_future(weft_clauses *clauses, wefti_pass *pass, weft_future *future) {
    weft_operation *operation = weft_clause_add(clauses, pass, WEFT_OPERATION_FUTURE);
    if (operation != NULL) operation->on.future = future;
}

WEFTI_OF_A_STATEMENT void weft_clause_descriptor(weft_clauses *clauses, wefti_pass *pass, weft_operation_kind kind,
                                                 int descriptor) {
    weft_operation *operation = weft_clause_add(clauses, pass, kind);
    if (operation != NULL) operation->on.descriptor = descriptor;
}

#define WEFTI_CLAUSE(guard, collect)                                                                                   \
    if (wefti_pass_now.next != NULL ? ((guard) ? ((void)(collect), 0) : 0, wefti_pass_now.place++, true)               \
                                    : wefti_pass_now.place++ != wefti_pass_now.chosen) {                               \
    } else
/* A nested alternation has variables of the same names; that is meant. The inner `for` goes through the clauses, the
 * outer one goes round once and holds what the inner one does not keep in registers. */
#define WEFTI_ALTERNATION_STATEMENT(choice, turn, loop, leave)                                                         \
    _Pragma("GCC diagnostic push") _Pragma(                                                                            \
        "GCC diagnostic ignored \"-Wshadow\"") for (weft_clauses wefti_room,                                           \
                                                    *wefti_clauses leave =                                             \
                                                        weft_clauses_begin(&wefti_room, (choice), (turn), (loop)),     \
                                                    *wefti_once = wefti_clauses;                                       \
                                                    wefti_once != NULL;                                                \
                                                    wefti_once =                                                       \
                                                        NULL) for (wefti_pass wefti_pass_now =                         \
                                                                       wefti_pass_begin(wefti_clauses);                \
                                                                   wefti_clauses_next(wefti_clauses, &wefti_pass_now,  \
                                                                                      (loop));)                        \
        _Pragma("GCC diagnostic pop")
#define WEFTI_ALTERNATION(choice, turn) WEFTI_ALTERNATION_STATEMENT(choice, turn, false, )
#define WEFTI_ALTERNATION_LOOP(choice)                                                                                 \
    WEFTI_ALTERNATION_STATEMENT(choice, NULL, true, __attribute__((cleanup(weft_clauses_leave))))

WEFT_END_DECLS

#endif
