/* SPDX-License-Identifier: MIT */
/* twin.c - the trees, SHA-1 (FIPS 180-4) for their random stream, and the sequential walk. */
#include "twin.h"

#include <math.h>
#include <string.h>

static uint32_t turn(uint32_t x, int by) { return x << by | x >> (32 - by); }

static uint32_t big(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static void put_big(uint8_t *p, uint32_t x) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(x >> (24 - 8 * i));
}

/* SHA-1 of at most 55 bytes: one block. */
static void sha1(const uint8_t *text, size_t length, uint8_t digest[20]) {
    uint8_t block[64] = {0};
    uint32_t w[80], h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    memcpy(block, text, length);
    block[length] = 0x80;
    put_big(block + 60, (uint32_t)length * 8);
    for (int i = 0; i < 16; i++) w[i] = big(block + 4 * i);
    for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? (b & c) | (~b & d)
                     : i < 40 ? b ^ c ^ d
                     : i < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = turn(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = turn(b, 30);
        b = a;
        a = next;
    }
    const uint32_t last[5] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++) put_big(digest + 4 * i, h[i] + last[i]);
}

static double probability(const uts_node *node) { return (double)(big(node->state + 16) & 0x7fffffff) / 2147483648.0; }

uint64_t uts_nodes(uts_tree tree) { return tree == UTS_T1 ? 4130071 : 4112897; }

uts_node uts_root(uts_tree tree) {
    uts_node root = {0, {0}};
    uint8_t seed[20] = {0};
    put_big(seed + 16, tree == UTS_T1 ? 19 : 42);
    sha1(seed, 20, root.state);
    return root;
}

int uts_children(uts_tree tree, const uts_node *node) {
    if (tree == UTS_T3) return node->height == 0 ? 2000 : probability(node) < 0.124875 ? 8 : 0;
    if (node->height >= 10) return 0;
    double p = 1.0 / (1.0 + 4.0);
    int children = (int)floor(log(1 - probability(node)) / log(1 - p));
    return children > UTS_GEOMETRIC_CHILDREN ? UTS_GEOMETRIC_CHILDREN : children;
}

uts_node uts_child(const uts_node *node, int number) {
    uts_node child = {node->height + 1, {0}};
    uint8_t text[24];
    memcpy(text, node->state, 20);
    put_big(text + 20, (uint32_t)number);
    sha1(text, 24, child.state);
    return child;
}

uint64_t uts_sequential(uts_tree tree, const uts_node *node) {
    uint64_t sum = 1;
    for (int i = 0, count = uts_children(tree, node); i < count; i++) {
        uts_node child = uts_child(node, i);
        sum += uts_sequential(tree, &child);
    }
    return sum;
}
