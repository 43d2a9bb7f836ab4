/* SPDX-License-Identifier: MIT */
/* pages.c - address space, and pages that must not be touched.
 *
 * Guards come in two kinds. Where the system knows MADV_GUARD_INSTALL (Linux 6.13) a guard is a mark in the page table
 * and costs nothing else. Elsewhere a page without access rights splits its mapping, and a process has room for some
 * 65,000 mappings only, which it needs for other things too. So guards of the second kind are counted and soon refused.
 */
#define _GNU_SOURCE 1

#include "os/os.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/valgrind.h"

/* MADV_..., in newer headers than we ask for */
enum { POPULATE_READ = 22, POPULATE_WRITE = 23, GUARD_INSTALL = 102, GUARD_REMOVE = 103 };
enum { MOST_COUNTED = 15000, VECTOR = 64, FEWEST_AT_ONCE = 8 };

static WEFTI_ATOMIC(size_t) counted; /* guards of the second kind */

enum { UNTRIED, MARKS, NO_MARKS };
static WEFTI_ATOMIC(int) marks; /* relaxed everywhere: whoever finds out anew finds the same */

size_t wefti_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

void *wefti_pages_map(size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    /* Huge pages make the first touch of a small stack slow and large. Without them in the system this fails; good. */
    madvise(pages, size, MADV_NOHUGEPAGE);
    return pages;
}

void *wefti_pages_map_large(size_t size) {
    enum { HUGE_PAGE = 2 * 1024 * 1024 };
    char *pages =
        mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    char *at = (char *)(((uintptr_t)pages + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
    if (at != pages) munmap(pages, (size_t)(at - pages));
    size_t behind = (size_t)(pages + HUGE_PAGE - at);
    if (behind != 0) munmap(at + size, behind);
    madvise(at, size, MADV_HUGEPAGE); /* without them in the system this fails; good */
    return at;
}

void wefti_pages_unmap(void *pages, size_t size) { munmap(pages, size); }

void wefti_pages_forget(void *pages, size_t size) { madvise(pages, size, MADV_DONTNEED); }

void wefti_pages_large(void *memory, size_t size) {
    uintptr_t mask = (uintptr_t)wefti_page_size() - 1;
    uintptr_t first = ((uintptr_t)memory + mask) & ~mask, end = ((uintptr_t)memory + size) & ~mask;
    /* Without large pages in the system this fails, which is as well. */
    if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

/* Some emulators take each advice for a hint that they may ignore. So a mark is tried: reading it must fail. On a page
 * of its own, since a trial that fails halfway leaves a page of which nobody knows whether it can be touched. */
static int try_marks(size_t size) {
    void *page = wefti_pages_map(size);
    if (page == NULL) return UNTRIED;
    bool works = madvise(page, size, GUARD_INSTALL) == 0 && madvise(page, size, POPULATE_READ) != 0 && errno == EFAULT;
    wefti_pages_unmap(page, size);
    return works ? MARKS : NO_MARKS;
}

static bool mark(void *pages, size_t size) {
    int known = wefti_load_relaxed(&marks);
    if (known == UNTRIED) wefti_store_relaxed(&marks, known = try_marks(wefti_page_size()));
    return known == MARKS && madvise(pages, size, GUARD_INSTALL) == 0;
}

static bool protect(void *page, size_t size) {
    /* relaxed: a limit, which guards nothing else */
    if (wefti_add_relaxed(&counted, 1) < MOST_COUNTED && mprotect(page, size, PROT_NONE) == 0) return true;
    wefti_add_relaxed(&counted, (size_t)-1);
    return false;
}

bool wefti_pages_guard(void *page) {
    size_t mappings = 0;
    return wefti_pages_guard_many(page, wefti_page_size(), 0, 1, &mappings) == 1;
}

/* Advises up to VECTOR ranges by one call. Returns how many, which may be none. */
static size_t advise_vector(int process, char *first, size_t size, size_t stride, size_t count, int advice) {
    struct iovec pages[VECTOR];
    count = WEFTI_MIN(count, (size_t)VECTOR);
    for (size_t i = 0; i < count; i++) pages[i] = (struct iovec){first + i * stride, size};
    long bytes = syscall(SYS_process_madvise, process, pages, count, advice, 0);
    return bytes > 0 ? (size_t)bytes / size : 0;
}

/* Returns for how many of the ranges, from the first on, the advice is taken. */
static size_t advise_many(char *first, size_t size, size_t stride, size_t count, int advice) {
    if (count < FEWEST_AT_ONCE) return 0;
    if (RUNNING_ON_VALGRIND) return 0; /* it knows neither call, and says so each time */
    int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (process < 0) return 0;
    size_t done = 0;
    for (size_t more = 1; done < count && more > 0; done += more)
        more = advise_vector(process, first + done * stride, size, stride, count - done, advice);
    close(process);
    return done;
}

void wefti_pages_populate_many(void *first, size_t size, size_t stride, size_t count) {
    (void)advise_many(first, size, stride, count, POPULATE_WRITE);
}

size_t wefti_pages_guard_many(void *first, size_t size, size_t stride, size_t count, size_t *mappings) {
    size_t done = count > 0 && mark(first, size) ? 1 : 0;
    if (done > 0 && wefti_load_relaxed(&marks) == MARKS)
        done += advise_many((char *)first + stride, size, stride, count - 1, GUARD_INSTALL);
    for (; done < count; done++) {
        char *page = (char *)first + done * stride;
        if (mark(page, size)) continue;
        if (!protect(page, size)) break;
        ++*mappings;
    }
    return done;
}

void wefti_pages_guards_gone(size_t mappings) { wefti_add_relaxed(&counted, (size_t)0 - mappings); }

/* Which of the two kinds it is need not be known. */
bool wefti_pages_open(void *pages, size_t size) {
    if (wefti_load_relaxed(&marks) == MARKS && madvise(pages, size, GUARD_REMOVE) != 0) return false;
    return mprotect(pages, size, PROT_READ | PROT_WRITE) == 0;
}

bool wefti_pages_close(void *pages, size_t size) {
    if (wefti_load_relaxed(&marks) == MARKS && madvise(pages, size, GUARD_INSTALL) == 0) return true;
    madvise(pages, size, MADV_DONTNEED);
    return mprotect(pages, size, PROT_NONE) == 0;
}
