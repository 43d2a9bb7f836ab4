/* SPDX-License-Identifier: MIT */
/* os_threads.c - threads of ours leave the program's signals alone; the clock and the barriers do what they promise. */
#define _GNU_SOURCE 1

#include "harness/harness.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "os/os.h"

typedef struct report {
    sigset_t blocked;
    char name[32];
    int id;
    size_t stack_size;
} report;

static void write_report(void *argument) {
    report *mine = argument;
    pthread_sigmask(SIG_SETMASK, NULL, &mine->blocked);
    wefti_os_thread_name("a-name-longer-than-the-system-takes");
    pthread_getname_np(pthread_self(), mine->name, sizeof mine->name);
    mine->id = wefti_os_thread_id();
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    pthread_attr_getstacksize(&attributes, &mine->stack_size);
    pthread_attr_destroy(&attributes);
    wefti_os_exact_timeouts();
    wefti_os_yield();
}

static report report_of_thread(size_t stack_size) {
    report got;
    memset(&got, 0, sizeof got);
    wefti_os_thread thread;
    if (CHECK_EQ(wefti_os_thread_start(&thread, write_report, &got, stack_size), 0)) wefti_os_thread_join(&thread);
    return got;
}

TEST(a_thread_takes_no_signal_of_the_program) {
    static const int theirs[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGPIPE, SIGWINCH};
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGURG};
    report got = report_of_thread(0);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) CHECK_EQ(sigismember(&got.blocked, theirs[i]), 1);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) CHECK_EQ(sigismember(&got.blocked, own[i]), 0);
}

TEST(the_mask_of_the_maker_is_as_before) {
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    report_of_thread(0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int signal = 1; signal < SIGRTMIN; signal++)
        CHECK_EQ(sigismember(&before, signal), sigismember(&after, signal));
}

TEST(a_long_name_is_cut) {
    report got = report_of_thread(0);
    CHECK_STR(got.name, "a-name-longer-t");
}

TEST(a_thread_has_a_number_of_its_own) {
    report got = report_of_thread(0);
    CHECK_GT(got.id, 0);
    CHECK_NE(got.id, wefti_os_thread_id());
}

TEST(a_stack_of_any_size_is_enough_to_begin) {
    CHECK_GE(report_of_thread(1).stack_size, 1);
    CHECK_GE(report_of_thread(1000001).stack_size, 1000001);
}

TEST(an_impossible_stack_is_an_error) {
    wefti_os_thread thread;
    report got;
    CHECK_NE(wefti_os_thread_start(&thread, write_report, &got, (size_t)1 << 62), 0);
}

TEST(the_clock_does_not_go_back) {
    int64_t last = wefti_clock();
    CHECK_GE(last, 1);
    for (size_t n = harness_rounds(1000); n > 0; n--) {
        int64_t now = wefti_clock();
        if (!CHECK_GE(now, last)) return;
        last = now;
    }
}

/* Dekker's question, with the barriers that cost nothing on one side:
 *
 *     common: mine = n; light; see theirs           rare: theirs = n; heavy; see mine
 *
 * In each round at least one of them sees the other's n. TSan knows no fences, but then neither side uses any ordering
 * that it would have to know: the words are atomic. */

enum { BARRIER_ROUNDS = 3000 };

typedef struct duel {
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) round; /* both begin it together */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) common;
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) rare;
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) seen_by_common; /* 2 * round + whether it saw */
    uint32_t rounds;
} duel;

static void be_common(void *argument) {
    duel *with = argument;
    for (uint32_t n = 1; n <= with->rounds; n++) {
        for (int spins = 0; wefti_load_acquire(&with->round) != n; spins++)
            if (spins > 100) wefti_os_yield();
        wefti_store_relaxed(&with->common, n);
        wefti_light_barrier();
        uint32_t seen = wefti_load_relaxed(&with->rare) == n;
        wefti_store_release(&with->seen_by_common, 2 * n + seen);
    }
}

TEST(of_two_barriers_one_sees_the_other) {
    static duel with;
    memset(&with, 0, sizeof with);
    with.rounds = (uint32_t)harness_rounds(BARRIER_ROUNDS);
    wefti_barrier_init();
    wefti_barrier_init();
    wefti_os_thread thread;
    if (!CHECK_EQ(wefti_os_thread_start(&thread, be_common, &with, 0), 0)) return;
    uint32_t missed = 0;
    for (uint32_t n = 1; n <= with.rounds; n++) {
        wefti_store_release(&with.round, n);
        wefti_store_relaxed(&with.rare, n);
        wefti_heavy_barrier();
        bool seen = wefti_load_relaxed(&with.common) == n;
        uint32_t answer = wefti_load_acquire(&with.seen_by_common);
        for (; answer / 2 != n; answer = wefti_load_acquire(&with.seen_by_common)) wefti_os_yield();
        if (!seen && answer % 2 == 0) missed++;
    }
    wefti_os_thread_join(&thread);
    CHECK_EQ(missed, 0);
}
