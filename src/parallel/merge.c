/* SPDX-License-Identifier: MIT */
/* merge.c - merging. The longer array is cut in the middle, the other where that element belongs, and both halves are
 * merged at the same time. Of equal elements those of a stay first: a cut of a goes before equals of b, and a cut of b
 * behind equals of a. */
#include "parallel/merge.h"

#include <string.h>

static void merge_here(const wefti_merge *m) {
    size_t size = m->order->size;
    const char *a = m->a, *b = m->b, *a_end = a + m->a_count * size, *b_end = b + m->b_count * size;
    char *out = m->out;
    for (; a < a_end && b < b_end; out += size) {
        bool left = wefti_compare(m->order, b, a) >= 0;
        memcpy(out, left ? a : b, size);
        a += left ? size : 0;
        b += left ? 0 : size;
    }
    memcpy(out, a, (size_t)(a_end - a));
    memcpy(out + (a_end - a), b, (size_t)(b_end - b));
}

/* How many of `count` elements come before `key`; with equals: those that are equal too. */
static size_t place_of(const wefti_order *order, const char *key, const char *elements, size_t count, bool equals) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int how = wefti_compare(order, elements + middle * order->size, key);
        if (how < 0 || (equals && how == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

WEFT_TASK(void, weft_merging, (const wefti_merge *, merge)) {
    const wefti_merge *m = merge;
    if (m->a_count + m->b_count <= WEFTI_MERGE_GRAIN) {
        merge_here(m);
        return;
    }
    size_t size = m->order->size, a_cut, b_cut;
    if (m->a_count >= m->b_count) {
        a_cut = m->a_count / 2;
        b_cut = place_of(m->order, m->a + a_cut * size, m->b, m->b_count, false);
    } else {
        b_cut = m->b_count / 2;
        a_cut = place_of(m->order, m->b + b_cut * size, m->a, m->a_count, true);
    }
    wefti_merge left = {m->order, m->out, m->a, m->b, a_cut, b_cut};
    wefti_merge right = {m->order,
                         m->out + (a_cut + b_cut) * size,
                         m->a + a_cut * size,
                         m->b + b_cut * size,
                         m->a_count - a_cut,
                         m->b_count - b_cut};
    weft_spawn(weft_merging, &right);
    weft_call(weft_merging, &left);
    weft_sync(weft_merging);
}

void wefti_merge_all(const wefti_merge *merge) { weft_call(weft_merging, merge); }

weft_status weft_merge(void *out, const void *a, size_t a_count, const void *b, size_t b_count, size_t size,
                       int (*compare)(const void *a, const void *b, void *context), void *context,
                       const weft_parallel_options *options) {
    (void)options; /* a merge is not left half done */
    if (compare == NULL || size == 0 || (a == NULL && a_count > 0) || (b == NULL && b_count > 0)) return WEFT_INVALID;
    if (a_count + b_count == 0) return WEFT_OK;
    if (out == NULL) return WEFT_INVALID;
    wefti_order order = {size, compare, context};
    static const char none[1];
    wefti_merge merge = {&order, out, a != NULL ? a : none, b != NULL ? b : none, a_count, b_count};
    struct weft_merging_arguments arguments = {&merge};
    wefti_share(&weft_task_of_weft_merging, &arguments);
    return WEFT_OK;
}
