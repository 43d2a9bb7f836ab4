/* SPDX-License-Identifier: MIT */
/* exceptions.h - the C++ exceptions that a task handles while it waits.
 *
 * A C++ library keeps two things for each thread: the list of exceptions that are being handled (a catch block is under
 * way), innermost first, and how many are in flight (destructors run on the way to who catches). But tasks are fibers
 * of one thread. So a task that waits, yields, or is at the end of its slice, takes along what is not empty, and finds
 * it again when it goes on, on whatever thread that is:
 *
 *   H1  what the thread has is the running task's, and empty when another one is gone on with
 *   H2  a task that is killed where it waits has it back before its clean-ups and destructors run
 *
 * A task that handles nothing is not to pay for that. So the look is one comparison of eight bytes, in one condition
 * with what is asked there anyway; the rest is out of the way.
 *
 * Source: C++ ABI for Itanium, 2.2.2, as libstdc++ and libc++abi have it.
 */
#ifndef WEFTI_EXCEPTIONS_H
#define WEFTI_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct wefti_exceptions {
    void *caught;
    unsigned uncaught;
} wefti_exceptions;

/* The calling thread's. Where no C++ library is there: one that is empty for ever. */
wefti_exceptions *wefti_exceptions_of_thread(void);

/* Not 0: it is not empty. Of a pointer that is not NULL the upper six bytes of eight are never 0, since nothing lies in
 * the first 64 KiB; and so many exceptions are never in flight on one stack. So one look sees both. */
static inline uint64_t wefti_exceptions_any(const wefti_exceptions *here) {
    uint64_t both;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || sizeof here->caught != sizeof both)
        return here->caught != NULL || here->uncaught != 0;
    memcpy(&both, (const char *)here + 2, sizeof both);
    return both;
}

#endif
