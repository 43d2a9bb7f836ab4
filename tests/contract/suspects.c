/* SPDX-License-Identifier: MIT */
/* suspects.c - scratch */
#include "contract/common.h"

#include <unistd.h>

/* 1: waiting sender of a not full channel */
typedef struct big { unsigned char bytes[2000]; int n; } big;
typedef struct sending { weft_channel *channel; int from, to; atomic_int sent; } sending;
static void *send_big(void *a) {
    sending *s = a;
    for (int i = s->from; i < s->to; i++) {
        big b = {.n = i};
        CHECK_OK(weft_send(s->channel, &b, patience()));
        atomic_fetch_add(&s->sent, 1);
    }
    return NULL;
}
TEST(waiting_sender_gets_the_place_that_a_receive_frees) {
    weft_channel *channel = bounded_channel(sizeof(big), 100);
    big b = {.n = 0};
    for (int i = 0; i < 100; i++) { b.n = i; CHECK_OK(weft_send(channel, &b, WEFT_NOW)); }
    for (int i = 0; i < 4; i++) { CHECK_OK(weft_receive(channel, &b, WEFT_NOW)); b.n = 100 + i; CHECK_OK(weft_send(channel, &b, WEFT_NOW)); }
    sending s = {channel, 104, 105, 0};
    pthread_t t;
    start_thread(&t, send_big, &s);
    usleep(100000);
    CHECK_OK(weft_receive(channel, &b, WEFT_NOW));
    CHECK_EVENTUALLY(atomic_load(&s.sent) == 1);
    CHECK_EQ(weft_count(channel), 100);
    for (int i = 5; i < 105; i++) { CHECK_OK(weft_receive(channel, &b, patience())); CHECK_EQ(b.n, i); }
    join_thread(t);
    CHECK_OK(weft_free_channel(channel));
}
/* 2: plain receive across the end of a kernel */
static void *receive_int(void *a) {
    int v = 0;
    CHECK_OK(weft_receive((weft_channel *)a, &v, patience()));
    CHECK_EQ(v, 5);
    return NULL;
}
TEST(end_of_a_kernel_does_not_end_the_wait_for_a_message) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = weft_make_channel(int);
    pthread_t t;
    start_thread(&t, receive_int, channel);
    usleep(100000);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_send(channel, &(int){5}, WEFT_NOW));
    join_thread(t);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}
/* 4 */
WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }
TEST(timeout_into_a_full_channel_holds_up_no_other) {
    weft_kernel *kernel = kernel_here();
    weft_channel *full = bounded_channel(sizeof(int), 1), *other = weft_make_channel(int);
    CHECK_OK(weft_send(full, &(int){1}, WEFT_NOW));
    gate g = {0, false};
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, (int)harness_workers());
    weft_timeout *a = weft_submit_timeout(full, 0.01, &(int){2}), *b = weft_submit_timeout(other, 0.01, &(int){3});
    usleep(50000);
    open_gate(&g);
    int v = 0;
    CHECK_OK(weft_receive_result(other, &v, weft_after(3)));
    CHECK_OK(weft_receive_result(full, &v, patience()));
    CHECK_OK(weft_receive_result(full, &v, patience()));
    weft_free_timeout(a); weft_free_timeout(b);
    CHECK_EVENTUALLY(weft_receive(other, &v, WEFT_NOW) != WEFT_INVALID);
    CHECK_OK(weft_free_channel(full));
    CHECK_OK(weft_free_channel(other));
    end_and_free(kernel);
}
typedef struct five { weft_channel *channel; atomic_bool done; } five;
static void *submit_zero(void *a) {
    five *f = a;
    weft_timeout *t = weft_submit_timeout(f->channel, 0, &(int){2});
    CHECK_NOT_NULL(t);
    weft_free_timeout(t);
    atomic_store(&f->done, true);
    return NULL;
}
TEST(submit_timeout_never_blocks) {
    weft_kernel *kernel = kernel_here();
    five f = {bounded_channel(sizeof(int), 1), false};
    CHECK_OK(weft_send(f.channel, &(int){1}, WEFT_NOW));
    pthread_t t;
    start_thread(&t, submit_zero, &f);
    CHECK_EVENTUALLY(atomic_load(&f.done));
    int v;
    CHECK_OK(weft_receive_result(f.channel, &v, patience()));
    CHECK_OK(weft_receive_result(f.channel, &v, patience()));
    join_thread(t);
    CHECK_OK(weft_free_channel(f.channel));
    end_and_free(kernel);
}
/* 6 */
static void meet(gate *g, int all) {
    atomic_fetch_add(&g->entered, 1);
    weft_deadline until = weft_after(2);
    while (atomic_load(&g->entered) < all && weft_time() < until) sched_yield();
    CHECK_EQ(atomic_load(&g->entered), all);
}
WEFT_TASK(void, meet2, (gate *, g)) { meet(g, 2); }
static void two_meet(weft_priority priority) {
    if (harness_workers() < 2) return;
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_done_channel();
    for (int round = 0; round < 200; round++) {
        gate g = {0, false};
        WEFT_BIND(weft_task_priority, priority) {
            CHECK_OK(weft_submit(done, meet2, &g));
            CHECK_OK(weft_submit(done, meet2, &g));
        }
        bool good = CHECK_OK(weft_receive_done(done, patience()));
        good = CHECK_OK(weft_receive_done(done, patience())) && good && atomic_load(&g.entered) == 2;
        if (!good) break;
        if (round % 10 == 0) usleep(2000);
    }
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}
TEST(two_low_tasks_run_on_two_workers) { two_meet(WEFT_PRIORITY_LOW); }
TEST(two_tasks_run_on_two_workers) { two_meet(WEFT_PRIORITY_DEFAULT); }
/* 7 */
WEFT_TASK(void, wait_group, (weft_group *, g)) { CHECK_OK(weft_wait_group(g, patience())); }
TEST(dump_names_the_group) {
    weft_kernel *kernel = kernel_here();
    weft_group *group = weft_make_group("herd");
    weft_channel *c = weft_make_channel(int), *done = weft_make_done_channel();
    gate g = {0, false};
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, done, hold, &g));
    if (harness_workers() > 1) {
    CHECK_OK(weft_submit(done, wait_group, group));
    usleep(100000);
    weft_dump(2);
    }
    open_gate(&g);
    CHECK_OK(weft_receive_done(done, patience()));
    if (harness_workers() > 1) CHECK_OK(weft_receive_done(done, patience()));
    CHECK_OK(weft_free_channel(c)); CHECK_OK(weft_free_channel(done)); 
    end_and_free(kernel);
    CHECK_OK(weft_free_group(group));
}
