/* SPDX-License-Identifier: MIT */
/* 15-worker-pool.c - workers that take jobs from a channel; each job has a time-out, and all can be told to stop. */
#include "check.h"

enum { WORKERS = 3, JOBS = 9, SLOW = 4 };

typedef struct answer {
    int job;
    int result; /* -1: it took too long */
} answer;

/* The fourth job would take an hour; it gives up when its answer is not wanted any more. */
WEFT_TASK(void, square, (int, job), (weft_channel *, result), (weft_channel *, unwanted)) {
    int word, value = job * job;
    if (job == SLOW && weft_receive(unwanted, &word, weft_after(3600)) == WEFT_CLOSED) return;
    check(weft_send(result, &value, WEFT_FOREVER));
}

/* The answer of one job, or -1 after 50 ms. */
static int work_on(int job) {
    int value = -1;
    weft_channel *result = weft_make_channel(int), *unwanted = weft_make_channel(int), *done = weft_make_done_channel();
    check_made(result);
    check_made(unwanted);
    check_made(done);
    check(weft_submit(done, square, job, result, unwanted));
    WEFT_PRI_ALT {
        WEFT_RECEIVE(result, &value) {}
        WEFT_OTHERWISE_AFTER(job == SLOW ? 0.05 : 60) { check(weft_close(unwanted)); }
    }
    check(weft_receive_done(done, WEFT_FOREVER));
    check(weft_free_channel(done));
    check(weft_free_channel(unwanted));
    check(weft_free_channel(result));
    return value;
}

/* One worker: until it is told to stop. To stop comes first in the list, so no job can keep it from that. */
WEFT_TASK(void, pool_worker, (weft_channel *, jobs), (weft_channel *, answers), (weft_channel *, stop)) {
    int job;
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE_ANY(stop) { return; }
        WEFT_RECEIVE(jobs, &job) {
            answer reply = {.job = job, .result = work_on(job)};
            check(weft_send(answers, &reply, WEFT_FOREVER));
        }
    }
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_channel *jobs = weft_make_channel(int), *answers = weft_make_channel(answer), *stop = weft_make_channel(int);
    check_made(jobs);
    check_made(answers);
    check_made(stop);
    weft_group *pool = weft_make_group("pool");
    check_made(pool);
    const weft_submit_options options = {.group = pool, .kernel = kernel};
    for (int i = 0; i < WORKERS; i++) check(weft_submit_with(&options, NULL, pool_worker, jobs, answers, stop));

    answer all[JOBS + 1], one;
    for (int job = 1; job <= JOBS; job++) check(weft_send(jobs, &job, WEFT_FOREVER));
    for (int i = 0; i < JOBS; i++) {
        check(weft_receive(answers, &one, WEFT_FOREVER));
        all[one.job] = one;
    }
    for (int job = 1; job <= JOBS; job++) printf("%d: %d\n", job, all[job].result);

    check(weft_close(stop)); /* a closed channel can be received from by all, for ever: all of them see it */
    check(weft_wait_group(pool, WEFT_FOREVER));
    printf("workers left: %zu\n", weft_group_count(pool));
    check(weft_free_group(pool));
    for (weft_channel **each = (weft_channel *[]){jobs, answers, stop, NULL}; *each; each++)
        check(weft_free_channel(*each));
    check(weft_free_kernel(kernel));
    return 0;
}
