/* SPDX-License-Identifier: MIT */
/* two_tasks.c - two tasks of one worker use one plain variable in turn: with nothing between them that orders it, or
 * with.
 *
 *     worker      A: shared++ | yield      B: shared++ | yield      A: shared++ ...
 *
 * On one worker this never goes wrong, and with two it does. So it is a race, although one thread does all of it; the
 * sanitizer must tell of it (found.sh), and of none where the tasks hand over through what orders them.
 */
#include <weft.h>

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 20 };

static int shared;
static weft_channel *token, *done;

static void use_shared(void) { shared++; }

/* Each round in a way of its own. */
static void nothing_between(void) {
    use_shared();
    weft_yield();
}

static void sleep_between(void) {
    use_shared();
    weft_sleep(weft_after(0.001));
}

static void channel_between(void) {
    int value = 0;
    if (weft_receive(token, &value, weft_after(60.0)) != WEFT_OK) return;
    use_shared();
    weft_send(token, &value, weft_after(60.0));
    weft_yield();
}

static void lock_between(void) {
    WEFT_WITH_LOCKED_CHANNEL(token) use_shared();
    weft_yield();
}

static const struct {
    const char *name;
    void (*round)(void);
} ways[] = {
    {"nothing", nothing_between}, {"sleep", sleep_between}, {"channel", channel_between}, {"lock", lock_between}};

WEFT_TASK(int, take_turns, (int, way)) {
    for (int i = 0; i < ROUNDS; i++) ways[way].round();
    return ROUNDS;
}

/* The value is lent by the task that waits for the result of its own subtask, on the same worker. */
WEFT_TASK(int, add_to, (int *, sum), (int, value)) {
    weft_yield();
    *sum += value;
    return 1;
}

WEFT_TASK(int, lend_to_subtasks, (int, count)) {
    int sum = 0, got;
    weft_channel *results = weft_make_channel(int);
    for (int i = 0; i < count; i++) {
        weft_submit(results, add_to, &sum, i);
        weft_receive_result(results, &got, weft_after(60.0));
    }
    weft_free_channel(results);
    return sum;
}

static int run(int way) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    int one = 1, got = 0, sum = 0;
    token = weft_make_channel(int);
    done = weft_make_channel(int);
    weft_send(token, &one, weft_after(60.0));
    for (int i = 0; i < 2; i++) {
        if (way >= 0)
            weft_submit(done, take_turns, way);
        else
            weft_submit(done, lend_to_subtasks, ROUNDS);
    }
    for (int i = 0; i < 2; i++, sum += got) weft_receive_result(done, &got, weft_after(60.0));
    weft_free_channel(done);
    weft_free_channel(token);
    weft_end_kernel(kernel, true);
    weft_free_kernel(kernel);
    printf("%d\n", way >= 0 ? shared : sum);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "lend") == 0) return run(-1);
    for (size_t i = 0; argc == 2 && i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, argv[1]) == 0) return run((int)i);
    return 2;
}
