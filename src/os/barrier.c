/* SPDX-License-Identifier: MIT */
/* barrier.c - the asymmetric barrier: the rare side has the system interrupt the threads of the common side.
 *
 * Source: membarrier(2), private expedited. Its registration is kept by fork. Not under TSan, and not where the system
 * shall not be asked (WEFTI_PORTABLE_WAIT): then both sides are full fences.
 */
#include "os/os.h"

#ifndef WEFT_EXPLORE

#include <errno.h>
#include <pthread.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

bool wefti_asymmetric;

#if defined(__linux__) && !defined(WEFTI_PORTABLE_WAIT) && !WEFTI_TSAN

/* linux/membarrier.h has them too, where the headers of the system are at hand. */
enum { QUERY = 0, EXPEDITED = 1 << 3, REGISTER_EXPEDITED = 1 << 4 };

static pthread_once_t asked = PTHREAD_ONCE_INIT;

/* A failure is the error's number, negative. */
static long membarrier(int command) {
    int before = errno;
    long result = syscall(SYS_membarrier, command, 0, 0);
    if (result < 0) result = -errno;
    errno = before;
    return result;
}

/* There is nothing to fall back to any more: the other side has no fence. */
static WEFTI_NOINLINE void barrier_refused(long error) {
    wefti_stop_misuse(
        "process", "membarrier",
        "is refused by a filter of system calls, which must allow it or come before the first kernel; error",
        (size_t)-error, "");
}

static void ask(void) {
    long known = membarrier(QUERY);
    if (known < 0 || (known & EXPEDITED) == 0) return;
    if (membarrier(REGISTER_EXPEDITED) != 0) return;
    /* Tried once, as some emulators know the command by name only. */
    wefti_asymmetric = membarrier(EXPEDITED) == 0;
}

void wefti_barrier_init(void) { pthread_once(&asked, ask); }

void wefti_heavy_barrier(void) {
    if (!wefti_asymmetric) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return;
    }
    long result = membarrier(EXPEDITED);
    if (WEFTI_UNLIKELY(result != 0)) barrier_refused(result);
}

#else

void wefti_barrier_init(void) {}

#if WEFTI_TSAN_FIBERS && defined(__x86_64__)

/* A fence that the sanitizer does not see. Any word here that it sees would order the tasks of all users. */
void wefti_heavy_barrier(void) { __asm__ volatile("mfence" ::: "memory"); }

#elif WEFTI_TSAN

/* TSan does not know fences, and compilers warn of them. An operation that is seq_cst is one to the processor. */
void wefti_heavy_barrier(void) {
    static WEFTI_ATOMIC(uint32_t) word;
    wefti_add_seq(&word, 0);
}

#else

void wefti_heavy_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif

#endif

#endif
