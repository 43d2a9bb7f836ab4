/* SPDX-License-Identifier: MIT */
/* closes.c - the shared library is opened, used and closed by a program that is not linked to it. closes LIBRARY WAY
 *
 * Threads outlive the dlclose: one that has a process object and ends afterwards, and, in the way "running", the
 * workers. The library stays where it is, so they may.
 */
#include <weft.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    weft_kernel *(*make_kernel)(unsigned, const weft_kernel_options *);
    weft_status (*end_kernel)(weft_kernel *, bool);
    weft_status (*free_kernel)(weft_kernel *);
    weft_channel *(*make_channel)(size_t, const weft_channel_options *);
    weft_status (*free_channel)(weft_channel *);
    weft_status (*submit)(const weft_submit_options *, weft_channel *, const weft_task_type *, const void *);
    weft_status (*result)(weft_channel *, void *, size_t, weft_deadline);
    size_t (*processes)(void);
} weft;

static void require(bool held, const char *what) {
    if (held) return;
    fprintf(stderr, "closes: %s\n", what);
    _Exit(1);
}

static void invoke_twice(void *arguments, void *result) { *(int *)result = 2 * *(int *)arguments; }
static const weft_task_type twice = {"twice", invoke_twice, sizeof(int), sizeof(int)};

static void *load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    require(library != NULL, "it cannot be opened");
    *(void **)&weft.make_kernel = dlsym(library, "weft_make_kernel");
    *(void **)&weft.end_kernel = dlsym(library, "weft_end_kernel");
    *(void **)&weft.free_kernel = dlsym(library, "weft_free_kernel");
    *(void **)&weft.make_channel = dlsym(library, "weft_make_channel_sized");
    *(void **)&weft.free_channel = dlsym(library, "weft_free_channel");
    *(void **)&weft.submit = dlsym(library, "weft_submit_task");
    *(void **)&weft.result = dlsym(library, "weft_receive_result_sized");
    *(void **)&weft.processes = dlsym(library, "weft_process_count");
    return library;
}

static pthread_barrier_t used, closed;
static weft_kernel *kernel;

static void use(void) {
    int value = 0, n = 4;
    weft_channel *results = weft.make_channel(sizeof(int), &(weft_channel_options){.kernel = kernel});
    require(results != NULL && weft.submit(NULL, results, &twice, &n) == WEFT_OK, "submit");
    require(weft.result(results, &value, sizeof value, WEFT_FOREVER) == WEFT_OK && value == 8, "result");
    require(weft.free_channel(results) == WEFT_OK, "free");
}

static void *outlives(void *unused) {
    use();
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return unused; /* and now its process object goes */
}

int main(int argc, char **argv) {
    pthread_t thread;
    require(argc == 3, "wants a library and a way");
    bool running = strcmp(argv[2], "running") == 0;
    pthread_barrier_init(&used, NULL, 2);
    pthread_barrier_init(&closed, NULL, 2);
    void *library = load(argv[1]);
    kernel = weft.make_kernel(2, NULL);
    require(kernel != NULL, "no kernel");
    require(pthread_create(&thread, NULL, outlives, NULL) == 0, "no thread");
    use();
    pthread_barrier_wait(&used);
    if (!running) require(weft.free_kernel(kernel) == WEFT_OK, "free");
    require(dlclose(library) == 0, "it cannot be closed");
    pthread_barrier_wait(&closed);
    pthread_join(thread, NULL);
    require(weft.processes() == (running ? 3 : 1), "a process object is left over");
    library = load(argv[1]);                                           /* once more: it is the same one */
    if (running) require(weft.free_kernel(kernel) == WEFT_OK, "free"); /* the kernel as well */
    kernel = weft.make_kernel(2, NULL);
    use();
    require(weft.free_kernel(kernel) == WEFT_OK && dlclose(library) == 0, "end");
    return 0;
}
