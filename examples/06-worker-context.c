/* SPDX-License-Identifier: MIT */
/* 06-worker-context.c - bindings and a context for each worker: what every task on it sees. */
#include "check.h"

WEFT_VARIABLE(int, foo, 0);
WEFT_VARIABLE(int, bar, 1);

typedef struct pair {
    int foo;
    int bar;
} pair;

/* Runs inside each worker, when the worker is created. */
static void compute_foo(void *value, void *argument) {
    (void)argument;
    *(int *)value = 1 + 98;
}

/* Wraps the whole life of each worker; the bindings are in effect here already. */
static void context(weft_worker_loop *loop, void *argument) {
    (void)argument;
    WEFT_BIND(bar, weft_get(foo) + 1) { check(weft_enter_worker_loop(loop)); /* returns when the worker ends */ }
}

WEFT_TASK(pair, look) { return (pair){weft_get(foo), weft_get(bar)}; }

int main(void) {
    const weft_worker_binding bindings[] = {{&foo, compute_foo, NULL}};
    const weft_kernel_options options = {.bindings = bindings, .binding_count = 1, .context = context};
    weft_kernel *kernel = weft_make_kernel(2, &options);
    check_made(kernel);
    weft_channel *results = weft_make_channel(pair);
    check_made(results);

    printf("outside: (%d %d)\n", weft_get(foo), weft_get(bar));

    pair seen;
    check(weft_submit(results, look));
    check(weft_receive_result(results, &seen, WEFT_FOREVER));
    printf("in a task: (%d %d)\n", seen.foo, seen.bar);

    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
