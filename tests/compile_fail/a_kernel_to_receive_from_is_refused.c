/* SPDX-License-Identifier: MIT */
/* a_kernel_to_receive_from_is_refused.c - what is received from is a channel. */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

weft_status try_it(weft_channel *jobs, weft_kernel *kernel, struct job *job);
weft_status try_it(weft_channel *jobs, weft_kernel *kernel, struct job *job) {
    (void)jobs, (void)kernel;
#ifdef RIGHT
    return weft_receive(jobs, job, WEFT_NOW);
#else
    return weft_receive(kernel, job, WEFT_NOW);
#endif
}
