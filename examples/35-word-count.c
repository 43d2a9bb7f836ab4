/* SPDX-License-Identifier: MIT */
/* 35-word-count.c - the words of texts, counted in parts that are joined. Arguments: files, such as
 * /usr/share/common-licenses/GPL-3. Without one: a short text.
 *
 * A part knows whether it begins and ends in a word, so that a word across a border is counted once: this is
 * associative, and so it can be reduced.
 */
#include "check.h"

#include <ctype.h>
#include <string.h>

typedef struct tally {
    size_t words, lines;
    bool any, begins_in_word, ends_in_word;
} tally;

static void count_range(size_t from, size_t to, void *accumulator, void *context) {
    const char *text = context;
    tally t = {0, 0, true, !isspace((unsigned char)text[from]), false};
    for (size_t i = from; i < to; i++) {
        bool letter = !isspace((unsigned char)text[i]);
        t.words += letter && !t.ends_in_word;
        t.ends_in_word = letter;
        t.lines += text[i] == '\n';
    }
    *(tally *)accumulator = t;
}

static void join(void *accumulator, const void *element, void *context) {
    tally *left = accumulator;
    const tally *right = element;
    (void)context;
    if (!right->any) return;
    bool across = left->any && left->ends_in_word && right->begins_in_word;
    *left = (tally){left->words + right->words - across, left->lines + right->lines, true,
                    left->any ? left->begins_in_word : right->begins_in_word, right->ends_in_word};
}

static const char verse[] = "the same procedure as last year\nthe same procedure as every year\n";

/* Puts a file's text behind that of others. */
static char *add_text(const char *name, char *text, size_t *length) {
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) return NULL;
    size_t more = (size_t)ftell(file);
    rewind(file);
    text = realloc(text, *length + more + 1);
    if (text == NULL || fread(text + *length, 1, more, file) != more) return NULL;
    *length += more;
    fclose(file);
    return text;
}

int main(int argc, char **argv) {
    size_t length = argc > 1 ? 0 : sizeof verse - 1;
    char *text = strdup(argc > 1 ? "" : verse);
    for (int i = 1; i < argc && text != NULL; i++) text = add_text(argv[i], text, &length);
    if (text == NULL) return EXIT_FAILURE;
    weft_kernel *kernel = weft_make_kernel(0, NULL);
    check_made(kernel);
    const tally none = {0};
    const weft_parallel_options options = {.parts = 16};
    tally all;
    check(weft_map_reduce(&options, 0, length, sizeof all, &none, &all, count_range, join, text));
    printf("%zu lines, %zu words, %zu bytes\n", all.lines, all.words, length);
    check(weft_free_kernel(kernel));
    free(text);
    return EXIT_SUCCESS;
}
