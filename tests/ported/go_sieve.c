/* SPDX-License-Identifier: MIT */
/* go_sieve.c - Go's prime sieves, re-expressed; file and name of the original stand above each.
 *
 * Origin: The Go Authors, BSD-style licence; nothing of their text is here. The originals never end; ours ends by
 * closing channels, each member closing what is before it. */
#include "ported/crew.h"

/* ---- test/chan/sieve1.go ---- */

static const int primes_to_100[] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                                    43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
enum { PRIMES = 25 };

static void generate(void *ch) {
    for (int i = 2; weft_send((weft_channel *)ch, &i, patience()) == WEFT_OK;) i++;
}

typedef struct filter {
    weft_channel *in, *out;
    int prime;
} filter;

/* Ends when its output is closed, and then ends what is before it. */
static void filters(void *argument) {
    const filter *f = argument;
    int n;
    while (weft_receive(f->in, &n, patience()) == WEFT_OK)
        if (n % f->prime != 0 && weft_send(f->out, &n, patience()) != WEFT_OK) break;
    CHECK_OK(weft_close(f->in));
}

/* main, and sieve.go */
CREW_TEST(sieve1) {
    weft_channel *row[PRIMES + 1];
    filter f[PRIMES];
    row[0] = make(0);
    start(c, generate, row[0]);
    for (int i = 0; i < PRIMES; i++) {
        row[i + 1] = make(0);
        f[i] = (filter){row[i], row[i + 1], get(row[i])};
        CHECK_EQ(f[i].prime, primes_to_100[i]);
        if (f[i].prime < 2) f[i].prime = 2; /* having failed already */
        start(c, filters, &f[i]);
    }
    CHECK_OK(weft_close(row[PRIMES]));
    all_done(c);
    free_all(row, PRIMES + 1);
}

/* ---- test/chan/sieve2.go ---- */

typedef struct source {
    weft_channel *out;
    int from, step;
} source;

typedef struct eratosthenes {
    weft_channel *out, *composites, *primes, *proxy, *candidates;
    source odd, multiples[64];
    int head[64];
    int sources;
    crew *c;
} eratosthenes;

static void counts_up(void *argument) {
    const source *s = argument;
    for (int n = s->from; weft_send(s->out, &n, patience()) == WEFT_OK;) n += s->step;
}

/* Takes whatever comes and gives it on when it is wanted, so that who sends to it never waits for long. */
static void send_proxy(void *argument) {
    const eratosthenes *e = argument;
    int ring[256], first = 0, last = 0, in = 0;
    for (bool going = true; going;) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_IF(last - first < 256, e->proxy, &in) {
                if ((going = weft_last_status() == WEFT_OK)) ring[last++ % 256] = in;
            }
            WEFT_SEND_IF(first < last, e->primes, &ring[first % 256]) {
                going = weft_last_status() == WEFT_OK;
                first++;
            }
        }
    }
}

/* One more source of multiples, beginning with the square of the prime. Its first is returned. */
static bool add_multiples(eratosthenes *e, int prime, int *first) {
    source *s = &e->multiples[e->sources];
    if (!CHECK_LT(e->sources, 64)) return false;
    *s = (source){make(10), prime * prime, 2 * prime};
    start(e->c, counts_up, s);
    *first = get(s->out);
    return true;
}

static int least(const eratosthenes *e) {
    int at = 0;
    for (int i = 1; i < e->sources; i++)
        if (e->head[i] < e->head[at]) at = i;
    return at;
}

static int next_composite(eratosthenes *e) {
    int at = least(e), composite = e->head[at];
    e->head[at] = get(e->multiples[at].out);
    return composite;
}

/* Merges the multiples of all primes that come, in order and each once; ends when nobody wants composites any more. */
static void merges(void *argument) {
    eratosthenes *e = argument;
    int prime, first, done = 0;
    while (weft_receive(e->primes, &prime, patience()) == WEFT_OK && add_multiples(e, prime, &first)) {
        e->head[e->sources++] = first;
        while (e->head[least(e)] <= first) { /* what is beyond may have to wait for the next prime */
            int composite = next_composite(e);
            if (composite == done) continue;
            done = composite;
            if (weft_send(e->composites, &composite, patience()) != WEFT_OK) return;
        }
    }
}

/* What is no composite is prime. Ends when nobody wants primes any more. */
static void sieves(void *argument) {
    const eratosthenes *e = argument;
    int composite, p = get(e->candidates);
    while (weft_receive(e->composites, &composite, patience()) == WEFT_OK) {
        for (; p < composite; p = get(e->candidates))
            if (weft_send(e->proxy, &p, patience()) != WEFT_OK || weft_send(e->out, &p, patience()) != WEFT_OK) return;
        if (p == composite) p = get(e->candidates);
    }
}

/* main: Eratosthenes with a merge of multiples, a loop back, and a proxy that buffers without limit */
TEST(sieve2) {
    weft_kernel *kernel = kernel_here();
    crew c = {.group = weft_make_group(NULL)}, counters = {.group = weft_make_group(NULL)};
    eratosthenes e = {make(10),     make(50),       make(10), make(10), make(50),
                      {NULL, 5, 2}, {{NULL, 0, 0}}, {0},      0,        &counters};
    weft_channel *ends[] = {e.out, e.composites, e.primes, e.proxy};
    e.odd.out = e.candidates;
    put(e.out, 2);
    put(e.out, 3);
    put(e.primes, 3);
    start(&counters, counts_up, &e.odd);
    start(&c, send_proxy, &e);
    start(&c, merges, &e);
    start(&c, sieves, &e);
    for (int i = 0; i < PRIMES; i++) CHECK_EQ(get(e.out), primes_to_100[i]);
    for (int i = 0; i < 4; i++) CHECK_OK(weft_close(ends[i]));
    all_done(&c);
    CHECK_OK(weft_close(e.candidates));
    for (int i = 0; i < e.sources; i++) CHECK_OK(weft_close(e.multiples[i].out));
    all_done(&counters);
    for (int i = 0; i < e.sources; i++) CHECK_OK(weft_free_channel(e.multiples[i].out));
    FREE_ALL(e.out, e.composites, e.primes, e.proxy, e.candidates);
    end_and_free(kernel);
    CHECK_OK(weft_free_group(c.group));
    CHECK_OK(weft_free_group(counters.group));
}
