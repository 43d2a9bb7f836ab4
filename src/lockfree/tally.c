/* SPDX-License-Identifier: MIT */
/* tally.c - counting out, and the end of a tally. The protocol is told in tally.h. */
#include "lockfree/tally.h"

static uint32_t net_of(uint64_t word) { return (uint32_t)(word >> 32); }

static uint32_t references_of(uint64_t word) { return (uint32_t)word; }

void wefti_tally_init(wefti_tally *tally) {
    wefti_atomic_init(&tally->owner, NULL);
    wefti_atomic_init(&tally->in, 0u);
    wefti_atomic_init(&tally->out, 0u);
    wefti_atomic_init(&tally->carried, 0u);
    wefti_atomic_init(&tally->known, 0u);
    wefti_atomic_init(&tally->word, WEFTI_TALLY_REFERENCE);
}

/* Whether more than `count` are in the word. */
static bool more_than(wefti_tally *tally, uint64_t word, uint32_t count) {
    if ((int32_t)(wefti_load_relaxed(&tally->known) + net_of(word) - count) > 0) return true; /* relaxed: a bound */
    uint32_t in = wefti_load_relaxed(&tally->in); /* relaxed: read after the word, whose acquire orders it */
    wefti_store_relaxed(&tally->known, in);
    return in + net_of(word) != count;
}

static bool take_out(wefti_tally *tally, uint32_t count) {
    uint64_t word = wefti_load_acquire(&tally->word); /* acquire, and that of a cas that failed: see below */
    while (more_than(tally, word, count))
        /* acq_rel: what was done before is seen by who finds nothing left, and by the next one out that the things
         * counted out here had been counted in. Partners: each other, wefti_tally_release, wefti_tally_count. */
        if (wefti_cas_acq_rel(&tally->word, &word, word - count * WEFTI_TALLY_ONE)) return false;
    wefti_add_acq_rel(&tally->word, WEFTI_TALLY_REFERENCE - count * WEFTI_TALLY_ONE); /* as above */
    return true;
}

bool wefti_tally_out(wefti_tally *tally) { return take_out(tally, 1); }

bool wefti_tally_carry(wefti_tally *tally) {
    uint32_t out = wefti_load_relaxed(&tally->out), carried = wefti_load_relaxed(&tally->carried);
    /* relaxed: released by the update of the word, so that who finds it there does not count it as out twice. */
    wefti_store_relaxed(&tally->carried, out);
    return take_out(tally, out - carried);
}

bool wefti_tally_release(wefti_tally *tally) {
    uint64_t word = wefti_load_acquire(&tally->word); /* partner: the acq_rel in take_out */
    do {
        if (references_of(word) == 1 && !more_than(tally, word, 0)) return true;
    } while (!wefti_cas_acq_rel(&tally->word, &word, word - WEFTI_TALLY_REFERENCE)); /* acq_rel: as in take_out */
    return false;
}

uint32_t wefti_tally_count(const wefti_tally *tally) {
    /* In this order what is found is never too little. acquire: what was counted out had been counted in, and what it
     * did is seen; partners: wefti_tally_out_own, take_out. */
    uint32_t out = wefti_load_acquire(&tally->out);
    uint64_t word = wefti_load_acquire(&tally->word);
    uint32_t carried = wefti_load_relaxed(&tally->carried);
    return wefti_load_relaxed(&tally->in) - out + carried + net_of(word);
}
