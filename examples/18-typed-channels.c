/* SPDX-License-Identifier: MIT */
/* 18-typed-channels.c - channels whose elements have a type: to send or receive another one does not compile. */
#include "check.h"

typedef struct request {
    const char *text;
    struct length_channel *reply; /* where the answer is wanted: channels travel through channels */
} request;

WEFT_CHANNEL_TYPE(length_channel, size_t);
WEFT_CHANNEL_TYPE(request_channel, request);

/* Answers until the channel of requests is closed. */
WEFT_TASK(void, measure, (request_channel *, requests)) {
    WEFT_FOR_EACH_RECEIVED(request, asked, requests) {
        size_t length = 0;
        while (asked.text[length] != '\0') length++;
        check(weft_send(asked.reply, &length, WEFT_FOREVER));
    }
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    request_channel *requests = weft_make_typed_channel(request_channel, NULL);
    check_made(requests);
    length_channel *lengths = weft_make_typed_channel(length_channel, NULL);
    check_made(lengths);
    weft_channel *done = weft_make_done_channel();
    check_made(done);
    check(weft_submit(done, measure, requests));

    const char *words[] = {"warp", "weft", "shuttle"};
    for (size_t i = 0; i < 3; i++) {
        request ask = {.text = words[i], .reply = lengths};
        size_t length;
        check(weft_send(requests, &ask, WEFT_FOREVER));
        check(weft_receive(lengths, &length, WEFT_FOREVER));
        /* weft_send(requests, &length, WEFT_FOREVER) and weft_receive(lengths, &ask, ...) are errors of the compiler */
        printf("%s: %zu\n", words[i], length);
    }

    check(weft_close(weft_untyped(requests))); /* functions that are no macros take channels of any type so */
    check(weft_receive_done(done, WEFT_FOREVER));
    check(weft_free_channel(done));
    check(weft_free_channel(weft_untyped(lengths)));
    check(weft_free_channel(weft_untyped(requests)));
    check(weft_free_kernel(kernel));
    return 0;
}
