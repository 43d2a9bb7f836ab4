/* SPDX-License-Identifier: MIT */
/* 13-alternation.c - waiting for several channels at once: the first listed, any, or otherwise. These are the examples
 * of Calispel, a library for Lisp. */
#include "check.h"

typedef const char *word;
static int begun; /* senders; the only worker runs them, so never two at once */

WEFT_TASK(void, send_word, (weft_channel *, chan), (word, text), (double, delay)) {
    check(weft_sleep(weft_after(delay)));
    begun++;
    check(weft_send(chan, &text, WEFT_FOREVER));
}

/* Both channels can be received from: a sender gives way only once it waits for a receiver. */
static void send_both(weft_channel *chan1, weft_channel *chan2) {
    begun = 0;
    check(weft_submit(NULL, send_word, chan1, "FOO", 0));
    check(weft_submit(NULL, send_word, chan2, "BAR", 0));
    while (begun < 2) weft_yield();
}

static void pri_alt(weft_channel *chan1, weft_channel *chan2) {
    word got;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(chan1, &got) { printf("Got value from CHAN1: %s\n", got); }
        WEFT_RECEIVE(chan2, &got) { printf("Got value from CHAN2: %s\n", got); }
        WEFT_OTHERWISE_AFTER(5.0) { printf("Timed-out.\n"); }
    }
}

/* Which of both was done in a number of tries; the other one's sender must not be left waiting. */
static void fair_alt(weft_channel *chan1, weft_channel *chan2) {
    bool foo = false, bar = false;
    word got;
    for (int i = 0; i < 200; i++) {
        send_both(chan1, chan2);
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(chan1, &got) { foo = true, check(weft_receive(chan2, &got, WEFT_FOREVER)); }
            WEFT_RECEIVE(chan2, &got) { bar = true, check(weft_receive(chan1, &got, WEFT_FOREVER)); }
        }
    }
    if (foo) printf("Got value from CHAN1: FOO\n");
    if (bar) printf("(or, determined randomly)\nGot value from CHAN2: BAR\n");
}

WEFT_TASK(void, examples, (weft_channel *, chan1), (weft_channel *, chan2)) {
    check(weft_submit(NULL, send_word, chan2, "42", 0));
    pri_alt(chan1, chan2); /* nothing is sent to CHAN1, so it cannot be ready */

    send_both(chan1, chan2);
    pri_alt(chan1, chan2); /* both are possible: the first listed is done */
    pri_alt(chan1, chan2); /* and then the other */

    fair_alt(chan1, chan2);

    word got;
    check(weft_submit(NULL, send_word, chan1, "FOO", 0.01));
    WEFT_PRI_ALT {
        WEFT_RECEIVE(chan1, &got) { printf("Got value from CHAN1: %s\n", got); }
        WEFT_OTHERWISE { printf("Timed-out.\n"); } /* it is not there yet */
    }
    pri_alt(chan1, chan2); /* it comes within five seconds */
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *done = weft_make_done_channel();
    weft_channel *chan1 = weft_make_rendezvous(word), *chan2 = weft_make_rendezvous(word);
    check_made(done), check_made(chan1), check_made(chan2);

    check(weft_submit(done, examples, chan1, chan2));
    check(weft_receive_done(done, WEFT_FOREVER));
    check(weft_end_kernel(kernel, true)); /* the senders have returned */
    check(weft_free_channel(chan2)), check(weft_free_channel(chan1)), check(weft_free_channel(done));
    check(weft_free_kernel(kernel));
    return 0;
}
