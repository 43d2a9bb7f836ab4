/* SPDX-License-Identifier: MIT */
/* forked.h - what becomes of Weft in a child of fork: its kernels are lost there, and say so. */
#ifndef WEFTI_FORKED_H
#define WEFTI_FORKED_H

/* Asks to be told of forks. Once, before the first process object. */
void wefti_fork_prepare(void);

#endif
