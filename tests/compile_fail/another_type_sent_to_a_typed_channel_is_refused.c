/* SPDX-License-Identifier: MIT */
/* another_type_sent_to_a_typed_channel_is_refused.c - what is sent is of the channel's type, not only of its size. */
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
    return weft_send(jobs, job, WEFT_NOW);
#else
    return weft_send(jobs, task, WEFT_NOW);
#endif
}
