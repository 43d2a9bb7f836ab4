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
#include <string.h>

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
    uint64_t *pending;         /* hints that the owner has taken, and not yet looked at the places of */
    weft_operation *originals; /* the caller's, if `operations` are a copy: a thread that may vanish; else NULL */
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

/* The status of the first that is wrong, up to `last`, which is. */
static WEFTI_NOINLINE weft_status first_wrong(const weft_operation *operations, const weft_operation *last) {
    weft_status status = WEFT_OK;
    for (; status == WEFT_OK && operations <= last; operations++) status = wefti_operation_check(operations);
    return status;
}

/* Checks those before `end`, one by one, and adds those that are promising to the set. */
static WEFTI_NOINLINE weft_status survey_carefully(const weft_operation *operations, const weft_operation *end,
                                                   uint64_t set, uint64_t *word) {
    for (const weft_operation *operation = end; operation-- != operations;) {
        if (WEFTI_UNLIKELY(wefti_operation_check(operation) != WEFT_OK)) return first_wrong(operations, operation);
        set = 2 * set + wefti_operation_promising(operation);
    }
    *word = set;
    return WEFT_OK;
}

/* Checks at most 64 operations, and notes in *word which are promising. From the last on, so that each bit costs one
 * instruction; no branch by what is found, which would be predicted wrong, and one check of all of them. */
static weft_status survey_word(const weft_operation *operations, uint32_t count, uint64_t *word) {
    uint64_t idle = 0, unusual = 0;
    const weft_operation *operation = operations + count;
    if (wefti_operation_unusual(operation - 1) != 0) return survey_carefully(operations, operation, 0, word);
    for (; operation != operations && WEFTI_LIKELY(wefti_operation_receives(operation - 1)); operation--) {
        wefti_receive_unusual(operation - 1, &unusual);
        idle = idle + idle + (wefti_operation_ready(operation - 1) < 1);
    }
    if (WEFTI_UNLIKELY(unusual != 0)) return survey_carefully(operations, operations + count, 0, word);
    *word = ~idle;
    size_t seen = (size_t)(operations + count - operation);
    if (seen < 64) *word &= (UINT64_C(1) << seen) - 1;
    return WEFTI_LIKELY(operation == operations) ? WEFT_OK : survey_carefully(operations, operation, *word, word);
}

/* The same of all; *any: whether one is promising. */
static inline weft_status survey(const weft_operation *operations, uint32_t count, uint64_t *set, bool *any) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < count; i += 64) {
        weft_status status = survey_word(operations + i, WEFTI_MIN(count - i, 64), &set[i / 64]);
        if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
        all |= set[i / 64];
    }
    *any = all != 0;
    return WEFT_OK;
}

/* One that can be done, first of those in the set, which is used up. */
static weft_operation *look_at(weft_operation *operations, uint32_t count, wefti_strand *self, weft_choice choice,
                               size_t turn, uint64_t *set) {
    uint32_t words = wefti_words(count), place;
    while ((place = wefti_choose(set, words, choice, turn)) != UINT32_MAX) {
        weft_status status = wefti_operation_try_alone(&operations[place], self);
        if (status != WEFT_BUSY && status != WEFT_TIMED_OUT) return done(&operations[place], status);
        set[place / 64] &= ~(UINT64_C(1) << place % 64);
    }
    return NULL;
}

/* ---- enlisting and withdrawing ---- */

static void prepare(weft_alternation *a, wefti_strand *self) {
    wefti_wait_init(&a->wait, self, "alternation", NULL);
    wefti_atomic_init(&a->wait.claim, (uint32_t)WEFTI_AWAY);
    a->wait.killable = true;
    a->wait.hints = a->hints;
    a->wait.kernel = wefti_io_kernel(self);
    a->wait.chosen = NULL;
    a->self = self;
    for (uint32_t w = 0; w < a->words; w++) {
        wefti_atomic_init(&a->hints[w], UINT64_C(0));
        a->pending[w] = 0;
    }
}

static inline void prepare_waiter(weft_alternation *a, uint32_t place, bool kept) {
    wefti_waiter *waiter = &a->waiters[place];
    waiter->wait = &a->wait;
    waiter->condition = NULL;
    waiter->place = place;
    waiter->listed = false;
    waiter->shared = true;
    waiter->result = false;
    waiter->kept = kept;
    a->operations[place].wefti_used_by = a;
}

/* The place to be enlisted after this one. */
static inline uint32_t next_place(const weft_alternation *a, uint32_t place) {
    place += a->step;
    return place < a->count ? place : place - a->count;
}

/* Where several operations wait at one channel, the first enlisted is served: for a fair choice, forward or backward
 * from any place. */
static void choose_order(weft_alternation *a, weft_choice choice) {
    bool fair = choice == WEFT_FAIR && a->count > 1;
    a->begin = fair ? wefti_chance(a->count) : 0;
    a->step = fair && wefti_chance(2) != 0 ? a->count - 1 : 1;
}

/* ---- the short ways into and out of a list: a ring, and nothing unusual ---- */

static inline wefti_waiters *ring_list(const weft_operation *operation, weft_channel *channel) {
    return operation->kind == WEFT_OPERATION_SEND ? &channel->senders : &channel->receivers;
}

/* Inside: that the operation has to wait, as mostly after a look at all. */
static inline bool has_to_wait(const weft_operation *operation, const weft_channel *channel) {
    uint32_t count = wefti_load_relaxed(&channel->count); /* relaxed: inside */
    if (operation->kind == WEFT_OPERATION_RECEIVE) return count == 0 && wefti_first(&channel->senders) == NULL;
    return count >= channel->capacity && wefti_first(&channel->receivers) == NULL;
}

/* Of a ring, as far as one can see from outside. */
static inline bool is_plain(const weft_operation *operation) {
    bool plain = operation->kind == WEFT_OPERATION_RECEIVE || operation->kind == WEFT_OPERATION_SEND;
    return plain && wefti_odd(operation->on.channel) == 0;
}

/* Gets inside, and counts towards a bias. worker: the caller's, NULL for a thread. */
static inline wefti_way enter_ring(weft_channel *channel, wefti_worker *worker) {
    if (WEFTI_LIKELY(worker != NULL && wefti_bias_enter(channel, worker))) return WEFTI_BIASED;
    if (worker != NULL)
        wefti_bias_lock(channel, worker);
    else
        wefti_channel_lock(channel);
    return WEFTI_LOCKED;
}

/* false: it is to be gone the longer way. */
static inline bool enlist_shortly(const weft_alternation *a, const weft_operation *operation, wefti_waiter *waiter) {
    if (!is_plain(operation)) return false;
    weft_channel *channel = operation->on.channel;
    wefti_way way = enter_ring(channel, a->self->worker);
    bool enlists = wefti_odd(channel) == 0 && has_to_wait(operation, channel);
    if (WEFTI_LIKELY(enlists)) {
        waiter->slot = operation->element;
        wefti_waiter_enlist(ring_list(operation, channel), waiter);
    }
    wefti_way_leave(channel, a->self->worker, way);
    return enlists;
}

static inline bool withdraw_shortly(const weft_alternation *a, const weft_operation *operation, wefti_waiter *waiter) {
    if (!is_plain(operation)) return false;
    weft_channel *channel = operation->on.channel;
    wefti_way way = enter_ring(channel, a->self->worker);
    bool plain = wefti_odd(channel) == 0;
    if (WEFTI_LIKELY(plain && waiter->listed))
        wefti_waiter_unlist(ring_list(operation, channel), waiter);
    else if (plain)
        channel->leaving--;
    wefti_way_leave(channel, a->self->worker, way);
    return plain;
}

/* Takes out the first `count`; but: the one that was won through its channel, or NULL. */
static void withdraw(weft_alternation *a, uint32_t count, const wefti_waiter *but) {
    for (uint32_t n = 0, i = a->begin; n < count; n++, i = next_place(a, i)) {
        weft_operation *operation = &a->operations[i];
        wefti_waiter *waiter = &a->waiters[i];
        operation->wefti_used_by = NULL;
        if (waiter == but || WEFTI_LIKELY(withdraw_shortly(a, operation, waiter))) continue;
        wefti_operation_withdraw(operation, waiter);
    }
}

/* ---- opening, parking, and what came of it ---- */

/* The place is to be looked at, in this round or the next. */
static inline void look_again_at(weft_alternation *a, uint32_t place) {
    a->pending[place / 64] |= UINT64_C(1) << place % 64;
}

/* The short way of a receive from a ring; the sender, if there is one, waits for nothing else. *more: there is more.
 * false: it is to be gone the longer way. */
static inline bool receive_shortly(const weft_alternation *a, const weft_operation *operation, weft_status *status,
                                   bool *more) {
    weft_channel *channel = operation->on.channel;
    if (operation->kind != WEFT_OPERATION_RECEIVE || wefti_odd(channel) != 0) return false;
    wefti_way way = enter_ring(channel, a->self->worker);
    uint32_t count = wefti_load_relaxed(&channel->count); /* relaxed: inside */
    wefti_waiter *sender = wefti_first(&channel->senders);
    bool plain = wefti_odd(channel) == 0 && (sender == NULL || (count == 0 && !sender->shared));
    const wefti_condition *condition = NULL;
    if (plain && sender != NULL) {
        wefti_waiters_claim_first(&channel->senders, sender, WEFT_OK);
        condition = sender->condition;
        if (condition == NULL && operation->element != NULL)
            wefti_copy(operation->element, sender->slot, channel->element_size);
    } else if (plain && count != 0) {
        condition = wefti_ring_take(channel, operation->element);
    }
    *more = count > 1 || wefti_first(&channel->senders) != NULL;
    wefti_way_leave(channel, a->self->worker, way);
    *status = sender == NULL && count == 0 ? WEFT_BUSY : wefti_received(a->self, condition);
    if (plain && sender != NULL) wefti_sender_served(sender, WEFT_OK);
    return plain;
}

/* What pends, or is hinted at. WEFT_TIMED_OUT: somebody else held the channel's own lock until the deadline; what the
 * hint was about is still to be looked at, since nobody comes to repeat it when the lock is given back. */
static weft_status try_hinted(weft_alternation *a, uint32_t place, weft_deadline deadline) {
    uint64_t bit = UINT64_C(1) << place % 64;
    a->pending[place / 64] &= ~bit;
    /* Hinted at once more since: this is the look. relaxed, all: before the lock, see take_hints; the owner alone looks
     */
    if (WEFTI_UNLIKELY((wefti_load_relaxed(&a->hints[place / 64]) & bit) != 0))
        wefti_and_relaxed(&a->hints[place / 64], ~bit);
    weft_operation *operation = &a->operations[place];
    weft_status status;
    bool more;
    if (!receive_shortly(a, operation, &status, &more)) {
        status = wefti_operation_try(operation, a->self, &a->wait, deadline);
        /* Ends last, and there may be more. What comes after the try leaves a hint by itself. */
        more = status != WEFT_BUSY && (status != WEFT_OK || wefti_operation_promising(operation));
    }
    if (WEFTI_UNLIKELY(status == WEFT_TIMED_OUT)) /* not among those that pend, which this round goes through */
        wefti_or_relaxed(&a->hints[place / 64], bit);
    else if (more && a->kept)
        look_again_at(a, place);
    return status;
}

/* Takes the hints, before the lock of any of their things is taken: see wefti_waiter_claim. false: nothing pends. */
static inline bool take_hints(weft_alternation *a) {
    uint64_t any = 0;
    for (uint32_t w = 0; w < a->words; w++) {
        /* relaxed, both: the lock orders it */
        if (wefti_load_relaxed(&a->hints[w]) != 0) a->pending[w] |= wefti_exchange_relaxed(&a->hints[w], UINT64_C(0));
        any |= a->pending[w];
    }
    return any != 0;
}

/* The wait is AWAY: tries what pends. NULL: nothing can be done; a->locked then is a place whose channel is locked. */
static weft_operation *look_at_hints(weft_alternation *a, weft_choice choice) {
    uint32_t place;
    a->locked = UINT32_MAX;
    if (!take_hints(a)) return NULL;
    while ((place = wefti_choose(a->pending, a->words, choice, a->turn)) != UINT32_MAX) {
        weft_status status = try_hinted(a, place, WEFT_NOW);
        if (status == WEFT_TIMED_OUT) a->locked = place;
        if (status != WEFT_TIMED_OUT && status != WEFT_BUSY) return done(&a->operations[place], status);
    }
    return NULL;
}

static void look_at_due(weft_alternation *a, weft_deadline now) {
    for (uint32_t i = 0; i < a->count; i++)
        if (wefti_operation_due(&a->operations[i]) <= now) look_again_at(a, i);
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

/* What the thread was handed, or found: a message goes with it; an end or a state is found anew by the next. */
static void drop_chosen(weft_alternation *a) {
    wefti_waiter *waiter = a->wait.chosen;
    weft_operation *operation = &a->operations[waiter->place];
    bool of_channel = wefti_operation_is_of_channel(operation);
    if (of_channel && operation->kind != WEFT_OPERATION_SEND)
        wefti_handed_to_the_dead(waiter, wefti_channel_destroyer(operation->on.channel));
    waiter->condition = NULL;
    if (a->kept) look_again_at(a, waiter->place);
}

static void leave_berth(const weft_alternation *a);

/* From a wait that somebody has won, the owner itself if nobody else: nobody claims what is claimed. release: who finds
 * it AWAY finds elsewhere what its winner did before; partner: wefti_waiter_claim */
static void be_away_again(weft_alternation *a) { wefti_store_release(&a->wait.claim, (uint32_t)WEFTI_AWAY); }

/* A thread is cancelled where it waits: it wins the wait itself, or waits for who has. One that is kept is there for
 * the next, as after a round. */
static void leave_places(void *argument) {
    weft_alternation *a = argument;
    if (!wefti_wait_given_up(&a->wait) && a->wait.chosen != NULL) drop_chosen(a);
    if (a->kept) {
        be_away_again(a);
        wefti_store_release(&a->busy, 0u); /* partner: weft_alternate_again */
        return;
    }
    withdraw(a, a->count, a->wait.chosen);
    if (a->originals != NULL)
        leave_berth(a);
    else if (a->count > WAITERS_ON_STACK)
        free(a);
}

static weft_status park(weft_alternation *a, weft_deadline deadline) {
    return wefti_park_mortal(&a->wait, deadline, leave_places, a);
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
        if (lasts) look_again_at(a, waiter->place);
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
            be_away_again(a);
            if (waiter != NULL) return chosen(a, *status);
            if (*status != WEFT_TIMED_OUT || due == deadline) return NULL;
            look_at_due(a, wefti_clock());
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
    for (uint32_t n = 0, i = a->begin; n < a->count; n++, i = next_place(a, i)) {
        weft_operation *operation = &a->operations[i];
        prepare_waiter(a, i, false);
        if (WEFTI_LIKELY(enlist_shortly(a, operation, &a->waiters[i]))) continue;
        a->clocks |= wefti_operation_due(operation) != WEFT_FOREVER;
        *status = wefti_operation_enlist(operation, a->self, &a->waiters[i], deadline);
        if (WEFTI_LIKELY(*status == WEFT_BUSY)) continue;
        operation->wefti_used_by = NULL;
        withdraw(a, n, NULL);
        bool undone = *status == WEFT_TIMED_OUT || *status == WEFT_NO_KERNEL;
        return undone ? NULL : done(operation, *status);
    }
    weft_operation *found = wait_for_one(a, choice, deadline, status);
    withdraw(a, a->count, a->wait.chosen);
    return found;
}

static WEFTI_NOINLINE weft_operation *wait_small(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                 weft_choice choice, weft_deadline deadline, weft_status *status) {
    wefti_waiter waiters[WAITERS_ON_STACK];
    wefti_hints hints[1];
    uint64_t pending[1];
    weft_alternation a;
    a.operations = operations;
    a.count = count;
    a.words = 1;
    a.waiters = waiters;
    a.hints = hints;
    a.pending = pending;
    a.originals = NULL;
    a.turn = 0;
    a.kept = a.clocks = false;
    prepare(&a, self);
    choose_order(&a, choice);
    return enlist_and_wait(&a, choice, deadline, status);
}

/* An alternation with room for its waiters and hints, in one piece. */
static size_t size_for(uint32_t count) {
    size_t each = sizeof(wefti_hints) + sizeof(uint64_t);
    return sizeof(weft_alternation) + count * sizeof(wefti_waiter) + wefti_words(count) * each;
}

static weft_alternation *lay_out(weft_alternation *a, weft_operation *operations, uint32_t count, wefti_strand *self) {
    a->operations = operations;
    a->originals = NULL;
    a->count = count;
    a->words = wefti_words(count);
    a->waiters = (wefti_waiter *)(a + 1);
    a->hints = (wefti_hints *)(void *)(a->waiters + count);
    a->pending = (uint64_t *)(void *)(a->hints + a->words);
    a->turn = 0;
    a->kept = a->clocks = false;
    wefti_atomic_init(&a->busy, 0u);
    choose_order(a, WEFT_FIRST_LISTED);
    prepare(a, self);
    return a;
}

static weft_alternation *allocate(weft_operation *operations, uint32_t count, wefti_strand *self) {
    weft_alternation *a = malloc(size_for(count));
    return a != NULL ? lay_out(a, operations, count, self) : NULL;
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

/* ---- one time, on a plain thread: with memory that outlives it ---- */

static size_t filled_up(size_t size) { return (size + 15) & ~(size_t)15; }

static bool is_to_be_written(const weft_operation *operation) {
    return wefti_operation_is_of_channel(operation) && operation->kind != WEFT_OPERATION_SEND &&
           operation->element != NULL;
}

static size_t room_for_elements(const weft_operation *operations, uint32_t count) {
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        if (is_to_be_written(&operations[i])) size += filled_up(operations[i].size);
    return size;
}

/* Copies of the operations, which receive into rooms beside them. What is sent is read where it lies, as it is when
 * that is done. */
static void copy_operations(weft_alternation *a, weft_operation *originals, char *room) {
    a->originals = originals;
    memcpy(a->operations, originals, a->count * sizeof *originals);
    for (uint32_t i = 0; i < a->count; i++) {
        originals[i].wefti_used_by = a;
        if (!is_to_be_written(&originals[i])) continue;
        a->operations[i].element = room;
        room += filled_up(originals[i].size);
    }
}

static void leave_berth(const weft_alternation *a) {
    for (uint32_t i = 0; i < a->count; i++) a->originals[i].wefti_used_by = NULL;
    wefti_berth_give(&wefti_thread_of_strand(a->self)->berth);
}

static weft_operation *found_in_berth(const weft_alternation *a, const weft_operation *found) {
    if (found == NULL) return NULL;
    weft_operation *original = &a->originals[found - a->operations];
    if (found->status == WEFT_OK && is_to_be_written(original))
        memcpy(original->element, found->element, original->size);
    return done(original, found->status);
}

/* NULL: there is no memory, or an alternation around this one uses it. */
static weft_alternation *take_berth(weft_operation *operations, uint32_t count, wefti_strand *self) {
    wefti_berth *berth = &wefti_thread_of_strand(self)->berth;
    size_t own = filled_up(size_for(count)), copies = count * sizeof *operations;
    char *memory = wefti_berth_take(berth, own + filled_up(copies) + room_for_elements(operations, count));
    if (memory == NULL) return NULL;
    weft_alternation *a = (weft_alternation *)(void *)memory;
    lay_out(a, (weft_operation *)(void *)(memory + own), count, self);
    copy_operations(a, operations, memory + own + filled_up(copies));
    wefti_berth_watch(berth, &a->wait, count);
    return a;
}

static WEFTI_NOINLINE weft_operation *wait_in_thread(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                     weft_choice choice, weft_deadline deadline, weft_status *status) {
    weft_alternation *a = take_berth(operations, count, self);
    if (a == NULL)
        return (count <= WAITERS_ON_STACK ? wait_small : wait_large)(operations, count, self, choice, deadline, status);
    choose_order(a, choice);
    weft_operation *found = found_in_berth(a, enlist_and_wait(a, choice, deadline, status));
    leave_berth(a);
    return found;
}

/* At most 64. */
static inline weft_operation *look_at_few(weft_operation *operations, uint32_t count, wefti_strand *self,
                                          weft_choice choice, size_t turn, weft_status *status) {
    uint64_t set;
    *status = survey_word(operations, count, &set);
    if (*status != WEFT_OK || set == 0) return NULL;
    if (WEFTI_UNLIKELY((set & (set - 1)) != 0)) return look_at(operations, count, self, choice, turn, &set);
    uint32_t place = (uint32_t)__builtin_ctzll(set);
    weft_status of_it = wefti_operation_try_alone(&operations[place], self);
    return WEFTI_LIKELY(of_it != WEFT_BUSY && of_it != WEFT_TIMED_OUT) ? done(&operations[place], of_it) : NULL;
}

static WEFTI_NOINLINE weft_operation *look_at_many(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                   weft_choice choice, size_t turn, weft_status *status) {
    uint64_t *set = malloc(wefti_words(count) * sizeof *set);
    bool any = false;
    *status = set != NULL ? survey(operations, count, set, &any) : WEFT_NO_MEMORY;
    weft_operation *found = NULL;
    if (any && *status == WEFT_OK) found = look_at(operations, count, self, choice, turn, set);
    free(set);
    return found;
}

static weft_operation *look(weft_operation *operations, uint32_t count, wefti_strand *self, weft_choice choice,
                            size_t turn, weft_status *status) {
    uint64_t set[WORDS_ON_STACK];
    if (WEFTI_LIKELY(count <= 64)) return look_at_few(operations, count, self, choice, turn, status);
    if (WEFTI_UNLIKELY(count > WORDS_ON_STACK * 64)) return look_at_many(operations, count, self, choice, turn, status);
    bool any = false;
    *status = survey(operations, count, set, &any);
    return any && WEFTI_LIKELY(*status == WEFT_OK) ? look_at(operations, count, self, choice, turn, set) : NULL;
}

/* Where one operation can be done until another can, a look may come to the one too late, and to the other too early.
 * Then the next look finds the other: who sees the end of the one sees what came before it (see
 * wefti_operation_promising). So nothing that is handed over once during the call is missed. */
bool wefti_operations_after_all(const weft_operation *operations, const weft_operation *end) {
    uint64_t any = 0;
    for (; operations != end && WEFTI_LIKELY(operations->kind == WEFT_OPERATION_RECEIVE); operations++)
        any |= wefti_operation_ready(operations) | wefti_odd(operations->on.channel);
    return any != 0 || operations != end;
}

static inline bool may_park(wefti_strand *self) {
    if (WEFTI_LIKELY(self->worker != NULL && self->worker->idle != NULL)) return true;
    return wefti_may_park(self);
}

static weft_operation *end(wefti_strand *self, weft_operation *found, weft_status status) {
    self->last_status = (uint16_t)(found != NULL ? found->status : status);
    return found;
}

/* The look was in vain, and nobody waits. */
static WEFTI_NOINLINE weft_operation *look_again(weft_operation *operations, uint32_t count, wefti_strand *self,
                                                 weft_choice choice, size_t turn) {
    weft_status status = WEFT_OK;
    weft_operation *found = NULL;
    if (count != 1 && wefti_operations_after_all(operations, operations + count))
        found = look(operations, count, self, choice, turn, &status);
    return end(self, found, status == WEFT_OK ? WEFT_TIMED_OUT : status);
}

/* turn: less than count, or 0. */
static weft_operation *alternate(weft_operation *operations, size_t count, weft_choice choice, size_t turn,
                                 weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    weft_status status = check_caller(self, choice);
    if (WEFTI_UNLIKELY(operations == NULL || count == 0 || count > MOST) && status == WEFT_OK) status = WEFT_INVALID;
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return wefti_fail(status);
    if (deadline > WEFT_NOW && !may_park(self)) return wefti_fail(WEFT_NO_MEMORY);
    weft_operation *found = look(operations, (uint32_t)count, self, choice, turn, &status);
    if (found != NULL || status != WEFT_OK) return end(self, found, status);
    if (deadline <= WEFT_NOW) return look_again(operations, (uint32_t)count, self, choice, turn);
    if (WEFTI_UNLIKELY(self->worker == NULL))
        found = wait_in_thread(operations, (uint32_t)count, self, choice, deadline, &status);
    else
        found = (count <= WAITERS_ON_STACK ? wait_small : wait_large)(operations, (uint32_t)count, self, choice,
                                                                      deadline, &status);
    wefti_die_if_killed(found == NULL ? status : WEFT_OK);
    return end(self, found, status);
}

weft_operation *weft_alternate(weft_operation *operations, size_t count, weft_choice choice, weft_deadline deadline) {
    return alternate(operations, count, choice, 0, deadline);
}

weft_operation *weft_alternate_in_turn(weft_operation *operations, size_t count, size_t *turn, weft_deadline deadline) {
    if (turn == NULL) return wefti_fail(WEFT_INVALID);
    weft_operation *found = alternate(operations, count, WEFT_IN_TURN, count != 0 ? *turn % count : 0, deadline);
    if (found != NULL) *turn = (size_t)(found - operations) + 1;
    return found;
}

/* ---- kept ---- */

static void look_at_all(weft_alternation *a) {
    for (uint32_t i = 0; i < a->count; i++) look_again_at(a, i);
}

static bool enlist_all(weft_alternation *a, weft_status *status) {
    for (uint32_t i = 0; i < a->count; i++) {
        prepare_waiter(a, i, true);
        a->clocks |= wefti_operation_due(&a->operations[i]) != WEFT_FOREVER;
        if (WEFTI_LIKELY(enlist_shortly(a, &a->operations[i], &a->waiters[i]))) continue;
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
    look_at_all(a);
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
    if (a->clocks) look_at_due(a, wefti_clock());
    weft_operation *found = look_at_hints(a, choice);
    if (found == NULL && deadline <= WEFT_NOW) found = look_at_hints(a, choice); /* as wefti_operations_after_all */
    if (found != NULL || deadline <= WEFT_NOW) return found;
    *status = WEFT_NO_MEMORY;
    if (!may_park(a->self)) return NULL;
    return wait_for_one(a, choice, deadline, status);
}

/* The caller is alone with it. */
static inline weft_operation *do_round(weft_alternation *a, wefti_strand *self, weft_choice choice,
                                       weft_deadline deadline, weft_status *status) {
    a->self = a->wait.strand = self;
    weft_operation *found = alternate_again(a, choice, deadline, status);
    if (found != NULL) a->turn = (size_t)(found - a->operations) + 1;
    self->last_status = (uint16_t)(found != NULL ? found->status : *status);
    return found;
}

weft_operation *weft_alternate_again(weft_alternation *alternation, weft_choice choice, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    weft_status status = check_caller(self, choice);
    if (alternation == NULL) status = WEFT_INVALID;
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return wefti_fail(status);
    /* acquire: what the last user left; partner: the release below */
    if (wefti_exchange_acquire(&alternation->busy, 1u) != 0) return wefti_fail(WEFT_BUSY);
    weft_operation *found = do_round(alternation, self, choice, deadline, &status);
    wefti_store_release(&alternation->busy, 0u);
    wefti_die_if_killed(found == NULL ? status : WEFT_OK);
    return found;
}

weft_operation *wefti_alternate_alone(weft_alternation *alternation, weft_choice choice, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    weft_status status = check_caller(self, choice);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return wefti_fail(status);
    weft_operation *found = do_round(alternation, self, choice, deadline, &status);
    wefti_die_if_killed(found == NULL ? status : WEFT_OK);
    return found;
}

weft_status weft_free_alternation(weft_alternation *alternation) {
    if (alternation == NULL) return WEFT_OK;
    if (wefti_exchange_acquire(&alternation->busy, 1u) != 0) return WEFT_BUSY; /* as above */
    wefti_strand nobody = {.worker = NULL};
    alternation->self =
        wefti_strand_now != NULL ? wefti_strand_now : &nobody; /* not who used it last: see enter_ring */
    withdraw(alternation, alternation->count, NULL);
    free(alternation);
    wefti_count_live(-1);
    return WEFT_OK;
}
