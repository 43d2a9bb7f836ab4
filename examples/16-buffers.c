/* SPDX-License-Identifier: MIT */
/* 16-buffers.c - one producer, one consumer, every buffer: what comes out, and in which order, when nobody takes any.
 */
#include "check.h"

enum { ITEMS = 7, ROOM = 4 };
static const int items[ITEMS] = {5, 2, 7, 1, 6, 3, 4};

/* Sends all, and says how many found no room. A buffer that loses elements has always room. */
WEFT_TASK(int, produce, (weft_channel *, to)) {
    int refused = 0;
    for (int i = 0; i < ITEMS; i++) {
        weft_status status = weft_send(to, &items[i], WEFT_NOW);
        if (status == WEFT_TIMED_OUT)
            refused++;
        else
            check(status);
    }
    check(weft_close(to));
    return refused;
}

WEFT_TASK(int, consume, (weft_channel *, from), (int *, consumed)) {
    int count = 0;
    WEFT_FOR_EACH_RECEIVED(int, item, from) { consumed[count++] = item; }
    return count;
}

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* The consumer begins when the producer is done. */
static void try_buffer(const char *name, weft_buffer *buffer) {
    check_made(buffer);
    const weft_channel_options options = {.buffer = buffer};
    weft_channel *channel = weft_make_channel_with(int, &options), *results = weft_make_channel(int);
    check_made(channel);
    check_made(results);

    int refused, count, consumed[ITEMS];
    check(weft_submit(results, produce, channel));
    check(weft_receive_result(results, &refused, WEFT_FOREVER));
    check(weft_submit(results, consume, channel, consumed));
    check(weft_receive_result(results, &count, WEFT_FOREVER));

    if (name[0] == 'r') qsort(consumed, (size_t)count, sizeof *consumed, by_value);
    printf("%-15s", name);
    for (int i = 0; i < count; i++) printf(" %d", consumed[i]);
    if (refused > 0) printf(", and %d refused", refused);
    printf("\n");
    check(weft_free_channel(results));
    check(weft_free_channel(channel)); /* and with it the buffer */
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    try_buffer("bounded", weft_make_fifo_buffer(sizeof(int), ROOM));
    try_buffer("unbounded", weft_make_unbounded_buffer(sizeof(int)));
    try_buffer("drop oldest", weft_make_drop_oldest_buffer(sizeof(int), ROOM));
    try_buffer("drop newest", weft_make_drop_newest_buffer(sizeof(int), ROOM));
    try_buffer("overwrite last", weft_make_overwrite_last_buffer(sizeof(int), ROOM));
    try_buffer("random, sorted", weft_make_random_buffer(sizeof(int), 0));
    try_buffer("last in", weft_make_lifo_buffer(sizeof(int), 0));
    try_buffer("least first", weft_make_priority_buffer(sizeof(int), 0, by_value));
    check(weft_free_kernel(kernel));
    return 0;
}
