/* SPDX-License-Identifier: MIT */
/* dump.h - for floors above that have something to say in a dump. All async-signal-safe. */
#ifndef WEFTI_DUMP_H
#define WEFTI_DUMP_H

#include "base/base.h"

typedef struct wefti_dump {
    int descriptor;
    bool failed;
    int64_t now;
    size_t used;
    char text[512];
} wefti_dump;

void wefti_dump_text(wefti_dump *dump, const char *text);
void wefti_dump_number(wefti_dump *dump, uint64_t value);
void wefti_dump_address(wefti_dump *dump, const void *address);

/* Adds the name of an object that a task waits on, if it knows it. Set by comm. */
extern void (*wefti_dump_object_hook)(wefti_dump *dump, const void *object);

#endif
