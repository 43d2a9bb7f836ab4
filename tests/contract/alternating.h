/* SPDX-License-Identifier: MIT */
/* alternating.h - what the tests of rendezvous channels and alternations share: small channels, and who waits first.
 *
 * On a kernel of one worker a task runs until it waits. So when a later task runs, all those submitted before it wait:
 * that is how these tests know who stands in which list, without a sleep.
 */
#ifndef WEFT_TEST_ALTERNATING_H
#define WEFT_TEST_ALTERNATING_H

#include "contract/common.h"

static inline weft_channel *rendezvous(void) {
    weft_channel *channel = weft_make_rendezvous(int);
    CHECK_NOT_NULL(channel);
    return channel;
}

/* A channel for one int that holds this one. */
static inline weft_channel *holding(int value) {
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    return channel;
}

static inline void free_all(weft_channel **channels, size_t count) {
    for (size_t i = 0; i < count; i++) CHECK_OK(weft_free_channel(channels[i]));
}

/* Tasks of one kernel, and the end of all of them. */
typedef struct crew {
    weft_kernel *kernel;
    weft_group *group;
    weft_submit_options options;
} crew;

static inline crew crew_of(unsigned workers) {
    crew c = {.kernel = kernel_of(workers), .group = weft_make_group(NULL)};
    c.options = (weft_submit_options){.kernel = c.kernel, .group = c.group};
    return c;
}

/* As many workers as this run is about. */
static inline crew crew_here(void) { return crew_of(harness_workers()); }

static inline void crew_wait(crew *c) { CHECK_OK(weft_wait_group(c->group, patience())); }

static inline void crew_end(crew *c) {
    crew_wait(c);
    CHECK_OK(weft_free_group(c->group));
    end_and_free(c->kernel);
}

#endif
