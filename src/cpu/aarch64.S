/* SPDX-License-Identifier: MIT */
/* aarch64.S - making and switching contexts, for the AArch64 calling convention.
 *
 * What a left context looks like, from sp upward:
 *
 *     sp ->  x29  x30  x19 ... x28  d8 ... d15
 *
 * As on x86-64: the stack pointer changes first, then the old stack is announced as left; and the switch leaves by a
 * branch and not by a return, whose prediction would be wrong. Where branch targets are checked there is no landing pad at
 * a return address, so there it is a return.
 */
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define LANDING hint #34        /* bti c */
#define LEAVE ret
#else
#define LANDING
#define LEAVE br x30
#endif

    .text

/* int wefti_context_switch(wefti_context *from: x0, wefti_context *to: x1): w0 */
    .globl wefti_context_switch
    .hidden wefti_context_switch
    .type wefti_context_switch, %function
    .p2align 4
wefti_context_switch:
    .cfi_startproc
    LANDING
    stp x29, x30, [sp, #-160]!
    .cfi_def_cfa_offset 160
    .cfi_offset x29, -160
    .cfi_offset x30, -152
    stp x19, x20, [sp, #16]
    .cfi_offset x19, -144
    .cfi_offset x20, -136
    stp x21, x22, [sp, #32]
    .cfi_offset x21, -128
    .cfi_offset x22, -120
    stp x23, x24, [sp, #48]
    .cfi_offset x23, -112
    .cfi_offset x24, -104
    stp x25, x26, [sp, #64]
    .cfi_offset x25, -96
    .cfi_offset x26, -88
    stp x27, x28, [sp, #80]
    .cfi_offset x27, -80
    .cfi_offset x28, -72
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    ldr x10, [x1]
    mov sp, x10
    /* The frame on this stack has the same layout, so what was said above still holds. */
    str xzr, [x1]
    stlr x9, [x0]               /* release: partner is wefti_context_is_left */
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    ldr w0, [x1, #8]
    ldp x29, x30, [sp], #160
    .cfi_def_cfa_offset 0
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    LEAVE
    .cfi_endproc
    .size wefti_context_switch, . - wefti_context_switch

/* void wefti_context_make(context: x0, stack_low: x1, size: x2, entry: x3, argument: x4) */
    .globl wefti_context_make
    .hidden wefti_context_make
    .type wefti_context_make, %function
    .p2align 4
wefti_context_make:
    .cfi_startproc
    LANDING
    add x9, x1, x2
    and x9, x9, #-16
    stp xzr, xzr, [x9, #-16]!   /* ends the chain of callers */
    sub x9, x9, #160
    adr x10, .Lstart
    stp xzr, x10, [x9]          /* x29: who walks by frame pointers ends here */
    stp x3, x4, [x9, #16]       /* x19, x20 */
    stp xzr, xzr, [x9, #32]
    stp xzr, xzr, [x9, #48]
    stp xzr, xzr, [x9, #64]
    stp xzr, xzr, [x9, #80]
    stp xzr, xzr, [x9, #96]
    stp xzr, xzr, [x9, #112]
    stp xzr, xzr, [x9, #128]
    stp xzr, xzr, [x9, #144]
    str x9, [x0]
    ret
    .cfi_endproc
    .size wefti_context_make, . - wefti_context_make

/* The first frame of each stack: entry in x19, its argument in x20. */
    .type first_frame, %function
    .p2align 4
first_frame:
    .cfi_startproc
    .cfi_undefined x30          /* unwinders stop here */
    nop                         /* they look one instruction before a return address, and .Lstart is such */
.Lstart:
    mov x30, xzr
    mov x0, x20
    blr x19
    brk #1
    .cfi_endproc
    .size first_frame, . - first_frame

    .section .note.GNU-stack, "", %progbits

#ifdef __ARM_FEATURE_BTI_DEFAULT
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000000, 4, 1, 0   /* AArch64 features: branch target identification */
#endif
