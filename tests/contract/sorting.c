/* SPDX-License-Identifier: MIT */
/* sorting.c - each sort and the merge against the C library's, for orders that are bad cases of some. Row P1. */
#include "contract/common.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 60000 };

typedef struct item {
    int32_t key, place;
    char more[16]; /* a size that is no power of two */
} item;

static size_t compared;

static int by_key(const void *a, const void *b, void *context) {
    int x = ((const item *)a)->key, y = ((const item *)b)->key;
    if (context != NULL) __atomic_add_fetch((size_t *)context, 1, __ATOMIC_RELAXED);
    return (x > y) - (x < y);
}
static int by_both(const void *a, const void *b) {
    int order = by_key(a, b, NULL), x = ((const item *)a)->place, y = ((const item *)b)->place;
    return order != 0 ? order : (x > y) - (x < y);
}
static int ints(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

enum { RANDOM, UP, DOWN, SAME, FEW, ORGAN, SAW, ALMOST, PATTERNS };

static int32_t pattern(int kind, size_t i, size_t count, uint64_t *state) {
    switch (kind) {
    case RANDOM: return (int32_t)harness_random(state);
    case UP: return (int32_t)i;
    case DOWN: return -(int32_t)i;
    case SAME: return 7;
    case FEW: return (int32_t)(harness_random(state) % 4);
    case ORGAN: return (int32_t)(i < count / 2 ? i : count - i);
    case SAW: return (int32_t)(i % 100);
    default: return (int32_t)(harness_random(state) % 100 == 0 ? harness_random(state) % count : i);
    }
}

static void each_case(void (*check)(const int32_t *keys, size_t count)) {
    static const size_t counts[] = {0, 1, 2, 3, 15, 16, 17, 100, 127, 129, 1000, 5000, MOST};
    static int32_t keys[MOST];
    uint64_t state = harness_seed();
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.use_caller = true});
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int kind = 0; kind < PATTERNS; kind++) {
            for (size_t i = 0; i < counts[c]; i++) keys[i] = pattern(kind, i, counts[c], &state);
            check(keys, counts[c]);
        }
    end_and_free(kernel);
}

static item items[MOST], twins[MOST];

static void make_items(const int32_t *keys, size_t count) {
    memset(items, 0, sizeof items);
    for (size_t i = 0; i < count; i++) items[i] = (item){keys[i], (int32_t)i, ""};
    memcpy(twins, items, sizeof items);
    qsort(twins, count, sizeof *twins, by_both);
}

static void check_stable(const int32_t *keys, size_t count) {
    make_items(keys, count);
    CHECK_OK(weft_sort_stable(items, sizeof *items, count, by_key, NULL, NULL));
    CHECK(memcmp(items, twins, count * sizeof *items) == 0);
}
TEST(a_stable_sort_keeps_equals_in_order) { each_case(check_stable); }

static void check_unstable(const int32_t *keys, size_t count) {
    bool good = true;
    make_items(keys, count);
    compared = 0;
    CHECK_OK(weft_sort(items, sizeof *items, count, by_key, &compared, NULL));
    for (size_t i = 0; i < count; i++) good &= items[i].key == twins[i].key;
    CHECK(good);
    qsort(items, count, sizeof *items, by_both); /* none is lost */
    CHECK(memcmp(items, twins, count * sizeof *items) == 0);
    double least = (double)count * log2((double)count + 2);
    CHECK_LE(compared, (size_t)(4 * least) + 100);
}
TEST(a_sort_gives_the_same_keys_with_few_comparisons) { each_case(check_unstable); }

static void check_numbers(const int32_t *keys, size_t count) {
    static int32_t sorted[MOST], got32[MOST];
    static int64_t got64[MOST];
    static float floats[MOST];
    static double doubles[MOST];
    bool good = true;
    memcpy(sorted, keys, count * sizeof *keys);
    memcpy(got32, keys, count * sizeof *keys);
    qsort(sorted, count, sizeof *sorted, ints);
    for (size_t i = 0; i < count; i++) {
        got64[i] = (int64_t)keys[i] * 4294967296;
        floats[i] = (float)keys[i];
        doubles[i] = keys[i] / 3.0;
    }
    CHECK_OK(weft_sort_int32(got32, count, NULL));
    CHECK_OK(weft_sort_int64(got64, count, NULL));
    CHECK_OK(weft_sort_float(floats, count, NULL));
    CHECK_OK(weft_sort_double(doubles, count, NULL));
    for (size_t i = 0; i < count; i++)
        good &= got32[i] == sorted[i] && got64[i] == (int64_t)sorted[i] * 4294967296 && floats[i] == (float)sorted[i] &&
                doubles[i] == sorted[i] / 3.0;
    CHECK(good);
}
TEST(numbers_are_sorted) { each_case(check_numbers); }

TEST(infinities_and_what_is_no_number_have_their_places) {
    double numbers[] = {1, (double)NAN, -INFINITY, INFINITY, -(double)NAN, -1, DBL_MIN, -DBL_MAX};
    const double wanted[] = {-INFINITY, -DBL_MAX, -1, DBL_MIN, 1, INFINITY};
    CHECK_OK(weft_sort_double(numbers, 8, NULL));
    CHECK(memcmp(numbers, wanted, sizeof wanted) == 0);
    CHECK(isnan(numbers[6]) && isnan(numbers[7]));
}

static void check_merge(const int32_t *keys, size_t count) {
    static item merged[MOST];
    size_t a = count / 3;
    make_items(keys, count);
    CHECK_OK(weft_sort_stable(items, sizeof *items, a, by_key, NULL, NULL));
    CHECK_OK(weft_sort_stable(items + a, sizeof *items, count - a, by_key, NULL, NULL));
    CHECK_OK(weft_merge(merged, items, a, items + a, count - a, sizeof *items, by_key, NULL, NULL));
    CHECK(memcmp(merged, twins, count * sizeof *merged) == 0);
}
TEST(a_merge_takes_equals_of_the_first_first) { each_case(check_merge); }
