/* SPDX-License-Identifier: MIT */
/* writer.c - the last stage: writes the results in the order in which the blocks were read. */
#include "writer.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "gzip.h"

typedef struct gzip_member {
    uint32_t check;
    uint64_t length;
} gzip_member;

static void write_bytes(press_run *run, const void *bytes, size_t length) {
    size_t written = 0;
    while (!run_failed(run)) {
        int error = output_write(run->output, bytes, length, &written);
        if (error == 0) break;
        if (error != EINTR) run_fail(run, 1, "%s: cannot be written: %s", run->output->name, strerror(error));
    }
    atomic_fetch_add_explicit(&run->bytes_written, written, memory_order_relaxed);
}

static void write_header(press_run *run) {
    unsigned char header[GZIP_HEADER_ROOM];
    size_t length = gzip_header(header, run->input, run->args->level);
    if (!run->backend->makes_members) write_bytes(run, header, length);
}

static void write_trailer(press_run *run, const gzip_member *member) {
    unsigned char trailer[GZIP_TRAILER_LENGTH];
    gzip_trailer(trailer, member->check, member->length);
    if (!run->backend->makes_members) write_bytes(run, trailer, sizeof trailer);
}

static void write_block(press_run *run, const press_block *block, const press_packed *result, gzip_member *member) {
    if (!result->good) run_fail(run, 1, "cannot compress: no memory");
    write_bytes(run, block->packed, result->length);
    member->check = (uint32_t)crc32_combine(member->check, result->check, (z_off_t)block->length);
    member->length += block->length;
    atomic_fetch_add_explicit(&run->bytes_done, block->length, memory_order_relaxed);
}

/* Waits for the result of a block. Each that was submitted gets one: the task's own, or that it was cancelled. */
static weft_status take_result(press_run *run, const press_block *work, gzip_member *member) {
    press_packed result;
    weft_status status = weft_receive_result(work->result, &result, WEFT_FOREVER);
    if (status == WEFT_CANCELLED) return WEFT_OK; /* the run has failed */
    if (status == WEFT_OK && !run_failed(run)) write_block(run, work, &result, member);
    return status;
}

void writer_run(press_run *run) {
    gzip_member member = {0, 0};
    press_block *work;
    weft_status status;
    run_enter_thread(run);
    write_header(run);
    while ((status = weft_receive(run->order, &work, WEFT_FOREVER)) == WEFT_OK) {
        status = take_result(run, work, &member);
        if (status == WEFT_OK) status = weft_send(run->set.free, &work, WEFT_FOREVER);
        if (status != WEFT_OK) break;
    }
    if (status != WEFT_CLOSED) run_fail(run, 1, "cannot go on: %s", weft_status_message(status));
    weft_close(run->set.free); /* a reader that still waits there has to end */
    write_trailer(run, &member);
    run_leave_thread(run);
}
