/* SPDX-License-Identifier: MIT */
/* results_of_another_type_are_refused.c - a broadcast of a task with an int result writes into an array of int. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    int results[8];
    return channel ? weft_broadcast(NULL, results, add, 3, 4) : WEFT_INVALID;
#else
    long results[8];
    return channel ? weft_broadcast(NULL, results, add, 3, 4) : WEFT_INVALID;
#endif
}
