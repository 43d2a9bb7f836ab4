/* SPDX-License-Identifier: MIT */
/* cancel.h - what the scheduler knows of groups of tasks. */
#ifndef WEFTI_CANCEL_H
#define WEFTI_CANCEL_H

#include <weft/group.h>

/* A task joins at its submission and leaves when its outcome has been delivered. The group lives until both the last
 * task has left and its owner has freed it. */
void wefti_group_join(weft_group *group);
void wefti_group_leave(weft_group *group);

#endif
