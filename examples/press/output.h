/* SPDX-License-Identifier: MIT */
/* output.h - where the result goes: a temporary file that gets its name at the end, or a stream. */
#ifndef PRESS_OUTPUT_H
#define PRESS_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

typedef struct press_output {
    int descriptor;
    const char *name;         /* for messages */
    char path[PATH_MAX];      /* the final name; "" for a stream */
    char temporary[PATH_MAX]; /* where the bytes go meanwhile; "" when there is nothing to remove */
    bool replace;             /* a file of that name may be replaced */
} press_output;

/* Opens standard output; false after a report. A terminal is refused unless `force`. */
bool output_open_stream(press_output *output, bool force);

/* Opens a file that is to be called `path`, and refuses one that exists unless `replace`. A device or a pipe of that
 * name is written to as it is. */
bool output_open_file(press_output *output, const char *path, bool replace);

/* Whether the file at `path` is the one of that status. */
bool output_is(const char *path, const struct stat *status);

/* Writes all of it. Returns 0, or the errno; EINTR is left to the caller, with *written saying how far it came. */
int output_write(press_output *output, const void *bytes, size_t length, size_t *written);

/* Gives the file the mode and times of the input, and its name. False after a report, with nothing left of the file. */
bool output_commit(press_output *output, const struct stat *like);

/* Removes what was written so far. Harmless after a commit. */
void output_discard(press_output *output);

#endif
