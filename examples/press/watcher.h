/* SPDX-License-Identifier: MIT */
/* watcher.h - the thread beside the stages: interruption, progress, samples. */
#ifndef PRESS_WATCHER_H
#define PRESS_WATCHER_H

#include "progress.h"
#include "run.h"
#include "samples.h"

typedef struct press_watcher {
    press_run *run;
    press_progress *progress;
    press_samples *samples; /* NULL: nobody wants a picture */
} press_watcher;

/* The thread. argument: a watcher. Ends when run->over is closed. */
void *watcher_thread(void *argument);

#endif
