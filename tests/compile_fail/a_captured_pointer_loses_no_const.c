/* SPDX-License-Identifier: MIT */
/* a_captured_pointer_loses_no_const.c - a task that may write is not given what is constant. C++ only: C warns. */
#include <weft.h>

WEFT_TASK(void, clear, (char *, text)) { *text = 0; }
static char text[] = "warp";
#ifndef RIGHT
static const char *const constant = text;
#endif

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, clear, text);
#else
    return weft_submit(channel, clear, constant);
#endif
}
