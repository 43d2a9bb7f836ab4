/* SPDX-License-Identifier: MIT */
/* refused.c - a filter of system calls that comes when there is a kernel, and refuses what that has begun to rely on.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <errno.h>

#include "older/filter.h"
#include "os/os.h"

WEFT_TASK(int, answer_task, (int, number)) { return number; }

static bool answered(weft_channel *results, int number) {
    int answer = -1;
    return weft_submit(results, answer_task, number) == WEFT_OK &&
           weft_receive_result(results, &answer, patience()) == WEFT_OK && answer == number;
}

/* The worker goes to sleep between two tasks, and asks for a barrier each time. */
static void refused_later(void) {
    struct sock_filter steps[] = {FILTER_BEGIN, FILTER_IF(SYS_membarrier), FILTER_ANSWER(EPERM), FILTER_PASS};
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(int);
    if (!answered(results, 0) || !filter_install(steps, sizeof steps / sizeof steps[0])) _exit(1);
    for (int i = 1; i < 100; i++) {
        weft_sleep(weft_after(0.01));
        if (!answered(results, i)) _exit(2);
    }
    weft_end_kernel(kernel, true);
    _exit(0);
}

static bool there_are_filters(void) { return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0; }

static void (*const misuses[])(void) = {refused_later};

#include "contract/started_anew.h"

TEST(a_filter_that_comes_later_and_refuses_the_barrier_is_told_of) {
    wefti_barrier_init();
    if (!wefti_asymmetric || !there_are_filters()) {
        SKIP("the system is not asked for barriers here, or has no filters of system calls");
        return;
    }
    int status = said_by(0, "process 'membarrier' is refused by a filter of system calls");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
