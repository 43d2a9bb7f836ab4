/* SPDX-License-Identifier: MIT */
/* load.h - how long and how much the stress tests run: WEFT_TEST_STRESS scales both, 1 by default, 0.1 for a short
 * look. */
#ifndef WEFT_TEST_LOAD_H
#define WEFT_TEST_LOAD_H

#include <weft/base.h>

#include <stdlib.h>

#include "harness/harness.h"

static inline double load_scale(void) {
    const char *text = getenv("WEFT_TEST_STRESS");
    double scale = text != NULL ? atof(text) : 1.0;
    return scale > 0 ? scale : 1.0;
}

/* When a test that usually runs for so many seconds is to stop. */
static inline weft_deadline load_end(double seconds) { return weft_after(seconds * load_scale()); }

/* How many rounds to run where that many are usual. */
static inline size_t load_rounds(size_t usual) {
    double rounds = (double)harness_rounds(usual) * load_scale();
    return rounds < 1 ? 1 : (size_t)rounds;
}

#endif
