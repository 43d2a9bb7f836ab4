/* SPDX-License-Identifier: MIT */
/* one_cpu.c - where the process may use one CPU, a kernel of count 0 has one worker, and all kinds of waiting end.
 *
 * Run by limited.sh, which says in WEFT_QUOTA_BY what limits the process: a quota of a real control group, or a real
 * affinity mask. With one CPU each side that only looked, and never gave the CPU away, would keep the other from
 * running.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <stdlib.h>

#include "os/os.h"

static bool limited_by(const char *what) {
    const char *by = getenv("WEFT_QUOTA_BY");
    return by != NULL && strcmp(by, what) == 0;
}

TEST(the_limit_is_found) {
    cpu_set_t mask;
    CHECK_EQ(wefti_cpu_count(), 1);
    CHECK(limited_by("cgroup") || limited_by("affinity"));
    if (limited_by("cgroup")) CHECK_EQ(wefti_cgroup_cpus("/sys/fs/cgroup", "/proc/self/cgroup"), 1);
    if (limited_by("affinity") && CHECK_EQ(sched_getaffinity(0, sizeof mask, &mask), 0)) CHECK_EQ(CPU_COUNT(&mask), 1);
}

TEST(kernel_of_count_zero_has_one_worker) {
    weft_kernel *kernel = kernel_of(0);
    CHECK_EQ(weft_kernel_worker_count(kernel), 1);
    end_and_free(kernel);
}

WEFT_TASK(int, echo, (weft_channel *, from), (weft_channel *, to)) {
    int value = 0, count = 0;
    for (; weft_receive(from, &value, patience()) == WEFT_OK; count++)
        if (!CHECK_OK(weft_send(to, &value, patience()))) break;
    return count;
}

/* Thread and task wait for each other in turn, through channels that hold one. */
TEST(thread_and_task_trade_on_one_cpu) {
    enum { ROUNDS = 2000 };
    weft_kernel *kernel = kernel_of(0);
    weft_channel *there = bounded_channel(sizeof(int), 1), *back = bounded_channel(sizeof(int), 1);
    weft_channel *result = weft_make_channel(int);
    int got = 0;
    CHECK_OK(weft_submit(result, echo, there, back));
    for (int i = 0; i < ROUNDS; i++) {
        if (!CHECK_OK(weft_send(there, &i, patience())) || !CHECK_OK(weft_receive(back, &got, patience()))) break;
        if (!CHECK_EQ(got, i)) break;
    }
    CHECK_OK(weft_close(there));
    CHECK_OK(weft_receive_result(result, &got, patience()));
    CHECK_EQ(got, ROUNDS);
    CHECK_OK(weft_free_channel(result));
    CHECK_OK(weft_free_channel(back));
    CHECK_OK(weft_free_channel(there));
    end_and_free(kernel);
}

WEFT_TASK(int, naps, (int, number)) {
    for (int i = 0; i < 3; i++) {
        CHECK_OK(weft_sleep(weft_after(0.001)));
        weft_yield();
    }
    return number;
}

TEST(tasks_that_sleep_and_yield_share_the_one_worker) {
    enum { TASKS = 200 };
    weft_kernel *kernel = kernel_of(0);
    weft_channel *results = weft_make_channel(int);
    long sum = 0;
    for (int i = 0; i < TASKS; i++) CHECK_OK(weft_submit(results, naps, i));
    for (int i = 0, value = 0; i < TASKS; i++, sum += value)
        if (!CHECK_OK(weft_receive_result(results, &value, patience()))) break;
    CHECK_EQ(sum, TASKS * (TASKS - 1) / 2);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(int, one_more, (int, number)) { return number + 1; }

/* More workers than the limit allows: each must give way to the one that has the task. */
TEST(eight_workers_work_on_one_cpu) {
    weft_kernel *kernel = kernel_of(8);
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < 1000; i++) {
        int value = 0;
        CHECK_OK(weft_submit(results, one_more, i));
        if (!CHECK_OK(weft_receive_result(results, &value, patience())) || !CHECK_EQ(value, i + 1)) break;
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
