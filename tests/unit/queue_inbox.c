/* SPDX-License-Identifier: MIT */
/* queue_inbox.c - the inbox and the mailbox under many producers: nothing is lost, each producer's order is kept. */
#include "lockfree/inbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "harness/harness.h"
#include "lockfree/mailbox.h"
#include "os/os.h"

enum { PRODUCERS = 3, TAKERS = 2, MOST = 60000 };

static wefti_depot depot;
static wefti_inbox inbox;
static atomic_uchar seen[PRODUCERS][MOST];
static atomic_int producing, refused;
static int each;

typedef struct message {
    uint32_t producer, number;
} message;

static bool put(message m, bool insider) {
    uint32_t slots = m.number % 7 == 0 ? 1 + m.number / 7 % WEFTI_RECORD_MOST_SLOTS : 1;
    bool closed;
    wefti_slot *room = wefti_inbox_reserve(&inbox, slots, &closed, insider);
    if (room == NULL) {
        CHECK(closed);
        return false;
    }
    memset(room, (int)m.number, slots * sizeof *room);
    memcpy(room, &m, sizeof m);
    room[0].bytes[WEFTI_RECORD_LENGTH] = (unsigned char)slots;
    wefti_inbox_publish(&inbox, slots);
    return true;
}

static void *produce(void *argument) {
    message m = {*(uint32_t *)argument, 0};
    for (; m.number < (uint32_t)each; m.number++) {
        if (!put(m, false)) {
            atomic_fetch_add(&refused, each - (int)m.number);
            break;
        }
    }
    atomic_fetch_sub(&producing, 1);
    return NULL;
}

static void *consume(void *seed) {
    wefti_queue mine;
    WEFTI_ALIGNED(64) wefti_slot out[WEFTI_RECORD_MOST_SLOTS];
    uint64_t random = *(uint64_t *)seed;
    int64_t last[PRODUCERS] = {-1, -1, -1};
    if (!CHECK(wefti_queue_init(&mine, &depot))) return NULL;
    while (atomic_load(&producing) > 0 || wefti_inbox_has_work(&inbox)) {
        uint32_t most = harness_random(&random) % 3 ? 1 + (uint32_t)(harness_random(&random) % 100) : WEFTI_CHUNK_SLOTS;
        if (wefti_inbox_take(&inbox, &mine, most) == 0) wefti_os_yield();
        while (wefti_queue_take(&mine, out) > 0) {
            message m;
            memcpy(&m, out, sizeof m);
            if (!CHECK_LT(m.producer, PRODUCERS) || !CHECK_LT(m.number, MOST)) continue;
            CHECK_EQ(atomic_fetch_add(&seen[m.producer][m.number], 1), 0);
            CHECK_GT((int64_t)m.number, last[m.producer]);
            last[m.producer] = m.number;
        }
    }
    wefti_queue_end(&mine);
    return NULL;
}

static void run(bool close_early) {
    pthread_t producers[PRODUCERS], takers[TAKERS];
    uint32_t numbers[PRODUCERS];
    uint64_t seeds[TAKERS];
    wefti_barrier_init();
    each = (int)harness_rounds(MOST);
    memset(&depot, 0, sizeof depot);
    atomic_store(&producing, PRODUCERS);
    atomic_store(&refused, 0);
    for (int p = 0; p < PRODUCERS; p++)
        for (int i = 0; i < each; i++) atomic_store(&seen[p][i], 0);
    CHECK(wefti_inbox_init(&inbox, &depot));
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        numbers[p] = p;
        CHECK_EQ(pthread_create(&producers[p], NULL, produce, &numbers[p]), 0);
    }
    for (int t = 0; t < TAKERS; t++) {
        seeds[t] = harness_seed() + (uint64_t)t;
        CHECK_EQ(pthread_create(&takers[t], NULL, consume, &seeds[t]), 0);
    }
    if (close_early) wefti_inbox_close(&inbox);
    for (int p = 0; p < PRODUCERS; p++) CHECK_EQ(pthread_join(producers[p], NULL), 0);
    for (int t = 0; t < TAKERS; t++) CHECK_EQ(pthread_join(takers[t], NULL), 0);
    int got = 0;
    for (int p = 0; p < PRODUCERS; p++)
        for (int i = 0; i < each; i++) got += atomic_load(&seen[p][i]);
    CHECK_EQ(got, PRODUCERS * each - atomic_load(&refused));
    CHECK(close_early || atomic_load(&refused) == 0);
    wefti_inbox_end(&inbox);
    wefti_depot_end(&depot);
}

TEST(each_record_of_many_producers_is_taken_once_and_in_their_order) {
    for (int round = 0; round < 3; round++) run(false);
}

TEST(record_that_races_with_the_close_is_refused_or_taken) {
    for (int round = 0; round < 10; round++) run(true);
}

TEST(closed_inbox_takes_records_of_insiders) {
    wefti_barrier_init();
    memset(&depot, 0, sizeof depot);
    CHECK(wefti_inbox_init(&inbox, &depot));
    wefti_inbox_close(&inbox);
    CHECK(!put((message){0, 1}, false));
    CHECK(!wefti_inbox_has_work(&inbox));
    CHECK(put((message){0, 1}, true));
    CHECK(wefti_inbox_has_work(&inbox));
    wefti_inbox_end(&inbox);
    wefti_depot_end(&depot);
}

/* ---- the mailbox ---- */

typedef struct letter {
    wefti_node node;
    uint32_t sender, number;
} letter;

static letter letters[PRODUCERS][MOST];
static wefti_mailbox box;

static void *write_letters(void *argument) {
    uint32_t sender = *(uint32_t *)argument;
    for (uint32_t i = 0; i < (uint32_t)each; i++) {
        letters[sender][i] = (letter){{NULL}, sender, i};
        wefti_mailbox_push(&box, &letters[sender][i].node);
    }
    return NULL;
}

TEST(letters_of_many_senders_come_once_and_in_their_order) {
    pthread_t senders[PRODUCERS];
    uint32_t numbers[PRODUCERS];
    int64_t last[PRODUCERS] = {-1, -1, -1};
    each = (int)harness_rounds(MOST);
    for (uint32_t s = 0; s < PRODUCERS; s++) {
        numbers[s] = s;
        CHECK_EQ(pthread_create(&senders[s], NULL, write_letters, &numbers[s]), 0);
    }
    for (int got = 0; got < PRODUCERS * each;) {
        wefti_node *node = wefti_mailbox_empty(&box);
        if (node == NULL) wefti_os_yield();
        while (node != NULL) {
            const letter *l = WEFTI_CONTAINER(node, letter, node);
            node = node->next;
            CHECK_EQ(l->number, last[l->sender] + 1);
            last[l->sender] = l->number;
            got++;
        }
    }
    for (int s = 0; s < PRODUCERS; s++) CHECK_EQ(pthread_join(senders[s], NULL), 0);
    CHECK(!wefti_mailbox_has_mail(&box));
}
