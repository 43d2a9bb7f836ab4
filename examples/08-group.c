/* SPDX-License-Identifier: MIT */
/* 08-group.c - a group of tasks: those that have not begun can be cancelled, and all can be waited for. */
#include "check.h"

WEFT_TASK(int, square, (int, n)) { return n * n; }

/* Finds the answer early, while the tasks it has just submitted still wait for the only worker. */
WEFT_TASK(int, search, (weft_channel *, results), (weft_group *, group)) {
    const weft_submit_options options = {.group = group};
    for (int i = 1; i <= 3; i++) check(weft_submit_with(&options, results, square, i));
    check(weft_cancel_group(group));
    return 42;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *answers = weft_make_channel(int);
    check_made(answers);
    weft_channel *squares = weft_make_channel(int);
    check_made(squares);
    weft_group *group = weft_make_group("squares");
    check_made(group);

    int answer;
    check(weft_submit(answers, search, squares, group));
    check(weft_receive_result(answers, &answer, WEFT_FOREVER));
    printf("the answer is %d\n", answer);

    check(weft_wait_group(group, WEFT_FOREVER));
    printf("outstanding: %zu\n", weft_group_count(group));

    /* Every task that was submitted is answered for, once. */
    for (int i = 1; i <= 3; i++) {
        int unused;
        weft_status status = weft_receive_result(squares, &unused, WEFT_FOREVER);
        printf("square %d: %s\n", i, weft_status_name(status));
    }

    check(weft_free_group(group));
    check(weft_free_channel(squares));
    check(weft_free_channel(answers));
    check(weft_free_kernel(kernel));
    return 0;
}
