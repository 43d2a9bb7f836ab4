/* SPDX-License-Identifier: MIT */
/* buffers.c - what buffer.h promises, sentence by sentence: orders, policies, misuse, and kinds made by users. */
#include "contract/common.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void put_all(weft_buffer *buffer, int first, int last) {
    for (int i = first; i <= last; i++) CHECK_OK(weft_enqueue(buffer, &i));
}

/* Takes all out and compares; the expected ones end with 0. */
static void check_taken(weft_buffer *buffer, const int *expected) {
    int value;
    while (weft_dequeue(buffer, &value) == WEFT_OK)
        if (!CHECK_EQ(value, *expected) || *expected++ == 0) return;
    CHECK_EQ(*expected, 0);
    CHECK_STATUS(weft_dequeue(buffer, &value), WEFT_TIMED_OUT);
}
#define CHECK_TAKEN(buffer, ...) check_taken((buffer), (const int[]){__VA_ARGS__, 0})

/* ---- orders and policies ---- */

TEST(bounded_fifo_refuses_one_more_than_its_capacity_and_keeps_what_it_has) {
    weft_buffer *buffer = weft_make_fifo_buffer(sizeof(int), 3);
    int value = 4;
    put_all(buffer, 1, 3);
    CHECK(weft_buffer_full(buffer));
    for (int i = 0; i < 5; i++) CHECK_STATUS(weft_enqueue(buffer, &value), WEFT_TIMED_OUT);
    CHECK_EQ(weft_buffer_size(buffer), 3);
    CHECK_OK(weft_dequeue(buffer, &value));
    CHECK_EQ(value, 1);
    CHECK(!weft_buffer_full(buffer));
    put_all(buffer, 5, 5);
    CHECK_TAKEN(buffer, 2, 3, 5);
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(unbounded_fifo_is_never_full) {
    weft_buffer *buffer = weft_make_unbounded_buffer(sizeof(int));
    CHECK_EQ(weft_buffer_capacity(buffer), 0);
    put_all(buffer, 1, 5000);
    CHECK(!weft_buffer_full(buffer));
    for (int i = 1, value; i <= 5000; i++)
        if (!CHECK_OK(weft_dequeue(buffer, &value)) || !CHECK_EQ(value, i)) break;
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(lossy_buffers_are_never_full_and_lose_what_their_name_says) {
    weft_buffer *oldest = weft_make_drop_oldest_buffer(sizeof(int), 3);
    weft_buffer *newest = weft_make_drop_newest_buffer(sizeof(int), 3);
    weft_buffer *last = weft_make_overwrite_last_buffer(sizeof(int), 3);
    weft_buffer *all[] = {oldest, newest, last};
    for (int i = 0; i < 3; i++) {
        put_all(all[i], 1, 6);
        CHECK(!weft_buffer_full(all[i]));
        CHECK_EQ(weft_buffer_size(all[i]), 3);
        CHECK_EQ(weft_buffer_capacity(all[i]), 3);
    }
    CHECK_TAKEN(oldest, 4, 5, 6);
    CHECK_TAKEN(newest, 1, 2, 3);
    CHECK_TAKEN(last, 1, 2, 6);
    for (int i = 0; i < 3; i++) CHECK_OK(weft_free_buffer(all[i]));
}

TEST(lifo_buffer_gives_the_last_one_first) {
    weft_buffer *buffer = weft_make_lifo_buffer(sizeof(int), 0);
    put_all(buffer, 1, 4);
    CHECK_TAKEN(buffer, 4, 3, 2, 1);
    CHECK_OK(weft_free_buffer(buffer));
}

typedef struct letter {
    int urgency, number;
} letter;

static int by_urgency(const void *a, const void *b) { return by_value(a, b); }

TEST(priority_buffer_gives_the_least_first_and_equal_ones_as_they_came) {
    weft_buffer *buffer = weft_make_priority_buffer(sizeof(letter), 0, by_urgency);
    letter got, before = {0, -1};
    for (int i = 0; i < 300; i++) CHECK_OK(weft_enqueue(buffer, (&(letter){i * 7 % 5, i})));
    for (int i = 0; i < 300; i++) {
        if (!CHECK_OK(weft_dequeue(buffer, &got))) break;
        CHECK(got.urgency > before.urgency || (got.urgency == before.urgency && got.number > before.number));
        before = got;
    }
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(random_buffer_gives_each_element_once_and_any_with_the_same_chance) {
    enum { HELD = 4, ROUNDS = 12000 };
    weft_buffer *buffer = weft_make_random_buffer(sizeof(int), HELD);
    int first[HELD + 1] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        int seen = 0;
        put_all(buffer, 1, HELD);
        for (int i = 0, value; i < HELD; i++) {
            CHECK_OK(weft_dequeue(buffer, &value));
            seen |= 1 << value;
            first[value] += i == 0;
        }
        if (!CHECK_EQ(seen, 2 + 4 + 8 + 16)) break;
    }
    for (int i = 1; i <= HELD; i++) CHECK_LT(abs(first[i] - ROUNDS / HELD), 350); /* seven times the deviation */
    CHECK_OK(weft_free_buffer(buffer));
}

TEST(orders_without_limit_have_one_where_a_capacity_is_given) {
    weft_buffer *all[] = {weft_make_random_buffer(sizeof(int), 2), weft_make_lifo_buffer(sizeof(int), 2),
                          weft_make_priority_buffer(sizeof(int), 2, by_value)};
    for (int i = 0, value = 3; i < 3; i++) {
        CHECK_EQ(weft_buffer_capacity(all[i]), 2);
        put_all(all[i], 1, 2);
        CHECK(weft_buffer_full(all[i]));
        CHECK_STATUS(weft_enqueue(all[i], &value), WEFT_TIMED_OUT);
        CHECK_EQ(weft_buffer_size(all[i]), 2);
        CHECK_OK(weft_dequeue_sized(all[i], NULL, 0));
        CHECK(!weft_buffer_full(all[i]));
        CHECK_OK(weft_free_buffer(all[i]));
    }
}

/* One of each kind. */
enum { KINDS = 8 };
static void make_all(weft_buffer *all[KINDS], size_t element_size, size_t capacity) {
    all[0] = weft_make_fifo_buffer(element_size, capacity);
    all[1] = weft_make_unbounded_buffer(element_size);
    all[2] = weft_make_drop_oldest_buffer(element_size, capacity);
    all[3] = weft_make_drop_newest_buffer(element_size, capacity);
    all[4] = weft_make_overwrite_last_buffer(element_size, capacity);
    all[5] = weft_make_random_buffer(element_size, capacity);
    all[6] = weft_make_lifo_buffer(element_size, capacity);
    all[7] = weft_make_priority_buffer(element_size, capacity, by_value);
    for (int i = 0; i < KINDS; i++) CHECK_NOT_NULL(all[i]);
}

static void free_all(weft_buffer *all[KINDS]) {
    for (int i = 0; i < KINDS; i++) CHECK_OK(weft_free_buffer(all[i]));
}

TEST(a_new_buffer_is_empty_and_dequeue_leaves_it_so) {
    weft_buffer *all[KINDS];
    make_all(all, sizeof(int), 2);
    for (int i = 0; i < KINDS; i++) {
        int value = 77;
        for (int n = 0; n < 3; n++) CHECK_STATUS(weft_dequeue(all[i], &value), WEFT_TIMED_OUT);
        CHECK_STATUS(weft_dequeue_sized(all[i], NULL, 0), WEFT_TIMED_OUT);
        CHECK_EQ(value, 77);
        CHECK_EQ(weft_buffer_size(all[i]), 0);
        CHECK(weft_buffer_empty(all[i]) && !weft_buffer_full(all[i]));
        put_all(all[i], 5, 5);
        CHECK(!weft_buffer_empty(all[i]));
        CHECK_TAKEN(all[i], 5);
    }
    free_all(all);
}

static int all_equal(const void *a, const void *b) {
    CHECK(a != NULL && b != NULL);
    return 0;
}

TEST(elements_without_size_are_counted) {
    weft_buffer *all[KINDS];
    make_all(all, 0, 1000);
    CHECK_OK(weft_free_buffer(all[7]));
    all[7] = weft_make_priority_buffer(0, 1000, all_equal);
    for (int i = 0; i < KINDS; i++) {
        for (int n = 0; n < 1000; n++) CHECK_OK(weft_enqueue_sized(all[i], NULL, 0));
        CHECK_EQ(weft_buffer_size(all[i]), 1000);
        CHECK_STATUS(weft_enqueue_sized(all[i], "x", 0), i == 0 || i >= 5 ? WEFT_TIMED_OUT : WEFT_OK);
        for (int n = 0; n < 1000; n++) CHECK_OK(weft_dequeue_sized(all[i], n % 2 == 0 ? NULL : &n, 0));
        CHECK_EQ(weft_buffer_size(all[i]), i == 1);
    }
    free_all(all);
}

TEST(a_capacity_beyond_all_memory_is_taken_as_it_fills) {
    weft_buffer *all[KINDS];
    make_all(all, sizeof(int), SIZE_MAX);
    for (int i = 0; i < KINDS; i++) {
        CHECK_EQ(weft_buffer_capacity(all[i]), i == 1 ? 0 : (int64_t)SIZE_MAX);
        put_all(all[i], 1, 100);
        CHECK_EQ(weft_buffer_size(all[i]), 100);
    }
    free_all(all);
}

TEST(the_largest_elements_come_out_as_they_went_in) {
    enum { LARGEST = 1 << 20 };
    weft_buffer *all[KINDS];
    unsigned char *element = malloc(LARGEST);
    make_all(all, LARGEST, 3);
    for (int i = 0; i < KINDS; i++) {
        memset(element, 10 + i, LARGEST);
        CHECK_OK(weft_enqueue_sized(all[i], element, LARGEST));
        memset(element, 0, LARGEST);
        CHECK_OK(weft_dequeue_sized(all[i], element, LARGEST));
        CHECK(element[0] == 10 + i && memcmp(element, element + 1, LARGEST - 1) == 0);
    }
    free(element);
    free_all(all);
}

/* ---- misuse ---- */

static void check_not_made(weft_buffer *buffer) {
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(buffer);
}

TEST(makers_refuse_no_capacity_large_elements_and_no_comparison) {
    enum { TOO_LARGE = (1 << 20) + 1 };
    check_not_made(weft_make_fifo_buffer(4, 0));
    check_not_made(weft_make_drop_oldest_buffer(4, 0));
    check_not_made(weft_make_drop_newest_buffer(4, 0));
    check_not_made(weft_make_overwrite_last_buffer(4, 0));
    check_not_made(weft_make_fifo_buffer(TOO_LARGE, 1));
    check_not_made(weft_make_unbounded_buffer(TOO_LARGE));
    check_not_made(weft_make_random_buffer(SIZE_MAX, 1));
    check_not_made(weft_make_lifo_buffer(TOO_LARGE, 1));
    check_not_made(weft_make_priority_buffer(TOO_LARGE, 1, by_value));
    check_not_made(weft_make_priority_buffer(4, 1, NULL));
}

TEST(enqueue_and_dequeue_refuse_null_and_another_size) {
    weft_buffer *buffer = weft_make_fifo_buffer(sizeof(int), 1);
    int value = 1;
    char small = 1;
    CHECK_STATUS(weft_enqueue((weft_buffer *)NULL, &value), WEFT_INVALID);
    CHECK_STATUS(weft_dequeue((weft_buffer *)NULL, &value), WEFT_INVALID);
    CHECK_STATUS(weft_enqueue_sized(buffer, NULL, sizeof value), WEFT_INVALID);
    CHECK_STATUS(weft_enqueue_sized(buffer, NULL, 0), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_enqueue(buffer, &small), WEFT_WRONG_SIZE);
    put_all(buffer, 1, 1);
    CHECK_STATUS(weft_enqueue(buffer, &small), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_dequeue(buffer, &small), WEFT_WRONG_SIZE);
    CHECK_TAKEN(buffer, 1);
    CHECK_OK(weft_free_buffer(buffer));
}

static bool is_even(const void *element, void *argument) {
    *(int *)argument += 1;
    return *(const int *)element % 2 == 0;
}

TEST(no_buffer_is_nothing_at_all) {
    size_t removed = 9;
    int asked = 0;
    CHECK_OK(weft_free_buffer(NULL));
    CHECK_EQ(weft_buffer_size(NULL), 0);
    CHECK_EQ(weft_buffer_capacity(NULL), 0);
    CHECK(weft_buffer_empty(NULL) && !weft_buffer_full(NULL));
    CHECK_STATUS(weft_set_buffer_destroy(NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_buffer_remove_if(NULL, is_even, &asked, &removed), WEFT_INVALID);
    CHECK_EQ(removed, 0);
}

/* ---- destroying and removing ---- */

static int destroyed_sum, destroyed_count;

static void add_up(void *element) {
    destroyed_sum += *(int *)element;
    destroyed_count++;
}

static void check_destroyed(int count, int sum) {
    CHECK_EQ(destroyed_count, count);
    CHECK_EQ(destroyed_sum, sum);
    destroyed_count = destroyed_sum = 0;
}

TEST(dropped_elements_are_destroyed_and_those_taken_are_not) {
    static const int lost[KINDS] = {0, 0, 1 + 2, 4 + 5, 3 + 4, 0, 0, 0};
    weft_buffer *all[KINDS];
    make_all(all, sizeof(int), 3);
    for (int i = 0, value; i < KINDS; i++) {
        bool loses = lost[i] > 0;
        CHECK_OK(weft_set_buffer_destroy(all[i], add_up));
        put_all(all[i], 1, loses ? 5 : 3);
        check_destroyed(loses ? 2 : 0, lost[i]);
        CHECK_OK(weft_dequeue(all[i], &value));
        check_destroyed(0, 0);
        CHECK_OK(weft_dequeue_sized(all[i], NULL, sizeof value));
        CHECK_EQ(destroyed_count, 1);
        CHECK_OK(weft_free_buffer(all[i]));
        check_destroyed(2, (loses ? 15 : 6) - lost[i] - value);
    }
}

TEST(what_is_left_is_destroyed_with_the_buffer) {
    weft_buffer *all[KINDS];
    make_all(all, sizeof(int), 10);
    for (int i = 0; i < KINDS; i++) {
        CHECK_OK(weft_set_buffer_destroy(all[i], add_up));
        put_all(all[i], 1, 4);
        CHECK_OK(weft_free_buffer(all[i]));
        check_destroyed(4, 10);
    }
}

TEST(destroy_cannot_be_set_once_there_are_elements) {
    weft_buffer *buffer = weft_make_unbounded_buffer(sizeof(int));
    CHECK_OK(weft_set_buffer_destroy(buffer, add_up));
    put_all(buffer, 7, 7);
    CHECK_STATUS(weft_set_buffer_destroy(buffer, NULL), WEFT_BUSY);
    CHECK_OK(weft_dequeue_sized(buffer, NULL, 0));
    check_destroyed(1, 7);
    CHECK_OK(weft_set_buffer_destroy(buffer, NULL));
    put_all(buffer, 8, 8);
    CHECK_OK(weft_free_buffer(buffer));
    check_destroyed(0, 0);
}

TEST(remove_if_asks_for_each_element_once_destroys_what_matches_and_keeps_the_order) {
    weft_buffer *all[KINDS];
    make_all(all, sizeof(int), 100);
    for (int i = 0; i < KINDS; i++) {
        size_t removed = 0;
        int asked = 0;
        CHECK_OK(weft_set_buffer_destroy(all[i], add_up));
        put_all(all[i], 1, 9);
        CHECK_STATUS(weft_buffer_remove_if(all[i], NULL, &asked, &removed), WEFT_INVALID);
        CHECK_OK(weft_buffer_remove_if(all[i], is_even, &asked, &removed));
        CHECK_EQ(asked, 9);
        CHECK_EQ(removed, 4);
        check_destroyed(4, 20);
        CHECK_OK(weft_buffer_remove_if(all[i], is_even, &asked, &removed));
        CHECK_EQ(removed, 0);
        CHECK_OK(weft_buffer_remove_if(all[i], is_even, &asked, NULL));
        check_destroyed(0, 0);
        if (i == 6)
            CHECK_TAKEN(all[i], 9, 7, 5, 3, 1);
        else if (i != 5)
            CHECK_TAKEN(all[i], 1, 3, 5, 7, 9);
    }
    free_all(all);
    check_destroyed(5, 25); /* of the random one */
}

/* ---- a buffer that belongs to a channel ---- */

/* Those that are plainly first in, first out, are tested beneath (unit/buffer_model.c): a channel has a store of its
 * own for that order and does not keep them. */
TEST(a_buffer_of_a_channel_is_the_channels_alone) {
    weft_buffer *all[KINDS];
    make_all(all, sizeof(int), 3);
    for (int i = 0, value = 1, asked = 0; i < KINDS; i++) {
        size_t removed = 9;
        weft_channel *channel = weft_make_channel_with(int, &(weft_channel_options){.buffer = all[i]});
        if (!CHECK_NOT_NULL(channel)) continue;
        CHECK_STATUS(weft_free_buffer(all[i]), WEFT_BUSY);
        CHECK_STATUS(weft_enqueue(all[i], &value), WEFT_BUSY);
        CHECK_STATUS(weft_dequeue(all[i], &value), WEFT_BUSY);
        CHECK_STATUS(weft_set_buffer_destroy(all[i], add_up), WEFT_BUSY);
        CHECK_STATUS(weft_buffer_remove_if(all[i], is_even, &asked, &removed), WEFT_BUSY);
        CHECK_EQ(removed, 0);
        CHECK_OK(weft_free_channel(channel)); /* and the buffer with it */
    }
}

TEST(a_buffer_that_no_channel_could_take_is_still_the_callers) {
    weft_buffer *buffer = weft_make_fifo_buffer(sizeof(int), 3);
    CHECK_NULL(weft_make_channel_with(char, &(weft_channel_options){.buffer = buffer}));
    CHECK_STATUS(weft_last_status(), WEFT_WRONG_SIZE);
    put_all(buffer, 1, 1);
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.buffer = buffer}));
    CHECK_STATUS(weft_last_status(), WEFT_BUSY);
    CHECK_TAKEN(buffer, 1);
    CHECK_OK(weft_free_buffer(buffer));
}

/* ---- kinds made by users ---- */

/* Two places; what it does next is told from outside. */
typedef struct pair {
    int values[2], count;
    size_t element_size, capacity;
} pair;

static struct {
    weft_status open, put, take;
    int opened, closed, puts, left;
    bool loses, zeroed, aligned;
} told;

static weft_status pair_open(void *state, size_t element_size, size_t capacity) {
    static const pair nothing;
    pair *p = state;
    told.opened++;
    told.zeroed = memcmp(p, &nothing, sizeof nothing) == 0;
    told.aligned = (uintptr_t)state % 16 == 0;
    if (told.open != WEFT_OK) return told.open;
    p->element_size = element_size;
    p->capacity = capacity;
    return WEFT_OK;
}

static void pair_close(void *state) {
    told.closed++;
    told.left = ((pair *)state)->count;
}

static size_t pair_count(const void *state) { return (size_t)((const pair *)state)->count; }

static size_t pair_capacity(const void *state) { return ((const pair *)state)->capacity; }

static weft_status pair_put(void *state, const void *element, void *dropped, bool *lost) {
    pair *p = state;
    told.puts++;
    CHECK(!*lost);
    CHECK_EQ((uintptr_t)dropped % 16, 0);
    *lost = told.loses;
    if (told.put != WEFT_OK) return told.put;
    if (told.loses)
        memcpy(dropped, element, p->element_size);
    else if (CHECK_LT(p->count, 2))
        memcpy(&p->values[p->count++], element, p->element_size);
    return WEFT_OK;
}

static weft_status pair_take(void *state, void *element) {
    pair *p = state;
    if (told.take != WEFT_OK || !CHECK_GT(p->count, 0)) return told.take;
    memcpy(element, &p->values[--p->count], p->element_size);
    return WEFT_OK;
}

static const weft_buffer_type pair_type = {.name = "pair",
                                           .state_size = sizeof(pair),
                                           .open = pair_open,
                                           .close = pair_close,
                                           .count = pair_count,
                                           .capacity = pair_capacity,
                                           .put = pair_put,
                                           .take = pair_take};

static weft_buffer *make_pair(void) {
    memset(&told, 0, sizeof told);
    weft_buffer *buffer = weft_make_buffer(&pair_type, sizeof(int), 2);
    CHECK_NOT_NULL(buffer);
    CHECK_OK(weft_set_buffer_destroy(buffer, add_up));
    return buffer;
}

static void free_pair(weft_buffer *buffer, int left) {
    told.take = WEFT_OK;
    CHECK_OK(weft_free_buffer(buffer));
    CHECK_EQ(told.opened, 1);
    CHECK_EQ(told.closed, 1);
    CHECK_EQ(told.left, 0);
    CHECK_EQ(destroyed_count, left);
    destroyed_count = destroyed_sum = 0;
}

TEST(a_kind_of_the_users_own_works_as_told) {
    weft_buffer *buffer = make_pair();
    size_t removed = 9;
    int asked = 0, value = 3;
    CHECK(told.zeroed && told.aligned);
    CHECK_EQ(weft_buffer_capacity(buffer), 2);
    put_all(buffer, 1, 2);
    CHECK(weft_buffer_full(buffer)); /* count has reached the capacity */
    CHECK_STATUS(weft_enqueue(buffer, &value), WEFT_TIMED_OUT);
    CHECK_EQ(told.puts, 2); /* put was not called */
    CHECK_STATUS(weft_buffer_remove_if(buffer, is_even, &asked, &removed), WEFT_INVALID);
    CHECK_EQ(removed, 0);
    CHECK_OK(weft_dequeue(buffer, &value));
    CHECK_EQ(value, 2);
    free_pair(buffer, 1);
}

TEST(what_a_kind_of_the_users_own_gives_up_is_destroyed) {
    weft_buffer *buffer = make_pair();
    told.loses = true;
    put_all(buffer, 5, 7);
    check_destroyed(3, 18);
    CHECK(weft_buffer_empty(buffer));
    free_pair(buffer, 0);
}

TEST(a_put_or_take_that_fails_says_so_and_changes_nothing) {
    weft_buffer *buffer = make_pair();
    int value = 9;
    told.put = WEFT_NO_MEMORY;
    CHECK_STATUS(weft_enqueue(buffer, &value), WEFT_NO_MEMORY);
    told.put = WEFT_CANCELLED;
    told.loses = true; /* of no account where it failed */
    CHECK_STATUS(weft_enqueue(buffer, &value), WEFT_CANCELLED);
    check_destroyed(0, 0);
    CHECK(weft_buffer_empty(buffer));
    told.put = WEFT_OK;
    told.loses = false;
    put_all(buffer, 1, 2);
    told.take = WEFT_FAILED;
    CHECK_STATUS(weft_dequeue(buffer, &value), WEFT_FAILED);
    CHECK_STATUS(weft_dequeue_sized(buffer, NULL, 0), WEFT_FAILED);
    check_destroyed(0, 0);
    CHECK_EQ(value, 9);
    CHECK_EQ(weft_buffer_size(buffer), 2);
    told.take = WEFT_OK;
    CHECK_TAKEN(buffer, 2, 1);
    free_pair(buffer, 0);
}

TEST(a_buffer_whose_take_fails_is_freed_all_the_same) {
    weft_buffer *buffer = make_pair();
    put_all(buffer, 1, 2);
    told.take = WEFT_FAILED;
    CHECK_OK(weft_free_buffer(buffer));
    CHECK_EQ(told.closed, 1);
    CHECK_EQ(told.left, 2); /* close sees what is left */
    check_destroyed(0, 0);
}

TEST(an_open_that_fails_makes_no_buffer_and_is_not_closed) {
    memset(&told, 0, sizeof told);
    told.open = WEFT_ENDED;
    weft_buffer *buffer = weft_make_buffer(&pair_type, sizeof(int), 2);
    CHECK_STATUS(weft_last_status(), WEFT_ENDED);
    CHECK_NULL(buffer);
    CHECK_EQ(told.opened, 1);
    CHECK_EQ(told.closed, 0);
}

static size_t never_any(const void *state) { return (void)state, 0; }
static weft_status swallow(void *state, const void *element, void *dropped, bool *lost) {
    (void)state;
    *(int *)dropped = *(const int *)element;
    *lost = true;
    return WEFT_OK;
}
static weft_status nothing_to_take(void *state, void *element) { return (void)state, (void)element, WEFT_FAILED; }

TEST(a_kind_needs_count_put_and_take_and_no_more) {
    weft_buffer_type sink = {.count = never_any, .put = swallow, .take = nothing_to_take};
    weft_buffer *buffer = weft_make_buffer(&sink, sizeof(int), 3);
    CHECK_OK(weft_set_buffer_destroy(buffer, add_up));
    put_all(buffer, 1, 10);
    check_destroyed(10, 55);
    CHECK_EQ(weft_buffer_capacity(buffer), 0); /* no function that tells: no limit */
    CHECK(weft_buffer_empty(buffer) && !weft_buffer_full(buffer));
    CHECK_OK(weft_free_buffer(buffer));
    weft_buffer_type lacking[] = {sink, sink, sink, sink};
    lacking[0].count = NULL;
    lacking[1].put = NULL;
    lacking[2].take = NULL;
    lacking[3].state_size = SIZE_MAX;
    for (int i = 0; i < 4; i++) check_not_made(weft_make_buffer(&lacking[i], sizeof(int), 3));
    check_not_made(weft_make_buffer(NULL, sizeof(int), 3));
    check_not_made(weft_make_buffer(&sink, (1 << 20) + 1, 3));
}
