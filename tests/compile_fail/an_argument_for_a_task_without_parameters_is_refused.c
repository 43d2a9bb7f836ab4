/* SPDX-License-Identifier: MIT */
/* an_argument_for_a_task_without_parameters_is_refused.c - a task without parameters is submitted with an argument. */
#include <weft.h>

WEFT_TASK(int, seven) { return 7; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return weft_submit(channel, seven);
#else
    return weft_submit(channel, seven, 7);
#endif
}
