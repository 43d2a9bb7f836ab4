/* SPDX-License-Identifier: MIT */
/* base.h - the few macros that every file of Weft may use. */
#ifndef WEFTI_BASE_H
#define WEFTI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFTI_LIKELY(x) __builtin_expect(!!(x), 1)
#define WEFTI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WEFTI_NOINLINE __attribute__((noinline))
#define WEFTI_NORETURN __attribute__((noreturn))

/* What two threads write is kept this far apart: two lines, since the hardware fetches lines in pairs. */
#define WEFTI_LINE 64
#define WEFTI_APART 128
#define WEFTI_ALIGNED(n) __attribute__((aligned(n)))

#define WEFTI_CONTAINER(pointer, type, field) ((type *)(void *)((char *)(pointer)-offsetof(type, field)))

#define WEFTI_MIN(a, b) ((a) < (b) ? (a) : (b))
#define WEFTI_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Sanitizers, asked in one place. */
#if defined(__SANITIZE_ADDRESS__)
#define WEFTI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFTI_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define WEFTI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFTI_TSAN 1
#endif
#endif
#ifndef WEFTI_ASAN
#define WEFTI_ASAN 0
#endif
#ifndef WEFTI_TSAN
#define WEFTI_TSAN 0
#endif

/* WEFT_SANITIZE=fibers: ThreadSanitizer takes a switch of fibers as ordering nothing; see fiber/annotate.h. */
#ifndef WEFTI_TSAN_FIBERS
#define WEFTI_TSAN_FIBERS 0
#endif

/* For functions that switch stacks, which the sanitizer must not think it can follow. */
#if WEFTI_TSAN
#define WEFTI_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define WEFTI_NO_TSAN
#endif

/* For functions that leave frames without returning through them: their own variables are to lie on the stack itself.
 */
#if WEFTI_ASAN
#define WEFTI_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define WEFTI_NO_ASAN
#endif

#endif
