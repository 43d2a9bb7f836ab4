/* SPDX-License-Identifier: MIT */
/* an_int_for_a_pointer_is_refused.c - a task that wants a pointer is given an int. */
#include <weft.h>

WEFT_TASK(size_t, length, (const char *, text), (int, most)) {
    size_t count = 0;
    while (text[count] && count < (size_t)most) count++;
    return count;
}

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, length, "warp", 4);
#else
    return weft_submit(channel, length, 17, 4);
#endif
}
