/* SPDX-License-Identifier: MIT */
/* places.c - memory of channels without a backlog: two lines each and nothing beside, a million of them as well.
 *
 * Places come from slabs that are never given back; a place that is free links to the next. With AddressSanitizer each
 * is an allocation of its own, so that use after free is found.
 */
#include <pthread.h>
#include <stdlib.h>

#include "comm/channel.h"

enum { PLACES_IN_SLAB = 256 };

typedef union place {
    union place *next;
    weft_channel channel;
} place;

static struct {
    wefti_spinlock lock;
    place *free;
} places;

static void put_all(place *slab) {
    for (int i = 0; i < PLACES_IN_SLAB - 1; i++) slab[i].next = &slab[i + 1];
    wefti_spin_lock(&places.lock);
    slab[PLACES_IN_SLAB - 1].next = places.free;
    places.free = slab;
    wefti_spin_unlock(&places.lock);
}

static place *take(void) {
    wefti_spin_lock(&places.lock);
    place *taken = places.free;
    if (taken != NULL) places.free = taken->next;
    wefti_spin_unlock(&places.lock);
    return taken;
}

weft_channel *wefti_place_take(void) {
    void *memory = NULL;
    if (WEFTI_ASAN) return posix_memalign(&memory, WEFTI_APART, sizeof(weft_channel)) == 0 ? memory : NULL;
    place *taken = take();
    while (taken == NULL) {
        if (posix_memalign(&memory, WEFTI_APART, sizeof(place) * PLACES_IN_SLAB) != 0) return NULL;
        put_all(memory);
        taken = take(); /* another may have been faster, 256 times */
    }
    return &taken->channel;
}

void wefti_place_give(weft_channel *channel) {
    if (WEFTI_ASAN) {
        free(channel);
        return;
    }
    place *given = (place *)(void *)channel;
    wefti_spin_lock(&places.lock);
    given->next = places.free;
    places.free = given;
    wefti_spin_unlock(&places.lock);
}

/* ---- fork: the child finds the list whole ---- */

static void hold(void) { wefti_spin_lock(&places.lock); }

static void let_go(void) { wefti_spin_unlock(&places.lock); }

__attribute__((constructor)) static void introduce(void) { pthread_atfork(hold, let_go, let_go); }
