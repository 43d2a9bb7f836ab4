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
    .globl wefti_barrier_cells
    .hidden wefti_barrier_cells
    .type wefti_barrier_cells, @function
    .p2align 4
wefti_barrier_cells:
    .irp bits, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    .cfi_startproc
    .cfi_escape 0x0f, 2, 0x77, 0x7f
    .cfi_escape 0x16, 7, 2, 0x77, 0x00
    .cfi_escape 0x16, 16, 15, 0x77, 0, 0x0d, BYTES(-(1 << \bits)), 0x1a, 0x0c, BYTES((1 << \bits) - 8), 0x22, 0x06
    nop
    jmp barrier_reached
    .p2align 4, 0x90
    .cfi_endproc
    .endr
    .size wefti_barrier_cells, . - wefti_barrier_cells

/* Makes room for the return address where it was, keeps what the call has returned, and asks. */
    .type barrier_reached, @function
    .p2align 4
barrier_reached:
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
    .size barrier_reached, . - barrier_reached

#endif

    .section .note.GNU-stack, "", @progbits
