/* SPDX-License-Identifier: MIT */
/* go_powser.c - Go's test/chan/powser1.go, re-expressed: power series as processes that talk over channels.
 *
 * Origin: The Go Authors, BSD-style licence, after M. D. McIlroy, Squinting at Power Series; nothing of their text is
 * here. A series is a pair of channels without buffer: over one a term is asked for, over the other it comes. Each
 * operation is a task; a split begins another for each term that only one side has taken so far, so that a product of
 * two series runs hundreds. The coefficients are known, so that a message lost, doubled or overtaken shows.
 *
 * The originals never end. Here all channels are closed at the end, and each task ends at the first that it then uses.
 */
#include "ported/crew.h"

#include <stdlib.h>

/* ---- rationals ---- */

typedef struct rat {
    int64_t num, den;
} rat;

static int64_t gcd(int64_t u, int64_t v) { return u < 0 ? gcd(-u, v) : u == 0 ? v : gcd(v % u, u); }

static rat quotient(int64_t u, int64_t v) {
    int64_t g = gcd(u, v);
    return v > 0 ? (rat){u / g, v / g} : (rat){-u / g, -v / g};
}

static rat whole(int64_t u) { return (rat){u, 1}; }

static rat add(rat u, rat v) {
    int64_t g = gcd(u.den, v.den);
    return quotient(u.num * (v.den / g) + v.num * (u.den / g), u.den * (v.den / g));
}

static rat multiply(rat u, rat v) {
    int64_t g1 = gcd(u.num, v.den), g2 = gcd(v.num, u.den);
    return quotient((u.num / g1) * (v.num / g2), (u.den / g2) * (v.den / g1));
}

/* ---- series ---- */

typedef struct series {
    weft_channel *ask, *term;
} series;

enum { MOST_CHANNELS = 20000 };
static struct all {
    _Atomic(weft_channel *) channel[MOST_CHANNELS]; /* NULL: about to be noted */
    atomic_int count;
    weft_group *group;
    weft_submit_options options; /* of tasks in that group */
} all;

static weft_channel *noted(weft_channel *channel) {
    int at = atomic_fetch_add(&all.count, 1);
    if (CHECK_LT(at, MOST_CHANNELS)) atomic_store(&all.channel[at], channel);
    return channel;
}

static series new_series(void) { return (series){noted(weft_make_rendezvous(char)), noted(weft_make_rendezvous(rat))}; }

#define BEGIN(...) CHECK_OK(weft_submit_with(&all.options, NULL, __VA_ARGS__))

static bool is_asked(series s) { return weft_receive(s.ask, &(char){0}, WEFT_FOREVER) == WEFT_OK; }

static bool give(series s, rat term) { return weft_send(s.term, &term, WEFT_FOREVER) == WEFT_OK; }

static bool put_term(series s, rat term) { return is_asked(s) && give(s, term); }

/* false, and no term: it is the end of the test. */
static bool get_term(series s, rat *term) {
    char question = 1;
    return weft_send(s.ask, &question, WEFT_FOREVER) == WEFT_OK && weft_receive(s.term, term, WEFT_FOREVER) == WEFT_OK;
}

/* One term of each of two, asked for and received in whatever order they are ready. */
static bool get_two(series u, series v, rat *terms) {
    series from[2] = {u, v};
    bool ask[2] = {true, true}, wait[2] = {false, false}, ok = true;
    char question = 1;
    for (int left = 4; left > 0 && ok; left--) {
        WEFT_FAIR_ALT {
            for (int i = 0; i < 2; i++) WEFT_SEND_IF(ask[i], from[i].ask, &question) {
                    ok = weft_last_status() == WEFT_OK;
                    ask[i] = false;
                    wait[i] = true;
                }
            for (int i = 0; i < 2; i++) WEFT_RECEIVE_IF(wait[i], from[i].term, &terms[i]) {
                    ok = weft_last_status() == WEFT_OK;
                    wait[i] = false;
                }
        }
    }
    return ok;
}

static void copy(series in, series out) {
    rat term;
    while (is_asked(out) && get_term(in, &term) && give(out, term)) {
    }
}

/* ---- a series for two ---- */

typedef weft_channel *signal_channel;

/* Serves the side that asks first. The other gets the same term after `wait`, when its older terms are gone; what is
 * newer is served by the next of this kind. */
WEFT_TASK(void, splitter, (series, in), (series, a), (series, b), (signal_channel, wait)) {
    bool both = false, ok = true;
    rat term;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE_ANY(a.ask) { ok = weft_last_status() == WEFT_OK; }
        WEFT_RECEIVE_ANY(wait) {
            ok = weft_last_status() == WEFT_OK;
            both = true;
        }
    }
    if (ok && both) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(a.ask) { ok = weft_last_status() == WEFT_OK; }
            WEFT_RECEIVE_ANY(b.ask) {
                ok = weft_last_status() == WEFT_OK;
                series swapped = a;
                a = b;
                b = swapped;
            }
        }
    }
    if (!ok) return;
    signal_channel release = noted(weft_make_rendezvous(char));
    BEGIN(splitter, in, a, b, release);
    if (!get_term(in, &term) || !give(a, term)) return;
    if (!both && weft_receive(wait, &(char){0}, WEFT_FOREVER) != WEFT_OK) return;
    if (!put_term(b, term)) return;
    (void)!weft_send(release, &(char){0}, WEFT_FOREVER);
}

WEFT_TASK(void, release_first, (signal_channel, release)) { (void)!weft_send(release, &(char){0}, WEFT_FOREVER); }

static void split(series in, series *out) {
    signal_channel release = noted(weft_make_rendezvous(char));
    out[0] = new_series();
    out[1] = new_series();
    BEGIN(splitter, in, out[0], out[1], release);
    BEGIN(release_first, release);
}

/* ---- operations ---- */

WEFT_TASK(void, repeat, (rat, term), (series, z)) {
    while (put_term(z, term)) {
    }
}

WEFT_TASK(void, sum, (series, u), (series, v), (series, z)) {
    rat terms[2];
    while (is_asked(z) && get_two(u, v, terms) && give(z, add(terms[0], terms[1]))) {
    }
}

WEFT_TASK(void, multiple, (rat, factor), (series, u), (series, z)) {
    rat term;
    while (is_asked(z) && get_term(u, &term) && give(z, multiply(factor, term))) {
    }
}

static series result_of_sum(series u, series v) {
    series z = new_series();
    BEGIN(sum, u, v, z);
    return z;
}

static series result_of_multiple(rat factor, series u) {
    series z = new_series();
    BEGIN(multiple, factor, u, z);
    return z;
}

static series result_of_product(series u, series v);

/* With U = u + x UU and V = v + x VV, U V = u v + x (u VV + v UU) + x x UU VV. */
WEFT_TASK(void, product, (series, u), (series, v), (series, z)) {
    rat terms[2], term;
    series us[2], vs[2];
    if (!is_asked(z) || !get_two(u, v, terms) || !give(z, multiply(terms[0], terms[1]))) return;
    split(u, us);
    split(v, vs);
    series w = result_of_sum(result_of_multiple(terms[0], vs[0]), result_of_multiple(terms[1], us[0]));
    if (!is_asked(z) || !get_term(w, &term) || !give(z, term)) return;
    copy(result_of_sum(w, result_of_product(us[1], vs[1])), z);
}

static series result_of_product(series u, series v) {
    series z = new_series();
    BEGIN(product, u, v, z);
    return z;
}

WEFT_TASK(void, derivative, (series, u), (series, z)) {
    rat term;
    if (!is_asked(z) || !get_term(u, &term)) return;
    for (int64_t i = 1; get_term(u, &term) && give(z, multiply(whole(i), term)) && is_asked(z);) i++;
}

static series result_of_derivative(series u) {
    series z = new_series();
    BEGIN(derivative, u, z);
    return z;
}

WEFT_TASK(void, integral, (rat, constant), (series, u), (series, z)) {
    rat term;
    if (!put_term(z, constant)) return;
    for (int64_t i = 1; is_asked(z) && get_term(u, &term) && give(z, multiply(quotient(1, i), term));) i++;
}

static series result_of_integral(rat constant, series u) {
    series z = new_series();
    BEGIN(integral, constant, u, z);
    return z;
}

WEFT_TASK(void, copies, (series, in), (series, out)) { copy(in, out); }

/* Z = exp U, for which Z' = Z U': the integral feeds on its own output. */
static series result_of_exponential(series u) {
    series back = new_series(), sides[2];
    split(result_of_integral(whole(1), result_of_product(back, result_of_derivative(u))), sides);
    BEGIN(copies, sides[0], back);
    return sides[1];
}

/* U(c x^n): each term times a power of c, and n - 1 zeros behind it */
WEFT_TASK(void, substitution, (series, u), (rat, factor), (int, n), (series, z)) {
    rat power = whole(1), term;
    while (is_asked(z) && get_term(u, &term) && give(z, multiply(term, power))) {
        power = multiply(power, factor);
        for (int i = 1; i < n; i++)
            if (!put_term(z, whole(0))) return;
    }
}

static series result_of_substitution(series u, rat factor, int n) {
    series z = new_series();
    BEGIN(substitution, u, factor, n, z);
    return z;
}

static series repeated(int64_t value) {
    series z = new_series();
    BEGIN(repeat, whole(value), z);
    return z;
}

static series ones(void) { return repeated(1); }

/* ---- main ---- */

enum { TERMS = 10 };

static void check_terms(series s, const rat *expected, int count) {
    for (int i = 0; i < count; i++) {
        rat term = {0, 0};
        CHECK(get_term(s, &term));
        CHECK_EQ(term.num, expected[i].num);
        CHECK_EQ(term.den, expected[i].den);
    }
}

static void check_all_are(series s, int64_t value) {
    const rat expected[] = {{value, 1}, {value, 1}, {value, 1}, {value, 1}, {value, 1}};
    check_terms(s, expected, 5);
}

static weft_kernel *begin(void) {
    weft_kernel *kernel = kernel_here();
    for (int i = atomic_exchange(&all.count, 0); i > 0; i--) atomic_store(&all.channel[i - 1], NULL);
    all.group = weft_make_group(NULL);
    all.options = (weft_submit_options){.group = all.group};
    return kernel;
}

static weft_channel *channel_at(int place) {
    UNTIL(atomic_load(&all.channel[place]) != NULL);
    return atomic_load(&all.channel[place]);
}

/* Who is still at work may make new channels: closed as well, until nobody is. */
static void end(weft_kernel *kernel) {
    weft_deadline until = patience();
    int closed = 0;
    do {
        for (int count = atomic_load(&all.count); closed < count; closed++) CHECK_OK(weft_close(channel_at(closed)));
    } while (weft_wait_group(all.group, weft_after(0.001)) == WEFT_TIMED_OUT && weft_time() < until);
    CHECK_EQ(weft_group_count(all.group), 0);
    for (int i = 0; i < atomic_load(&all.count); i++) CHECK_OK(weft_free_channel(channel_at(i)));
    end_and_free(kernel);
    CHECK_OK(weft_free_group(all.group));
}

TEST(ones_add_multiple_and_difference) {
    weft_kernel *kernel = begin();
    check_all_are(ones(), 1);
    check_all_are(result_of_sum(ones(), ones()), 2);
    check_all_are(result_of_sum(ones(), repeated(2)), 3);
    check_all_are(result_of_multiple(whole(-1), repeated(2)), -2);
    check_all_are(result_of_sum(ones(), result_of_multiple(whole(-1), repeated(2))), -1);
    end(kernel);
}

TEST(derivative_and_integral) {
    weft_kernel *kernel = begin();
    rat expected[TERMS];
    for (int i = 0; i < TERMS; i++) expected[i] = whole(i + 1);
    check_terms(result_of_derivative(ones()), expected, TERMS);
    for (int i = 0; i < TERMS; i++) expected[i] = i == 0 ? whole(0) : quotient(1, i);
    check_terms(result_of_integral(whole(0), ones()), expected, TERMS);
    end(kernel);
}

TEST(product_of_two) {
    weft_kernel *kernel = begin();
    rat expected[TERMS];
    for (int i = 0; i < TERMS; i++) expected[i] = whole(i + 1);
    check_terms(result_of_product(ones(), ones()), expected, TERMS);
    end(kernel);
}

TEST(exponential) {
    weft_kernel *kernel = begin();
    static const rat expected[TERMS] = {{1, 1},    {1, 1},      {3, 2},        {13, 6},       {73, 24},
                                        {167, 40}, {4051, 720}, {37633, 5040}, {43817, 4480}, {4596553, 362880}};
    check_terms(result_of_exponential(ones()), expected, harness_slowness() > 1 ? 6 : TERMS);
    end(kernel);
}

TEST(arc_tangent) {
    weft_kernel *kernel = begin();
    rat expected[TERMS];
    for (int i = 0; i < TERMS; i++) expected[i] = i % 2 == 0 ? whole(0) : quotient(i % 4 == 1 ? 1 : -1, i);
    check_terms(result_of_integral(whole(0), result_of_substitution(ones(), whole(-1), 2)), expected, TERMS);
    end(kernel);
}
