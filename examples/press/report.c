/* SPDX-License-Identifier: MIT */
/* report.c - telling the user: one line on standard error, after the program's name. */
#include "report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

bool report(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    flockfile(stderr);
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
    fputs("weft-press: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(arguments);
    return false;
}
