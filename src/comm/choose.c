/* SPDX-License-Identifier: MIT */
/* choose.c - which of the operations that can be done is done. */
#include "comm/alternate.h"
#include "os/chance.h"

static uint32_t first_from(const uint64_t *set, uint32_t words, size_t from) {
    for (uint32_t w = (uint32_t)(from / 64); w < words; w++) {
        uint64_t word = set[w];
        if (w == from / 64) word &= ~UINT64_C(0) << from % 64;
        if (word != 0) return w * 64 + (uint32_t)__builtin_ctzll(word);
    }
    return UINT32_MAX;
}

/* The one with `skip` others before it. */
static uint32_t nth(const uint64_t *set, uint32_t words, uint32_t skip) {
    for (uint32_t w = 0; w < words; w++) {
        uint64_t word = set[w];
        uint32_t here = (uint32_t)__builtin_popcountll(word);
        if (skip >= here) {
            skip -= here;
            continue;
        }
        for (; skip > 0; skip--) word &= word - 1;
        return w * 64 + (uint32_t)__builtin_ctzll(word);
    }
    return UINT32_MAX;
}

uint32_t wefti_choose(const uint64_t *set, uint32_t words, weft_choice choice, size_t turn) {
    if (choice == WEFT_FIRST_LISTED) return first_from(set, words, 0);
    if (choice == WEFT_IN_TURN) {
        uint32_t place = first_from(set, words, turn);
        return place != UINT32_MAX ? place : first_from(set, words, 0);
    }
    if (words == 1 && (set[0] & (set[0] - 1)) == 0) /* most often: none or one */
        return set[0] != 0 ? (uint32_t)__builtin_ctzll(set[0]) : UINT32_MAX;
    uint32_t all = 0, last = 0;
    for (uint32_t w = 0; w < words; w++) {
        if (set[w] == 0) continue;
        all += (uint32_t)__builtin_popcountll(set[w]);
        last = w;
    }
    if (all == 0) return UINT32_MAX;
    return all == 1 ? last * 64 + (uint32_t)__builtin_ctzll(set[last]) : nth(set, words, wefti_chance(all));
}
