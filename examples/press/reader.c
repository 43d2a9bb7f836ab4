/* SPDX-License-Identifier: MIT */
/* reader.c - the first stage: cuts the input into blocks and submits a task for each. */
#include "reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "compress.h"

/* Fills the block; one that does not get full is the last. */
static bool fill(press_run *run, press_block *block) {
    block->length = 0;
    while (block->length < run->args->block_length) {
        ssize_t count =
            read(run->input->descriptor, block->data + block->length, run->args->block_length - block->length);
        if (count == 0) break;
        if (count > 0) block->length += (size_t)count;
        if (count < 0 && errno != EINTR) run_fail(run, 1, "%s: cannot be read: %s", run->input->name, strerror(errno));
        if (count < 0 && run_failed(run)) return false;
    }
    block->last = block->length < run->args->block_length;
    return true;
}

/* The end of the block before, copied so that its buffer may go its own way. It may be in compression now, but only the
 * reader writes to `data`, and there are always two blocks or more. */
static void copy_window(press_block *work, const press_block *before) {
    work->window = before != NULL ? BLOCK_WINDOW : 0;
    if (before != NULL) memcpy(work->data - BLOCK_WINDOW, before->data + before->length - BLOCK_WINDOW, BLOCK_WINDOW);
}

/* Hands a full block on: to a worker, and to the writer, who waits for the worker. */
static bool hand_on(press_run *run, press_block *work) {
    const weft_submit_options options = {.group = run->group};
    weft_status status;
    WEFT_BIND(weft_task_category, work) { /* the chart shows which block a worker is at */
        status = weft_submit_with(&options, work->result, compress_block, work);
    }
    if (status == WEFT_OK) status = weft_send(run->order, &work, WEFT_FOREVER);
    if (status != WEFT_OK) run_fail(run, 1, "cannot go on: %s", weft_status_message(status));
    return status == WEFT_OK;
}

static void read_blocks(press_run *run) {
    const press_block *before = NULL;
    bool last = false;
    for (uint64_t number = 0; !last && !run_failed(run); number++) {
        press_block *work;
        if (weft_receive(run->set.free, &work, WEFT_FOREVER) != WEFT_OK) return;
        work->number = number;
        copy_window(work, before);
        if (!fill(run, work)) return;
        before = work;
        last = work->last;
        if (!hand_on(run, work)) return;
    }
}

void *reader_thread(void *argument) {
    press_run *run = argument;
    run_enter_thread(run);
    read_blocks(run);
    run_leave_thread(run);
    weft_close(run->order);
    return NULL;
}
