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

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Any of one word, each with the same chance. */
static uint32_t one_of(uint64_t word) {
    if ((word & (word - 1)) == 0) /* most often: none or one */
        return word != 0 ? (uint32_t)__builtin_ctzll(word) : UINT32_MAX;
    uint64_t sums = word - (word >> 1 & EACH_BYTE * 0x55);
    sums = (sums & EACH_BYTE * 0x33) + (sums >> 2 & EACH_BYTE * 0x33);
    sums = ((sums + (sums >> 4)) & EACH_BYTE * 0x0f) * EACH_BYTE; /* byte n: how many there are in the bytes up to it */
    uint64_t skip = wefti_chance((uint32_t)(sums >> 56));
    uint64_t before =
        (EACH_BYTE * 0x80 + EACH_BYTE * skip - sums) >> 7 & EACH_BYTE; /* bytes with no more than `skip` */
    uint32_t shift = (uint32_t)(before * EACH_BYTE >> 56) * 8;
    word >>= shift;
    for (skip -= sums << 8 >> shift & 0xff; skip > 0; skip--) word &= word - 1;
    return shift + (uint32_t)__builtin_ctzll(word);
}

uint32_t wefti_choose(const uint64_t *set, uint32_t words, weft_choice choice, size_t turn) {
    if (choice == WEFT_FIRST_LISTED) return first_from(set, words, 0);
    if (choice == WEFT_IN_TURN) {
        uint32_t place = first_from(set, words, turn);
        return place != UINT32_MAX ? place : first_from(set, words, 0);
    }
    if (words == 1) return one_of(set[0]);
    uint32_t all = 0, last = 0;
    for (uint32_t w = 0; w < words; w++) {
        if (set[w] == 0) continue;
        all += (uint32_t)__builtin_popcountll(set[w]);
        last = w;
    }
    if (all == 0) return UINT32_MAX;
    return all == 1 ? last * 64 + (uint32_t)__builtin_ctzll(set[last]) : nth(set, words, wefti_chance(all));
}
