/* SPDX-License-Identifier: MIT */
/* a_kernel_for_a_channel_is_refused.c - the channel of a submission is a channel. */
#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }
static weft_kernel *kernel;

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    return kernel ? weft_submit(channel, add, 3, 4) : WEFT_NO_KERNEL;
#else
    (void)channel;
    return weft_submit(kernel, add, 3, 4);
#endif
}
