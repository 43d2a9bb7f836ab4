/* SPDX-License-Identifier: MIT */
/* live.c - the count of live objects. */
#include "base/live.h"

#include "base/atomic.h"

static WEFTI_ATOMIC(size_t) live;

void wefti_count_live(int change) { wefti_add_relaxed(&live, (size_t)change); /* relaxed: a statistic */ }

size_t wefti_live_objects(void) { return wefti_load_relaxed(&live); }
