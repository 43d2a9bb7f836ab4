/* SPDX-License-Identifier: MIT */
/* dynamic_environment.c - the inside of dynamic variables: masks, captured sets and their instances, bindings of
 * workers (D1, D2, and K1's bindings). Links the objects, not the shared library. */
#include "dynamic/env.h"

#include <stdalign.h>
#include <stdlib.h>

#include "harness/harness.h"

enum { MANY = 200 };

typedef struct {
    int64_t word[8];
} wide;
typedef struct {
    char byte[5];
} five;
typedef struct {
    alignas(64) char byte[64];
} over_aligned;

WEFT_VARIABLE(int, first, 1);
WEFT_VARIABLE(int, second, 2);
WEFT_VARIABLE(int, third, 3);
WEFT_VARIABLE(wide, table, {{1, 2, 3, 4, 5, 6, 7, 8}});
WEFT_VARIABLE(five, bytes, {"abcd"});
WEFT_VARIABLE(over_aligned, vector, {{0}});

/* What a task that starts with the environment does: bindings of its own above the worker's. */
static void with_environment(weft_environment *environment, void (*body)(void)) {
    wefti_strand *self = wefti_strand_self();
    if (!CHECK_NOT_NULL(self)) return;
    weft_bound *before = self->bound;
    void *memory = malloc(wefti_environment_size(environment) + 1);
    if (!CHECK(memory)) return;
    self->bound = wefti_environment_instantiate(environment, memory, before);
    body();
    self->bound = before;
    free(memory);
}

/* ---- masks ---- */

static int many_values[MANY];
static weft_variable many[MANY];

static void bind_many(int i) {
    int value = 1000 + i, found;
    if (i == MANY) {
        for (int k = 0; k < MANY; k++) {
            weft_variable_get(&many[k], &found);
            CHECK_EQ(found, k % 2 ? 1000 + k : k);
        }
        return;
    }
    if (i % 2 == 0) {
        bind_many(i + 1);
        return;
    }
    __attribute__((cleanup(weft_bind_end))) weft_bound bound = weft_bind_begin(&many[i], &value, &bound);
    bind_many(i + 1);
}

TEST(more_variables_than_identity_bits_do_not_disturb_each_other) {
    for (int i = 0; i < MANY; i++) {
        many_values[i] = i;
        many[i] = (weft_variable){"many", &many_values[i], sizeof(int), 0};
    }
    bind_many(0);
    /* Those that were not bound get bits too, shared with bound ones, and must still be told apart. */
    for (int i = 0; i < MANY; i += 2) {
        int value = 0;
        __attribute__((cleanup(weft_bind_end))) weft_bound bound = weft_bind_begin(&many[i], &value, &bound);
    }
    bind_many(0);
}

TEST(unbound_variable_is_not_found_in_the_strand) {
    wefti_strand *self = wefti_strand_self();
    if (!CHECK_NOT_NULL(self)) return;
    CHECK_NULL(wefti_variable_bound(self, &first));
    WEFT_BIND(first, 10) {
        int *found = wefti_variable_bound(self, &first);
        if (!CHECK(found)) return;
        CHECK_EQ(*found, 10);
        CHECK_NULL(wefti_variable_bound(self, &second));
    }
    CHECK_NULL(wefti_variable_bound(self, &first));
}

TEST(masks_are_the_union_of_all_outer_identities) {
    wefti_strand *self = wefti_strand_self();
    if (!CHECK_NOT_NULL(self)) return;
    WEFT_BIND(first, 10) WEFT_BIND(second, 20) {
        CHECK(self->bound->mask == (first.identity | second.identity));
        CHECK(self->bound->next->mask == first.identity);
        CHECK_NULL(self->bound->next->next);
    }
    CHECK_NULL(self->bound);
}

/* ---- capture ---- */

static void sees_captured(void) {
    CHECK_EQ(weft_get(first), 10);
    CHECK_EQ(weft_get(second), 20);
    CHECK_EQ(weft_get(third), 3);
}

TEST(capture_of_chosen_variables_takes_bound_and_global_values) {
    weft_environment *environment = NULL;
    WEFT_BIND(first, 10) WEFT_BIND(second, 99) WEFT_BIND(second, 20) {
        environment = weft_capture((weft_variable *[]){&second, &first, &third}, 3);
    }
    if (!CHECK(environment)) return;
    weft_set(third, 33); /* after the capture: not seen */
    with_environment(environment, sees_captured);
    weft_set(third, 3);
    weft_release_environment(environment);
    CHECK_EQ(weft_get(first), 1);
}

TEST(capture_of_all_takes_the_innermost_binding_of_each) {
    weft_environment *environment = NULL;
    WEFT_BIND(first, 9) WEFT_BIND(second, 20) WEFT_BIND(first, 10) { environment = weft_capture(NULL, 0); }
    if (!CHECK(environment)) return;
    CHECK_EQ(wefti_environment_size(environment), wefti_binding_size(&first) + wefti_binding_size(&second));
    with_environment(environment, sees_captured);
    weft_release_environment(environment);
}

static void sees_third_of_the_reader(void) { CHECK_EQ(weft_get(third), 44); }

TEST(variable_outside_the_captured_set_is_seen_as_where_the_task_runs) {
    weft_environment *environment = NULL;
    WEFT_BIND(third, 5) { environment = weft_capture((weft_variable *[]){&first}, 1); }
    if (!CHECK(environment)) return;
    WEFT_BIND(third, 44) { with_environment(environment, sees_third_of_the_reader); }
    weft_release_environment(environment);
}

TEST(capture_of_all_leaves_out_the_bindings_of_the_worker) {
    wefti_strand *self = wefti_strand_self();
    if (!CHECK_NOT_NULL(self)) return;
    WEFT_BIND(first, 9) {
        weft_bound *former = self->base;
        self->base = self->bound;
        WEFT_BIND(second, 20) {
            weft_environment *environment = weft_capture(NULL, 0);
            CHECK_EQ(wefti_environment_size(environment), wefti_binding_size(&second));
            weft_release_environment(environment);
        }
        weft_environment *nothing = weft_capture(NULL, 0);
        CHECK(nothing != NULL);
        CHECK_EQ(wefti_environment_size(nothing), 0);
        CHECK_PTR(wefti_environment_instantiate(nothing, NULL, self->bound), self->bound);
        weft_release_environment(nothing);
        self->base = former;
    }
}

static void sets_and_reads(void) {
    CHECK_EQ(weft_get(first), 10);
    weft_set(first, 11);
    CHECK_EQ(weft_get(first), 11);
}

TEST(sets_inside_a_task_change_its_copy_only) {
    WEFT_BIND(first, 10) {
        weft_environment *environment = weft_capture(NULL, 0);
        with_environment(environment, sets_and_reads);
        with_environment(environment, sets_and_reads);
        CHECK_EQ(weft_get(first), 10);
        weft_release_environment(environment);
    }
}

static void captures_again(void) {
    WEFT_BIND(second, 20) {
        weft_environment *inner = weft_capture(NULL, 0);
        with_environment(inner, sees_captured);
        weft_release_environment(inner);
    }
}

TEST(task_with_captured_bindings_can_capture_them_again) {
    WEFT_BIND(first, 10) {
        weft_environment *environment = weft_capture(NULL, 0);
        with_environment(environment, captures_again);
        weft_release_environment(environment);
    }
}

static void sees_all_sizes(void) {
    CHECK_EQ(weft_get(table).word[7], 80);
    CHECK_STR(weft_get(bytes).byte, "wxyz");
    CHECK_EQ(weft_get(vector).byte[63], 63);
    CHECK_EQ(weft_get(first), 10);
}

TEST(values_of_every_size_survive_capture) {
    over_aligned v = {{0}};
    v.byte[63] = 63;
    weft_environment *environment = NULL;
    WEFT_BIND(bytes, (five){"wxyz"})
    WEFT_BIND(table, (wide){{10, 20, 30, 40, 50, 60, 70, 80}}) WEFT_BIND(vector, v) WEFT_BIND(first, 10) {
        environment = weft_capture(NULL, 0);
    }
    with_environment(environment, sees_all_sizes);
    weft_release_environment(environment);
}

TEST(variable_given_twice_is_captured_once) {
    weft_environment *environment = weft_capture((weft_variable *[]){&first, &first}, 2);
    CHECK_EQ(wefti_environment_size(environment), wefti_binding_size(&first));
    weft_release_environment(environment);
}

TEST(capture_refuses_a_null_variable_and_a_count_without_variables) {
    CHECK_NULL(weft_capture((weft_variable *[]){&first, NULL}, 2));
    CHECK_EQ(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_capture(NULL, 1));
    CHECK_EQ(weft_last_status(), WEFT_INVALID);
}

TEST(captured_set_lives_until_its_last_reference_is_given_back) {
    weft_environment *environment = weft_capture((weft_variable *[]){&first}, 1);
    CHECK_PTR(wefti_environment_retain(environment), environment);
    weft_release_environment(environment);
    CHECK_EQ(wefti_environment_size(environment), wefti_binding_size(&first));
    weft_release_environment(environment);
    weft_release_environment(NULL);
    CHECK_NULL(wefti_environment_retain(NULL));
    CHECK_EQ(wefti_environment_size(NULL), 0);
}

/* ---- bindings of workers ---- */

static int computed;

static void compute_first(void *value, void *argument) {
    computed++;
    CHECK_EQ(weft_get(first), 1); /* not bound yet */
    *(int *)value = *(int *)argument;
}

static void compute_second(void *value, void *argument) {
    (void)argument;
    computed++;
    *(int *)value = weft_get(first) + 1; /* sees the binding before it */
}

static void compute_vector(void *value, void *argument) {
    (void)argument;
    CHECK_EQ((uintptr_t)value % alignof(over_aligned), 0);
    over_aligned v = {{0}};
    v.byte[5] = 5;
    *(over_aligned *)value = v;
}

TEST(worker_bindings_are_computed_in_order_each_seeing_those_before) {
    int argument = 99, plain = 7;
    const weft_worker_binding bindings[] = {{&first, compute_first, &argument},
                                            {&second, compute_second, NULL},
                                            {&third, NULL, &plain},
                                            {&vector, compute_vector, NULL}};
    wefti_strand *self = wefti_strand_self();
    if (!CHECK_NOT_NULL(self)) return;
    void *memory = malloc(wefti_bindings_size(bindings, 4));
    if (!CHECK(memory)) return;
    weft_bound *before = self->bound;
    wefti_bindings_instantiate(bindings, 4, memory, self);
    CHECK_EQ(computed, 2);
    CHECK_EQ(weft_get(first), 99);
    CHECK_EQ(weft_get(second), 100);
    CHECK_EQ(weft_get(third), 7);
    CHECK_EQ(weft_get(vector).byte[5], 5);
    self->bound = before;
    free(memory);
    CHECK_EQ(weft_get(first), 1);
}

TEST(worker_bindings_need_a_variable_and_a_value) {
    int argument = 1;
    CHECK(wefti_bindings_valid(NULL, 0));
    CHECK(!wefti_bindings_valid(NULL, 1));
    CHECK(wefti_bindings_valid((weft_worker_binding[]){{&first, NULL, &argument}, {&first, compute_first, NULL}}, 2));
    CHECK(!wefti_bindings_valid((weft_worker_binding[]){{NULL, compute_first, NULL}}, 1));
    CHECK(!wefti_bindings_valid((weft_worker_binding[]){{&first, NULL, NULL}}, 1));
}
