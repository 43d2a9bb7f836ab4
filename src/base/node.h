/* SPDX-License-Identifier: MIT */
/* node.h - the link of a singly linked list, to lie inside what is linked. */
#ifndef WEFTI_NODE_H
#define WEFTI_NODE_H

typedef struct wefti_node {
    struct wefti_node *next;
} wefti_node;

#endif
