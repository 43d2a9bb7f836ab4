/* SPDX-License-Identifier: MIT */
/* calls.c - calls out of a channel, run in the thread of a foreign loop: a bounded slice of them. */
#include <weft/thread.h>

#include "dynamic/strand.h"

size_t weft_run_calls(weft_channel *calls, size_t most, double seconds) {
    weft_deadline end = weft_after(seconds);
    size_t count = 0;
    weft_status status = WEFT_OK;
    weft_call call;
    while (count < most && (count == 0 || weft_time() < end)) {
        status = weft_receive_sized(calls, &call, sizeof call, WEFT_NOW);
        if (status != WEFT_OK) break;
        if (call.function != NULL) call.function(call.argument);
        count++;
    }
    wefti_fail(status);
    return count;
}
