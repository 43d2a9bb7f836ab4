/* SPDX-License-Identifier: MIT */
/* divert.c - the part of divert.h that knows how a handler sees the registers. */
#define _GNU_SOURCE 1

#include "cpu/divert.h"

/* What xsave writes; the assembly, which is there without diverting too, reads it. 0: there is none. */
size_t wefti_state_size;

#if WEFTI_CAN_DIVERT

#include <cpuid.h>
#include <string.h>
#include <ucontext.h>

/* What lies below the stack pointer is not to be touched, Valgrind thinks. */
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_MAKE_MEM_UNDEFINED
#define VALGRIND_MAKE_MEM_UNDEFINED(from, size) ((void)0)
#endif

enum { RED_ZONE = 128, SPARE = 4096, SMALLEST_BITS = 14, CELL = 16, STATE_ALIGNMENT = 64 };

/* divert_x86_64.S */
extern const char wefti_waiting_entry[], wefti_barrier_cells[];
extern const char wefti_paused_entry[], wefti_pause_cells[];

uintptr_t wefti_interrupted_pc(const void *interrupted) {
    return (uintptr_t)((const ucontext_t *)interrupted)->uc_mcontext.gregs[REG_RIP];
}

uintptr_t wefti_interrupted_sp(const void *interrupted) {
    return (uintptr_t)((const ucontext_t *)interrupted)->uc_mcontext.gregs[REG_RSP];
}

/* r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip: as the system orders them, and the assembly knows. */
typedef struct registers {
    greg_t of[17];
} registers;
_Static_assert(REG_R8 == 0 && REG_RDI == 8 && REG_RSP == 15 && REG_RIP == 16, "the assembly knows this order");

bool wefti_divert_interrupted(void *interrupted, uintptr_t lowest) {
    greg_t *now = ((ucontext_t *)interrupted)->uc_mcontext.gregs;
    uintptr_t at = ((uintptr_t)now[REG_RSP] - RED_ZONE - sizeof(registers)) & ~(uintptr_t)15;
    if (at < lowest + SPARE) return false;
    memcpy((void *)at, now, sizeof(registers));
    now[REG_RSP] = (greg_t)at;
    now[REG_RIP] = (greg_t)(uintptr_t)wefti_diverted_entry;
    return true;
}

void wefti_interrupted_return(void *interrupted) {
    greg_t *now = ((ucontext_t *)interrupted)->uc_mcontext.gregs;
    now[REG_RIP] = *(const greg_t *)(uintptr_t)now[REG_RSP];
    now[REG_RSP] += (greg_t)sizeof(greg_t);
}

void wefti_interrupted_calm(void *interrupted) {
    enum { X87_COMPLAINTS = 0x80ff, SSE_COMPLAINTS = 0x3f };
    struct _libc_fpstate *floating = ((ucontext_t *)interrupted)->uc_mcontext.fpregs;
    if (floating == NULL) return;
    floating->swd &= (__uint16_t)~X87_COMPLAINTS;
    floating->mxcsr &= ~(__uint32_t)SSE_COMPLAINTS;
}

bool wefti_pause_init(void) {
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return false;
    if (__get_cpuid_count(0xd, 0, &a, &b, &c, &d) == 0 || b == 0) return false;
    wefti_state_size = b; /* of all that the system has enabled */
    return true;
}

size_t wefti_pause_room(void) { return RED_ZONE + sizeof(registers) + wefti_state_size + STATE_ALIGNMENT + 2 * SPARE; }

bool wefti_pause_interrupted(void *interrupted, uintptr_t lowest) {
    greg_t *now = ((ucontext_t *)interrupted)->uc_mcontext.gregs;
    greg_t *back = (greg_t *)((uintptr_t)now[REG_RSP] - RED_ZONE) - 2; /* what takes it back there */
    uintptr_t at = ((uintptr_t)back - sizeof(registers)) & ~(uintptr_t)15;
    if (at < lowest + wefti_pause_room()) return false;
    memcpy((void *)at, now, sizeof(registers));
    ((registers *)at)->of[REG_RSP] = (greg_t)back;
    back[0] = now[REG_EFL];
    back[1] = now[REG_RIP];
    now[REG_RSP] = now[REG_RBX] = (greg_t)at;
    now[REG_RIP] = (greg_t)(uintptr_t)wefti_paused_entry;
    return true;
}

void wefti_divert_waiting(wefti_context *context) {
    /* A second frame of the switch below the first, which returns into wefti_waiting_entry: its registers are the same,
     * and when it is gone the first lies where the switch would have left it. */
    void **first = wefti_load_relaxed(&context->sp); /* relaxed: the caller's own */
    void **second = first - 7;
    (void)VALGRIND_MAKE_MEM_UNDEFINED(second, 7 * sizeof *second);
    memcpy(second, first, 6 * sizeof *second);
    second[6] = (void *)(uintptr_t)wefti_waiting_entry;
    wefti_store_relaxed(&context->sp, (void *)second);
}

/* The word at the top, where the original is, and the code for stacks of this size. */
static void **top_word(void **slot, size_t stack_size) {
    return (void **)(((uintptr_t)slot | (stack_size - 1)) + 1) - 1;
}

static void *entry_for(size_t stack_size, bool all) {
    size_t class = (size_t)__builtin_ctzll(stack_size) - SMALLEST_BITS;
    return (void *)(uintptr_t)((all ? wefti_pause_cells : wefti_barrier_cells) + class * CELL + 1);
}

void wefti_barrier_set(void **slot, size_t stack_size, bool all) {
    *top_word(slot, stack_size) = *slot;
    *slot = entry_for(stack_size, all);
}

void wefti_barrier_clear(void **slot, size_t stack_size) {
    if (*slot == entry_for(stack_size, false) || *slot == entry_for(stack_size, true))
        *slot = *top_word(slot, stack_size);
}

void *wefti_barrier_kept(void **slot, size_t stack_size) { return *top_word(slot, stack_size); }

#else

void *wefti_barrier_kept(void **slot, size_t stack_size) {
    (void)stack_size;
    return *slot;
}

uintptr_t wefti_interrupted_pc(const void *interrupted) { return (uintptr_t)interrupted; }

uintptr_t wefti_interrupted_sp(const void *interrupted) { return (uintptr_t)interrupted; }

bool wefti_divert_interrupted(void *interrupted, uintptr_t lowest) {
    (void)interrupted;
    (void)lowest;
    return false;
}

void wefti_divert_waiting(wefti_context *context) { (void)context; }

void wefti_interrupted_return(void *interrupted) { (void)interrupted; }

void wefti_interrupted_calm(void *interrupted) { (void)interrupted; }

bool wefti_pause_init(void) { return false; }

size_t wefti_pause_room(void) { return 0; }

bool wefti_pause_interrupted(void *interrupted, uintptr_t lowest) {
    return wefti_divert_interrupted(interrupted, lowest);
}

void wefti_barrier_set(void **slot, size_t stack_size, bool all) {
    (void)slot;
    (void)stack_size;
    (void)all;
}

void wefti_barrier_clear(void **slot, size_t stack_size) {
    (void)slot;
    (void)stack_size;
}

#endif
