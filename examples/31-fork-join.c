/* SPDX-License-Identifier: MIT */
/* 31-fork-join.c - Fibonacci numbers with a task at each step, beside plain calls. Argument: which number. */
#include "check.h"

static long fib_by_calls(int n) { return n < 2 ? n : fib_by_calls(n - 1) + fib_by_calls(n - 2); }

WEFT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1); /* whoever has nothing to do may take it */
    long b = weft_call(fib, n - 2);
    return weft_sync(fib) + b; /* nobody did: it is called here */
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 27;
    weft_kernel *kernel = weft_make_kernel(0, &(weft_kernel_options){.use_caller = true});
    check_made(kernel);
    long forked = weft_call(fib, n); /* this thread takes part: use_caller */
    printf("fib(%d) = %ld, by calls %ld\n", n, forked, fib_by_calls(n));
    check(weft_free_kernel(kernel));
    return forked == fib_by_calls(n) ? EXIT_SUCCESS : EXIT_FAILURE;
}
