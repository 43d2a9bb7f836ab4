/* SPDX-License-Identifier: MIT */
/* text.c - the table of code ranges; see text.h.
 *
 * Source: the list of loaded objects (dl_iterate_phdr), the notes of base/text.h, and the dynamic symbol tables.
 */
#define _GNU_SOURCE 1

#include "os/text.h"

#include "base/atomic.h"

#if defined(__linux__) && defined(__GLIBC__)

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

enum { MOST_RANGES = 1024, MOST_TRAITS = 128, MOST_NAMES = 32, NAME_SIZE = 128 };

typedef struct range {
    uintptr_t from, to;
    unsigned what; /* wefti_text, or wefti_trait */
} range;

typedef struct table {
    const struct table *older; /* never freed: a handler may be reading it */
    size_t ranges, ours, traits, functions;
    unsigned long long loaded; /* how many objects have been loaded and unloaded, and named, up to then */
    bool sound;                /* see wefti_text_refresh */
    range range[MOST_RANGES];  /* objects */
    range our[MOST_RANGES];    /* Weft's parts of an object that it shares with others; in order */
    range trait[MOST_TRAITS];
    range function[MOST_TRAITS]; /* known by where they begin */
} table;

static WEFTI_ATOMIC(table *) current;
static char names[MOST_NAMES][NAME_SIZE];
static size_t name_count; /* under lock, as names */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static wefti_text_function *const *raising;
static size_t raising_count;

/* Where the linker puts the notes of base/text.h: pairs of distances, each from its own place. */
extern const int32_t __start_weft_text_parts[] __attribute__((visibility("hidden")));
extern const int32_t __stop_weft_text_parts[] __attribute__((visibility("hidden")));
/* In a program without a dynamic linker there is none, and then nothing else works either. */
extern __typeof__(dlsym) dlsym __attribute__((weak));
extern __typeof__(dladdr1) dladdr1 __attribute__((weak));

/* ---- finding ---- */

static const range *find(const range *list, size_t count, uintptr_t address) {
    for (size_t i = 0; i < count; i++)
        if (address >= list[i].from && address < list[i].to) return &list[i];
    return NULL;
}

static const range *find_sorted(const range *list, size_t count, uintptr_t address) {
    size_t from = 0, to = count;
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        if (list[middle].from <= address)
            from = middle;
        else
            to = middle;
    }
    return from < to && address >= list[from].from && address < list[from].to ? &list[from] : NULL;
}

static wefti_text text_in(const table *in, uintptr_t address) {
    if (find_sorted(in->our, in->ours, address) != NULL) return WEFTI_TEXT_OURS;
    const range *object = find(in->range, in->ranges, address);
    return object != NULL ? (wefti_text)object->what : WEFTI_TEXT_UNKNOWN;
}

wefti_text wefti_text_of(uintptr_t address) {
    const table *now = wefti_load_acquire(&current); /* partner: wefti_text_refresh */
    return now != NULL ? text_in(now, address) : WEFTI_TEXT_UNKNOWN;
}

unsigned wefti_text_traits(uintptr_t address) {
    const table *now = wefti_load_acquire(&current); /* partner: wefti_text_refresh */
    unsigned traits = 0;
    for (size_t i = 0; now != NULL && i < now->traits; i++)
        if (address >= now->trait[i].from && address < now->trait[i].to) traits |= now->trait[i].what;
    uintptr_t from = now != NULL ? (uintptr_t)_Unwind_FindEnclosingFunction((void *)(address + 1)) : 0;
    for (size_t i = 0; from != 0 && i < now->functions; i++)
        if (now->function[i].from == from) traits |= now->function[i].what;
    return traits;
}

/* ---- objects ---- */

static bool contains(const struct dl_phdr_info *object, const void *pointer) {
    uintptr_t address = (uintptr_t)pointer;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && address >= from && address < from + part->p_memsz) return true;
    }
    return false;
}

static bool is_registered(const char *path) {
    for (size_t i = 0; i < name_count; i++)
        if (strstr(path, names[i]) != NULL) return true;
    return false;
}

/* The first object is the program. libm and what the kernel maps into each process hold nothing, and never block; but
 * Weft and libraries call them too. */
static wefti_text kind_of(const struct dl_phdr_info *object, bool first) {
    const char *path = object->dlpi_name != NULL ? object->dlpi_name : "";
    if (first || is_registered(path)) return WEFTI_TEXT_PROGRAM;
    if (contains(object, __start_weft_text_parts)) return WEFTI_TEXT_OURS;
    if (strstr(path, "/libm.so") != NULL || strstr(path, "/libm-") != NULL || strstr(path, "linux-vdso") != NULL)
        return WEFTI_TEXT_LEAF;
    return WEFTI_TEXT_LIBRARY;
}

/* What is known of a whole object. */
static unsigned traits_of(const struct dl_phdr_info *object) {
    const char *path = object->dlpi_name != NULL ? object->dlpi_name : "";
    if (strstr(path, "/libgcc_s") != NULL || strstr(path, "/libunwind") != NULL) return WEFTI_TRAIT_UNWINDS;
    if (strstr(path, "/libstdc++") != NULL || strstr(path, "/libc++") != NULL) return WEFTI_TRAIT_CPLUSPLUS;
    return 0;
}

typedef struct making {
    table *made;
    size_t objects;
} making;

static int add_object(struct dl_phdr_info *object, size_t size, void *argument) {
    (void)size;
    making *m = argument;
    wefti_text kind = kind_of(object, m->objects++ == 0);
    unsigned traits = traits_of(object);
    m->made->loaded = object->dlpi_adds + object->dlpi_subs + name_count;
    for (int i = 0; i < object->dlpi_phnum && m->made->ranges < MOST_RANGES; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
        uintptr_t from = object->dlpi_addr + part->p_vaddr;
        m->made->range[m->made->ranges++] = (range){from, from + part->p_memsz, (unsigned)kind};
        if (kind == WEFTI_TEXT_LIBRARY && traits != 0 && m->made->traits < MOST_TRAITS)
            m->made->trait[m->made->traits++] = (range){from, from + part->p_memsz, traits};
    }
    return 0;
}

/* ---- our own parts ---- */

static int by_address(const void *a, const void *b) {
    const range *left = a, *right = b;
    return left->from < right->from ? -1 : left->from > right->from;
}

static void add_our_parts(table *made) {
    for (const int32_t *note = __start_weft_text_parts; note < __stop_weft_text_parts; note += 2) {
        uintptr_t from = (uintptr_t)((const char *)note + note[0]);
        uintptr_t to = (uintptr_t)((const char *)(note + 1) + note[1]);
        if (from < to && made->ours < MOST_RANGES) made->our[made->ours++] = (range){from, to, WEFTI_TEXT_OURS};
    }
    qsort(made->our, made->ours, sizeof *made->our, by_address);
}

/* ---- functions with a trait ---- */

static const struct {
    unsigned trait;
    const char *names; /* each ended by a blank */
} known[] = {
    {WEFTI_TRAIT_BLOCKS,
     "read readv pread64 recv recvfrom recvmsg accept accept4 nanosleep clock_nanosleep usleep sleep "
     "poll ppoll select pselect pause epoll_wait sem_wait sigwait sigwaitinfo sigsuspend "
     "pthread_mutex_lock pthread_mutex_timedlock pthread_mutex_clocklock syscall waitpid flock "},
    {WEFTI_TRAIT_CALLS, "qsort qsort_r bsearch lfind lsearch tsearch twalk ftw nftw glob scandir "},
    {WEFTI_TRAIT_NO_BARRIER,
     "setjmp _setjmp __sigsetjmp sigsetjmp getcontext swapcontext setcontext makecontext vfork __vfork clone fork "
     "longjmp "
     "_longjmp siglongjmp __longjmp_chk forkpty daemon abort exit _exit _Exit quick_exit pthread_exit __stack_chk_fail "
     "__assert_fail "
     "__cxa_throw __cxa_rethrow _Unwind_Resume _Unwind_Resume_or_Rethrow _Unwind_RaiseException _Unwind_ForcedUnwind "
     "raise gsignal dlsym dlvsym dlopen dlmopen dladdr "},
    {WEFTI_TRAIT_LEAF,
     "memcpy memmove memset memcmp memchr memrchr rawmemchr memmem memccpy mempcpy bcopy bcmp bzero strlen strnlen "
     "strcpy strncpy stpcpy stpncpy strcat strncat strcmp strncmp strcasecmp strncasecmp strchr strrchr strchrnul "
     "strstr strcasestr strspn strcspn strpbrk strsep strtok_r wcslen wcsnlen wcscpy wcsncpy wcscat wcscmp wcsncmp "
     "wcschr wcsrchr wmemcpy wmemmove wmemset wmemcmp wmemchr div ldiv lldiv imaxdiv abs labs atoi atol atoll strtol "
     "strtoul strtoll strtoull strtod strtof snprintf vsnprintf sprintf vsprintf "},
    {WEFTI_TRAIT_ABORTS, "abort __assert_fail __assert_perror_fail "},
    {WEFTI_TRAIT_SEARCHES,
     "_dl_find_object __gxx_personality_v0 _Unwind_GetIPInfo _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart "
     "_Unwind_GetTextRelBase _Unwind_GetDataRelBase _Unwind_SetGR _Unwind_SetIP "},
    {WEFTI_TRAIT_THROWS, "__cxa_throw __cxa_rethrow _Unwind_Resume "}};

/* One that the unwind tables know by its beginning. */
static void add_function(table *made, uintptr_t at, unsigned trait) {
    uintptr_t from = (uintptr_t)_Unwind_FindEnclosingFunction((void *)(at + 1));
    if (from != 0 && made->functions < MOST_TRAITS) made->function[made->functions++] = (range){from, 0, trait};
}

static void add_trait(table *made, const char *name, unsigned trait) {
    void *at = dlsym(RTLD_DEFAULT, name);
    Dl_info information;
    const ElfW(Sym) *symbol = NULL;
    if (at == NULL || made->traits == MOST_TRAITS) return;
    if (trait == WEFTI_TRAIT_LEAF) { /* of several variants, one of which was chosen; it has no name of its own */
        add_function(made, (uintptr_t)at, trait);
        return;
    }
    if (dladdr1(at, &information, (void **)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL) return;
    made->trait[made->traits++] = (range){(uintptr_t)at, (uintptr_t)at + symbol->st_size, trait};
}

static void add_traits(table *made) {
    for (size_t i = 0; i < raising_count; i++) add_function(made, (uintptr_t)raising[i], WEFTI_TRAIT_RAISES);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char name[40];
        size_t length = 0;
        for (const char *letter = known[i].names; *letter != '\0'; letter++) {
            if (*letter != ' ') {
                name[length++] = *letter;
                continue;
            }
            name[length] = '\0';
            length = 0;
            add_trait(made, name, known[i].trait);
        }
    }
}

/* ---- the whole ---- */

static bool lies_in_library(const table *made, const char *name) {
    void *at = dlsym(RTLD_DEFAULT, name);
    return at != NULL && text_in(made, (uintptr_t)at) == WEFTI_TEXT_LIBRARY;
}

/* What must hold for a stop anywhere in the program's code to be a stop outside of all that is shared. */
static bool is_sound(const table *made) {
    static const char *const shared[] = {"malloc", "free", "fputs", "pthread_mutex_lock"};
    if (text_in(made, (uintptr_t)&wefti_text_of) != WEFTI_TEXT_OURS) return false;
    if (text_in(made, (uintptr_t)&add_traits) != WEFTI_TEXT_OURS) return false;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (!lies_in_library(made, shared[i])) return false;
    return made->ranges < MOST_RANGES && made->ours < MOST_RANGES;
}

/* The lock is held. Whether the table in use is right still or, if there is no memory, has to do. */
static bool refresh(void) {
    static table first;                                 /* so that it cannot be wanting */
    const table *before = wefti_load_relaxed(&current); /* relaxed: under the lock */
    table *made = before == NULL ? &first : calloc(1, sizeof *made);
    if (made == NULL) return before != NULL && before->sound;
    dl_iterate_phdr(add_object, &(making){made, 0});
    if (before != NULL && before->loaded == made->loaded) { /* older ones stay: not one for each call */
        free(made);
        return before->sound;
    }
    add_our_parts(made);
    add_traits(made);
    made->sound = is_sound(made);
    made->older = before;
    wefti_store_release(&current, made); /* partner: the acquires above; what was there stays, see text.h */
    return made->sound;
}

bool wefti_text_refresh(void) {
    if (dlsym == NULL || dladdr1 == NULL) return false;
    pthread_mutex_lock(&lock);
    bool sound = refresh();
    pthread_mutex_unlock(&lock);
    return sound;
}

bool wefti_text_add(const char *name) {
    pthread_mutex_lock(&lock);
    bool room = name_count < MOST_NAMES && strlen(name) < NAME_SIZE;
    if (room) strcpy(names[name_count++], name);
    pthread_mutex_unlock(&lock);
    return room;
}

void wefti_text_raising(wefti_text_function *const *functions, size_t count) {
    raising = functions;
    raising_count = count;
}

#else

bool wefti_text_refresh(void) { return false; }

void wefti_text_raising(wefti_text_function *const *functions, size_t count) {
    (void)functions;
    (void)count;
}

bool wefti_text_add(const char *name) {
    (void)name;
    return true;
}

wefti_text wefti_text_of(uintptr_t address) {
    (void)address;
    return WEFTI_TEXT_UNKNOWN;
}

unsigned wefti_text_traits(uintptr_t address) {
    (void)address;
    return 0;
}

#endif
