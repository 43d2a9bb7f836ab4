/* SPDX-License-Identifier: MIT */
/* window.c - a program with a main loop like that of a user interface: only its thread may touch what is shown, it is
 * never kept waiting, and tasks leave it calls to do.
 *
 * The "window" is a label that is written to stdout; the "user" is a pipe from which events come.
 */
#include <poll.h>
#include <unistd.h>

#include "../check.h"

enum { PARTS = 4, PART = 25000 };

typedef struct window {
    weft_channel *calls;
    int events[2]; /* the pipe */
    int parts, primes, moves;
    bool open;
} window;

/* ---- in the loop's thread ---- */

static void show_progress(void *argument) {
    window *w = argument;
    w->parts++;
    printf("label: %d of %d\n", w->parts, PARTS);
    if (w->parts == PARTS && write(w->events[1], "q", 1) != 1) abort(); /* the user has seen enough */
}

static void on_event(window *w) {
    char event;
    if (read(w->events[0], &event, 1) != 1) abort();
    if (event == 'm') w->moves++;
    if (event == 'q') w->open = false;
}

static void main_loop(window *w) {
    struct pollfd ready[] = {{w->events[0], POLLIN, 0}, {weft_channel_descriptor(w->calls), POLLIN, 0}};
    while (w->open) {
        if (poll(ready, 2, -1) < 0) continue;
        if (ready[0].revents != 0) on_event(w);
        if (ready[1].revents != 0) weft_run_calls(w->calls, 10, 0.005); /* then the next frame is due */
    }
}

/* ---- in workers ---- */

static int count_primes(int from, int to) {
    int count = 0;
    for (int n = from; n < to; n++) {
        bool prime = n > 1;
        for (int d = 2; d * d <= n && prime; d++) prime = n % d != 0;
        count += prime;
    }
    return count;
}

WEFT_TASK(int, part, (window *, w), (int, n)) {
    int count = count_primes(n * PART, (n + 1) * PART);
    weft_call call = {show_progress, w};
    check(weft_send(w->calls, &call, WEFT_FOREVER));
    return count;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    window w = {.open = true};
    check_made(w.calls = weft_make_channel(weft_call));
    weft_channel *counts = weft_make_channel(int);
    check_made(counts);
    if (pipe(w.events) != 0 || write(w.events[1], "mmm", 3) != 3) return 1;
    for (int n = 0; n < PARTS; n++) check(weft_submit(counts, part, &w, n));
    main_loop(&w);
    WEFT_DO_FAST_RECEIVES(int, count, counts, PARTS) { w.primes += count; }
    printf("%d primes below %d; the window was moved %d times\n", w.primes, PARTS * PART, w.moves);
    check(weft_free_channel(counts));
    check(weft_free_channel(w.calls));
    check(weft_free_kernel(kernel));
    return 0;
}
