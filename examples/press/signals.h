/* SPDX-License-Identifier: MIT */
/* signals.h - interruption by the user: noted here, acted upon by the watcher. */
#ifndef PRESS_SIGNALS_H
#define PRESS_SIGNALS_H

#include <signal.h>

/* Does nothing but end a system call. By default it is ignored, so a stray one is harmless. */
#define SIGNALS_NUDGE SIGURG

/* From here on SIGINT, SIGTERM and SIGHUP are noted, where they were not ignored; a closed pipe is a failed write. */
void signals_install(void);

/* The signal that has come, or 0. */
int signals_caught(void);

#endif
