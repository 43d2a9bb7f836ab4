/* SPDX-License-Identifier: MIT */
/* glib-pool.c - threads of another pool, GLib's, use Weft without set-up: each submits, receives and alternates. */
#include <glib.h>

#include "../check.h"

enum { JOBS = 200 };

static weft_channel *totals;

WEFT_TASK(long, sum_to, (long, n)) { return n * (n + 1) / 2; }

static void job(gpointer number, gpointer unused) {
    (void)unused;
    long n = GPOINTER_TO_INT(number), total = 0;
    weft_channel *small = weft_make_channel(long), *large = weft_make_channel(long);
    check_made(small);
    check_made(large);
    check(weft_submit(small, sum_to, n));
    check(weft_submit(large, sum_to, n * 1000));
    for (int i = 0; i < 2; i++) {
        long value = 0;
        weft_operation either[] = {WEFT_TO_RECEIVE(small, &value), WEFT_TO_RECEIVE(large, &value)};
        check_made(weft_alternate(either, 2, WEFT_FAIR, WEFT_FOREVER));
        total += value;
    }
    check(weft_send(totals, &total, WEFT_FOREVER));
    check(weft_free_channel(small));
    check(weft_free_channel(large));
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    check_made(totals = weft_make_channel(long));
    GThreadPool *pool = g_thread_pool_new(job, NULL, 8, TRUE, NULL);
    for (int n = 1; n <= JOBS; n++) g_thread_pool_push(pool, GINT_TO_POINTER(n), NULL);
    long total = 0;
    WEFT_DO_FAST_RECEIVES(long, one, totals, JOBS) { total += one; }
    check(weft_last_status());
    g_thread_pool_free(pool, FALSE, TRUE); /* its threads end, and their process objects with them */
    printf("%d jobs of another pool: %ld\n", JOBS, total);
    check(weft_free_channel(totals));
    check(weft_free_kernel(kernel));
    return 0;
}
