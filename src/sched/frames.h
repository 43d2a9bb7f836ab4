/* SPDX-License-Identifier: MIT */
/* frames.h - spawned tasks as workers see them: which strands of a kernel have some, and how an idle worker takes one.
 *
 * A strand that has spawned is on its kernel's list from its outermost spawn to its outermost sync. An idle worker goes
 * through the list: it takes what is to be had; of strands of its own that are parked it also takes what is private,
 * since it runs on their owner's thread (so a task may wait for what it has spawned, with one worker too); all others
 * it asks, and those that do not answer soon it takes private ones from. It runs what it takes in its loop, on a runner
 * of its own, never on top of a task that waits.
 */
#ifndef WEFTI_FRAMES_H
#define WEFTI_FRAMES_H

#include "dynamic/strand.h"
#include "lockfree/forks.h"
#include "sched/worker.h"

/* With one frame more in front, and whole pages of any size in use. */
enum { WEFTI_FRAMES_BYTES = (WEFTI_MOST_FRAMES + 1024) * sizeof(weft_fork) };

/* A strand's frames: made at its first spawn, kept until it ends. */
typedef struct wefti_forker {
    wefti_deque deque;                    /* first */
    struct wefti_forker *next, *previous; /* on the kernel's list; under its forks_lock */
    weft_kernel *kernel;                  /* on whose list it is; NULL: on none */
    wefti_strand *strand;
    wefti_worker *home;         /* who runs it if it does not move; else NULL */
    weft_category category;     /* of its task, for those it spawns */
    weft_fork *soft;            /* from here on the stack is to be looked at */
    const wefti_deque *serving; /* from where the task was taken that spawned these */
} wefti_forker;

static inline wefti_forker *wefti_forker_of(const weft_forks *forks) { return (wefti_forker *)(void *)forks->deque; }

void wefti_forks_init(weft_forks *forks);
/* Whether something is spawned and not synced. */
bool wefti_forks_any(const weft_forks *forks);
/* The strand ends. */
void wefti_forks_end(weft_forks *forks);
weft_forks *wefti_forks_of(wefti_strand *strand);

/* Puts a strand on the kernel's list, takes it off. */
void wefti_frames_enlist(weft_kernel *kernel, wefti_forker *forker);
void wefti_frames_delist(wefti_forker *forker);

/* Idle worker: takes a frame, to be run by wefti_frames_run. */
bool wefti_frames_take(wefti_worker *worker);
/* Part of the last look before a sleep: whether there is a frame for this worker; asks for some if not. */
bool wefti_frames_any(wefti_worker *worker);
/* Whether there is a frame for anybody. */
bool wefti_frames_to_be_had(weft_kernel *kernel);
void wefti_frames_run(wefti_runner *self, wefti_worker *worker);

/* Thief: the frame's task has ended with this condition, a reference to which it takes over, in place of a result. */
void wefti_frame_fail(weft_fork *frame, const wefti_condition *condition);
/* Owner of a frame that is done: takes that condition out; NULL: there is a result. */
const wefti_condition *wefti_frame_failure(weft_fork *frame);

/* A thread that waits for a frame it has spawned: does one of those that this one waits for. false: there is none. */
bool wefti_frames_help(wefti_forker *forker);

#endif
