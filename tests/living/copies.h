/* SPDX-License-Identifier: MIT */
/* copies.h - what plugin.c shows of itself, in the program and in each plugin. */
#ifndef LIVING_COPIES_H
#define LIVING_COPIES_H

#define PLUGIN_API __attribute__((visibility("default")))

PLUGIN_API int plugin_work(int n);
PLUGIN_API int plugin_kill(void);
PLUGIN_API unsigned long plugin_processes(void);
PLUGIN_API int plugin_end(void);

#endif
