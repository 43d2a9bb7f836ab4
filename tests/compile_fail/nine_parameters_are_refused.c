/* SPDX-License-Identifier: MIT */
/* nine_parameters_are_refused.c - a task has at most eight. */
#include <weft.h>

#ifdef RIGHT
WEFT_TASK(int, sum, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g), (int, h)) {
    return a + b + c + d + e + f + g + h;
}
#else
WEFT_TASK(int, sum, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g), (int, h), (int, i)) {
    return a + b + c + d + e + f + g + h + i;
}
#endif
