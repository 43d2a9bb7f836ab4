/* SPDX-License-Identifier: MIT */
/* another_type_in_a_send_clause_is_refused.c - a clause of an alternation sends the channel's type. */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

void try_it(job_channel *jobs, struct job *job, struct task *task);
void try_it(job_channel *jobs, struct job *job, struct task *task) {
    (void)job, (void)task;
#ifdef RIGHT
    WEFT_PRI_ALT {
        WEFT_SEND(jobs, job) {}
    }
#else
    WEFT_PRI_ALT {
        WEFT_SEND(jobs, task) {}
    }
#endif
}
