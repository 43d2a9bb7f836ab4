/* SPDX-License-Identifier: MIT */
/* events.h - the contract for waiting on descriptors: a set of them, a bell that wakes who waits on the set. */
#ifndef WEFTI_EVENTS_H
#define WEFTI_EVENTS_H

#include "base/base.h"

enum { WEFTI_READ = 1, WEFTI_WRITE = 2 };

typedef struct wefti_event {
    int descriptor;
    unsigned ready; /* WEFTI_READ, WEFTI_WRITE; both at an error */
} wefti_event;

typedef struct wefti_events {
    int set, bell;
} wefti_events;

typedef enum wefti_watched { WEFTI_WATCHED, WEFTI_ALWAYS_READY, WEFTI_NO_DESCRIPTOR, WEFTI_NO_ROOM } wefti_watched;

/* false: the system has no descriptors left. */
bool wefti_events_open(wefti_events *events);
void wefti_events_close(wefti_events *events);
/* Reports the descriptor once, when it is or becomes ready for one of `wanted`; replaces what was said before. */
wefti_watched wefti_events_watch(wefti_events *events, int descriptor, unsigned wanted);
void wefti_events_forget(wefti_events *events, int descriptor);
/* Waits for events, for the bell, or until the deadline (INT64_MAX: none). Returns how many. 0: does not wait, and
 * leaves the bell to who does: the system has that one sleep on if the bell is quiet again by the time it looks. */
int wefti_events_wait(wefti_events *events, wefti_event *into, int room, int64_t deadline);
void wefti_events_ring(wefti_events *events);

/* Whether it is ready now, or never will be asked in vain: an error, its end. */
bool wefti_descriptor_ready(int descriptor, bool write);
/* Blocks the thread. 1: ready; 0: the deadline passed; -1: no such descriptor. */
int wefti_descriptor_wait(int descriptor, bool write, int64_t deadline);

/* A descriptor that is readable while it is set. -1: none left. */
int wefti_flag_open(void);
void wefti_flag_set(int flag);
void wefti_flag_clear(int flag);
void wefti_descriptor_close(int descriptor);

#endif
