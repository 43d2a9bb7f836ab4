/* SPDX-License-Identifier: MIT */
/* main.c - the explorer's command line: runs tests, replays failures, runs mutations. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

enum {
    DEFAULT_EXECUTIONS = 100000,
    EXHAUSTIVE_MOST = 20000000,
    DEFAULT_STEPS = 20000,
    TRACE_LINES = 60,
    CLOCK_EVERY = 64
};

static struct {
    uint64_t executions, seed, base;
    double seconds;
    int preemptions;
    unsigned trace;
    const char *test, *path, *weaken;
    bool replay, list, places, mutate, all_plain, longer;
} options = {.base = 1, .preemptions = -1, .trace = TRACE_LINES};

static explore_test *tests;
static const char *program;

void explore_register(explore_test *test) {
    explore_test **at = &tests;
    while (*at != NULL) at = &(*at)->next;
    *at = test;
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t mix(uint64_t x) { /* splitmix64 */
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* ---- one execution ---- */

static int preemptions_of(const explore_test *test) {
    if (options.preemptions >= 0) return options.preemptions;
    return test->preemptions != 0 ? test->preemptions : 3;
}

static void run_seed(const explore_test *test, uint64_t seed) {
    engine *e = &explore_engine;
    e->test = test;
    e->seed = seed;
    e->exhaustive = e->merging = false;
    e->most_steps = test->steps != 0 ? test->steps : DEFAULT_STEPS;
    e->random = mix(seed) | 1;
    uint64_t draw = next_random();
    e->asymmetric = (draw & 1) != 0;
    bool walk = (draw >> 1 & 3) == 0; /* one in four: a random walk without a bound */
    e->budget = walk ? 1 << 30 : (int)((draw >> 8 & 0xFF) % (unsigned)(preemptions_of(test) + 1));
    e->gap = walk ? 1 + (int)(draw >> 16 & 3) : 1 << (1 + (draw >> 16 & 0xFF) % 6);
    static const unsigned chances[] = {0, 32, 96, 192};
    e->stale_chance = chances[draw >> 24 & 3];
    execute(test->body);
}

static void run_path(const explore_test *test, bool asymmetric) {
    engine *e = &explore_engine;
    e->test = test;
    e->exhaustive = e->watching = true;
    e->asymmetric = asymmetric;
    e->most_steps = test->steps != 0 ? test->steps : DEFAULT_STEPS;
    e->random = 1;
    e->budget = preemptions_of(test);
    e->old_loads = test->stale == 0 ? 6 : test->stale < 0 ? 0 : test->stale;
    e->spurious = test->spurious;
    e->merging = test->merge && !e->all_points;
    if (test->merge) e->old_loads = 0;
    execute(test->body);
}

/* The next list of choices; false: that was the last. */
static bool next_path(void) {
    explore_path_length = explore_path_depth;
    while (explore_path_length > 0) {
        path_entry *last = &explore_path[explore_path_length - 1];
        if (++last->chosen < last->of) return true;
        explore_path_length--;
    }
    return false;
}

/* ---- a failing execution, again ---- */

/* The choices of the last execution that was traced, with those that quiet words have left out. */
static char printed[1 << 16];
static size_t printed_length;

void print_choice(unsigned chosen) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    if (printed_length + 1 < sizeof printed) printed[printed_length++] = digits[chosen % 36];
}

static void print_path(void) {
    while (printed_length > 0 && printed[printed_length - 1] == '0') printed_length--;
    printf("%c%.*s\n", explore_engine.asymmetric ? 'a' : 's', (int)printed_length, printed);
}

static void again(const explore_test *test, bool print) {
    engine *e = &explore_engine;
    trace_begin();
    printed_length = 0;
    e->tracing = true;
    if (e->exhaustive)
        run_path(test, e->asymmetric);
    else
        run_seed(test, e->seed);
    e->tracing = false;
    if (print) trace_print(options.trace, options.all_plain);
}

static void report_failure(const explore_test *test) {
    engine *e = &explore_engine;
    char message[sizeof e->message];
    memcpy(message, e->message, sizeof message);
    printf("    %s\n    the last operations (%s barriers):\n", message, e->asymmetric ? "asymmetric" : "symmetric");
    again(test, true);
    if (!e->failed || strncmp(message, e->message, 12) != 0)
        printf("    the second time this was '%s': the test depends on something besides its choices\n",
               e->failed ? e->message : "no failure");
    printf("    again: %s --test %s ", program, test->name);
    if (e->exhaustive) {
        printf("--path ");
        print_path();
    } else {
        printf("--seed 0x%llx", (unsigned long long)e->seed);
        if (options.preemptions >= 0) printf(" --preemptions %d", options.preemptions);
        if (options.weaken != NULL) printf(" --weaken '%s'", options.weaken);
        printf("\n");
    }
    fflush(stdout);
}

/* ---- a test ---- */

typedef struct limits {
    uint64_t executions;
    double end; /* of time; 0: none */
} limits;

typedef struct result {
    uint64_t executions;
    bool failed, complete;
} result;

static bool time_is_up(const limits *bound, uint64_t executions) {
    return bound->end != 0 && executions % CLOCK_EVERY == 0 && seconds_now() > bound->end;
}

static result run_seeds(const explore_test *test, const limits *bound) {
    result r = {0};
    explore_engine.watching = false;
    uint64_t most = bound->executions * (test->share != 0 ? test->share : 100) / 100;
    while (!r.failed && r.executions < most && !time_is_up(bound, r.executions)) {
        run_seed(test, mix(options.base * UINT64_C(1000003) + r.executions));
        r.executions++;
        r.failed = explore_engine.failed;
    }
    return r;
}

/* See quiet.c. */
static void begin_anew(void) {
    explore_path_length = explore_path_depth = 0;
    states_forget();
    saw_reset();
}

static void run_paths(const explore_test *test, const limits *bound, bool asymmetric, result *r) {
    engine *e = &explore_engine;
    explore_path_length = 0;
    states_forget();
    r->complete = false;
    do {
        if (r->executions >= bound->executions || time_is_up(bound, r->executions)) return;
        e->learned = false;
        run_path(test, asymmetric);
        r->executions++;
        if (e->learned) begin_anew();
        r->failed = e->failed && !e->learned;
        if (r->failed) return;
    } while (e->learned || next_path());
    r->complete = true;
}

/* Some executions by seeds, to learn which words are quiet. What they find the search will find. */
static void learn_what_is_quiet(const explore_test *test) {
    enum { WARM_UP = 300 };
    quiet_begin();
    explore_engine.watching = true;
    for (uint64_t i = 0; i < WARM_UP; i++) run_seed(test, mix(i));
    saw_reset();
}

static result run_all(const explore_test *test, const limits *bound) {
    result r = {0};
    explore_engine.barrier_met = false;
    learn_what_is_quiet(test);
    run_paths(test, bound, false, &r);
    if (!r.failed && r.complete && explore_engine.barrier_met) run_paths(test, bound, true, &r);
    return r;
}

static result run_within(const explore_test *test, const limits *bound) {
    return test->exhaustive ? run_all(test, bound) : run_seeds(test, bound);
}

static limits usual_limits(const explore_test *test) {
    limits l = {.executions = options.executions};
    if (l.executions == 0) l.executions = test->exhaustive ? EXHAUSTIVE_MOST : DEFAULT_EXECUTIONS;
    if (options.executions == 0 && options.seconds != 0) l.executions = UINT64_MAX / 1000;
    if (options.seconds != 0) l.end = seconds_now() + options.seconds;
    return l;
}

static bool is_as_it_must(const explore_test *test, const result *r) {
    if (test->fails == NULL) return !r->failed;
    return r->failed && strstr(explore_engine.message, test->fails) != NULL;
}

static void print_counts(const explore_test *test, const result *r, double took, uint64_t steps) {
    printf("%s%llu executions", test->exhaustive && r->complete ? "all " : "", (unsigned long long)r->executions);
    if (test->exhaustive && r->complete) printf(" with at most %d preemptions", preemptions_of(test));
    if (test->merge && options.path == NULL) printf(" from %zu states", states_count());
    printf(", %.0f operations each, %.2f s, %.0f a second\n", (double)steps / (double)WEFTI_MAX(r->executions, 1), took,
           (double)r->executions / WEFTI_MAX(took, 1e-6));
}

static bool run_test(const explore_test *test) {
    limits l = usual_limits(test);
    double start = seconds_now();
    uint64_t steps = explore_engine.total_steps;
    saw_reset();
    result r = run_within(test, &l);
    double took = seconds_now() - start;
    bool good = is_as_it_must(test, &r);
    printf("%s %s: ", good ? "ok  " : "FAIL", test->name);
    print_counts(test, &r, took, explore_engine.total_steps - steps);
    saw_print();
    if (good && r.failed) printf("        fails as it must: %s\n", explore_engine.message);
    if (!good && r.failed) report_failure(test);
    if (!good && !r.failed) printf("    no failure was found, but one with '%s' is there\n", test->fails);
    fflush(stdout);
    return good;
}

/* ---- replay ---- */

static void read_path(const char *text) {
    explore_path_length = 0;
    for (const char *c = text + 1; *c != '\0'; c++) {
        unsigned chosen = *c <= '9' ? (unsigned)(*c - '0') : (unsigned)(*c - 'a') + 10;
        explore_path[explore_path_length++] = (path_entry){0, (uint16_t)chosen};
    }
}

static int replay(const explore_test *test) {
    engine *e = &explore_engine;
    e->exhaustive = e->all_points = options.path != NULL;
    if (e->exhaustive) {
        e->asymmetric = options.path[0] == 'a';
        read_path(options.path);
    }
    e->seed = options.seed;
    options.trace = 1000000;
    again(test, true);
    printf("%s\n", e->failed ? e->message : "no failure");
    return e->failed ? 1 : 0;
}

/* ---- mutations ---- */

enum { MUTANT_EXECUTIONS = 60000, LEARN_EXECUTIONS = 3000 };

static void weaken(const char *tag, unsigned char weak) {
    for (unsigned i = 0; i < place_count(); i++)
        if (strcmp(place_tag(i), tag) == 0) place_at(i)->weak = weak;
}

static const char *const weak_texts[] = {"", "relaxed", "acquire", "release", "acq_rel"};

/* TAG or TAG=ORDER */
static void weaken_option(const char *text) {
    char tag[400];
    snprintf(tag, sizeof tag, "%s", text);
    unsigned char weak = 1;
    char *equals = strrchr(tag, '=');
    for (unsigned char i = 1; equals != NULL && i <= 4; i++)
        if (strcmp(equals + 1, weak_texts[i]) == 0) {
            weak = i;
            *equals = '\0';
            break;
        }
    weaken(tag, weak);
}

/* Which tests meet which tag: met[test * places + place]. They must pass as they are. */
static uint8_t *learn(void) {
    unsigned count = place_count(), n = 0;
    for (explore_test *t = tests; t != NULL; t = t->next) n++;
    uint8_t *met = calloc((size_t)n * count + 1, 1);
    unsigned row = 0;
    for (explore_test *t = tests; t != NULL; t = t->next, row++) {
        for (unsigned i = 0; i < count; i++) place_at(i)->met = 0;
        limits l = {.executions = LEARN_EXECUTIONS, .end = seconds_now() + 5};
        if (t->fails == NULL && !t->longer && run_within(t, &l).failed) {
            fprintf(stderr, "explore: %s fails as it is: %s\n", t->name, explore_engine.message);
            exit(2);
        }
        for (unsigned i = 0; i < count; i++)
            for (unsigned j = 0; j < count; j++)
                if (place_at(j)->met != 0 && strcmp(place_tag(i), place_tag(j)) == 0) met[row * count + i] = 1;
    }
    return met;
}

/* In a process of its own: which test objects, in one line. */
static WEFTI_NORETURN void run_mutant(const uint8_t *met, unsigned place, unsigned char weak, FILE *out) {
    unsigned row = 0;
    weaken(place_tag(place), weak);
    double budget = options.seconds != 0 ? options.seconds : 2;
    for (explore_test *t = tests; t != NULL; t = t->next, row++) {
        if (!met[row * place_count() + place] || t->fails != NULL) continue;
        limits l = {options.executions != 0 ? options.executions : MUTANT_EXECUTIONS, seconds_now() + budget};
        result r = run_within(t, &l);
        if (!r.failed) continue;
        explore_engine.message[strcspn(explore_engine.message, "\n")] = '\0';
        fprintf(out, "caught\t%s: %.100s", t->name, explore_engine.message);
        fclose(out);
        _exit(0);
    }
    fprintf(out, "not caught\t");
    fclose(out);
    _exit(0);
}

static void try_mutant(const uint8_t *met, unsigned place, unsigned char weak) {
    int ends[2];
    char line[512] = "caught\tcrash";
    fflush(stdout);
    if (pipe(ends) != 0) exit(2);
    pid_t child = fork();
    if (child < 0) exit(2);
    if (child == 0) run_mutant(met, place, weak, fdopen(ends[1], "w"));
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    if (fgets(line, sizeof line, in) == NULL) snprintf(line, sizeof line, "caught\tcrash");
    fclose(in);
    waitpid(child, NULL, 0);
    printf("%s%s%s\t%s\n", place_tag(place), weak == 1 ? "" : "=", weak == 1 ? "" : weak_texts[weak], line);
}

static bool is_first_with_its_tag(unsigned place) {
    for (unsigned i = 0; i < place; i++)
        if (strcmp(place_tag(i), place_tag(place)) == 0) return false;
    return true;
}

static bool any_met(const uint8_t *met, unsigned place) {
    unsigned row = 0;
    for (explore_test *t = tests; t != NULL; t = t->next, row++)
        if (met[row * place_count() + place]) return true;
    return false;
}

/* For each place of the library with something to weaken, a line: tag, tab, verdict, tab, by what. */
static int run_mutations(void) {
    uint8_t *met = learn();
    for (unsigned i = 0; i < place_count(); i++) {
        const wefti_place *p = place_at(i);
        if (!place_strong(p) || place_is_ours(p) || !is_first_with_its_tag(i)) continue;
        if (options.weaken != NULL && strcmp(options.weaken, place_tag(i)) != 0) continue;
        if (!any_met(met, i)) {
            printf("%s\tnot met\t\n", place_tag(i));
            continue;
        }
        try_mutant(met, i, 1);
        bool both = p->order == WEFTI_ACQ_REL, barrier = p->op == WEFTI_OP_LIGHT || p->op == WEFTI_OP_HEAVY;
        if (both) try_mutant(met, i, 2);
        if (both) try_mutant(met, i, 3);
        if (p->order == WEFTI_SEQ && !barrier) try_mutant(met, i, 4);
    }
    free(met);
    return 0;
}

/* ---- signals ---- */

static void on_crash(int number) {
    if (!explore_engine.running) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    explore_fail("crash: %s", strsignal(number));
}

/* Finds loops that never come to an operation: by the time of this process, which others may take the processor from.
 */
static void on_tick(int number) {
    static uint64_t before;
    static int still;
    (void)number;
    uint64_t now = explore_engine.total_steps + explore_engine.steps + explore_engine.generation;
    still = now == before && explore_engine.running ? still + 1 : 0;
    before = now;
    if (still >= 3) explore_fail("endless: a loop without an operation");
}

static void catch_signals(void) {
    static char stack[64 * 1024];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternative, NULL);
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGABRT, &action, NULL);
    action.sa_handler = on_tick;
    action.sa_flags |= SA_RESTART;
    sigaction(SIGPROF, &action, NULL);
    struct itimerval timer = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = 1}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

/* ---- the command line ---- */

static void usage(void) {
    printf("usage: %s [options]\n"
           "  --list               the tests\n"
           "  --test NAME          only tests whose name contains NAME\n"
           "  --executions N       executions a test (default %d; exhaustive tests: all)\n"
           "  --seconds S          time a test\n"
           "  --preemptions P      most preemptions of an execution (default 3)\n"
           "  --base B             another set of seeds\n"
           "  --seed S             replays one execution of --test, with its trace\n"
           "  --path P             the same for an exhaustive test\n"
           "  --trace N            lines of trace after a failure\n"
           "  --long               only the tests that take minutes or hours\n"
           "  --plain              traces show plain accesses too\n"
           "  --places             the places with an order above relaxed, and whether they were met\n"
           "  --weaken TAG[=ORDER] runs with the order of one place weakened\n"
           "  --mutate             weakens each place of the library in turn, tells which test objects\n",
           program, DEFAULT_EXECUTIONS);
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {{"executions", 1, NULL, 'e'},  {"seconds", 1, NULL, 's'},
                                          {"preemptions", 1, NULL, 'p'}, {"base", 1, NULL, 'b'},
                                          {"seed", 1, NULL, 'S'},        {"path", 1, NULL, 'P'},
                                          {"test", 1, NULL, 't'},        {"trace", 1, NULL, 'n'},
                                          {"weaken", 1, NULL, 'w'},      {"list", 0, NULL, 'l'},
                                          {"places", 0, NULL, 'c'},      {"mutate", 0, NULL, 'm'},
                                          {"plain", 0, NULL, 'a'},       {"long", 0, NULL, 'L'},
                                          {"help", 0, NULL, 'h'},        {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'e': options.executions = strtoull(optarg, NULL, 0); break;
        case 's': options.seconds = strtod(optarg, NULL); break;
        case 'p': options.preemptions = atoi(optarg); break;
        case 'b': options.base = strtoull(optarg, NULL, 0); break;
        case 'S': options.seed = strtoull(optarg, NULL, 0), options.replay = true; break;
        case 'P': options.path = optarg, options.replay = true; break;
        case 't': options.test = optarg; break;
        case 'n': options.trace = (unsigned)strtoul(optarg, NULL, 0); break;
        case 'w': options.weaken = optarg; break;
        case 'l': options.list = true; break;
        case 'c': options.places = true; break;
        case 'm': options.mutate = true; break;
        case 'a': options.all_plain = true; break;
        case 'L': options.longer = true; break;
        default: usage(); exit(c == 'h' ? 0 : 2);
        }
    }
}

static bool is_wanted(const explore_test *test) {
    return options.test == NULL || strstr(test->name, options.test) != NULL;
}

static int print_places(void) {
    for (unsigned i = 0; i < place_count(); i++)
        if (place_strong(place_at(i)))
            printf("%10u  %s  (line %d)\n", place_at(i)->met, place_tag(i), place_at(i)->line);
    return 0;
}

static int run_wanted(void) {
    unsigned bad = 0, ran = 0;
    for (const explore_test *t = tests; t != NULL; t = t->next) {
        if (!is_wanted(t) || (t->longer != options.longer && !options.replay)) continue;
        if (options.replay) return replay(t);
        if (options.list) {
            printf("%s\n", t->name);
            continue;
        }
        ran++;
        if (!run_test(t)) bad++;
    }
    if (options.list) return 0;
    if (options.places) print_places();
    printf("%u of %u tests passed\n", ran - bad, ran);
    return bad == 0 && ran > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    program = argv[0];
    read_options(argc, argv);
    explore_path = malloc((size_t)(1 << 20) * sizeof *explore_path);
    switch_init();
    report_init();
    catch_signals();
    if (options.mutate) return run_mutations();
    if (options.weaken != NULL) weaken_option(options.weaken);
    return run_wanted();
}
