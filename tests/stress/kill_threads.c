/* SPDX-License-Identifier: MIT */
/* kill_threads.c - calls on plain threads are killed over and over, in every state, while they are also interrupted:
 * each ends once, as killed or with its result; its clean-ups run once; nothing of the process is harmed. Row T4.
 *
 * Each thread makes one killable call after the other, of a kind chosen at random, some of which come to their end by
 * themselves; two killers and an interrupter choose threads at random. A kill that comes between two calls is refused,
 * and one that comes late ends the next call, which is why none is told which. Where kills only reach who waits, only
 * such kinds are chosen. At the end malloc, stdio and channels must be sound.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stress/load.h"

enum { THREADS = 6, KILLERS = 2 };

typedef struct caller {
    pthread_t thread;
    atomic_ulong process;
    uint64_t random;
    long begun, cleaned, killed, returned;
    atomic_long interrupted;
} caller;

static caller callers[THREADS];
static atomic_bool over;
static weft_channel *never, *traded;
static weft_mutex *mutex;
static caller *holder; /* under the mutex */
static FILE *sink;
static int silence[2];
static volatile bool for_ever = true;

static void clean(void *of) { ((caller *)of)->cleaned++; }

/* ---- kinds of calls; who returns, returns 1 ---- */

static int return_at_once(caller *c) {
    (void)c;
    return 1;
}

static int receive(caller *c) {
    int value;
    (void)c;
    return weft_receive(never, &value, WEFT_FOREVER) == WEFT_OK;
}

static int sleep_in_weft(caller *c) {
    weft_sleep(weft_after(harness_random(&c->random) % 2 == 0 ? 1000 : 0.0005));
    return 1;
}

static int alternate(caller *c) {
    int value;
    weft_operation operations[] = {WEFT_TO_RECEIVE(never, &value), WEFT_TO_RECEIVE(never, &value)};
    (void)c;
    weft_alternate(operations, 2, WEFT_FAIR, WEFT_FOREVER);
    return 1;
}

static int trade(caller *c) {
    int value = 1;
    (void)c;
    while (for_ever) {
        weft_send(traded, &value, weft_after(0.001));
        weft_receive(traded, &value, weft_after(0.001));
        weft_sleep(weft_after(0.0001)); /* or it might never wait */
    }
    return 1;
}

static int hold_mutex(caller *c) {
    while (for_ever) WEFT_WITH_MUTEX(mutex) {
            holder = c;
            weft_sleep(weft_after(0.0001));
            if (holder != c) FAIL("two hold the mutex");
        }
    return 1;
}

/* From here on: only where a thread is interrupted. */

static int compute(caller *c) {
    (void)c;
    while (for_ever) __asm__ volatile("");
    return 1;
}

static int allocate(caller *c) {
    while (for_ever) {
        char *memory = malloc(16 + harness_random(&c->random) % 4000);
        if (memory != NULL) *(volatile char *)memory = 1;
        for (volatile int i = 0; i < 50; i++) {
        }
        free(memory);
    }
    return 1;
}

static int print(caller *c) {
    while (for_ever) {
        fprintf(sink, "%lu %f\n", (unsigned long)c->random, 0.5);
        for (volatile int i = 0; i < 200; i++) {
        }
    }
    return 1;
}

static int read_silence(caller *c) {
    char byte;
    (void)c;
    while (for_ever)
        if (read(silence[0], &byte, 1) > 0) return 1;
    return 1;
}

static int nap(caller *c) {
    (void)c;
    while (for_ever) nanosleep(&(struct timespec){1000, 0}, NULL);
    return 1;
}

static int nested_regions(caller *c) {
    (void)c;
    while (for_ever) WEFT_WITHOUT_KILL {
            static atomic_int inside[THREADS];
            atomic_int *mine = &inside[c - callers];
            WEFT_WITHOUT_KILL atomic_fetch_add(mine, 1);
            for (volatile int i = 0; i < 100; i++) {
            }
            if (atomic_fetch_sub(mine, 1) != 1) FAIL("a region was left in the middle");
        }
    return 1;
}

typedef int body(caller *c);
static body *const kinds[] = {return_at_once, receive,  sleep_in_weft, alternate,    trade, hold_mutex,
                              compute,        allocate, print,         read_silence, nap,   nested_regions};
enum { WAITING_KINDS = 6, ALL_KINDS = sizeof kinds / sizeof *kinds };

static int call_one(void *of) {
    caller *c = of;
    unsigned most = weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE ? ALL_KINDS : WAITING_KINDS;
    body *run = kinds[harness_random(&c->random) % most];
    weft_frame frame;
    atomic_store(&c->process, weft_current_process());    /* the one before is gone where its call was killed */
    weft_without_kill region = weft_without_kill_begin(); /* so that each clean-up has its beginning */
    c->begun++;
    weft_protect_begin(&frame, clean, c);
    weft_without_kill_end(&region);
    int result = run(c);
    weft_protect_end(&frame);
    return result;
}

static void *call_over_and_over(void *of) {
    caller *c = of;
    while (!atomic_load(&over)) {
        int result = 0;
        weft_status status = weft_call_killable(call_one, c, &result);
        if (status == WEFT_OK)
            c->returned++;
        else if (CHECK_STATUS(status, WEFT_KILLED))
            c->killed++;
    }
    return NULL;
}

static void count_interrupt(void *of) { atomic_fetch_add(&((caller *)of)->interrupted, 1); }

static void *kill_at_random(void *seed) {
    uint64_t random = (uint64_t)(uintptr_t)seed;
    while (!atomic_load(&over)) {
        caller *c = &callers[harness_random(&random) % THREADS];
        weft_status status = weft_kill_process(atomic_load(&c->process));
        if (status != WEFT_OK) CHECK_STATUS(status, WEFT_INVALID);
        if (harness_random(&random) % 4 == 0) {
            status = weft_interrupt_process(atomic_load(&c->process), count_interrupt, c);
            if (status != WEFT_INVALID) CHECK_OK(status); /* it may have been killed just now */
        }
        for (uint64_t pause = harness_random(&random) % 20000; pause > 0; pause--) __asm__ volatile("");
    }
    return NULL;
}

/* Those that hang are killed until all have come to an end. */
static void end_all(void) {
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++) {
        while (pthread_tryjoin_np(callers[i].thread, NULL) != 0) {
            (void)weft_kill_process(atomic_load(&callers[i].process));
            usleep(200);
        }
    }
}

static void check_sound(void) {
    char *memory = malloc(1 << 20);
    int value = 3, received = 0;
    CHECK_NOT_NULL(memory);
    free(memory);
    CHECK_GT(fprintf(sink, "sound\n"), 0);
    weft_channel *channel = weft_make_channel(int);
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_OK(weft_receive(channel, &received, WEFT_NOW));
    CHECK_EQ(received, 3);
    CHECK_OK(weft_free_channel(channel));
    WEFT_WITH_MUTEX(mutex) holder = NULL;
}

static void check_counts(void) {
    long killed = 0;
    for (int i = 0; i < THREADS; i++) {
        const caller *c = &callers[i];
        CHECK_EQ(c->cleaned, c->begun);
        CHECK_LE(c->begun, c->killed + c->returned); /* a kill may come before the body begins */
        killed += c->killed;
    }
    CHECK_GT(killed, 0);
    if (getenv("WEFT_TEST_LATENCIES") != NULL) printf("# %ld calls of plain threads killed\n", killed);
}

TEST_WITH_LIMIT(calls_on_plain_threads_are_killed_and_interrupted_in_every_state, 600) {
    pthread_t killers[KILLERS];
    uint64_t random = harness_seed();
    never = weft_make_channel(int);
    traded = bounded_channel(sizeof(int), 2);
    mutex = weft_make_mutex("held");
    sink = fopen("/dev/null", "w");
    CHECK_EQ(pipe(silence), 0);
    atomic_store(&over, false);
    memset(callers, 0, sizeof callers);
    for (int i = 0; i < THREADS; i++) {
        callers[i].random = harness_random(&random);
        start_thread(&callers[i].thread, call_over_and_over, &callers[i]);
        CHECK_EVENTUALLY(atomic_load(&callers[i].process) != 0);
    }
    for (int i = 0; i < KILLERS; i++)
        start_thread(&killers[i], kill_at_random, (void *)(uintptr_t)harness_random(&random));
    weft_deadline end = load_end(3);
    while (weft_time() < end) usleep(10000);
    atomic_store(&over, true);
    for (int i = 0; i < KILLERS; i++) join_thread(killers[i]);
    end_all();
    check_counts();
    check_sound();
    CHECK_OK(weft_free_channel(never));
    CHECK_OK(weft_free_channel(traded));
    CHECK_OK(weft_free_mutex(mutex));
    fclose(sink);
    close(silence[0]);
    close(silence[1]);
}
