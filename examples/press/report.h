/* SPDX-License-Identifier: MIT */
/* report.h - telling the user: one line on standard error, after the program's name. */
#ifndef PRESS_REPORT_H
#define PRESS_REPORT_H

#include <stdbool.h>

/* Prints "weft-press: " and the message; wipes a progress bar that may stand on the line. Always returns false, so that
 * `return report(...)` ends a function that failed. */
bool report(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
