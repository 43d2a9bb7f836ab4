/* SPDX-License-Identifier: MIT */
/* progress.h - the line on the terminal that says how far it is. */
#ifndef PRESS_PROGRESS_H
#define PRESS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct press_progress {
    const char *name;
    long long length; /* bytes to come in all; 0: not known */
    int64_t start;    /* weft_time() */
    bool shown;       /* there is a terminal and nobody asked for silence */
} press_progress;

void progress_start(press_progress *progress, const char *name, long long length, bool quiet);

/* Draws the line anew. done: bytes of the input. */
void progress_show(const press_progress *progress, uint64_t done);

/* Puts a summary in its place. */
void progress_summary(const press_progress *progress, uint64_t done, uint64_t written);

/* Leaves the line empty. */
void progress_wipe(const press_progress *progress);

#endif
