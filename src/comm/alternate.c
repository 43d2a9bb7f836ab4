/* SPDX-License-Identifier: MIT */
/* alternate.c - doing one of several operations, and waiting until one can be done.
 *
 * Idea, for an alternation of one time:
 *   look    at each operation without a lock; those that are promising are tried as the choice says
 *   enlist  a waiter for each, all with one wait that is AWAY; each is tried once more under the same hold of the lock
 *   open    the wait; hints mean that something came meanwhile: AWAY again, and those are tried; none: park
 *   withdraw the waiters that were not chosen
 * A kept alternation enlists once. Between its rounds it is AWAY and gathers hints: a bit that is clear says that there
 * is nothing to look at, so that a round looks at hinted places alone, however many there are.
 *
 * The protocol of claims and hints is in sched/park.h. One lock is held at a time, and none while the wait is opened.
 *
 * Invariants: A1 an operation's effect happens if and only if it is the one returned. A2 a kept waiter whose hint is
 * clear, and whose wait is AWAY, has nothing to do or its channel will leave a hint. A3 after the withdrawal no channel
 * knows of the wait.
 */
#include "comm/alternate.h"

#include <stdlib.h>

#include "base/live.h"
#include "os/chance.h"
#include "sched/attach.h"
#include "sched/io.h"

enum { MOST = 65536, WAITERS_ON_STACK = 16, WORDS_ON_STACK = 8 };

struct weft_alternation {
    wefti_wait wait;
    wefti_strand *self;
    weft_operation *operations;
    uint32_t count, words;
    wefti_waiter *waiters;
    wefti_hints *hints;
    uint64_t *set; /* room for a copy of the hints */
    size_t turn;
    uint32_t begin, step; /* the order of enlisting: begin, begin + step ... modulo count */
    uint32_t locked;      /* look_at_hints */
    bool kept, clocks;
    WEFTI_ATOMIC(uint32_t) busy; /* somebody is in weft_alternate_again */
};

/* ---- checking ---- */

static weft_status check_all(const weft_operation *operations, size_t count) {
    if (operations == NULL || count == 0 || count > MOST) return WEFT_INVALID;
    for (size_t i = 0; i < count; i++) {
        weft_status status = wefti_operation_check(&operations[i]);
        if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    }
    return WEFT_OK;
}

static weft_status check_caller(const wefti_strand *self, weft_choice choice) {
    if (self == NULL) return WEFT_NO_MEMORY;
    return self->locks != 0 || (unsigned)choice > WEFT_IN_TURN ? WEFT_INVALID : WEFT_OK;
}

/* ---- looking, without having enlisted ---- */

static weft_operation *done(weft_operation *operation, weft_status status) {
    operation->status = status;
    return operation;
}

/* Checks each operation, and notes in a set which are promising. */
static inline weft_status survey(const weft_operation *operations, uint32_t count, uint64_t *set) {
    for (uint32_t i = 0; i < count;) {
        uint64_t word = 0;
        for (uint32_t end = WEFTI_MIN(i + 64, count); i < end; i++) {
            weft_status status = wefti_operation_check(&operations[i]);
            if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
            word |= (uint64_t)wefti_operation_promising(&operations[i]) << i % 64;
        }
        set[(i - 1) / 64] = word;
    }
    return WEFT_OK;
}

/* The survey promised what was gone when it was tried, and so says nothing of the others either: what can be done may
 * have become so in between, as when each sender brings its own before it takes another's. */
static WEFTI_NOINLINE weft_operation *look_one_after_the_other(weft_operation *operations, uint32_t count,
                                                               wefti_strand *self, uint32_t from) {
    for (uint32_t n = 0, i = from; n < count; n++, i = i + 1 == count ? 0 : i + 1) {
        if (!wefti_operation_promising(&operations[i])) continue;
        weft_status status = wefti_operation_try(&operations[i], self, NULL, WEFT_NOW);
        if (status != WEFT_BUSY && status != WEFT_TIMED_OUT) return done(&operations[i], status);
    }
    return NULL;
}

/* One that can be done, first of those in the set, which is used up. */
static weft_operation *look_at(weft_operation *operations, uint32_t count, wefti_strand *self, weft_choice choice,
                               size_t turn, uint64_t *set) {
    uint32_t words = wefti_words(count), place;
    bool in_vain = false;
    while ((place = wefti_choose(set, words, choice, turn)) != UINT32_MAX) {
        weft_status status = wefti_operation_try(&operations[place], self, NULL, WEFT_NOW);
        if (status != WEFT_BUSY && status != WEFT_TIMED_OUT) return done(&operations[place], status);
        set[place / 64] &= ~(UINT64_C(1) << place % 64);
        in_vain = true;
    }
    if (WEFTI_LIKELY(!in_vain)) return NULL;
    return look_one_after_the_other(operations, count, self, (uint32_t)(choice == WEFT_IN_TURN ? turn : 0));
}

/* ---- enlisting and withdrawing ---- */

static void prepare(weft_alternation *a, wefti_strand *self) {
    wefti_wait_init(&a->wait, self, "alternation", NULL);
    wefti_atomic_init(&a->wait.claim, (uint32_t)WEFTI_AWAY);
    a->wait.hints = a->hints;
    a->wait.kernel = wefti_io_kernel(self);
    a->wait.chosen = NULL;
    a->self = self;
    for (uint32_t w = 0; w < a->words; w++) wefti_atomic_init(&a->hints[w], UINT64_C(0));
}

static void prepare_waiter(weft_alternation *a, uint32_t place) {
    wefti_waiter *waiter = &a->waiters[place];
    waiter->wait = &a->wait;
    waiter->place = place;
    waiter->listed = false;
    waiter->shared = true;
    waiter->kept = a->kept;
    a->operations[place].wefti_used_by = a;
}

/* The n-th place to be enlisted. */
static inline uint32_t nth_place(const weft_alternation *a, uint32_t n) {
    uint64_t place = a->begin + (uint64_t)n * a->step;
    return place < a->count ? (uint32_t)place : (uint32_t)(place % a->count);
}

/* Where several operations wait at one channel, the first enlisted is served: for a fair choice, forward or backward
 * from any place. */
static void choose_order(weft_alternation *a, weft_choice choice) {
    bool fair = choice == WEFT_FAIR && a->count > 1;
    a->begin = fair ? wefti_chance(a->count) : 0;
    a->step = fair && wefti_chance(2) != 0 ? a->count - 1 : 1;
}

/* Takes out the first `count`; but: the one that was won through its channel, or NULL. */
static void withdraw(weft_alternation *a, uint32_t count, const wefti_waiter *but) {
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = nth_place(a, n);
        if (&a->waiters[i] != but) wefti_operation_withdraw(&a->operations[i], &a->waiters[i]);
        a->operations[i].wefti_used_by = NULL;
    }
}

/* ---- opening, parking, and what came of it ---- */

static void hint_at(weft_alternation *a, uint32_t place) {
    wefti_or_relaxed(&a->hints[place / 64], UINT64_C(1) << place % 64); /* relaxed: the owner alone looks */
}

/* Clears one hint, and then tries. WEFT_TIMED_OUT: somebody else held the channel's own lock until the deadline; what
 * the hint was about is still to be looked at, since nobody comes to repeat it when the lock is given back. */
static weft_status try_hinted(weft_alternation *a, uint32_t place, weft_deadline deadline) {
    /* Before the channel's lock is taken: see wefti_waiter_claim. relaxed: the lock orders it. */
    wefti_and_relaxed(&a->hints[place / 64], ~(UINT64_C(1) << place % 64));
    weft_status status = wefti_operation_try(&a->operations[place], a->self, &a->wait, deadline);
    bool more = a->kept && status != WEFT_BUSY; /* there may be more */
    if (more || status == WEFT_TIMED_OUT) hint_at(a, place);
    return status;
}

/* The wait is AWAY: tries what is hinted. NULL: nothing; a->locked then is a place whose channel is locked. */
static weft_operation *look_at_hints(weft_alternation *a, weft_choice choice) {
    uint32_t place;
    a->locked = UINT32_MAX;
    for (uint32_t w = 0; w < a->words; w++) a->set[w] = wefti_load_relaxed(&a->hints[w]); /* see try_hinted */
    while ((place = wefti_choose(a->set, a->words, choice, a->turn)) != UINT32_MAX) {
        a->set[place / 64] &= ~(UINT64_C(1) << place % 64);
        weft_status status = try_hinted(a, place, WEFT_NOW);
        if (status == WEFT_TIMED_OUT) a->locked = place;
        if (status != WEFT_TIMED_OUT && status != WEFT_BUSY) return done(&a->operations[place], status);
    }
    return NULL;
}

static void hint_at_clocks(weft_alternation *a, weft_deadline now) {
    for (uint32_t i = 0; i < a->count; i++)
        if (wefti_operation_due(&a->operations[i]) <= now) hint_at(a, i);
}

static weft_deadline next_due(const weft_alternation *a, weft_deadline deadline) {
    for (uint32_t i = 0; a->clocks && i < a->count; i++)
        deadline = WEFTI_MIN(deadline, wefti_operation_due(&a->operations[i]));
    return deadline;
}

static bool any_hint(weft_alternation *a) {
    uint64_t any = 0;
    for (uint32_t w = 0; w < a->words; w++) any |= wefti_load_seq(&a->hints[w]); /* partner: wefti_waiter_claim */
    return any != 0;
}

/* A thread is cancelled where it waits: it wins the wait itself, or waits for who has. */
static void leave_places(void *argument) {
    weft_alternation *a = argument;
    if (!wefti_wait_claim(&a->wait, WEFT_CANCELLED)) wefti_await_notice(a->self);
    withdraw(a, a->count, a->wait.chosen);
    if (a->count > WAITERS_ON_STACK) free(a);
}

static weft_status park(weft_alternation *a, weft_deadline deadline) {
    if (WEFTI_LIKELY(a->self->worker != NULL || a->kept)) return wefti_park(&a->wait, deadline);
    wefti_thread *thread = wefti_thread_of_strand(a->self);
    thread->withdrawn = a;
    thread->withdraw = leave_places;
    weft_status status = wefti_park(&a->wait, deadline);
    thread->withdraw = NULL;
    return status;
}

/* Opens the wait and parks. false: it is AWAY again, and there are hints. */
static bool open_and_park(weft_alternation *a, weft_deadline deadline, weft_status *status) {
    a->wait.chosen = NULL;
    wefti_store_seq(&a->wait.claim, (uint32_t)WEFTI_OPEN); /* partner: wefti_waiter_claim */
    if (any_hint(a)) {
        uint32_t open = WEFTI_OPEN;
        if (wefti_cas_acq_rel(&a->wait.claim, &open, (uint32_t)WEFTI_AWAY)) return false;
        deadline = WEFT_FOREVER; /* somebody has won it, and is about to unpark */
    }
    *status = park(a, deadline);
    return true;
}

/* The operation that was won by its channel. */
static weft_operation *chosen(weft_alternation *a, weft_status status) {
    const wefti_waiter *waiter = a->wait.chosen;
    weft_operation *operation = &a->operations[waiter->place];
    /* A message that was handed over was all there was, and what came since has left a hint. An end, or a state, lasts.
     */
    bool lasts = status != WEFT_OK || !wefti_operation_is_of_channel(operation);
    if (status == WEFT_OK) status = wefti_status_of(waiter->condition);
    if (a->kept) {
        a->waiters[waiter->place].condition = NULL;
        if (lasts) hint_at(a, waiter->place);
    }
    return done(operation, status);
}

/* Everything is enlisted: until one is done, or the deadline. NULL: *status says why. */
static weft_operation *wait_for_one(weft_alternation *a, weft_choice choice, weft_deadline deadline,
                                    weft_status *status) {
    for (;;) {
        weft_deadline due = next_due(a, deadline);
        if (open_and_park(a, due, status)) {
            const wefti_waiter *waiter = a->wait.chosen;
            wefti_store_relaxed(&a->wait.claim, (uint32_t)WEFTI_AWAY); /* relaxed: nobody claims what is claimed */
            if (waiter != NULL) return chosen(a, *status);
            if (*status != WEFT_TIMED_OUT || due == deadline) return NULL;
            hint_at_clocks(a, wefti_clock());
        }
        weft_operation *found = look_at_hints(a, choice);
        if (found != NULL) return found;
        if (WEFTI_UNLIKELY(a->locked != UINT32_MAX)) {
            *status = try_hinted(a, a->locked, deadline);
            if (*status == WEFT_TIMED_OUT) return NULL;
            if (*status != WEFT_BUSY) return done(&a->operations[a->locked], *status);
        }
    }
}

/* ---- one time ---- */

static weft_operation *enlist_and_wait(weft_alternation *a, weft_choice choice, weft_deadline deadline,
                                       weft_status *status) {
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t i = nth_place(a, n);
        prepare_waiter(a, i);
        a->clocks |= wefti_operation_due(&a->operations[i]) != WEFT_FOREVER;
        *status = wefti_operation_enlist(&a->operations[i], a->self, &a->waiters[i], deadline);
        if (WEFTI_LIKELY(*status == WEFT_BUSY)) continue;
        a->operations[i].wefti_used_by = NULL;
        withdraw(a, n, NULL);
        bool undone = *status == WEFT_TIMED_OUT || *status == WEFT_NO_KERNEL;
        return undone ? NULL : done(&a->operations[i], *status);
    }
    weft_operation *found = wait_for_one(a, choice, deadline, status);
    withdraw(a, a->count, a->wait.chosen);
    return found;
}

static WEFTI_NOINLINE weft_operation *wait_small(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                 weft_choice choice, weft_deadline deadline, weft_status *status) {
    wefti_waiter waiters[WAITERS_ON_STACK];
    wefti_hints hints[1];
    uint64_t set[1];
    weft_alternation a;
    a.operations = operations;
    a.count = count;
    a.words = 1;
    a.waiters = waiters;
    a.hints = hints;
    a.set = set;
    a.turn = 0;
    a.kept = a.clocks = false;
    prepare(&a, self);
    choose_order(&a, choice);
    return enlist_and_wait(&a, choice, deadline, status);
}

/* An alternation with room for its waiters and hints, in one piece. */
static weft_alternation *allocate(weft_operation *operations, uint32_t count, wefti_strand *self) {
    uint32_t words = wefti_words(count);
    size_t waiters = count * sizeof(wefti_waiter), hints = words * sizeof(wefti_hints);
    weft_alternation *a = malloc(sizeof *a + waiters + hints + words * sizeof(uint64_t));
    if (a == NULL) return NULL;
    a->operations = operations;
    a->count = count;
    a->words = words;
    a->waiters = (wefti_waiter *)(a + 1);
    a->hints = (wefti_hints *)(void *)((char *)a->waiters + waiters);
    a->set = (uint64_t *)(void *)((char *)a->hints + hints);
    a->turn = 0;
    a->kept = a->clocks = false;
    wefti_atomic_init(&a->busy, 0u);
    choose_order(a, WEFT_FIRST_LISTED);
    prepare(a, self);
    return a;
}

static WEFTI_NOINLINE weft_operation *wait_large(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                 weft_choice choice, weft_deadline deadline, weft_status *status) {
    weft_alternation *a = allocate(operations, count, self);
    *status = WEFT_NO_MEMORY;
    if (a == NULL) return NULL;
    choose_order(a, choice);
    weft_operation *found = enlist_and_wait(a, choice, deadline, status);
    free(a);
    return found;
}

static WEFTI_NOINLINE weft_operation *look_at_many(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                   weft_choice choice, size_t turn, weft_status *status) {
    uint64_t *set = malloc(wefti_words(count) * sizeof *set);
    *status = set != NULL ? survey(operations, count, set) : WEFT_NO_MEMORY;
    weft_operation *found = NULL;
    if (*status == WEFT_OK) found = look_at(operations, count, self, choice, turn, set);
    free(set);
    return found;
}

static inline weft_operation *look(weft_operation *operations, uint32_t count, wefti_strand *self, weft_choice choice,
                                   size_t turn, weft_status *status) {
    uint64_t set[WORDS_ON_STACK];
    if (WEFTI_UNLIKELY(count > WORDS_ON_STACK * 64)) return look_at_many(operations, count, self, choice, turn, status);
    *status = survey(operations, count, set);
    return WEFTI_LIKELY(*status == WEFT_OK) ? look_at(operations, count, self, choice, turn, set) : NULL;
}

static weft_operation *end(wefti_strand *self, weft_operation *found, weft_status status) {
    self->last_status = found != NULL ? found->status : status;
    return found;
}

static weft_operation *alternate(weft_operation *operations, size_t count, weft_choice choice, size_t turn,
                                 weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    weft_status status = check_caller(self, choice);
    if (WEFTI_UNLIKELY(operations == NULL || count == 0 || count > MOST) && status == WEFT_OK) status = WEFT_INVALID;
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return wefti_fail(status);
    if (deadline > WEFT_NOW && !wefti_may_park(self)) return wefti_fail(WEFT_NO_MEMORY);
    weft_operation *found = look(operations, (uint32_t)count, self, choice, turn % count, &status);
    if (found != NULL || status != WEFT_OK) return end(self, found, status);
    if (deadline <= WEFT_NOW) return end(self, NULL, WEFT_TIMED_OUT);
    found = (count <= WAITERS_ON_STACK ? wait_small : wait_large)(operations, (uint32_t)count, self, choice, deadline,
                                                                  &status);
    return end(self, found, status);
}

weft_operation *weft_alternate(weft_operation *operations, size_t count, weft_choice choice, weft_deadline deadline) {
    return alternate(operations, count, choice, 0, deadline);
}

weft_operation *weft_alternate_in_turn(weft_operation *operations, size_t count, size_t *turn, weft_deadline deadline) {
    if (turn == NULL) return wefti_fail(WEFT_INVALID);
    weft_operation *found = alternate(operations, count, WEFT_IN_TURN, *turn, deadline);
    if (found != NULL) *turn = (size_t)(found - operations) + 1;
    return found;
}

/* ---- kept ---- */

static void hint_at_all(weft_alternation *a) {
    for (uint32_t i = 0; i < a->count; i++) hint_at(a, i);
}

static bool enlist_all(weft_alternation *a, weft_status *status) {
    for (uint32_t i = 0; i < a->count; i++) {
        prepare_waiter(a, i);
        a->clocks |= wefti_operation_due(&a->operations[i]) != WEFT_FOREVER;
        *status = wefti_operation_enlist(&a->operations[i], a->self, &a->waiters[i], WEFT_FOREVER);
        if (*status == WEFT_BUSY) continue;
        a->operations[i].wefti_used_by = NULL;
        withdraw(a, i, NULL);
        return false;
    }
    return true;
}

weft_alternation *weft_make_alternation(weft_operation *operations, size_t count) {
    wefti_strand *self = wefti_strand_self();
    weft_status status = check_caller(self, WEFT_FIRST_LISTED);
    if (status == WEFT_OK) status = check_all(operations, count);
    if (status != WEFT_OK) return wefti_fail(status);
    weft_alternation *a = allocate(operations, (uint32_t)count, self);
    if (a == NULL) return wefti_fail(WEFT_NO_MEMORY);
    a->kept = true;
    hint_at_all(a);
    if (!enlist_all(a, &status)) {
        free(a);
        return wefti_fail(status);
    }
    wefti_count_live(1);
    return a;
}

static weft_operation *alternate_again(weft_alternation *a, weft_choice choice, weft_deadline deadline,
                                       weft_status *status) {
    *status = WEFT_TIMED_OUT;
    if (a->clocks) hint_at_clocks(a, wefti_clock());
    weft_operation *found = look_at_hints(a, choice);
    if (found != NULL || deadline <= WEFT_NOW) return found;
    *status = WEFT_NO_MEMORY;
    if (!wefti_may_park(a->self)) return NULL;
    return wait_for_one(a, choice, deadline, status);
}

weft_operation *weft_alternate_again(weft_alternation *alternation, weft_choice choice, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    weft_status status = check_caller(self, choice);
    if (alternation == NULL) status = WEFT_INVALID;
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return wefti_fail(status);
    /* acquire: what the last user left; partner: the release below */
    if (wefti_exchange_acquire(&alternation->busy, 1u) != 0) return wefti_fail(WEFT_BUSY);
    alternation->self = alternation->wait.strand = self;
    weft_operation *found = alternate_again(alternation, choice, deadline, &status);
    if (found != NULL) alternation->turn = (size_t)(found - alternation->operations) + 1;
    self->last_status = found != NULL ? found->status : status;
    wefti_store_release(&alternation->busy, 0u);
    return found;
}

weft_status weft_free_alternation(weft_alternation *alternation) {
    if (alternation == NULL) return WEFT_OK;
    if (wefti_exchange_acquire(&alternation->busy, 1u) != 0) return WEFT_BUSY; /* as above */
    withdraw(alternation, alternation->count, NULL);
    free(alternation);
    wefti_count_live(-1);
    return WEFT_OK;
}
