/* SPDX-License-Identifier: MIT */
/* check.h - how the examples look at every result: say what went wrong and stop. */
#ifndef EXAMPLES_CHECK_H
#define EXAMPLES_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include <weft.h>

/* Stops unless the call returned WEFT_OK. */
#define check(call) check_status((call), #call, __FILE__, __LINE__)
/* Stops if the call returned NULL. */
#define check_made(pointer) check_status((pointer) != NULL ? WEFT_OK : weft_last_status(), #pointer, __FILE__, __LINE__)

static inline void check_status(weft_status status, const char *call, const char *file, int line) {
    if (status == WEFT_OK) return;
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, call, weft_status_message(status));
    exit(EXIT_FAILURE);
}

#endif
