/* SPDX-License-Identifier: MIT */
/* 05-per-task-binding.c - a task sees the bindings of the place where it was submitted, if they are captured for it. */
#include "check.h"

WEFT_VARIABLE(int, foo, 1);

WEFT_TASK(int, look) { return weft_get(foo); }

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(int);
    check_made(results);
    int seen;

    WEFT_BIND(foo, 42) {
        check(weft_submit(results, look)); /* a binding belongs to who made it: this task sees the global value */
        check(weft_receive_result(results, &seen, WEFT_FOREVER));
        printf("foo is %d here, and %d in a task\n", weft_get(foo), seen);

        weft_environment *here = weft_capture(NULL, 0); /* everything that is bound here */
        check_made(here);
        const weft_submit_options options = {.environment = here};
        check(weft_submit_with(&options, results, look));
        weft_release_environment(here); /* the task has a reference of its own */
        check(weft_receive_result(results, &seen, WEFT_FOREVER));
        printf("foo is %d here, and %d in a task that was given the bindings\n", weft_get(foo), seen);
    }
    printf("foo is %d again\n", weft_get(foo));

    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
