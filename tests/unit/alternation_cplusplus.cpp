/* SPDX-License-Identifier: MIT */
/* alternation_cplusplus.cpp - channels of a type and alternations from C++: the same statements, and an exception
 * leaves them as a return does. */
#include <weft.h>

#include <stdexcept>

#include "harness/harness.h"

struct job {
    int number;
    double cost;
};

WEFT_CHANNEL_TYPE(job_channel, job);
WEFT_CHANNEL_TYPE(text_channel, const char *);

static job_channel *jobs_of(int count) {
    job_channel *jobs = weft_make_typed_channel(job_channel, nullptr);
    CHECK_NOT_NULL(jobs);
    for (int i = 1; i <= count; i++) {
        job each = {i, i * 0.5};
        CHECK_OK(weft_send(jobs, &each, WEFT_NOW));
    }
    return jobs;
}

static void free_jobs(job_channel *jobs) { CHECK_OK(weft_free_channel(weft_untyped(jobs))); }

TEST(typed_channel_carries_structs_and_constants) {
    job_channel *jobs = jobs_of(1);
    const job constant = {2, 1.0};
    job out = {0, 0};
    CHECK_OK(weft_send(jobs, &constant, WEFT_NOW));
    CHECK_OK(weft_peek(jobs, &out));
    CHECK_EQ(out.number, 1);
    CHECK_OK(weft_close(weft_untyped(jobs)));
    int sum = 0;
    WEFT_FOR_EACH_RECEIVED(job, each, jobs) { sum += each.number; }
    CHECK_EQ(sum, 3);
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    free_jobs(jobs);
}

TEST(untyped_channel_takes_what_has_the_size) {
    weft_channel *channel = weft_make_channel(int);
    int in = 5;
    unsigned out = 0;
    CHECK_OK(weft_send(channel, &in, WEFT_NOW));
    CHECK_OK(weft_receive(channel, &out, WEFT_NOW));
    CHECK_EQ(out, 5);
    CHECK_OK(weft_free_channel(channel));
}

TEST(alternations_nest_and_break_leaves_the_inner_one) {
    job_channel *jobs = jobs_of(2);
    text_channel *texts = weft_make_typed_channel(text_channel, nullptr);
    job one = {0, 0}, two = {0, 0};
    const char *text = "cloth";
    int after = 0;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(texts, &text) { FAIL("nothing is there"); }
        WEFT_RECEIVE(jobs, &one) {
            WEFT_FAIR_ALT {
                WEFT_RECEIVE_IF(one.number == 1, jobs, &two) { break; }
                WEFT_OTHERWISE { FAIL("there is a second one"); }
            }
            after++;
            WEFT_PRI_ALT {
                WEFT_SEND(texts, &text) { after++; }
            }
        }
    }
    CHECK_EQ(one.number + 10 * two.number, 21);
    CHECK_EQ(after, 2);
    CHECK_OK(weft_receive(texts, &text, WEFT_NOW));
    CHECK_STR(text, "cloth");
    free_jobs(jobs);
    CHECK_OK(weft_free_channel(weft_untyped(texts)));
}

static int first_number(job_channel *jobs) {
    job out = {0, 0};
    WEFT_PRI_ALT {
        WEFT_RECEIVE(jobs, &out) { return out.number; }
        WEFT_OTHERWISE { return -1; }
    }
    return -2;
}

TEST(return_leaves_an_alternation_with_its_value) {
    job_channel *jobs = jobs_of(1);
    CHECK_EQ(first_number(jobs), 1);
    CHECK_EQ(first_number(jobs), -1);
    free_jobs(jobs);
}

static int sum_until(job_channel *jobs, int last) {
    job out = {0, 0};
    int sum = 0;
    WEFT_ROUND_ALT_LOOP {
        WEFT_RECEIVE(jobs, &out) {
            sum += out.number;
            if (out.number == last) return sum;
        }
        WEFT_OTHERWISE { break; }
    }
    return -sum;
}

TEST(loop_is_left_by_return_and_by_break) {
    job_channel *jobs = jobs_of(5);
    CHECK_EQ(sum_until(jobs, 3), 6);
    CHECK_EQ(sum_until(jobs, 100), -9);
    free_jobs(jobs); /* refused while a set is registered */
}

static void throws_inside(job_channel *jobs) {
    job out = {0, 0};
    WEFT_PRI_ALT_LOOP {
        WEFT_RECEIVE(jobs, &out) {
            if (out.number == 2) throw std::runtime_error("out");
        }
    }
}

TEST(exception_leaves_a_loop_and_its_channels) {
    job_channel *jobs = jobs_of(3);
    bool caught = false;
    try {
        throws_inside(jobs);
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    CHECK_EQ(weft_count(weft_untyped(jobs)), 1);
    free_jobs(jobs);
}

TEST(operations_are_made_and_done) {
    job_channel *jobs = jobs_of(1);
    job out = {0, 0};
    const job in = {9, 0};
    weft_operation operations[] = {WEFT_TO_RECEIVE(jobs, &out), WEFT_TO_SEND(jobs, &in)};
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FIRST_LISTED, WEFT_NOW), &operations[0]);
    CHECK_EQ(out.number, 1);
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FIRST_LISTED, WEFT_NOW), &operations[1]);
    CHECK_EQ(first_number(jobs), 9);
    free_jobs(jobs);
}

TEST(many_clauses_of_a_loop_and_a_time_out) {
    job_channel *jobs[20];
    for (int i = 0; i < 20; i++) jobs[i] = jobs_of(i == 13 ? 1 : 0);
    job out = {0, 0};
    int which = -1;
    for (int round = 0; round < 2; round++) {
        WEFT_FAIR_ALT {
            for (int i = 0; i < 20; i++) {
                WEFT_RECEIVE(jobs[i], &out) { which = i; }
            }
            WEFT_OTHERWISE_AFTER(0.002) { which = 100; }
        }
        CHECK_EQ(which, round == 0 ? 13 : 100);
    }
    for (int i = 0; i < 20; i++) free_jobs(jobs[i]);
}
