/* SPDX-License-Identifier: MIT */
/* a_typed_channel_for_an_untyped_one_is_refused.c - a function that is no macro wants weft_untyped(channel). */
#include <weft.h>

struct job {
    int number;
};
struct task {
    int number;
};

WEFT_CHANNEL_TYPE(job_channel, struct job);

size_t try_it(job_channel *jobs);
size_t try_it(job_channel *jobs) {
#ifdef RIGHT
    return weft_count(weft_untyped(jobs));
#else
    return weft_count(jobs);
#endif
}
