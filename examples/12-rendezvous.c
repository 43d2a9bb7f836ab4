/* SPDX-License-Identifier: MIT */
/* 12-rendezvous.c - a channel that holds nothing: who sends waits for who receives. Then one that holds two. These are
 * the first examples of Calispel, a library for Lisp; T and NIL are its words for yes and no. */
#include "check.h"

WEFT_TASK(void, send_late, (weft_channel *, chan), (int, value)) {
    check(weft_sleep(weft_after(0.01)));
    check(weft_send(chan, &value, WEFT_FOREVER));
}

/* What a call that may have timed out says. */
static const char *success(weft_status status) {
    if (status != WEFT_TIMED_OUT) check(status);
    return status == WEFT_OK ? "T" : "NIL";
}

static void unbuffered(void) {
    weft_channel *chan = weft_make_rendezvous(int);
    check_made(chan);
    weft_channel *done = weft_make_done_channel();
    check_made(done);

    /* Nothing is there at first: the receive waits for the task. */
    int value;
    check(weft_submit(done, send_late, chan, 42));
    weft_status status = weft_receive(chan, &value, WEFT_FOREVER);
    printf("%d %s\n", value, success(status));

    /* Nobody receives: the send ends at its deadline, and has not happened. */
    status = weft_send(chan, &value, weft_after(0.02));
    printf("%s\n", success(status));

    check(weft_receive_done(done, WEFT_FOREVER));
    check(weft_free_channel(done));
    check(weft_free_channel(chan));
}

static void buffered(void) {
    const weft_channel_options two = {.capacity = 2};
    weft_channel *chan = weft_make_channel_with(int, &two);
    check_made(chan);
    const char *ordinals[] = {"zeroth", "first", "second", "third"};

    int value = 1;
    while (value <= 3 && weft_send(chan, &value, WEFT_NOW) == WEFT_OK) value++;
    printf("Stopped before %s value.\n", ordinals[value]);
    while (weft_receive(chan, &value, WEFT_NOW) == WEFT_OK) printf("Value: %d\n", value);

    check(weft_free_channel(chan));
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    unbuffered();
    buffered();
    check(weft_free_kernel(kernel));
    return 0;
}
