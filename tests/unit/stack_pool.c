/* SPDX-License-Identifier: MIT */
/* stack_pool.c - stacks are guarded, distinct, recycled, take memory only where touched, and can be walked. */
#define _GNU_SOURCE 1

#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "fiber/stack.h"
#include "os/os.h"

enum { SIZE = 64 * 1024 };

/* Whether the byte can be read; the system says so without a fault of ours. */
static bool readable(const void *byte) {
    int ends[2];
    if (pipe(ends) != 0) return false;
    bool good = write(ends[1], byte, 1) == 1;
    close(ends[0]);
    close(ends[1]);
    return good;
}

/* Whether the page has memory. */
static bool resident(const void *address) {
    size_t page = wefti_page_size();
    unsigned char answer = 0;
    uintptr_t start = (uintptr_t)address & ~(page - 1);
    if (mincore((void *)start, page, &answer) != 0) FAIL("mincore: %s", strerror(errno));
    return (answer & 1) != 0;
}

TEST(a_stack_ends_at_a_multiple_of_its_size_and_all_of_it_can_be_used) {
    static const size_t sizes[] = {16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        wefti_stack_pool *pool = wefti_stack_pool_make(sizes[i]);
        uint32_t number;
        char *low = wefti_stack_take(pool, &number);
        if (!CHECK_NOT_NULL(low)) return;
        char *top = wefti_stack_top(low, sizes[i]);
        CHECK_EQ((uintptr_t)top % sizes[i], 0);
        CHECK_GT(top - low, sizes[i] / 2);
        CHECK_LT(top - low, sizes[i]);
        memset(low, 1, (size_t)(top - low));
        wefti_stack_pool_free(pool);
    }
}

TEST(below_a_stack_is_a_guard) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    char *lows[20];
    uint32_t number;
    for (int i = 0; i < 20; i++) {
        lows[i] = wefti_stack_take(pool, &number);
        if (!CHECK_NOT_NULL(lows[i])) return;
        CHECK(readable(lows[i]));
        CHECK(!readable(lows[i] - 1));
        CHECK(wefti_stack_check(lows[i]));
    }
    CHECK_EQ(wefti_stack_count(pool).unguarded, 0);
    for (int i = 0; i < 20; i++) wefti_stack_give(pool, lows[i]);
    wefti_stack_pool_trim(pool, 0);
    for (int i = 0; i < 20; i++) CHECK(!readable(lows[i] - 1));
    wefti_stack_pool_free(pool);
}

TEST(who_grows_past_the_end_of_a_stack_dies) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    uint32_t number;
    volatile char *low = wefti_stack_take(pool, &number);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(0);
        low[-1] = 1;
        _exit(0);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(!(WIFEXITED(status) && WEXITSTATUS(status) == 0));
    wefti_stack_pool_free(pool);
}

TEST(without_a_guard_a_canary_tells_of_an_overflow) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    wefti_stack_pool_unguarded(pool);
    uint32_t number;
    char *first = wefti_stack_take(pool, &number), *second = wefti_stack_take(pool, &number);
    if (!CHECK_NOT_NULL(first) || !CHECK_NOT_NULL(second)) return;
    CHECK_EQ(wefti_stack_count(pool).unguarded, 2);
    memset(first, 1, (size_t)((char *)wefti_stack_top(first, SIZE) - first));
    CHECK(wefti_stack_check(first));
    CHECK(wefti_stack_check(second));
    first[-1] = 1;
    CHECK(!wefti_stack_check(first));
    CHECK(wefti_stack_check(second));
    wefti_stack_pool_free(pool);
}

TEST(a_stack_keeps_its_number) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    uint32_t number, again;
    void *low = wefti_stack_take(pool, &number);
    CHECK_EQ(number, 0);
    wefti_stack_give(pool, low);
    CHECK_PTR(wefti_stack_take(pool, &again), low);
    CHECK_EQ(again, number);
    wefti_stack_pool_free(pool);
}

TEST(stacks_that_were_never_taken_have_no_memory) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    uint32_t number;
    char *low = wefti_stack_take(pool, &number);
    if (!CHECK_NOT_NULL(low)) return;
    char *top = wefti_stack_top(low, SIZE);
    top[-1] = 1;
    CHECK(resident(top - 1));
    CHECK(!resident(low));
    CHECK(!resident(top + SIZE - 1)); /* the next stack of the slab */
    CHECK_EQ(wefti_stack_count(pool).made, 1);
    CHECK_GE(wefti_stack_count(pool).bytes, 2 * SIZE);
    wefti_stack_pool_free(pool);
}

TEST(given_stacks_keep_their_memory_up_to_a_number) {
    enum { COUNT = 10, KEPT = 4 };
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    wefti_stack_pool_keep(pool, KEPT);
    char *tops[COUNT];
    uint32_t number;
    for (int i = 0; i < COUNT; i++) {
        tops[i] = wefti_stack_top(wefti_stack_take(pool, &number), SIZE);
        tops[i][-1] = 1;
    }
    for (int i = 0; i < COUNT; i++) {
        uint32_t ignored;
        wefti_stack_give(pool, wefti_stack_around(pool, tops[i] - 1, &ignored));
    }
    int kept = 0;
    for (int i = 0; i < COUNT; i++) kept += resident(tops[i] - 1);
    CHECK_EQ(kept, KEPT);
    for (int i = 0; i < KEPT; i++) { /* those with memory are taken first */
        char *top = wefti_stack_top(wefti_stack_take(pool, &number), SIZE);
        CHECK_EQ(top[-1], 1);
    }
    char *top = wefti_stack_top(wefti_stack_take(pool, &number), SIZE);
    CHECK_EQ(top[-1], 0);
    wefti_stack_pool_free(pool);
}

TEST(trim_leaves_so_many_with_memory) {
    enum { COUNT = 10 };
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    char *tops[COUNT];
    void *lows[COUNT];
    uint32_t number;
    for (int i = 0; i < COUNT; i++) {
        lows[i] = wefti_stack_take(pool, &number);
        tops[i] = wefti_stack_top(lows[i], SIZE);
        tops[i][-1] = 1;
    }
    for (int i = 1; i < COUNT; i++) wefti_stack_give(pool, lows[i]);
    for (int left = COUNT; left >= 0; left -= 3) {
        wefti_stack_pool_trim(pool, (size_t)left);
        int kept = 0;
        for (int i = 1; i < COUNT; i++) kept += resident(tops[i] - 1);
        CHECK_EQ(kept, WEFTI_MIN(left, COUNT - 1));
    }
    CHECK_EQ(tops[0][-1], 1); /* the one in use is not touched */
    wefti_stack_pool_free(pool);
}

TEST(a_closed_pool_keeps_the_memory_of_what_is_given_and_forgets_it_all_at_once) {
    enum { COUNT = 100, KEPT = 4, IN_USE = 10 }; /* each tenth stays in use */
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    wefti_stack_pool_keep(pool, KEPT);
    char *tops[COUNT], *lows[COUNT];
    uint32_t number;
    for (int i = 0; i < COUNT; i++) {
        lows[i] = wefti_stack_take(pool, &number);
        if (!CHECK_NOT_NULL(lows[i])) return;
        tops[i] = wefti_stack_top(lows[i], SIZE);
        tops[i][-1] = 1;
    }
    wefti_stack_pool_close(pool);
    for (int i = 0; i < COUNT; i++)
        if (i % IN_USE != 0) wefti_stack_give(pool, lows[i]);
    int with_memory = 0;
    for (int i = 0; i < COUNT; i++) with_memory += resident(tops[i] - 1);
    CHECK_EQ(with_memory, COUNT);
    wefti_stack_pool_forget(pool);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ(resident(tops[i] - 1), i % IN_USE == 0);
        CHECK(!readable(lows[i] - 1)); /* the guard is one still */
        if (i % IN_USE == 0) CHECK_EQ(tops[i][-1], 1);
    }
    wefti_stack_pool_free(pool);
}

static bool system_populates(void) {
    enum { COUNT = 16 };
    char *pages = wefti_pages_map(COUNT * SIZE);
    size_t page = wefti_page_size();
    if (!CHECK_NOT_NULL(pages)) return false;
    wefti_pages_populate_many(pages, page, SIZE, COUNT);
    bool does = resident(pages);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ(resident(pages + i * SIZE), does);
        CHECK(!resident(pages + i * SIZE + page));
        CHECK_EQ(pages[i * SIZE], 0);
    }
    wefti_pages_unmap(pages, COUNT * SIZE);
    return does;
}

TEST(where_many_stacks_are_used_a_few_next_ones_have_memory_already) {
    enum { FEW = 1000, MANY = 1080, MOST_AHEAD = 64 };
    bool populates = system_populates();
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    char *top = NULL;
    uint32_t number;
    for (int i = 0; i < FEW; i++) {
        top = wefti_stack_top(wefti_stack_take(pool, &number), SIZE);
        CHECK(!resident(top - 1));
    }
    for (int i = FEW; i < MANY; i++) top = wefti_stack_top(wefti_stack_take(pool, &number), SIZE);
    CHECK_EQ(resident(top - 1), populates);
    CHECK(!resident(top - 1 - wefti_page_size()));
    CHECK(!resident(top - 1 + (size_t)MOST_AHEAD * SIZE)); /* of the same slab, which has 1,024 */
    wefti_stack_pool_free(pool);
}

/* ---- against a model ---- */

typedef struct expected {
    void **lows; /* by number; NULL: not in use */
    size_t most;
    size_t in_use;
} expected;

static bool take(wefti_stack_pool *pool, expected *model) {
    uint32_t number = UINT32_MAX;
    char *low = wefti_stack_take(pool, &number);
    if (!CHECK_NOT_NULL(low) || !CHECK_LT(number, model->most)) return false;
    if (!CHECK_NULL(model->lows[number])) return false;
    model->lows[number] = low;
    model->in_use++;
    ((char *)wefti_stack_top(low, WEFTI_SMALLEST_STACK))[-1] = 1;
    return true;
}

static void give(wefti_stack_pool *pool, expected *model, size_t number) {
    if (model->lows[number] == NULL) return;
    wefti_stack_give(pool, model->lows[number]);
    model->lows[number] = NULL;
    model->in_use--;
}

static void compare(const wefti_stack_pool *pool, const expected *model) {
    wefti_stack_walk walk = {0};
    uint32_t number = 0, around;
    size_t met = 0;
    char *low;
    while ((low = wefti_stack_walk_next(pool, &walk, &number)) != NULL) {
        met++;
        if (!CHECK_PTR(model->lows[number], low)) return;
        if (!CHECK_PTR(wefti_stack_around(pool, low - 1, &around), low) || !CHECK_EQ(around, number)) return;
        char *top = wefti_stack_top(low, WEFTI_SMALLEST_STACK);
        if (!CHECK_PTR(wefti_stack_around(pool, top - 1, &around), low)) return;
    }
    CHECK_EQ(met, model->in_use);
    CHECK_EQ(wefti_stack_count(pool).in_use, model->in_use);
}

TEST(any_order_of_takes_and_gives_agrees_with_a_model) {
    expected model = {.most = harness_rounds(5000)};
    model.lows = calloc(model.most, sizeof *model.lows);
    wefti_stack_pool *pool = wefti_stack_pool_make(WEFTI_SMALLEST_STACK);
    if (!CHECK_NOT_NULL(model.lows) || !CHECK_NOT_NULL(pool)) return;
    wefti_stack_pool_keep(pool, model.most / 8);
    uint64_t random = harness_seed();
    for (int phase = 0; phase < 6; phase++) {
        uint64_t taking = phase % 2 == 0 ? 80 : 25; /* of a hundred steps */
        for (size_t n = model.most; n > 0; n--) {
            if (harness_random(&random) % 100 >= taking)
                give(pool, &model, harness_random(&random) % model.most);
            else if (model.in_use < model.most && !take(pool, &model))
                n = 1;
        }
        compare(pool, &model);
    }
    CHECK_LE(wefti_stack_count(pool).made, model.most);
    for (size_t i = 0; i < model.most; i++) give(pool, &model, i);
    compare(pool, &model);
    wefti_stack_pool_free(pool);
    free(model.lows);
}

TEST(an_address_of_nobody_is_in_no_stack) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    uint32_t number;
    CHECK_NULL(wefti_stack_around(pool, &number, &number));
    char *low = wefti_stack_take(pool, &number);
    CHECK_NULL(wefti_stack_around(pool, &number, &number));
    CHECK_NULL(wefti_stack_around(pool, NULL, &number));
    CHECK_NULL(wefti_stack_around(pool, (char *)wefti_stack_top(low, SIZE), &number)); /* never taken */
    CHECK_PTR(wefti_stack_around(pool, low - wefti_page_size(), &number), low);
    wefti_stack_pool_free(pool);
}

/* ---- threads ---- */

enum { THREADS = 4, HELD = 40 };

typedef struct taker {
    wefti_stack_pool *pool;
    unsigned number;
    WEFTI_ATOMIC(int) * done;
} taker;

/* Writes its number on each stack it takes, and finds it there when it gives the stack back. */
static void *take_and_give(void *argument) {
    taker *self = argument;
    struct {
        char *low;
        unsigned *mark;
    } held[HELD] = {{NULL, NULL}};
    uint64_t random = self->number;
    for (size_t n = harness_rounds(4000); n > 0; n--) {
        size_t i = harness_random(&random) % HELD;
        if (held[i].low != NULL) {
            if (*held[i].mark != self->number) FAIL("a stack has two owners");
            *held[i].mark = 0;
            wefti_stack_give(self->pool, held[i].low);
            held[i].low = NULL;
            continue;
        }
        uint32_t number;
        held[i].low = wefti_stack_take(self->pool, &number);
        held[i].mark = (unsigned *)wefti_stack_top(held[i].low, SIZE) - 1;
        if (*held[i].mark != 0) FAIL("a stack was taken that somebody has");
        *held[i].mark = self->number;
    }
    for (size_t i = 0; i < HELD; i++) {
        if (held[i].low == NULL) continue;
        *held[i].mark = 0;
        wefti_stack_give(self->pool, held[i].low);
    }
    wefti_add_release(self->done, 1); /* partner: the walk below */
    return NULL;
}

TEST(threads_never_get_the_same_stack_while_another_walks) {
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    wefti_stack_pool_keep(pool, 20);
    pthread_t threads[THREADS];
    taker takers[THREADS];
    WEFTI_ATOMIC(int) done = {0};
    for (unsigned i = 0; i < THREADS; i++) {
        takers[i].pool = pool;
        takers[i].number = i + 1;
        takers[i].done = (void *)&done;
        CHECK_EQ(pthread_create(&threads[i], NULL, take_and_give, &takers[i]), 0);
    }
    while (wefti_load_acquire(&done) < THREADS) {
        wefti_stack_walk walk = {0};
        uint32_t number = 0;
        size_t met = 0;
        while (wefti_stack_walk_next(pool, &walk, &number) != NULL) met++;
        if (!CHECK_LE(met, THREADS * HELD)) break;
        wefti_os_yield();
    }
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(wefti_stack_count(pool).in_use, 0);
    CHECK_LE(wefti_stack_count(pool).made, THREADS * HELD);
    wefti_stack_pool_free(pool);
}

/* ---- refusal ---- */

TEST(no_address_space_gives_null_and_later_it_works) {
#if WEFTI_ASAN || WEFTI_TSAN
    SKIP("a sanitizer does not bear a limit of address space");
#else
    wefti_stack_pool *pool = wefti_stack_pool_make(SIZE);
    struct rlimit before, tight;
    CHECK_EQ(getrlimit(RLIMIT_AS, &before), 0);
    tight = before;
    tight.rlim_cur = 1 << 20;
    CHECK_EQ(setrlimit(RLIMIT_AS, &tight), 0);
    uint32_t number;
    void *low = wefti_stack_take(pool, &number);
    void *as_much = low != NULL ? wefti_pages_map(16 * SIZE) : NULL;
    CHECK_EQ(setrlimit(RLIMIT_AS, &before), 0);
    if (as_much != NULL) {
        wefti_pages_unmap(as_much, 16 * SIZE);
        wefti_stack_pool_free(pool);
        SKIP("the system does not keep its limit of address space (an emulator)");
        return;
    }
    CHECK_NULL(low);
    CHECK_EQ(wefti_stack_count(pool).in_use, 0);
    CHECK_NOT_NULL(wefti_stack_take(pool, &number));
    wefti_stack_pool_free(pool);
#endif
}
