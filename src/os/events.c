/* SPDX-License-Identifier: MIT */
/* events.c - waiting on descriptors by epoll, eventfd and poll. */
#define _GNU_SOURCE 1

#include "os/events.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/os.h"

enum { MOST_EVENTS = 64 };

int wefti_flag_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void wefti_flag_set(int flag) {
    uint64_t one = 1;
    while (write(flag, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void wefti_flag_clear(int flag) {
    uint64_t count;
    while (read(flag, &count, sizeof count) < 0 && errno == EINTR) {
    }
}

void wefti_descriptor_close(int descriptor) { close(descriptor); }

bool wefti_events_open(wefti_events *events) {
    events->set = epoll_create1(EPOLL_CLOEXEC);
    events->bell = events->set >= 0 ? wefti_flag_open() : -1;
    struct epoll_event bell = {.events = EPOLLIN, .data.fd = events->bell};
    if (events->bell >= 0 && epoll_ctl(events->set, EPOLL_CTL_ADD, events->bell, &bell) == 0) return true;
    wefti_events_close(events);
    return false;
}

void wefti_events_close(wefti_events *events) {
    if (events->bell >= 0) close(events->bell);
    if (events->set >= 0) close(events->set);
    events->set = events->bell = -1;
}

wefti_watched wefti_events_watch(wefti_events *events, int descriptor, unsigned wanted) {
    struct epoll_event event = {.events = EPOLLONESHOT, .data.fd = descriptor};
    if ((wanted & WEFTI_READ) != 0) event.events |= EPOLLIN | EPOLLRDHUP;
    if ((wanted & WEFTI_WRITE) != 0) event.events |= EPOLLOUT;
    /* Known by number: closed and opened again, it is a new one that the set does not have. */
    if (epoll_ctl(events->set, EPOLL_CTL_MOD, descriptor, &event) == 0) return WEFTI_WATCHED;
    if (errno == ENOENT && epoll_ctl(events->set, EPOLL_CTL_ADD, descriptor, &event) == 0) return WEFTI_WATCHED;
    if (errno == EPERM) return WEFTI_ALWAYS_READY;
    return errno == EBADF || errno == EINVAL || errno == ELOOP ? WEFTI_NO_DESCRIPTOR : WEFTI_NO_ROOM;
}

void wefti_events_forget(wefti_events *events, int descriptor) {
    struct epoll_event event = {0};
    epoll_ctl(events->set, EPOLL_CTL_DEL, descriptor, &event);
}

/* Milliseconds, rounded up: who waits is never early. */
static int milliseconds_until(int64_t deadline) {
    if (deadline == INT64_MAX) return -1;
    int64_t left = deadline - wefti_clock();
    if (left <= 0) return 0;
    left = (left + 999999) / 1000000;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static int wait_exactly(int set, struct epoll_event *found, int64_t deadline) {
#ifdef EPOLL_CLOEXEC
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 35)
    /* A system before Linux 5.11 is not asked again. relaxed, both: nothing else depends on it. */
    static WEFTI_ATOMIC(bool) only_milliseconds;
    int64_t left = deadline == INT64_MAX || deadline == 0 ? 0 : WEFTI_MAX(deadline - wefti_clock(), (int64_t)0);
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};
    if (!wefti_load_relaxed(&only_milliseconds)) {
        int count = epoll_pwait2(set, found, MOST_EVENTS, deadline == INT64_MAX ? NULL : &timeout, NULL);
        if (count >= 0 || errno != ENOSYS) return count;
        wefti_store_relaxed(&only_milliseconds, true);
    }
#endif
#endif
    return epoll_wait(set, found, MOST_EVENTS, deadline == 0 ? 0 : milliseconds_until(deadline));
}

static unsigned what_is_ready(uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return WEFTI_READ | WEFTI_WRITE;
    return ((events & (EPOLLIN | EPOLLRDHUP)) != 0 ? WEFTI_READ : 0u) | ((events & EPOLLOUT) != 0 ? WEFTI_WRITE : 0u);
}

int wefti_events_wait(wefti_events *events, wefti_event *into, int room, int64_t deadline) {
    struct epoll_event found[MOST_EVENTS];
    int count = wait_exactly(events->set, found, deadline), kept = 0;
    for (int i = 0; i < count && kept < room; i++) {
        bool rung = found[i].data.fd == events->bell;
        if (rung && deadline != 0) wefti_flag_clear(events->bell);
        if (!rung) into[kept++] = (wefti_event){found[i].data.fd, what_is_ready(found[i].events)};
    }
    return kept;
}

void wefti_events_ring(wefti_events *events) { wefti_flag_set(events->bell); }

int wefti_descriptor_wait(int descriptor, bool write, int64_t deadline) {
    struct pollfd one = {.fd = descriptor, .events = write ? POLLOUT : POLLIN | POLLRDHUP};
    for (;;) {
        int count = poll(&one, 1, deadline == 0 ? 0 : milliseconds_until(deadline));
        if (count > 0) return (one.revents & POLLNVAL) != 0 ? -1 : 1;
        if (count < 0 && errno != EINTR && errno != EAGAIN) return -1;
        if (deadline != INT64_MAX && wefti_clock() >= deadline) return 0;
    }
}

bool wefti_descriptor_ready(int descriptor, bool write) { return wefti_descriptor_wait(descriptor, write, 0) != 0; }
