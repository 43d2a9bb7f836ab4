/* SPDX-License-Identifier: MIT */
/* dynamic_variables.c - a variable has a global value and bindings that end on every way out of their block (D1). */
#include <weft/dynamic.h>

#include <pthread.h>

#include "harness/harness.h"

typedef struct {
    int64_t word[8];
} wide;
typedef struct {
    char text[3];
} three;

WEFT_VARIABLE(int, depth, 7);
WEFT_VARIABLE(char, letter, 'a');
WEFT_VARIABLE(short, small, 3);
WEFT_VARIABLE(double, ratio, 0.5);
WEFT_VARIABLE(const char *, title, "global");
WEFT_VARIABLE(wide, table, {{1, 2, 3, 4, 5, 6, 7, 8}});
WEFT_VARIABLE(three, triple, {"ab"});

TEST(unbound_variable_has_its_global_value) {
    CHECK_EQ(weft_get(depth), 7);
    CHECK_EQ(weft_get(letter), 'a');
    CHECK_EQ(weft_get(small), 3);
    CHECK(weft_get(ratio) == 0.5);
    CHECK_STR(weft_get(title), "global");
    CHECK_EQ(weft_get(table).word[7], 8);
    CHECK_STR(weft_get(triple).text, "ab");
}

TEST(set_where_nothing_is_bound_changes_the_global_value) {
    weft_set(depth, 8);
    weft_set(letter, 'b');
    weft_set(small, 4);
    weft_set(ratio, 1.5);
    weft_set(table, (wide){{9, 9, 9, 9, 9, 9, 9, 10}});
    weft_set(triple, (three){"cd"});
    CHECK_EQ(weft_get(depth), 8);
    CHECK_EQ(weft_get(letter), 'b');
    CHECK_EQ(weft_get(small), 4);
    CHECK(weft_get(ratio) == 1.5);
    CHECK_EQ(weft_get(table).word[7], 10);
    CHECK_STR(weft_get(triple).text, "cd");
    weft_set(depth, 7);
}

TEST(binding_is_seen_in_its_block_and_gone_after_it) {
    WEFT_BIND(depth, 20) { CHECK_EQ(weft_get(depth), 20); }
    CHECK_EQ(weft_get(depth), 7);
}

TEST(value_is_computed_once_and_before_the_binding_begins) {
    int computed = 0;
    WEFT_BIND(depth, (computed++, weft_get(depth) + 1)) { CHECK_EQ(weft_get(depth), 8); }
    CHECK_EQ(computed, 1);
}

TEST(set_changes_the_innermost_binding_only) {
    WEFT_BIND(depth, 1) {
        WEFT_BIND(depth, 2) {
            weft_set(depth, 3);
            CHECK_EQ(weft_get(depth), 3);
        }
        CHECK_EQ(weft_get(depth), 1);
    }
    CHECK_EQ(weft_get(depth), 7);
}

TEST(bindings_of_several_variables_nest) {
    WEFT_BIND(depth, 1) WEFT_BIND(title, "inner") WEFT_BIND(table, (wide){{5}}) {
        CHECK_EQ(weft_get(depth), 1);
        CHECK_STR(weft_get(title), "inner");
        CHECK_EQ(weft_get(table).word[0], 5);
        CHECK_EQ(weft_get(table).word[1], 0);
        CHECK_EQ(weft_get(small), 4);
    }
    CHECK_STR(weft_get(title), "global");
}

TEST(break_leaves_the_block_and_ends_the_binding) {
    int turns = 0, after = 0;
    for (int i = 0; i < 3; i++) {
        WEFT_BIND(depth, 30 + i) {
            turns++;
            if (i >= 0) break;
            after++;
        }
        CHECK_EQ(weft_get(depth), 7);
    }
    CHECK_EQ(turns, 3);
    CHECK_EQ(after, 0);
}

TEST(continue_leaves_the_block_and_ends_the_binding) {
    int turns = 0, after = 0;
    WEFT_BIND(depth, 30) {
        turns++;
        if (turns) continue;
        after++;
    }
    CHECK_EQ(turns, 1);
    CHECK_EQ(after, 0);
    CHECK_EQ(weft_get(depth), 7);
}

static int returned_from_two_bindings(void) {
    WEFT_BIND(depth, 40) WEFT_BIND(depth, 41) { return weft_get(depth); }
    return -1;
}

TEST(return_ends_all_bindings_of_the_function) {
    CHECK_EQ(returned_from_two_bindings(), 41);
    CHECK_EQ(weft_get(depth), 7);
}

TEST(goto_ends_the_bindings_it_leaves) {
    WEFT_BIND(depth, 50) {
        WEFT_BIND(depth, 51) {
            if (weft_get(depth) == 51) goto middle;
        }
        CHECK(false);
    middle:
        CHECK_EQ(weft_get(depth), 50);
        if (weft_get(depth) == 50) goto out;
    }
    CHECK(false);
out:
    CHECK_EQ(weft_get(depth), 7);
}

static int descend(int levels) {
    if (levels == 0) return weft_get(depth);
    int found = 0;
    WEFT_BIND(depth, weft_get(depth) + 1) { found = descend(levels - 1); }
    return found;
}

TEST(bindings_follow_the_calls_and_not_the_text) {
    CHECK_EQ(descend(1000), 1007);
    CHECK_EQ(weft_get(depth), 7);
}

static void *read_in_a_thread(void *found) {
    *(int *)found = weft_get(depth);
    return NULL;
}

static void *bind_in_a_thread(void *barrier) {
    WEFT_BIND(depth, 99) {
        pthread_barrier_wait(barrier); /* both are bound */
        weft_set(depth, 98);
        pthread_barrier_wait(barrier); /* both have set */
        CHECK_EQ(weft_get(depth), 98);
    }
    return NULL;
}

TEST(other_thread_does_not_see_a_binding) {
    int found = 0;
    pthread_t thread;
    WEFT_BIND(depth, 60) {
        if (!CHECK(pthread_create(&thread, NULL, read_in_a_thread, &found) == 0)) return;
        pthread_join(thread, NULL);
    }
    CHECK_EQ(found, 7);
}

TEST(threads_bind_the_same_variable_independently) {
    pthread_t thread;
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    if (!CHECK(pthread_create(&thread, NULL, bind_in_a_thread, &barrier) == 0)) return;
    WEFT_BIND(depth, 70) {
        pthread_barrier_wait(&barrier);
        CHECK_EQ(weft_get(depth), 70);
        pthread_barrier_wait(&barrier);
        CHECK_EQ(weft_get(depth), 70);
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
    CHECK_EQ(weft_get(depth), 7);
}
