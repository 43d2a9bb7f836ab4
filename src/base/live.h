/* SPDX-License-Identifier: MIT */
/* live.h - how many objects that a user made and must free exist: for tests, which expect zero in the end. */
#ifndef WEFTI_LIVE_H
#define WEFTI_LIVE_H

#include <stddef.h>

void wefti_count_live(int change);
size_t wefti_live_objects(void);

#endif
