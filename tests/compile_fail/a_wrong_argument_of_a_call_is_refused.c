/* SPDX-License-Identifier: MIT */
/* a_wrong_argument_of_a_call_is_refused.c - weft_call checks as a submission does. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }
WEFT_TASK(size_t, length, (const char *, text), (int, most)) {
    size_t count = 0;
    while (text[count] && count < (size_t)most) count++;
    return count;
}

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    (void)channel;
    return weft_call(length, "warp", 4) > (size_t)weft_call(add, 1, 2) ? WEFT_OK : WEFT_INVALID;
#else
    return weft_call(length, channel, 4) > (size_t)weft_call(add, 1, 2) ? WEFT_OK : WEFT_INVALID;
#endif
}
