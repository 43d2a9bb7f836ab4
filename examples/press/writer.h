/* SPDX-License-Identifier: MIT */
/* writer.h - the last stage: writes the results in the order in which the blocks were read. */
#ifndef PRESS_WRITER_H
#define PRESS_WRITER_H

#include "run.h"

/* Runs in the calling thread until run->order is closed and empty, or the run has failed and all blocks are back. */
void writer_run(press_run *run);

#endif
