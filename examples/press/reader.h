/* SPDX-License-Identifier: MIT */
/* reader.h - the first stage: cuts the input into blocks and submits a task for each. */
#ifndef PRESS_READER_H
#define PRESS_READER_H

#include "run.h"

/* The thread of the reader. argument: the run. Closes run->order at the end, however it comes to it. */
void *reader_thread(void *argument);

#endif
