/* SPDX-License-Identifier: MIT */
/* parallel_steps.c - what is common to all algorithms: progress is told in elements and once of the end, deadlines are
 * kept by one worker too, and an error, a stop or a kill inside a function of the caller's leaves nothing. Rows P1, P2.
 */
#include "contract/common.h"

#include <stdlib.h>

enum { COUNT = 300000 };

typedef struct bench {
    int *ints, *more;
    double *doubles;
    const char **texts;
    atomic_long calls;
    long fails_at; /* the call of a function that fails; 0: none */
    long hangs_at; /* the one that never returns; 0: none */
    atomic_bool hangs;
} bench;

WEFT_CONDITION_TYPE(no_more, weft_type_error);

static void called(void *context) {
    bench *b = context;
    long call = atomic_fetch_add(&b->calls, 1) + 1;
    if (call == b->fails_at) weft_error(&no_more, "no more");
    if (call != b->hangs_at) return;
    atomic_store(&b->hangs, true);
    weft_sleep(WEFT_FOREVER);
}

static weft_status each_range(size_t first, size_t last, void *context) {
    for (size_t i = first; i < last; i++) called(context);
    return WEFT_OK;
}

static void negate(const void *in, void *out, void *context) {
    called(context);
    *(int *)out = -*(const int *)in;
}

static void add(void *left, const void *right, void *context) {
    called(context);
    *(unsigned *)left += *(const unsigned *)right;
}

static bool is_odd(const void *element, void *context) {
    called(context);
    return (*(const int *)element & 1) != 0;
}

static bool is_none(const void *element, void *context) {
    called(context);
    return *(const int *)element == -1;
}

static int compare(const void *a, const void *b, void *context) {
    int x = *(const int *)a, y = *(const int *)b;
    called(context);
    return (x > y) - (x < y);
}

static void fold(size_t first, size_t last, void *sum, void *context) {
    called(context);
    for (size_t i = first; i < last; i++) *(unsigned *)sum += (unsigned)i;
}

static void write_none(size_t first, size_t last, void *sum, void *context) {
    (void)first, (void)last, (void)sum;
    called(context);
}

/* ---- all of them ---- */

typedef weft_status algorithm(const weft_parallel_options *o, bench *b, size_t n);

static weft_status for_range(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_for_range(o, 0, n, each_range, b);
}
static weft_status map(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_map(o, b->ints, 4, b->more, 4, n, negate, b);
}
static weft_status reduce(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_reduce(o, b->ints, 4, n, &(int){0}, &(int){0}, add, b);
}
static weft_status map_reduce(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_map_reduce(o, 0, n, 4, &(int){0}, &(int){0}, fold, add, b);
}
static weft_status scan(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_scan(o, WEFT_SCAN_EXCLUSIVE, b->ints, b->more, 4, n, &(int){0}, add, b);
}
static weft_status scan_range(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_scan_range(o, 0, n, 4, &(int){0}, fold, write_none, add, b);
}
static weft_status filter(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_filter(o, b->ints, 4, n, b->more, &(size_t){0}, is_odd, b);
}
static weft_status partition(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_partition(o, b->ints, 4, n, b->more, &(size_t){0}, is_odd, b);
}
static weft_status count_if(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_count_if(o, b->ints, 4, n, &(size_t){0}, is_odd, b);
}
static weft_status find_none(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_find(o, b->ints, 4, n, &(size_t){0}, is_none, b);
}
static weft_status find_soon(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_find_any(o, b->ints, 4, n, &(size_t){0}, is_odd, b);
}
static weft_status every(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_every(o, b->ints, 4, n, &(bool){0}, is_odd, b);
}
static weft_status least(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_least(o, b->ints, 4, n, &(size_t){0}, compare, b);
}
static weft_status sort(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_sort(o, b->ints, n, 4, compare, b);
}
static weft_status stable_sort(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_stable_sort(o, b->ints, n, 4, compare, b);
}
static weft_status merge(const weft_parallel_options *o, bench *b, size_t n) { /* of two that are not in order */
    return weft_merge(o, b->ints, n / 2, b->ints + n / 2, n - n / 2, 4, b->more, compare, b);
}

static algorithm *const with_functions[] = {for_range, map,       reduce,      map_reduce, scan,      scan_range,
                                            filter,    partition, count_if,    find_none,  find_soon, every,
                                            least,     sort,      stable_sort, merge};
enum { WITH = sizeof with_functions / sizeof *with_functions };

static weft_status sort_int32(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_sort_int32(o, b->ints, n);
}
static weft_status sort_double(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_sort_double(o, b->doubles, n);
}
static weft_status sort_strings(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_sort_strings(o, b->texts, n);
}
WEFT_ORDER(upward, int, a, b) { return *a < *b; }
static weft_status sort_by(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_sort_by(o, upward, b->ints, n);
}
WEFT_MAP(int, twice, (int, x)) { return 2 * x; }
static weft_status map_by(const weft_parallel_options *o, bench *b, size_t n) {
    return weft_map_by_with(o, twice, b->ints, b->more, n);
}
static algorithm *const without[] = {sort_int32, sort_double, sort_strings, sort_by, map_by};
enum { WITHOUT = sizeof without / sizeof *without };

static bench bench_of(size_t count) {
    static const char *const words[] = {"warp", "weft", "loom", "shuttle", "heddle", "reed", "treadle"};
    bench b = {malloc(count * 4), malloc(count * 4), malloc(count * 8), malloc(count * sizeof(char *)), 0, 0, 0, false};
    uint64_t random = harness_seed();
    for (size_t i = 0; i < count; i++) {
        b.ints[i] = (int)(harness_random(&random) % 1000000);
        b.doubles[i] = b.ints[i] / 3.0;
        b.texts[i] = words[harness_random(&random) % 7];
    }
    return b;
}

static void free_bench(bench *b) {
    free(b->ints);
    free(b->more);
    free(b->doubles);
    free(b->texts);
}

/* ---- progress ---- */

typedef struct watch {
    atomic_size_t done, ends, wrong;
    atomic_int inside;
    size_t total;
} watch;

static void see(size_t done, size_t total, void *context) {
    watch *w = context;
    size_t before = atomic_exchange(&w->done, done);
    bool alone = atomic_fetch_add(&w->inside, 1) == 0;
    if (!alone || total != w->total || done > total || done < before) atomic_fetch_add(&w->wrong, 1);
    if (done == total) atomic_fetch_add(&w->ends, 1);
    atomic_fetch_sub(&w->inside, 1);
}

static void watch_it(algorithm *run, bench *b, size_t count, size_t parts, int number) {
    watch w = {.total = count};
    CHECK_OK(run(&(weft_parallel_options){.parts = parts, .progress = see, .progress_context = &w}, b, count));
    bool good = atomic_load(&w.wrong) == 0 && atomic_load(&w.ends) == 1 && atomic_load(&w.done) == count;
    if (!good)
        FAIL("algorithm %d of %zu in %zu parts: %zu wrong, %zu ends, %zu done", number, count, parts,
             atomic_load(&w.wrong), atomic_load(&w.ends), atomic_load(&w.done));
}

TEST(progress_is_told_in_elements_and_once_of_the_end) {
    const size_t counts[] = {2, 40, 5000, harness_slowness() > 2 ? COUNT / 20 : COUNT};
    weft_kernel *kernel = kernel_here();
    bench b = bench_of(COUNT);
    for (size_t c = 0; c < 4; c++) {
        for (size_t parts = 0; parts <= 8; parts += 4) {
            for (int i = 0; i < WITH; i++) watch_it(with_functions[i], &b, counts[c], parts, i);
            for (int i = 0; i < WITHOUT; i++) watch_it(without[i], &b, counts[c], parts, WITH + i);
        }
    }
    free_bench(&b);
    end_and_free(kernel);
}

/* ---- deadlines ---- */

TEST(every_algorithm_gives_up_at_its_deadline) {
    weft_kernel *kernel = kernel_here();
    bench b = bench_of(COUNT);
    const weft_parallel_options late = {.deadline = weft_time() - 1};
    for (int i = 0; i < WITH; i++) CHECK_STATUS(with_functions[i](&late, &b, COUNT), WEFT_TIMED_OUT);
    for (int i = 0; i < WITHOUT; i++) CHECK_STATUS(without[i](&late, &b, COUNT), WEFT_TIMED_OUT);
    CHECK_LT(atomic_load(&b.calls), 2000); /* where a merge is to be divided is looked for before */
    free_bench(&b);
    end_and_free(kernel);
}

static int compare_slowly(const void *a, const void *b, void *context) {
    CHECK_OK(weft_sleep(weft_after(0.00005)));
    return compare(a, b, context);
}

TEST(one_worker_keeps_the_deadline_of_a_sort_too) {
    enum { LENGTH = 1 << 18 };
    weft_kernel *kernel = kernel_of(1);
    bench b = bench_of(LENGTH);
    int64_t sum = 0, after = 0;
    for (int i = 0; i < LENGTH; i++) sum += b.ints[i];
    weft_parallel_options soon = {.deadline = weft_after(0.02), .parts = 1 << 12};
    CHECK_STATUS(weft_sort(&soon, b.ints, LENGTH, 4, compare_slowly, &b), WEFT_TIMED_OUT);
    for (int i = 0; i < LENGTH; i++) after += b.ints[i];
    CHECK_EQ(after, sum);
    free_bench(&b);
    end_and_free(kernel);
}

/* ---- errors ---- */

typedef struct trial {
    algorithm *run;
    bench *b;
    size_t count, parts;
} trial;

WEFT_TASK(weft_status, run_inside, (trial *, t)) {
    volatile weft_status status = WEFT_OK;
    WEFT_HANDLER_CASE {
        WEFT_TRY { status = t->run(&(weft_parallel_options){.parts = t->parts}, t->b, t->count); }
        WEFT_HANDLE(&no_more, condition) {
            CHECK_STR(weft_condition_message(condition), "no more");
            status = WEFT_FAILED;
        }
    }
    return status;
}

static void fail_at(weft_channel *results, trial *t, long call, int number) {
    weft_status inside = WEFT_OK;
    t->b->fails_at = call;
    atomic_store(&t->b->calls, 0);
    weft_status outside = t->run(&(weft_parallel_options){.parts = t->parts}, t->b, t->count);
    bool failed = atomic_load(&t->b->calls) >= call;
    if (outside != (failed ? WEFT_FAILED : WEFT_OK)) FAIL("algorithm %d gives %s", number, weft_status_name(outside));
    atomic_store(&t->b->calls, 0);
    CHECK_OK(weft_submit(results, run_inside, t));
    CHECK_OK(weft_receive_result(results, &inside, patience()));
    failed = atomic_load(&t->b->calls) >= call;
    if (inside != (failed ? WEFT_FAILED : WEFT_OK))
        FAIL("algorithm %d gives %s in a task", number, weft_status_name(inside));
}

TEST(an_error_in_any_function_ends_its_algorithm_and_leaves_nothing) {
    static const long at[] = {1, 2, 77, 9000};
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(weft_status);
    bench b = bench_of(COUNT);
    weft_set(weft_debug_tasks, false);
    for (int i = 0; i < WITH; i++)
        for (size_t n = 0; n < 4; n++)
            for (size_t parts = 0; parts <= 5; parts += 5)
                fail_at(results, &(trial){with_functions[i], &b, 20000, parts}, at[n], i);
    weft_set(weft_debug_tasks, true);
    free_bench(&b);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- kills ---- */

static const char doomed[] = "doomed";

WEFT_TASK(int, run_for_ever, (trial *, t)) {
    while (true) {
        t->run(&(weft_parallel_options){.parts = t->parts}, t->b, t->count);
        atomic_store(&t->b->hangs, true); /* one without functions, which has run at least once */
        if (weft_how_far_kills_reach() != WEFT_KILL_ANYWHERE) weft_sleep(WEFT_FOREVER);
    }
    return 0;
}

/* Once nobody is inside any more, what it worked on may be freed: a helper that ran on would be found. */
static void kill_it(weft_kernel *kernel, weft_channel *results, algorithm *run, size_t parts, long call) {
    bench b = bench_of(20000);
    trial t = {run, &b, 20000, parts};
    int value;
    b.hangs_at = call;
    WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(results, run_for_ever, &t));
    CHECK_EVENTUALLY(atomic_load(&b.hangs));
    weft_status status;
    weft_deadline end = patience();
    do { /* a worker that gets no processor for long is left out, and asked again */
        weft_kill_tasks(kernel, doomed, NULL);
        status = weft_receive_result(results, &value, weft_after(0.2));
    } while (status == WEFT_TIMED_OUT && weft_time() < end);
    CHECK_STATUS(status, WEFT_KILLED);
    free_bench(&b);
}

TEST(a_kill_ends_every_algorithm_and_leaves_nothing) {
    static const long at[] = {1, 900};
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (size_t parts = 0; parts <= 5; parts += 5) {
        for (int i = 0; i < WITH; i++)
            for (size_t n = 0; n < 2; n++) kill_it(kernel, results, with_functions[i], parts, at[n]);
        for (int i = 0; i < WITHOUT; i++) kill_it(kernel, results, without[i], parts, 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- nested ---- */

typedef struct nest {
    bench *b;
    int depth;
} nest;

static weft_status go_deeper(size_t first, size_t last, void *context) {
    const nest *n = context;
    nest inner = {n->b, n->depth - 1};
    for (size_t i = first; i < last; i++) {
        if (n->depth > 0) CHECK_OK(weft_for_range(NULL, 0, 3, go_deeper, &inner));
        CHECK_OK(count_if(NULL, n->b, 500));
        CHECK_OK(reduce(&(weft_parallel_options){.parts = 3}, n->b, 100));
    }
    return WEFT_OK;
}

TEST(algorithms_run_inside_of_algorithms_to_any_depth) {
    weft_kernel *kernel = kernel_here();
    bench b = bench_of(500);
    CHECK_OK(weft_for_range(NULL, 0, 3, go_deeper, &(nest){&b, 4}));
    free_bench(&b);
    end_and_free(kernel);
}
