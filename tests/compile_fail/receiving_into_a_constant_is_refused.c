/* SPDX-License-Identifier: MIT */
/* receiving_into_a_constant_is_refused.c - what is received into can be written to. C++ only: C warns. */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

weft_status try_it(job_channel *jobs, struct job *job, const struct job *constant);
weft_status try_it(job_channel *jobs, struct job *job, const struct job *constant) {
    (void)job, (void)constant;
#ifdef RIGHT
    return weft_receive(jobs, job, WEFT_NOW);
#else
    return weft_receive(jobs, constant, WEFT_NOW);
#endif
}
