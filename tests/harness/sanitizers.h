/* SPDX-License-Identifier: MIT */
/* sanitizers.h - what a test program is built with: HARNESS_ASAN and HARNESS_TSAN are 1 or 0. */
#ifndef WEFT_TEST_SANITIZERS_H
#define WEFT_TEST_SANITIZERS_H

#if defined(__SANITIZE_ADDRESS__)
#define HARNESS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HARNESS_ASAN 1
#endif
#endif
#ifndef HARNESS_ASAN
#define HARNESS_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define HARNESS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HARNESS_TSAN 1
#endif
#endif
#ifndef HARNESS_TSAN
#define HARNESS_TSAN 0
#endif

/* For pthread_cleanup_push, in a function in which a thread may be cancelled: AddressSanitizer does not see that its
 * frame, and those that it has called, are left, and would find what the end of the thread does on the same stack to be
 * out of bounds. */
#if HARNESS_ASAN
#include <sanitizer/asan_interface.h>
#endif
static inline void harness_frames_left(void *unused) {
    (void)unused;
#if HARNESS_ASAN
    __asan_handle_no_return();
#endif
}

#endif
