/* SPDX-License-Identifier: MIT */
/* signals.c - interruption by the user: noted here, acted upon by the watcher. */
#include "signals.h"

#include <stdatomic.h>
#include <stddef.h>

static atomic_int caught; /* lock-free, so a handler may write it; relaxed: it stands for itself */

static void note(int number) {
    if (number != SIGNALS_NUDGE) atomic_store_explicit(&caught, number, memory_order_relaxed);
}

/* Without SA_RESTART: a system call that waits ends with EINTR. */
static void install(int number) {
    struct sigaction before, action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return; /* nohup, or a shell's & */
    sigaction(number, &action, NULL);
}

void signals_install(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGNALS_NUDGE, SIG_DFL);
    install(SIGNALS_NUDGE);
    install(SIGINT);
    install(SIGTERM);
    install(SIGHUP);
}

int signals_caught(void) { return caught; }
