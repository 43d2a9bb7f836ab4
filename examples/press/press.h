/* SPDX-License-Identifier: MIT */
/* press.h - compresses one input into one output on a kernel of workers. */
#ifndef PRESS_PRESS_H
#define PRESS_PRESS_H

#include "args.h"
#include "input.h"
#include "output.h"
#include "samples.h"

typedef struct press_totals {
    uint64_t read;
    uint64_t written;
    unsigned workers;
} press_totals;

/* Reads all of the input and writes the result, without committing it. samples: to be filled in, or NULL; free it in
 * any case. Returns the exit status, after a report where it is not 0. */
int press(const press_args *args, press_input *input, press_output *output, press_samples *samples,
          press_totals *totals);

#endif
