/* SPDX-License-Identifier: MIT */
/* request.c - requests for help that wait in a queue; see request.h. */
#include "parallel/request.h"

#include <stdlib.h>

static bool is_like(const wefti_request_key *a, const wefti_request_key *b) {
    return a->category == b->category && a->priority == b->priority && a->handlers == b->handlers;
}

size_t wefti_requests_reuse(wefti_requests *home, void *whom, const wefti_request_key *key, size_t wanted) {
    size_t found = 0;
    wefti_spin_lock(&home->lock);
    for (wefti_request *one = home->first; one != NULL && found < wanted; one = one->next) {
        if (one->whom != NULL || !is_like(&one->key, key)) continue;
        one->whom = whom;
        found++;
    }
    wefti_spin_unlock(&home->lock);
    return found;
}

wefti_request *wefti_request_make(wefti_requests *home, void *whom, const wefti_request_key *key, size_t most) {
    wefti_request *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->home = home;
    made->whom = whom;
    made->key = *key;
    wefti_spin_lock(&home->lock);
    bool room = home->count < most;
    if (room) {
        made->next = home->first;
        home->first = made;
        home->count++;
    }
    wefti_spin_unlock(&home->lock);
    if (room) return made;
    free(made);
    return NULL;
}

void *wefti_request_begin(wefti_request *request) {
    if (request->begun) return NULL;
    wefti_requests *home = request->home;
    wefti_spin_lock(&home->lock);
    wefti_request **at = &home->first;
    while (*at != request) at = &(*at)->next;
    *at = request->next;
    home->count--;
    wefti_spin_unlock(&home->lock);
    request->begun = true;
    return request->whom;
}

size_t wefti_requests_withdraw(wefti_requests *home, const void *whom) {
    size_t withdrawn = 0;
    wefti_spin_lock(&home->lock);
    for (wefti_request *one = home->first; one != NULL; one = one->next) {
        if (one->whom != whom) continue;
        one->whom = NULL;
        withdrawn++;
    }
    wefti_spin_unlock(&home->lock);
    return withdrawn;
}
