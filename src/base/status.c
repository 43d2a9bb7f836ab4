/* SPDX-License-Identifier: MIT */
/* status.c - the names of statuses. */
#include <weft/base.h>

static const struct {
    const char *name, *message;
} texts[] = {
    [WEFT_OK] = {"ok", "done"},
    [WEFT_TIMED_OUT] = {"timed-out", "the deadline passed first"},
    [WEFT_CLOSED] = {"closed", "the channel is closed"},
    [WEFT_FAILED] = {"failed", "the element is a condition: the task failed"},
    [WEFT_CANCELLED] = {"cancelled", "the task was cancelled before it began, or the wait was cancelled"},
    [WEFT_NO_KERNEL] = {"no-kernel", "no kernel was given and there is no current kernel"},
    [WEFT_ENDED] = {"ended", "the kernel has been ended"},
    [WEFT_INVALID] = {"invalid", "an argument breaks a rule that the function states"},
    [WEFT_WRONG_SIZE] = {"wrong-size", "the size of the value differs from the element size of the channel"},
    [WEFT_NO_MEMORY] = {"no-memory", "memory, or a stack for a waiting task, cannot be had"},
    [WEFT_NO_THREADS] = {"no-threads", "the system gives no further thread"},
    [WEFT_IN_WORKER] = {"in-worker", "not allowed from inside a worker"},
    [WEFT_BUSY] = {"busy", "somebody still uses the object"},
    [WEFT_NOT_STARTED] = {"not-started", "a context function returned without entering its worker loop"},
    [WEFT_KILLED] = {"killed", "the element is a condition: the task was killed"},
};

static bool known(weft_status status) { return (unsigned)status < sizeof texts / sizeof *texts; }

const char *weft_status_name(weft_status status) { return known(status) ? texts[status].name : "unknown"; }

const char *weft_status_message(weft_status status) {
    return known(status) ? texts[status].message : "not a status of Weft";
}
