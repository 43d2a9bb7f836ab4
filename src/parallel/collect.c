/* SPDX-License-Identifier: MIT */
/* collect.c - the nodes of a computation, found by the caller alone: what waits for what, cycles, what is missing. */
#include <stdio.h>
#include <string.h>

#include "parallel/graph.h"

enum { CYCLE_MOST = 64, CYCLE_SHOWN = 12, REFERENCES_MOST = 15, REFERENCES_SHOWN = 4, TEXT_MOST = 1024 };

const char *wefti_node_text(const wefti_node_object *node, char *room, size_t size) {
    if (node->name != NULL)
        snprintf(room, size, "%s", node->name);
    else if (node->type != NULL && node->id == (weft_node)(uintptr_t)node->type)
        snprintf(room, size, "%s", node->type->task.name);
    else if (node->type != NULL)
        snprintf(room, size, "%s %zu", node->type->task.name, (size_t)node->id);
    else
        snprintf(room, size, "%zu", (size_t)node->id);
    return room;
}

/* A text that grows until its room is used up. */
typedef struct text {
    char room[TEXT_MOST];
    size_t used;
} text;

static void add(text *to, const char *before, const char *what) {
    int length = snprintf(to->room + to->used, sizeof to->room - to->used, "%s%s", before, what);
    if (length > 0) to->used = WEFTI_MIN(to->used + (size_t)length, sizeof to->room - 1);
}

static void add_node(text *to, const char *before, const wefti_node_object *node) {
    char name[64];
    add(to, before, wefti_node_text(node, name, sizeof name));
}

/* ---- what is wrong ---- */

static weft_status is_missing(const weft_graph *graph, const wefti_node_object *node) {
    weft_node ids[1 + REFERENCES_MOST] = {node->id};
    size_t count = 1;
    text said = {.used = 0};
    add_node(&said, "node ", node);
    add(&said, graph->name != NULL ? " of graph " : "", graph->name != NULL ? graph->name : "");
    add(&said, " is not defined", node->needed_by != NULL ? "; needed by " : "");
    for (const wefti_edge *edge = node->needed_by; edge != NULL && count <= REFERENCES_MOST; edge = edge->next) {
        if (count <= REFERENCES_SHOWN) add_node(&said, count > 1 ? ", " : "", edge->of);
        if (count == REFERENCES_SHOWN + 1) add(&said, ", ...", "");
        ids[count++] = edge->of->id;
    }
    return wefti_graph_fail(&weft_type_node_undefined, said.room, ids, count);
}

/* The path hangs on link, from the inner end outward; so it is turned round: what depends comes before what it depends
 * on. `top` depends on `again`, which is on the path. */
static weft_status is_cycle(wefti_node_object *top, wefti_node_object *again) {
    wefti_node_object *turned = NULL;
    size_t length = 0;
    for (wefti_node_object *node = top, *outer; node != NULL; node = outer, length++) {
        outer = node != again ? node->link : NULL;
        node->link = turned;
        turned = node;
    }
    weft_node ids[CYCLE_MOST];
    text said = {.used = 0};
    size_t place = 0, listed = 0;
    for (const wefti_node_object *node = turned; node != NULL; node = node->link, place++) {
        if (listed < CYCLE_MOST) ids[listed++] = node->id;
        bool shown = place < CYCLE_SHOWN || place + 3 >= length;
        if (shown) add_node(&said, place == 0 ? "cycle: " : " -> ", node);
        if (!shown && place == CYCLE_SHOWN) {
            char left_out[48];
            snprintf(left_out, sizeof left_out, " -> ... %zu more ...", length - CYCLE_SHOWN - 3);
            add(&said, left_out, "");
        }
    }
    add_node(&said, " -> ", again);
    return wefti_graph_fail(&weft_type_graph_cycle, said.room, ids, listed);
}

static bool fits(const wefti_node_object *node, uint32_t place, const wefti_node_object *on) {
    const uint32_t *sizes = node->type->input_sizes;
    return sizes == NULL || node->type->input_count == WEFT_ANY_INPUTS || sizes[place] == on->size;
}

/* ---- going down ---- */

/* Ready for what it needs to be gone through. */
static void open_node(weft_graph *graph, wefti_node_object *node, wefti_node_object *outer) {
    node->round = graph->round;
    node->cursor = 0;
    node->on_path = true;
    node->link = outer;
    wefti_ready_set(&node->ready, 0);
}

/* All that it needs has been gone through. */
static void close_node(weft_graph *graph, wefti_node_object *node) {
    node->on_path = false;
    node->ran = false;
    graph->total++;
    if (wefti_load_relaxed(&node->ready) != 0) return; /* relaxed: nobody else has it yet */
    node->link = NULL;
    if (graph->first == NULL)
        graph->first = node;
    else
        graph->last->link = node;
    graph->last = node;
}

/* A need that failed in an earlier computation, while what needs it was defined later; a check goes past it. */
static weft_status has_failed(const weft_graph *graph, const wefti_node_object *on) {
    if (graph->wanted == NULL || !wefti_ready_is_failed(&on->ready)) return WEFT_OK;
    const wefti_condition *why = wefti_load_relaxed(&on->failure); /* relaxed: at rest */
    return wefti_condition_receive(wefti_strand_now, &weft_retain_condition(wefti_condition_public(why))->base);
}

/* One that a node needs. WEFT_OK; *down: it is to be gone through first. */
static weft_status look_at(weft_graph *graph, wefti_node_object *node, uint32_t place, bool *down) {
    wefti_node_object *on = node->needs[place].on;
    *down = false;
    if (on->type == NULL && !on->given) return is_missing(graph, on);
    if (!fits(node, place, on)) return WEFT_WRONG_SIZE;
    if (wefti_ready_is_done(&on->ready)) return WEFT_OK;
    if (wefti_ready_is_failed(&on->ready)) return has_failed(graph, on);
    if (on->round == graph->round && on->on_path) return is_cycle(node, on);
    *down = on->round != graph->round;
    return WEFT_OK;
}

static weft_status go_down(weft_graph *graph, wefti_node_object *top) {
    while (top != NULL) {
        if (top->cursor == top->count) {
            wefti_node_object *outer = top->link;
            close_node(graph, top);
            top = outer;
            continue;
        }
        uint32_t place = top->cursor++;
        bool down;
        weft_status status = look_at(graph, top, place, &down);
        if (status != WEFT_OK) return status;
        wefti_node_object *on = top->needs[place].on;
        if (!wefti_ready_is_done(&on->ready)) /* relaxed: as in close_node */
            wefti_ready_set(&top->ready, wefti_load_relaxed(&top->ready) + 1);
        if (!down) continue;
        open_node(graph, on, top);
        top = on;
    }
    return WEFT_OK;
}

weft_status wefti_graph_collect(weft_graph *graph, wefti_node_object *node) {
    if (node->round == graph->round) return WEFT_OK;
    if (node->type == NULL && !node->given) return is_missing(graph, node);
    if (wefti_ready_is_done(&node->ready) || wefti_ready_is_failed(&node->ready)) return WEFT_OK;
    open_node(graph, node, NULL);
    return go_down(graph, node);
}
