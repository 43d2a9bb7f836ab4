/* SPDX-License-Identifier: MIT */
/* slice.h - time slices: a task that computes is switched away when its slice is over and others wait for its worker.
 *
 * Idea: a thread for each kernel that slices, the slicer, looks at its workers once a slice. Where one has begun, ended
 * and parked nothing since the last look, has had a processor for a slice, and something waits for it, the slicer
 * interrupts its thread. The handler walks the callers, as for a kill (condition/doom.h):
 *
 *   in the program's own code     at once: the code is paused (cpu/divert.h), which is a switch to the loop in between
 *   in a library, or in Weft      when that returns to the program, by a barrier
 *   in a region without kill      when it ends
 *   anywhere else                 not now; the slicer comes again
 *
 * So a task is never switched away inside of a library or of Weft, and no lock of theirs is held across the switch. It
 * goes to the end of the worker's ready runners, and stays on that worker whatever it is: the compiler may keep the
 * address of a thread-local variable anywhere.
 *
 *   slicer:  LOOKS --no worker has been awake for some looks--> SLEEPS --a worker comes out of its sleep--> LOOKS
 *
 * Invariants
 *   S1  slice_over of a worker is set by the slicer only, before the signal, and cleared in the handler only
 *   S2  a runner is `sliced` from the switch to its return: meanwhile its frames of fork/join are left alone, since it
 *       may be in the middle of a spawn, which is code of the program
 *
 * Source: Shiina, Iwasaki, Taura, Balaji, "Lightweight preemptive user-level threads" (PPoPP 2021), signal-yield. There
 * the handler itself is switched away, on the task's stack; here it has returned before, and runs on a stack of its
 * own. Code of libraries is not told from that of the program there.
 */
#ifndef WEFTI_SLICE_H
#define WEFTI_SLICE_H

#include "sched/worker.h"

struct wefti_slicer;

/* Starts the kernel's slicer. Does nothing where there is one, or where slices do not work. */
void wefti_slicer_begin(weft_kernel *kernel);
/* The workers are gone. */
void wefti_slicer_end(weft_kernel *kernel);
/* A worker comes out of its sleep. */
void wefti_slicer_ring(weft_kernel *kernel);

/* At a barrier, and at the end of a region: gives way if that has been put off until here. */
void wefti_slice_end_deferred(wefti_runner *self);

/* Called when a task goes on after its slice; set by condition/kill.c. */
extern void (*wefti_slice_over_hook)(wefti_strand *self);

#endif
