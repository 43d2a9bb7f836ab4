/* SPDX-License-Identifier: MIT */
/* small.c - the spin lock, the mailbox and the depot of chunks explored. */
#include <string.h>

#include "engine/explore.h"
#include "lockfree/chunk.h"
#include "lockfree/mailbox.h"

/* ---- the spin lock: what is written under it needs no other order ---- */

static wefti_spinlock lock;
static uint32_t counter;
static uint32_t got[4];

static void lock_twice(void *unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        wefti_spin_lock(&lock);
        counter++;
        wefti_spin_unlock(&lock);
    }
}
static void try_lock(void *unused) {
    (void)unused;
    if (!wefti_spin_try(&lock)) return;
    explore_saw("a lock that was tried");
    counter += 10;
    wefti_spin_unlock(&lock);
}
static void lock_begin(void) {
    wefti_atomic_init(&lock, 0u);
    counter = 0;
    explore_name(&lock, "lock");
}
EXPLORE(what_is_written_under_the_lock_is_seen_by_the_next, .exhaustive = true) {
    lock_begin();
    explore_thread(lock_twice, NULL);
    explore_thread(try_lock, NULL);
    explore_join();
    explore_assert(counter == 2 || counter == 12);
}
EXPLORE(three_threads_share_a_lock, ) {
    lock_begin();
    for (int i = 0; i < 3; i++) explore_thread(lock_twice, NULL);
    explore_join();
    explore_assert(counter == 6);
}

/* ---- the mailbox ---- */

static wefti_mailbox box;
static struct letter {
    wefti_node node;
    uint32_t text;
} letters[4];
static wefti_futex bed;

static void mail_begin(void) {
    memset(letters, 0, sizeof letters);
    memset(got, 0, sizeof got);
    wefti_atomic_init(&box, (wefti_node *)NULL);
    wefti_atomic_init(&bed, 0u);
    explore_name(&box, "mailbox");
    explore_name(&bed, "bed");
}
static void send(unsigned i) {
    letters[i].text = 100 + i;
    wefti_mailbox_push(&box, &letters[i].node);
}
static void receive(void) {
    unsigned last_even = 0, last_odd = 0;
    for (wefti_node *node = wefti_mailbox_empty(&box), *next; node != NULL; node = next) {
        next = node->next;
        struct letter *letter = WEFTI_CONTAINER(node, struct letter, node);
        unsigned i = letter->text - 100, *last = i % 2 == 0 ? &last_even : &last_odd;
        explore_assert(i < 4 && letter == &letters[i] && got[i] == 0);
        explore_assert(i >= *last); /* those of one sender come in order */
        *last = i;
        got[i] = 1;
    }
}
static void send_even(void *unused) {
    (void)unused;
    send(0);
    send(2);
}
static void send_odd(void *unused) {
    (void)unused;
    send(1);
    send(3);
}
static void receive_twice(void *unused) {
    (void)unused;
    receive();
    receive();
}
EXPLORE(each_letter_arrives_once_and_in_order, ) {
    mail_begin();
    explore_thread(send_even, NULL);
    explore_thread(send_odd, NULL);
    explore_thread(receive_twice, NULL);
    explore_join();
    receive();
    explore_assert(got[0] + got[1] + got[2] + got[3] == 4);
}
EXPLORE(one_sender_one_receiver, .exhaustive = true, .preemptions = 3) {
    mail_begin();
    explore_thread(send_even, NULL);
    explore_thread(receive_twice, NULL);
    explore_join();
    receive();
    explore_assert(got[0] + got[2] == 2);
}

static void resend(void *unused) { /* a letter comes back to the box while another is being pushed */
    (void)unused;
    wefti_node *node = wefti_mailbox_empty(&box);
    if (node == NULL || node->next != NULL) return;
    wefti_mailbox_push(&box, node);
    explore_saw("a letter sent again");
}
EXPLORE(a_letter_may_be_sent_again, ) {
    mail_begin();
    send(0);
    explore_thread(send_odd, NULL);
    explore_thread(resend, NULL);
    explore_join();
    receive();
}

static void send_and_wake(void *unused) {
    (void)unused;
    send(0);
    wefti_light_barrier();
    if (wefti_load_relaxed(&bed) == 0) return;
    wefti_store_relaxed(&bed, 2u);
    wefti_futex_wake(&bed, 1);
}
static void sleep_for_mail(void *unused) {
    (void)unused;
    wefti_store_relaxed(&bed, 1u);
    wefti_heavy_barrier();
    if (!wefti_mailbox_has_mail(&box)) wefti_futex_wait(&bed, 1, INT64_MAX);
}
EXPLORE(the_last_look_at_the_mailbox_misses_nothing, .exhaustive = true) {
    mail_begin();
    explore_thread(send_and_wake, NULL);
    explore_thread(sleep_for_mail, NULL);
    explore_join();
}
static void read_what_has_come(void *unused) {
    (void)unused;
    if (wefti_mailbox_has_mail(&box)) explore_assert(letters[0].text == 100);
}
EXPLORE(who_sees_that_there_is_mail_sees_what_led_to_it, .exhaustive = true) {
    mail_begin();
    explore_thread(send_even, NULL);
    explore_thread(read_what_has_come, NULL);
    explore_join();
}

/* ---- the depot: a chunk that was given is taken by one ---- */

static wefti_depot depot;

static void give_and_take(void *of) {
    unsigned me = (unsigned)(uintptr_t)of;
    wefti_chunk_cache cache = {.depot = &depot};
    for (int i = 0; i < 2; i++) {
        wefti_chunk *chunk = wefti_chunk_take(&cache);
        explore_assert(chunk != NULL && wefti_load_relaxed(&chunk->fill) == 0);
        chunk->longer = me; /* a race if another has it too */
        memset(&chunk->slots[0], (int)me, sizeof chunk->slots[0]);
        explore_assert(chunk->longer == me);
        wefti_depot_give(&depot, chunk);
    }
    wefti_depot_trim(&depot);
    wefti_chunk_cache_end(&cache);
}
EXPLORE(a_chunk_has_one_owner, ) {
    memset(&depot, 0, sizeof depot);
    for (uintptr_t i = 0; i < 3; i++) explore_thread(give_and_take, (void *)i);
    explore_join();
    wefti_depot_end(&depot);
    explore_assert(explore_live_blocks() == 0);
}
