/* SPDX-License-Identifier: MIT */
/* a_pointer_for_an_int_is_refused.c - a task that wants an int is given a pointer. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, add, 3, 4);
#else
    return weft_submit(channel, add, channel, 4);
#endif
}
