/* SPDX-License-Identifier: MIT */
/* 24-fair-shares.c - one worker, tasks that compute without end, and a clock that still ticks: time slices. */
#include <stdatomic.h>
#include <stdio.h>

#include <weft.h>

#include "check.h"

static atomic_bool over;
static atomic_int begun;

/* Never waits, never yields, and knows nothing of slices. */
WEFT_TASK(long, count_up, (int, step)) {
    volatile long sum = 0;
    atomic_fetch_add(&begun, 1);
    while (!atomic_load(&over)) {
        sum += step;
        if (!weft_slices_work() && sum % 1000 == 0) weft_yield(); /* then it has to */
    }
    return sum;
}

WEFT_TASK(long, tick, (int, times)) {
    for (int i = 1; i <= times; i++) {
        check(weft_sleep(weft_after(0.01)));
        printf("tick %d\n", i);
    }
    while (atomic_load(&begun) < 3) weft_yield();
    atomic_store(&over, true);
    return 0;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, &(weft_kernel_options){.slice = 0.001});
    check_made(kernel);
    weft_channel *sums = weft_make_channel(long);
    check_made(sums);
    for (int step = 1; step <= 3; step++) check(weft_submit(sums, count_up, step));
    check(weft_submit(sums, tick, 3));
    int counted = 0;
    WEFT_DO_FAST_RECEIVES(long, sum, sums, 4) { counted += sum > 0; }
    printf("%d tasks have counted\n", counted);
    check(weft_free_channel(sums));
    check(weft_free_kernel(kernel));
    return 0;
}
