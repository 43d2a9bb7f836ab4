/* SPDX-License-Identifier: MIT */
/* request.h - asking other workers to help, so that what is not needed any more is used again.
 *
 * Idea: who asks submits a task for each helper, and a task cannot be taken out of a queue. Where all workers are busy
 * for long, a task that runs one loop after the other would leave more and more of them. So a request that nobody has
 * begun when its asker is done waits in its home, which is a worker's or the kernel's, for the next who asks there with
 * the same category, priority and handlers.
 *
 *   made: for A, in a queue --A is done--> for nobody, in the queue --B asks--> for B, in the queue
 *                 \                                \ begun: ends at once                \ begun: helps B
 *                  begun: helps A
 *
 * Invariants: P1 a request is in its home's list exactly until it is begun, and `whom` changes only there, with the
 * lock held. P2 whoever is done finds none of its own in the list afterwards (wefti_requests_withdraw).
 */
#ifndef WEFTI_REQUEST_H
#define WEFTI_REQUEST_H

#include "sched/handlers.h"
#include "sched/worker.h"

/* What a task brings along from where it was submitted. */
typedef struct wefti_request_key {
    weft_category category;
    weft_priority priority;
    const wefti_handlers *handlers; /* its record has a reference */
} wefti_request_key;

typedef struct wefti_request {
    wefti_sink sink; /* of its task */
    wefti_requests *home;
    struct wefti_request *next;
    void *whom; /* NULL: nobody */
    wefti_request_key key;
    bool begun, entered; /* entered: for who has made it */
} wefti_request;

/* Up to so many that wait for nobody are for `whom` from now on. Returns how many. */
size_t wefti_requests_reuse(wefti_requests *home, void *whom, const wefti_request_key *key, size_t wanted);

/* A new one, in the list; its task is to be submitted next. NULL: no memory, or `most` are waiting. */
wefti_request *wefti_request_make(wefti_requests *home, void *whom, const wefti_request_key *key, size_t most);

/* Takes it out of the list, the first time. Returns whom it is for. */
void *wefti_request_begin(wefti_request *request);

/* Those that nobody has begun are for nobody from now on. Returns how many. */
size_t wefti_requests_withdraw(wefti_requests *home, const void *whom);

#endif
