/* SPDX-License-Identifier: MIT */
/* parallel_order.c - sorting by an order that is inlined: as stable as a sort with a function, for all lengths; texts
 * by all their bytes; an order that is none loses nothing. Row P1. */
#include "contract/common.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    int key;
    unsigned place;
    char rest[4];
} entry;

WEFT_ORDER(by_key, entry, a, b) { return a->key < b->key; }
WEFT_ORDER(downward, double, a, b) { return *a > *b; }
WEFT_ORDER(no_order, int, a, b) { return (unsigned)*a * 2654435761u > (unsigned)*b * 40503u; }

static entry *entries_of(size_t count, int keys) {
    entry *entries = malloc((count + 1) * sizeof *entries);
    uint64_t random = harness_seed();
    for (size_t i = 0; entries != NULL && i < count; i++)
        entries[i] = (entry){(int)(harness_random(&random) % (unsigned)keys), (unsigned)i, "abc"};
    return entries;
}

static void are_in_order(const entry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        bool good = entries[i - 1].key < entries[i].key ||
                    (entries[i - 1].key == entries[i].key && entries[i - 1].place < entries[i].place);
        if (!good || memcmp(entries[i].rest, "abc", 4) != 0) {
            FAIL("%zu elements, at %zu", count, i);
            return;
        }
    }
}

TEST(an_order_sorts_stably_whatever_the_length) {
    weft_kernel *kernel = kernel_here();
    for (size_t count = 0; count < 200000; count = count < 70 ? count + 1 : count * 3 + 1) {
        for (int keys = 1; keys <= 1000000; keys *= 1000) {
            entry *entries = entries_of(count, keys);
            if (!CHECK_NOT_NULL(entries)) break;
            CHECK_OK(weft_sort_by(NULL, by_key, entries, count));
            are_in_order(entries, count);
            CHECK_OK(weft_sort_by(NULL, by_key, entries, count)); /* what is in order */
            are_in_order(entries, count);
            free(entries);
        }
    }
    end_and_free(kernel);
}

/* ---- how many comparisons ---- */

static long compared;

WEFT_ORDER(counted, int, a, b) {
    compared++;
    return *a < *b;
}

enum { SHAPES = 8 };

static int shaped(int shape, int i, int count, uint64_t *random) {
    switch (shape) {
    case 0: return -i;
    case 1: return i < count / 2 ? i : count - i;
    case 2: return i % 2;
    case 3: return i % 100;
    case 4: return i == count - 1 ? -1 : i;
    case 5: return i % 2 == 0 ? i : count - i;
    case 6: return i / 50 % 7 * 1000 + i % 50;
    default: return (int)(harness_random(random) % 3 == 0 ? harness_random(random) % 1000000 : 5);
    }
}

TEST(an_order_makes_few_comparisons_whatever_the_array_is_like) {
    enum { COUNT = 50000, LOGARITHM = 16 };
    weft_kernel *kernel = kernel_here();
    int *values = malloc(COUNT * sizeof *values);
    uint64_t random = harness_seed();
    for (int shape = 0; shape < SHAPES; shape++) {
        for (int i = 0; i < COUNT; i++) values[i] = shaped(shape, i, COUNT, &random);
        compared = 0;
        CHECK_OK(weft_sort_by(&(weft_parallel_options){.parts = 1}, counted, values, COUNT));
        CHECK_LT(compared, 2L * COUNT * LOGARITHM);
        int wrong = 0;
        for (int i = 1; i < COUNT; i++) wrong += values[i - 1] > values[i];
        CHECK_EQ(wrong, 0);
    }
    free(values);
    end_and_free(kernel);
}

/* McIlroy, A Killer Adversary for Quicksort (1999): what is compared gets its value only then, so that each pivot is
 * among the least that are left. */
enum { ADVERSE = 20000 };
static int adverse[ADVERSE], settled, candidate;

WEFT_ORDER(killer, int, a, b) {
    compared++;
    if (adverse[*a] == ADVERSE && adverse[*b] == ADVERSE) adverse[*a == candidate ? *a : *b] = settled++;
    if (adverse[*a] == ADVERSE)
        candidate = *a;
    else if (adverse[*b] == ADVERSE)
        candidate = *b;
    return adverse[*a] < adverse[*b];
}

TEST(an_adversary_that_knows_the_pivots_gains_nothing) {
    weft_kernel *kernel = kernel_here();
    int *places = malloc(ADVERSE * sizeof *places);
    for (int i = 0; i < ADVERSE; i++) places[i] = i, adverse[i] = ADVERSE;
    compared = settled = candidate = 0;
    CHECK_OK(weft_sort_by(&(weft_parallel_options){.parts = 1}, killer, places, ADVERSE));
    CHECK_LT(compared, 4L * ADVERSE * 15);
    int wrong = 0;
    for (int i = 1; i < ADVERSE; i++) wrong += adverse[places[i - 1]] > adverse[places[i]];
    CHECK_EQ(wrong, 0);
    free(places);
    end_and_free(kernel);
}

typedef struct large {
    int key;
    char rest[300];
} large;

WEFT_ORDER(by_large_key, large, a, b) { return a->key < b->key; }

TEST(large_elements_are_sorted_too) {
    enum { COUNT = 3000 };
    weft_kernel *kernel = kernel_here();
    large *elements = calloc(COUNT, sizeof *elements);
    for (int i = 0; i < COUNT; i++)
        elements[i].key = i * 7919 % COUNT, elements[i].rest[299] = (char)(i * 7919 % COUNT);
    CHECK_OK(weft_sort_by(NULL, by_large_key, elements, COUNT));
    int wrong = 0;
    for (int i = 0; i < COUNT; i++) wrong += elements[i].key != i || elements[i].rest[299] != (char)i;
    CHECK_EQ(wrong, 0);
    free(elements);
    end_and_free(kernel);
}

TEST(parts_of_any_number_give_the_same) {
    enum { COUNT = 5000 };
    weft_kernel *kernel = kernel_here();
    double *numbers = malloc(COUNT * sizeof *numbers);
    for (size_t parts = 1; parts < 40; parts += 3) {
        const weft_parallel_options options = {.parts = parts};
        for (int i = 0; i < COUNT; i++) numbers[i] = (i * 7919) % COUNT;
        CHECK_OK(weft_sort_by(&options, downward, numbers, COUNT));
        for (int i = 0; i < COUNT; i++)
            if ((int)numbers[i] != COUNT - 1 - i) FAIL("at %d", i);
    }
    free(numbers);
    end_and_free(kernel);
}

/* What is no order gives some permutation. */
TEST(an_order_that_is_none_loses_no_element) {
    enum { COUNT = 30000 };
    weft_kernel *kernel = kernel_here();
    int *numbers = malloc(COUNT * sizeof *numbers);
    unsigned char *seen = calloc(COUNT, 1);
    for (int i = 0; i < COUNT; i++) numbers[i] = (i * 101) % COUNT;
    CHECK_OK(weft_sort_by(NULL, no_order, numbers, COUNT));
    for (int i = 0; i < COUNT; i++) seen[numbers[i]]++;
    for (int i = 0; i < COUNT; i++)
        if (seen[i] != 1) FAIL("%d is there %d times", i, seen[i]);
    free(seen);
    free(numbers);
    end_and_free(kernel);
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

TEST(texts_are_sorted_by_all_their_bytes) {
    enum { COUNT = 3000, ROOM = 24 };
    static char letters[COUNT][ROOM];
    static const char *texts[COUNT], *wanted[COUNT];
    weft_kernel *kernel = kernel_here();
    uint64_t random = harness_seed();
    for (int i = 0; i < COUNT; i++) {
        size_t length = harness_random(&random) % (ROOM - 1);
        for (size_t k = 0; k < length; k++) letters[i][k] = (char)(k < 7 ? 'a' : 1 + harness_random(&random) % 255);
        letters[i][length] = 0;
        texts[i] = wanted[i] = letters[i];
    }
    qsort(wanted, COUNT, sizeof *wanted, compare_texts);
    CHECK_OK(weft_sort_strings(NULL, texts, COUNT));
    for (int i = 0; i < COUNT; i++) CHECK_STR(texts[i], wanted[i]);
    end_and_free(kernel);
}

TEST(an_order_is_told_what_is_wrong) {
    weft_kernel *kernel = kernel_here();
    CHECK_STATUS(weft_sort_ordered(NULL, NULL, NULL, 0), WEFT_INVALID);
    CHECK_STATUS(weft_sort_by(NULL, downward, NULL, 1), WEFT_INVALID);
    CHECK_OK(weft_sort_by(NULL, downward, NULL, 0));
    end_and_free(kernel);
}
