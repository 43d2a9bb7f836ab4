/* SPDX-License-Identifier: MIT */
/* graph.c - graphs of dependent nodes: making, defining, asking, clearing. See parallel/graph.h. */
#include "parallel/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/live.h"
#include "sched/attach.h"
#include "sched/submit.h"

enum { BLOCK = 64 * 1024, LARGEST_BLOCK = 4 * 1024 * 1024, FIRST_ROOM = 16, MOST_NEEDS = 1 << 28 };

const weft_condition_type weft_type_graph_error = {"graph_error", &weft_type_error, WEFT_OK};
const weft_condition_type weft_type_node_undefined = {"node_undefined", &weft_type_graph_error, WEFT_OK};
const weft_condition_type weft_type_node_redefined = {"node_redefined", &weft_type_graph_error, WEFT_OK};
const weft_condition_type weft_type_graph_cycle = {"graph_cycle", &weft_type_graph_error, WEFT_OK};

/* ---- memory ---- */

/* Each as large as a part of all before, so that a large graph has few; and those lie on large pages. */
static wefti_block *more(weft_graph *graph, size_t size) {
    size_t bytes = WEFTI_MIN(WEFTI_MAX(graph->bytes / 4, (size_t)BLOCK), (size_t)LARGEST_BLOCK) & ~(size_t)(BLOCK - 1);
    bytes = WEFTI_MAX(size + sizeof(wefti_block), bytes);
    bool mapped = bytes == LARGEST_BLOCK;
    wefti_block *block = mapped ? wefti_pages_map_large(bytes) : calloc(1, bytes);
    if (block == NULL) return NULL;
    block->size = bytes - sizeof *block;
    block->mapped = mapped;
    block->next = graph->blocks;
    graph->blocks = block;
    graph->bytes += bytes;
    return block;
}

/* Zero; freed with the graph. */
static inline void *take(weft_graph *graph, size_t size) {
    size = (size + 15) & ~(size_t)15;
    wefti_block *block = graph->blocks;
    if (WEFTI_UNLIKELY(block == NULL || block->size - block->used < size) && (block = more(graph, size)) == NULL)
        return NULL;
    void *at = block->memory + block->used;
    block->used += size;
    return at;
}

static void free_block(wefti_block *block) {
    if (block->mapped)
        wefti_pages_unmap(block, block->size + sizeof *block);
    else
        free(block);
}

/* ---- the table ---- */

/* Eight ids in a row share a line, in an order of their own: numbers that are given out one after the other lie
 * together, those that have a power of two between them do not meet. Where the lines go: Fibonacci hashing, Knuth 6.4,
 * whose products of numbers in a row are spread evenly. */
static inline size_t slot_of(const weft_graph *graph, weft_node id) {
    uint64_t mixed = ((uint64_t)id >> 3) * UINT64_C(0x9E3779B97F4A7C15); /* 2^64 over the golden ratio */
    return (size_t)(mixed >> graph->shift) * 8 + (((size_t)id ^ (size_t)(mixed >> 20)) & 7);
}

/* Where it is, or would be. */
static inline wefti_node_object **look_up(const weft_graph *graph, weft_node id) {
    size_t at = slot_of(graph, id);
    while (graph->table[at] != NULL && graph->table[at]->id != id) at = (at + 1) & (graph->room - 1);
    return &graph->table[at];
}

wefti_node_object *wefti_graph_find(const weft_graph *graph, weft_node id) {
    return graph->room != 0 ? *look_up(graph, id) : NULL;
}

static bool grow(weft_graph *graph) {
    if (graph->nodes < graph->room / 4 * 3) return true;
    size_t old_room = graph->room, room = old_room != 0 ? old_room * 2 : FIRST_ROOM;
    wefti_node_object **old = graph->table, **table = calloc(room, sizeof *table);
    if (table == NULL) return false;
    graph->table = table;
    graph->room = room;
    graph->shift = 64u - (uint32_t)__builtin_ctzll(room / 8);
    for (size_t i = 0; i < old_room; i++)
        if (old[i] != NULL) *look_up(graph, old[i]->id) = old[i];
    free(old);
    graph->bytes += (room - old_room) * sizeof *table;
    return true;
}

/* Finds or makes it. NULL: no memory. */
static wefti_node_object *named(weft_graph *graph, weft_node id) {
    if (!grow(graph)) return NULL;
    wefti_node_object **at = look_up(graph, id);
    if (*at != NULL) return *at;
    wefti_node_object *node = take(graph, sizeof *node);
    if (node == NULL) return NULL;
    node->id = id;
    node->graph = graph;
    node->sink.deliver = wefti_node_deliver;
    graph->nodes++;
    return *at = node;
}

/* ---- who may use it ---- */

/* The caller is itself a node's task. One that a node waits for in another way is not noticed. */
static bool inside(const weft_graph *graph, wefti_strand *self) {
    if (self->worker == NULL || !wefti_task_runs(wefti_runner_of_strand(self))) return false;
    const wefti_record *record = (const wefti_record *)(const void *)wefti_runner_of_strand(self)->slots;
    if (record->sink == NULL || record->sink->deliver != wefti_node_deliver) return false;
    return WEFTI_CONTAINER(record->sink, wefti_node_object, sink)->graph == graph;
}

/* A thread is cancelled where it waits. */
static void leave_graph(void *argument) {
    wefti_waiter *waiter = argument;
    weft_graph *graph = (weft_graph *)(uintptr_t)waiter->wait->object;
    wefti_wait_given_up(waiter->wait);
    wefti_spin_lock(&graph->lock);
    if (waiter->listed) wefti_waiter_unlist(&graph->waiters, waiter);
    wefti_spin_unlock(&graph->lock);
}

/* With the lock held; gives it up meanwhile. */
static weft_status wait_for_rest(weft_graph *graph, wefti_strand *self, weft_deadline deadline) {
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, "graph", graph);
    wefti_waiter_enlist(&graph->waiters, &waiter);
    wefti_spin_unlock(&graph->lock);
    wait.killable = wefti_can_be_killed(self);
    weft_status status = wefti_park_mortal(&wait, deadline, leave_graph, &waiter);
    wefti_spin_lock(&graph->lock);
    if (waiter.listed) wefti_waiter_unlist(&graph->waiters, &waiter);
    return status;
}

weft_status wefti_graph_enter(weft_graph *graph, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    if (self->locks != 0) return WEFT_INVALID;
    wefti_spin_lock(&graph->lock);
    weft_status status = WEFT_OK;
    if (WEFTI_UNLIKELY(graph->state != WEFTI_GRAPH_REST)) {
        if (inside(graph, self)) status = WEFT_BUSY;
        if (status == WEFT_OK && deadline <= WEFT_NOW) status = WEFT_TIMED_OUT;
        if (status == WEFT_OK && !wefti_may_park(self)) status = WEFT_NO_MEMORY;
        while (status == WEFT_OK && graph->state != WEFTI_GRAPH_REST) status = wait_for_rest(graph, self, deadline);
    }
    if (status == WEFT_OK) graph->state = WEFTI_GRAPH_EDITED;
    wefti_spin_unlock(&graph->lock);
    wefti_die_if_killed(status);
    return status;
}

wefti_wait *wefti_graph_claim_waiters(weft_graph *graph) {
    wefti_wait *woken = NULL;
    for (wefti_waiter *waiter = wefti_first(&graph->waiters), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        bool gone, won = wefti_waiter_claim(waiter, WEFT_OK, &gone);
        wefti_waiter_unlist(&graph->waiters, waiter);
        if (!won) continue;
        waiter->wait->woken = woken;
        woken = waiter->wait;
    }
    return woken;
}

void wefti_graph_unpark(wefti_wait *woken) {
    for (wefti_wait *next; woken != NULL; woken = next) {
        next = woken->woken;
        wefti_unpark(woken);
    }
}

void wefti_graph_leave(weft_graph *graph) {
    wefti_spin_lock(&graph->lock);
    graph->state = WEFTI_GRAPH_REST;
    wefti_wait *woken = wefti_first(&graph->waiters) != NULL ? wefti_graph_claim_waiters(graph) : NULL;
    wefti_spin_unlock(&graph->lock);
    if (WEFTI_UNLIKELY(woken != NULL)) wefti_graph_unpark(woken);
}

weft_status weft_wait_graph(weft_graph *graph, weft_deadline deadline) {
    if (graph == NULL) return WEFT_INVALID;
    weft_status status = wefti_graph_enter(graph, deadline);
    if (status == WEFT_OK) wefti_graph_leave(graph);
    return status;
}

/* ---- making and freeing ---- */

weft_graph *weft_make_graph(const char *name) {
    weft_graph *graph = aligned_alloc(WEFTI_LINE, sizeof *graph);
    if (graph == NULL) return wefti_fail(WEFT_NO_MEMORY);
    memset(graph, 0, sizeof *graph);
    graph->name = name;
    graph->bytes = sizeof *graph;
    wefti_count_live(1);
    return graph;
}

void wefti_node_forget(wefti_node_object *node) {
    wefti_condition_drop(wefti_load_relaxed(&node->failure)); /* relaxed, all: by who alone has the graph */
    wefti_store_relaxed(&node->failure, NULL);
    wefti_ready_set(&node->ready, node->given ? WEFTI_READY_DONE : 0);
}

/* Calls it for each node, in no order. */
static void for_each(weft_graph *graph, void (*each)(wefti_node_object *node)) {
    for (size_t i = 0; i < graph->room; i++)
        if (graph->table[i] != NULL) each(graph->table[i]);
}

weft_status weft_free_graph(weft_graph *graph) {
    if (graph == NULL) return WEFT_OK;
    weft_status status = wefti_graph_enter(graph, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    for_each(graph, wefti_node_forget);
    for (wefti_block *block = graph->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free_block(block);
    }
    free(graph->table);
    free(graph);
    wefti_count_live(-1);
    return WEFT_OK;
}

/* ---- defining ---- */

weft_status wefti_graph_fail(const weft_condition_type *type, const char *message, const weft_node *ids, size_t count) {
    weft_condition condition;
    weft_origin origin = {"weft_graph", "", 0, type, ids, count * sizeof *ids, NULL};
    wefti_condition_make(&condition, &origin, message);
    return wefti_condition_receive(wefti_strand_now, &weft_retain_condition(&condition)->base);
}

static weft_status is_redefined(const wefti_node_object *node) {
    char name[128], message[256];
    snprintf(message, sizeof message, "node %s is defined already", wefti_node_text(node, name, sizeof name));
    return wefti_graph_fail(&weft_type_node_redefined, message, &node->id, 1);
}

static bool add_needs(weft_graph *graph, wefti_node_object *node, wefti_edge *edges, const weft_node *needs,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        edges[i].of = node;
        edges[i].on = named(graph, needs[i]);
        if (edges[i].on == NULL) return false; /* nothing leads here yet */
    }
    for (size_t i = count; i-- > 0;) {
        edges[i].next = edges[i].on->needed_by;
        edges[i].on->needed_by = &edges[i];
    }
    node->needs = edges;
    node->count = (uint32_t)count;
    return true;
}

static weft_status define(weft_graph *graph, weft_node id, const weft_node_type *type, const weft_node_options *options,
                          const weft_node *needs, size_t count) {
    wefti_node_object *node = named(graph, id);
    if (node == NULL) return WEFT_NO_MEMORY;
    if (node->type != NULL || node->given) return is_redefined(node);
    size_t value_size = (type->result_size + (size_t)15) & ~(size_t)15;
    char *memory = take(graph, value_size + count * sizeof(wefti_edge));
    if (memory == NULL || !add_needs(graph, node, (wefti_edge *)(void *)(memory + value_size), needs, count))
        return WEFT_NO_MEMORY;
    if (type->result_size != 0) node->value = memory;
    node->size = type->result_size;
    node->type = type;
    if (options == NULL) return WEFT_OK;
    node->name = options->name;
    node->context = options->context;
    node->low = options->priority == WEFT_PRIORITY_LOW;
    return WEFT_OK;
}

static bool is_valid(const weft_node_type *type) {
    return type != NULL && type->compute != NULL && type->task.invoke == weft_run_node &&
           type->task.argument_size == sizeof(wefti_node_arguments) && type->task.result_size == 0;
}

weft_status weft_define_node(weft_graph *graph, weft_node node, const weft_node_type *type,
                             const weft_node_options *options, const weft_node *needs, size_t count) {
    if (graph == NULL || !is_valid(type) || (needs == NULL && count != 0) || count > MOST_NEEDS) return WEFT_INVALID;
    if (options != NULL && (unsigned)options->priority > WEFT_PRIORITY_LOW) return WEFT_INVALID;
    if (type->input_count != WEFT_ANY_INPUTS && type->input_count != count) return WEFT_WRONG_SIZE;
    weft_status status = wefti_graph_enter(graph, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    status = define(graph, node, type, options, needs, count);
    wefti_graph_leave(graph);
    return status;
}

/* ---- clearing ---- */

/* Forgets the node and all that depend on it, of which those that hang on the list are still to be gone through. One
 * that knows nothing has nothing above it that does (G2), unless it is the one that this begins with. */
static void forget_upward(wefti_node_object *node) {
    node->link = NULL;
    for (wefti_node_object *list = node; list != NULL;) {
        wefti_node_object *one = list;
        list = one->link;
        wefti_node_forget(one);
        for (const wefti_edge *edge = one->needed_by; edge != NULL; edge = edge->next) {
            wefti_node_object *of = edge->of;
            if (!wefti_ready_is_done(&of->ready) && !wefti_ready_is_failed(&of->ready)) continue;
            wefti_node_forget(of);
            of->link = list;
            list = of;
        }
    }
}

static void forget_failure(wefti_node_object *node) {
    if (wefti_ready_is_failed(&node->ready)) wefti_node_forget(node);
}

static weft_status clear(weft_graph *graph, void (*each)(wefti_node_object *node)) {
    if (graph == NULL) return WEFT_INVALID;
    weft_status status = wefti_graph_enter(graph, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    for_each(graph, each);
    wefti_graph_leave(graph);
    return WEFT_OK;
}

weft_status weft_clear_graph(weft_graph *graph) { return clear(graph, wefti_node_forget); }

weft_status weft_clear_failures(weft_graph *graph) { return clear(graph, forget_failure); }

weft_status weft_clear_node(weft_graph *graph, weft_node id) {
    if (graph == NULL) return WEFT_INVALID;
    weft_status status = wefti_graph_enter(graph, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    wefti_node_object *node = wefti_graph_find(graph, id);
    if (node != NULL) forget_upward(node);
    wefti_graph_leave(graph);
    return WEFT_OK;
}

static weft_status give(weft_graph *graph, weft_node id, const void *value, size_t size) {
    wefti_node_object *node = named(graph, id);
    if (node == NULL) return WEFT_NO_MEMORY;
    if (node->type != NULL) return is_redefined(node);
    if (node->given && node->size != size) return WEFT_WRONG_SIZE;
    if (size != 0 && node->value == NULL && (node->value = take(graph, size)) == NULL) return WEFT_NO_MEMORY;
    if (size != 0) memcpy(node->value, value, size);
    node->size = (uint32_t)size;
    node->given = true;
    forget_upward(node);
    return WEFT_OK;
}

weft_status weft_give_node(weft_graph *graph, weft_node node, const void *value, size_t size) {
    if (graph == NULL || (value == NULL && size != 0) || size > UINT32_MAX) return WEFT_INVALID;
    weft_status status = wefti_graph_enter(graph, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    status = give(graph, node, value, size);
    wefti_graph_leave(graph);
    return status;
}

/* ---- asking ---- */

/* Takes the lock with a graph whose table nobody changes. EDITED lasts as long as a definition, a clearing or a
 * collecting. */
static void look_begin(weft_graph *graph) {
    wefti_spin_lock(&graph->lock);
    while (graph->state == WEFTI_GRAPH_EDITED) {
        wefti_spin_unlock(&graph->lock);
        weft_yield();
        wefti_spin_lock(&graph->lock);
    }
}

weft_node_state weft_node_state_of(weft_graph *graph, weft_node id) {
    if (graph == NULL) return WEFT_NODE_UNKNOWN;
    look_begin(graph);
    const wefti_node_object *node = wefti_graph_find(graph, id);
    weft_node_state state = WEFT_NODE_OPEN;
    if (node == NULL)
        state = WEFT_NODE_UNKNOWN;
    else if (node->type == NULL && !node->given)
        state = WEFT_NODE_UNDEFINED;
    else if (wefti_ready_is_done(&node->ready))
        state = WEFT_NODE_COMPUTED;
    else if (wefti_ready_is_failed(&node->ready))
        state = WEFT_NODE_BROKEN;
    wefti_spin_unlock(&graph->lock);
    return state;
}

const weft_condition *weft_node_failure(weft_graph *graph, weft_node id) {
    if (graph == NULL) return NULL;
    look_begin(graph);
    const wefti_node_object *node = wefti_graph_find(graph, id);
    const wefti_condition *failure = node != NULL ? wefti_load_acquire(&node->failure) : NULL; /* partner: say_why */
    const weft_condition *kept = failure != NULL ? weft_retain_condition(wefti_condition_public(failure)) : NULL;
    wefti_spin_unlock(&graph->lock);
    return kept;
}

size_t weft_graph_nodes(weft_graph *graph) {
    if (graph == NULL) return 0;
    look_begin(graph);
    size_t nodes = graph->nodes;
    wefti_spin_unlock(&graph->lock);
    return nodes;
}

size_t weft_graph_bytes(weft_graph *graph) {
    if (graph == NULL) return 0;
    look_begin(graph);
    size_t bytes = graph->bytes;
    wefti_spin_unlock(&graph->lock);
    return bytes;
}

weft_status weft_check_graph(weft_graph *graph) {
    if (graph == NULL) return WEFT_INVALID;
    weft_status status = wefti_graph_enter(graph, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    graph->round++;
    graph->wanted = NULL;
    graph->first = graph->last = NULL;
    for (size_t i = 0; i < graph->room && status == WEFT_OK; i++)
        if (graph->table[i] != NULL) status = wefti_graph_collect(graph, graph->table[i]);
    wefti_graph_leave(graph);
    return status;
}
