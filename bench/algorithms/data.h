/* SPDX-License-Identifier: MIT */
/* data.h - what all parties work on: ten million random numbers, a million texts, and whether they are in order.
 *
 * Figures are nanoseconds an element, with 1 and with 2 workers: map (y = 3 x + 1 of doubles), reduce (a sum of
 * doubles), scan (running sums of int64), filter (every odd int32, about a half), and sorts: of int32, of double, of
 * int32 stably by an order of the caller's, of records by their key with an order of the caller's, of texts by their
 * bytes.
 */
#ifndef ALGORITHMS_DATA_H
#define ALGORITHMS_DATA_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/bench.h"

typedef struct record {
    int32_t key;
    uint32_t place;
} record;

#define DATA_PASSES(w)                                                                                                 \
    {                                                                                                                  \
        {"map." w, "ns"}, {"reduce." w, "ns"}, {"scan." w, "ns"}, { "filter." w, "ns" }                                \
    }
#define DATA_SORTS(w)                                                                                                  \
    {                                                                                                                  \
        {"sort.int." w, "ns"}, {"sort.double." w, "ns"}, {"sort.text." w, "ns"}, {"sort.record." w, "ns"}, {           \
            "sort.stable." w, "ns"                                                                                     \
        }                                                                                                              \
    }
static const bench_figure data_passes_1[] = DATA_PASSES("w1"), data_passes_2[] = DATA_PASSES("w2"),
                          data_sorts_1[] = DATA_SORTS("w1"), data_sorts_2[] = DATA_SORTS("w2");

enum { TEXT_ROOM = 16, NUMBERS_A_TEXT = 10 };

typedef struct data {
    size_t count, texts;
    double *doubles, *more_doubles;
    int64_t *longs, *more_longs;
    int32_t *ints, *more_ints;
    record *records;
    const char **strings;
    char *letters;
} data;

static inline uint32_t data_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

static inline void data_fill_ints(data *d) {
    uint64_t state = 1;
    for (size_t i = 0; i < d->count; i++) d->ints[i] = (int32_t)data_random(&state);
}

static inline void data_fill_doubles(data *d) {
    uint64_t state = 2;
    for (size_t i = 0; i < d->count; i++) d->doubles[i] = (double)data_random(&state) / 4294967296.0;
}

static inline void data_fill_records(data *d) {
    uint64_t state = 3;
    for (size_t i = 0; i < d->count; i++) {
        d->records[i].key = (int32_t)(data_random(&state) >> 8);
        d->records[i].place = (uint32_t)i;
    }
}

static inline void data_fill_strings(data *d) {
    uint64_t state = 4;
    for (size_t i = 0; i < d->texts; i++) {
        char *text = d->letters + i * TEXT_ROOM;
        size_t length = 6 + data_random(&state) % 9;
        for (size_t k = 0; k < length; k++) text[k] = (char)('a' + data_random(&state) % 26);
        text[length] = 0;
        d->strings[i] = text;
    }
}

static inline data data_make(void) {
    data d;
    d.count = (size_t)bench_count(10000000);
    d.texts = d.count / NUMBERS_A_TEXT;
    d.doubles = (double *)bench_allocate(d.count * sizeof(double));
    d.more_doubles = (double *)bench_allocate(d.count * sizeof(double));
    d.longs = (int64_t *)bench_allocate(d.count * sizeof(int64_t));
    d.more_longs = (int64_t *)bench_allocate(d.count * sizeof(int64_t));
    d.ints = (int32_t *)bench_allocate(d.count * sizeof(int32_t));
    d.more_ints = (int32_t *)bench_allocate(d.count * sizeof(int32_t));
    d.records = (record *)bench_allocate(d.count * sizeof(record));
    d.strings = (const char **)bench_allocate((d.texts + 1) * sizeof(char *));
    d.letters = (char *)bench_allocate((d.texts + 1) * TEXT_ROOM);
    memset(d.more_doubles, 0, d.count * sizeof(double)); /* pages that are there */
    memset(d.more_longs, 0, d.count * sizeof(int64_t));
    memset(d.more_ints, 0, d.count * sizeof(int32_t));
    for (size_t i = 0; i < d.count; i++) d.longs[i] = (int64_t)(i * 2654435761u % 1000);
    data_fill_ints(&d);
    data_fill_doubles(&d);
    return d;
}

static inline int data_ints_sorted(const data *d) {
    for (size_t i = 1; i < d->count; i++)
        if (d->ints[i - 1] > d->ints[i]) return 0;
    return 1;
}

static inline int data_doubles_sorted(const data *d) {
    for (size_t i = 1; i < d->count; i++)
        if (d->doubles[i - 1] > d->doubles[i]) return 0;
    return 1;
}

/* stably: of equal keys the first one stays first. */
static inline int data_records_sorted(const data *d, int stably) {
    for (size_t i = 1; i < d->count; i++) {
        const record *a = &d->records[i - 1], *b = &d->records[i];
        if (a->key > b->key || (stably && a->key == b->key && a->place > b->place)) return 0;
    }
    return 1;
}

static inline int data_strings_sorted(const data *d) {
    for (size_t i = 1; i < d->texts; i++)
        if (strcmp(d->strings[i - 1], d->strings[i]) > 0) return 0;
    return 1;
}

static inline size_t data_odd(const data *d) {
    size_t odd = 0;
    for (size_t i = 0; i < d->count; i++) odd += (size_t)(d->ints[i] & 1);
    return odd;
}

#endif
