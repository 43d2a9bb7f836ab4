/* SPDX-License-Identifier: MIT */
/* sort.c - sorting in place by any comparison: quicksort, whose larger half is spawned.
 *
 * The pivot is the median of three, of nine where there are many. Elements equal to the one before the range are all
 * put in place at once, so few different ones are no bad case; after too many bad cuts a range is sorted by a heap.
 * Source: introsort (Musser, 1997) and pattern-defeating quicksort (Peters, 2021), whose treatment of equal elements
 * and of ranges in order is taken over; its block partition is in sort_key.h, for numbers.
 */
#include "parallel/merge.h"

#include <string.h>

enum { INSERTION = 16, NINTHER = 128, SORT_GRAIN = 1024 };

typedef struct range {
    const wefti_order *order;
    char *first;
    size_t count;
    int bad;     /* how many bad cuts more */
    bool before; /* there is an element before first, and it is not greater than any here */
} range;

static void swap(char *a, char *b, size_t size) {
    WEFTI_ALIGNED(16) char small[64];
    for (; size > 0 && a != b;) {
        size_t piece = WEFTI_MIN(size, sizeof small);
        memcpy(small, a, piece);
        memcpy(a, b, piece);
        memcpy(b, small, piece);
        a += piece;
        b += piece;
        size -= piece;
    }
}

static inline char *at(const range *r, size_t i) { return r->first + i * r->order->size; }
static inline bool less(const range *r, const char *a, const char *b) { return wefti_compare(r->order, a, b) < 0; }

/* Gives up after some moves, if `most` is not 0. true: it is sorted. */
static bool insert_all(const range *r, size_t most) {
    size_t moves = 0;
    for (size_t i = 1; i < r->count; i++)
        for (size_t k = i; k > 0 && less(r, at(r, k), at(r, k - 1)); k--) {
            if (most > 0 && ++moves > most) return false;
            swap(at(r, k), at(r, k - 1), r->order->size);
        }
    return true;
}

static void sift(const range *r, size_t hole, size_t count) {
    for (size_t child; (child = 2 * hole + 1) < count; hole = child) {
        if (child + 1 < count && less(r, at(r, child), at(r, child + 1))) child++;
        if (!less(r, at(r, hole), at(r, child))) return;
        swap(at(r, hole), at(r, child), r->order->size);
    }
}

static void heap_sort(const range *r) {
    for (size_t i = r->count / 2; i-- > 0;) sift(r, i, r->count);
    for (size_t i = r->count; i-- > 1;) {
        swap(at(r, 0), at(r, i), r->order->size);
        sift(r, 0, i);
    }
}

static void sort_three(const range *r, size_t a, size_t b, size_t c) {
    size_t size = r->order->size;
    if (less(r, at(r, b), at(r, a))) swap(at(r, a), at(r, b), size);
    if (less(r, at(r, c), at(r, b))) swap(at(r, b), at(r, c), size);
    if (less(r, at(r, b), at(r, a))) swap(at(r, a), at(r, b), size);
}

/* Puts the pivot first. */
static void choose_pivot(const range *r) {
    size_t half = r->count / 2, last = r->count - 1;
    if (r->count > NINTHER) {
        sort_three(r, 0, half, last);
        sort_three(r, 1, half - 1, last - 1);
        sort_three(r, 2, half + 1, last - 2);
        sort_three(r, half - 1, half, half + 1);
        swap(at(r, 0), at(r, half), r->order->size);
    } else {
        sort_three(r, half, 0, last);
    }
}

/* Less than the pivot to the left, the others to the right; returns where the pivot is then. */
static size_t cut(const range *r, bool *in_order) {
    size_t i = 0, k = r->count;
    do i++;
    while (i < r->count && less(r, at(r, i), at(r, 0)));
    do k--;
    while (k > 0 && !less(r, at(r, k), at(r, 0)));
    *in_order = i > k;
    while (i < k) {
        swap(at(r, i), at(r, k), r->order->size);
        do i++;
        while (less(r, at(r, i), at(r, 0)));
        do k--;
        while (!less(r, at(r, k), at(r, 0)));
    }
    swap(at(r, 0), at(r, i - 1), r->order->size);
    return i - 1;
}

/* Those equal to the pivot, which is the least, to the left; returns how many they are. */
static size_t cut_equals(const range *r) {
    size_t kept = 1;
    for (size_t i = 1; i < r->count; i++)
        if (!less(r, at(r, 0), at(r, i))) swap(at(r, kept++), at(r, i), r->order->size);
    return kept;
}

/* Some swaps, so that what made the cut bad does not come again. */
static void disturb(const range *r, size_t from, size_t count) {
    size_t size = r->order->size, quarter = count / 4;
    if (count < INSERTION) return;
    swap(at(r, from), at(r, from + quarter), size);
    swap(at(r, from + count - 1), at(r, from + count - 1 - quarter), size);
}

/* One step: makes of a range two, of which it keeps the left. false: it is sorted. */
static bool step(range *r, range *right) {
    if (r->count <= INSERTION) return insert_all(r, 0), false;
    if (r->bad == 0) return heap_sort(r), false;
    choose_pivot(r);
    if (r->before && !less(r, r->first - r->order->size, r->first)) {
        size_t equals = cut_equals(r);
        r->first = at(r, equals);
        r->count -= equals;
        right->count = 0;
        return true;
    }
    bool in_order;
    size_t pivot = cut(r, &in_order), rest = r->count - pivot - 1;
    *right = (range){r->order, at(r, pivot + 1), rest, r->bad, true};
    r->count = pivot;
    if (WEFTI_MIN(pivot, rest) < (pivot + rest) / 8) {
        r->bad = --right->bad;
        disturb(r, 0, pivot);
        disturb(right, 0, rest);
    } else if (in_order && insert_all(r, 8) && insert_all(right, 8)) {
        return false;
    }
    return true;
}

WEFT_TASK(void, weft_sort_range, (range, all)) {
    range r = all, right;
    while (step(&r, &right)) {
        if (right.count == 0) continue;
        if (right.count > SORT_GRAIN && r.count > SORT_GRAIN) {
            weft_spawn(weft_sort_range, right);
            weft_call(weft_sort_range, r);
            weft_sync(weft_sort_range);
            return;
        }
        /* the smaller one by a call, so that the depth is bounded */
        bool left_smaller = r.count < right.count;
        weft_call(weft_sort_range, left_smaller ? r : right);
        if (left_smaller) r = right;
    }
}

weft_status weft_sort(void *elements, size_t size, size_t count,
                      int (*compare)(const void *a, const void *b, void *context), void *context,
                      const weft_parallel_options *options) {
    (void)options;
    if (compare == NULL || size == 0 || (elements == NULL && count > 0)) return WEFT_INVALID;
    if (count < 2) return WEFT_OK;
    wefti_order order = {size, compare, context};
    int bad = 1;
    for (size_t n = count; n > 1; n /= 2) bad++;
    struct weft_sort_range_arguments arguments = {{&order, elements, count, bad, false}};
    wefti_share(&weft_task_of_weft_sort_range, &arguments);
    return WEFT_OK;
}
