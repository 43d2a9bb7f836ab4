/* SPDX-License-Identifier: MIT */
/* 03-low-priority.c - a task of low priority runs only while none of default priority is pending. */
#include "check.h"

WEFT_TASK(const char *, say, (const char *, words)) { return words; }

/* The low one is submitted first, by a task on the only worker, so that nothing can begin before all are there. */
WEFT_TASK(const char *, plan, (weft_channel *, results)) {
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        check(weft_submit(results, say, "submitted first, with low priority"));
    }
    check(weft_submit(results, say, "submitted second, with default priority"));
    check(weft_submit(results, say, "submitted third, with default priority"));
    return "the plan";
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(const char *);
    check_made(results);

    check(weft_submit(results, plan, results));

    for (int i = 0; i < 4; i++) {
        const char *words;
        check(weft_receive_result(results, &words, WEFT_FOREVER));
        puts(words);
    }
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
