/* SPDX-License-Identifier: MIT */
/* divert_x86_64.S - where code goes on that was diverted; see divert.h.
 *
 * Each entry describes its caller to unwinders: a frame that is not entered by a call but stands in the place of one.
 */
#include "base/text.h"

#if defined(__linux__)

    .text

/* Register number `reg` is found at rsp + 8 * word; DW_CFA_expression: DW_OP_breg7 with an offset of two bytes. */
#define AT(reg, word) .cfi_escape 0x10, reg, 3, 0x77, ((word) * 8) & 0x7f | 0x80, ((word) * 8) >> 7

/* Entered by a change of what a handler returns to: rsp -> r8 ... r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip of the
 * code that was interrupted. A signal frame to unwinders: the address is exact, and all registers are there. */
    .globl wefti_diverted_entry
    .hidden wefti_diverted_entry
    .type wefti_diverted_entry, @function
    .p2align 4
diverted_frame:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x77, 0xf8, 0x00, 0x06         /* the frame address is the word at rsp + 120 */
    AT(8, 0)
    AT(9, 1)
    AT(10, 2)
    AT(11, 3)
    AT(12, 4)
    AT(13, 5)
    AT(14, 6)
    AT(15, 7)
    AT(5, 8)
    AT(4, 9)
    AT(6, 10)
    AT(3, 11)
    AT(1, 12)
    AT(0, 13)
    AT(2, 14)
    .cfi_escape 0x16, 7, 4, 0x77, 0xf8, 0x00, 0x06      /* rsp itself is that word too */
    AT(16, 16)
    nop                                                 /* unwinders look one byte before */
wefti_diverted_entry:
    cld
    call wefti_diverted
    ud2
    .cfi_endproc
    .size wefti_diverted_entry, . - wefti_diverted_entry

/* Switched to: rsp -> the frame of a wefti_context_switch that has not returned: r15 r14 r13 r12 rbp rbx address. */
    .globl wefti_waiting_entry
    .hidden wefti_waiting_entry
    .type wefti_waiting_entry, @function
    .p2align 4
waiting_frame:
    .cfi_startproc
    .cfi_def_cfa %rsp, 56
    .cfi_offset %rbx, -16
    .cfi_offset %rbp, -24
    .cfi_offset %r12, -32
    .cfi_offset %r13, -40
    .cfi_offset %r14, -48
    .cfi_offset %r15, -56
    nop
wefti_waiting_entry:
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call wefti_diverted
    ud2
    .cfi_endproc
    .size wefti_waiting_entry, . - wefti_waiting_entry

/* Returned to, on a stack of 1 << bits bytes; rsp -> above the slot that held this address. One cell of 16 bytes for each
 * size, entered at its second byte: unwinders look one byte before. The return address is the word at
 * (rsp & -size) + size - 8; DW_CFA_val_expression 16: breg7 0, const4s -size, and, const4u size - 8, plus, deref.
 * The frame address is one less than the caller's, since unwinders tell frames by it; rsp is what it was. */
#define BYTES(number) (number) & 0xff, ((number) >> 8) & 0xff, ((number) >> 16) & 0xff, ((number) >> 24) & 0xff
    .macro CELLS name, reached
    .globl \name
    .hidden \name
    .type \name, @function
    .p2align 4
\name:
    .irp bits, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    .cfi_startproc
    .cfi_escape 0x0f, 2, 0x77, 0x7f
    .cfi_escape 0x16, 7, 2, 0x77, 0x00
    .cfi_escape 0x16, 16, 15, 0x77, 0, 0x0d, BYTES(-(1 << \bits)), 0x1a, 0x0c, BYTES((1 << \bits) - 8), 0x22, 0x06
    nop
    jmp \reached
    .p2align 4, 0x90
    .cfi_endproc
    .endr
    .size \name, . - \name
    .endm
    CELLS wefti_barrier_cells, wefti_barrier_reached
    CELLS wefti_pause_cells, pause_reached

/* Makes room for the return address where it was, keeps what the call has returned, and asks. */
    .globl wefti_barrier_reached
    .hidden wefti_barrier_reached
    .type wefti_barrier_reached, @function
    .p2align 4
wefti_barrier_reached:
    .cfi_startproc
    .cfi_def_cfa %rsp, 0
    .cfi_undefined %rip                                 /* until it is known */
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    pushq %rax
    .cfi_adjust_cfa_offset 8
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    subq $40, %rsp
    .cfi_adjust_cfa_offset 40
    movdqu %xmm0, (%rsp)
    movdqu %xmm1, 16(%rsp)
    leaq 56(%rsp), %rdi
    call wefti_barrier_original                         /* stores it there */
    .cfi_offset %rip, -8
    call wefti_barrier_passed
    movdqu (%rsp), %xmm0
    movdqu 16(%rsp), %xmm1
    addq $40, %rsp
    .cfi_adjust_cfa_offset -40
    popq %rdx
    .cfi_adjust_cfa_offset -8
    popq %rax
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size wefti_barrier_reached, . - wefti_barrier_reached

/* Keeps all that the processor has in registers but the general ones below rsp, and begins with a state as a function
 * finds it. wefti_state_size: cpu/divert.c. The header of what xsave writes must be zero. */
    .macro KEEP_STATE
    subq wefti_state_size(%rip), %rsp
    andq $-64, %rsp
    xorl %eax, %eax
    .irp word, 512, 520, 528, 536, 544, 552, 560, 568
    movq %rax, \word(%rsp)
    .endr
    movl $-1, %eax
    movl %eax, %edx
    xsave64 (%rsp)
    fninit
    pushq $0x1f80
    ldmxcsr (%rsp)
    addq $8, %rsp
    .endm
    .macro PUT_STATE_BACK
    movl $-1, %eax
    movl %eax, %edx
    xrstor64 (%rsp)
    .endm

/* The same as above with base register `base`, 0x73 for rbx or 0x77 for rsp, for code that is paused: the word for rsp is
 * that of two words, the flags and rip, which lie below its red zone. */
#define AT_BASE(base, reg, word) .cfi_escape 0x10, reg, 3, base, ((word) * 8) & 0x7f | 0x80, ((word) * 8) >> 7
#define PAUSED_AT(base)                                                                                                \
    .cfi_escape 0x0f, 7, base, 0xf8, 0x00, 0x06, 0x23, 0x90, 0x01;                                                     \
    .cfi_escape 0x16, 7, 7, base, 0xf8, 0x00, 0x06, 0x23, 0x90, 0x01;                                                  \
    AT_BASE(base, 8, 0);                                                                                               \
    AT_BASE(base, 9, 1);                                                                                               \
    AT_BASE(base, 10, 2);                                                                                              \
    AT_BASE(base, 11, 3);                                                                                              \
    AT_BASE(base, 12, 4);                                                                                              \
    AT_BASE(base, 13, 5);                                                                                              \
    AT_BASE(base, 14, 6);                                                                                              \
    AT_BASE(base, 15, 7);                                                                                              \
    AT_BASE(base, 5, 8);                                                                                               \
    AT_BASE(base, 4, 9);                                                                                               \
    AT_BASE(base, 6, 10);                                                                                              \
    AT_BASE(base, 3, 11);                                                                                              \
    AT_BASE(base, 1, 12);                                                                                              \
    AT_BASE(base, 0, 13);                                                                                              \
    AT_BASE(base, 2, 14);                                                                                              \
    AT_BASE(base, 16, 16)

/* Entered by a change of what a handler returns to, with rbx = rsp -> registers as for wefti_diverted_entry. */
    .globl wefti_paused_entry
    .hidden wefti_paused_entry
    .type wefti_paused_entry, @function
    .p2align 4
paused_frame:
    .cfi_startproc
    .cfi_signal_frame
    PAUSED_AT(0x73)
    nop
wefti_paused_entry:
    cld
    KEEP_STATE
    call wefti_paused
    PUT_STATE_BACK
    movq %rbx, %rsp
    movq (%rsp), %r8
    movq 8(%rsp), %r9
    movq 16(%rsp), %r10
    movq 24(%rsp), %r11
    movq 32(%rsp), %r12
    movq 40(%rsp), %r13
    movq 48(%rsp), %r14
    movq 56(%rsp), %r15
    movq 64(%rsp), %rdi
    movq 72(%rsp), %rsi
    movq 80(%rsp), %rbp
    movq 96(%rsp), %rdx
    movq 104(%rsp), %rax
    movq 112(%rsp), %rcx
    movq 88(%rsp), %rbx
    PAUSED_AT(0x77)
    movq 120(%rsp), %rsp
    .cfi_def_cfa %rsp, 144
    .irp reg, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15
    .cfi_same_value \reg
    .endr
    .cfi_restore 7
    .cfi_offset 16, -136
    popfq
    .cfi_adjust_cfa_offset -8
    ret $128                                            /* and gives the red zone back */
    .cfi_endproc
    .size paused_frame, . - paused_frame

/* A barrier that may pause: as wefti_barrier_reached, with all that a library may have returned or kept. */
    .type pause_reached, @function
    .p2align 4
pause_reached:
    .cfi_startproc
    .cfi_def_cfa %rsp, 0
    .cfi_undefined %rip                                 /* until it is known */
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rax
    pushq %rdx
    pushq %rcx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    KEEP_STATE
    leaq 8(%rbp), %rdi
    call wefti_barrier_original                         /* stores it there */
    .cfi_offset %rip, -8
    call wefti_barrier_passed
    PUT_STATE_BACK
    leaq -72(%rbp), %rsp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rcx
    popq %rdx
    popq %rax
    popq %rbp
    .cfi_def_cfa %rsp, 8
    .cfi_restore %rbp
    ret
    .cfi_endproc
    .size pause_reached, . - pause_reached

#endif

    .section .note.GNU-stack, "", @progbits
