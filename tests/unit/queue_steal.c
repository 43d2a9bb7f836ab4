/* SPDX-License-Identifier: MIT */
/* queue_steal.c - a worker's queue under one owner and several thieves: each record comes out once and whole.
 *
 *   owner:  head = h + n;  barrier;  attention?          thief:  attention = THIEF;  barrier;  seen = head
 * The bad schedule: both go on with the record at h. Small chunks of short and long records make all ways meet. */
#include "lockfree/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "harness/harness.h"
#include "os/os.h"

enum { MOST = 200000, THIEVES = 3 };

static atomic_uchar seen[MOST];
static wefti_depot depot;
static wefti_queue queues[THIEVES + 1];
static atomic_bool done;
static int total;

static uint32_t slots_of(uint32_t number) { return number % 5 == 0 ? 1 + number / 5 % WEFTI_RECORD_MOST_SLOTS : 1; }

static bool put(wefti_queue *queue, uint32_t number) {
    uint32_t slots = slots_of(number);
    wefti_slot *room = wefti_queue_reserve(queue, slots);
    if (!CHECK_NOT_NULL(room)) return false;
    for (uint32_t s = 0; s < slots; s++) {
        memset(room[s].bytes, (int)(number + s), sizeof room[s].bytes);
        memcpy(room[s].bytes, &number, sizeof number);
    }
    room[0].bytes[WEFTI_RECORD_LENGTH] = (unsigned char)slots;
    wefti_queue_publish(queue, slots);
    return true;
}

/* Takes one from the own queue and checks it. false: there is none. */
static bool take(wefti_queue *queue, int64_t *last) {
    WEFTI_ALIGNED(64) wefti_slot out[WEFTI_RECORD_MOST_SLOTS];
    uint32_t slots = wefti_queue_take(queue, out), number;
    if (slots == 0) return false;
    memcpy(&number, out[0].bytes, sizeof number);
    if (!CHECK_LT(number, MOST) || !CHECK_EQ(slots, slots_of(number))) return true;
    for (uint32_t s = 0; s < slots; s++) CHECK_EQ(out[s].bytes[63], (unsigned char)(number + s));
    CHECK_EQ(atomic_fetch_add(&seen[number], 1), 0);
    if (last != NULL) {
        CHECK_GT((int64_t)number, *last);
        *last = number;
    }
    return true;
}

static void *thieve(void *mine) {
    for (int round = 0; !atomic_load(&done) || wefti_queue_has_work(&queues[0]); round++) {
        if (wefti_queue_steal(&queues[0], mine) > 0)
            while (take(mine, NULL)) continue;
        if (round % 64 == 0) wefti_os_yield();
    }
    while (take(mine, NULL)) continue;
    return NULL;
}

static void own(uint64_t seed) {
    uint32_t next = 0;
    int64_t last = -1; /* the owner takes from the front: what it gets only grows */
    while (next < (uint32_t)total) {
        for (uint64_t n = harness_random(&seed) % 400; n > 0 && next < (uint32_t)total; n--) put(&queues[0], next++);
        for (uint64_t n = harness_random(&seed) % 300; n > 0 && take(&queues[0], &last); n--) continue;
    }
    while (take(&queues[0], &last)) continue;
}

static void begin(int count) {
    wefti_barrier_init();
    total = count;
    atomic_store(&done, false);
    for (int i = 0; i < count; i++) atomic_store(&seen[i], 0);
    memset(&depot, 0, sizeof depot);
    for (int i = 0; i <= THIEVES; i++) CHECK(wefti_queue_init(&queues[i], &depot));
}

static void end(void) {
    for (int i = 0; i <= THIEVES; i++) {
        CHECK(!wefti_queue_has_work(&queues[i]));
        wefti_queue_end(&queues[i]);
    }
    wefti_depot_end(&depot);
}

TEST(each_record_is_taken_once_by_owner_or_thief) {
    for (int round = 0; round < 5; round++) {
        begin((int)harness_rounds(MOST));
        pthread_t threads[THIEVES];
        for (int i = 0; i < THIEVES; i++) CHECK_EQ(pthread_create(&threads[i], NULL, thieve, &queues[i + 1]), 0);
        own(harness_seed() + (uint64_t)round);
        atomic_store(&done, true);
        for (int i = 0; i < THIEVES; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
        int bad = 0;
        for (int i = 0; i < total; i++) bad += atomic_load(&seen[i]) != 1;
        CHECK_EQ(bad, 0);
        end();
    }
}

TEST(queue_without_thieves_is_first_in_first_out) {
    begin(20000);
    int64_t last = -1;
    uint64_t random = harness_seed();
    uint32_t in = 0;
    while (in < 20000) {
        for (uint64_t n = harness_random(&random) % 600; n > 0 && in < 20000; n--) put(&queues[0], in++);
        for (uint64_t n = harness_random(&random) % 600; n > 0 && take(&queues[0], &last); n--) continue;
    }
    while (take(&queues[0], &last)) continue;
    CHECK_EQ(last, 19999);
    end();
}

TEST(thief_takes_the_oldest_and_leaves_the_rest_in_order) {
    begin(1000);
    int64_t thief = -1, owner = -1;
    for (uint32_t i = 0; i < 100; i++) put(&queues[0], i);
    uint32_t stolen = wefti_queue_steal(&queues[0], &queues[1]);
    CHECK(stolen > 0 && stolen < 100);
    while (take(&queues[1], &thief)) continue;
    CHECK_EQ(thief, stolen - 1);
    CHECK(take(&queues[0], &owner));
    CHECK_EQ(owner, stolen);
    while (take(&queues[0], &owner)) continue;
    CHECK_EQ(owner, 99);
    CHECK_EQ(wefti_queue_steal(&queues[0], &queues[1]), 0);
    end();
}

/* Not only the whole chunks behind it, of which there are ever more. */
TEST(the_oldest_are_stolen_though_the_owner_only_puts) {
    enum { OLD = 200, STEALS = 100 };
    begin(MOST);
    uint32_t next = 0;
    for (int i = 0; i < STEALS; i++) {
        for (uint32_t n = 0; n < 1500; n++) put(&queues[0], next++);
        CHECK_GT(wefti_queue_steal(&queues[0], &queues[1]), 0);
        while (take(&queues[1], NULL)) continue;
    }
    int left = 0;
    for (int i = 0; i < OLD; i++) left += atomic_load(&seen[i]) == 0;
    CHECK_EQ(left, 0);
    while (take(&queues[0], NULL)) continue;
    end();
}

TEST(thief_of_a_long_queue_takes_whole_chunks) {
    begin(5000);
    int64_t owner = -1;
    for (uint32_t i = 0; i < 5000; i++) put(&queues[0], i);
    uint32_t stolen = 0, some;
    for (int t = 1; (some = wefti_queue_steal(&queues[0], &queues[1 + t % THIEVES])) > 0; t++) stolen += some;
    for (int t = 1; t <= THIEVES; t++)
        while (take(&queues[t], NULL)) continue;
    while (take(&queues[0], &owner)) continue;
    CHECK_GT(stolen, 0);
    int bad = 0;
    for (int i = 0; i < 5000; i++) bad += atomic_load(&seen[i]) != 1;
    CHECK_EQ(bad, 0);
    end();
}
