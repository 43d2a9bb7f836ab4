/* SPDX-License-Identifier: MIT */
/* lparallel_cognate.c - what lparallel's tests of its cognates look at, said anew with loops and algorithms over arrays
 * and sequences, with more of its own. Origin: lparallel (James M. Lawrence, BSD licence), test/cognate-test.lisp,
 * whose names are kept where there is one. A list is an array, or a chain of cells with a table of functions.
 */
#include "contract/common.h"

#include <stdlib.h>

typedef weft_parallel_options options;

enum { FEW = 6, MANY = 500 };

static uint64_t randoms;

static int below(int limit) { return (int)(harness_random(&randoms) % (unsigned)limit); }

static void fill(int *values, size_t count, int limit) {
    randoms = randoms == 0 ? harness_seed() : randoms;
    for (size_t i = 0; i < count; i++) values[i] = below(limit);
}

static void check_ints(const int *got, const int *wanted, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!CHECK_EQ(got[i], wanted[i])) return;
}

/* ---- maps ---- */

WEFT_LOOP(add_both, i, (int *, out), (const int *, a), (const int *, b)) { out[i] = a[i] + b[i]; }

/* pmapcar-test, pmap-into-test: as many as the shortest has */
TEST(pmap_into_test) {
    static const int five[] = {5, 6, 7}, ten[] = {10, 11, 12}, sums[] = {15, 17, 19};
    weft_kernel *kernel = kernel_here();
    for (size_t parts = 0; parts <= 3; parts++) {
        int three[3] = {0}, one[2] = {0, 99};
        CHECK_OK(weft_loop_with(&(options){.parts = parts}, add_both, 0, 3, three, five, ten));
        check_ints(three, sums, 3);
        CHECK_OK(weft_loop_with(&(options){.parts = parts}, add_both, 0, 1, one, five, ten));
        check_ints(one, (int[]){15, 99}, 2);
    }
    end_and_free(kernel);
}

WEFT_MAP(int, one_more, (int, x)) { return x + 1; }
WEFT_MAP(int, ninety_nine, (int, x)) { return x * 0 + 99; }

/* pmap-with-size-constraint-test, pmap-into-bounds-test, pmap-into-list-test, pmap-into-degenerate-input-test: what is
 * beyond the count stays as it is */
TEST(pmap_with_size_constraint_test) {
    static const int from[] = {1, 10, 100, 1000};
    weft_kernel *kernel = kernel_here();
    int to[4] = {99, 99, 99, 99}, four[4] = {1, 2, 3, 4};
    CHECK_OK(weft_map_by(one_more, from, to, 2));
    check_ints(to, (int[]){2, 11, 99, 99}, 4);
    CHECK_OK(weft_map_by(ninety_nine, four, four, 2));
    check_ints(four, (int[]){99, 99, 3, 4}, 4);
    CHECK_OK(weft_map_by(ninety_nine, four, four, 0));
    check_ints(four, (int[]){99, 99, 3, 4}, 4);
    for (size_t n = 0; n < 10; n++) {
        int source[10], copy[10];
        fill(source, 10, 1000);
        memcpy(copy, source, sizeof copy);
        CHECK_OK(weft_map_by(one_more, source, source, n));
        for (size_t i = 0; i < 10; i++) CHECK_EQ(source[i], copy[i] + (i < n));
    }
    end_and_free(kernel);
}

static weft_status push_sums(size_t first, size_t last, void *context) {
    weft_channel *queue = context;
    for (size_t i = first; i < last; i++) CHECK_OK(weft_send(queue, &(int){3 * (int)i}, patience()));
    return WEFT_OK;
}

static int compare_ints(const void *a, const void *b, void *unused) {
    int x = *(const int *)a, y = *(const int *)b;
    (void)unused;
    return (x > y) - (x < y);
}

/* pmap-nil-test, degenerate-pmaps-test: for effect */
TEST(pmap_nil_test) {
    static const int lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1000};
    weft_kernel *kernel = kernel_here();
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        size_t length = (size_t)lengths[n];
        int got[1000];
        weft_channel *queue = bounded_channel(sizeof(int), length + 1);
        CHECK_OK(weft_for_range(NULL, 0, length, push_sums, queue));
        for (size_t i = 0; i < length; i++) CHECK_OK(weft_receive(queue, &got[i], patience()));
        CHECK_STATUS(weft_receive(queue, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_OK(weft_sort(NULL, got, length, sizeof *got, compare_ints, NULL));
        for (size_t i = 0; i < length; i++) CHECK_EQ(got[i], 3 * (int)i);
        CHECK_OK(weft_free_channel(queue));
    }
    end_and_free(kernel);
}

WEFT_LOOP(products, i, (long *, out), (const int *, x), (const int *, y), (const int *, z)) {
    out[i] = (long)x[i] * y[i] * z[i];
}

/* grind-pmap-test: any number of parts, more than there are elements too */
TEST(grind_pmap_test) {
    static const size_t parts[] = {0, 1, 2, 7, MANY, SIZE_MAX};
    static int x[MANY], y[MANY], z[MANY];
    weft_kernel *kernel = kernel_here();
    fill(x, MANY, 1000);
    fill(y, MANY, 1000);
    fill(z, MANY, 1000);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        long out[MANY];
        CHECK_OK(weft_loop_with(&(options){.parts = parts[p]}, products, 0, MANY, out, x, y, z));
        for (size_t i = 0; i < MANY; i++) CHECK_EQ(out[i], (long)x[i] * y[i] * z[i]);
    }
    end_and_free(kernel);
}

/* ---- over a list ---- */

typedef struct cell {
    int value;
    struct cell *rest;
} cell;

typedef struct list {
    cell *first;
    size_t length;
} list;

static size_t length_of(const void *l) { return ((const list *)l)->length; }
static void *next_of(const void *l, const void *element) {
    return element == NULL ? ((const list *)l)->first : ((const cell *)element)->rest;
}
static const weft_sequence_type list_type = {.size = length_of, .next = next_of};

static list list_of(cell *cells, size_t length) {
    for (size_t i = 0; i < length; i++) cells[i] = (cell){below(100), i + 1 < length ? &cells[i + 1] : NULL};
    return (list){length == 0 ? NULL : cells, length};
}

static void square_cell(const void *in, void *out, void *unused) {
    int value = ((const cell *)in)->value;
    (void)unused;
    *(int *)out = value * value;
}

/* the sum of a tail: what maplist hands to its function */
static void sum_tail(const void *in, void *out, void *unused) {
    long sum = 0;
    (void)unused;
    for (const cell *c = in; c != NULL; c = c->rest) sum += c->value;
    *(long *)out = sum;
}

/* parts-arg-test, pmapcar-handles-sequences-test, pmaplist-test, grind-pmaplist-test */
TEST(parts_arg_test) {
    static cell cells[100];
    weft_kernel *kernel = kernel_here();
    randoms = harness_seed();
    for (size_t parts = 1; parts <= 8; parts++) {
        for (size_t n = 0; n <= 100; n = n < FEW ? n + 1 : n * 4) {
            list l = list_of(cells, n);
            int squares[100];
            long tails[101] = {0};
            const options in_parts = {.parts = parts};
            CHECK_OK(weft_map_sequence(&in_parts, &list_type, &l, squares, sizeof *squares, square_cell, NULL));
            CHECK_OK(weft_map_sequence(&in_parts, &list_type, &l, tails, sizeof *tails, sum_tail, NULL));
            long tail = 0;
            for (size_t i = n; i-- > 0;) {
                CHECK_EQ(squares[i], cells[i].value * cells[i].value);
                CHECK_EQ(tails[i], tail += cells[i].value);
            }
        }
    }
    end_and_free(kernel);
}

/* ---- reductions ---- */

static void add_ints(void *left, const void *right, void *unused) {
    (void)unused;
    *(int *)left += *(const int *)right;
}

typedef struct partial_sums {
    const int *values;
    int *sums;
    size_t count, parts;
} partial_sums;

static weft_status sum_part(size_t first, size_t last, void *context) {
    const partial_sums *p = context;
    for (size_t part = first; part < last; part++) {
        size_t each = p->count / p->parts;
        CHECK_OK(weft_reduce(&(options){.parts = 1}, p->values + part * each, sizeof(int), each, NULL, &p->sums[part],
                             add_ints, NULL));
    }
    return WEFT_OK;
}

/* preduce-partial-test: a loop over parts whose body reduces */
TEST(preduce_partial_test) {
    static const int values[] = {3, 4, 5, 6, 7, 8, 9, 10};
    weft_kernel *kernel = kernel_here();
    int sums[3] = {0};
    CHECK_OK(weft_for_range(NULL, 0, 2, sum_part, &(partial_sums){values, sums, 8, 2}));
    check_ints(sums, (int[]){18, 34}, 2);
    CHECK_OK(weft_for_range(NULL, 0, 3, sum_part, &(partial_sums){values, sums, 6, 3}));
    check_ints(sums, (int[]){7, 11, 15}, 3);
    end_and_free(kernel);
}

typedef struct matrix {
    unsigned a, b, c, d;
} matrix;

/* associative, and does not commute */
static void multiply(void *left, const void *right, void *unused) {
    matrix x = *(matrix *)left, y = *(const matrix *)right;
    (void)unused;
    *(matrix *)left =
        (matrix){x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d, x.c * y.a + x.d * y.c, x.c * y.b + x.d * y.d};
}

static void twice_and_add(void *left, const void *right, void *unused) {
    (void)unused;
    *(unsigned *)left = 2 * *(unsigned *)left + *(const unsigned *)right;
}

static const size_t bounds[][2] = {{0, 100}, {42, 100}, {0, 42}, {42, 77}, {50, 50}};

/* grind-preduce-test; no elements and no identity is refused here, as there is no function without arguments */
TEST(grind_preduce_test) {
    static const matrix identity = {1, 0, 0, 1};
    static const int zero;
    weft_kernel *kernel = kernel_here();
    int numbers[100];
    matrix matrices[100];
    fill(numbers, 100, 100);
    for (size_t i = 0; i < 100; i++)
        matrices[i] = (matrix){(unsigned)below(10), (unsigned)below(10), (unsigned)below(10), (unsigned)below(10)};
    for (size_t parts = 0; parts <= 10; parts++) {
        for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
            size_t begin = bounds[b][0], count = bounds[b][1] - begin;
            int sum = 0, got = -1;
            matrix product = identity, made;
            for (size_t i = 0; i < count; i++) {
                sum += numbers[begin + i];
                multiply(&product, &matrices[begin + i], NULL);
            }
            const options in_parts = {.parts = parts};
            CHECK_OK(weft_reduce(&in_parts, numbers + begin, sizeof sum, count, &zero, &got, add_ints, NULL));
            CHECK_EQ(got, sum);
            CHECK_STATUS(weft_reduce(&in_parts, numbers + begin, sizeof sum, count, NULL, &got, add_ints, NULL),
                         count == 0 ? WEFT_INVALID : WEFT_OK);
            CHECK_EQ(got, sum);
            CHECK_OK(weft_reduce(&in_parts, matrices + begin, sizeof made, count, &identity, &made, multiply, NULL));
            CHECK_EQ(memcmp(&made, &product, sizeof made), 0);
        }
    }
    end_and_free(kernel);
}

/* grind-preduce-test: what is not associative is as one after the other with one part, and with one for each */
TEST(preduce_of_what_is_not_associative) {
    weft_kernel *kernel = kernel_here();
    unsigned values[100], serial, one, each, three;
    for (int i = 0; i < 100; i++) values[i] = 5 + (unsigned)i;
    serial = values[0];
    for (int i = 1; i < 100; i++) twice_and_add(&serial, &values[i], NULL);
    CHECK_OK(weft_reduce(&(options){.parts = 1}, values, 4, 100, NULL, &one, twice_and_add, NULL));
    CHECK_OK(weft_reduce(&(options){.parts = 100}, values, 4, 100, NULL, &each, twice_and_add, NULL));
    CHECK_OK(weft_reduce(&(options){.parts = 3}, values, 4, 100, NULL, &three, twice_and_add, NULL));
    CHECK_EQ(one, serial);
    CHECK_EQ(each, serial);
    CHECK(three != serial);
    end_and_free(kernel);
}

static void add_squares(size_t first, size_t last, void *sum, void *values) {
    for (size_t i = first; i < last; i++) *(int *)sum += ((int *)values)[i] * ((int *)values)[i];
}

/* grind-preduce-test: pmap-reduce, a key */
TEST(pmap_reduce_test) {
    static const int zero;
    weft_kernel *kernel = kernel_here();
    int sum = 0;
    CHECK_OK(weft_map_reduce(NULL, 0, 3, sizeof sum, &zero, &sum, add_squares, add_ints, (int[]){3, 4, 5}));
    CHECK_EQ(sum, 9 + 16 + 25);
    end_and_free(kernel);
}

/* ---- quantifiers, counts, finds ---- */

typedef struct pair {
    int a, b;
} pair;

static bool sum_below(const void *element, void *limit) {
    const pair *p = element;
    return p->a + p->b < *(int *)limit;
}

/* grind-pevery-test, pcount-if-test, pfind-if-test: psome, pevery, and those that are no more than their negation */
TEST(grind_pevery_test) {
    static const int limits[] = {-1, 0, 1, 50, 100, 150, 198, 199};
    enum { LENGTH = 200 };
    weft_kernel *kernel = kernel_here();
    pair pairs[LENGTH];
    for (int i = 0; i < LENGTH; i++) pairs[i] = (pair){below(100), below(100)};
    for (size_t l = 0; l < sizeof limits / sizeof *limits; l++) {
        for (size_t parts = 0; parts < 5; parts++) {
            const options in_parts = {.parts = parts};
            int limit = limits[l];
            size_t number = 0, first = LENGTH, counted, found, any;
            bool every, some;
            for (size_t i = LENGTH; i-- > 0;)
                if (sum_below(&pairs[i], &limit)) number++, first = i;
            CHECK_OK(weft_every(&in_parts, pairs, sizeof *pairs, LENGTH, &every, sum_below, &limit));
            CHECK_OK(weft_some(&in_parts, pairs, sizeof *pairs, LENGTH, &some, sum_below, &limit));
            CHECK_OK(weft_count_if(&in_parts, pairs, sizeof *pairs, LENGTH, &counted, sum_below, &limit));
            CHECK_OK(weft_find(&in_parts, pairs, sizeof *pairs, LENGTH, &found, sum_below, &limit));
            CHECK_OK(weft_find_any(&in_parts, pairs, sizeof *pairs, LENGTH, &any, sum_below, &limit));
            CHECK_EQ(every, number == LENGTH);
            CHECK_EQ(some, number > 0);
            CHECK_EQ(counted, number);
            CHECK_EQ(found, first);
            CHECK(number == 0 ? any == LENGTH : sum_below(&pairs[any], &limit));
        }
    }
    end_and_free(kernel);
}

/* ---- and, or ---- */

typedef struct form {
    bool value;
    gate *gate; /* waits until it is open */
    atomic_int asked;
} form;

static bool ask_form(void *argument) {
    form *f = argument;
    atomic_fetch_add(&f->asked, 1);
    if (f->gate != NULL) CHECK_EVENTUALLY(atomic_load(&f->gate->open));
    return f->value;
}

static void ask_forms(const char *values, bool all, bool some) {
    form forms[8];
    weft_question questions[8] = {{NULL, NULL}};
    size_t count = strlen(values);
    bool answer = !all;
    for (size_t i = 0; i < count; i++) {
        forms[i] = (form){values[i] == 't', NULL, 0};
        questions[i] = (weft_question){ask_form, &forms[i]};
    }
    CHECK_OK(weft_and(NULL, questions, count, &answer));
    CHECK_EQ(answer, all);
    CHECK_OK(weft_or(NULL, questions, count, &answer));
    CHECK_EQ(answer, some);
    for (size_t i = 0; i < count; i++) CHECK_LE(atomic_load(&forms[i].asked), 2);
}

/* pand-por-test; of no forms pand is true here, as and is */
TEST(pand_por_test) {
    weft_kernel *kernel = kernel_here();
    static const char *const one_false[] = {"ttttn", "ttntt", "ntttt"};
    for (int i = 0; i < 3; i++) ask_forms(one_false[i], false, true);
    ask_forms("tttt", true, true);
    ask_forms("nnn", false, false);
    ask_forms("", true, false);
    end_and_free(kernel);
}

static bool open_and_say_yes(void *argument) {
    open_gate(argument);
    return true;
}

/* pand-por-test, where there are workers for all: one that takes its time does not keep another from being asked, and
 * what follows a decision is not asked */
TEST(por_does_not_ask_after_the_decision) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    form slow = {false, harness_workers() > 1 ? &g : NULL, 0}, late[20];
    weft_question questions[22] = {{ask_form, &slow}, {open_and_say_yes, &g}};
    for (int i = 0; i < 20; i++) {
        late[i] = (form){true, &g, 0};
        questions[i + 2] = (weft_question){ask_form, &late[i]};
    }
    bool answer = false;
    CHECK_OK(weft_or(NULL, questions, 22, &answer));
    CHECK(answer);
    int asked = 0;
    for (int i = 0; i < 20; i++) asked += atomic_load(&late[i].asked);
    CHECK_LE(asked, (int)harness_workers());
    CHECK_STATUS(weft_and(NULL, NULL, 3, &answer), WEFT_INVALID);
    CHECK_STATUS(weft_and(NULL, questions, 3, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_or(NULL, &(weft_question){NULL, NULL}, 1, &answer), WEFT_INVALID);
    end_and_free(kernel);
}

/* ---- psort ---- */

static int compare_by_sign(const void *a, const void *b, void *sign) { return *(int *)sign * compare_ints(a, b, NULL); }

static void sort_ints(const options *o, int *values, size_t count, int sign, bool stably) {
    if (stably)
        CHECK_OK(weft_stable_sort(o, values, count, sizeof *values, compare_by_sign, &sign));
    else
        CHECK_OK(weft_sort(o, values, count, sizeof *values, compare_by_sign, &sign));
    for (size_t i = 1; i < count; i++)
        if (!CHECK_LE(sign * values[i - 1], sign * values[i])) return;
}

/* psort-test: random, few, all equal; up, what is in order already, down, and by a key; in parts */
TEST(psort_test) {
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 8, 10, 16, 100, 10000};
    weft_kernel *kernel = kernel_here();
    int *values = malloc(10000 * sizeof *values);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t parts = 0; parts <= 8; parts++) {
            const options in_parts = {.parts = parts};
            for (int limit = 1; limit <= 1000000; limit *= 1000) {
                fill(values, sizes[s], limit);
                for (int way = 0; way < 4; way++)
                    sort_ints(&in_parts, values, sizes[s], way < 2 ? 1 : -1, parts % 2 == 0);
            }
        }
    }
    free(values);
    end_and_free(kernel);
}

/* ---- premove ---- */

static bool not_above(const void *element, void *limit) { return *(const int *)element <= *(int *)limit; }
static bool above(const void *element, void *limit) { return !not_above(element, limit); }
static bool is_not(const void *element, void *item) { return *(const int *)element != *(int *)item; }

static void remove_both(const int *source, size_t count, weft_predicate *keep, int limit) {
    int wanted[100], got[100];
    size_t number = 0, kept = 999;
    for (size_t i = 0; i < count; i++)
        if (keep(&source[i], &limit)) wanted[number++] = source[i];
    CHECK_OK(weft_filter(NULL, source, sizeof *source, count, got, &kept, keep, &limit));
    if (CHECK_EQ(kept, number)) check_ints(got, wanted, number);
}

/* premove-if-test, second-premove-if-test, premove-test */
TEST(premove_if_test) {
    static const int nines[] = {0, 1, 2, 3, 4, 9, 3, 2, 3, 9, 1};
    weft_kernel *kernel = kernel_here();
    int source[100];
    for (size_t count = 0; count < 100; count++) {
        fill(source, count, 1000);
        int where = below(1000);
        remove_both(source, count, not_above, where);
        remove_both(source, count, above, where);
    }
    remove_both(nines, 11, is_not, 3);
    end_and_free(kernel);
}

/* ---- plet, pdotimes ---- */

static void set_three(void *value) { *(int *)value = 3; }
static void set_four(void *value) { *(int *)value = 4; }

/* plet-test; its errors are those of futures, in lparallel_promise.c */
TEST(plet_test) {
    weft_kernel *kernel = kernel_here();
    int a = 0, b = 0;
    CHECK_OK(weft_all(NULL, (weft_thunk[]){{set_three, &a}, {set_four, &b}}, 2));
    CHECK_EQ(a + b, 7);
    end_and_free(kernel);
}

WEFT_LOOP(count_index, i, (atomic_int *, times)) { atomic_fetch_add(&times[i], 1); }

WEFT_TASK(weft_status, loop_in_a_task, (atomic_int *, times), (size_t, count)) {
    return weft_loop(count_index, 0, count, times);
}

/* pdotimes-test, pdotimes-second-test, cognate-steal-test: by a thread, and inside of a task, of one worker too */
TEST(pdotimes_test) {
    enum { LENGTH = 300 };
    static atomic_int times[LENGTH];
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        weft_kernel *kernel = kernel_of(workers);
        weft_channel *results = weft_make_channel(weft_status);
        memset(times, 0, sizeof times);
        CHECK_OK(weft_loop(count_index, 0, LENGTH, times));
        WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) /* cognate-steal-priority-test */
        CHECK_OK(weft_submit(results, loop_in_a_task, times, LENGTH));
        weft_status status = WEFT_INVALID;
        CHECK_OK(weft_receive_result(results, &status, patience()));
        CHECK_OK(status);
        CHECK_OK(weft_loop(count_index, 3, 3, times));
        for (int i = 0; i < LENGTH; i++) CHECK_EQ(atomic_load(&times[i]), 2);
        CHECK_OK(weft_free_channel(results));
        end_and_free(kernel);
    }
}

/* ---- handlers ---- */

WEFT_CONDITION_TYPE(foo_error, weft_type_error);

static void double_three(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    weft_invoke_restart_with("double-me", &(int){3});
}

WEFT_LOOP(doubled_by_a_restart, i, (int *, out)) {
    WEFT_RESTART_CASE {
        WEFT_TRY { weft_error(&foo_error, "foo"); }
        WEFT_RESTART_WITH("double-me", int, given) { out[i] = 2 * given; }
    }
}

static void context_with_a_handler(weft_worker_loop *loop, void *unused) {
    (void)unused;
    WEFT_HANDLER_BIND(&foo_error, double_three, NULL) { CHECK_OK(weft_enter_worker_loop(loop)); }
}

/* worker-context-test: a handler of the workers' context */
TEST(worker_context_test) {
    for (unsigned workers = 1; workers <= 6; workers++) {
        weft_kernel *kernel = weft_make_kernel(workers, &(weft_kernel_options){.context = context_with_a_handler});
        if (!CHECK_NOT_NULL(kernel)) return;
        int out[2] = {0, 0};
        CHECK_OK(weft_loop(doubled_by_a_restart, 0, 2, out));
        check_ints(out, (int[]){6, 6}, 2);
        end_and_free(kernel);
    }
}

/* cognate-handler-test, pmap-restart-test: a handler that travels with tasks */
TEST(cognate_handler_test) {
    weft_kernel *kernel = kernel_here();
    int out[4] = {0};
    WEFT_TASK_HANDLER_BIND(&foo_error, double_three, NULL) { CHECK_OK(weft_loop(doubled_by_a_restart, 0, 4, out)); }
    check_ints(out, (int[]){6, 6, 6, 6}, 4);
    end_and_free(kernel);
}

WEFT_LOOP(only_fails, i, (atomic_int *, times)) {
    atomic_fetch_add(&times[i], 1);
    weft_error(&foo_error, "foo");
}

/* pmap-handler-test: the error arrives; stricter: nothing runs on */
TEST(pmap_handler_test) {
    weft_kernel *kernel = kernel_here();
    atomic_int times[4] = {0};
    WEFT_TASK_HANDLER_BIND(&foo_error, weft_invoke_transfer_error, NULL) {
        CHECK_STATUS(weft_loop(only_fails, 0, 4, times), WEFT_FAILED);
    }
    CHECK(weft_condition_is(weft_last_condition(), &foo_error));
    for (int i = 0; i < 4; i++) CHECK_LE(atomic_load(&times[i]), 1);
    end_and_free(kernel);
}
