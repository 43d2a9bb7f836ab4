/* SPDX-License-Identifier: MIT */
/* text.h - whose code an address lies in, and what can be done to a task that is found there.
 *
 * Idea: a task may be stopped in code that keeps nothing for others: the program's own, and what it has registered.
 * Code of libraries may hold locks of theirs, so it is let finish, whatever it does; that is the default for all that
 * is not known. The tables are made when the first kill is asked for and read in signal handlers; a newer table takes
 * the place of an older one, which stays, as a handler may still be reading it.
 *
 * Exceptions are told by name: functions that a task may be stopped in while they block, functions that hold nothing
 * while they call the program back, and functions whose return address must be left alone.
 */
#ifndef WEFTI_TEXT_H
#define WEFTI_TEXT_H

#include "base/base.h"

typedef enum wefti_text {
    WEFTI_TEXT_UNKNOWN, /* no object that was there when the table was made */
    WEFTI_TEXT_PROGRAM, /* may be stopped anywhere */
    WEFTI_TEXT_LIBRARY, /* is to finish */
    WEFTI_TEXT_LEAF,    /* holds nothing and calls nobody: may be stopped where its caller may be */
    WEFTI_TEXT_OURS
} wefti_text;

typedef enum wefti_trait {
    WEFTI_TRAIT_BLOCKS = 1,     /* read, nanosleep, ...: waits without holding anything of its library */
    WEFTI_TRAIT_CALLS = 2,      /* qsort, ...: calls the program back without holding anything */
    WEFTI_TRAIT_NO_BARRIER = 4, /* never returns, returns twice or elsewhere, or looks at its return address */
    WEFTI_TRAIT_RAISES = 8,     /* of Weft: what it calls may signal errors, which leave it and its callers */
    WEFTI_TRAIT_LEAF = 16,      /* memcpy, strlen, ...: holds nothing, and calls none but its like */
    WEFTI_TRAIT_ABORTS = 32,    /* abort, a failed assertion: holds nothing when it raises its signal */
    WEFTI_TRAIT_UNWINDS = 64,   /* in the system's unwinder, which changes the frames it goes back to */
    WEFTI_TRAIT_SEARCHES = 128, /* what that calls, or is called by, as long as it has changed none */
    WEFTI_TRAIT_THROWS = 256,   /* of C++: throws; holds nothing but the exception */
    WEFTI_TRAIT_CPLUSPLUS = 512 /* in a library that implements the language C++ */
} wefti_trait;

/* Makes the table, or one that knows what was loaded since. Any thread; not in a signal handler. false: here
 * the program's code cannot be told from the library's (a static C library, an allocator inside the program, ...). */
bool wefti_text_refresh(void);

/* Adds an object whose path contains `name` to the program's code, from the next refresh on. false: too many. */
bool wefti_text_add(const char *name);

/* Tells functions of Weft that are WEFTI_TRAIT_RAISES, before the first refresh. */
typedef void wefti_text_function(void);
void wefti_text_raising(wefti_text_function *const *functions, size_t count);

/* Async-signal-safe, after the first refresh. */
wefti_text wefti_text_of(uintptr_t address);
unsigned wefti_text_traits(uintptr_t address); /* of the function that it lies in; wefti_trait */

#endif
