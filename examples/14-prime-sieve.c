/* SPDX-License-Identifier: MIT */
/* 14-prime-sieve.c - a chain of tasks, one for each prime, that hand numbers on. Argument: how many primes. */
#include "check.h"

/* 2, 3, 4 ... until nobody receives any more. */
WEFT_TASK(void, count, (weft_channel *, to)) {
    for (int n = 2; weft_send(to, &n, WEFT_FOREVER) == WEFT_OK; n++) {
    }
}

/* Hands on what the prime does not divide. When its receiver closes, so does it, and its sender sees that in turn. */
WEFT_TASK(void, filter, (weft_channel *, from), (weft_channel *, to), (int, prime)) {
    WEFT_FOR_EACH_RECEIVED(int, n, from) {
        if (n % prime != 0 && weft_send(to, &n, WEFT_FOREVER) != WEFT_OK) break;
    }
    check(weft_close(from));
}

int main(int argc, char **argv) {
    int primes = argc > 1 ? atoi(argv[1]) : 25;
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_group *chain = weft_make_group("sieve");
    check_made(chain);
    const weft_submit_options options = {.group = chain, .kernel = kernel};
    weft_channel **links = calloc((size_t)primes + 1, sizeof *links);
    if (links == NULL) return EXIT_FAILURE;

    links[0] = weft_make_rendezvous(int);
    check_made(links[0]);
    check(weft_submit_with(&options, NULL, count, links[0]));
    for (int i = 0; i < primes; i++) {
        int prime; /* what comes out of the chain first: no smaller prime divides it */
        check(weft_receive(links[i], &prime, WEFT_FOREVER));
        printf("%d%c", prime, i + 1 < primes ? ' ' : '\n');
        links[i + 1] = weft_make_rendezvous(int);
        check_made(links[i + 1]);
        check(weft_submit_with(&options, NULL, filter, links[i], links[i + 1], prime));
    }

    check(weft_close(links[primes])); /* goes up the chain, link by link */
    check(weft_wait_group(chain, WEFT_FOREVER));
    for (int i = 0; i <= primes; i++) check(weft_free_channel(links[i]));
    free(links);
    check(weft_free_group(chain));
    check(weft_free_kernel(kernel));
    return 0;
}
