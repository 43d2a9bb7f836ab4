/* SPDX-License-Identifier: MIT */
/* twin.h - a row of equal pieces of work, and the sequential sum of it. */
#ifndef ROWS_TWIN_H
#define ROWS_TWIN_H

#include <stdint.h>

/* A row: so many tasks are spawned one after the other, and then synced one after the other. */
enum { ROWS_TASKS = 1000, ROWS_SHORT = 60, ROWS_LONG = 600 };

/* Some 100 nanoseconds with ROWS_SHORT steps, a microsecond with ROWS_LONG. */
uint64_t rows_work(int number, int steps);
uint64_t rows_sequential(int steps);

#endif
