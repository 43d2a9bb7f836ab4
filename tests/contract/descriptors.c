/* SPDX-License-Identifier: MIT */
/* descriptors.c - row CH9: waiting for descriptors by tasks, threads and alternations; channels as descriptors; calls
 * that block. */
#define _GNU_SOURCE 1
#include "contract/common.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void open_pipe(int ends[2]) { CHECK_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0); }

static void close_pipe(int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

WEFT_TASK(int, read_bytes, (int, descriptor), (int, count)) {
    int got = 0;
    char byte;
    while (got < count) {
        if (read(descriptor, &byte, 1) == 1)
            got++;
        else if (weft_wait_readable(descriptor, patience()) != WEFT_OK)
            return -1;
    }
    return got;
}

WEFT_TASK(int, write_bytes, (int, descriptor), (int, count)) {
    int put = 0;
    while (put < count) {
        if (write(descriptor, "x", 1) == 1) {
            if (++put % 8 == 0) weft_yield();
        } else if (weft_wait_writable(descriptor, patience()) != WEFT_OK) {
            return -1;
        }
    }
    return put;
}

TEST(tasks_wait_for_descriptors_and_their_worker_goes_on) {
    enum { PIPES = 100, BYTES = 40 };
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(int);
    int pipes[PIPES][2];
    for (int i = 0; i < PIPES; i++) {
        open_pipe(pipes[i]);
        CHECK_OK(weft_submit(done, read_bytes, pipes[i][0], BYTES));
    }
    for (int i = 0; i < PIPES; i++) CHECK_OK(weft_submit(done, write_bytes, pipes[i][1], BYTES));
    for (int i = 0; i < 2 * PIPES; i++) {
        int count = 0;
        CHECK_OK(weft_receive_result(done, &count, patience()));
        CHECK_EQ(count, BYTES);
    }
    for (int i = 0; i < PIPES; i++) close_pipe(pipes[i]);
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(a_writer_waits_for_room_and_both_directions_of_a_socket_at_once) {
    enum { BYTES = 300000 };
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(int);
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(weft_submit(done, write_bytes, ends[i], BYTES / 100));
        CHECK_OK(weft_submit(done, read_bytes, ends[i], BYTES / 100));
    }
    for (int i = 0; i < 4; i++) {
        int count = 0;
        CHECK_OK(weft_receive_result(done, &count, patience()));
        CHECK_EQ(count, BYTES / 100);
    }
    close_pipe(ends);
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(a_plain_thread_waits_with_and_without_a_kernel) {
    for (int with = 0; with < 2; with++) {
        weft_kernel *kernel = with ? kernel_here() : NULL;
        int ends[2];
        open_pipe(ends);
        CHECK_STATUS(weft_wait_readable(ends[0], WEFT_NOW), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_wait_readable(ends[0], weft_after(0.01)), WEFT_TIMED_OUT);
        CHECK_OK(weft_wait_writable(ends[1], WEFT_FOREVER));
        CHECK_EQ(write(ends[1], "x", 1), 1);
        CHECK_OK(weft_wait_readable(ends[0], WEFT_FOREVER));
        close(ends[1]);
        CHECK_OK(weft_wait_readable(ends[0], WEFT_FOREVER)); /* its end */
        close(ends[0]);
        CHECK_STATUS(weft_wait_readable(ends[0], weft_after(1)), WEFT_INVALID);
        CHECK_STATUS(weft_wait_readable(-1, WEFT_FOREVER), WEFT_INVALID);
        if (with) end_and_free(kernel);
    }
}

TEST(a_plain_file_is_always_ready) {
    weft_kernel *kernel = kernel_here();
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_GE(file, 0);
    CHECK_OK(weft_wait_readable(file, WEFT_FOREVER));
    close(file);
    end_and_free(kernel);
}

TEST(a_number_that_is_used_again_is_another_descriptor) {
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(int);
    for (int round = 0; round < 50; round++) {
        int ends[2];
        open_pipe(ends);
        CHECK_OK(weft_submit(done, read_bytes, ends[0], 3));
        CHECK_OK(weft_submit(done, write_bytes, ends[1], 3));
        for (int i = 0; i < 2; i++) CHECK_OK(weft_receive_result(done, &(int){0}, patience()));
        close_pipe(ends);
    }
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

WEFT_TASK(int, wait_for_ever, (int, descriptor)) { return (int)weft_wait_readable(descriptor, WEFT_FOREVER); }

TEST(forgetting_a_descriptor_ends_every_wait_for_it) {
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(int);
    int ends[2], status;
    open_pipe(ends);
    for (int i = 0; i < 5; i++) CHECK_OK(weft_submit(done, wait_for_ever, ends[0]));
    CHECK_STATUS(weft_receive_result(done, &status, weft_after(0.02)), WEFT_TIMED_OUT);
    weft_deadline until = patience();
    for (int ended = 0; ended < 5 && weft_time() < until;) {
        CHECK_OK(weft_forget_descriptor(ends[0])); /* again: a task may not have begun to wait */
        if (weft_receive_result(done, &status, weft_after(0.01)) != WEFT_OK) continue;
        CHECK_EQ(status, WEFT_CLOSED);
        ended++;
    }
    CHECK_STATUS(weft_forget_descriptor(-1), WEFT_INVALID);
    close_pipe(ends);
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

WEFT_TASK(int, choose, (int, descriptor), (weft_channel *, channel), (int, count)) {
    int bytes = 0, messages = 0, message;
    char byte;
    weft_deadline until = patience();
    while (bytes + messages < count && weft_time() < until) {
        WEFT_FAIR_ALT {
            WEFT_READABLE(descriptor) { bytes += read(descriptor, &byte, 1) == 1; }
            WEFT_RECEIVE(channel, &message) { messages++; }
            WEFT_OTHERWISE_AT(until) { return -1; }
        }
    }
    return bytes * 1000 + messages;
}

WEFT_TASK(int, choose_kept, (int, descriptor), (weft_channel *, channel), (int, count)) {
    int bytes = 0, messages = 0, message;
    char byte;
    WEFT_FAIR_ALT_LOOP {
        WEFT_READABLE(descriptor) {
            bytes += read(descriptor, &byte, 1) == 1;
            if (bytes + messages == count) break;
        }
        WEFT_RECEIVE(channel, &message) {
            if (bytes + ++messages == count) break;
        }
        WEFT_OTHERWISE_AFTER(10) { return -1; }
    }
    return bytes * 1000 + messages;
}

TEST(descriptors_and_channels_in_one_alternation) {
    weft_kernel *kernel = kernel_here();
    for (int kept = 0; kept < 2; kept++) {
        weft_channel *done = weft_make_channel(int), *channel = weft_make_rendezvous(int);
        int ends[2], result = 0;
        open_pipe(ends);
        CHECK_OK(kept ? weft_submit(done, choose_kept, ends[0], channel, 400)
                      : weft_submit(done, choose, ends[0], channel, 400));
        for (int i = 0; i < 200; i++) {
            CHECK_OK(weft_send(channel, &i, patience()));
            CHECK_EQ(write(ends[1], "x", 1), 1);
        }
        CHECK_OK(weft_receive_result(done, &result, patience()));
        CHECK_EQ(result, 200 * 1000 + 200);
        close_pipe(ends);
        CHECK_OK(weft_free_channel(channel));
        CHECK_OK(weft_free_channel(done));
    }
    end_and_free(kernel);
}

WEFT_TASK(weft_status, wait_and_tell, (int, descriptor)) { return weft_wait_readable(descriptor, weft_after(0.02)); }

/* An error, never a wait that nobody would end; and all is well once there are descriptors again. */
TEST(without_descriptors_left_there_is_an_answer) {
    int ends[2], value = 1;
    struct rlimit before, none;
    open_pipe(ends);
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(weft_status), *channel = weft_make_channel(int);
    weft_status status = WEFT_OK;
    weft_operation operation = {.kind = WEFT_OPERATION_READ, .on.descriptor = ends[0]};
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)ends[1] + 1;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    int gap = open("/dev/null", O_RDONLY | O_CLOEXEC), gaps[16], count = 0;
    for (; gap >= 0 && count < 16; gap = open("/dev/null", O_RDONLY | O_CLOEXEC)) gaps[count++] = gap;
    CHECK_OK(weft_submit(done, wait_and_tell, ends[0]));
    CHECK_OK(weft_receive_result(done, &status, patience()));
    CHECK_STATUS(status, WEFT_NO_MEMORY);
    CHECK_STATUS(weft_wait_readable(ends[0], weft_after(0.02)), WEFT_NO_MEMORY);
    CHECK_PTR(weft_alternate(&operation, 1, WEFT_FIRST_LISTED, weft_after(0.02)), &operation);
    CHECK_STATUS(operation.status, WEFT_NO_MEMORY); /* as the single operation would answer */
    CHECK_EQ(weft_channel_descriptor(channel), -1);
    CHECK_STATUS(weft_last_status(), WEFT_NO_MEMORY);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    while (count > 0) close(gaps[--count]);
    CHECK_STATUS(weft_wait_readable(ends[0], weft_after(0.02)), WEFT_TIMED_OUT);
    CHECK_GE(weft_channel_descriptor(channel), 0);
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_OK(weft_wait_readable(weft_channel_descriptor(channel), patience()));
    close_pipe(ends);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(a_thread_alternates_over_descriptors_if_there_is_a_kernel) {
    int ends[2], message;
    open_pipe(ends);
    weft_operation operations[2] = {{.kind = WEFT_OPERATION_READ, .on.descriptor = ends[0]}};
    weft_channel *channel = weft_make_rendezvous(int);
    operations[1] = WEFT_TO_RECEIVE(channel, &message);
    CHECK_NULL(weft_alternate(operations, 2, WEFT_FAIR, weft_after(1)));
    CHECK_STATUS(weft_last_status(), WEFT_NO_KERNEL);
    weft_kernel *kernel = kernel_here();
    CHECK_NULL(weft_alternate(operations, 2, WEFT_FAIR, weft_after(0.01)));
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FAIR, WEFT_FOREVER), &operations[0]);
    close_pipe(ends);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* ---- a channel as a descriptor ---- */

static bool is_readable(int descriptor) {
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    return poll(&one, 1, 0) == 1;
}

TEST(a_channels_descriptor_is_readable_while_something_can_be_received) {
    weft_channel *kinds[] = {
        weft_make_channel(int), bounded_channel(sizeof(int), 4),
        weft_make_channel_with(int, &(weft_channel_options){.buffer = weft_make_lifo_buffer(sizeof(int), 0)})};
    for (int k = 0; k < 3; k++) {
        CHECK_OK(weft_send(kinds[k], &(int){1}, WEFT_NOW));
        int descriptor = weft_channel_descriptor(kinds[k]);
        CHECK_GE(descriptor, 0);
        CHECK_EQ(weft_channel_descriptor(kinds[k]), descriptor);
        CHECK(is_readable(descriptor));
        CHECK_OK(weft_send(kinds[k], &(int){2}, WEFT_NOW));
        CHECK_OK(weft_receive(kinds[k], &(int){0}, WEFT_NOW));
        CHECK(is_readable(descriptor));
        CHECK_OK(weft_receive(kinds[k], &(int){0}, WEFT_NOW));
        CHECK(!is_readable(descriptor));
        CHECK_OK(weft_close(kinds[k]));
        CHECK(is_readable(descriptor));
        CHECK_OK(weft_free_channel(kinds[k]));
    }
    CHECK_EQ(weft_channel_descriptor(NULL), -1);
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

WEFT_TASK(int, send_all, (weft_channel *, channel), (int, count)) {
    for (int i = 0; i < count; i++)
        if (weft_send(channel, &i, patience()) != WEFT_OK) return -1;
    return count;
}

TEST(an_event_loop_receives_everything_by_the_descriptor) {
    weft_kernel *kernel = kernel_here();
    weft_channel *kinds[] = {weft_make_channel(int), weft_make_rendezvous(int)};
    for (int k = 0; k < 2; k++) {
        weft_channel *done = weft_make_channel(int);
        struct pollfd one = {.fd = weft_channel_descriptor(kinds[k]), .events = POLLIN};
        CHECK_OK(weft_submit(done, send_all, kinds[k], 2000));
        for (int next = 0, value; next < 2000;) {
            if (!CHECK_EQ(poll(&one, 1, 15000), 1)) break;
            while (weft_receive(kinds[k], &value, WEFT_NOW) == WEFT_OK) CHECK_EQ(value, next++);
        }
        CHECK_OK(weft_receive_result(done, &(int){0}, patience()));
        CHECK_OK(weft_free_channel(done));
        CHECK_OK(weft_free_channel(kinds[k]));
    }
    end_and_free(kernel);
}

/* ---- calls that block ---- */

static void block_for_a_while(void *argument) {
    usleep(5000);
    *(bool *)argument = true;
}

WEFT_TASK(int, call_it, (int, times)) {
    int called = 0;
    for (int i = 0; i < times; i++) {
        bool done = false;
        if (weft_call_blocking(block_for_a_while, &done) != WEFT_OK) return -1;
        called += done;
    }
    return called;
}

TEST(calls_that_block_do_not_stop_the_worker) {
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(int);
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(done, call_it, 3));
    for (int i = 0; i < 100; i++) {
        int called = 0;
        CHECK_OK(weft_receive_result(done, &called, patience()));
        CHECK_EQ(called, 3);
    }
    CHECK_EQ(weft_blocking_count(), 0);
    bool called = false;
    CHECK_OK(weft_call_blocking(block_for_a_while, &called)); /* in a plain thread: a plain call */
    CHECK(called);
    CHECK_STATUS(weft_call_blocking(NULL, NULL), WEFT_INVALID);
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(the_limit_of_blocking_calls_can_be_set) {
    CHECK_EQ(weft_blocking_limit(), 64);
    CHECK_STATUS(weft_set_blocking_limit(0), WEFT_INVALID);
    CHECK_STATUS(weft_set_blocking_limit(10001), WEFT_INVALID);
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_channel(int);
    CHECK_OK(weft_set_blocking_limit(1));
    for (int i = 0; i < 5; i++) CHECK_OK(weft_submit(done, call_it, 1));
    for (int i = 0; i < 5; i++) {
        int called = 0;
        CHECK_OK(weft_receive_result(done, &called, patience()));
        CHECK_EQ(called, 1);
    }
    CHECK_OK(weft_set_blocking_limit(64));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}
