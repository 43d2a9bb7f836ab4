/* SPDX-License-Identifier: MIT */
/* kill.c - tasks of many kinds are killed over and over, while others of no such category run: none is lost, none other
 * is hit, clean-ups run once each, and the process is sound afterwards.
 *
 * A round: as many victims of one kind as there are workers; when all have begun, and a random moment later, a pending
 * task is submitted and the victims are killed. Counted exactly: marks, outcomes, clean-ups. After each kind tasks that
 * use malloc, stdio and channels must end. Latencies, from the kill to the outcome, are printed for each kind if
 * WEFT_TEST_LATENCIES is set. Victims are left alone where kills do not reach them.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <dirent.h>
#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress/load.h"

static const char victims[] = "victims";

static atomic_int begun, cleaned;
static atomic_int held; /* in a section below */
static weft_channel *never, *full, *outcomes;
static weft_group *group_of_ever;
static weft_mutex *mutex, *taken;
static weft_future *promise; /* not to be had before the end */
static weft_graph *graph;
static FILE *sink, *silent, *cookie;
static int silent_pipe[2];
static pthread_mutex_t taken_by_main = PTHREAD_MUTEX_INITIALIZER;
static volatile double number;
static volatile long count;

static void clean(void *unused) {
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

/* ---- kinds of victims: none ever returns ---- */

static void loop(void) {
    for (;;) __asm__ volatile("");
}

static void allocate(void) {
    for (unsigned seed = 1;;) {
        seed = seed * 1103515245u + 12345u;
        char *large = malloc(16 + (seed >> 12) % 65536), *small = malloc(seed % 200 + 1);
        if (large != NULL) *(volatile char *)large = 1;
        if (small != NULL) *(volatile char *)small = 1;
        free(large);
        free(small);
    }
}

static void print(void) {
    for (int i = 0;; i++) fprintf(sink, "hello %d %s %f\n", i, "world", 1.5 * i);
}

static void open_and_close(void) {
    for (;;) {
        FILE *file = fopen("/dev/null", "r");
        if (file == NULL) continue;
        getc(file);
        fclose(file);
    }
}

static void format(void) {
    char text[256];
    for (int i = 0;; i++) {
        snprintf(text, sizeof text, "%d %g %s", i, 1.0 / 3, "x");
        number += strtod(text, NULL);
        time_t now = time(NULL);
        struct tm broken;
        localtime_r(&now, &broken);
    }
}

static void read_silence(void) {
    char byte;
    for (;;)
        if (read(silent_pipe[0], &byte, 1) > 0) abort();
}

static void get_silence(void) {
    char text[16];
    for (;;) {
        if (fgets(text, sizeof text, silent) != NULL) abort();
        clearerr(silent);
    }
}

static void deadlock(void) {
    pthread_mutex_lock(&taken_by_main);
    abort();
}

static void nap(void) {
    for (;;) nanosleep(&(struct timespec){1000, 0}, NULL);
}

static int compare(const void *a, const void *b) {
    for (volatile int i = 0; i < 50; i++) {
    }
    return *(const int *)a - *(const int *)b;
}

static volatile bool for_ever = true; /* no compiler may know */

static int compare_for_ever(const void *a, const void *b) {
    while (for_ever) __asm__ volatile("");
    return a < b;
}

static void sort(void) {
    int values[2000];
    for (unsigned seed = 1;;) {
        for (int i = 0; i < 2000; i++) values[i] = (int)((seed = seed * 1103515245u + 12345u) >> 16);
        qsort(values, 2000, sizeof *values, compare);
    }
}

static void sort_for_ever(void) {
    int values[100] = {3, 2, 1};
    qsort(values, 100, sizeof *values, compare_for_ever);
}

static void copy(void) {
    enum { SIZE = 1 << 18 };
    static char from[SIZE], to[64][SIZE];
    static atomic_int next;
    char *mine = to[atomic_fetch_add(&next, 1) % 64];
    for (;;) {
        memcpy(mine, from, SIZE);
        count += mine[17];
    }
}

static void compute(void) {
    for (double x = 1;;) number = x = sin(x) + exp(-x) + pow(x + 1, 0.3);
}

static int go_down(int depth) {
    volatile char here[64];
    here[0] = (char)depth;
    if (depth == 0) {
        while (for_ever) __asm__ volatile("");
        return 0;
    }
    return go_down(depth - 1) + here[0];
}

static void deep(void) { go_down(500); }

static void jump(void) {
    jmp_buf place;
    for (;;)
        if (setjmp(place) == 0) {
            count++;
            longjmp(place, 1);
        }
}

static void list(void) {
    for (;;) {
        DIR *directory = opendir("/proc/self");
        if (directory == NULL) continue;
        while (readdir(directory) != NULL) {
        }
        closedir(directory);
    }
}

static void environment(void) {
    for (;;) {
        setenv("WEFT_TEST_KILL", "1", 1);
        if (getenv("WEFT_TEST_KILL") == NULL) count++;
    }
}

static void *end_at_once(void *argument) { return argument; }

static void threads(void) {
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, end_at_once, NULL) == 0) pthread_join(thread, NULL);
    }
}

static void spawn(void) {
    extern char **environ;
    for (;;) {
        pid_t child;
        char *arguments[] = {(char *)(uintptr_t) "true", NULL};
        if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0) waitpid(child, NULL, 0);
    }
}

static void fork_children(void) {
    for (;;) {
        pid_t child = fork();
        if (child == 0) _exit(0);
        if (child > 0) waitpid(child, NULL, 0);
    }
}

static void vfork_children(void) {
    for (;;) {
        pid_t child = vfork();
        if (child == 0) _exit(0);
        if (child > 0) waitpid(child, NULL, 0);
    }
}

WEFT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    long b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

static void spawn_trees(void) {
    while (for_ever) count += weft_call(fib, 16);
}

static ssize_t write_cookie(void *unused, const char *text, size_t size) {
    (void)unused, (void)text;
    for (volatile int i = 0; i < 20000; i++) {
    }
    return (ssize_t)size;
}

static void print_to_callback(void) {
    for (;;) {
        fprintf(cookie, "line\n");
        fflush(cookie);
    }
}

static void receive(void) {
    int value;
    weft_receive(never, &value, WEFT_FOREVER);
    abort();
}

static void receive_with_deadline(void) {
    int value;
    weft_receive(never, &value, weft_after(1000));
    abort();
}

static void send(void) {
    weft_send(full, &(int){1}, WEFT_FOREVER);
    abort();
}

static void alternate(void) {
    int value, other = 2;
    weft_operation operations[] = {WEFT_TO_RECEIVE(never, &value), WEFT_TO_SEND(full, &other)};
    weft_alternate(operations, 2, WEFT_FAIR, WEFT_FOREVER);
    abort();
}

static void sleep_in_weft(void) {
    weft_sleep(weft_after(1000));
    abort();
}

static void wait_for_group(void) {
    weft_wait_group(group_of_ever, WEFT_FOREVER);
    abort();
}

static void wait_readable(void) {
    weft_wait_readable(silent_pipe[0], WEFT_FOREVER);
    abort();
}

static void wait_for_mutex(void) {
    weft_hold hold;
    weft_lock_mutex(taken, &hold, WEFT_FOREVER);
    abort();
}

static void force(void) {
    int value;
    weft_force(promise, &value, WEFT_FOREVER);
    abort();
}

WEFT_NODE_OVER(int, awaits, inputs) {
    (void)inputs;
    CHECK_OK(weft_force_future(promise, NULL, 0, WEFT_FOREVER));
    return 1;
}

static void compute_graph(void) {
    weft_compute_node(graph, NULL, 1, NULL, 0, WEFT_FOREVER);
    abort();
}

WEFT_TASK(int, sleeper, (int, value)) {
    weft_sleep(WEFT_FOREVER);
    return value;
}

/* Its child is of another category, and is cancelled when the scope is left. */
static void join_scope(void) {
    WEFT_SCOPE(children) { CHECK_OK(weft_scope_submit(children, NULL, sleeper, 1)); }
    abort();
}

static weft_status add_up(size_t first, size_t last, void *sum) {
    for (size_t i = first; i < last; i++) *(volatile long *)sum = (long)i; /* whose, does not matter */
    return WEFT_OK;
}

static void run_loops(void) {
    static long sums[64];
    for (;;) weft_for_range(&(weft_parallel_options){.parts = 8}, 0, 10000, add_up, &sums[count++ % 64]);
}

static int compare_in(const void *a, const void *b, void *unused) {
    (void)unused;
    return compare(a, b);
}

static void sort_in_parallel(void) {
    enum { SIZE = 20000 };
    static int32_t values[64][SIZE];
    static atomic_int next;
    int32_t *mine = values[atomic_fetch_add(&next, 1) % 64];
    for (unsigned seed = 1;;) {
        for (int i = 0; i < SIZE; i++) mine[i] = (int32_t)((seed = seed * 1103515245u + 12345u) >> 1);
        weft_sort(&(weft_parallel_options){.parts = 4}, mine, SIZE, sizeof *mine, compare_in, NULL);
    }
}

static void give_way(void) {
    for (;;) weft_yield();
}

static void free_channel(void *place) { CHECK_OK(weft_free_channel(*(weft_channel **)place)); }

static void talk(void) {
    weft_channel *channel = NULL;
    WEFT_UNWIND_PROTECT(free_channel, &channel) {
        WEFT_WITHOUT_KILL channel = weft_make_channel(int); /* no kill between its making and its being known */
        for (int i = 0;; i++) {
            weft_send(channel, &i, WEFT_FOREVER);
            weft_receive(channel, &i, WEFT_FOREVER);
        }
    }
}

static void take_and_give(void) {
    static atomic_int next, inside;
    for (int me = atomic_fetch_add(&next, 1);;) WEFT_WITH_MUTEX(mutex) {
            atomic_store(&inside, me);
            for (volatile int i = 0; i < 100; i++) {
            }
            if (atomic_load(&inside) != me) FAIL("two hold the mutex");
        }
}

static void leave_section(void *unused) {
    (void)unused;
    atomic_fetch_sub(&held, 1);
}

static void nested_sections(void) {
    for (;;) WEFT_WITH_MUTEX(mutex) {
            WEFT_WITHOUT_KILL {
                if (atomic_fetch_add(&held, 1) != 0) FAIL("two are in the section");
                WEFT_UNWIND_PROTECT(leave_section, NULL) {
                    for (volatile int i = 0; i < 100; i++) {
                    }
                }
            }
        }
}

typedef struct kind {
    const char *name;
    void (*run)(void);
    int share;  /* of the usual number of rounds: one in so many */
    bool waits; /* in Weft */
    bool trees; /* what it has spawned is killed and counted with it */
} kind;

static const kind kinds[] = {{"endless loop", loop, 1, false, false},
                             {"malloc and free", allocate, 1, false, false},
                             {"fprintf to a shared file", print, 1, false, false},
                             {"fopen and fclose", open_and_close, 1, false, false},
                             {"snprintf, strtod, localtime", format, 1, false, false},
                             {"read of an empty pipe", read_silence, 1, false, false},
                             {"fgets of an empty pipe", get_silence, 4, false, false},
                             {"pthread mutex, deadlock", deadlock, 1, false, false},
                             {"nanosleep", nap, 1, false, false},
                             {"qsort", sort, 1, false, false},
                             {"qsort, endless comparison", sort_for_ever, 1, false, false},
                             {"memcpy of 256 KiB", copy, 2, false, false},
                             {"libm", compute, 1, false, false},
                             {"500 calls deep", deep, 1, false, false},
                             {"setjmp and longjmp", jump, 4, false, false},
                             {"opendir and readdir", list, 2, false, false},
                             {"setenv and getenv", environment, 1, false, false},
                             {"pthread_create and join", threads, 4, false, false},
                             {"posix_spawn", spawn, 8, false, false},
                             {"fork", fork_children, 8, false, false},
                             {"vfork", vfork_children, 8, false, false},
                             {"trees of spawned tasks", spawn_trees, 2, false, true},
                             {"a callback under a FILE's lock", print_to_callback, 2, false, false},
                             {"receive", receive, 1, true, false},
                             {"receive with a deadline", receive_with_deadline, 1, true, false},
                             {"send to a full channel", send, 1, true, false},
                             {"alternation", alternate, 1, true, false},
                             {"weft_sleep", sleep_in_weft, 1, true, false},
                             {"weft_wait_group", wait_for_group, 1, true, false},
                             {"weft_wait_readable", wait_readable, 1, true, false},
                             {"weft_lock_mutex", wait_for_mutex, 1, true, false},
                             {"weft_force of a promise", force, 1, true, false},
                             {"weft_compute_node", compute_graph, 1, true, false},
                             {"a scope's join", join_scope, 1, true, false},
                             {"weft_for_range, over and over", run_loops, 2, false, true},
                             {"weft_sort, over and over", sort_in_parallel, 2, false, true},
                             {"weft_yield", give_way, 1, false, false},
                             {"send and receive in turns", talk, 1, false, false},
                             {"a mutex of Weft", take_and_give, 1, false, false},
                             {"nested sections without kill", nested_sections, 1, false, false}};
enum { KINDS = sizeof kinds / sizeof *kinds };

WEFT_TASK(int, victim, (const kind *, of)) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        atomic_fetch_add(&begun, 1); /* here, so that no kill comes between the two */
        of->run();
    }
    return 1;
}

/* ---- the others ---- */

WEFT_TASK(int, innocent, (int, input)) {
    char text[64], *memory = malloc(100 + (size_t)input);
    FILE *file = fopen("/dev/null", "w");
    snprintf(text, sizeof text, "%d", input);
    fprintf(file, "%s\n", text);
    fprintf(sink, "innocent\n");
    fclose(file);
    memset(memory, 1, 100);
    int sum = memory[99] + input;
    free(memory);
    return sum;
}

WEFT_TASK(int, keep_gate, (gate *, g)) {
    while (!atomic_load(&g->open)) weft_sleep(weft_after(0.01));
    return 1;
}

static void check_others(weft_channel *results, int tasks) {
    int value = 0;
    for (int i = 0; i < tasks; i++) CHECK_OK(weft_submit(results, innocent, i));
    for (int i = 0; i < tasks; i++) CHECK_OK(weft_receive_result(results, &value, patience()));
}

/* ---- rounds ---- */

static int64_t *latencies;
static size_t latency_count;

static int by_size(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void tell_latencies(const kind *of, unsigned workers, size_t kills) {
    if (getenv("WEFT_TEST_LATENCIES") == NULL || latency_count == 0) return;
    qsort(latencies, latency_count, sizeof *latencies, by_size);
    printf("# %-32s %u workers %7zu kills, latency median %8.1f us, p99 %8.1f us\n", of->name, workers, kills,
           (double)latencies[latency_count / 2] / 1e3, (double)latencies[latency_count * 99 / 100] / 1e3);
    fflush(stdout);
}

static bool kill_some(const kind *of, unsigned many, weft_channel *results, uint64_t *random) {
    int before = atomic_load(&begun), value = 0;
    WEFT_BIND(weft_task_category, victims) {
        for (unsigned i = 0; i < many; i++) CHECK_OK(weft_submit(outcomes, victim, of));
    }
    if (!CHECK_EVENTUALLY(atomic_load(&begun) == before + (int)many)) {
        (void)weft_dump(STDERR_FILENO);
        return FAIL("%s: %d of %u began", of->name, atomic_load(&begun) - before, many);
    }
    for (uint64_t pause = harness_random(random) % 2000; pause > 0; pause--) __asm__ volatile("");
    CHECK_OK(weft_submit(results, innocent, 1));
    weft_deadline start = weft_time();
    /* One that waits may still be on its way to it. */
    size_t marked = weft_kill_tasks(NULL, victims, NULL);
    if (of->trees ? marked == 0 : marked != many) return FAIL("%s: %zu of %u marked", of->name, marked, many);
    for (unsigned i = 0; i < many; i++) {
        if (!CHECK_STATUS(weft_receive_result(outcomes, &value, patience()), WEFT_KILLED)) return false;
        latencies[latency_count++] = weft_time() - start;
    }
    if (!CHECK_OK(weft_wait_killed(NULL, victims, patience(), NULL))) return false;
    bool good = CHECK_EQ(atomic_load(&cleaned), atomic_load(&begun));
    return CHECK_OK(weft_receive_result(results, &value, patience())) && CHECK_EQ(value, 2) && good;
}

static size_t kill_rounds(const kind *of, size_t rounds, weft_channel *results, uint64_t *random) {
    unsigned many = harness_workers();
    size_t kills = 0;
    weft_kill_counts before, after;
    latency_count = 0;
    weft_read_kill_counts(&before);
    latencies = malloc((rounds + 1) * many * sizeof *latencies);
    for (size_t round = 0; round < rounds && kill_some(of, many, results, random); round++) kills += many;
    weft_read_kill_counts(&after);
    CHECK_EQ(atomic_load(&held), 0);
    CHECK_EQ(kills, rounds * many);
    CHECK_EQ(after.lost - before.lost, 0);
    CHECK_EQ(after.dying, 0);
    CHECK_EQ(after.killed - before.killed + after.escaped - before.escaped, after.marked - before.marked);
    /* What a victim has spawned may be killed with it, and may end before; it is itself killed in any case. */
    CHECK_EQ(of->trees ? kills : after.killed - before.killed, kills);
    CHECK_EQ(of->trees ? kills : after.marked - before.marked, kills);
    check_others(results, 20);
    tell_latencies(of, many, kills);
    free(latencies);
    return kills;
}

static void prepare(void) {
    /* None of the victims needs the deadline, and on a busy machine one that is only not let run is not to be given up.
     */
    CHECK_OK(weft_set_kill_deadline(5));
    sink = fopen("/dev/null", "w");
    CHECK_EQ(pipe(silent_pipe), 0);
    silent = fdopen(dup(silent_pipe[0]), "r");
    cookie = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_cookie});
    pthread_mutex_lock(&taken_by_main);
    never = weft_make_channel(int);
    full = bounded_channel(sizeof(int), 1);
    CHECK_OK(weft_send(full, &(int){0}, WEFT_NOW));
    outcomes = weft_make_channel(int);
    mutex = weft_make_mutex("sections");
    taken = weft_make_mutex("taken");
    promise = weft_make_promise(int);
    graph = weft_make_graph("graph");
    CHECK_OK(weft_define_node(graph, 1, &weft_node_of_awaits, NULL, NULL, 0));
}

static void unprepare(void) {
    CHECK_OK(weft_fulfil_future(promise, &(int){1}, sizeof(int)));
    CHECK_OK(weft_wait_graph(graph, patience()));
    CHECK_OK(weft_free_graph(graph));
    weft_release_future(promise);
    fclose(sink);
    fclose(silent);
    fclose(cookie);
    close(silent_pipe[0]);
    close(silent_pipe[1]);
    pthread_mutex_unlock(&taken_by_main);
    CHECK_OK(weft_free_channel(never));
    CHECK_OK(weft_free_channel(full));
    CHECK_OK(weft_free_channel(outcomes));
    CHECK_OK(weft_free_mutex(mutex));
    CHECK_OK(weft_free_mutex(taken));
}

TEST_WITH_LIMIT(tasks_of_every_kind_are_killed_and_nothing_else_is, 3600) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    uint64_t random = harness_seed();
    size_t rounds = load_rounds(24) / harness_workers() + 1;
    gate g = {0, false};
    weft_hold hold;
    prepare();
    CHECK_OK(weft_lock_mutex(taken, &hold, WEFT_NOW));
    weft_kernel *other = weft_make_kernel(1, NULL);
    group_of_ever = weft_make_group("for ever");
    weft_channel *others = weft_make_channel_with(int, &(weft_channel_options){.kernel = other});
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group_of_ever}, others, keep_gate, &g));
    bool good = true;
    for (int i = 0; i < KINDS && good; i++) {
        if (!kinds[i].waits && weft_how_far_kills_reach() == WEFT_KILL_WAITING) continue;
        size_t wanted = rounds / (size_t)kinds[i].share + 1, got = kill_rounds(&kinds[i], wanted, results, &random);
        good = got == wanted * harness_workers();
    }
    check_others(results, 100);
    open_gate(&g);
    CHECK_OK(weft_wait_group(group_of_ever, patience()));
    CHECK_OK(weft_free_group(group_of_ever));
    weft_unlock_mutex(&hold);
    CHECK_OK(weft_free_channel(others));
    CHECK_OK(weft_free_channel(results));
    unprepare();
    end_and_free(other);
    end_and_free(kernel);
}
