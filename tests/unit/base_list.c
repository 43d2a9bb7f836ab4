/* SPDX-License-Identifier: MIT */
/* base_list.c - the intrusive list keeps its order, whatever is put in and taken out. */
#include "harness/harness.h"

#include <string.h>

#include "base/list.h"

enum { COUNT = 12 };

typedef struct element {
    int value;
    wefti_link link;
} element;

static element elements[COUNT];

static void init_elements(void) {
    for (int i = 0; i < COUNT; i++) {
        elements[i].value = i;
        wefti_link_init(&elements[i].link);
    }
}

/* Both directions must agree with what is expected, which ends with -1. */
static void check_order(const wefti_list *list, const int *expected) {
    int count = 0;
    for (wefti_link *at = wefti_list_first(list); at != NULL; at = wefti_list_next(list, at), count++)
        if (!CHECK_EQ(WEFTI_CONTAINER(at, element, link)->value, expected[count])) return;
    CHECK_EQ(expected[count], -1);
    for (const wefti_link *at = list->head.previous; at != &list->head; at = at->previous)
        if (!CHECK_EQ(WEFTI_CONTAINER(at, element, link)->value, expected[--count])) return;
}

TEST(a_new_list_is_empty) {
    wefti_list list;
    wefti_list_init(&list);
    CHECK(wefti_list_is_empty(&list));
    CHECK_NULL(wefti_list_first(&list));
    CHECK_NULL(wefti_list_take_first(&list));
}

TEST(first_and_last_keep_their_order) {
    wefti_list list;
    wefti_list_init(&list);
    init_elements();
    wefti_list_put_last(&list, &elements[2].link);
    wefti_list_put_last(&list, &elements[3].link);
    wefti_list_put_first(&list, &elements[1].link);
    wefti_link_put_before(&elements[5].link, &elements[3].link);
    check_order(&list, (int[]){1, 2, 5, 3, -1});
}

TEST(a_link_knows_whether_it_is_in_a_list_and_may_be_taken_out_twice) {
    wefti_list list;
    wefti_list_init(&list);
    init_elements();
    CHECK(!wefti_link_is_in(&elements[0].link));
    wefti_list_put_last(&list, &elements[0].link);
    wefti_list_put_last(&list, &elements[1].link);
    CHECK(wefti_link_is_in(&elements[0].link));
    wefti_link_take_out(&elements[0].link);
    wefti_link_take_out(&elements[0].link);
    CHECK(!wefti_link_is_in(&elements[0].link));
    check_order(&list, (int[]){1, -1});
}

TEST(all_of_one_list_go_to_the_end_of_another) {
    wefti_list list, other;
    wefti_list_init(&list);
    wefti_list_init(&other);
    init_elements();
    wefti_list_put_all(&list, &other);
    CHECK(wefti_list_is_empty(&list));
    for (int i = 0; i < 3; i++) wefti_list_put_last(&other, &elements[i].link);
    wefti_list_put_all(&list, &other);
    CHECK(wefti_list_is_empty(&other));
    wefti_list_put_last(&other, &elements[7].link);
    wefti_list_put_all(&list, &other);
    check_order(&list, (int[]){0, 1, 2, 7, -1});
}

TEST(any_order_of_operations_agrees_with_an_array) {
    wefti_list list;
    wefti_list_init(&list);
    init_elements();
    int expected[COUNT + 1] = {-1}, count = 0;
    uint64_t random = harness_seed();
    for (size_t n = harness_rounds(3000); n > 0; n--) {
        int pick = (int)(harness_random(&random) % COUNT), place = 0;
        while (place < count && expected[place] != pick) place++;
        if (place < count) {
            wefti_link_take_out(&elements[pick].link);
            memmove(&expected[place], &expected[place + 1], (size_t)(count - place) * sizeof *expected);
            count--;
        } else if (harness_random(&random) % 2 == 0) {
            wefti_list_put_first(&list, &elements[pick].link);
            memmove(&expected[1], &expected[0], (size_t)(count + 1) * sizeof *expected);
            expected[0] = pick;
            count++;
        } else {
            wefti_list_put_last(&list, &elements[pick].link);
            expected[count++] = pick;
            expected[count] = -1;
        }
        check_order(&list, expected);
    }
    for (int i = 0; i < count; i++)
        CHECK_EQ(WEFTI_CONTAINER(wefti_list_take_first(&list), element, link)->value, expected[i]);
    CHECK(wefti_list_is_empty(&list));
}
