/* SPDX-License-Identifier: MIT */
/* sort_key.h - sorting of integers, included once for each width: KEY is the type, KEYED(name) makes a name.
 *
 * As sort.c, but for the cut, which has no branch that depends on an element: each is moved to the border, which moves
 * on if it was less than the pivot. Source: Lomuto's partition without branches (Alexandrescu, 2020).
 */

static void KEYED(insert)(KEY *keys, size_t count) {
    for (size_t i = 1; i < count; i++) {
        KEY key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

static void KEYED(sift)(KEY *keys, size_t hole, size_t count) {
    KEY key = keys[hole];
    for (size_t child; (child = 2 * hole + 1) < count; hole = child) {
        if (child + 1 < count && keys[child] < keys[child + 1]) child++;
        if (keys[child] <= key) break;
        keys[hole] = keys[child];
    }
    keys[hole] = key;
}

static void KEYED(heap)(KEY *keys, size_t count) {
    for (size_t i = count / 2; i-- > 0;) KEYED(sift)(keys, i, count);
    for (size_t i = count; i-- > 1;) {
        KEY key = keys[0];
        keys[0] = keys[i];
        keys[i] = key;
        KEYED(sift)(keys, 0, i);
    }
}

static KEY KEYED(middle)(KEY a, KEY b, KEY c) {
    KEY low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

static KEY KEYED(pivot)(const KEY *k, size_t n) {
    if (n < NINTHER) return KEYED(middle)(k[0], k[n / 2], k[n - 1]);
    size_t e = n / 8;
    return KEYED(middle)(KEYED(middle)(k[0], k[e], k[2 * e]), KEYED(middle)(k[3 * e], k[4 * e], k[5 * e]),
                         KEYED(middle)(k[6 * e], k[7 * e], k[n - 1]));
}

/* How many are less than the pivot (or not greater): those are moved to the front. */
static size_t KEYED(cut)(KEY *keys, size_t count, KEY pivot, bool equals) {
    size_t border = 0;
    if (equals)
        for (size_t i = 0; i < count; i++) {
            KEY key = keys[i];
            keys[i] = keys[border];
            keys[border] = key;
            border += key <= pivot;
        }
    else
        for (size_t i = 0; i < count; i++) {
            KEY key = keys[i];
            keys[i] = keys[border];
            keys[border] = key;
            border += key < pivot;
        }
    return border;
}

static bool KEYED(in_order)(const KEY *keys, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (keys[i - 1] > keys[i]) return false;
    return true;
}

WEFT_TASK(void, KEYED(range), (KEY *, keys), (size_t, count), (int, bad)) {
    while (count > INSERTION) {
        if (bad == 0) {
            KEYED(heap)(keys, count);
            return;
        }
        KEY pivot = KEYED(pivot)(keys, count);
        size_t left = KEYED(cut)(keys, count, pivot, false);
        if (left < count / 8) { /* few are less: perhaps many are equal, and those are in place then */
            size_t equals = KEYED(cut)(keys + left, count - left, pivot, true);
            if (left > 0) weft_call(KEYED(range), keys, left, bad);
            bad -= equals < count / 8;
            keys += left + equals;
            count -= left + equals;
            continue;
        }
        KEY *right = keys + left;
        size_t rest = count - left;
        if (rest < count / 8) bad--;
        if (KEYED(in_order)(right, rest)) {
            count = left;
        } else if (count > SORT_GRAIN) {
            weft_spawn(KEYED(range), right, rest, bad);
            weft_call(KEYED(range), keys, left, bad);
            weft_sync(KEYED(range));
            return;
        } else if (left < rest) {
            weft_call(KEYED(range), keys, left, bad);
            keys = right;
            count = rest;
        } else {
            weft_call(KEYED(range), right, rest, bad);
            count = left;
        }
    }
    KEYED(insert)(keys, count);
}
