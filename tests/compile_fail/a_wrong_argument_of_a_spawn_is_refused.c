/* SPDX-License-Identifier: MIT */
/* a_wrong_argument_of_a_spawn_is_refused.c - weft_spawn checks as a call does. */
#include <weft.h>

WEFT_TASK(int, first, (const char *, text)) { return text[0]; }

int try_it(int number);
int try_it(int number) {
#ifdef RIGHT
    weft_spawn(first, "warp");
    return weft_sync(first) + number;
#else
    weft_spawn(first, number);
    return weft_sync(first);
#endif
}
