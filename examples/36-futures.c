/* SPDX-License-Identifier: MIT */
/* 36-futures.c - outcomes that are there later: future, speculation, delay, promise, chain, and the first of several.
 */
#include "check.h"

WEFT_TASK(long, sum_to, (long, n)) {
    long sum = 0;
    for (long i = 1; i <= n; i++) sum += i;
    return sum;
}

WEFT_TASK(int, answer, (weft_future *, promise), (int, value)) {
    check(weft_fulfil(promise, &value)); /* whoever waits for it goes on */
    return 0;
}

static long force(weft_future *future) {
    long value = 0;
    check(weft_force(future, &value, WEFT_FOREVER));
    weft_release_future(future);
    return value;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 1000;
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);

    weft_future *soon = weft_future(sum_to, n);        /* runs as soon as a worker has time, or is run by its forcer */
    weft_future *idle = weft_speculate(sum_to, 2 * n); /* only when nothing else is pending */
    weft_future *late = weft_delay(sum_to, 3 * n);     /* only when it is forced */
    printf("forced before: %s\n", weft_fulfilled(late) ? "yes" : "no");
    printf("sums: %ld %ld %ld\n", force(soon), force(idle), force(late));

    weft_future *promises[] = {weft_make_promise(int), weft_make_promise(int)};
    weft_future *chain = weft_make_chain(promises[1]); /* stands for the other, which may be passed on */
    weft_future *done = weft_future(answer, chain, 42);
    printf("the first to come is number %zu", weft_select_future(promises, 2, WEFT_FOREVER));
    int value = 0;
    check(weft_force(chain, &value, WEFT_NOW));
    printf(": %d\n", value);
    WEFT_PRI_ALT {
        WEFT_FUTURE_DONE(promises[0]) { puts("the other one too"); }
        WEFT_OTHERWISE_AFTER(0.01) { puts("the other one is late"); }
    }

    check(weft_fail_future(promises[0], "nobody knows")); /* an outcome as well: why there is no value */
    if (weft_force(promises[0], &value, WEFT_FOREVER) == WEFT_FAILED)
        printf("no value: %s\n", weft_future_message(promises[0]));
    check(weft_store(promises[0], &(int){7})); /* repaired, for all who force it from now on */
    check(weft_force(promises[0], &value, WEFT_FOREVER));
    printf("repaired: %d\n", value);

    check(weft_force_future(done, NULL, 0, WEFT_FOREVER));
    weft_release_future(done);
    weft_release_future(chain);
    for (int i = 0; i < 2; i++) weft_release_future(promises[i]);
    check(weft_free_kernel(kernel));
    return 0;
}
