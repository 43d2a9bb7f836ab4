/* SPDX-License-Identifier: MIT */
/* exceptions_cpp.cpp - tasks in C++ wait in catch blocks and in destructors: what they handle is theirs, whatever
 * others on their thread throw meanwhile. Row C4.
 *
 * The schedule that would break it, with one list of handled exceptions a thread:
 *
 *   first:  throws 1, catches it, waits                                     end of the catch block: frees the list's
 *   second:                             throws 2, catches it, waits         first, which is 2
 */
#include <exception>
#include <weft.h>

#include "harness/harness.h"

namespace {

struct trouble {
    int number, *freed;
    trouble(int which, int *count) : number(which), freed(count) {}
    trouble(const trouble &) = delete;
    ~trouble() { __atomic_fetch_add(freed, 1, __ATOMIC_RELAXED); }
};

enum way { RECEIVES, RECEIVES_IN_TIME, ALTERNATES, SLEEPS, YIELDS, WAYS };

weft_channel *turns[2];
int wrong, freed;

void expect(bool good) {
    if (!good) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

void receive_otherwise(int mine, int how) {
    int value;
    if (how == RECEIVES_IN_TIME) expect(weft_receive(turns[mine], &value, weft_after(30)) == WEFT_OK);
    if (how != ALTERNATES) return;
    weft_operation operation = WEFT_TO_RECEIVE(turns[mine], &value);
    expect(weft_alternate(&operation, 1, WEFT_FIRST_LISTED, WEFT_FOREVER) == &operation);
}

/* Lets the other task come to the same place of its own. */
void give_turn(int mine, int how) {
    int value = mine;
    if (how == YIELDS || how == SLEEPS) {
        for (int i = 0; i < 70 && how == YIELDS; i++) weft_yield();
        if (how == SLEEPS) expect(weft_sleep(weft_after(mine == 0 ? 0.002 : 0.001)) == WEFT_OK);
        return;
    }
    expect(weft_send(turns[1 - mine], &value, WEFT_FOREVER) == WEFT_OK);
    if (how == RECEIVES)
        expect(weft_receive(turns[mine], &value, WEFT_FOREVER) == WEFT_OK);
    else
        receive_otherwise(mine, how);
}

struct waits_when_destroyed {
    int mine, how;
    ~waits_when_destroyed() {
        int before = std::uncaught_exceptions();
        expect(before == 1 && std::current_exception() == nullptr);
        give_turn(mine, how);
        expect(std::uncaught_exceptions() == before && std::current_exception() == nullptr);
    }
};

void catch_and_throw_on(int mine, int how) {
    try {
        waits_when_destroyed waits{mine, how};
        throw trouble(mine, &freed);
    } catch (const trouble &first) {
        expect(first.number == mine && std::uncaught_exceptions() == 0);
        std::exception_ptr before = std::current_exception();
        give_turn(mine, how);
        expect(first.number == mine && std::uncaught_exceptions() == 0 && std::current_exception() == before);
        throw;
    }
}

} // namespace

WEFT_TASK(int, handles, (int, mine), (int, how)) {
    for (int i = 0; i < 20; i++) {
        try {
            catch_and_throw_on(mine, how);
        } catch (const trouble &second) {
            expect(second.number == mine);
            give_turn(mine, how);
            expect(second.number == mine && std::current_exception() != nullptr);
        }
        expect(std::current_exception() == nullptr && std::uncaught_exceptions() == 0);
        give_turn(mine, how);
    }
    return mine;
}

static void both_handle(weft_kernel *kernel, int how, bool movable) {
    weft_submit_options options = {};
    options.kernel = kernel;
    options.movable = movable;
    weft_channel_options unbounded = {};
    for (weft_channel *&turn : turns) turn = weft_make_channel_with(int, &unbounded);
    weft_channel *results = weft_make_channel(int);
    int value;
    wrong = freed = 0;
    for (int i = 0; i < 2; i++) CHECK_OK(weft_submit_with(&options, results, handles, i, how));
    for (int i = 0; i < 2; i++) CHECK_OK(weft_receive_result(results, &value, weft_after(60)));
    CHECK_EQ(wrong, 0);
    CHECK_EQ(freed, 40);
    CHECK_OK(weft_free_channel(results));
    for (weft_channel *turn : turns) CHECK_OK(weft_free_channel(turn));
}

TEST(exceptions_that_tasks_handle_while_they_wait_are_their_own) {
    weft_kernel *kernel = weft_make_kernel(1, nullptr);
    for (int how = 0; how < WAYS; how++) both_handle(kernel, how, false);
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(exceptions_that_are_handled_come_along_to_another_worker) {
    weft_kernel *kernel = weft_make_kernel(2, nullptr);
    for (int how = 0; how < WAYS; how++) both_handle(kernel, how, true);
    CHECK_OK(weft_free_kernel(kernel));
}

static int begun, catching;
static volatile bool for_ever = true;

/* Waits in its catch block for what nobody sends; or computes there for ever. */
WEFT_TASK(int, is_killed_in_a_catch_block, (bool, computes)) {
    try {
        throw trouble(7, &freed);
    } catch (const trouble &) {
        int value;
        __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
        while (computes && for_ever) __asm__ volatile("");
        (void)weft_receive(turns[0], &value, WEFT_FOREVER);
    }
    return 0;
}

WEFT_TASK(int, catches_beside_it, (int, mine)) {
    int value;
    try {
        throw trouble(mine, &catching);
    } catch (const trouble &own) {
        __atomic_fetch_add(&begun, 1, __ATOMIC_RELEASE);
        (void)weft_receive(turns[1], &value, WEFT_FOREVER);
        expect(own.number == mine && catching == 0 && std::current_exception() != nullptr);
    }
    expect(catching == 1 && std::current_exception() == nullptr && std::uncaught_exceptions() == 0);
    return mine;
}

WEFT_TASK(int, finds_nothing, (int, mine)) {
    expect(std::current_exception() == nullptr && std::uncaught_exceptions() == 0);
    return mine;
}

static void look_around(weft_channel *results) {
    int value;
    CHECK_OK(weft_submit(results, finds_nothing, 1));
    CHECK_OK(weft_receive_result(results, &value, weft_after(30)));
}

static void kill_one(weft_kernel *kernel, weft_channel *results, bool computes) {
    static const char victims[] = "victims";
    int value;
    begun = 0;
    WEFT_BIND(weft_task_category, victims) CHECK_OK(weft_submit(results, is_killed_in_a_catch_block, computes));
    CHECK_EVENTUALLY(__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 1);
    if (!computes) look_around(results); /* which waits until the victim does */
    CHECK_EQ(weft_kill_tasks(kernel, victims, nullptr), 1);
    CHECK_STATUS(weft_receive_result(results, &value, weft_after(30)), WEFT_KILLED);
    look_around(results);
    CHECK_EQ(wrong, 0);
}

TEST(task_that_is_killed_in_a_catch_block_leaves_the_exceptions_of_others) {
    weft_kernel *kernel = weft_make_kernel(1, nullptr);
    weft_channel *results = weft_make_channel(int), *other = weft_make_channel(int);
    int value = 0;
    both_handle(kernel, RECEIVES, false); /* leaves runners to go on with, so that the shortest waits are made */
    for (weft_channel *&turn : turns) turn = weft_make_channel(int);
    wrong = freed = catching = begun = 0;
    CHECK_OK(weft_submit(other, catches_beside_it, 3));
    CHECK_EVENTUALLY(__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 1);
    kill_one(kernel, results, false);
    CHECK_EQ(freed, 1); /* it waited in Weft, so its own catch block was left */
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE) kill_one(kernel, results, true);
    CHECK_OK(weft_send(turns[1], &value, WEFT_FOREVER));
    CHECK_OK(weft_receive_result(other, &value, weft_after(30)));
    CHECK_EQ(wrong, 0);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_channel(other));
    for (weft_channel *turn : turns) CHECK_OK(weft_free_channel(turn));
    CHECK_OK(weft_free_kernel(kernel));
}
