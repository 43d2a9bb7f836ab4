/* SPDX-License-Identifier: MIT */
/* fail_nth.h - what a program asks of the library that makes calls fail. */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <stddef.h>

typedef struct fail_report {
    unsigned calls;    /* calls of the chosen kind since fail_arm */
    unsigned injected; /* how many of them were made to fail */
    size_t blocks;     /* blocks that the program itself allocated at any time and did not free */
    size_t mapped;     /* bytes that it mapped and did not unmap */
} fail_report;

/* Starts to count and to fail, as the environment asks. */
void fail_arm(void);
/* Ends it. */
void fail_disarm(void);
/* Fills in the report; with `details` also names on stderr what is not freed. */
void fail_read(fail_report *report, int details);

#endif
