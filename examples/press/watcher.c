/* SPDX-License-Identifier: MIT */
/* watcher.c - the thread beside the stages: interruption, progress, samples. */
#include "watcher.h"

#include "signals.h"

enum { USUAL_PERIOD = 50000000, PROGRESS_PERIOD = 100000000 };

static void look_for_signals(press_run *run) {
    int number = signals_caught();
    if (number != 0) run_fail(run, 128 + number, "interrupted");
    if (run_failed(run)) run_interrupt(run); /* who waits in a system call cannot see it */
}

void *watcher_thread(void *argument) {
    press_watcher *watcher = argument;
    press_run *run = watcher->run;
    int64_t shown = weft_time();
    weft_deadline next;
    do {
        look_for_signals(run);
        if (watcher->samples != NULL) samples_take(watcher->samples, run->kernel, &run->set);
        if (weft_time() - shown >= PROGRESS_PERIOD && !run_failed(run)) {
            shown = weft_time();
            progress_show(watcher->progress, atomic_load_explicit(&run->bytes_done, memory_order_relaxed));
        }
        next = weft_time() + (watcher->samples != NULL ? watcher->samples->period : USUAL_PERIOD);
    } while (weft_receive_done(run->over, next) == WEFT_TIMED_OUT);
    return NULL;
}
