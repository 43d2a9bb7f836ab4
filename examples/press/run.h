/* SPDX-License-Identifier: MIT */
/* run.h - one compression: what its stages share, and how it fails. */
#ifndef PRESS_RUN_H
#define PRESS_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "args.h"
#include "backend.h"
#include "block.h"
#include "input.h"
#include "output.h"

/*
 *     free blocks ---> reader ---> order ---> writer ---> free blocks          (channels of press_block *)
 *                        |                      ^
 *                        +---> compress_block --+  the result channel of each block
 *
 * Reader and writer are threads, since they wait in system calls; the tasks run on the kernel. The blocks are all there
 * is, so memory is bounded, and the writer keeps the order because it takes blocks as they were read and waits for the
 * result of each. A stage that fails cancels the group: from then on the blocks go round without any work, the reader
 * stops, and with it all the rest.
 */
typedef struct press_run {
    const press_args *args;
    press_input *input;
    press_output *output;
    const press_backend *backend;
    weft_kernel *kernel;
    weft_group *group;   /* all the tasks; cancelled when anything fails */
    weft_channel *order; /* press_block *: as they were read; closed behind the last one */
    weft_channel *over;  /* closed when reader and writer are done */
    block_set set;
    pthread_t reader;
    pthread_t watcher;

    _Atomic uint64_t bytes_done; /* of the input: those whose result has been written */
    _Atomic uint64_t bytes_written;

    pthread_mutex_t lock;
    int failure;          /* under lock: the exit status that the first failure asks for; 0: none */
    pthread_t waiting[2]; /* under lock: threads that may wait in a system call */
    unsigned waiting_count;
} press_run;

/* Fails the run: the first failure is reported, tasks that have not begun are cancelled. Any thread. */
void run_fail(press_run *run, int exit_status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether the run has failed. */
bool run_failed(const press_run *run);

/* Brackets the part of a thread in which run_interrupt may interrupt its system calls. */
void run_enter_thread(press_run *run);
void run_leave_thread(press_run *run);

/* Makes system calls that reader and writer wait in return EINTR. One may begin just after: repeat until they end. */
void run_interrupt(press_run *run);

#endif
