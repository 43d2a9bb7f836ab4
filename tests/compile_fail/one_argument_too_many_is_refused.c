/* SPDX-License-Identifier: MIT */
/* one_argument_too_many_is_refused.c - a task with two parameters is submitted with three arguments. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, add, 3, 4);
#else
    return weft_submit(channel, add, 3, 4, 5);
#endif
}
