/* SPDX-License-Identifier: MIT */
/* buffers.c - row CH3: buffers by themselves, each kind against its rule and against a plain model. */
#include <stdlib.h>
#include <string.h>

#include <weft/buffer.h>

#include "harness/harness.h"

static int destroyed;
static void count_destroyed(void *element) {
    (void)element;
    destroyed++;
}

static int by_tens(const void *a, const void *b) { return *(const int *)a / 10 - *(const int *)b / 10; }

static void put_all(weft_buffer *buffer, const int *values, int count) {
    for (int i = 0; i < count; i++) CHECK_OK(weft_enqueue(buffer, &values[i]));
}

static void expect_all(weft_buffer *buffer, const int *values, int count) {
    CHECK_EQ(weft_buffer_size(buffer), (size_t)count);
    for (int i = 0; i < count; i++) {
        int value = -1;
        CHECK_OK(weft_dequeue(buffer, &value));
        CHECK_EQ(value, values[i]);
    }
    CHECK(weft_buffer_empty(buffer));
    CHECK_STATUS(weft_dequeue(buffer, &(int){0}), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_buffer(buffer));
}

#define GO_THROUGH(buffer, in, out)                                                                                    \
    do {                                                                                                               \
        weft_buffer *tested = (buffer);                                                                                \
        CHECK_NOT_NULL(tested);                                                                                        \
        put_all(tested, (const int[])in, sizeof((const int[])in) / sizeof(int));                                       \
        expect_all(tested, (const int[])out, sizeof((const int[])out) / sizeof(int));                                  \
    } while (0)
#define LIST(...)                                                                                                      \
    { __VA_ARGS__ }

TEST(each_kind_gives_elements_in_its_own_order) {
    GO_THROUGH(weft_make_fifo_buffer(sizeof(int), 5), LIST(1, 2, 3, 4, 5), LIST(1, 2, 3, 4, 5));
    GO_THROUGH(weft_make_unbounded_buffer(sizeof(int)), LIST(1, 2, 3, 4, 5), LIST(1, 2, 3, 4, 5));
    GO_THROUGH(weft_make_drop_oldest_buffer(sizeof(int), 2), LIST(1, 2, 3, 4, 5), LIST(4, 5));
    GO_THROUGH(weft_make_drop_newest_buffer(sizeof(int), 2), LIST(1, 2, 3, 4, 5), LIST(1, 2));
    GO_THROUGH(weft_make_overwrite_last_buffer(sizeof(int), 2), LIST(1, 2, 3, 4, 5), LIST(1, 5));
    GO_THROUGH(weft_make_lifo_buffer(sizeof(int), 0), LIST(1, 2, 3, 4, 5), LIST(5, 4, 3, 2, 1));
}

TEST(a_priority_buffer_gives_the_least_first_and_equal_ones_as_they_came) {
    GO_THROUGH(weft_make_priority_buffer(sizeof(int), 0, by_tens), LIST(31, 12, 39, 15, 50, 11),
               LIST(12, 15, 11, 31, 39, 50));
}

TEST(a_full_buffer_refuses_and_keeps_what_it_has) {
    weft_buffer *buffer = weft_make_fifo_buffer(sizeof(int), 2);
    put_all(buffer, (const int[]){1, 2}, 2);
    CHECK(weft_buffer_full(buffer));
    CHECK_STATUS(weft_enqueue(buffer, &(int){3}), WEFT_TIMED_OUT);
    expect_all(buffer, (const int[]){1, 2}, 2);
}

TEST(lossy_buffers_are_never_full_and_destroy_what_they_lose) {
    weft_buffer *kinds[] = {weft_make_drop_oldest_buffer(sizeof(int), 2), weft_make_drop_newest_buffer(sizeof(int), 2),
                            weft_make_overwrite_last_buffer(sizeof(int), 2)};
    for (int k = 0; k < 3; k++) {
        destroyed = 0;
        CHECK_OK(weft_set_buffer_destroy(kinds[k], count_destroyed));
        put_all(kinds[k], (const int[]){1, 2, 3, 4, 5}, 5);
        CHECK(!weft_buffer_full(kinds[k]));
        CHECK_EQ(weft_buffer_capacity(kinds[k]), 2);
        CHECK_EQ(destroyed, 3);
        CHECK_OK(weft_dequeue_sized(kinds[k], NULL, 0));
        CHECK_EQ(destroyed, 4);
        CHECK_OK(weft_free_buffer(kinds[k]));
        CHECK_EQ(destroyed, 5);
    }
}

TEST(a_random_buffer_gives_each_element_once_and_not_always_in_order) {
    enum { COUNT = 64, ROUNDS = 8 };
    int in_order = 0;
    for (int round = 0; round < ROUNDS; round++) {
        weft_buffer *buffer = weft_make_random_buffer(sizeof(int), 0);
        bool seen[COUNT] = {false};
        for (int i = 0; i < COUNT; i++) CHECK_OK(weft_enqueue(buffer, &i));
        for (int i = 0; i < COUNT; i++) {
            int value = -1;
            CHECK_OK(weft_dequeue(buffer, &value));
            if (CHECK(value >= 0 && value < COUNT)) {
                CHECK(!seen[value]);
                seen[value] = true;
                in_order += value == i;
            }
        }
        CHECK_OK(weft_free_buffer(buffer));
    }
    CHECK_LT(in_order, COUNT * ROUNDS / 4); /* about one in 64 is expected */
}

static bool is_odd(const void *element, void *argument) {
    (void)argument;
    return *(const int *)element % 2 != 0;
}

TEST(elements_are_taken_out_by_content_and_the_others_keep_their_order) {
    weft_buffer *kinds[] = {weft_make_unbounded_buffer(sizeof(int)), weft_make_lifo_buffer(sizeof(int), 0),
                            weft_make_priority_buffer(sizeof(int), 0, by_tens),
                            weft_make_random_buffer(sizeof(int), 0)};
    static const int left[][3] = {{2, 4, 6}, {6, 4, 2}, {2, 4, 6}};
    for (int k = 0; k < 4; k++) {
        size_t removed = 0;
        put_all(kinds[k], (const int[]){1, 2, 3, 4, 5, 6, 7}, 7);
        CHECK_OK(weft_buffer_remove_if(kinds[k], is_odd, NULL, &removed));
        CHECK_EQ(removed, 4);
        CHECK_EQ(weft_buffer_size(kinds[k]), 3);
        if (k < 3)
            expect_all(kinds[k], left[k], 3);
        else
            CHECK_OK(weft_free_buffer(kinds[k]));
    }
}

/* A ring that grows while it is wound round, against an array. */
TEST(a_fifo_of_any_history_is_first_in_first_out) {
    weft_buffer *buffer = weft_make_unbounded_buffer(sizeof(int));
    int next_in = 0, next_out = 0;
    srand((unsigned)harness_seed());
    for (int step = 0; step < 20000; step++) {
        if (rand() % 100 < (step / 2000 % 2 == 0 ? 60 : 40)) {
            CHECK_OK(weft_enqueue(buffer, &next_in));
            next_in++;
        } else {
            int value;
            weft_status status = weft_dequeue(buffer, &value);
            if (next_out == next_in)
                CHECK_STATUS(status, WEFT_TIMED_OUT);
            else
                CHECK_EQ(value, next_out);
            next_out += status == WEFT_OK;
        }
        CHECK_EQ(weft_buffer_size(buffer), (size_t)(next_in - next_out));
    }
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(a_priority_buffer_of_any_history_gives_the_least) {
    enum { MOST = 300 };
    weft_buffer *buffer = weft_make_priority_buffer(sizeof(int), MOST, by_tens);
    int held[MOST], count = 0;
    srand((unsigned)harness_seed());
    for (int step = 0; step < 5000; step++) {
        if (count < MOST && rand() % 2 == 0) {
            held[count] = rand() % 10000;
            CHECK_OK(weft_enqueue(buffer, &held[count]));
            count++;
        } else if (count > 0) {
            int least = 0, value = -1;
            for (int i = 1; i < count; i++)
                if (by_tens(&held[i], &held[least]) < 0) least = i;
            CHECK_OK(weft_dequeue(buffer, &value));
            CHECK_EQ(value, held[least]);
            memmove(&held[least], &held[least + 1], (size_t)(--count - least) * sizeof *held);
        }
    }
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(elements_without_a_size_are_counted) {
    weft_buffer *buffer = weft_make_fifo_buffer(0, 3);
    for (int i = 0; i < 3; i++) CHECK_OK(weft_enqueue_sized(buffer, NULL, 0));
    CHECK_STATUS(weft_enqueue_sized(buffer, NULL, 0), WEFT_TIMED_OUT);
    for (int i = 0; i < 3; i++) CHECK_OK(weft_dequeue_sized(buffer, NULL, 0));
    CHECK_STATUS(weft_dequeue_sized(buffer, NULL, 0), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(misuse_of_a_buffer_is_a_status) {
    weft_buffer *buffer = weft_make_fifo_buffer(sizeof(int), 1);
    CHECK_STATUS(weft_enqueue_sized(NULL, &(int){1}, sizeof(int)), WEFT_INVALID);
    CHECK_STATUS(weft_enqueue_sized(buffer, NULL, sizeof(int)), WEFT_INVALID);
    CHECK_STATUS(weft_enqueue(buffer, &(char){1}), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_dequeue_sized(NULL, NULL, 0), WEFT_INVALID);
    CHECK_STATUS(weft_dequeue(buffer, &(char){1}), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_set_buffer_destroy(NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_buffer_remove_if(NULL, is_odd, NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_buffer_remove_if(buffer, NULL, NULL, NULL), WEFT_INVALID);
    CHECK_OK(weft_free_buffer(NULL));
    CHECK(weft_buffer_empty(NULL));
    CHECK(!weft_buffer_full(NULL));
    CHECK_NULL(weft_make_fifo_buffer(sizeof(int), 0));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_make_priority_buffer(sizeof(int), 0, NULL));
    CHECK_NULL(weft_make_unbounded_buffer((size_t)1 << 30));
    CHECK_NULL(weft_make_buffer(NULL, 4, 0));
    CHECK_OK(weft_enqueue(buffer, &(int){1}));
    CHECK_STATUS(weft_set_buffer_destroy(buffer, count_destroyed), WEFT_BUSY);
    CHECK_OK(weft_free_buffer(buffer));
}
