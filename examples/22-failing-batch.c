/* SPDX-License-Identifier: MIT */
/* 22-failing-batch.c - a batch goes on past the items that fail; each failure is received with what is known of it.
 *
 * weft_print_condition(stderr, condition) writes all of it: place, task and backtrace with functions and lines. Here it
 * goes to stderr if the program gets an argument, since addresses differ from machine to machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

#include "check.h"

WEFT_CONDITION_TYPE(bad_item, weft_type_error);

static void close_item(void *item) { (void)item; }

static int weigh(int item) {
    if (item % 4 == 3) weft_error_with(&bad_item, &item, "item %d has no weight", item);
    return item * 10;
}

WEFT_TASK(int, process, (int, item)) {
    int weight = 0;
    WEFT_UNWIND_PROTECT(close_item, &item) { weight = weigh(item); }
    return weight;
}

static int item_of(const weft_condition *condition) { return *(const int *)weft_condition_payload(condition, NULL); }

int main(int argc, char **argv) {
    (void)argv;
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    weft_channel *results = weft_make_channel(int);
    check_made(kernel);
    check_made(results);
    int total = 0, failed = 0, sum_of_failed = 0;
    /* Not to the debugger: an error ends its task and is the task's outcome. */
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) {
        for (int i = 0; i < 12; i++) check(weft_submit(results, process, i));
    }
    for (int i = 0; i < 12; i++) {
        int weight;
        weft_status status = weft_receive_result(results, &weight, WEFT_FOREVER);
        if (status == WEFT_OK) {
            total += weight;
            continue;
        }
        const weft_condition *condition = weft_last_condition();
        if (!weft_condition_is(condition, &bad_item)) return EXIT_FAILURE;
        failed++;
        sum_of_failed += item_of(condition);
        if (argc > 1) weft_print_condition(stderr, condition);
    }
    printf("total %d; %d items failed, whose numbers add up to %d\n", total, failed, sum_of_failed);
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
