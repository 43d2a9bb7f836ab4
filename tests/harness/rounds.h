/* SPDX-License-Identifier: MIT */
/* rounds.h - how many rounds a test has time for, where each round waits for other threads.
 *
 * On a machine where each of those waits for a processor for a second, the usual number would last longer than the test
 * may: so a loop is left when a third of the test's limit is over. What one round shows, it shows there as well.
 */
#ifndef WEFT_TEST_ROUNDS_H
#define WEFT_TEST_ROUNDS_H

#include "harness/harness.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether there is time for one more round of so many; the first is always made. */
bool harness_one_more_round(size_t round, size_t most);

#ifdef __cplusplus
}
#endif

#endif
