/* SPDX-License-Identifier: MIT */
/* switch.c - the stacks of a test's threads, and going from one to another.
 *
 * Its own few lines of assembly where that is known, else ucontext: an execution is a microsecond or two, so the switch
 * must cost nanoseconds. Stacks are made once and used again for each execution.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "engine.h"

static char *stacks;

static WEFTI_NORETURN void enter(void);

void switch_init(void) {
    size_t size = (size_t)STACK_BYTES * MOST_THREADS;
    stacks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stacks == MAP_FAILED) {
        perror("explore: no memory for stacks");
        exit(2);
    }
    for (unsigned i = 0; i < MOST_THREADS; i++) mprotect(stacks + (size_t)i * STACK_BYTES, 4096, PROT_NONE);
}

const char *switch_stack_top(const thread *t) { return stacks + (size_t)(t->id + 1) * STACK_BYTES; }

void switch_clear(const thread *t) {
    enum { LIKELY = 6144 };
    memset(stacks + (size_t)(t->id + 1) * STACK_BYTES - LIKELY, 0, LIKELY);
}

#if defined(__x86_64__)

static void *engine_stack_pointer;

void explore_switch(void **from, void *to);
__asm__(".text\n"
        ".globl explore_switch\n"
        ".type explore_switch,@function\n"
        "explore_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size explore_switch,.-explore_switch\n");

void switch_make(thread *t) {
    char *top = stacks + (size_t)(t->id + 1) * STACK_BYTES - 64;
    void **at = (void **)(void *)top;
    *--at = NULL; /* where enter's caller would be: keeps the stack aligned as a call does */
    *--at = (void *)(uintptr_t)enter;
    for (int i = 0; i < 6; i++) *--at = NULL;
    t->stack_pointer = at;
}

void switch_to(thread *from, thread *to) {
    explore_switch(from != NULL ? &from->stack_pointer : &engine_stack_pointer,
                   to != NULL ? to->stack_pointer : engine_stack_pointer);
}

#else

static ucontext_t contexts[MOST_THREADS], engine_context;

void switch_make(thread *t) {
    ucontext_t *context = &contexts[t->id];
    getcontext(context);
    context->uc_stack.ss_sp = stacks + (size_t)t->id * STACK_BYTES + 4096;
    context->uc_stack.ss_size = STACK_BYTES - 4096;
    context->uc_link = NULL;
    makecontext(context, enter, 0);
}

void switch_to(thread *from, thread *to) {
    swapcontext(from != NULL ? &contexts[from->id] : &engine_context, to != NULL ? &contexts[to->id] : &engine_context);
}

#endif

static void enter(void) {
    thread *self = explore_engine.self;
    self->run(self->argument);
    end_thread();
    abort(); /* nobody goes on with an ended thread */
}
