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
 * function which is called for each comparison takes. Errors and memory are those of weft_stable_sort; but if an
 * error or a kill strikes inside of the order, the array may have some elements twice, and lack others. Row P1.
 *
 *     WEFT_ORDER(by_age, person, a, b) { return a->age < b->age; }
 *     weft_status status = weft_sort_by(NULL, by_age, people, count);
 */
#define WEFT_ORDER(name, type, a, b)                                                                                   \
    static inline __attribute__((always_inline)) bool name(const type *a, const type *b);                              \
    static bool wefti_less_of_##name(const void *wefti_a, const void *wefti_b) {                                       \
        return name((const type *)wefti_a, (const type *)wefti_b);                                                     \
    }                                                                                                                  \
    static void wefti_short_run_of_##name(char *array, char *other, size_t count, bool to_other) {                     \
        wefti_order_sort(array, other, count, to_other, sizeof(type), wefti_less_of_##name);                           \
    }                                                                                                                  \
    static void wefti_sort_run_of_##name(char *array, char *other, size_t count, bool to_other) {                      \
        __attribute__((                                                                                                \
            aligned(__alignof__(type)))) char spare[2][sizeof(type) <= WEFTI_ORDER_LARGE ? sizeof(type) : 1];          \
        if (sizeof(type) > WEFTI_ORDER_LARGE)                                                                          \
            wefti_short_run_of_##name(array, other, count, to_other);                                                  \
        else                                                                                                           \
            wefti_order_quick(array, other, count, to_other, spare[0], spare[1], sizeof(type), wefti_less_of_##name,   \
                              wefti_short_run_of_##name);                                                              \
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

enum {
    WEFTI_ORDER_RUN = 4,
    WEFTI_ORDER_SHORT = 32,   /* elements that are merged and not dealt out */
    WEFTI_ORDER_LARGE = 256,  /* bytes of an element: larger ones are merged */
    WEFTI_ORDER_SAMPLES = 27, /* of a long run, for a pivot */
    WEFTI_ORDER_DEEP = 64     /* parts of parts, each at most half of the one it is of */
};

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

/* ---- dealing out ---- */

/* Of three the one in the middle. */
WEFTI_ALWAYS_INLINE const char *wefti_order_median(const char *a, const char *b, const char *c,
                                                   bool (*less)(const void *, const void *)) {
    bool before_b = less(a, b), before_c = less(a, c);
    if (before_b != before_c) return a;
    return less(b, c) != before_b ? c : b;
}

/* About the middle one: of three, or of three of three, or of three of those. */
WEFTI_ALWAYS_INLINE const char *wefti_order_middle(const char *from, size_t count, size_t size,
                                                   bool (*less)(const void *, const void *)) {
    const char *seen[WEFTI_ORDER_SAMPLES];
    size_t samples = count < 256 ? 3 : count < 8192 ? 9 : WEFTI_ORDER_SAMPLES, apart = count / samples;
    for (size_t i = 0; i < samples; i++) seen[i] = from + (i * apart + apart / 2) * size;
    for (; samples > 1; samples /= 3)
        for (size_t i = 0; i < samples / 3; i++)
            seen[i] = wefti_order_median(seen[3 * i], seen[3 * i + 1], seen[3 * i + 2], less);
    return seen[0];
}

/* Deals elements out in their order: those before the pivot to `before`, the others to `others`, one of which is where
 * they lie. Each is written to both, so that no branch depends on where it belongs: what is written too much lies
 * where the next one will, or where one was that has been read. equal: those that are as the pivot go before, too. */
WEFTI_ALWAYS_INLINE size_t wefti_order_deal(const char *from, size_t count, char *before, char *others,
                                            const char *pivot, char *element, bool equal, size_t size,
                                            bool (*less)(const void *, const void *)) {
    char *to = before;
    for (size_t i = 0; i < count; i++) {
        memcpy(element, from, size);
        size_t step = size & -(size_t)(equal ? !less(pivot, element) : less(element, pivot));
        memcpy(to, element, size);
        memcpy(others, element, size);
        from += size;
        to += step;
        others += size - step;
    }
    return (size_t)(to - before) / size;
}

/* A part that is still to be sorted: where it is to be, as much room, and whether it lies there now. */
typedef struct wefti_order_part {
    char *place, *room;
    size_t count;
    unsigned left; /* so many times it may be dealt out yet; then it is merged, whose time does not depend on luck */
    bool in_room;
} wefti_order_part;

/* Deals a part out; what is before the pivot is in its place then, the others lie in the room. Returns the former; if
 * the pivot was the least of all, those like it are told apart: they are where they belong, and the rest is returned.
 */
WEFTI_ALWAYS_INLINE wefti_order_part wefti_order_divide(wefti_order_part *part, char *pivot, char *element, size_t size,
                                                        bool (*less)(const void *, const void *)) {
    const char *from = part->in_room ? part->room : part->place;
    memcpy(pivot, wefti_order_middle(from, part->count, size, less), size);
    size_t first = wefti_order_deal(from, part->count, part->place, part->room, pivot, element, false, size, less);
    size_t rest = part->count - first;
    wefti_order_part before = {part->place, part->room + rest * size, first, --part->left, false};
    if (first == 0) {
        size_t alike = wefti_order_deal(part->room, rest, part->place, part->room, pivot, element, true, size, less);
        first = alike;
        rest -= alike;
    }
    part->place += first * size;
    part->count = rest;
    part->in_room = true;
    return before;
}

/* As wefti_order_sort, which sorts what is short, and what pivots are bad for. Stable. A level of dealing out takes
 * half the time of one of merging: what is to be read next does not depend on what was compared last. */
WEFTI_ALWAYS_INLINE void wefti_order_quick(char *array, char *other, size_t count, bool to_other, char *pivot,
                                           char *element, size_t size, bool (*less)(const void *, const void *),
                                           void (*short_run)(char *, char *, size_t, bool)) {
    wefti_order_part parts[WEFTI_ORDER_DEEP],
        part = {to_other ? other : array, to_other ? array : other, count, 0, to_other};
    size_t deep = 0, in_order = 1;
    while (in_order < count && !less(array + in_order * size, array + (in_order - 1) * size)) in_order++;
    if (in_order >= count) {
        if (to_other) memcpy(other, array, count * size);
        return;
    }
    for (size_t n = count; n != 0; n /= 2) part.left += 2;
    for (;;) {
        while (part.count > WEFTI_ORDER_SHORT && part.left > 0) {
            wefti_order_part before = wefti_order_divide(&part, pivot, element, size, less);
            bool shorter = before.count < part.count;
            if (before.count != 0) parts[deep++] = shorter ? part : before;
            if (shorter && before.count != 0) part = before;
        }
        short_run(part.in_room ? part.room : part.place, part.in_room ? part.place : part.room, part.count,
                  part.in_room);
        if (deep == 0) return;
        part = parts[--deep];
    }
}

WEFT_END_DECLS

#endif
