/* SPDX-License-Identifier: MIT */
/* valgrind.h - RUNNING_ON_VALGRIND, also where Valgrind's headers are not installed. */
#ifndef WEFTI_OS_VALGRIND_H
#define WEFTI_OS_VALGRIND_H

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

#endif
