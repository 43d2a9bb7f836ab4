/* SPDX-License-Identifier: MIT */
/* parallel_map.c - maps whose function is inlined: any length, place and size of elements, in place, past the caches,
 * and what ends them. Row P1. */
#include "contract/common.h"

#include <stdlib.h>

WEFT_MAP(double, twice, (double, x)) { return 2 * x; }
WEFT_MAP(int, line, (short, x), (int, factor), (int, more)) { return factor * x + more; }

typedef struct odd_one {
    int number;
    char text[8];
} odd_one;

WEFT_MAP(odd_one, next_one, (odd_one, x), (int, step)) {
    x.number += step;
    x.text[0]++;
    return x;
}

TEST(a_map_does_each_element_whatever_the_length) {
    weft_kernel *kernel = kernel_here();
    for (size_t count = 0; count < 100000; count = count < 70 ? count + 1 : count * 3 + 1) {
        short *in = malloc((count + 1) * sizeof *in);
        int *out = calloc(count + 1, sizeof *out);
        for (size_t i = 0; i < count; i++) in[i] = (short)(i % 30000);
        CHECK_OK(weft_map_by_with(&(weft_parallel_options){.parts = count % 5}, line, in, out, count, 3, -7));
        size_t wrong = 0;
        for (size_t i = 0; i < count; i++) wrong += out[i] != (int)(i % 30000) * 3 - 7;
        CHECK_EQ(wrong, 0);
        CHECK_EQ(out[count], 0);
        free(in);
        free(out);
    }
    end_and_free(kernel);
}

TEST(a_map_may_work_in_place) {
    enum { COUNT = 70001 };
    weft_kernel *kernel = kernel_here();
    odd_one *ones = calloc(COUNT, sizeof *ones);
    for (int i = 0; i < COUNT; i++) ones[i] = (odd_one){i, "abc"};
    CHECK_OK(weft_map_by(next_one, ones, ones, COUNT, 5));
    int wrong = 0;
    for (int i = 0; i < COUNT; i++) wrong += ones[i].number != i + 5 || strcmp(ones[i].text, "bbc") != 0;
    CHECK_EQ(wrong, 0);
    free(ones);
    end_and_free(kernel);
}

/* Longer than what is written by way of the caches, and beginning at any place of a line. */
TEST(a_long_map_is_right_wherever_its_arrays_begin) {
    enum { COUNT = 2300000, MORE = 9 };
    weft_kernel *kernel = kernel_here();
    double *in = malloc((COUNT + MORE) * sizeof *in), *out = malloc((COUNT + MORE) * sizeof *out);
    for (int i = 0; i < COUNT + MORE; i++) in[i] = i;
    for (int from = 0; from < MORE; from += 4) {
        for (int i = 0; i < COUNT + MORE; i++) out[i] = -1;
        CHECK_OK(weft_map_by(twice, in + 1, out + from, COUNT));
        int wrong = 0;
        for (int i = 0; i < COUNT; i++) wrong += out[from + i] != 2.0 * (i + 1);
        for (int i = 0; i < from; i++) wrong += out[i] != -1;
        CHECK_EQ(wrong, 0);
        CHECK(out[from + COUNT] == -1);
    }
    free(in);
    free(out);
    end_and_free(kernel);
}

typedef struct halves {
    float a, b;
} halves;

WEFT_MAP(halves, swapped, (halves, x)) { return (halves){x.b, x.a}; }

TEST(a_long_map_to_a_place_that_is_no_multiple_of_its_size_is_right) {
    enum { COUNT = 2200000 };
    weft_kernel *kernel = kernel_here();
    float *in = malloc(2 * COUNT * sizeof *in), *memory = malloc((2 * COUNT + 1) * sizeof *memory);
    for (int i = 0; i < 2 * COUNT; i++) in[i] = (float)i;
    CHECK_OK(weft_map_by(swapped, (const halves *)in, (halves *)(memory + 1), COUNT));
    int wrong = 0;
    for (int i = 0; i < 2 * COUNT; i++) wrong += memory[1 + i] != (float)(i ^ 1);
    CHECK_EQ(wrong, 0);
    free(in);
    free(memory);
    end_and_free(kernel);
}

WEFT_CONDITION_TYPE(not_five_thousand, weft_type_error);

static void fail_in_the_middle(const void *in, void *out, size_t count, const void *arguments) {
    (void)out, (void)arguments;
    for (size_t i = 0; i < count; i++)
        if (((const int *)in)[i] == 5000) weft_error(&not_five_thousand, "five thousand");
}

TEST(an_error_in_a_map_ends_it) {
    enum { COUNT = 100000 };
    weft_kernel *kernel = kernel_here();
    static int in[COUNT], out[COUNT];
    for (int i = 0; i < COUNT; i++) in[i] = i;
    weft_set(weft_debug_tasks, false);
    CHECK_STATUS(weft_map_blocks(NULL, in, 4, out, 4, COUNT, fail_in_the_middle, NULL), WEFT_FAILED);
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}

TEST(a_map_is_told_what_is_wrong) {
    int values[4] = {1, 2, 3, 4};
    short shorts[4] = {1};
    CHECK_STATUS(weft_map_by(line, shorts, values, 4, 1, 1), WEFT_NO_KERNEL);
    weft_kernel *kernel = kernel_here();
    CHECK_OK(weft_map_by(line, NULL, NULL, 0, 1, 1));
    CHECK_STATUS(weft_map_by(line, NULL, values, 4, 1, 1), WEFT_INVALID);
    CHECK_STATUS(weft_map_by(line, shorts, NULL, 4, 1, 1), WEFT_INVALID);
    CHECK_STATUS(weft_map_blocks(NULL, values, 4, values, 2, 4, fail_in_the_middle, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_map_blocks(NULL, values, 4, values, 4, 4, NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_map_blocks(NULL, values, 0, shorts, 4, 4, fail_in_the_middle, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_map_blocks(NULL, values, 4, shorts, 1025, 4, fail_in_the_middle, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_map_blocks(NULL, values, 4, shorts, 4, SIZE_MAX / 4, fail_in_the_middle, NULL), WEFT_INVALID);
    end_and_free(kernel);
}
