/* SPDX-License-Identifier: MIT */
/* faults.h - the signals that the system sends for faults: handlers for them, and what the program had before.
 *
 * A handler of ours is asked first. What it does not take goes to the handler that the program had when ours were
 * installed, with the mask that it wanted, or to the system's default. Who installs one later replaces ours.
 */
#ifndef WEFTI_FAULTS_H
#define WEFTI_FAULTS_H

#include "base/base.h"

enum { WEFTI_SIGNAL_ARITHMETIC, WEFTI_SIGNAL_MEMORY, WEFTI_SIGNAL_INSTRUCTION, WEFTI_SIGNAL_ABORT };

typedef struct wefti_signal_fault {
    int signal, code, kind; /* WEFTI_SIGNAL_... */
    const char *name;       /* of the signal */
    void *address;          /* NULL: not known */
    void *interrupted;      /* for cpu/divert.h */
    bool last;              /* the program has no handler of its own: what is not taken ends the process */
} wefti_signal_fault;

/* Runs on the thread that faulted, on its signal stack if it has one, all signals blocked. Whether it has taken it. */
typedef bool wefti_fault_handler(const wefti_signal_fault *fault);

/* Installs them. Once, one caller. */
bool wefti_faults_init(wefti_fault_handler *handler);

/* Asks the handler, as if the signal had come to it. false: it was not taken, or was sent by somebody. */
bool wefti_faults_offer(wefti_fault_handler *handler, int number, void *information, void *interrupted);

/* Async-signal-safe. */
void wefti_say(const char *text, size_t length); /* to stderr */
/* Calls function(argument) in a copy of the process, that is given up after some seconds: for what may wait for a lock
 * that the caller holds. Whether it returned. */
bool wefti_in_a_copy(void (*function)(void *argument), void *argument);

#endif
