/* SPDX-License-Identifier: MIT */
/* 02-two-tasks.c - two tasks on one channel: each receive gets one result, in the order in which the tasks ended. */
#include "check.h"

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(int);
    check_made(results);

    check(weft_submit(results, add, 3, 4));
    check(weft_submit(results, add, 5, 6));

    int first, second;
    check(weft_receive_result(results, &first, WEFT_FOREVER));
    check(weft_receive_result(results, &second, WEFT_FOREVER));

    /* (7 11) or (11 7): sorted, so that every run prints the same */
    if (first > second) {
        int held = first;
        first = second;
        second = held;
    }
    printf("(%d %d)\n", first, second);

    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
