/* SPDX-License-Identifier: MIT */
/* report.c - places and their names, words and their names, traces of executions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

enum { TRACE_MOST = 8192, NAMES_MOST = 64, SAWS_MOST = 16, PLACES_MOST = 2048 };

extern wefti_place *const __start_wefti_places[] __attribute__((weak));
extern wefti_place *const __stop_wefti_places[] __attribute__((weak));

/* ---- places ---- */

static wefti_place *places[PLACES_MOST];
static char *tags[PLACES_MOST];
static unsigned places_used;

static const char *const op_texts[] = {"load", "store", "exchange",      "add",           "or",   "and",
                                       "cas",  "fence", "light_barrier", "heavy_barrier", "read", "write"};
static const char *const order_texts[] = {"relaxed", "acquire", "release", "acq_rel", "seq"};

static const char *base_name(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

unsigned place_count(void) { return places_used; }
wefti_place *place_at(unsigned i) { return places[i]; }
const char *place_tag(unsigned i) { return tags[i]; }

const char *place_text(const wefti_place *place) {
    static char text[256];
    snprintf(text, sizeof text, "%s:%d (%s)", base_name(place->file), place->line, place->function);
    return text;
}

bool place_strong(const wefti_place *place) { return place->order != WEFTI_RELAXED && place->op < WEFTI_OP_READ; }

bool place_is_ours(const wefti_place *place) { return strstr(place->file, "tests/explore") != NULL; }

static int compare_places(const void *a, const void *b) {
    const wefti_place *p = *(wefti_place *const *)a, *q = *(wefti_place *const *)b;
    int files = strcmp(base_name(p->file), base_name(q->file));
    return files != 0 ? files : p->line - q->line;
}

static char *make_tag(const wefti_place *p) {
    char tag[300];
    bool barrier = p->op == WEFTI_OP_LIGHT || p->op == WEFTI_OP_HEAVY;
    int used = snprintf(tag, sizeof tag, "%s:%s:%s", base_name(p->file), p->function, op_texts[p->op]);
    if (!barrier) snprintf(tag + used, sizeof tag - (size_t)used, "_%s(%s)", order_texts[p->order], p->word);
    for (char *c = tag; *c != '\0'; c++)
        if (*c == ' ') *c = '_';
    return strdup(tag);
}

/* Places with one tag: the copies of an inline function in several files are one place, different lines are numbered.
 */
static void number_tag(char *const *bases, unsigned i) {
    unsigned number = 1;
    int last_line = 0;
    for (unsigned j = 0; j < i; j++) {
        if (strcmp(bases[j], bases[i]) != 0 || places[j]->line == last_line || places[j]->line == places[i]->line)
            continue;
        last_line = places[j]->line;
        number++;
    }
    char tag[320];
    snprintf(tag, sizeof tag, number > 1 ? "%s#%u" : "%s", bases[i], number);
    tags[i] = strdup(tag);
}

void report_init(void) {
    for (wefti_place *const *p = __start_wefti_places; p != __stop_wefti_places && places_used < PLACES_MOST; p++)
        places[places_used++] = *p;
    qsort(places, places_used, sizeof places[0], compare_places);
    static char *bases[PLACES_MOST];
    for (unsigned i = 0; i < places_used; i++) bases[i] = make_tag(places[i]);
    for (unsigned i = 0; i < places_used; i++) number_tag(bases, i);
}

/* ---- words ---- */

static struct {
    const void *word;
    const char *name;
    uint32_t generation;
} names[NAMES_MOST];

void explore_name(const void *word, const char *name) {
    for (unsigned i = 0; i < NAMES_MOST; i++) {
        if (names[i].generation == explore_engine.generation) continue;
        names[i].word = word;
        names[i].name = name;
        names[i].generation = explore_engine.generation;
        return;
    }
}

/* Valid until the eighth call after. */
const char *word_name(const void *word) {
    static char texts[8][80];
    static unsigned next;
    char *text = texts[next++ % 8];
    for (unsigned i = 0; i < NAMES_MOST; i++) {
        if (names[i].generation != explore_engine.generation || names[i].word != word) continue;
        snprintf(text, sizeof texts[0], "'%s'", names[i].name);
        return text;
    }
    snprintf(text, sizeof texts[0], "%p", word);
    return text;
}

/* ---- kinds of executions ---- */

static struct {
    const char *what;
    uint64_t times;
    uint32_t generation;
} saws[SAWS_MOST];

void saw_reset(void) { memset(saws, 0, sizeof saws); }

void explore_saw(const char *what) {
    for (unsigned i = 0; i < SAWS_MOST; i++) {
        if (saws[i].what != NULL && strcmp(saws[i].what, what) != 0) continue;
        saws[i].what = what;
        if (saws[i].generation != explore_engine.generation) saws[i].times++;
        saws[i].generation = explore_engine.generation;
        return;
    }
}

void saw_print(void) {
    for (unsigned i = 0; i < SAWS_MOST && saws[i].what != NULL; i++)
        printf("        %llu with %s\n", (unsigned long long)saws[i].times, saws[i].what);
}

/* ---- traces ---- */

static entry *entries;
static size_t entry_count;

void trace_begin(void) {
    if (entries == NULL) entries = malloc(TRACE_MOST * sizeof *entries);
    entry_count = 0;
}

void trace(entry e) {
    if (entries != NULL) entries[entry_count++ % TRACE_MOST] = e;
}

static void print_code(const void *code) {
    char command[256], function[128] = "", line[256] = "";
    snprintf(command, sizeof command, "addr2line -f -e /proc/%d/exe %p 2>/dev/null", getpid(),
             (const void *)((const char *)code - 1));
    FILE *out = popen(command, "r");
    if (out != NULL && fgets(function, sizeof function, out) != NULL && fgets(line, sizeof line, out) != NULL) {
        function[strcspn(function, "\n")] = line[strcspn(line, " \n")] = '\0';
        printf("%s (%s)", base_name(line), function);
    } else {
        printf("%p", code);
    }
    if (out != NULL) pclose(out);
}

static bool is_plain(const entry *e) { return e->kind == WEFTI_OP_READ || e->kind == WEFTI_OP_WRITE; }

static void print_note(const entry *e) {
    printf("%s", e->note);
    if (e->word != NULL) printf(" %s", word_name(e->word));
    printf(" %llu (0x%llx)", (unsigned long long)e->value, (unsigned long long)e->value);
}

static void print_atomic(const entry *e) {
    printf("%s %s", op_texts[e->kind], order_texts[e->order]);
    if (e->word != NULL) {
        printf(" %s", word_name(e->word));
        if (e->place != NULL) printf(" %s", e->place->word);
        bool update = e->kind >= WEFTI_OP_EXCHANGE && e->kind <= WEFTI_OP_CAS;
        if (update) printf(" %llx ->", (unsigned long long)e->other);
        printf(" %llx", (unsigned long long)e->value);
    }
    if (e->age > 0) printf("  [old: %d newer %s]", e->age, e->age == 1 ? "store" : "stores");
    if (e->place != NULL && e->place->weak != 0) printf("  [weakened]");
    if (e->place != NULL) printf("  at %s", place_text(e->place));
}

static void print_entry(size_t number, const entry *e) {
    printf("    %5zu  T%u  ", number, e->thread);
    for (unsigned i = 0; i < e->thread; i++) printf("  ");
    if (e->kind == ENTRY_NOTE) {
        print_note(e);
    } else if (is_plain(e)) {
        printf("plain %s of %zu bytes at %s  at ", op_texts[e->kind], e->size, word_name(e->word));
        if (e->place != NULL)
            printf("%s", place_text(e->place));
        else
            print_code(e->code);
    } else {
        print_atomic(e);
    }
    printf("\n");
}

static bool overlap(const entry *a, const entry *b) {
    const char *p = a->word, *q = b->word;
    return p < q + b->size && q < p + a->size;
}

/* Of plain accesses, those that touch the memory of the last one are shown: the race, if there is one. */
void trace_print(unsigned most, bool plain) {
    size_t first = entry_count > TRACE_MOST ? entry_count - TRACE_MOST : 0;
    const entry *last = entry_count > 0 ? &entries[(entry_count - 1) % TRACE_MOST] : NULL;
    size_t shown = 0, from = entry_count;
    while (from > first && shown < most) {
        from--;
        const entry *e = &entries[from % TRACE_MOST];
        if (!is_plain(e) || plain || (is_plain(last) && overlap(e, last))) shown++;
    }
    for (size_t i = from; i < entry_count; i++) {
        const entry *e = &entries[i % TRACE_MOST];
        if (!is_plain(e) || plain || (is_plain(last) && overlap(e, last))) print_entry(i, e);
    }
}
