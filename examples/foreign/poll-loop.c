/* SPDX-License-Identifier: MIT */
/* poll-loop.c - channels in a loop around poll. */
#include <poll.h>

#include "job.h"

int main(void) {
    job j;
    begin_job(&j);
    struct pollfd ready[] = {{results_descriptor(&j), POLLIN, 0}, {calls_descriptor(&j), POLLIN, 0}};
    while (!is_done(&j)) {
        if (poll(ready, 2, -1) < 0) continue; /* a signal */
        if (ready[0].revents != 0) on_results(&j);
        if (ready[1].revents != 0) on_calls(&j);
    }
    end_job(&j, "poll");
    return 0;
}
