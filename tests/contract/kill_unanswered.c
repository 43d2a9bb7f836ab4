/* SPDX-License-Identifier: MIT */
/* kill_unanswered.c - kills where a worker does not answer at once: it has no processor, and is waited for; or it
 * cannot, and that is told. Row K10. */
#define _GNU_SOURCE 1
#include "contract/common.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

static const char victims[] = "victims";

/* ---- a worker that gets no processor ---- */

enum { SPINNERS = 6, SECONDS = 20 }; /* many times what a kill waits for an answer, and less than a minute */

static atomic_bool over, begun;

static void stay_on_one_processor(void) {
    cpu_set_t some, one;
    CPU_ZERO(&one);
    if (!CHECK_EQ(sched_getaffinity(0, sizeof some, &some), 0)) return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &some)) CPU_SET(cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
}

static void come_last(weft_worker_loop *loop, void *argument) {
    const struct sched_param none = {0};
    (void)argument;
    stay_on_one_processor();
    CHECK_EQ(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    CHECK_OK(weft_enter_worker_loop(loop));
}

static void *spin(void *argument) {
    weft_deadline until = weft_after(SECONDS); /* a machine that is busy otherwise leaves it next to nothing of that */
    stay_on_one_processor();
    while (!atomic_load(&over) && weft_time() < until) continue;
    return argument;
}

WEFT_TASK(int, computes, (int, value)) {
    atomic_store(&begun, true);
    while (!atomic_load(&over)) __asm__ volatile("");
    return value;
}

WEFT_TASK(int, waits, (weft_channel *, never)) {
    int value = 0;
    atomic_store(&begun, true);
    CHECK_OK(weft_receive(never, &value, WEFT_FOREVER));
    return value;
}

/* A victim of the least priority shares its processor with threads that want all of it. */
TEST(kill_waits_for_a_worker_that_has_no_processor) {
    weft_kernel_options options = {.context = come_last};
    weft_kernel *kernel = weft_make_kernel(1, &options);
    weft_channel *results = weft_make_channel(int), *never = weft_make_channel(int);
    pthread_t spinners[SPINNERS];
    int value;
    atomic_store(&over, false);
    atomic_store(&begun, false);
    WEFT_BIND(weft_task_category, victims) {
        bool anywhere = weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE;
        CHECK_OK(anywhere ? weft_submit(results, computes, 1) : weft_submit(results, waits, never));
    }
    CHECK_EVENTUALLY(atomic_load(&begun));
    for (int i = 0; i < SPINNERS; i++) CHECK_EQ(pthread_create(&spinners[i], NULL, spin, NULL), 0);
    CHECK_EQ(weft_kill_tasks(kernel, victims, NULL), 1);
    CHECK_OK(weft_last_status());
    atomic_store(&over, true);
    for (int i = 0; i < SPINNERS; i++) CHECK_EQ(pthread_join(spinners[i], NULL), 0);
    weft_status status = weft_receive_result(results, &value, patience());
    CHECK(status == WEFT_KILLED || status == WEFT_OK); /* it saw that all is over before it was interrupted again */
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_channel(never));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- a worker that cannot answer ---- */

WEFT_TASK(int, blocks_the_signal, (int, value)) {
    sigset_t urgent, before;
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    pthread_sigmask(SIG_BLOCK, &urgent, &before);
    atomic_store(&begun, true);
    while (!atomic_load(&over)) __asm__ volatile("");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return value;
}

/* Through the signal or by mail: it computes, with the signal blocked. */
TEST(kill_that_a_worker_did_not_answer_tells_that_and_its_tasks_go_on) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    atomic_store(&over, false);
    atomic_store(&begun, false);
    WEFT_BIND(weft_task_category, victims) CHECK_OK(weft_submit(results, blocks_the_signal, 3));
    CHECK_EVENTUALLY(atomic_load(&begun));
    CHECK_EQ(weft_kill_tasks(kernel, victims, NULL), 0);
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    atomic_store(&over, true);
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 3);
    CHECK_EQ(weft_kill_tasks(kernel, victims, NULL), 0);
    CHECK_OK(weft_last_status());
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}
