/* SPDX-License-Identifier: MIT */
/* fail_nth.c - makes the n-th call of an allocating function fail, and counts what is never given back.
 *
 * Two ways to use it. As a library for LD_PRELOAD it replaces the C library's functions for the whole process, so that
 * calls that the C library makes of itself (for a new thread, say) fail as well. Compiled with FAIL_WRAPPED and linked
 * with --wrap it replaces the calls of the program alone, which is what works together with sanitizers; these then do
 * the counting of leaks.
 *
 * Environment
 *   WEFT_FAIL_KIND     which calls count:
 *     memory             malloc, calloc, realloc, aligned_alloc, posix_memalign, strdup
 *     map, protect       mmap, mprotect
 *     advise, thread     madvise, pthread_create
 *     descriptor         epoll_create1, epoll_ctl, eventfd, open, pipe2
 *     all                all of these, and so without it; several are joined by +
 *   WEFT_FAIL_NTH      which one fails, from 1; 0 or nothing: none
 *   WEFT_FAIL_COUNT    how many fail, that one and those after it; 1 without it
 *   WEFT_FAIL_DETAILS  if there: tells on stderr which calls were made to fail, as addresses for addr2line
 *
 * Blocks are counted by who asked: only those that code of the main program (the tested library is linked into it)
 * allocated. The C library keeps some of its own for ever, with the stacks of ended threads.
 */
#define _GNU_SOURCE
#include "fail_nth.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum kind { MEMORY = 1, MAP = 2, PROTECT = 4, ADVISE = 8, THREAD = 16, DESCRIPTOR = 32, ALL = 63 };

typedef void *(*map_function)(void *, size_t, int, int, int, off_t);
typedef int (*unmap_function)(void *, size_t);
typedef int (*protect_function)(void *, size_t, int);
typedef int (*watch_function)(int, int, int, struct epoll_event *);
typedef int (*set_function)(int);
typedef int (*flag_function)(unsigned, int);
typedef int (*open_function)(const char *, int, ...);
typedef int (*pipe_function)(int *, int);
typedef int (*thread_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static unsigned chosen = ALL, nth, count = 1; /* written before threads exist */
static bool tells;
static unsigned armed, calls, injected;
static uintptr_t program_begin, program_end;

static void tell_where(unsigned call) {
    void *frames[16];
    char line[64];
    int length = snprintf(line, sizeof line, "fail_nth: call %u fails:\n", call);
    (void)!write(STDERR_FILENO, line, (size_t)length);
    backtrace_symbols_fd(frames, backtrace(frames, 16), STDERR_FILENO);
}

/* Whether this call is to fail. relaxed: the counts stand alone. */
static bool fails(enum kind kind) {
    if (!__atomic_load_n(&armed, __ATOMIC_RELAXED) || !(chosen & kind)) return false;
    unsigned call = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    if (nth == 0 || call < nth || call - nth >= count) return false;
    if (__atomic_add_fetch(&injected, 1, __ATOMIC_RELAXED) == 1 && tells) tell_where(call);
    return true;
}

/* ---- what is not freed ---- */

enum { PLACES = 1 << 17, SHOWN = 20 };

static struct block {
    void *address; /* NULL: free; GONE: was used */
    size_t size;
    const void *caller;
} blocks[PLACES];
#define GONE ((void *)1)

static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t block_count, mapped_bytes;

static struct block *find(const void *address, bool for_new) {
    size_t at = ((uintptr_t)address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 47;
    for (size_t tries = 0; tries < PLACES; tries++, at = (at + 1) % PLACES) {
        if (blocks[at].address == address) return &blocks[at];
        if (blocks[at].address == NULL || (for_new && blocks[at].address == GONE)) return for_new ? &blocks[at] : NULL;
    }
    abort();
}

static bool from_program(const void *caller) {
    return (uintptr_t)caller >= program_begin && (uintptr_t)caller < program_end;
}

static void *remember(void *address, size_t size, const void *caller) {
    if (!address || !from_program(caller)) return address;
    pthread_mutex_lock(&blocks_lock);
    *find(address, true) = (struct block){address, size, caller};
    block_count++;
    pthread_mutex_unlock(&blocks_lock);
    return address;
}

static void forget(void *address) {
    if (!address) return;
    pthread_mutex_lock(&blocks_lock);
    struct block *block = find(address, false);
    if (block) {
        block->address = GONE;
        block_count--;
    }
    pthread_mutex_unlock(&blocks_lock);
}

/* ---- the replaced functions ---- */

#ifdef FAIL_WRAPPED
#define OURS(name) __wrap_##name
#define REAL(name) __real_##name
void *__real_malloc(size_t), *__real_calloc(size_t, size_t), *__real_realloc(void *, size_t);
void *__real_aligned_alloc(size_t, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void __real_free(void *);
void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_munmap(void *, size_t), __real_mprotect(void *, size_t, int), __real_madvise(void *, size_t, int);
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
void *__wrap_malloc(size_t), *__wrap_calloc(size_t, size_t), *__wrap_realloc(void *, size_t);
void *__wrap_aligned_alloc(size_t, size_t);
char *__wrap_strdup(const char *);
int __wrap_posix_memalign(void **, size_t, size_t);
void __wrap_free(void *);
void *__wrap_mmap(void *, size_t, int, int, int, off_t);
int __wrap_munmap(void *, size_t), __wrap_mprotect(void *, size_t, int), __wrap_madvise(void *, size_t, int);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
/* Not by aligned_alloc: AddressSanitizer holds its callers to sizes that are multiples of the alignment. */
static void *real_aligned(size_t alignment, size_t size) {
    void *address;
    return __real_posix_memalign(&address, alignment, size) == 0 ? address : NULL;
}
#define real_map __real_mmap
#define real_unmap __real_munmap
#define real_protect __real_mprotect
#define real_advise __real_madvise
#define real_thread __real_pthread_create
int __real_epoll_ctl(int, int, int, struct epoll_event *), __real_epoll_create1(int), __real_eventfd(unsigned, int);
int __wrap_epoll_ctl(int, int, int, struct epoll_event *), __wrap_epoll_create1(int), __wrap_eventfd(unsigned, int);
#define real_epoll_ctl __real_epoll_ctl
#define real_epoll_create __real_epoll_create1
#define real_eventfd __real_eventfd
int __real_open(const char *, int, ...), __real_pipe2(int[2], int);
int __wrap_open(const char *, int, ...), __wrap_pipe2(int[2], int);
#define real_open __real_open
#define real_pipe2 __real_pipe2
#else
#define OURS(name) name
#define REAL(name) __libc_##name
/* The C library's own names for its functions: looking those up would allocate. */
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
#define __libc_aligned_alloc __libc_memalign
#define real_aligned __libc_memalign
#define LOOK_UP(type, name) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))
#define real_map LOOK_UP(map_function, "mmap")
#define real_unmap LOOK_UP(unmap_function, "munmap")
#define real_protect LOOK_UP(protect_function, "mprotect")
#define real_advise LOOK_UP(protect_function, "madvise")
#define real_thread LOOK_UP(thread_function, "pthread_create")
#define real_epoll_ctl LOOK_UP(watch_function, "epoll_ctl")
#define real_epoll_create LOOK_UP(set_function, "epoll_create1")
#define real_eventfd LOOK_UP(flag_function, "eventfd")
#define real_open LOOK_UP(open_function, "open")
#define real_pipe2 LOOK_UP(pipe_function, "pipe2")
#endif

#define CALLER __builtin_return_address(0)

static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

void *OURS(malloc)(size_t size) { return fails(MEMORY) ? no_memory() : remember(REAL(malloc)(size), size, CALLER); }

void *OURS(calloc)(size_t number, size_t size) {
    return fails(MEMORY) ? no_memory() : remember(REAL(calloc)(number, size), number * size, CALLER);
}

void *OURS(aligned_alloc)(size_t alignment, size_t size) {
    return fails(MEMORY) ? no_memory() : remember(REAL(aligned_alloc)(alignment, size), size, CALLER);
}

char *OURS(strdup)(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = fails(MEMORY) ? no_memory() : remember(REAL(malloc)(size), size, CALLER);
    return copy ? memcpy(copy, text, size) : NULL;
}

int OURS(posix_memalign)(void **result, size_t alignment, size_t size) {
    if (fails(MEMORY)) return ENOMEM;
    void *address = real_aligned(alignment, size);
    if (!address) return ENOMEM;
    *result = remember(address, size, CALLER);
    return 0;
}

void *OURS(realloc)(void *address, size_t size) {
    if (fails(MEMORY)) return no_memory();
    forget(address); /* first: once it is freed, another thread may get the same address */
    return remember(REAL(realloc)(address, size), size, CALLER);
}

void OURS(free)(void *address) {
    forget(address);
    REAL(free)(address);
}

void *OURS(mmap)(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    if (fails(MAP)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *result = real_map(address, size, protection, flags, file, offset);
    if (result != MAP_FAILED && !(flags & MAP_FIXED) && from_program(CALLER))
        __atomic_add_fetch(&mapped_bytes, size, __ATOMIC_RELAXED);
    return result;
}

int OURS(munmap)(void *address, size_t size) {
    int result = real_unmap(address, size);
    if (result == 0 && from_program(CALLER)) __atomic_sub_fetch(&mapped_bytes, size, __ATOMIC_RELAXED);
    return result;
}

static int refused(int error) {
    errno = error;
    return -1;
}

int OURS(mprotect)(void *address, size_t size, int protection) {
    return fails(PROTECT) ? refused(ENOMEM) : real_protect(address, size, protection);
}

int OURS(madvise)(void *address, size_t size, int advice) {
    return fails(ADVISE) ? refused(EINVAL) : real_advise(address, size, advice);
}

int OURS(pthread_create)(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    return fails(THREAD) ? EAGAIN : real_thread(thread, attributes, run, argument);
}

/* Only what adds something to a set is refused: a change of what is watched needs no memory. */
int OURS(epoll_ctl)(int set, int operation, int descriptor, struct epoll_event *event) {
    if (operation == EPOLL_CTL_ADD && fails(DESCRIPTOR)) return refused(ENOSPC);
    return real_epoll_ctl(set, operation, descriptor, event);
}

int OURS(epoll_create1)(int flags) { return fails(DESCRIPTOR) ? refused(EMFILE) : real_epoll_create(flags); }

int OURS(eventfd)(unsigned initial, int flags) {
    return fails(DESCRIPTOR) ? refused(EMFILE) : real_eventfd(initial, flags);
}

int OURS(open)(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(DESCRIPTOR) ? refused(EMFILE) : real_open(path, flags, mode);
}

int OURS(pipe2)(int ends[2], int flags) { return fails(DESCRIPTOR) ? refused(EMFILE) : real_pipe2(ends, flags); }

/* ---- what the program asks ---- */

static int note_program(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        program_begin = (uintptr_t)(object->dlpi_addr + part->p_vaddr);
        program_end = program_begin + part->p_memsz;
    }
    return 1; /* the program comes first; no more */
}

static unsigned kind_named(const char *name, size_t length) {
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {{"memory", MEMORY},         {"map", MAP}, {"protect", PROTECT}, {"advise", ADVISE}, {"thread", THREAD},
                 {"descriptor", DESCRIPTOR}, {"all", ALL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == length && strncmp(name, kinds[i].name, length) == 0) return kinds[i].kind;
    fprintf(stderr,
            "fail_nth: WEFT_FAIL_KIND is '%s'; it can be memory, map, protect, advise, thread, descriptor or all\n",
            name);
    exit(2);
}

static unsigned kinds_named(const char *names) {
    unsigned kinds = 0;
    for (size_t length; *names; names += length + (names[length] == '+')) {
        length = strcspn(names, "+");
        kinds |= kind_named(names, length);
    }
    return kinds;
}

__attribute__((constructor)) static void read_environment(void) {
    const char *text;
    if ((text = getenv("WEFT_FAIL_KIND"))) chosen = kinds_named(text);
    if ((text = getenv("WEFT_FAIL_NTH"))) nth = (unsigned)strtoul(text, NULL, 10);
    if ((text = getenv("WEFT_FAIL_COUNT"))) count = (unsigned)strtoul(text, NULL, 10);
    if ((tells = getenv("WEFT_FAIL_DETAILS") != NULL)) {
        void *frame;
        (void)backtrace(&frame, 1); /* the first one allocates */
    }
    dl_iterate_phdr(note_program, NULL);
}

void fail_arm(void) { __atomic_store_n(&armed, 1, __ATOMIC_SEQ_CST); }

void fail_disarm(void) { __atomic_store_n(&armed, 0, __ATOMIC_SEQ_CST); }

void fail_read(fail_report *report, int details) {
    pthread_mutex_lock(&blocks_lock);
    *report = (fail_report){__atomic_load_n(&calls, __ATOMIC_RELAXED), __atomic_load_n(&injected, __ATOMIC_RELAXED),
                            block_count, __atomic_load_n(&mapped_bytes, __ATOMIC_RELAXED)};
    for (size_t i = 0, shown = 0; details && i < PLACES && shown < SHOWN; i++) {
        if (blocks[i].address == NULL || blocks[i].address == GONE) continue;
        uintptr_t place = (uintptr_t)blocks[i].caller - program_begin;
        fprintf(stderr, "fail_nth: %zu bytes allocated at code + 0x%zx are not freed\n", blocks[i].size, (size_t)place);
        shown++;
    }
    pthread_mutex_unlock(&blocks_lock);
}
