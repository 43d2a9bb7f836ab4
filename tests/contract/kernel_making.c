/* SPDX-License-Identifier: MIT */
/* kernel_making.c - rows K1, K2, K5, K13, K14: making kernels, what their workers are and see. */
#define _GNU_SOURCE 1 /* affinity */

#include "contract/common.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>

WEFT_VARIABLE(int, foo, 0);
WEFT_VARIABLE(int, bar, 1);

/* ---- the handshake ---- */

typedef struct entering {
    atomic_int calls, inside, left;
    int refuse; /* which call, counted from 1, does not enter its loop */
} entering;

static void enter_but_one(weft_worker_loop *loop, void *argument) {
    entering *e = argument;
    if (atomic_fetch_add(&e->calls, 1) + 1 == e->refuse) return;
    atomic_fetch_add(&e->inside, 1);
    CHECK_OK(weft_enter_worker_loop(loop));
    atomic_fetch_add(&e->left, 1);
}

TEST(one_context_that_does_not_enter_its_loop_undoes_the_whole_creation) {
    static const unsigned counts[] = {1, 2, 4, 8};
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned refuse = 1; refuse <= counts[i]; refuse++) {
            entering e = {.refuse = (int)refuse};
            weft_kernel_options options = {.context = enter_but_one, .context_argument = &e};
            CHECK_NULL(weft_make_kernel(counts[i], &options));
            CHECK_STATUS(weft_last_status(), WEFT_NOT_STARTED);
            CHECK_EQ(atomic_load(&e.inside), (int)counts[i] - 1);
            CHECK_EQ(atomic_load(&e.left), (int)counts[i] - 1);
            CHECK_NULL(weft_get(weft_current_kernel));
        }
    }
    CHECK_NO_THREAD_LEFT();
}

TEST(every_worker_has_entered_its_loop_when_the_kernel_is_made) {
    for (int round = 0; round < 20; round++) {
        entering e = {.refuse = 0};
        weft_kernel_options options = {.context = enter_but_one, .context_argument = &e};
        weft_kernel *kernel = weft_make_kernel(harness_workers(), &options);
        if (!CHECK_NOT_NULL(kernel)) return;
        CHECK_EQ(atomic_load(&e.inside), (int)harness_workers());
        CHECK_EQ(atomic_load(&e.left), 0);
        CHECK_OK(weft_end_kernel(kernel, true));
        CHECK_EQ(atomic_load(&e.left), (int)harness_workers());
        CHECK_OK(weft_free_kernel(kernel));
    }
}

TEST(ended_kernel_leaves_no_thread) {
    for (int round = 0; round < 5; round++) end_and_free(kernel_here());
    CHECK_NO_THREAD_LEFT();
}

TEST(too_few_threads_are_an_error_that_leaves_nothing_running) {
    struct rlimit old, none;
    if (getrlimit(RLIMIT_AS, &old) != 0 || harness_slowness() > 1) {
        SKIP("the address space cannot be limited under a sanitizer or an emulator");
        return;
    }
    none = old;
    none.rlim_cur = (rlim_t)600 * 1024 * 1024; /* not enough for the stacks of so many threads */
    CHECK_EQ(setrlimit(RLIMIT_AS, &none), 0);
    weft_kernel *kernel = weft_make_kernel(WEFT_MAX_WORKERS, NULL);
    weft_status status = weft_last_status();
    CHECK_EQ(setrlimit(RLIMIT_AS, &old), 0);
    CHECK_NULL(kernel);
    CHECK(status == WEFT_NO_THREADS || status == WEFT_NO_MEMORY);
    CHECK_NO_THREAD_LEFT();
    if (kernel) CHECK_OK(weft_free_kernel(kernel));
}

/* ---- how many ---- */

TEST(count_zero_is_the_number_of_cpus_in_the_affinity_mask) {
    cpu_set_t all, one;
    CPU_ZERO(&all);
    if (!CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0)) return;
    weft_kernel *kernel = kernel_of(0);
    CHECK_GE(weft_kernel_worker_count(kernel), 1);
    CHECK_LE(weft_kernel_worker_count(kernel), (unsigned)CPU_COUNT(&all));
    end_and_free(kernel);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET((size_t)cpu, &all)) CPU_SET((size_t)cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    kernel = kernel_of(0);
    CHECK_EQ(weft_kernel_worker_count(kernel), 1);
    end_and_free(kernel);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

WEFT_TASK(int, one_more, (int, number)) { return number + 1; }

TEST(more_workers_than_cpus_work_on_one_cpu) {
    cpu_set_t all, one;
    CPU_ZERO(&all);
    CPU_ZERO(&one);
    if (!CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0)) return;
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET((size_t)cpu, &all)) CPU_SET((size_t)cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    weft_kernel *kernel = kernel_of(4);
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < 1000; i++) {
        int value = 0;
        CHECK_OK(weft_submit(results, one_more, i));
        if (!CHECK_OK(weft_receive_result(results, &value, patience())) || !CHECK_EQ(value, i + 1)) break;
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

TEST(kernels_of_1_to_16_workers_work) {
    for (unsigned workers = 1; workers <= 16; workers++) {
        weft_kernel *kernel = kernel_of(workers);
        weft_channel *results = weft_make_channel(int);
        int sum = 0;
        CHECK_EQ(weft_kernel_worker_count(kernel), workers);
        for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(results, one_more, i));
        WEFT_DO_FAST_RECEIVES(int, value, results, 100) sum += value;
        CHECK_EQ(sum, 5050);
        CHECK_OK(weft_free_channel(results));
        end_and_free(kernel);
    }
}

/* ---- names ---- */

/* How many threads of this process have a name that begins so. Too few, if an older one leaves the list meanwhile. */
static int threads_named(const char *prefix) {
    DIR *folder = opendir("/proc/self/task");
    const struct dirent *entry;
    int count = 0;
    while (folder && (entry = readdir(folder))) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fgets(name, sizeof name, file) && strncmp(name, prefix, strlen(prefix)) == 0) count++;
        fclose(file);
    }
    if (folder) closedir(folder);
    return count;
}

TEST(worker_threads_carry_the_name_of_the_kernel) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.name = "loom"});
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_STR(weft_kernel_name(kernel), "loom");
    CHECK_EVENTUALLY(threads_named("loom/") == (int)harness_workers());
    CHECK_EVENTUALLY(threads_named("loom/0") == 1);
    end_and_free(kernel);
}

TEST(long_name_is_cut_in_the_threads_and_kept_in_the_kernel) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.name = "a very long name of it"});
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_STR(weft_kernel_name(kernel), "a very long name of it");
    CHECK_EVENTUALLY(threads_named("a very long/") == (int)harness_workers());
    end_and_free(kernel);
}

TEST(name_is_copied_and_weft_by_default) {
    char name[] = "mine";
    weft_kernel *kernel = weft_make_kernel(1, &(weft_kernel_options){.name = name});
    name[0] = 'x';
    CHECK_STR(weft_kernel_name(kernel), "mine");
    end_and_free(kernel);
    kernel = kernel_of(1);
    CHECK_STR(weft_kernel_name(NULL), "weft");
    end_and_free(kernel);
}

/* ---- the current kernel and the index ---- */

WEFT_TASK(weft_kernel *, current_here, (int, none)) {
    (void)none;
    return weft_get(weft_current_kernel);
}

TEST(current_kernel_inside_a_worker_is_its_own) {
    weft_kernel *kernels[3];
    for (int i = 0; i < 3; i++) kernels[i] = kernel_here();
    CHECK_PTR(weft_get(weft_current_kernel), kernels[0]);
    for (int i = 0; i < 3; i++) {
        WEFT_BIND(weft_current_kernel, kernels[i]) {
            weft_channel *results = weft_make_channel(weft_kernel *);
            weft_kernel *seen = NULL;
            CHECK_OK(weft_submit(results, current_here, 0));
            CHECK_OK(weft_receive_result(results, &seen, patience()));
            CHECK_PTR(seen, kernels[i]);
            CHECK_OK(weft_free_channel(results));
        }
    }
    for (int i = 0; i < 3; i++) end_and_free(kernels[i]);
    CHECK_NULL(weft_get(weft_current_kernel));
}

TEST(channel_keeps_the_kernel_it_was_made_with) {
    weft_kernel *first = kernel_here(), *second = kernel_here();
    weft_channel *results = weft_make_channel(weft_kernel *);
    weft_kernel *seen = NULL;
    weft_set(weft_current_kernel, second);
    CHECK_OK(weft_submit(results, current_here, 0));
    CHECK_OK(weft_receive_result(results, &seen, patience()));
    CHECK_PTR(seen, first);
    CHECK_OK(weft_free_channel(results));
    end_and_free(first);
    CHECK_PTR(weft_get(weft_current_kernel), second);
    end_and_free(second);
}

WEFT_TASK(int, index_here, (int, none)) {
    (void)none;
    return weft_kernel_worker_index();
}

TEST(worker_index_is_in_range_inside_and_none_outside) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    CHECK_EQ(weft_kernel_worker_index(), -1);
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_submit(results, index_here, 0));
    WEFT_DO_FAST_RECEIVES(int, index, results, 1000) CHECK(index >= 0 && index < (int)harness_workers());
    CHECK_OK(weft_last_status());
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- bindings and context ---- */

static void compute_ninety_nine(void *value, void *argument) {
    atomic_fetch_add((atomic_int *)argument, 1);
    *(int *)value = 1 + 98;
}

static atomic_int foo_in_context, context_calls;

static void with_bar(weft_worker_loop *loop, void *argument) {
    (void)argument;
    atomic_store(&foo_in_context, weft_get(foo));
    atomic_fetch_add(&context_calls, 1);
    WEFT_BIND(bar, weft_get(foo) + 1) CHECK_OK(weft_enter_worker_loop(loop));
}

WEFT_TASK(int, foo_and_bar, (int, none)) {
    (void)none;
    return weft_get(foo) * 1000 + weft_get(bar);
}

TEST(bindings_are_computed_once_in_each_worker_and_seen_by_context_and_tasks) {
    atomic_int computed = 0;
    const weft_worker_binding bindings[] = {{&foo, compute_ninety_nine, &computed}};
    const weft_kernel_options options = {.bindings = bindings, .binding_count = 1, .context = with_bar};
    atomic_store(&context_calls, 0);
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &options);
    if (!CHECK_NOT_NULL(kernel)) return;
    CHECK_EQ(atomic_load(&computed), (int)harness_workers());
    CHECK_EQ(atomic_load(&context_calls), (int)harness_workers());
    CHECK_EQ(atomic_load(&foo_in_context), 99);
    int results[8] = {0};
    CHECK_OK(weft_broadcast(kernel, results, foo_and_bar, 0));
    for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_EQ(results[i], 99100);
    CHECK_EQ(weft_get(foo) * 1000 + weft_get(bar), 1);
    CHECK(weft_kernel_context(kernel) == with_bar);
    end_and_free(kernel);
}

/* ---- spinning ---- */

static void run_with_spin(int64_t spin) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.spin_count = spin});
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < 200; i++) {
        int value = 0;
        CHECK_OK(weft_submit(results, one_more, i));
        if (!CHECK_OK(weft_receive_result(results, &value, patience()))) break;
        CHECK_EQ(value, i + 1);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(kernel_works_whether_its_workers_spin_or_not) {
    run_with_spin(WEFT_NO_SPIN);
    run_with_spin(1);
    run_with_spin(1000000);
    WEFT_BIND(weft_spin_count, 5) run_with_spin(0);
}

static int64_t cpu_used(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

TEST(idle_kernel_uses_no_cpu) {
    weft_kernel *kernel = kernel_here();
    weft_worker_counters c;
    const int64_t little = 2000000 * (int64_t)harness_slowness();
    bool idle = false;
    /* Other programs may disturb a look, and keep a worker from its sleep for long; not all the time. */
    for (int64_t end = harness_patience(); !idle && weft_time() < end;) {
        uint64_t sleeps = 0, later = 0;
        for (unsigned i = 0; i < harness_workers(); i++) {
            CHECK_EVENTUALLY(weft_read_counters(kernel, i, &c) == WEFT_OK && !c.busy && c.sleeps > 0);
            sleeps += c.sleeps;
        }
        int64_t used = cpu_used();
        weft_sleep(weft_after(0.2));
        used = cpu_used() - used;
        for (unsigned i = 0; i < harness_workers(); i++)
            if (CHECK_OK(weft_read_counters(kernel, i, &c))) later += c.sleeps;
        idle = used < little && later == sleeps;
    }
    CHECK(idle);
    end_and_free(kernel);
}

/* ---- stacks ---- */

WEFT_TASK(int, use_stack, (size_t, bytes)) {
    volatile char *deep = __builtin_alloca(bytes);
    for (size_t at = 0; at < bytes; at += 1024) deep[at] = (char)(at / 1024);
    weft_yield();
    int sum = 0;
    for (size_t at = 0; at < bytes; at += 1024) sum += deep[at] == (char)(at / 1024);
    return sum;
}

static void deep_tasks(weft_kernel *kernel, size_t stack_size, size_t bytes, int tasks) {
    weft_channel *results = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.kernel = kernel});
    const weft_submit_options options = {.stack_size = stack_size};
    for (int i = 0; i < tasks; i++) CHECK_OK(weft_submit_with(&options, results, use_stack, bytes));
    int got = 0;
    WEFT_DO_FAST_RECEIVES(int, pages, results, (size_t)tasks) got += pages == (int)((bytes + 1023) / 1024);
    CHECK_EQ(got, tasks);
    CHECK_OK(weft_free_channel(results));
}

TEST(task_may_use_the_stack_that_it_asked_for) {
    weft_kernel *kernel = kernel_here();
    deep_tasks(kernel, 0, 200 << 10, 20);
    deep_tasks(kernel, 1 << 20, 900 << 10, 20);
    deep_tasks(kernel, 8 << 20, (8 << 20) - (64 << 10), 4);
    deep_tasks(kernel, 4096, 100 << 10, 20); /* less than the kernel's size changes nothing */
    end_and_free(kernel);
}

TEST(task_may_use_the_stack_that_its_kernel_was_made_with) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.stack_size = 3 << 20});
    if (!CHECK_NOT_NULL(kernel)) return;
    deep_tasks(kernel, 0, (3 << 20) - (64 << 10), 8);
    end_and_free(kernel);
}
