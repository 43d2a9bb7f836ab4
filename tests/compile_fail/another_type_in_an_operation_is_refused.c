/* SPDX-License-Identifier: MIT */
/* another_type_in_an_operation_is_refused.c - an operation for weft_alternate is of the channel's type. */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

weft_operation try_it(job_channel *jobs, struct job *job, struct task *task);
weft_operation try_it(job_channel *jobs, struct job *job, struct task *task) {
    (void)job, (void)task;
#ifdef RIGHT
    return WEFT_TO_RECEIVE(jobs, job);
#else
    return WEFT_TO_RECEIVE(jobs, task);
#endif
}
