/* SPDX-License-Identifier: MIT */
/* ev-loop.c - channels in libev's loop. */
#include <ev.h>

#include "job.h"

static void results_ready(struct ev_loop *loop, ev_io *watch, int events) {
    (void)events;
    on_results(watch->data);
    if (is_done(watch->data)) ev_break(loop, EVBREAK_ALL);
}

static void calls_ready(struct ev_loop *loop, ev_io *watch, int events) {
    (void)events;
    on_calls(watch->data);
    if (is_done(watch->data)) ev_break(loop, EVBREAK_ALL);
}

static void watch(struct ev_loop *loop, ev_io *io, int descriptor, void (*ready)(struct ev_loop *, ev_io *, int),
                  job *j) {
    ev_init(io, ready);
    ev_io_set(io, descriptor, EV_READ);
    io->data = j;
    ev_io_start(loop, io);
}

int main(void) {
    job j;
    ev_io results, calls;
    begin_job(&j);
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    if (loop == NULL) return 1;
    watch(loop, &results, results_descriptor(&j), results_ready, &j);
    watch(loop, &calls, calls_descriptor(&j), calls_ready, &j);
    ev_run(loop, 0);
    ev_io_stop(loop, &results);
    ev_io_stop(loop, &calls);
    ev_loop_destroy(loop);
    end_job(&j, "libev");
    return 0;
}
