/* SPDX-License-Identifier: MIT */
/* a_pointer_to_another_type_is_refused.c - a task that wants a text is given an array of int. */
#include <weft.h>

WEFT_TASK(size_t, length, (const char *, text), (int, most)) {
    size_t count = 0;
    while (text[count] && count < (size_t)most) count++;
    return count;
}
static const int numbers[] = {1, 2};
static const char text[] = "warp";

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    (void)numbers;
    return weft_submit(channel, length, text, 4);
#else
    (void)text;
    return weft_submit(channel, length, numbers, 4);
#endif
}
