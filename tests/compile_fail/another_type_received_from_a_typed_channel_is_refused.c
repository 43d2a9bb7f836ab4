/* SPDX-License-Identifier: MIT */
/* another_type_received_from_a_typed_channel_is_refused.c - what is received into is of the channel's type, not only of
 * its size. */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

weft_status try_it(job_channel *jobs, struct job *job, struct task *task);
weft_status try_it(job_channel *jobs, struct job *job, struct task *task) {
    (void)job, (void)task;
#ifdef RIGHT
    return weft_receive(jobs, job, WEFT_FOREVER);
#else
    return weft_receive(jobs, task, WEFT_FOREVER);
#endif
}
