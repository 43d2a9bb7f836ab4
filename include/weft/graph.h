/* SPDX-License-Identifier: MIT */
/* graph.h - graphs of nodes that depend on each other: each is computed once, when what it depends on has been. */
#ifndef WEFT_GRAPH_H
#define WEFT_GRAPH_H

#include <weft/base.h>
#include <weft/condition.h>
#include <weft/kernel.h>
#include <weft/task.h>

WEFT_BEGIN_DECLS

/**
 * A graph of nodes with dependencies, whose values are kept. Any thread or task may use it.
 *
 * One computation runs at a time. What defines, clears or computes waits until the one before has come to rest (all
 * that it has begun has ended); what only asks does not. None of them may be called by a node of the same graph, which
 * would wait for itself: WEFT_BUSY. Source: ptree. Row F3.
 */
typedef struct weft_graph weft_graph;

/** The name of a node in its graph: any number, or the address of something. */
typedef uintptr_t weft_node;

/** What a node is given. */
typedef struct weft_inputs weft_inputs;

/** How many nodes a node of this kind depends on: any number, of any sizes. */
#define WEFT_ANY_INPUTS UINT32_MAX

/** What a node does. One static object a definition; WEFT_NODE and WEFT_NODE_OVER make it. */
typedef struct weft_node_type {
    weft_task_type task;                                      /**< {name, weft_run_node, 2 * sizeof(void *), 0} */
    void (*compute)(const weft_inputs *inputs, void *result); /**< result: result_size bytes, aligned to 16 */
    const uint32_t *input_sizes; /**< bytes of each value that it is given; NULL: not checked */
    uint32_t input_count;        /**< how many; or WEFT_ANY_INPUTS */
    uint32_t result_size;
} weft_node_type;

/** Makes an empty graph. name: shown in messages; lives as long as the graph; NULL allowed. Needs no kernel. NULL if
 * there is no memory. Any thread or task. Source: make-ptree. */
WEFT_API WEFT_CHECKED weft_graph *weft_make_graph(const char *name);

/** Waits until the graph is at rest, and frees it. NULL allowed. WEFT_BUSY from a node of it; WEFT_NO_MEMORY for a
 * stack to wait with: then nothing is freed. Nobody may use the graph at the same time. Parks or blocks. */
WEFT_API weft_status weft_free_graph(weft_graph *graph);

/* ---- defining ---- */

/**
 * Defines what a node does: a task whose parameters are the values of the nodes that it depends on, in their order.
 *
 *     WEFT_NODE(int, border) { return 2; }
 *     WEFT_NODE(int, width, (int, border)) { return 7 + 2 * border; }
 *     WEFT_NODE(int, height, (int, border)) { return 5 + 2 * border; }
 *     WEFT_NODE(int, area, (int, width), (int, height)) { return width * height; }
 *
 * As WEFT_TASK otherwise, and what it defines can also be used as any other task.
 */
#define WEFT_NODE(result, ...) WEFTI_CAT(WEFTI_NODE_, WEFTI_COUNT(__VA_ARGS__))(result, __VA_ARGS__)

/**
 * The same for a node that depends on any number of nodes: WEFT_NODE_OVER(long, total, inputs) { ... weft_input(inputs,
 * 0, long) ... weft_input_count(inputs) ... return ...; }. Result type: any but void.
 */
#define WEFT_NODE_OVER(result, name, inputs)                                                                           \
    static result wefti_node_body_of_##name(const weft_inputs *inputs);                                                \
    __attribute__((unused)) static void wefti_node_compute_of_##name(const weft_inputs *wefti_in, void *wefti_out) {   \
        *(result *)wefti_out = wefti_node_body_of_##name(wefti_in);                                                    \
    }                                                                                                                  \
    __attribute__((unused)) static const weft_node_type weft_node_of_##name = {                                        \
        {#name, weft_run_node, 2 * sizeof(void *), 0},                                                                 \
        wefti_node_compute_of_##name,                                                                                  \
        WEFTI_NO_SIZES,                                                                                                \
        WEFT_ANY_INPUTS,                                                                                               \
        sizeof(result)};                                                                                               \
    static result wefti_node_body_of_##name(const weft_inputs *inputs)

/** The number of nodes that this one depends on. */
WEFT_API uint32_t weft_input_count(const weft_inputs *inputs);
/** The value of the node that it depends on, by place; misplaced: NULL. Good while the node runs. */
WEFT_API const void *weft_input_value(const weft_inputs *inputs, uint32_t place);
/** The same, as a value of `type`. */
#define weft_input(inputs, place, type) (*(type const *)weft_input_value((inputs), (place)))
/** What weft_node_options.context was when the node was defined. */
WEFT_API void *weft_input_context(const weft_inputs *inputs);
/** The node itself. */
WEFT_API weft_node weft_input_node(const weft_inputs *inputs);

/** Options of a node. All zero is the default of each. */
typedef struct weft_node_options {
    const char *name;       /**< shown in messages; lives as long as the graph; NULL: that of its type, or its number */
    void *context;          /**< for weft_input_context */
    weft_priority priority; /**< WEFT_PRIORITY_LOW: it begins when nothing of default priority is pending */
} weft_node_options;

/**
 * Defines a node that WEFT_NODE made, by its name: weft_define(graph, node, names of the nodes it depends on...).
 *
 *     weft_define(graph, area, width, height);
 *
 * That the types agree is checked by the compiler. The others may be defined later. See weft_define_node.
 */
#define weft_define(...) WEFTI_CAT(WEFTI_DEFINE_, WEFTI_DEPENDS(__VA_ARGS__))(__VA_ARGS__)
/** The weft_node of a node that is defined by its name. */
#define weft_node_named(name) ((weft_node)(uintptr_t)&weft_node_of_##name)

/**
 * Defines a node.
 *
 * type: lives as long as the graph. options: NULL for the defaults. needs: `count` nodes that it depends on, in the
 * order in which it gets their values; they may be defined later, and one may occur several times. Returns
 *   WEFT_OK
 *   WEFT_FAILED      it is defined: weft_last_condition() is a weft_type_node_redefined
 *   WEFT_WRONG_SIZE  count is not what the type wants; WEFT_INVALID: NULL, or a type or priority out of range
 *   WEFT_BUSY        called by a node of this graph; WEFT_NO_MEMORY
 * Any thread or task. Waits until the graph is at rest. Source: ptree-fn.
 */
WEFT_API weft_status weft_define_node(weft_graph *graph, weft_node node, const weft_node_type *type,
                                      const weft_node_options *options, const weft_node *needs, size_t count);

/** Gives a node a value: weft_give(graph, node, pointer). See weft_give_node. */
#define weft_give(graph, node, pointer) weft_give_node((graph), (node), (pointer), sizeof *(pointer))
/**
 * Gives a node a value, which it keeps when the graph is cleared; given again, what depends on it is forgotten.
 *
 * value: copied. As weft_define_node, and WEFT_WRONG_SIZE for a value of another size than before.
 */
WEFT_API weft_status weft_give_node(weft_graph *graph, weft_node node, const void *value, size_t size);

/* ---- computing ---- */

/** Options of a computation. All zero is the default of each. */
typedef struct weft_compute_options {
    weft_kernel *kernel; /**< where nodes run; NULL: the current kernel */
    /** Told how many nodes are done, by any worker, one call at a time, now and then; once all are, by the caller. It
     * and its context last until the graph is at rest. NULL: nobody is told. */
    void (*progress)(size_t done, size_t total, void *context);
    void *progress_context;
} weft_compute_options;

/** Computes a node that is defined by its name: weft_compute(graph, area, &value, deadline). See weft_compute_node. */
#define weft_compute(graph, name, pointer, deadline)                                                                   \
    wefti_compute_of_##name((graph), WEFTI_NULL_OPTIONS, (pointer), (deadline))
/** The same with options. */
#define weft_compute_with(options, graph, name, pointer, deadline)                                                     \
    wefti_compute_of_##name((graph), (options), (pointer), (deadline))

/**
 * Computes a node and all that it depends on, as far as they have not been computed; leaves its value in *result.
 *
 * options: NULL for the defaults. result: NULL if the value is not wanted. Each node runs as a task of its own as soon
 * as what it depends on is done, with the category, priority (a node's own may be lower) and task handlers of tasks
 * that the caller submits.
 * Returns
 *   WEFT_OK          *result is the value
 *   WEFT_FAILED      an error, that nobody took, ended a node: weft_last_condition() is it, at once, and it is kept by
 *                    that node and all that depend on it. Other nodes that run go on; no more are begun. Or, and then
 *                    nothing has run, a weft_type_node_undefined or a weft_type_graph_cycle
 *   WEFT_KILLED      a node was killed; otherwise as WEFT_FAILED
 *   WEFT_CANCELLED   see weft_cancel_graph
 *   WEFT_TIMED_OUT   not done until the deadline: no more nodes are begun, what is done is kept, and computing the node
 *                    again goes on from there
 *   WEFT_WRONG_SIZE  size is not that of the result, or a node's value has not the size that another one wants
 *   WEFT_INVALID     NULL, or the caller holds a channel's lock; WEFT_BUSY: called by a node of this graph
 *   WEFT_NO_KERNEL, WEFT_ENDED, WEFT_NO_MEMORY
 * Any thread or task. Parks or blocks. What happened before the call happens before the nodes; a node happens before
 * those that depend on it, and before the return. The time that it takes by itself is in proportion to the nodes and
 * dependencies that are not computed. Source: call-ptree.
 */
WEFT_API weft_status weft_compute_node(weft_graph *graph, const weft_compute_options *options, weft_node node,
                                       void *result, size_t size, weft_deadline deadline);

/** Begins no more nodes of the computation that goes on, which ends with WEFT_CANCELLED. What is done is kept. WEFT_OK
 * or WEFT_INVALID (NULL). Any thread or task, nodes of it too. Never waits. */
WEFT_API weft_status weft_cancel_graph(weft_graph *graph);

/** Waits until nothing of the graph runs. WEFT_OK, WEFT_TIMED_OUT, WEFT_BUSY (from a node of it), WEFT_INVALID,
 * WEFT_NO_MEMORY. */
WEFT_API weft_status weft_wait_graph(weft_graph *graph, weft_deadline deadline);

/* ---- asking ---- */

/** What is known of a node. */
typedef enum weft_node_state {
    WEFT_NODE_UNKNOWN = 0,   /**< nobody has named it */
    WEFT_NODE_UNDEFINED = 1, /**< others depend on it */
    WEFT_NODE_OPEN = 2,      /**< not computed, or being computed */
    WEFT_NODE_COMPUTED = 3,  /**< it has a value */
    WEFT_NODE_BROKEN = 4     /**< it, or one that it depends on, has failed */
} weft_node_state;

/** What is known of a node now. Any thread or task. Waits for nothing long. Source: ptree-computed-p. */
WEFT_API weft_node_state weft_node_state_of(weft_graph *graph, weft_node node);
/** Why it is WEFT_NODE_BROKEN: a reference, to be released; NULL if it is not. As weft_node_state_of. */
WEFT_API const weft_condition *weft_node_failure(weft_graph *graph, weft_node node);
/** How many nodes have been named. 0 for NULL. As weft_node_state_of. */
WEFT_API size_t weft_graph_nodes(weft_graph *graph);
/** How many bytes of memory it takes. 0 for NULL. As weft_node_state_of. */
WEFT_API size_t weft_graph_bytes(weft_graph *graph);

/** Looks at the whole graph: WEFT_OK; WEFT_FAILED for an undefined node or a cycle (weft_last_condition() says which),
 * WEFT_WRONG_SIZE, or as weft_define_node. Waits until it is at rest. Source: check-ptree. */
WEFT_API weft_status weft_check_graph(weft_graph *graph);

/* ---- once more ---- */

/** Forgets all values, but those given, and all failures. WEFT_OK, or as weft_define_node. Source: clear-ptree. */
WEFT_API weft_status weft_clear_graph(weft_graph *graph);
/** Forgets the failures: what was computed is kept. As weft_clear_graph. Source: clear-ptree-errors. */
WEFT_API weft_status weft_clear_failures(weft_graph *graph);
/** Forgets the value of a node and of all that depend on it. As weft_clear_graph; an unknown node is WEFT_OK. */
WEFT_API weft_status weft_clear_node(weft_graph *graph, weft_node node);

/* ---- conditions; the payload of each is an array of weft_node ---- */

WEFT_API extern const weft_condition_type weft_type_graph_error;    /**< parent of the others */
WEFT_API extern const weft_condition_type weft_type_node_undefined; /**< the node, then up to 15 that depend on it */
WEFT_API extern const weft_condition_type weft_type_node_redefined; /**< the node */
/** The nodes of the cycle in order, each depending on the next and the last on the first; of a long one, the first 64.
 * The message has its path. */
WEFT_API extern const weft_condition_type weft_type_graph_cycle;

/** What nodes' tasks run. Not to be called. */
WEFT_API void weft_run_node(void *arguments, void *result);

WEFT_END_DECLS

/* ---- below: how the macros work ---- */

#ifdef __cplusplus
#define WEFTI_NULL_OPTIONS nullptr
#define WEFTI_NO_SIZES nullptr
#else
#define WEFTI_NULL_OPTIONS NULL
#define WEFTI_NO_SIZES NULL
#endif

#define WEFTI_SIZE_OF(type, name) sizeof(type)
#define WEFTI_POINTER_TO(type, name) type const *name __attribute__((unused))
#define WEFTI_INPUT_0(type, name) (*(type const *)weft_input_value(wefti_in, 0))
#define WEFTI_INPUT_1(type, name) (*(type const *)weft_input_value(wefti_in, 1))
#define WEFTI_INPUT_2(type, name) (*(type const *)weft_input_value(wefti_in, 2))
#define WEFTI_INPUT_3(type, name) (*(type const *)weft_input_value(wefti_in, 3))
#define WEFTI_INPUT_4(type, name) (*(type const *)weft_input_value(wefti_in, 4))
#define WEFTI_INPUT_5(type, name) (*(type const *)weft_input_value(wefti_in, 5))
#define WEFTI_INPUT_6(type, name) (*(type const *)weft_input_value(wefti_in, 6))
#define WEFTI_INPUT_7(type, name) (*(type const *)weft_input_value(wefti_in, 7))

/* What comes before the task that a node is. accepts: never called; its parameters are what the compiler compares. */
#define WEFTI_MAKE_NODE(result, name, count, sizes, pointers, extra, inputs)                                           \
    __attribute__((unused)) static result wefti_body_of_##name(weft_forks *weft_here,                                  \
                                                               weft_fork *weft_top WEFTI_UNWRAP extra);                \
    static inline void wefti_accepts_of_##name pointers;                                                               \
    __attribute__((unused)) static inline void wefti_accepts_of_##name pointers {}                                     \
    __attribute__((unused)) static void wefti_node_compute_of_##name(const weft_inputs *wefti_in, void *wefti_out) {   \
        (void)wefti_in;                                                                                                \
        (void)wefti_out;                                                                                               \
        WEFTI_IF_VOID(result)                                                                                          \
        (, *(result *)wefti_out =) wefti_body_of_##name(weft_here(), weft_top() WEFTI_UNWRAP inputs);                  \
    }                                                                                                                  \
    __attribute__((unused)) static const uint32_t wefti_node_sizes_of_##name[] = {WEFTI_UNWRAP sizes};                 \
    __attribute__((unused)) static const weft_node_type weft_node_of_##name = {                                        \
        {#name, weft_run_node, 2 * sizeof(void *), 0},                                                                 \
        wefti_node_compute_of_##name,                                                                                  \
        wefti_node_sizes_of_##name,                                                                                    \
        count,                                                                                                         \
        WEFTI_IF_VOID(result)(0, sizeof(result))};                                                                     \
    __attribute__((unused)) static inline weft_status wefti_compute_of_##name(                                         \
        weft_graph *wefti_graph, const weft_compute_options *wefti_options, result *wefti_result,                      \
        weft_deadline wefti_deadline) {                                                                                \
        return weft_compute_node(wefti_graph, wefti_options, weft_node_named(name), wefti_result,                      \
                                 WEFTI_IF_VOID(result)(0, sizeof(result)), wefti_deadline);                            \
    }

#define WEFTI_NODE_0(r, n) WEFTI_MAKE_NODE(r, n, 0, (0), (void), (), ()) WEFTI_TASK_0(r, n)
#define WEFTI_NODE_1(r, n, a)                                                                                          \
    WEFTI_MAKE_NODE(r, n, 1, (WEFTI_SIZE_OF a), (WEFTI_POINTER_TO a), (, WEFTI_PARAMETER a), (, WEFTI_INPUT_0 a))      \
    WEFTI_TASK_1(r, n, a)
#define WEFTI_NODE_2(r, n, a, b)                                                                                       \
    WEFTI_MAKE_NODE(r, n, 2, (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b), (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b),             \
                    (, WEFTI_PARAMETER a, WEFTI_PARAMETER b), (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b))                    \
    WEFTI_TASK_2(r, n, a, b)
#define WEFTI_NODE_3(r, n, a, b, c)                                                                                    \
    WEFTI_MAKE_NODE(r, n, 3, (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b, WEFTI_SIZE_OF c),                                      \
                    (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b, WEFTI_POINTER_TO c),                                      \
                    (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c),                                       \
                    (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b, WEFTI_INPUT_2 c))                                             \
    WEFTI_TASK_3(r, n, a, b, c)
#define WEFTI_NODE_4(r, n, a, b, c, d)                                                                                 \
    WEFTI_MAKE_NODE(r, n, 4, (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b, WEFTI_SIZE_OF c, WEFTI_SIZE_OF d),                     \
                    (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b, WEFTI_POINTER_TO c, WEFTI_POINTER_TO d),                  \
                    (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d),                    \
                    (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b, WEFTI_INPUT_2 c, WEFTI_INPUT_3 d))                            \
    WEFTI_TASK_4(r, n, a, b, c, d)
#define WEFTI_NODE_5(r, n, a, b, c, d, e)                                                                              \
    WEFTI_MAKE_NODE(                                                                                                   \
        r, n, 5, (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b, WEFTI_SIZE_OF c, WEFTI_SIZE_OF d, WEFTI_SIZE_OF e),                \
        (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b, WEFTI_POINTER_TO c, WEFTI_POINTER_TO d, WEFTI_POINTER_TO e),          \
        (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e),             \
        (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b, WEFTI_INPUT_2 c, WEFTI_INPUT_3 d, WEFTI_INPUT_4 e))                       \
    WEFTI_TASK_5(r, n, a, b, c, d, e)
#define WEFTI_NODE_6(r, n, a, b, c, d, e, f)                                                                           \
    WEFTI_MAKE_NODE(                                                                                                   \
        r, n, 6,                                                                                                       \
        (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b, WEFTI_SIZE_OF c, WEFTI_SIZE_OF d, WEFTI_SIZE_OF e, WEFTI_SIZE_OF f),        \
        (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b, WEFTI_POINTER_TO c, WEFTI_POINTER_TO d, WEFTI_POINTER_TO e,           \
         WEFTI_POINTER_TO f),                                                                                          \
        (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,              \
         WEFTI_PARAMETER f),                                                                                           \
        (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b, WEFTI_INPUT_2 c, WEFTI_INPUT_3 d, WEFTI_INPUT_4 e, WEFTI_INPUT_5 f))      \
    WEFTI_TASK_6(r, n, a, b, c, d, e, f)
#define WEFTI_NODE_7(r, n, a, b, c, d, e, f, g)                                                                        \
    WEFTI_MAKE_NODE(r, n, 7,                                                                                           \
                    (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b, WEFTI_SIZE_OF c, WEFTI_SIZE_OF d, WEFTI_SIZE_OF e,              \
                     WEFTI_SIZE_OF f, WEFTI_SIZE_OF g),                                                                \
                    (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b, WEFTI_POINTER_TO c, WEFTI_POINTER_TO d,                   \
                     WEFTI_POINTER_TO e, WEFTI_POINTER_TO f, WEFTI_POINTER_TO g),                                      \
                    (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,  \
                     WEFTI_PARAMETER f, WEFTI_PARAMETER g),                                                            \
                    (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b, WEFTI_INPUT_2 c, WEFTI_INPUT_3 d, WEFTI_INPUT_4 e,            \
                     WEFTI_INPUT_5 f, WEFTI_INPUT_6 g))                                                                \
    WEFTI_TASK_7(r, n, a, b, c, d, e, f, g)
#define WEFTI_NODE_8(r, n, a, b, c, d, e, f, g, h)                                                                     \
    WEFTI_MAKE_NODE(r, n, 8,                                                                                           \
                    (WEFTI_SIZE_OF a, WEFTI_SIZE_OF b, WEFTI_SIZE_OF c, WEFTI_SIZE_OF d, WEFTI_SIZE_OF e,              \
                     WEFTI_SIZE_OF f, WEFTI_SIZE_OF g, WEFTI_SIZE_OF h),                                               \
                    (WEFTI_POINTER_TO a, WEFTI_POINTER_TO b, WEFTI_POINTER_TO c, WEFTI_POINTER_TO d,                   \
                     WEFTI_POINTER_TO e, WEFTI_POINTER_TO f, WEFTI_POINTER_TO g, WEFTI_POINTER_TO h),                  \
                    (, WEFTI_PARAMETER a, WEFTI_PARAMETER b, WEFTI_PARAMETER c, WEFTI_PARAMETER d, WEFTI_PARAMETER e,  \
                     WEFTI_PARAMETER f, WEFTI_PARAMETER g, WEFTI_PARAMETER h),                                         \
                    (, WEFTI_INPUT_0 a, WEFTI_INPUT_1 b, WEFTI_INPUT_2 c, WEFTI_INPUT_3 d, WEFTI_INPUT_4 e,            \
                     WEFTI_INPUT_5 f, WEFTI_INPUT_6 g, WEFTI_INPUT_7 h))                                               \
    WEFTI_TASK_8(r, n, a, b, c, d, e, f, g, h)

/* The needs of a definition travel in an array; the comma expression is never evaluated. */
#define WEFTI_DEPENDS(...) WEFTI_DEPENDS_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0, none)
#define WEFTI_DEPENDS_(graph, name, a, b, c, d, e, f, g, h, n, ...) n
#define WEFTI_VALUE_OF(name) (&((struct name##_result *)0)->wefti_value)
#define WEFTI_ACCEPTED(call) ((void)sizeof((call), 0))
#define WEFTI_DEFINED(graph, name, count, call, ...)                                                                   \
    (WEFTI_ACCEPTED(call),                                                                                             \
     weft_define_node((graph), weft_node_named(name), &weft_node_of_##name, WEFTI_NULL_OPTIONS, __VA_ARGS__, (count)))
#ifdef __cplusplus
template <typename... Nodes> struct wefti_needs {
    weft_node all[sizeof...(Nodes) + 1];
    operator const weft_node *() const { return all; }
};
template <typename... Nodes> static inline wefti_needs<Nodes...> wefti_needs_of(Nodes... nodes) {
    return wefti_needs<Nodes...>{{nodes...}};
}
#define WEFTI_NEEDS(...) wefti_needs_of(__VA_ARGS__)
#else
#define WEFTI_NEEDS(...) ((const weft_node[]){__VA_ARGS__})
#endif
#define WEFTI_N(name) weft_node_named(name)
#define WEFTI_V(name) WEFTI_VALUE_OF(name)
#define WEFTI_DEFINE_0(graph, x) WEFTI_DEFINED(graph, x, 0, wefti_accepts_of_##x(), WEFTI_NULL_OPTIONS)
#define WEFTI_DEFINE_1(graph, x, a)                                                                                    \
    WEFTI_DEFINED(graph, x, 1, wefti_accepts_of_##x(WEFTI_V(a)), WEFTI_NEEDS(WEFTI_N(a)))
#define WEFTI_DEFINE_2(graph, x, a, b)                                                                                 \
    WEFTI_DEFINED(graph, x, 2, wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b)), WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b)))
#define WEFTI_DEFINE_3(graph, x, a, b, c)                                                                              \
    WEFTI_DEFINED(graph, x, 3, wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b), WEFTI_V(c)),                               \
                  WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b), WEFTI_N(c)))
#define WEFTI_DEFINE_4(graph, x, a, b, c, d)                                                                           \
    WEFTI_DEFINED(graph, x, 4, wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b), WEFTI_V(c), WEFTI_V(d)),                   \
                  WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b), WEFTI_N(c), WEFTI_N(d)))
#define WEFTI_DEFINE_5(graph, x, a, b, c, d, e)                                                                        \
    WEFTI_DEFINED(graph, x, 5, wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b), WEFTI_V(c), WEFTI_V(d), WEFTI_V(e)),       \
                  WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b), WEFTI_N(c), WEFTI_N(d), WEFTI_N(e)))
#define WEFTI_DEFINE_6(graph, x, a, b, c, d, e, f)                                                                     \
    WEFTI_DEFINED(graph, x, 6,                                                                                         \
                  wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b), WEFTI_V(c), WEFTI_V(d), WEFTI_V(e), WEFTI_V(f)),        \
                  WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b), WEFTI_N(c), WEFTI_N(d), WEFTI_N(e), WEFTI_N(f)))
#define WEFTI_DEFINE_7(graph, x, a, b, c, d, e, f, g)                                                                  \
    WEFTI_DEFINED(                                                                                                     \
        graph, x, 7,                                                                                                   \
        wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b), WEFTI_V(c), WEFTI_V(d), WEFTI_V(e), WEFTI_V(f), WEFTI_V(g)),      \
        WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b), WEFTI_N(c), WEFTI_N(d), WEFTI_N(e), WEFTI_N(f), WEFTI_N(g)))
#define WEFTI_DEFINE_8(graph, x, a, b, c, d, e, f, g, h)                                                               \
    WEFTI_DEFINED(                                                                                                     \
        graph, x, 8,                                                                                                   \
        wefti_accepts_of_##x(WEFTI_V(a), WEFTI_V(b), WEFTI_V(c), WEFTI_V(d), WEFTI_V(e), WEFTI_V(f), WEFTI_V(g),       \
                             WEFTI_V(h)),                                                                              \
        WEFTI_NEEDS(WEFTI_N(a), WEFTI_N(b), WEFTI_N(c), WEFTI_N(d), WEFTI_N(e), WEFTI_N(f), WEFTI_N(g), WEFTI_N(h)))

#endif
