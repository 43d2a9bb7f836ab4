/* SPDX-License-Identifier: MIT */
/* all.c - several things at once. */
#include "parallel/split.h"

WEFT_TASK(void, weft_thunks, (const weft_thunk *, thunks), (size_t, count)) {
    if (count == 1) {
        thunks->run(thunks->argument);
        return;
    }
    weft_spawn(weft_thunks, thunks + count / 2, count - count / 2);
    weft_call(weft_thunks, thunks, count / 2);
    weft_sync(weft_thunks);
}

weft_status weft_all(const weft_thunk *thunks, size_t count) {
    if (thunks == NULL && count > 0) return WEFT_INVALID;
    for (size_t i = 0; i < count; i++)
        if (thunks[i].run == NULL) return WEFT_INVALID;
    if (count == 0) return WEFT_OK;
    struct weft_thunks_arguments arguments = {thunks, count};
    wefti_share(&weft_task_of_weft_thunks, &arguments);
    return WEFT_OK;
}
