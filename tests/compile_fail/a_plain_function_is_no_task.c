/* SPDX-License-Identifier: MIT */
/* a_plain_function_is_no_task.c - only what WEFT_TASK defines can be submitted. C++ only: C warns. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }
__attribute__((unused)) static int subtract(int a, int b) { return a - b; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, add, 3, 4);
#else
    return weft_submit(channel, subtract, 3, 4);
#endif
}
