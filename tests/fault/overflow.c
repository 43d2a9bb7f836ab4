/* SPDX-License-Identifier: MIT */
/* overflow.c - a task that writes below its stack by a few bytes, where the system gave a guard and where it did not.
 *
 *     overflow WAY BYTES    the task writes so many bytes below the stack's low end (0: down to it, which is allowed)
 *
 * WAY says how the task comes to be looked at: it `ends`, it `waits` afterwards, or it is one in a `group`, with a
 * stack of its `own` size, or with `long` arguments. Run by overflow.sh. Prints how many stacks have no guard.
 */
#define _GNU_SOURCE
#include <weft.h>

#include <alloca.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/kernel.h"

enum { KERNEL_STACK = 16384, OWN_STACK = 32768 };

/* Its own frame is the overflow: no function is called from down there. */
static WEFTI_NOINLINE void write_below(uintptr_t low, size_t bytes) {
    volatile char *here = alloca(64);
    size_t distance = (uintptr_t)here - (low - bytes);
    volatile char *deep = alloca(distance);
    for (uintptr_t at = low - bytes; at < (uintptr_t)deep || at < low + 16; at++) *(volatile char *)at = 0x5a;
}

static void spoil(size_t bytes) {
    write_below((uintptr_t)wefti_runner_of_strand(wefti_strand_now)->fiber.stack_low, bytes);
}

WEFT_TASK(int, writes_too_low, (size_t, bytes)) {
    spoil(bytes);
    return 0;
}

WEFT_TASK(int, writes_too_low_and_waits, (size_t, bytes)) {
    spoil(bytes);
    weft_sleep(weft_after(0.01));
    fprintf(stderr, "went on after the wait\n");
    return 0;
}

typedef struct {
    char byte[2000];
} long_argument;

WEFT_TASK(int, writes_too_low_with_long_arguments, (size_t, bytes), (long_argument, unused)) {
    (void)unused;
    spoil(bytes);
    return 0;
}

static weft_status submit(weft_channel *results, const char *way, size_t bytes, weft_group **group) {
    if (strcmp(way, "ends") == 0) return weft_submit(results, writes_too_low, bytes);
    if (strcmp(way, "waits") == 0) return weft_submit(results, writes_too_low_and_waits, bytes);
    if (strcmp(way, "long") == 0)
        return weft_submit(results, writes_too_low_with_long_arguments, bytes, (long_argument){{0}});
    weft_submit_options options = {0};
    if (strcmp(way, "group") == 0) options.group = *group = weft_make_group("overflowing");
    if (strcmp(way, "own") == 0) options.stack_size = OWN_STACK;
    if (options.group == NULL && options.stack_size == 0) return WEFT_INVALID;
    return weft_submit_with(&options, results, writes_too_low, bytes);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    void (*arm)(void) = (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "fail_arm");
    if (arm != NULL) arm();
    weft_kernel *kernel = weft_make_kernel(1, &(weft_kernel_options){.stack_size = KERNEL_STACK});
    weft_channel *results = weft_make_channel(int);
    weft_group *group = NULL;
    int got = 1;
    if (kernel == NULL || results == NULL) return 3;
    if (submit(results, argv[1], (size_t)atol(argv[2]), &group) != WEFT_OK) return 4;
    if (weft_receive_result(results, &got, weft_after(20.0)) != WEFT_OK || got != 0) return 5;
    printf("%zu stacks without a guard\n", wefti_stack_count(kernel->stacks).unguarded);
    if (group != NULL && weft_free_group(group) != WEFT_OK) return 8;
    if (weft_free_channel(results) != WEFT_OK) return 6;
    if (weft_end_kernel(kernel, true) != WEFT_OK || weft_free_kernel(kernel) != WEFT_OK) return 7;
    return 0;
}
