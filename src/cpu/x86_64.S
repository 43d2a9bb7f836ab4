/* SPDX-License-Identifier: MIT */
/* x86_64.S - making and switching contexts, for the System V calling convention.
 *
 * What a left context looks like, from sp upward. Others know this layout:
 *
 *     sp ->  r15  r14  r13  r12  rbp  rbx  return address
 *
 * The switch leaves by a jump and not by a return. The processor predicts returns from the calls it has seen, and after a
 * change of stacks that prediction is wrong every time; a jump has a place of its own in the predictor.
 *
 * A signal may arrive between any two instructions and put its frame on the stack in use. So the stack pointer changes
 * first, and only then is the old stack announced as left: whoever sees it may use it at once.
 *
 * Control-flow enforcement: jumps to return addresses are marked notrack, since no endbr64 stands there. The switch does
 * not change shadow stacks, and the note below does not claim that it does.
 */
#include "base/text.h"

#if defined(__CET__) && (__CET__ & 1)
#define LANDING endbr64
#define JUMP notrack jmp
#else
#define LANDING
#define JUMP jmp
#endif

    .text

/* int wefti_context_switch(wefti_context *from: rdi, wefti_context *to: rsi): eax */
    .globl wefti_context_switch
    .hidden wefti_context_switch
    .type wefti_context_switch, @function
    .p2align 4
wefti_context_switch:
    .cfi_startproc
    LANDING
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    movq %rsp, %rax
    movq (%rsi), %rsp
    /* The frame on this stack has the same layout, so what was said above still holds. */
    movq $0, (%rsi)
    movq %rax, (%rdi)           /* release, as every store here: partner is wefti_context_is_left */
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    movl 8(%rsi), %eax
    JUMP *%rcx
    .cfi_endproc
    .size wefti_context_switch, . - wefti_context_switch

/* void wefti_context_make(context: rdi, stack_low: rsi, size: rdx, entry: rcx, argument: r8) */
    .globl wefti_context_make
    .hidden wefti_context_make
    .type wefti_context_make, @function
    .p2align 4
wefti_context_make:
    .cfi_startproc
    LANDING
    leaq (%rsi, %rdx), %rax
    andq $-16, %rax
    subq $72, %rax              /* seven words of the frame, and two that end the chain of callers */
    leaq .Lstart(%rip), %rdx
    xorl %esi, %esi
    movq %rsi, (%rax)           /* r15 */
    movq %rsi, 8(%rax)          /* r14 */
    movq %r8, 16(%rax)          /* r13 */
    movq %rcx, 24(%rax)         /* r12 */
    movq %rsi, 32(%rax)         /* rbp: who walks by frame pointers ends here */
    movq %rsi, 40(%rax)         /* rbx */
    movq %rdx, 48(%rax)
    movq %rsi, 56(%rax)         /* the return address of first_frame */
    movq %rsi, 64(%rax)
    movq %rax, (%rdi)
    ret
    .cfi_endproc
    .size wefti_context_make, . - wefti_context_make

/* The first frame of each stack: entry in r12, its argument in r13. */
    .type first_frame, @function
    .p2align 4
first_frame:
    .cfi_startproc
    .cfi_undefined %rip         /* unwinders stop here */
    nop                         /* they look one byte before a return address, and .Lstart is such */
.Lstart:
    movq %r13, %rdi
    call *%r12
    ud2
    .cfi_endproc
    .size first_frame, . - first_frame

    .section .note.GNU-stack, "", @progbits

#if defined(__CET__) && (__CET__ & 1)
    .section .note.gnu.property, "a", @note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 1, 0   /* x86 features: indirect branch tracking only */
#endif
