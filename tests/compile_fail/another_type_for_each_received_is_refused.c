/* SPDX-License-Identifier: MIT */
/* another_type_for_each_received_is_refused.c - the variable of a for-each is of the channel's type. */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

int try_it(job_channel *jobs);
int try_it(job_channel *jobs) {
    int sum = 0;
#ifdef RIGHT
    WEFT_FOR_EACH_RECEIVED(struct job, each, jobs) { sum += each.number; }
    return sum;
#else
    WEFT_FOR_EACH_RECEIVED(struct task, each, jobs) { sum += each.number; }
    return sum;
#endif
}
