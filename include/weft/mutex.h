/* SPDX-License-Identifier: MIT */
/* mutex.h - a mutual exclusion that a killed task gives back. */
#ifndef WEFT_MUTEX_H
#define WEFT_MUTEX_H

#include <weft/base.h>
#include <weft/unwind.h>

WEFT_BEGIN_DECLS

/** One task or thread at a time holds it. */
typedef struct weft_mutex weft_mutex;

/** That a mutex is held: on the holder's own stack. The fields are Weft's own. */
typedef struct weft_hold {
    weft_frame frame; /* first: gives the mutex back whenever the block is left */
    weft_mutex *mutex;
} weft_hold;

/** Makes a mutex. name: its first 23 bytes are shown in dumps; copied; NULL allowed. NULL if there is no memory. Any
 * thread or task. */
WEFT_API WEFT_CHECKED weft_mutex *weft_make_mutex(const char *name);

/** Frees it. NULL is allowed. WEFT_BUSY while it is held or waited for. */
WEFT_API weft_status weft_free_mutex(weft_mutex *mutex);

/**
 * Waits until the mutex is free and takes it; those who wait get it in the order of their coming.
 *
 * hold: in place until the unlock; holds end in the reverse order of their beginning.
 * To take it and to see to it that it is given back are one step: a task that is killed, or left by a transfer of
 * control, has given it back, between its clean-ups, in their order. With a lock of another library and a clean-up that
 * unlocks it there is always a moment for a kill between the two.
 * Returns WEFT_OK; WEFT_TIMED_OUT; WEFT_INVALID if an argument is NULL or the caller holds it already; WEFT_NO_MEMORY.
 * What was done under it before happens before. Parks a task or blocks a thread. Row X2.
 */
WEFT_API weft_status weft_lock_mutex(weft_mutex *mutex, weft_hold *hold, weft_deadline deadline);

/** Gives it back. Harmless on a hold that is not one. Any task or thread, the one that took it. Never blocks. */
WEFT_API void weft_unlock_mutex(weft_hold *hold);

/** Runs the block that follows with the mutex held; WEFT_UNWIND_PROTECT says how it may be left. If the mutex cannot be
 * had, for want of memory, or is held by the caller already, the block is not run and weft_last_status tells why. */
#define WEFT_WITH_MUTEX(mutex) WEFTI_WITH_MUTEX(mutex, __COUNTER__)
#define WEFTI_WITH_MUTEX(mutex, unique) WEFTI_WITH_MUTEX_(mutex, unique)
#define WEFTI_WITH_MUTEX_(mutex_, unique)                                                                              \
    for (weft_hold wefti_hold_##unique WEFTI_ENDED_BY(weft_unlock_mutex) = WEFTI_ZERO,                                 \
                                       *wefti_once_##unique = weft_enter_mutex(&wefti_hold_##unique, (mutex_));        \
         wefti_once_##unique; wefti_once_##unique = WEFTI_NULL)

/** What the macro is made of: as weft_lock_mutex without a deadline; NULL if the mutex could not be had. */
WEFT_API weft_hold *weft_enter_mutex(weft_hold *hold, weft_mutex *mutex);

WEFT_END_DECLS

#endif
