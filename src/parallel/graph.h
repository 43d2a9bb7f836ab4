/* SPDX-License-Identifier: MIT */
/* graph.h - the graph object: its nodes, who may use it, and its computation.
 *
 *              define, clear, check         all is at rest
 *   EDITED <------------------------> REST <----------------- RUNNING
 *                                      |                         ^
 *                                      +--compute: collects-> EDITED --submits the first nodes--+
 *
 * Idea: nodes and edges lie in blocks that grow with the graph. A computation has two halves. *Collecting*, by the
 * caller alone, goes down from the wanted node through all that is not computed, without recursion: the path hangs on
 * the nodes themselves. It counts for each node what it waits for, and finds cycles and what is not defined before
 * anything has run. *Running* is the nodes' own tasks, each arriving at those that wait for it (lockfree/ready.h).
 *
 * The caller's call lies on its stack, and is known to the graph until it is answered: by who brings the graph to rest,
 * or who first finds the wanted node failed. A caller that gives up takes its call back, under the lock.
 *
 * Invariants
 *   G1  under the lock: state, call, waiters. All else is changed by who has put the state to EDITED, and while it is
 *       RUNNING a node's fields by its own task, or who has claimed it
 *   G2  what depends on a node that is not computed is not computed; on one that has failed, has failed, unless it was
 *       defined later
 *   G3  `round` of a node is the graph's if it is part of this computation
 */
#ifndef WEFTI_GRAPH_H
#define WEFTI_GRAPH_H

#include <weft/graph.h>

#include "condition/condition.h"
#include "lockfree/ready.h"
#include "lockfree/spinlock.h"
#include "sched/waiters.h"

typedef struct wefti_node_object wefti_node_object;

/* `of` depends on `on`. Those of one node lie side by side. */
typedef struct wefti_edge {
    wefti_node_object *on, *of;
    struct wefti_edge *next; /* of those that depend on `on` */
} wefti_edge;

struct wefti_node_object {
    weft_node id;
    const weft_node_type *type; /* NULL: not defined, or given */
    const char *name;
    void *context;
    weft_graph *graph;
    wefti_sink sink;         /* of its task */
    wefti_node_object *link; /* of a path, of those to be submitted, or of those that have failed; see weft_run_node */
    wefti_edge *needs, *needed_by;
    void *value; /* in a block, or NULL: of no bytes */
    WEFTI_ATOMIC(const wefti_condition *) failure;
    wefti_ready ready;
    uint32_t count, cursor, round, size;
    bool given, on_path, ran, low;
};

typedef struct wefti_block {
    struct wefti_block *next;
    size_t used, size;
    bool mapped; /* whole pages, not from the allocator */
    WEFTI_ALIGNED(16) unsigned char memory[];
} wefti_block;

/* What a task of a node has. */
typedef struct wefti_node_arguments {
    wefti_node_object *node;
    weft_graph *graph;
} wefti_node_arguments;

enum { WEFTI_GRAPH_REST, WEFTI_GRAPH_EDITED, WEFTI_GRAPH_RUNNING };

/* A computation as its caller sees it. */
typedef struct wefti_call {
    wefti_wait wait;
    void *result;
    const wefti_condition *condition; /* a reference */
    weft_status status;
} wefti_call;

struct weft_graph {
    const char *name;
    wefti_node_object **table; /* open addressing; a power of two */
    size_t room, nodes, bytes;
    uint32_t shift; /* of a hash, so that it says which eight places of the table */
    wefti_block *blocks;
    wefti_spinlock lock;
    uint32_t state;        /* under lock */
    wefti_call *call;      /* under lock; NULL: nobody waits for the answer */
    wefti_waiters waiters; /* for rest; under lock */
    /* of the computation */
    uint32_t round;
    bool plain; /* its tasks need no bindings to be submitted with */
    weft_category category;
    weft_priority priority;
    struct wefti_handlers *handlers; /* a reference */
    weft_kernel *kernel;
    wefti_node_object *wanted, *first, *last; /* first to last: those that wait for nothing, to be submitted yet */
    size_t fed_at_once;                       /* how many of them */
    size_t total;
    void (*progress)(size_t done, size_t total, void *context);
    void *progress_context;
    wefti_spinlock telling; /* held while progress is called */
    wefti_sink feeder;
    WEFTI_ATOMIC(bool) stopping;    /* no more nodes are begun */
    WEFTI_ATOMIC(uint32_t) trouble; /* the status of a submission that failed */
    WEFTI_ALIGNED(WEFTI_LINE) wefti_tokens tokens;
    WEFTI_ATOMIC(size_t) done; /* only where somebody wants to know */
};

/* graph.c */

/* The node, or NULL. Under G1. */
wefti_node_object *wefti_graph_find(const weft_graph *graph, weft_node id);
/* Puts the state from REST to EDITED; waits for that. */
weft_status wefti_graph_enter(weft_graph *graph, weft_deadline deadline);
/* EDITED to REST. */
void wefti_graph_leave(weft_graph *graph);
/* With the lock held and the state as it is to be: claims all who wait for rest. */
wefti_wait *wefti_graph_claim_waiters(weft_graph *graph);
void wefti_graph_unpark(wefti_wait *woken);
/* Makes a condition the last one of the caller, with the ids as its payload. Returns its status. */
weft_status wefti_graph_fail(const weft_condition_type *type, const char *message, const weft_node *ids, size_t count);
/* Forgets its value and failure. */
void wefti_node_forget(wefti_node_object *node);

/* collect.c */

/* Prepares a computation of `node`: counts, the list of the first ones. WEFT_OK, or as weft_compute_node. */
weft_status wefti_graph_collect(weft_graph *graph, wefti_node_object *node);
/* How messages call it. Returns room. */
const char *wefti_node_text(const wefti_node_object *node, char *room, size_t size);

/* compute.c: what tasks of nodes deliver to. */
void wefti_node_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition);

#endif
