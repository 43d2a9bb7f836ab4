/* SPDX-License-Identifier: MIT */
/* 33-quicksort.c - quicksort without a cut-off, with one, and the library's own. Argument: how many numbers. */
#include "check.h"

#include <string.h>

static size_t cut(int *numbers, size_t count) {
    int pivot = numbers[(count - 1) / 2];
    size_t i = 0, k = count - 1;
    for (;; i++, k--) {
        while (numbers[i] < pivot) i++;
        while (numbers[k] > pivot) k--;
        if (i >= k) return k + 1;
        int swapped = numbers[i];
        numbers[i] = numbers[k];
        numbers[k] = swapped;
    }
}

static int compare(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Below `least` by the C library; with 2 there is no cut-off. */
WEFT_TASK(void, quicksort, (int *, numbers), (size_t, count), (size_t, least)) {
    if (count < 2) return;
    if (count < least) {
        qsort(numbers, count, sizeof *numbers, compare);
        return;
    }
    size_t left = cut(numbers, count);
    weft_spawn(quicksort, numbers, left, least);
    weft_call(quicksort, numbers + left, count - left, least);
    weft_sync(quicksort);
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? (size_t)atol(argv[1]) : 100000, bytes = count * sizeof(int);
    int *numbers = malloc(bytes), *sorted = malloc(bytes), *given = malloc(bytes);
    if (numbers == NULL || sorted == NULL || given == NULL) return EXIT_FAILURE;
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) given[i] = (int)((state = state * 1664525u + 1013904223u) >> 8);
    memcpy(sorted, given, bytes);
    qsort(sorted, count, sizeof *sorted, compare);
    weft_kernel *kernel = weft_make_kernel(0, &(weft_kernel_options){.use_caller = true});
    check_made(kernel);
    const size_t cut_offs[] = {2, 1000};
    for (int i = 0; i < 2; i++) {
        memcpy(numbers, given, bytes);
        weft_call(quicksort, numbers, count, cut_offs[i]);
        printf("down to %zu: %s\n", cut_offs[i], memcmp(numbers, sorted, bytes) == 0 ? "sorted" : "wrong");
    }
    memcpy(numbers, given, bytes);
    check(weft_sort_int32(NULL, numbers, count));
    printf("weft_sort_int32: %s\n", memcmp(numbers, sorted, bytes) == 0 ? "sorted" : "wrong");
    check(weft_free_kernel(kernel));
    free(given);
    free(sorted);
    free(numbers);
    return EXIT_SUCCESS;
}
