/* SPDX-License-Identifier: MIT */
/* harness.h - the test harness: tests register themselves, assertions may run on any thread or task.
 *
 *     #include "harness/harness.h"
 *
 *     TEST(receive_on_closed_channel_returns_closed) {
 *         weft_channel *channel = weft_make_channel(int);
 *         if (!CHECK_NOT_NULL(channel))
 *             return;
 *         int value;
 *         CHECK_OK(weft_close(channel));
 *         CHECK_STATUS(weft_receive(channel, &value, WEFT_FOREVER), WEFT_CLOSED);
 *         CHECK_OK(weft_free_channel(channel));
 *     }
 *
 * main is provided. A failed assertion marks the test as failed, prints place, values and seed, and the test goes on:
 * there is no jump, since the assertion may stand in a task. Each assertion is an expression that is true if it held.
 *
 * Each test has a limit of 30 seconds, more where sanitizers or an emulator make it slow, and up to six times as long
 * where the machine has more to do than processors; but never beyond WEFT_TEST_END. When it passes, a thread of the
 * harness names the test, writes a dump of every kernel and ends the process with status 99.
 *
 * After each test nothing may be left of the library: no task, fiber, stack, channel, kernel (harness_check_clean).
 *
 * Arguments: [--list] [--repeat N] [--seed S] [part of a name ...].
 * Environment: WEFT_TEST_WORKERS (harness_workers), WEFT_TEST_LIMIT (seconds a test), WEFT_TEST_SEED,
 * WEFT_TEST_SLOWNESS (how many times slower than usual tests run here), WEFT_TEST_END (seconds until the program is
 * ended from outside: what does not end is told before).
 */
#ifndef WEFT_TEST_HARNESS_H
#define WEFT_TEST_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/base.h>

#include "harness/sanitizers.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct harness_test {
    const char *name;
    const char *file;
    void (*run)(void);
    unsigned limit; /* seconds; 0: the usual limit */
    struct harness_test *next;
} harness_test;

void harness_register(harness_test *test);

/* Defines a test; its name is a sentence that says what holds. */
#define TEST(name) TEST_WITH_LIMIT(name, 0)
/* The same with a time limit of its own, in seconds. */
#define TEST_WITH_LIMIT(name, seconds)                                                                                 \
    static void name(void);                                                                                            \
    static harness_test harness_test_of_##name = {#name, __FILE__, name, (seconds), NULL};                             \
    __attribute__((constructor)) static void harness_register_##name(void) {                                           \
        harness_register(&harness_test_of_##name);                                                                     \
    }                                                                                                                  \
    static void name(void)

/* ---- assertions: true if they held ---- */

#define CHECK(condition) harness_check(!!(condition), #condition, __FILE__, __LINE__)
/* Integers, up to 64 bits. The `| 0` refuses pointers and floating point numbers. */
#define CHECK_EQ(a, b) HARNESS_COMPARE(a, b, HARNESS_EQ)
#define CHECK_NE(a, b) HARNESS_COMPARE(a, b, HARNESS_NE)
#define CHECK_LT(a, b) HARNESS_COMPARE(a, b, HARNESS_LT)
#define CHECK_LE(a, b) HARNESS_COMPARE(a, b, HARNESS_LE)
#define CHECK_GT(a, b) HARNESS_COMPARE(a, b, HARNESS_GT)
#define CHECK_GE(a, b) HARNESS_COMPARE(a, b, HARNESS_GE)
/* Texts; two NULLs are equal. */
#define CHECK_STR(a, b) harness_check_text((a), (b), #a, #b, __FILE__, __LINE__)
#define CHECK_PTR(a, b) harness_check_pointer((a), (b), #a, #b, __FILE__, __LINE__)
#define CHECK_NULL(a) harness_check_pointer((a), NULL, #a, "NULL", __FILE__, __LINE__)
#define CHECK_NOT_NULL(a) harness_check((a) != NULL, #a " != NULL", __FILE__, __LINE__)
/* Floating point numbers that differ by at most `tolerance`. */
#define CHECK_NEAR(a, b, tolerance) harness_check_near((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)
#define CHECK_STATUS(expression, status) harness_check_status((expression), (status), #expression, __FILE__, __LINE__)
#define CHECK_OK(expression) CHECK_STATUS(expression, WEFT_OK)
/* Polls until the condition holds; fails after 10 seconds, of an idle machine. For plain threads and for states that
 * nobody announces. */
#define CHECK_EVENTUALLY(condition)                                                                                    \
    __extension__({                                                                                                    \
        int64_t harness_until = harness_patience();                                                                    \
        bool harness_held = (condition);                                                                               \
        while (!harness_held && harness_nap(harness_until)) harness_held = (condition);                                \
        harness_check(harness_held || (condition), "eventually " #condition, __FILE__, __LINE__);                      \
    })
/* Fails, with a text as for printf. */
#define FAIL(...) harness_fail(__FILE__, __LINE__, __VA_ARGS__)
/* Marks the test as skipped, with a reason; the test then returns by itself. */
#define SKIP(...) harness_skip(__VA_ARGS__)

enum { HARNESS_EQ, HARNESS_NE, HARNESS_LT, HARNESS_LE, HARNESS_GT, HARNESS_GE };
#define HARNESS_COMPARE(a, b, how)                                                                                     \
    harness_compare((int64_t)((a) | 0), (int64_t)((b) | 0), how, #a, #b, __FILE__, __LINE__)

bool harness_check(bool held, const char *text, const char *file, int line);
bool harness_compare(int64_t a, int64_t b, int how, const char *a_text, const char *b_text, const char *file, int line);
bool harness_check_text(const char *a, const char *b, const char *a_text, const char *b_text, const char *file,
                        int line);
bool harness_check_pointer(const void *a, const void *b, const char *a_text, const char *b_text, const char *file,
                           int line);
bool harness_check_near(double a, double b, double tolerance, const char *a_text, const char *b_text, const char *file,
                        int line);
bool harness_check_status(weft_status got, weft_status wanted, const char *text, const char *file, int line);
bool harness_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
void harness_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t harness_patience(void);
/* How many times longer than on an idle machine a thread may have to wait for a processor: at least 1, at most 6. */
double harness_strain(void);
bool harness_nap(int64_t until);

/* ---- what a test may ask ---- */

/* How many workers to make kernels with; the build registers concurrent tests with 1, 2 and 8. Default 2. */
unsigned harness_workers(void);
/* The seed of this run of this test: the same for the same --seed, test and repetition. */
uint64_t harness_seed(void);
/* The next number of a generator whose state belongs to the caller. */
uint64_t harness_random(uint64_t *state);
/* An instruction that the processor refuses with SIGILL. */
#ifdef __aarch64__
#define HARNESS_ILLEGAL_INSTRUCTION() __asm__ volatile(".inst 0")
#else
#define HARNESS_ILLEGAL_INSTRUCTION() __asm__ volatile("ud2")
#endif
/* How many times slower than usual tests run here (sanitizers, Valgrind, an emulator): at least 1. */
unsigned harness_slowness(void);
/* A number of rounds, made smaller where tests run slowly: at least 1. */
size_t harness_rounds(size_t usual);
/* How many threads the system lists for this process. One that has been joined stays listed for a moment, under an
 * emulator for long: a count that one test takes at its beginning may include threads of the test before. So "none is
 * left" is CHECK_EVENTUALLY(harness_threads() == harness_own_threads()). */
int harness_threads(void);
/* How many there are where nothing of a test runs. */
int harness_own_threads(void);
/* Whether a check of the running test has failed: for one that ends its process itself. */
bool harness_has_failed(void);
/* Becomes this program anew, running the tests whose names contain `filter`; for a child of fork, which has none of the
 * harness's threads. Also under Valgrind, where the new one runs without it, and under an emulator. */
__attribute__((noreturn)) void harness_start_anew(const char *filter);
/* Whether something of the library is left over: called after each test; a failure names how much. */
void harness_check_clean(void);

#ifdef __cplusplus
}
#endif

#endif
