/* SPDX-License-Identifier: MIT */
/* sort_numbers.c - sorting of integers, and of floating point numbers as the integers that are in the same order. */
#include "parallel/split.h"

#include <string.h>

enum { INSERTION = 20, NINTHER = 128, SORT_GRAIN = 4096, TURN_GRAIN = 8192 };

/* What lies in an array of floats, seen as integers. */
typedef int32_t __attribute__((may_alias)) key32;
typedef int64_t __attribute__((may_alias)) key64;

#define KEY key32
#define KEYED(name) weft_key32_##name
#include "parallel/sort_key.h"
#undef KEY
#undef KEYED
#define KEY key64
#define KEYED(name) weft_key64_##name
#include "parallel/sort_key.h"

static int most_bad(size_t count) {
    int bad = 1;
    for (; count > 1; count /= 2) bad++;
    return bad;
}

static void sort32(key32 *keys, size_t count) {
    struct weft_key32_range_arguments arguments = {keys, count, most_bad(count)};
    if (!weft_key32_in_order(keys, count)) wefti_share(&weft_task_of_weft_key32_range, &arguments);
}

static void sort64(key64 *keys, size_t count) {
    struct weft_key64_range_arguments arguments = {keys, count, most_bad(count)};
    if (!weft_key64_in_order(keys, count)) wefti_share(&weft_task_of_weft_key64_range, &arguments);
}

/* Negative numbers have their other bits turned round, and back again by the same. A NaN loses its sign first. */
static void turn32(size_t from, size_t to, void *numbers) {
    key32 *keys = numbers;
    for (size_t i = from; i < to; i++) {
        key32 key = (keys[i] & INT32_MAX) > 0x7f800000 ? keys[i] & INT32_MAX : keys[i];
        keys[i] = key ^ (key < 0 ? INT32_MAX : 0);
    }
}

static void back32(size_t from, size_t to, void *numbers) {
    key32 *keys = numbers;
    for (size_t i = from; i < to; i++) keys[i] ^= keys[i] < 0 ? INT32_MAX : 0;
}

static void turn64(size_t from, size_t to, void *numbers) {
    key64 *keys = numbers;
    for (size_t i = from; i < to; i++) {
        key64 key = (keys[i] & INT64_MAX) > 0x7ff0000000000000 ? keys[i] & INT64_MAX : keys[i];
        keys[i] = key ^ (key < 0 ? INT64_MAX : 0);
    }
}

static void back64(size_t from, size_t to, void *numbers) {
    key64 *keys = numbers;
    for (size_t i = from; i < to; i++) keys[i] ^= keys[i] < 0 ? INT64_MAX : 0;
}

static weft_status turn(void *numbers, size_t count, void (*how)(size_t from, size_t to, void *numbers)) {
    weft_parallel_options options = {.parts = count / TURN_GRAIN + 1};
    return weft_for(0, count, how, numbers, &options);
}

weft_status weft_sort_int32(int32_t *numbers, size_t count, const weft_parallel_options *options) {
    (void)options; /* all four: an array is not left half sorted */
    if (numbers == NULL && count > 0) return WEFT_INVALID;
    if (count > 1) sort32(numbers, count);
    return WEFT_OK;
}

weft_status weft_sort_int64(int64_t *numbers, size_t count, const weft_parallel_options *options) {
    (void)options;
    if (numbers == NULL && count > 0) return WEFT_INVALID;
    if (count > 1) sort64(numbers, count);
    return WEFT_OK;
}

weft_status weft_sort_float(float *numbers, size_t count, const weft_parallel_options *options) {
    (void)options;
    if (numbers == NULL && count > 0) return WEFT_INVALID;
    if (count < 2) return WEFT_OK;
    turn(numbers, count, turn32);
    sort32((key32 *)(void *)numbers, count);
    return turn(numbers, count, back32);
}

weft_status weft_sort_double(double *numbers, size_t count, const weft_parallel_options *options) {
    (void)options;
    if (numbers == NULL && count > 0) return WEFT_INVALID;
    if (count < 2) return WEFT_OK;
    turn(numbers, count, turn64);
    sort64((key64 *)(void *)numbers, count);
    return turn(numbers, count, back64);
}
