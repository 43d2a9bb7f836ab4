/* SPDX-License-Identifier: MIT */
/* parallel_sort.c - sorting and merging against qsort, in every shape of input. */
#include "common.h"

#include <math.h>
#include <stdlib.h>

static const size_t counts[] = {0, 1, 2, 3, 12, 13, 25, 100, 768, 769, 2048, 5000, 40000, 100003};
enum { SIZES = sizeof counts / sizeof *counts, MOST = 100003, SHAPES = 8 };

/* Random, few values, ascending, descending, a saw, all equal, an organ pipe, nearly sorted. */
static uint64_t shaped(int shape, size_t i, size_t count, uint64_t *state) {
    uint64_t random = harness_random(state);
    switch (shape) {
    case 0: return random;
    case 1: return random % 5;
    case 2: return i;
    case 3: return count - i;
    case 4: return i % 37;
    case 5: return 7;
    case 6: return i < count / 2 ? i : count - i;
    default: return random % 50 == 0 ? random % (count + 1) : i;
    }
}

typedef struct pair {
    uint32_t key, place;
    char more[12];
} pair;

static int compare_keys(const void *a, const void *b, void *context) {
    (void)context;
    uint32_t x = ((const pair *)a)->key, y = ((const pair *)b)->key;
    return (x > y) - (x < y);
}

static int compare_pairs(const void *a, const void *b) {
    const pair *x = a, *y = b;
    int order = compare_keys(a, b, NULL);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static void check_pairs(const weft_parallel_options *options, int shape, size_t count, bool stable) {
    pair *array = calloc(count + 1, sizeof *array), *twin = calloc(count + 1, sizeof *twin);
    uint64_t state = harness_seed();
    for (size_t i = 0; i < count; i++)
        twin[i] = array[i] = (pair){(uint32_t)shaped(shape, i, count, &state), (uint32_t)i, "abc"};
    if (stable)
        CHECK_OK(weft_stable_sort(options, array, count, sizeof *array, compare_keys, NULL));
    else
        CHECK_OK(weft_sort(options, array, count, sizeof *array, compare_keys, NULL));
    size_t disorder = 0;
    for (size_t i = 1; i < count; i++) disorder += array[i].key < array[i - 1].key;
    CHECK_EQ(disorder, 0);
    if (!stable) qsort(array, count, sizeof *array, compare_pairs);
    qsort(twin, count, sizeof *twin, compare_pairs);
    CHECK_EQ(memcmp(array, twin, count * sizeof *twin), 0);
    free(array);
    free(twin);
}

TEST(sort_gives_a_sorted_permutation_and_stable_sort_keeps_equal_ones_in_order) {
    weft_kernel *kernel = kernel_here();
    for (int shape = 0; shape < SHAPES; shape++)
        for (int s = 0; s < SIZES; s++)
            for (int stable = 0; stable < 2; stable++) check_pairs(NULL, shape, counts[s], stable != 0);
    end_and_free(kernel);
}

TEST(sort_in_any_number_of_parts_is_the_same) {
    weft_kernel *kernel = kernel_here();
    for (size_t parts = 1; parts <= 65; parts += 8)
        check_pairs(&(weft_parallel_options){.parts = parts}, 1, 5000, true);
    end_and_free(kernel);
}

/* ---- elements of several sizes, and numbers ---- */

#define CHECK_NUMBERS(type, sort, make)                                                                                \
    for (int shape = 0; shape < SHAPES; shape++)                                                                       \
        for (int s = 0; s < SIZES; s++) {                                                                              \
            size_t count = counts[s], wrong = 0;                                                                       \
            type *array = malloc((count + 1) * sizeof *array);                                                         \
            uint64_t state = harness_seed(), before = 0, after = 0;                                                    \
            for (size_t i = 0; i < count; i++) {                                                                       \
                uint64_t bits = shaped(shape, i, count, &state);                                                       \
                array[i] = make;                                                                                       \
                before += (uint64_t)array[i];                                                                          \
            }                                                                                                          \
            CHECK_OK(sort(NULL, array, count));                                                                        \
            for (size_t i = 0; i < count; i++) {                                                                       \
                after += (uint64_t)array[i];                                                                           \
                wrong += i > 0 && array[i] < array[i - 1];                                                             \
            }                                                                                                          \
            CHECK_EQ(wrong, 0);                                                                                        \
            CHECK_EQ(before, after);                                                                                   \
            free(array);                                                                                               \
        }

TEST(numbers_are_sorted_by_their_value) {
    weft_kernel *kernel = kernel_here();
    CHECK_NUMBERS(int32_t, weft_sort_int32, (int32_t)bits)
    CHECK_NUMBERS(uint32_t, weft_sort_uint32, (uint32_t)bits)
    CHECK_NUMBERS(int64_t, weft_sort_int64, (int64_t)bits)
    CHECK_NUMBERS(uint64_t, weft_sort_uint64, bits)
    end_and_free(kernel);
}

/* The sum of bits does not depend on the order, nor on rounding. */
static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

TEST(floating_point_numbers_are_sorted_with_signs_and_infinities) {
    weft_kernel *kernel = kernel_here();
    for (int s = 2; s < SIZES; s++) {
        size_t count = counts[s], wrong = 0;
        double *array = malloc(count * sizeof *array);
        float *narrow = malloc(count * sizeof *narrow);
        uint64_t state = harness_seed(), before = 0, after = 0;
        for (size_t i = 0; i < count; i++) {
            array[i] = ((double)(int64_t)harness_random(&state)) * (i % 3 == 0 ? 1e-30 : 1e10);
            if (i % 100 == 1) array[i] = i % 200 == 1 ? INFINITY : -INFINITY;
            narrow[i] = (float)array[i];
            before += bits_of(array[i]);
        }
        CHECK_OK(weft_sort_double(NULL, array, count));
        CHECK_OK(weft_sort_float(NULL, narrow, count));
        for (size_t i = 0; i < count; i++) {
            after += bits_of(array[i]);
            wrong += i > 0 && (!(array[i - 1] <= array[i]) || !(narrow[i - 1] <= narrow[i]));
        }
        CHECK_EQ(wrong, 0);
        CHECK_EQ(before, after);
        free(array);
        free(narrow);
    }
    double odd[] = {1, -NAN, 0.0, -0.0, NAN, -1};
    CHECK_OK(weft_sort_double(NULL, odd, 6));
    CHECK(isnan(odd[0]) && odd[1] == -1 && signbit(odd[2]) && !signbit(odd[3]) && odd[4] == 1 && isnan(odd[5]));
    end_and_free(kernel);
}

static int compare_sized(const void *a, const void *b, void *context) { return memcmp(a, b, *(const size_t *)context); }

TEST(elements_of_any_size_are_sorted) {
    weft_kernel *kernel = kernel_here();
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 12, 16, 24, 100};
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        size_t size = sizes[n], count = 5000, wrong = 0;
        unsigned char *array = malloc(size * count);
        uint64_t state = harness_seed();
        for (size_t i = 0; i < size * count; i++) array[i] = (unsigned char)harness_random(&state);
        CHECK_OK(weft_sort(NULL, array, count, size, compare_sized, &size));
        for (size_t i = 1; i < count; i++) wrong += memcmp(array + (i - 1) * size, array + i * size, size) > 0;
        CHECK_EQ(wrong, 0);
        free(array);
    }
    end_and_free(kernel);
}

TEST(strings_are_sorted_by_their_bytes) {
    weft_kernel *kernel = kernel_here();
    const char *words[] = {"weft", "", "warp", "loom", "wefts", "\xc3\xa9", "Weft", "loom"};
    CHECK_OK(weft_sort_strings(NULL, words, 8));
    for (int i = 1; i < 8; i++) CHECK_LE(strcmp(words[i - 1], words[i]), 0);
    CHECK_STR(words[0], "");
    end_and_free(kernel);
}

/* ---- an order that is none, merging, and stopping ---- */

static int toss(const void *a, const void *b, void *context) {
    (void)a;
    (void)b;
    static _Thread_local unsigned state = 1;
    (void)context;
    state = state * 1664525u + 1013904223u;
    return (int)(state >> 16 & 3) - 1;
}

TEST(an_order_that_is_none_loses_no_element) {
    weft_kernel *kernel = kernel_here();
    for (int s = 2; s < SIZES; s++) {
        uint32_t *array = malloc(counts[s] * sizeof *array);
        for (size_t i = 0; i < counts[s]; i++) array[i] = (uint32_t)i;
        CHECK_OK(weft_sort(NULL, array, counts[s], sizeof *array, toss, NULL));
        CHECK_OK(weft_sort_uint32(NULL, array, counts[s]));
        size_t wrong = 0;
        for (size_t i = 0; i < counts[s]; i++) wrong += array[i] != i;
        CHECK_EQ(wrong, 0);
        free(array);
    }
    end_and_free(kernel);
}

TEST(merge_puts_equal_elements_of_the_first_array_first) {
    weft_kernel *kernel = kernel_here();
    for (int s = 0; s < SIZES; s++)
        for (size_t other = 0; other <= 3000; other = other * 3 + 1) {
            size_t count = counts[s], all = count + other, wrong = 0;
            pair *a = calloc(count + 1, sizeof *a), *b = calloc(other + 1, sizeof *b),
                 *out = calloc(all + 1, sizeof *out);
            for (size_t i = 0; i < count; i++) a[i] = (pair){(uint32_t)(i / 3), (uint32_t)i, ""};
            for (size_t i = 0; i < other; i++) b[i] = (pair){(uint32_t)(i / 2), (uint32_t)(MOST + i), ""};
            CHECK_OK(weft_merge(NULL, a, count, b, other, sizeof *a, out, compare_keys, NULL));
            for (size_t i = 1; i < all; i++) wrong += compare_pairs(&out[i - 1], &out[i]) >= 0;
            CHECK_EQ(wrong, 0);
            free(a);
            free(b);
            free(out);
        }
    end_and_free(kernel);
}

static int compare_slowly(const void *a, const void *b, void *context) {
    weft_yield();
    return compare_keys(a, b, context);
}

TEST(a_sort_stopped_by_its_deadline_loses_no_element) {
    weft_kernel *kernel = kernel_here();
    for (int n = 1; n <= 10; n++) {
        pair *array = calloc(20000, sizeof *array);
        uint64_t state = harness_seed();
        for (uint32_t i = 0; i < 20000; i++) array[i] = (pair){(uint32_t)harness_random(&state), i, ""};
        weft_parallel_options options = {.deadline = weft_after(0.0004 * n), .parts = 16};
        weft_status status = weft_stable_sort(&options, array, 20000, sizeof *array, compare_slowly, NULL);
        CHECK(status == WEFT_OK || status == WEFT_TIMED_OUT);
        unsigned char *seen = calloc(20000, 1);
        size_t twice = 0;
        for (int i = 0; i < 20000; i++) twice += seen[array[i].place]++ != 0;
        CHECK_EQ(twice, 0);
        free(seen);
        free(array);
    }
    end_and_free(kernel);
}

/* ---- errors ---- */

WEFT_CONDITION_TYPE(tired, weft_type_error);

typedef struct patient {
    atomic_long calls;
    long last;
} patient;

static int compare_until_tired(const void *a, const void *b, void *context) {
    patient *p = context;
    int x = *(const int *)a, y = *(const int *)b;
    if (atomic_fetch_add(&p->calls, 1) == p->last) weft_error(&tired, "no more of this");
    return (x > y) - (x < y);
}

static void sort_until_tired(size_t size, size_t count, size_t parts, long last) {
    unsigned char *array = calloc(count, size);
    patient p = {.last = last};
    for (size_t i = 0; i < count; i++) memcpy(array + i * size, &(int){(int)(i * 7919 % count)}, sizeof(int));
    CHECK_STATUS(
        weft_stable_sort(&(weft_parallel_options){.parts = parts}, array, count, size, compare_until_tired, &p),
        WEFT_FAILED);
    int *times = calloc(count, sizeof *times), wrong = 0;
    for (size_t i = 0; i < count; i++) {
        int number;
        memcpy(&number, array + i * size, sizeof number);
        times[number]++;
    }
    for (size_t i = 0; i < count; i++) wrong += times[i] != 1;
    CHECK_EQ(wrong, 0);
    free(times);
    free(array);
}

TEST(a_sort_ended_by_an_error_loses_no_element) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    for (size_t size = 4; size <= 12; size += 4)
        for (size_t parts = 0; parts <= 8; parts += 4)
            for (long last = 1; last < 10000; last = last * 5 + 1) sort_until_tired(size, 2000, parts, last);
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}
