/* SPDX-License-Identifier: MIT */
/* copies.c - three copies of Weft in one process, each linked statically: into the program and into two plugins.
 *
 * They know nothing of each other: each has kernels, process objects of the same threads, kills. Threads use all three;
 * a plugin is closed while a thread still has a process object of its copy. copies PLUGIN PLUGIN
 */
#include "copies.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { COPIES = 3, THREADS = 8 };

typedef struct copy {
    void *handle;
    int (*work)(int n), (*kill)(void), (*end)(void);
    unsigned long (*processes)(void);
    int number;
} copy;

static copy copies[COPIES] = {{NULL, plugin_work, plugin_kill, plugin_end, plugin_processes, 0}};
static pthread_barrier_t used, closed;

static void require(bool held, const char *what, int number) {
    if (held) return;
    fprintf(stderr, "copies: %s, copy %d\n", what, number);
    _Exit(1);
}

static void load(copy *c, const char *path, int number) {
    c->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (c->handle == NULL) fprintf(stderr, "%s\n", dlerror());
    require(c->handle != NULL, "cannot be opened", number);
    *(void **)&c->work = dlsym(c->handle, "plugin_work");
    *(void **)&c->kill = dlsym(c->handle, "plugin_kill");
    *(void **)&c->end = dlsym(c->handle, "plugin_end");
    *(void **)&c->processes = dlsym(c->handle, "plugin_processes");
    c->number = number;
}

static void use_all(void) {
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < COPIES; i++)
            require(copies[i].work(round) == round + copies[i].number, "a wrong result", i);
}

static void *use_and_end(void *unused) {
    use_all();
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    if (argc != COPIES) return 1;
    for (int i = 1; i < COPIES; i++) load(&copies[i], argv[i], i);
    for (int i = 1; i < COPIES; i++) require(copies[i].work != copies[0].work, "is not a copy", i);
    pthread_barrier_init(&used, NULL, THREADS + 1);
    pthread_barrier_init(&closed, NULL, THREADS + 1);
    use_all();
    for (int i = 0; i < COPIES; i++) require(copies[i].processes() == 3, "has not three process objects", i);
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, use_and_end, NULL);
    pthread_barrier_wait(&used);
    for (int i = 0; i < COPIES; i++) require(copies[i].processes() == 3 + THREADS, "lacks process objects", i);
    for (int i = 0; i < COPIES; i++) require(copies[i].kill() == 0, "cannot kill", i);
    use_all();
    for (int i = 0; i < COPIES; i++) require(copies[i].end() == 0, "cannot end", i);
    for (int i = 1; i < COPIES; i++) require(dlclose(copies[i].handle) == 0, "cannot be closed", i);
    pthread_barrier_wait(&closed);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < COPIES; i++) require(copies[i].processes() <= 2, "has process objects left", i);
    return 0;
}
