/* SPDX-License-Identifier: MIT */
/* 20-threads-and-tasks.c - plain threads and tasks on both ends of two channels: to a channel they are all the same. */
#include <pthread.h>

#include "check.h"

enum { EACH = 1000, SIDE = 2 }; /* a thread and a task on each side */

typedef struct ends {
    weft_channel *numbers, *sums;
} ends;

static void send_numbers(weft_channel *numbers, int from) {
    for (int n = from; n < from + EACH; n++) check(weft_send(numbers, &n, WEFT_FOREVER));
}

/* Until nothing comes any more. */
static void sum_up(ends both) {
    long sum = 0;
    WEFT_FOR_EACH_RECEIVED(int, n, both.numbers) { sum += n; }
    check(weft_send(both.sums, &sum, WEFT_FOREVER));
}

WEFT_TASK(void, task_sends, (weft_channel *, numbers), (int, from)) { send_numbers(numbers, from); }
WEFT_TASK(void, task_sums, (ends, both)) { sum_up(both); }

static void *thread_sends(void *argument) {
    send_numbers(((ends *)argument)->numbers, 1);
    return NULL;
}

static void *thread_sums(void *argument) {
    sum_up(*(ends *)argument);
    return NULL;
}

static void check_thread(int error) {
    if (error == 0) return;
    fprintf(stderr, "no thread: error %d\n", error);
    exit(EXIT_FAILURE);
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    ends both = {.numbers = weft_make_rendezvous(int), .sums = weft_make_channel(long)};
    check_made(both.numbers);
    check_made(both.sums);
    weft_channel *done = weft_make_done_channel();
    check_made(done);

    pthread_t sender, receiver;
    check_thread(pthread_create(&receiver, NULL, thread_sums, &both));
    check_thread(pthread_create(&sender, NULL, thread_sends, &both));
    check(weft_submit(done, task_sends, both.numbers, EACH + 1));
    check(weft_submit(NULL, task_sums, both));

    check(weft_receive_done(done, WEFT_FOREVER));
    check_thread(pthread_join(sender, NULL));
    check(weft_close(both.numbers)); /* all have been sent, and so, without a buffer, all have been received */
    check_thread(pthread_join(receiver, NULL));
    long total = 0;
    WEFT_DO_FAST_RECEIVES(long, sum, both.sums, SIDE) { total += sum; }
    check(weft_last_status());
    printf("1 + 2 + ... + %d = %ld\n", SIDE * EACH, total);

    check(weft_end_kernel(kernel, true));
    check(weft_free_channel(done));
    check(weft_free_channel(both.sums));
    check(weft_free_channel(both.numbers));
    check(weft_free_kernel(kernel));
    return 0;
}
