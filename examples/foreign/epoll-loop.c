/* SPDX-License-Identifier: MIT */
/* epoll-loop.c - channels in a loop around epoll. */
#include <sys/epoll.h>
#include <unistd.h>

#include "job.h"

static void watch(int epoll, int descriptor, void (*handle)(job *)) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)handle};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) return;
    perror("epoll_ctl");
    exit(EXIT_FAILURE);
}

int main(void) {
    job j;
    begin_job(&j);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, results_descriptor(&j), on_results);
    watch(epoll, calls_descriptor(&j), on_calls);
    while (!is_done(&j)) {
        struct epoll_event events[4];
        int count = epoll_wait(epoll, events, 4, -1);
        for (int i = 0; i < count; i++) ((void (*)(job *))events[i].data.ptr)(&j);
    }
    close(epoll);
    end_job(&j, "epoll");
    return 0;
}
