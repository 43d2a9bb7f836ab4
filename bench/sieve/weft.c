/* SPDX-License-Identifier: MIT */
/* weft.c - the prime sieve: a chain of tasks, one for each of the first 2,500 primes, over channels without a buffer.
 *
 * Each filter drops the multiples of its prime and hands the rest on. Seconds until the last prime has come out; after
 * that all channels are closed, which ends the tasks.
 */
#include <stdlib.h>

#include "../harness/conduct.h"

enum { LAST_OF_2500 = 22307 };

WEFT_TASK(void, generate, (weft_channel *, out)) {
    for (int i = 2; weft_send(out, &i, WEFT_FOREVER) == WEFT_OK;) i++;
}

WEFT_TASK(void, filter, (weft_channel *, in), (weft_channel *, out), (int, prime)) {
    for (int i = 0; weft_receive(in, &i, WEFT_FOREVER) == WEFT_OK;)
        if (i % prime != 0 && weft_send(out, &i, WEFT_FOREVER) != WEFT_OK) return;
}

static int last_prime(const conduct_stage *stage, weft_channel **chain, long primes) {
    int prime = 0;
    chain[0] = conduct_channel(stage, sizeof(int), 0);
    conduct_well(weft_submit_with(&stage->options, NULL, generate, chain[0]), "submit");
    for (long n = 0; n < primes; n++) {
        conduct_well(weft_receive(chain[n], &prime, WEFT_FOREVER), "receive");
        chain[n + 1] = conduct_channel(stage, sizeof(int), 0);
        conduct_well(weft_submit_with(&stage->options, NULL, filter, chain[n], chain[n + 1], prime), "submit");
    }
    return prime;
}

static double play(conduct_stage *stage, void *unused) {
    (void)unused;
    long primes = bench_count(2500);
    weft_channel **chain = bench_allocate(sizeof(weft_channel *) * (size_t)(primes + 1));
    int64_t start = bench_clock();
    int prime = last_prime(stage, chain, primes);
    double seconds = (double)(bench_clock() - start) / 1e9;
    for (long n = 0; n <= primes; n++) conduct_well(weft_close(chain[n]), "close");
    conduct_rest(stage);
    for (long n = 0; n <= primes; n++) conduct_well(weft_free_channel(chain[n]), "free");
    bench_require(primes != 2500 || prime == LAST_OF_2500, "not the prime");
    free(chain);
    return seconds;
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 200);
    conduct_measure((conduct_way){"sieve.w1", 1, false, false}, "s", play, NULL);
    conduct_measure((conduct_way){"sieve.w1.local", 1, false, true}, "s", play, NULL);
    conduct_measure((conduct_way){"sieve.w2.movable", 2, true, false}, "s", play, NULL);
    conduct_measure((conduct_way){"sieve.w2", 2, false, false}, "s", play, NULL);
    return 0;
}
