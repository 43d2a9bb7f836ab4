/* SPDX-License-Identifier: MIT */
/* 07-timeout.c - deadlines of a receive, and results that come by themselves after a time unless they are cancelled. */
#include "check.h"

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(const char *);
    check_made(results);
    const char *words;

    /* Nothing comes: the receive ends at its deadline. */
    weft_status status = weft_receive_result(results, &words, weft_after(0.01));
    printf("waiting 10 ms: %s\n", weft_status_name(status));
    status = weft_receive_result(results, &words, WEFT_NOW);
    printf("looking only: %s\n", weft_status_name(status));

    /* A result that arrives after 10 ms. No worker is occupied meanwhile. */
    const char *late = "time is up";
    weft_timeout *soon = weft_submit_timeout(results, 0.01, &late);
    check_made(soon);
    check(weft_receive_result(results, &words, WEFT_FOREVER));
    printf("a timeout: %s\n", words);
    printf("cancelling it now: %s\n", weft_status_name(weft_cancel_timeout(soon, &late)));
    weft_free_timeout(soon);

    /* One that is cancelled delivers the other result, at once. */
    const char *instead = "cancelled in time";
    weft_timeout *in_an_hour = weft_submit_timeout(results, 3600, &late);
    check_made(in_an_hour);
    check(weft_cancel_timeout(in_an_hour, &instead));
    check(weft_receive_result(results, &words, WEFT_FOREVER));
    printf("a timeout of an hour: %s\n", words);
    weft_free_timeout(in_an_hour);

    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
