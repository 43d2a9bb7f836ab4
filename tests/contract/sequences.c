/* SPDX-License-Identifier: MIT */
/* sequences.c - row P1: algorithms over a list, a table with `at`, and a list that can be split. */
#include "contract/common.h"

#include <stdlib.h>

typedef struct cell {
    long value;
    struct cell *next;
    atomic_int seen;
} cell;

typedef struct list {
    cell *cells;
    size_t count;
    atomic_size_t steps;
} list;

static size_t size_of(const void *l) { return ((const list *)l)->count; }
static void *at(const void *l, size_t place) { return &((const list *)l)->cells[place]; }
static void *next(const void *l, const void *element) {
    atomic_fetch_add(&((list *)(uintptr_t)l)->steps, 1);
    return element == NULL ? ((const list *)l)->cells : ((const cell *)element)->next;
}

static const weft_sequence_type types[] = {
    {.size = size_of, .at = at}, {.size = size_of, .next = next}, {.size = size_of, .next = next, .split = at}};

static list make(size_t count) {
    list l = {.cells = calloc(count + 1, sizeof(cell)), .count = count};
    for (size_t i = 0; i < count; i++) {
        l.cells[i].value = (long)i;
        l.cells[i].next = i + 1 < count ? &l.cells[i + 1] : NULL;
    }
    return l;
}

static weft_status see(void *element, void *unused) {
    (void)unused;
    atomic_fetch_add(&((cell *)element)->seen, 1);
    return WEFT_OK;
}
static void doubled(const void *in, void *out, void *unused) {
    (void)unused;
    *(long *)out = 2 * ((const cell *)in)->value;
}
static void add_value(const void *element, void *sum, void *unused) {
    (void)unused;
    *(long *)sum += ((const cell *)element)->value;
}
static void add(void *left, const void *right, void *unused) {
    (void)unused;
    *(long *)left += *(const long *)right;
}
static bool is_multiple(const void *element, void *of) {
    return ((const cell *)element)->value % *(long *)of == *(long *)of - 1;
}

static void use(const weft_sequence_type *type, size_t count) {
    list l = make(count);
    long *out = malloc((count + 1) * sizeof *out), sum = -1, zero = 0, of = 7;
    size_t number = 99;
    void *found = &l;
    CHECK_OK(weft_for_each(NULL, type, &l, see, NULL));
    CHECK_OK(weft_map_sequence(NULL, type, &l, out, sizeof *out, doubled, NULL));
    for (size_t i = 0; i < count; i++)
        if (!CHECK_EQ(atomic_load(&l.cells[i].seen), 1) || !CHECK_EQ(out[i], 2 * (long)i)) break;
    CHECK_OK(weft_reduce_sequence(NULL, type, &l, sizeof sum, &zero, &sum, add_value, add, NULL));
    CHECK_EQ(sum, count == 0 ? 0 : (long)(count * (count - 1) / 2));
    CHECK_OK(weft_count_in_sequence(NULL, type, &l, &number, is_multiple, &of));
    CHECK_EQ(number, count / 7);
    of = 500;
    CHECK_OK(weft_find_in_sequence(NULL, type, &l, &found, is_multiple, &of));
    CHECK_PTR(found, count >= 500 ? &l.cells[499] : NULL);
    CHECK_LE(atomic_load(&l.steps), 10 * count); /* each goes along once to mark, and once with the pieces */
    free(out);
    free(l.cells);
}

TEST(algorithms_work_over_sequences_of_a_users_own) {
    weft_kernel *kernel = kernel_here();
    static const size_t counts[] = {0, 1, 2, 31, 33, 1000, 5000, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t t = 0; t < 3; t++) use(&types[t], counts[i]);
    end_and_free(kernel);
}

typedef struct seen {
    size_t done, total, times;
} seen;

static void progress(size_t done, size_t total, void *context) {
    seen *s = context;
    CHECK_LE(s->done, done);
    *s = (seen){done, total, s->times + 1};
}

TEST(progress_along_a_sequence_is_told_in_elements) {
    weft_kernel *kernel = kernel_here();
    list l = make(20011);
    for (size_t t = 0; t < 3; t++) {
        long sum = 0, zero = 0;
        seen each = {0}, sums = {0};
        CHECK_OK(weft_for_each(&(weft_parallel_options){.progress = progress, .progress_context = &each}, &types[t], &l,
                               see, NULL));
        CHECK_OK(weft_reduce_sequence(&(weft_parallel_options){.progress = progress, .progress_context = &sums},
                                      &types[t], &l, sizeof sum, &zero, &sum, add_value, add, NULL));
        CHECK_EQ(each.done, l.count);
        CHECK_EQ(each.total, l.count);
        CHECK_LE(2, each.times);
        CHECK_EQ(sums.done, l.count);
        CHECK_EQ(sums.total, l.count);
    }
    free(l.cells);
    end_and_free(kernel);
}

static weft_status stop_at(void *element, void *place) {
    return ((cell *)element)->value == *(long *)place ? WEFT_BUSY : WEFT_OK;
}
static weft_status fail_at(void *element, void *place) {
    if (((cell *)element)->value == *(long *)place) weft_error(&weft_type_error, "at %ld", *(long *)place);
    return WEFT_OK;
}

static void *next_that_fails(const void *sequence, const void *element) {
    if (element == &((const list *)sequence)->cells[3]) weft_error(&weft_type_error, "the fourth");
    return types[1].next(sequence, element);
}

TEST(an_error_on_the_way_along_a_sequence_leaves_nothing) {
    weft_kernel *kernel = kernel_here();
    list l = make(100);
    const weft_sequence_type fails = {.size = size_of, .next = next_that_fails};
    volatile bool handled = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY { CHECK_OK(weft_for_each(NULL, &fails, &l, see, NULL)); }
        WEFT_HANDLE(&weft_type_error, condition) { handled = condition != NULL; }
    }
    CHECK(handled);
    CHECK_EQ(atomic_load(&l.cells[0].seen), 0);
    free(l.cells);
    end_and_free(kernel);
}

TEST(a_body_stops_the_walk_and_an_error_leaves_nothing) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    list l = make(20000);
    long place = 15000;
    CHECK_STATUS(weft_for_each(NULL, &types[1], &l, stop_at, &place), WEFT_BUSY);
    CHECK_STATUS(weft_for_each(NULL, &types[1], &l, fail_at, &place), WEFT_FAILED);
    CHECK_STATUS(weft_for_each(NULL, NULL, &l, see, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_for_each(NULL, &(weft_sequence_type){.size = size_of}, &l, see, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_for_each(NULL, &types[0], &l, NULL, NULL), WEFT_INVALID);
    free(l.cells);
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}
