/* SPDX-License-Identifier: MIT */
/* dynamic_race.c - concurrent reads and sets of global values see old or new, never a mixture, and publish (D1).
 *
 * The schedules that would break it: a reader copies the first half of a long value, a writer stores a whole new one,
 * the reader copies the second half; or a reader follows a pointer just set and sees what it points to unwritten. Also
 * two threads that bind a variable for the first time at the same time and choose two identities. Best run under TSan.
 */
#include <weft/dynamic.h>

#include <pthread.h>
#include <string.h>

#include "harness/harness.h"

enum { WRITERS = 2, READERS = 2, ROUNDS = 20000, FRESH = 100 };

typedef struct {
    int64_t word[8];
} wide;
typedef struct {
    unsigned char byte[5];
} five;
typedef struct {
    int a, b;
} pair;

WEFT_VARIABLE(wide, table, {{0}});
WEFT_VARIABLE(five, bytes, {{0}});
WEFT_VARIABLE(int64_t, number, 0);
WEFT_VARIABLE(unsigned char, byte, 0);
WEFT_VARIABLE(pair *, published, NULL);

static pair pairs[ROUNDS];

static void *write_values(void *unused) {
    (void)unused;
    for (int64_t i = 1; i <= ROUNDS; i++) {
        wide w;
        for (int k = 0; k < 8; k++) w.word[k] = i;
        weft_set(table, w);
        five f;
        memset(f.byte, (int)(i % 251), sizeof f.byte);
        weft_set(bytes, f);
        weft_set(number, i | i << 32);
        weft_set(byte, (unsigned char)i);
    }
    return NULL;
}

static void *read_values(void *unused) {
    (void)unused;
    for (int i = 1; i <= ROUNDS; i++) {
        wide w = weft_get(table);
        for (int k = 1; k < 8; k++)
            if (w.word[k] != w.word[0]) CHECK_EQ(w.word[k], w.word[0]);
        five f = weft_get(bytes);
        if (f.byte[4] != f.byte[0]) CHECK_EQ(f.byte[4], f.byte[0]);
        int64_t n = weft_get(number);
        if (n >> 32 != (n & INT32_MAX)) CHECK_EQ(n >> 32, n & INT32_MAX);
        (void)weft_get(byte);
    }
    return NULL;
}

static void run_all(void *(*first)(void *), int firsts, void *(*second)(void *), int seconds) {
    pthread_t threads[16];
    int started = 0;
    while (started < firsts + seconds)
        if (pthread_create(&threads[started], NULL, started < firsts ? first : second, NULL) == 0) started++;
    while (started) pthread_join(threads[--started], NULL);
}

TEST(readers_see_whole_values_while_writers_set) {
    run_all(write_values, WRITERS, read_values, READERS);
    CHECK_EQ(weft_get(table).word[3], ROUNDS);
}

static void *publish(void *unused) {
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        pairs[i] = (pair){i, i};
        weft_set(published, &pairs[i]);
    }
    return NULL;
}

static void *follow(void *unused) {
    (void)unused;
    pair *seen;
    do {
        seen = weft_get(published);
        if (seen && seen->a != seen->b) CHECK_EQ(seen->a, seen->b);
        if (seen && seen->a != seen - pairs) CHECK_EQ(seen->a, seen - pairs);
    } while (seen != &pairs[ROUNDS - 1]);
    return NULL;
}

TEST(reader_of_a_pointer_sees_what_was_written_before_the_set) {
    run_all(publish, 1, follow, READERS);
    CHECK_PTR(weft_get(published), &pairs[ROUNDS - 1]);
}

static int fresh_values[FRESH];
static weft_variable fresh[FRESH];
static pthread_barrier_t together;

static void *bind_fresh(void *unused) {
    (void)unused;
    for (int i = 0; i < FRESH; i++) {
        int value = i + 1, found = 0;
        pthread_barrier_wait(&together);
        __attribute__((cleanup(weft_bind_end))) weft_bound bound = weft_bind_begin(&fresh[i], &value, &bound);
        weft_variable_get(&fresh[i], &found);
        CHECK_EQ(found, i + 1);
    }
    return NULL;
}

TEST(threads_that_bind_a_new_variable_at_once_agree_on_its_identity) {
    for (int i = 0; i < FRESH; i++) fresh[i] = (weft_variable){"fresh", &fresh_values[i], sizeof(int), 0};
    pthread_barrier_init(&together, NULL, 2);
    run_all(bind_fresh, 2, NULL, 0);
    pthread_barrier_destroy(&together);
}
