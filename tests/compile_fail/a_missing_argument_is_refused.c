/* SPDX-License-Identifier: MIT */
/* a_missing_argument_is_refused.c - a task with two parameters is submitted with one argument. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, add, 3, 4);
#else
    return weft_submit(channel, add, 3);
#endif
}
