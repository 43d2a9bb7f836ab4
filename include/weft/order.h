/* SPDX-License-Identifier: MIT */
/* order.h - sorting by an order that is written like a function and inlined where elements are compared. */
#ifndef WEFT_ORDER_H
#define WEFT_ORDER_H

#include <weft/base.h>
#include <weft/parallel.h>

#include <string.h>

WEFT_BEGIN_DECLS

/** An order of elements of one type. Made by WEFT_ORDER; the fields are Weft's own. */
typedef struct weft_order {
    size_t size;
    bool (*less)(const void *a, const void *b);
    void (*sort_run)(char *array, char *other, size_t count, bool to_other);
    void (*merge_runs)(const char *a, size_t a_count, const char *b, size_t b_count, char *out);
} weft_order;

/**
 * Defines an order: WEFT_ORDER(name, type, a, b) { whether *a comes before *b }.
 *
 * a and b are pointers to constant elements. It may be any strict weak order, must not wait, and looks at nothing but
 * the two. Sort by it with weft_sort_by(options, name, array, count): stably, in a half to a fifth of the time that a
 * function which is called for each comparison takes. Errors and memory are those of weft_stable_sort. Row P1.
 *
 *     WEFT_ORDER(by_age, person, a, b) { return a->age < b->age; }
 *     weft_status status = weft_sort_by(NULL, by_age, people, count);
 */
#define WEFT_ORDER(name, type, a, b)                                                                                   \
    static inline __attribute__((always_inline)) bool name(const type *a, const type *b);                              \
    static bool wefti_less_of_##name(const void *wefti_a, const void *wefti_b) {                                       \
        return name((const type *)wefti_a, (const type *)wefti_b);                                                     \
    }                                                                                                                  \
    static void wefti_sort_run_of_##name(char *array, char *other, size_t count, bool to_other) {                      \
        wefti_order_sort(array, other, count, to_other, sizeof(type), wefti_less_of_##name);                           \
    }                                                                                                                  \
    static void wefti_merge_runs_of_##name(const char *wefti_a, size_t a_count, const char *wefti_b, size_t b_count,   \
                                           char *out) {                                                                \
        wefti_order_merge(wefti_a, a_count, wefti_b, b_count, out, sizeof(type), wefti_less_of_##name);                \
    }                                                                                                                  \
    static const weft_order weft_order_of_##name = {sizeof(type), wefti_less_of_##name, wefti_sort_run_of_##name,      \
                                                    wefti_merge_runs_of_##name};                                       \
    __attribute__((unused)) static inline weft_status wefti_sort_by_##name(const weft_parallel_options *options,       \
                                                                           type *array, size_t count) {                \
        return weft_sort_ordered(options, &weft_order_of_##name, array, count);                                        \
    }                                                                                                                  \
    static inline __attribute__((always_inline)) bool name(const type *a, const type *b)

#define weft_sort_by(options, name, array, count) wefti_sort_by_##name((options), (array), (count))

/** What weft_sort_by is made of. */
WEFT_API weft_status weft_sort_ordered(const weft_parallel_options *options, const weft_order *order, void *array,
                                       size_t count);

/* ---- below: how elements are sorted and merged ---- */

#define WEFTI_ALWAYS_INLINE static inline __attribute__((always_inline))

enum { WEFTI_ORDER_RUN = 4 };

/* Which of the two, by arithmetic: compilers would make a branch of a condition, and one that is guessed wrong half of
 * the time. */
WEFTI_ALWAYS_INLINE const char *wefti_order_pick(bool second, const char *a, const char *b) {
    return a + ((b - a) & -(ptrdiff_t)second);
}

/* The smaller of the two at the front goes out; no branch depends on which. */
WEFTI_ALWAYS_INLINE void wefti_order_merge(const char *a, size_t a_count, const char *b, size_t b_count, char *out,
                                           size_t size, bool (*less)(const void *, const void *)) {
    const char *a_end = a + a_count * size, *b_end = b + b_count * size;
    while (a != a_end && b != b_end) {
        bool second = less(b, a);
        size_t step = size & -(size_t)second;
        memcpy(out, wefti_order_pick(second, a, b), size);
        out += size;
        b += step;
        a += size - step;
    }
    memcpy(out, a, (size_t)(a_end - a));
    memcpy(out + (a_end - a), b, (size_t)(b_end - b));
}

/* Two runs of `count` each that lie side by side, from both ends at once: neither end has to look where a run ends, and
 * one need not wait for the other. Where the two do not meet, the order is none: false. */
WEFTI_ALWAYS_INLINE bool wefti_order_meet(const char *a, size_t count, char *out, size_t size,
                                          bool (*less)(const void *, const void *)) {
    const char *b = a + count * size, *a_last = b - size, *b_last = a_last + count * size;
    char *last = out + (2 * count - 1) * size;
    for (size_t i = 0; i < count; i++) {
        bool second = less(b, a), first = less(b_last, a_last);
        size_t step = size & -(size_t)second, back = size & -(size_t)first;
        memcpy(out, wefti_order_pick(second, a, b), size);
        memcpy(last, wefti_order_pick(first, b_last, a_last), size);
        out += size;
        b += step;
        a += size - step;
        last -= size;
        a_last -= back;
        b_last -= size - back;
    }
    return a == a_last + size && b == b_last + size;
}

/* Four, stably, in five comparisons: the pairs, then their smaller and their greater ones, then the two that are left.
 */
WEFTI_ALWAYS_INLINE void wefti_order_four(const char *in, char *out, size_t size,
                                          bool (*less)(const void *, const void *)) {
    const char *second = in + size, *third = second + size, *fourth = third + size;
    bool left = less(second, in), right = less(fourth, third);
    const char *a = wefti_order_pick(left, in, second), *b = wefti_order_pick(left, second, in);
    const char *c = wefti_order_pick(right, third, fourth), *d = wefti_order_pick(right, fourth, third);
    bool least = less(c, a), most = less(d, b);
    const char *x = wefti_order_pick(least, wefti_order_pick(most, b, c), a);
    const char *y = wefti_order_pick(most, wefti_order_pick(least, c, b), d);
    bool turned = less(y, x);
    memcpy(out, wefti_order_pick(least, a, c), size);
    memcpy(out + size, wefti_order_pick(turned, x, y), size);
    memcpy(out + 2 * size, wefti_order_pick(turned, y, x), size);
    memcpy(out + 3 * size, wefti_order_pick(most, d, b), size);
}

WEFTI_ALWAYS_INLINE void wefti_order_insert(char *run, size_t count, char *spare, size_t size,
                                            bool (*less)(const void *, const void *)) {
    for (size_t i = 1; i < count; i++) {
        char *at = run + i * size;
        if (!less(at, at - size)) continue;
        memcpy(spare, at, size);
        do {
            memcpy(at, at - size, size);
            at -= size;
        } while (at != run && less(spare, at - size));
        memcpy(at, spare, size);
    }
}

WEFTI_ALWAYS_INLINE void wefti_order_join(const char *from, size_t a, size_t b, char *out, size_t size,
                                          bool (*less)(const void *, const void *)) {
    const char *second = from + a * size;
    if (b == 0 || !less(second, second - size)) /* in order as they lie */
        memcpy(out, from, (a + b) * size);
    else if (a != b || !wefti_order_meet(from, a, out, size, less))
        wefti_order_merge(from, a, second, b, out, size, less);
}

/* As wefti_sort_run of the library. */
WEFTI_ALWAYS_INLINE void wefti_order_sort(char *array, char *other, size_t count, bool to_other, size_t size,
                                          bool (*less)(const void *, const void *)) {
    char *in = other, *out = array;
    size_t whole = count / WEFTI_ORDER_RUN * WEFTI_ORDER_RUN;
    for (size_t at = 0; at < whole; at += WEFTI_ORDER_RUN)
        wefti_order_four(array + at * size, other + at * size, size, less);
    wefti_order_insert(array + whole * size, count - whole, other + whole * size, size, less);
    memcpy(other + whole * size, array + whole * size, (count - whole) * size);
    for (size_t run = WEFTI_ORDER_RUN; run < count; run *= 2) {
        for (size_t at = 0; at < count; at += 2 * run) {
            size_t a = count - at < run ? count - at : run, b = count - at - a < run ? count - at - a : run;
            wefti_order_join(in + at * size, a, b, out + at * size, size, less);
        }
        char *swap = in;
        in = out;
        out = swap;
    }
    char *wanted = to_other ? other : array;
    if (in != wanted) memcpy(wanted, in, count * size);
}

WEFT_END_DECLS

#endif
