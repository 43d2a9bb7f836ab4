/* SPDX-License-Identifier: MIT */
/* without.c - `without PROGRAM ARGUMENT...` runs a program as on an older system: membarrier, epoll_pwait2, pidfd_open
 * and process_madvise are unknown there, and so are the marks that guard stacks without a mapping each.
 *
 * A filter of system calls answers them. Where there are no such filters it ends with 77. */
#define _GNU_SOURCE 1

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "older/filter.h"

enum { SKIPPED = 77, EPOLL_PWAIT2 = 441, PROCESS_MADVISE = 440, PIDFD_OPEN = 434 };
enum { POPULATE_READ = 22, GUARD_INSTALL = 102, GUARD_REMOVE = 103 }; /* MADV_... */

int main(int count, char **words) {
    struct sock_filter steps[] = {
        FILTER_BEGIN,
        FILTER_IF(SYS_membarrier),
        FILTER_ANSWER(ENOSYS),
        FILTER_IF(EPOLL_PWAIT2),
        FILTER_ANSWER(ENOSYS),
        FILTER_IF(PROCESS_MADVISE),
        FILTER_ANSWER(ENOSYS),
        FILTER_IF(PIDFD_OPEN),
        FILTER_ANSWER(ENOSYS),
        FILTER_UNLESS(SYS_madvise),
        FILTER_PASS,
        FILTER_WORD(args[2]), /* its lower half, which lies first */
        FILTER_IF(POPULATE_READ),
        FILTER_ANSWER(EINVAL),
        FILTER_IF(GUARD_INSTALL),
        FILTER_ANSWER(EINVAL),
        FILTER_IF(GUARD_REMOVE),
        FILTER_ANSWER(EINVAL),
        FILTER_PASS,
    };
    if (count < 2) {
        fprintf(stderr, "without: which program?\n");
        return EXIT_FAILURE;
    }
    if (!filter_install(steps, sizeof steps / sizeof steps[0])) {
        perror("without: no filters of system calls here");
        return SKIPPED;
    }
    execvp(words[1], words + 1);
    perror(words[1]);
    return EXIT_FAILURE;
}
