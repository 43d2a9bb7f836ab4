/* SPDX-License-Identifier: MIT */
/* 09-sleepers.c - ten thousand tasks wait at the same time on one worker. Argument: how many. */
#include "check.h"

/* Counts itself in, waits for a word from outside, answers. The waiting occupies no thread. */
WEFT_TASK(int, sleeper, (weft_channel *, arrivals), (weft_channel *, words), (int, number)) {
    check(weft_send(arrivals, &number, WEFT_FOREVER));
    int word;
    check(weft_receive(words, &word, WEFT_FOREVER));
    return word;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 10000;
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(int);
    check_made(results);
    weft_channel *arrivals = weft_make_channel(int);
    check_made(arrivals);
    weft_channel *words = weft_make_channel(int);
    check_made(words);

    for (int i = 0; i < count; i++) check(weft_submit(results, sleeper, arrivals, words, i));
    int number;
    for (int i = 0; i < count; i++) check(weft_receive(arrivals, &number, WEFT_FOREVER));
    printf("%d tasks have begun, %zu have ended\n", count, weft_count(results));

    for (int i = 1; i <= count; i++) check(weft_send(words, &i, WEFT_FOREVER));
    long long sum = 0;
    WEFT_DO_FAST_RECEIVES(int, word, results, (size_t)count) { sum += word; }
    check(weft_last_status());
    printf("their answers sum to %lld\n", sum);

    check(weft_free_channel(words));
    check(weft_free_channel(arrivals));
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
