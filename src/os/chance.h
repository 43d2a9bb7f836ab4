/* SPDX-License-Identifier: MIT */
/* chance.h - random numbers for choosing among waiters and clauses. Not for secrets. */
#ifndef WEFTI_CHANCE_H
#define WEFTI_CHANCE_H

#include <stdint.h>

/* One of 0 ... count - 1, all with the same chance but for one part in four milliards; count at least 1. Any thread. */
uint32_t wefti_chance(uint32_t count);

#endif
