/* SPDX-License-Identifier: MIT */
/* 19-ticker.c - one task that waits for several things again and again: messages, a clock, and the word to stop. */
#include "check.h"

typedef struct report {
    int readings, sum, ticks;
} report;

/* The clauses are gone through once and stay registered with their channels from one round to the next. They are done
 * in turn where several are possible, so that neither many readings nor a late hour keep the clock from being heard. */
WEFT_TASK(report, collect, (weft_channel *, readings), (weft_channel *, stop)) {
    report all = {0, 0, 0};
    int reading;
    weft_deadline now;
    weft_channel *ticker = weft_make_every(0.002);
    check_made(ticker);
    WEFT_ROUND_ALT_LOOP {
        WEFT_RECEIVE(readings, &reading) {
            all.readings++;
            all.sum += reading;
        }
        WEFT_RECEIVE(ticker, &now) { all.ticks++; }
        WEFT_RECEIVE_ANY(stop) { break; }
    }
    check(weft_free_channel(ticker));
    return all;
}

/* A reading now and then. */
WEFT_TASK(void, measure, (weft_channel *, readings)) {
    for (int i = 1; i <= 10; i++) {
        check(weft_sleep(weft_after(0.003)));
        check(weft_send(readings, &i, WEFT_FOREVER));
    }
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(report), *done = weft_make_done_channel();
    check_made(results);
    check_made(done);
    weft_channel *readings = weft_make_rendezvous(int), *stop = weft_make_rendezvous(int);
    check_made(readings);
    check_made(stop);

    report all;
    check(weft_submit(results, collect, readings, stop));
    check(weft_submit(done, measure, readings));
    check(weft_receive_done(done, WEFT_FOREVER));
    check(weft_close(stop));
    check(weft_receive_result(results, &all, WEFT_FOREVER));
    printf("%d readings, their sum is %d\n", all.readings, all.sum);
    printf("the clock was heard too: %s\n", all.ticks > 0 ? "yes" : "no");

    check(weft_free_channel(stop));
    check(weft_free_channel(readings));
    check(weft_free_channel(done));
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
