/* SPDX-License-Identifier: MIT */
/* input.h - the file or stream that is compressed. */
#ifndef PRESS_INPUT_H
#define PRESS_INPUT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "args.h"

typedef struct press_input {
    int descriptor;
    const char *path; /* NULL: standard input */
    const char *name; /* for messages */
    struct stat status;
} press_input;

/* Opens what is to be compressed; false after a report. */
bool input_open(press_input *input, const press_args *args);

/* How many bytes there are to read, or 0 if that is not known. */
long long input_length(const press_input *input);

/* Whether the file is still what it was when it was opened; the report is made here. */
bool input_unchanged(const press_input *input);

/* Removes the file. */
bool input_remove(const press_input *input);

void input_close(press_input *input);

#endif
