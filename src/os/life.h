/* SPDX-License-Identifier: MIT */
/* life.h - a mark that the system itself changes when a thread ends without a word: a robust mutex that the thread
 * holds.
 *
 * However a thread ends, by the bare system call or a filter of system calls too, the system goes through its list of
 * robust mutexes, before it says that the thread can be joined. So who finds that a life is not over knows that the
 * thread's stack was there when it looked.
 *
 *   begin: locked by the thread --it ends--> OWNER_DIED, by the system
 *                               --end, pause, by the thread--> unlocked (--go on--> locked)
 *
 * Where the system keeps no such list (an emulator) no life is ever over.
 */
#ifndef WEFTI_LIFE_H
#define WEFTI_LIFE_H

#include <pthread.h>

#include "base/atomic.h"

typedef struct wefti_life {
    pthread_mutex_t held;
    bool begun;
} wefti_life;

/* Of the calling thread. The memory must stay as long as the thread does, or until the end. */
void wefti_life_begin(wefti_life *life);
/* By the same thread. */
void wefti_life_end(wefti_life *life);
/* By the same thread, around fork: nothing is held through it, since a child's list is begun anew by some C libraries
 * and left as it was by others. Meanwhile it is not over either. The child does not go on, it begins. */
void wefti_life_pause(wefti_life *life);
void wefti_life_go_on(wefti_life *life);
/* Anyone: whether the thread has ended without that. What it did before can be read then. */
bool wefti_life_is_over(wefti_life *life);

#endif
