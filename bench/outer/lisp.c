/* SPDX-License-Identifier: MIT */
/* lisp.c - the half in C of sbcl.lisp: a shared object that it loads and hands its callbacks to. */
#include <string.h>

#include "caller.h"

enum { MOST = 16 };

void outer_lisp(char *words, void (*call)(void), void (*within)(void (*inside)(void *argument), void *argument));

void outer_lisp(char *words, void (*call)(void), void (*within)(void (*inside)(void *argument), void *argument)) {
    char *arguments[MOST] = {(char *)(uintptr_t) "outer-sbcl"};
    int count = 1;
    for (char *word = strtok(words, " "); word != NULL && count < MOST - 1; word = strtok(NULL, " "))
        arguments[count++] = word;
    bench_start(count, arguments, "sbcl", 120);
    outer_measure((outer_party){call, within});
}
