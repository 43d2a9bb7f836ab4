/* SPDX-License-Identifier: MIT */
/* group.h - groups of tasks: wait for all of them, cancel those that have not begun. */
#ifndef WEFT_GROUP_H
#define WEFT_GROUP_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/** A set of tasks, chosen at their submission through weft_submit_options. */
typedef struct weft_group weft_group;

/** Makes an empty group. name: its first 23 bytes are shown in dumps; copied; NULL allowed. NULL if there is no memory.
 * Any thread or task. */
WEFT_API WEFT_CHECKED weft_group *weft_make_group(const char *name);

/**
 * Cancels every task of the group that has not begun, and every one submitted to it later.
 *
 * A cancelled task never runs; its channel gets a condition, so that its receiver sees WEFT_CANCELLED, exactly once.
 * Tasks that have begun go on; they may ask weft_group_cancelled (scope.h has what ends their waits too). Harmless
 * twice. Returns WEFT_OK or WEFT_INVALID (NULL). Any thread or task. Never blocks. Row X3.
 */
WEFT_API weft_status weft_cancel_group(weft_group *group);

/** Whether the group has been cancelled; false for NULL. Any thread or task. Cheap enough for a loop. */
WEFT_API bool weft_group_cancelled(const weft_group *group);

/** How many tasks of the group have been submitted and are not yet done; 0 for NULL. */
WEFT_API size_t weft_group_count(const weft_group *group);

/**
 * Waits until no task of the group is outstanding.
 *
 * Returns WEFT_OK, WEFT_TIMED_OUT, WEFT_INVALID (NULL), WEFT_NO_MEMORY. Parks a task or blocks a thread. What the tasks
 * did happens before the return. Several may wait.
 */
WEFT_API weft_status weft_wait_group(weft_group *group, weft_deadline deadline);

/** Frees a group; tasks of it that are outstanding go on. NULL allowed. WEFT_BUSY while somebody waits for it. */
WEFT_API weft_status weft_free_group(weft_group *group);

WEFT_END_DECLS

#endif
