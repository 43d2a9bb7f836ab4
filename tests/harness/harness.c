/* SPDX-License-Identifier: MIT */
/* harness.c - runs the tests of one program one after the other, with a time limit, and counts failures.
 *
 * Rules: assertions may come from any thread and any task at once, on a small stack: they count with atomics and write
 * each message with one write(2). The watchdog touches nothing but its own lock, so that it works when all else hangs.
 */
#define _GNU_SOURCE
#include "harness/harness.h"
#include "harness/rounds.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of the library only these are used, and only if they are linked: a test of a low floor needs none of them. */
__attribute__((weak)) const char *weft_status_name(weft_status status);
__attribute__((weak)) weft_status weft_dump(int descriptor);
__attribute__((weak)) size_t wefti_live_objects(void);

#define BUILT_SLOWNESS (HARNESS_TSAN ? 8u : HARNESS_ASAN ? 4u : 1u)

#define USUAL_LIMIT 30u
#define DUMP_LIMIT 10u
#define EXPIRED 99
#define NANOSECONDS 1000000000L

static harness_test *first, **last = &first;
static const harness_test *running; /* set by the main thread before the watchdog is told and read under its lock */
static uint64_t base_seed, repetition;
static atomic_uint failures; /* of the running test */
static atomic_bool skipped;
static int64_t running_since; /* as running */
static unsigned limit = USUAL_LIMIT, slowness = BUILT_SLOWNESS, workers = 2;
static int own_threads; /* counted before the first test */

void harness_register(harness_test *test) {
    *last = test;
    last = &test->next;
}

/* ---- messages ---- */

static void write_all(const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, length);
        if (written < 0 && errno != EINTR) return;
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if ((size_t)length >= sizeof line) {
        length = sizeof line - 1;
        line[length - 1] = '\n';
    }
    write_all(line, (size_t)length);
}

bool harness_fail(const char *file, int line, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    atomic_fetch_add(&failures, 1);
    say("    %s:%d: %s (seed %llu, %u workers)\n", file, line, text, (unsigned long long)base_seed, workers);
    return false;
}

void harness_skip(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    atomic_store(&skipped, true);
    say("    skipped: %s\n", text);
}

bool harness_has_failed(void) { return atomic_load(&failures) != 0; }

/* ---- assertions ---- */

bool harness_check(bool held, const char *text, const char *file, int line) {
    return held || harness_fail(file, line, "failed: %s", text);
}

bool harness_compare(int64_t a, int64_t b, int how, const char *a_text, const char *b_text, const char *file,
                     int line) {
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    const bool holds[] = {a == b, a != b, a<b, a <= b, a> b, a >= b};
    return holds[how] || harness_fail(file, line, "failed: %s %s %s: %lld against %lld", a_text, signs[how], b_text,
                                      (long long)a, (long long)b);
}

bool harness_check_text(const char *a, const char *b, const char *a_text, const char *b_text, const char *file,
                        int line) {
    bool held = a == b || (a && b && strcmp(a, b) == 0);
    return held || harness_fail(file, line, "failed: %s is the text %s: \"%.100s\" against \"%.100s\"", a_text, b_text,
                                a ? a : "(NULL)", b ? b : "(NULL)");
}

bool harness_check_pointer(const void *a, const void *b, const char *a_text, const char *b_text, const char *file,
                           int line) {
    return a == b || harness_fail(file, line, "failed: %s == %s: %p against %p", a_text, b_text, a, b);
}

bool harness_check_near(double a, double b, double tolerance, const char *a_text, const char *b_text, const char *file,
                        int line) {
    double distance = a > b ? a - b : b - a;
    return distance <= tolerance || harness_fail(file, line, "failed: %s is near %s: %g against %g, allowed %g", a_text,
                                                 b_text, a, b, tolerance);
}

static const char *status_name(weft_status status) { return weft_status_name ? weft_status_name(status) : "(no name)"; }

bool harness_check_status(weft_status got, weft_status wanted, const char *text, const char *file, int line) {
    return got == wanted || harness_fail(file, line, "failed: %s gives %s (%d), wanted %s (%d)", text, status_name(got),
                                         (int)got, status_name(wanted), (int)wanted);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}

/* How many times slower than an idle one this machine is for a thread that wants to run, as far as the load tells: who
 * waits for a processor behind twenty others does not hang. */
static double load(void) {
    enum { MOST = 6 };
    double queued;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(&queued, 1) != 1 || processors < 1 || queued < (double)processors) return 1;
    return queued / (double)processors < MOST ? queued / (double)processors : MOST;
}

static double strain = 1; /* the load at the beginning of the running test; set before it has threads */

double harness_strain(void) { return strain; }

int64_t harness_patience(void) { return now() + (int64_t)(10e9 * slowness * strain); }

bool harness_nap(int64_t until) {
    struct timespec nap = {0, 50000};
    nanosleep(&nap, NULL);
    return now() < until;
}

/* ---- what a test may ask ---- */

static unsigned limit_of(const harness_test *test) { return (test->limit ? test->limit : limit) * slowness; }

unsigned harness_workers(void) { return workers; }

unsigned harness_slowness(void) { return slowness; }

bool harness_one_more_round(size_t round, size_t most) {
    if (round >= most) return false;
    return round == 0 || now() < running_since + (int64_t)limit_of(running) * NANOSECONDS / 3;
}

size_t harness_rounds(size_t usual) { return usual > slowness ? usual / slowness : 1; }

uint64_t harness_random(uint64_t *state) { /* splitmix64, by Sebastiano Vigna */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t harness_seed(void) {
    uint64_t state = base_seed + 0x632be59bd9b4e019u * repetition;
    for (const char *letter = running ? running->name : ""; *letter; letter++)
        state = harness_random(&state) ^ (uint64_t)*letter;
    return harness_random(&state);
}

void harness_check_clean(void) {
    size_t left = wefti_live_objects ? wefti_live_objects() : 0;
    if (left > 0)
        harness_fail(running->file, 0, "%zu objects of the library are left over after %s", left, running->name);
}

int harness_threads(void) {
    DIR *folder = opendir("/proc/self/task");
    const struct dirent *entry;
    int count = 0;
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.') count++;
    if (folder) closedir(folder);
    return count;
}

int harness_own_threads(void) { return own_threads; }

/* The link is read, since to an interpreter of programs the name itself would be its own. */
void harness_start_anew(const char *filter) {
    enum { MOST_WORDS = 16 };
    static char path[4096], emulator[1024];
    char *words[MOST_WORDS + 3];
    size_t count = 0;
    const char *text = getenv("WEFT_TEST_EMULATOR");
    snprintf(emulator, sizeof emulator, "%s", text ? text : "");
    for (char *word = strtok(emulator, " "); word && count < MOST_WORDS; word = strtok(NULL, " "))
        words[count++] = word;
    if (readlink("/proc/self/exe", path, sizeof path - 1) > 0) {
        words[count++] = path;
        words[count++] = (char *)(uintptr_t)filter;
        words[count] = NULL;
        execvp(words[0], words);
    }
    _exit(127);
}

/* ---- the watchdog ---- */

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t watch_changed;
static bool watch_ended;
static int64_t watch_until;                   /* 0: no test is running */
static int64_t watch_began, watch_until_idle; /* what it was told: the limit on a machine with nothing else to do */
static int64_t watch_at_most = INT64_MAX;     /* then whoever has started the program is about to end it */
static const harness_test *watched;

static void expire(void) {
    say("FAIL %s: still running after its limit (seed %llu, %u workers); what there is:\n", watched->name,
        (unsigned long long)base_seed, workers);
    /* A dump must never hang, but if it does, the signal ends the process. */
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    signal(SIGALRM, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    alarm(DUMP_LIMIT);
    if (weft_dump) (void)weft_dump(STDERR_FILENO);
    _exit(EXPIRED);
}

static void *watch(void *nothing) {
    (void)nothing;
    pthread_mutex_lock(&watch_lock);
    while (!watch_ended) {
        if (watch_until == 0) {
            pthread_cond_wait(&watch_changed, &watch_lock);
            continue;
        }
        struct timespec until = {(time_t)(watch_until / NANOSECONDS), (long)(watch_until % NANOSECONDS)};
        pthread_cond_timedwait(&watch_changed, &watch_lock, &until);
        if (watch_until == 0 || now() < watch_until) continue;
        int64_t more = watch_began + (int64_t)((double)(watch_until_idle - watch_began) * load());
        if (more > watch_at_most) more = watch_at_most;
        if (now() >= more) expire();
        watch_until = more;
    }
    pthread_mutex_unlock(&watch_lock);
    return NULL;
}

static void tell_watchdog(const harness_test *test, int64_t until, bool ended) {
    pthread_mutex_lock(&watch_lock);
    watched = test;
    watch_began = now();
    watch_until_idle = until;
    watch_until = until < watch_at_most ? until : watch_at_most;
    watch_ended = ended;
    pthread_cond_signal(&watch_changed);
    pthread_mutex_unlock(&watch_lock);
}

/* The watchdog takes no signals: those of the tests are theirs. */
static bool start_watchdog(pthread_t *thread) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

/* ---- running ---- */

static bool chosen(const harness_test *test, char *const *filters, int count) {
    for (int i = 0; i < count; i++) {
        if (strstr(test->name, filters[i])) return true;
    }
    return count == 0;
}

/* Returns whether the test passed. */
static bool run_one(const harness_test *test) {
    int64_t began = running_since = now();
    atomic_store(&failures, 0);
    atomic_store(&skipped, false);
    running = test;
    strain = load();
    tell_watchdog(test, began + (int64_t)limit_of(test) * NANOSECONDS, false);
    test->run();
    harness_check_clean();
    tell_watchdog(NULL, 0, false);
    bool passed = atomic_load(&failures) == 0;
    const char *verdict = !passed ? "FAIL" : atomic_load(&skipped) ? "skip" : "ok  ";
    say("%s %s (%lld ms)\n", verdict, test->name, (long long)((now() - began) / 1000000));
    return passed;
}

static uint64_t number(const char *text, const char *what, uint64_t least) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text ? text : "", &end, 0);
    if (!text || end == text || *end || errno || *text == '-' || value < least) {
        fprintf(stderr, "harness: %s wants a number of at least %llu, not '%s'\n", what, (unsigned long long)least,
                text ? text : "");
        exit(2);
    }
    return value;
}

static void read_environment(void) {
    const char *text;
    base_seed = (uint64_t)now() % 1000000007u;
    if ((text = getenv("WEFT_TEST_SEED"))) base_seed = number(text, "WEFT_TEST_SEED", 0);
    if ((text = getenv("WEFT_TEST_WORKERS"))) workers = (unsigned)number(text, "WEFT_TEST_WORKERS", 1);
    if ((text = getenv("WEFT_TEST_LIMIT"))) limit = (unsigned)number(text, "WEFT_TEST_LIMIT", 1);
    if ((text = getenv("WEFT_TEST_END")))
        watch_at_most = now() + ((int64_t)number(text, "WEFT_TEST_END", 2 * DUMP_LIMIT) - 2 * DUMP_LIMIT) * NANOSECONDS;
    if ((text = getenv("WEFT_TEST_SLOWNESS"))) slowness *= (unsigned)number(text, "WEFT_TEST_SLOWNESS", 1);
}

static void list_tests(char *const *filters, int count) {
    for (const harness_test *test = first; test; test = test->next) {
        if (chosen(test, filters, count)) printf("%s\n", test->name);
    }
    fflush(stdout);
}

/* Reads the options; what remains in arguments are *count filters. Returns whether the tests are only to be listed. */
static bool read_arguments(char **arguments, int *count, uint64_t *repeat) {
    bool list = false;
    int kept = 0;
    for (int i = 0; i < *count; i++) {
        if (strcmp(arguments[i], "--list") == 0)
            list = true;
        else if (strcmp(arguments[i], "--repeat") == 0 && i + 1 < *count)
            *repeat = number(arguments[++i], "--repeat", 1);
        else if (strcmp(arguments[i], "--seed") == 0 && i + 1 < *count)
            base_seed = number(arguments[++i], "--seed", 0);
        else if (arguments[i][0] == '-') {
            fprintf(stderr, "harness: unknown argument '%s'; known: --list --repeat N --seed S, parts of names\n",
                    arguments[i]);
            exit(2);
        } else
            arguments[kept++] = arguments[i];
    }
    *count = kept;
    return list;
}

int main(int argc, char **argv) {
    uint64_t repeat = 1;
    unsigned passed = 0, failed = 0;
    int filter_count = argc - 1;
    char **filters = argv + 1;
    read_environment();
    if (read_arguments(filters, &filter_count, &repeat)) {
        list_tests(filters, filter_count);
        return 0;
    }
    pthread_t watchdog;
    if (!start_watchdog(&watchdog)) {
        fprintf(stderr, "harness: the watchdog thread cannot be started\n");
        return 2;
    }
    own_threads = harness_threads();
    for (repetition = 0; repetition < repeat; repetition++) {
        for (const harness_test *test = first; test; test = test->next) {
            if (chosen(test, filters, filter_count)) *(run_one(test) ? &passed : &failed) += 1;
        }
    }
    tell_watchdog(NULL, 0, true);
    pthread_join(watchdog, NULL);
    say("%u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
