/* SPDX-License-Identifier: MIT */
/* mailbox.h - a box that anyone drops nodes into and one owner empties: how other threads hand a worker its runners.
 *
 * A stack whose only removal takes everything, so that no node can come back while somebody looks at it (no ABA). The
 * owner turns it round and so gets the nodes in the order they came. Who has pushed wakes the owner
 * (wefti_wake_worker), and the owner looks in the box once more when it has announced that it sleeps.
 */
#ifndef WEFTI_MAILBOX_H
#define WEFTI_MAILBOX_H

#include "base/atomic.h"
#include "base/node.h"

typedef WEFTI_ATOMIC(wefti_node *) wefti_mailbox;

/* Anyone. */
static inline void wefti_mailbox_push(wefti_mailbox *box, wefti_node *node) {
    wefti_node *top = wefti_load_relaxed(box);
    do {
        node->next = top; /* on a second turn `top` is what the failed cas found */
        wefti_plain_write(node, sizeof *node);
        /* release: partner is the acquire in wefti_mailbox_empty; the owner sees the node and what led to it. */
    } while (!wefti_cas_release(box, &top, node));
}

/* Owner: all nodes, the oldest first; NULL if there are none. */
static inline wefti_node *wefti_mailbox_empty(wefti_mailbox *box) {
    if (wefti_load_relaxed(box) == NULL) return NULL; /* relaxed: whoever pushes wakes the owner afterwards */
    wefti_node *node = wefti_exchange_acquire(box, (wefti_node *)NULL); /* partner: wefti_mailbox_push */
    wefti_node *oldest = NULL;
    while (node != NULL) {
        wefti_plain_read(node, sizeof *node);
        wefti_node *next = node->next;
        node->next = oldest;
        oldest = node;
        node = next;
    }
    return oldest;
}

static inline bool wefti_mailbox_has_mail(wefti_mailbox *box) {
    return wefti_load_acquire(box) != NULL; /* acquire: for the sleeper's last look; partner: wefti_mailbox_push */
}

#endif
