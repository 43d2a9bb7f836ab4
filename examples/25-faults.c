/* SPDX-License-Identifier: MIT */
/* 25-faults.c - three jobs that crash, and one that does not: the crashes are errors, and the program goes on.
 *
 * A division by zero and a recursion without end are caught by default, a bad pointer because the program says so.
 * Where faults cannot be caught (weft_catchable_faults) only the last job is run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

#include "check.h"

static int divide(volatile int number) { return 100 / number; }

static int recurse(int depth) {
    volatile char frame[256];
    frame[depth % 256] = 1;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[depth % 256];
}

static int follow(const int *volatile pointer) { return *pointer; }

WEFT_TASK(int, job, (int, number)) {
    switch (number) {
    case 0: return divide(number);
    case 1: return recurse(number);
    case 2: return follow(NULL);
    default: return number * 14;
    }
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    weft_channel *results = weft_make_channel(int);
    check_made(kernel);
    check_made(results);
    weft_set(weft_debug_tasks, false); /* errors become outcomes at once */
    weft_set(weft_caught_faults, weft_get(weft_caught_faults) | WEFT_FAULT_MEMORY);
    int first = weft_catchable_faults() != 0 ? 0 : 3;
    for (int number = first; number < 4; number++) {
        int value = 0;
        check(weft_submit(results, job, number));
        weft_status status = weft_receive_result(results, &value, WEFT_FOREVER);
        if (status == WEFT_OK)
            printf("whatever the others did, the answer is %d\n", value);
        else
            fprintf(stderr, "job %d: %s\n", number, weft_condition_message(weft_last_condition()));
    }
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
