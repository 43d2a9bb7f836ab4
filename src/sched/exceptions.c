/* SPDX-License-Identifier: MIT */
/* exceptions.c - where a C++ library has what it keeps for each thread; see exceptions.h. */
#include "sched/exceptions.h"

#include <stddef.h>

extern wefti_exceptions *__cxa_get_globals(void) __attribute__((weak));

wefti_exceptions *wefti_exceptions_of_thread(void) {
    static __thread wefti_exceptions none; /* each has its own: it is written, though nothing but what it holds */
    return __cxa_get_globals != NULL ? __cxa_get_globals() : &none;
}
