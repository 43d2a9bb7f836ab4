/* SPDX-License-Identifier: MIT */
/* 17-own-buffer.c - a kind of buffer that this program defines: equal elements that nobody has taken yet are one. */
#include "check.h"

enum { KEYS = 8 };

/* Keys are 0 to 7; which of them are there, in the order in which they came. Made of zeros it is empty. */
typedef struct key_set {
    int keys[KEYS];
    size_t count;
} key_set;

static size_t set_count(const void *state) { return ((const key_set *)state)->count; }

/* Never full: of each key there is one at most. One that is there already is lost. */
static weft_status set_put(void *state, const void *element, void *dropped, bool *lost) {
    key_set *set = (key_set *)state;
    int key = *(const int *)element;
    if (key < 0 || key >= KEYS) return WEFT_INVALID;
    for (size_t i = 0; i < set->count; i++) *lost = *lost || set->keys[i] == key;
    if (*lost)
        *(int *)dropped = key;
    else
        set->keys[set->count++] = key;
    return WEFT_OK;
}

static weft_status set_take(void *state, void *element) {
    key_set *set = (key_set *)state;
    *(int *)element = set->keys[0];
    set->count--;
    for (size_t i = 0; i < set->count; i++) set->keys[i] = set->keys[i + 1];
    return WEFT_OK;
}

static const weft_buffer_type key_set_type = {
    .name = "key set", .state_size = sizeof(key_set), .count = set_count, .put = set_put, .take = set_take};

/* Redraws what has changed since it looked last; however often it has changed. */
WEFT_TASK(int, redraw, (weft_channel *, changed)) {
    int drawn = 0;
    WEFT_FOR_EACH_RECEIVED(int, window, changed) {
        printf("window %d is drawn\n", window);
        drawn++;
    }
    return drawn;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    const weft_channel_options options = {.buffer = weft_make_buffer(&key_set_type, sizeof(int), 0)};
    check_made(options.buffer);
    weft_channel *changed = weft_make_channel_with(int, &options), *results = weft_make_channel(int);
    check_made(changed);
    check_made(results);

    const int changes[] = {3, 1, 3, 3, 7, 1};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) check(weft_send(changed, &changes[i], WEFT_FOREVER));
    check(weft_close(changed));

    int drawn, bad = KEYS;
    check(weft_submit(results, redraw, changed));
    check(weft_receive_result(results, &drawn, WEFT_FOREVER));
    printf("%d drawn for 6 changes; sending %d now: %s\n", drawn, bad,
           weft_status_name(weft_send(changed, &bad, WEFT_NOW)));

    check(weft_free_channel(results));
    check(weft_free_channel(changed));
    check(weft_free_kernel(kernel));
    return 0;
}
