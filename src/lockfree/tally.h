/* SPDX-License-Identifier: MIT */
/* tally.h - counting things in and out, knowing the last one out, and who may free the count: cheap for one owner.
 *
 * Idea: one worker, the owner, counts in and out with plain stores of its own; everybody else by updates of a word.
 * What the owner has counted out it carries over to the word many at a time, and may do so late as long as one more is
 * in that only the owner can count out: nothing could end before that one.
 *
 *   in, out   by the owner alone: all that it counted in and out           outstanding:  in - out + carried + net
 *   carried   by the owner alone: what of `out` has come to the word       in the word:  in + net
 *   word      high half `net`: in by others - out by others - carried;  low half: references
 *
 * Who takes something out of the word reads the word and then `in`. It sees at least those counted in whose counting
 * out it finds in the word, and its own; so what it finds left is never too much, and the last one finds nothing left.
 * It then has a reference, looks again with a lock held that those who wait also take, and gives the reference up.
 * `known` is some value that `in` once had: where that is enough to see that others are left, `in` is not read, and its
 * line stays with the owner.
 *
 * The counted object lives while something is in the word or a reference is held. All differences are modulo 2^32.
 *
 * Invariants: Y1 known <= in; Y2 carried <= out; Y3 known + net is never below 0.
 * Source: biased reference counting (Choi, Shull, Torrellas 2018); here the owner's part is read by all, and what it
 * counts out is carried over by itself alone.
 */
#ifndef WEFTI_TALLY_H
#define WEFTI_TALLY_H

#include "base/atomic.h"

#define WEFTI_TALLY_REFERENCE UINT64_C(1)
#define WEFTI_TALLY_ONE (UINT64_C(1) << 32)

typedef struct wefti_tally {
    WEFTI_ATOMIC(const void *) owner; /* NULL until a first one comes, then for ever; with what is rarely written */
    WEFTI_ALIGNED(WEFTI_LINE) WEFTI_ATOMIC(uint32_t) in;
    WEFTI_ATOMIC(uint32_t) out, carried;
    WEFTI_ALIGNED(WEFTI_LINE) WEFTI_ATOMIC(uint64_t) word;
    WEFTI_ATOMIC(uint32_t) known;
} wefti_tally;

/* Nothing counted, one reference. */
void wefti_tally_init(wefti_tally *tally);

/* Whether this is the owner; the first who asks becomes it. `me` is not NULL. */
static inline bool wefti_tally_owns(wefti_tally *tally, const void *me) {
    const void *owner = wefti_load_relaxed(&tally->owner); /* relaxed, both: the owner alone acts on it */
    if (WEFTI_LIKELY(owner != NULL)) return owner == me;
    return wefti_cas_relaxed(&tally->owner, &owner, me);
}

static inline bool wefti_tally_is_owner(const wefti_tally *tally, const void *me) {
    return wefti_load_relaxed(&tally->owner) == me; /* relaxed: as above */
}

/* Single writer. relaxed: who counts it out was handed the thing, and whoever submitted more knows of it. */
static inline void wefti_tally_in_own(wefti_tally *tally) {
    wefti_store_relaxed(&tally->in, wefti_load_relaxed(&tally->in) + 1);
}

static inline void wefti_tally_in(wefti_tally *tally) {
    wefti_add_relaxed(&tally->word, WEFTI_TALLY_ONE); /* relaxed: as above */
}

/* Owner, later to carry over: what was done before is seen by who finds nothing outstanding. */
static inline void wefti_tally_out_own(wefti_tally *tally) {
    wefti_store_release(&tally->out, wefti_load_relaxed(&tally->out) + 1); /* partner: wefti_tally_count */
}

/* false: others are left, and the tally may be gone. true: none seems to be, and the caller has a reference. */
bool wefti_tally_out(wefti_tally *tally);
bool wefti_tally_carry(wefti_tally *tally); /* owner */

/* Gives up a reference. true: it was the last, and nothing is left: the caller frees the tally. */
bool wefti_tally_release(wefti_tally *tally);

/* How many are outstanding: never fewer than those that the caller knows of. */
uint32_t wefti_tally_count(const wefti_tally *tally);

#endif
