/* SPDX-License-Identifier: MIT */
/* 38-build.c - a build: files that are made of others, each once, as many at a time as there are workers; what is made
 * again when one source changes; a circle. Progress goes to stderr. */
#include "check.h"

enum { SOURCES = 12, HEADER = 1, SOURCE = 100, OBJECT = 200, PROGRAM = 300 };

typedef struct file {
    char name[24];
    int made; /* how often */
} file;

static file files[PROGRAM + 2];

/* What makes a file: here of numbers, its inputs' versions. */
WEFT_NODE_OVER(long, make_file, inputs) {
    file *mine = weft_input_context(inputs);
    long version = 1;
    for (uint32_t i = 0; i < weft_input_count(inputs); i++) version += weft_input(inputs, i, long);
    mine->made++;
    return version;
}

static void rule(weft_graph *graph, weft_node target, const char *name, const weft_node *needs, size_t count) {
    snprintf(files[target].name, sizeof files[target].name, "%s%.0zu", name, target % 100);
    weft_node_options options = {.name = files[target].name, .context = &files[target]};
    check(weft_define_node(graph, target, &weft_node_of_make_file, &options, needs, count));
}

static void show(size_t done, size_t total, void *unused) {
    (void)unused;
    fprintf(stderr, "\r[%zu/%zu]", done, total);
}

static void build(weft_graph *graph, const char *why) {
    const weft_compute_options options = {.progress = show};
    long version = 0;
    int before = 0, after = 0;
    for (int i = 0; i < PROGRAM + 1; i++) before += files[i].made;
    check(weft_compute_node(graph, &options, PROGRAM, &version, sizeof version, WEFT_FOREVER));
    for (int i = 0; i < PROGRAM + 1; i++) after += files[i].made;
    printf("%s: %d files made, version %ld\n", why, after - before, version);
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(0, NULL);
    weft_graph *graph = weft_make_graph("build");
    check_made(kernel);
    check_made(graph);
    weft_node objects[SOURCES];
    for (weft_node i = 0; i < SOURCES; i++) {
        objects[i] = OBJECT + i;
        check(weft_give(graph, SOURCE + i, &(long){1}));
        rule(graph, OBJECT + i, "object", (weft_node[]){SOURCE + i, HEADER}, 2);
    }
    check(weft_give(graph, HEADER, &(long){1}));
    rule(graph, PROGRAM, "program", objects, SOURCES);
    build(graph, "all");
    build(graph, "nothing changed");
    check(weft_give(graph, SOURCE + 5, &(long){2}));
    build(graph, "source 5 changed");
    check(weft_give(graph, HEADER, &(long){2}));
    build(graph, "the header changed");

    rule(graph, 10, "chicken", (weft_node[]){11}, 1);
    rule(graph, 11, "egg", (weft_node[]){10}, 1);
    if (weft_check_graph(graph) == WEFT_FAILED) puts(weft_condition_message(weft_last_condition()));
    check(weft_free_graph(graph));
    check(weft_free_kernel(kernel));
    return 0;
}
