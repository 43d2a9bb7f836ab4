/* SPDX-License-Identifier: MIT */
/* 04-queue.c - a channel as a queue of messages: a task waits for what a plain thread sends. */
#include "check.h"

typedef struct pair {
    const char *first;
    const char *second;
} pair;

/* While it waits, its worker is free for other tasks. */
WEFT_TASK(pair, receive_two, (weft_channel *, queue)) {
    pair words;
    check(weft_receive(queue, &words.first, WEFT_FOREVER));
    check(weft_receive(queue, &words.second, WEFT_FOREVER));
    return words;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *queue = weft_make_channel(const char *);
    check_made(queue);
    weft_channel *results = weft_make_channel(pair);
    check_made(results);

    check(weft_submit(results, receive_two, queue));
    const char *words[] = {"hello", "world"};
    check(weft_send(queue, &words[0], WEFT_FOREVER));
    check(weft_send(queue, &words[1], WEFT_FOREVER));

    pair both;
    check(weft_receive_result(results, &both, WEFT_FOREVER));
    printf("(\"%s\" \"%s\")\n", both.first, both.second);

    check(weft_free_channel(results));
    check(weft_free_channel(queue));
    check(weft_free_kernel(kernel));
    return 0;
}
