/* SPDX-License-Identifier: MIT */
/* a_wrong_argument_of_a_future_is_refused.c - weft_future checks as a submission does. */
#include <weft.h>

WEFT_TASK(int, first, (const char *, text)) { return text[0]; }

weft_future *try_it(int *number);
weft_future *try_it(int *number) {
#ifdef RIGHT
    (void)number;
    return weft_future(first, "warp");
#else
    return weft_future(first, number);
#endif
}
