/* SPDX-License-Identifier: MIT */
/* dynamic.h - dynamic variables: a global value, bindings for a dynamic extent, capture for a task. */
#ifndef WEFT_DYNAMIC_H
#define WEFT_DYNAMIC_H

#include <weft/base.h>

WEFT_BEGIN_DECLS

/** A dynamic variable. Define with WEFT_VARIABLE; the fields are Weft's own. */
typedef struct weft_variable {
    const char *name;
    void *global;      /* the value seen where nothing is bound */
    size_t size;       /* bytes of the value: 1 to 64 */
    uint64_t identity; /* one bit of 64, chosen when it is first bound or captured; 0 before */
} weft_variable;

/** A set of captured bindings, immutable and counted. */
typedef struct weft_environment weft_environment;

/** A binding of the C block it stands in. Made by WEFT_BIND; the fields are Weft's own. */
typedef struct weft_bound {
    struct weft_bound *next;
    const weft_variable *variable;
    uint64_t mask; /* the identities of this binding and of all outer ones */
    void *value;
} weft_bound;

#ifdef __cplusplus
#define WEFTI_STATIC_ASSERT static_assert
#else
#define WEFTI_STATIC_ASSERT _Static_assert
#endif

/**
 * Defines the dynamic variable `name` of `type` with a global value, visible in this file only.
 *
 * type: any complete object type of 1 to 64 bytes that can be copied and is not const itself.
 * Use WEFT_PUBLIC_VARIABLE for one that other files see through WEFT_DECLARE_VARIABLE.
 * Read it with weft_get(name), set it with weft_set(name, value), bind it with WEFT_BIND(name, value).
 *
 *     WEFT_VARIABLE(int, depth, 0);
 *     WEFT_BIND(depth, weft_get(depth) + 1) { descend(); }
 *
 * Source: Lisp's defvar. Row D1.
 */
#define WEFT_VARIABLE(type, name, ...)                                                                                 \
    static type wefti_global_##name = __VA_ARGS__;                                                                     \
    static weft_variable name = {#name, &wefti_global_##name, sizeof(type), 0};                                        \
    WEFTI_ACCESSORS(type, name)

/** Declares a dynamic variable that one other file defines with WEFT_PUBLIC_VARIABLE. Belongs in a header. */
#define WEFT_DECLARE_VARIABLE(type, name)                                                                              \
    extern weft_variable name;                                                                                         \
    WEFTI_ACCESSORS(type, name)

/** Defines, after its WEFT_DECLARE_VARIABLE, a dynamic variable that other files see. As WEFT_VARIABLE otherwise. */
#define WEFT_PUBLIC_VARIABLE(type, name, ...)                                                                          \
    typedef type weft_type_of_##name; /* an error if it differs from the declaration */                                \
    static type wefti_global_##name = __VA_ARGS__;                                                                     \
    weft_variable name = {#name, &wefti_global_##name, sizeof(type), 0}

#define WEFTI_ACCESSORS(type, name)                                                                                    \
    typedef type weft_type_of_##name;                                                                                  \
    WEFTI_STATIC_ASSERT(sizeof(type) <= 64, "the dynamic variable " #name " is larger than 64 bytes");                 \
    __attribute__((unused)) static inline type weft_get_##name(void) {                                                 \
        type wefti_value;                                                                                              \
        weft_variable_get(&name, &wefti_value);                                                                        \
        return wefti_value;                                                                                            \
    }                                                                                                                  \
    __attribute__((unused)) static inline void weft_set_##name(type wefti_value) {                                     \
        weft_variable_set(&name, &wefti_value);                                                                        \
    }                                                                                                                  \
    struct weft_require_semicolon

/** Reads a dynamic variable: the innermost binding of this task or thread, else the worker's, else the global value. */
#define weft_get(name) weft_get_##name()

/** Sets the innermost binding of a dynamic variable, or the global value where nothing is bound. */
#define weft_set(name, ...) weft_set_##name(__VA_ARGS__)

/**
 * Binds a dynamic variable for the block that follows: WEFT_BIND(name, value) { ... }.
 *
 * value: evaluated once, before the binding begins. The binding lies on the stack and cannot fail.
 * It is seen by this task or thread only, and ends on every way out of the block: its end, break, continue (both leave
 * the block), return, goto, and an exception in C++. longjmp must not jump out of the block.
 */
#define WEFT_BIND(name, ...) WEFTI_BIND(name, __COUNTER__, __VA_ARGS__)

#define WEFTI_BIND(name, unique, ...) WEFTI_BIND_(name, unique, __VA_ARGS__)
#define WEFTI_BIND_(name, unique, ...) WEFTI_BIND_AS(name, name##_##unique, __VA_ARGS__)
#define WEFTI_BIND_AS(name, as, ...)                                                                                   \
    for (weft_type_of_##name wefti_value_##as = (__VA_ARGS__), *wefti_once_##as = &wefti_value_##as; wefti_once_##as;  \
         wefti_once_##as = NULL)                                                                                       \
        for (WEFTI_SCOPED weft_bound wefti_bound_##as = weft_bind_begin(&name, &wefti_value_##as, &wefti_bound_##as);  \
             wefti_once_##as; wefti_once_##as = NULL)

#define WEFTI_SCOPED __attribute__((cleanup(weft_bind_end)))

/**
 * Reads the value of a variable into *value. What weft_get is made of.
 *
 * variable, value: not NULL; value has room for the variable's size.
 * Callable from any task or thread, not from a signal handler. Never blocks beyond a lock held for one copy.
 * A read of the global value that races with a set sees the old or the new value, never a mixture: one of 1, 2, 4 or 8
 * bytes is one atomic access, others are copied under a lock. What came before a set of a global value happens before
 * what follows a read that sees it.
 * Cost: a branch or two when the variable is bound nowhere, else the number of bindings in effect.
 */
WEFT_API void weft_variable_get(weft_variable *variable, void *value);

/** Sets the innermost binding, else the global value, from *value. What weft_set is made of. As weft_variable_get. */
WEFT_API void weft_variable_set(weft_variable *variable, const void *value);

/**
 * Begins a binding. What WEFT_BIND is made of.
 *
 * variable: not NULL. value: the bound value, owned by the caller, who leaves it in place until the binding ends.
 * self: where the caller stores what is returned, before anything else of Weft is called.
 * Callable from any task or thread. Never fails, never blocks. End it with weft_bind_end in the same task or thread;
 * begin and end pair like brackets.
 */
WEFT_API weft_bound weft_bind_begin(weft_variable *variable, void *value, weft_bound *self);

/** Ends the innermost binding, which is *self. What WEFT_BIND is made of. Never fails, never blocks. */
WEFT_API void weft_bind_end(weft_bound *self);

/**
 * Captures the values that a set of variables have here and now, for tasks to see.
 *
 * variables, count: the set; each is captured with the value that weft_get gives here, bound or global. variables NULL,
 *   with count 0: every variable that is bound here, with its innermost value (not the worker's own bindings).
 * Returns a counted set with one reference, or NULL (weft_last_status(): WEFT_NO_MEMORY; WEFT_INVALID: a NULL among the
 * variables, or a count without variables).
 * Give it to weft_submit_with in the options; the task sees copies of the values, and sets of its own stay its own.
 * Callable from any task or thread. Never blocks. Release it with weft_release_environment once submitted. Row D2.
 */
WEFT_API WEFT_CHECKED weft_environment *weft_capture(weft_variable *const *variables, size_t count);

/** Gives back one reference of a captured set. NULL is allowed. Any task or thread. Never blocks. */
WEFT_API void weft_release_environment(weft_environment *environment);

WEFT_END_DECLS

#endif
