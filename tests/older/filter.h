/* SPDX-License-Identifier: MIT */
/* filter.h - filters of system calls (seccomp): the pieces that the programs of this folder make theirs of. */
#ifndef WEFT_TEST_FILTER_H
#define WEFT_TEST_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined __x86_64__
enum { FILTER_HERE = AUDIT_ARCH_X86_64 };
#else
enum { FILTER_HERE = AUDIT_ARCH_AARCH64 };
#endif

#define FILTER_WORD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define FILTER_PASS BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FILTER_ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
/* What follows is passed over unless the word is this; and if it is. */
#define FILTER_IF(word) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 0, 1)
#define FILTER_UNLESS(word) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 1, 0)

/* How each of them begins: other architectures' calls pass, of ours the number is the word. */
#define FILTER_BEGIN FILTER_WORD(arch), FILTER_UNLESS(FILTER_HERE), FILTER_PASS, FILTER_WORD(nr)

/* For all threads of the process. false: there are no filters here. */
static inline bool filter_install(struct sock_filter *steps, size_t count) {
    struct sock_fprog filter = {(unsigned short)count, steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

#endif
