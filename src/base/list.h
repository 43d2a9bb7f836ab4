/* SPDX-License-Identifier: MIT */
/* list.h - a doubly linked list whose links lie in the elements. Not for two threads at once.
 *
 * A list is a ring through its head, so that no operation has a special case. A link that is in no list points to
 * itself, so it may be taken out twice, and asked whether it is in one.
 */
#ifndef WEFTI_LIST_H
#define WEFTI_LIST_H

#include "base/base.h"

typedef struct wefti_link {
    struct wefti_link *next, *previous;
} wefti_link;

typedef struct wefti_list {
    wefti_link head;
} wefti_list;

static inline void wefti_link_init(wefti_link *link) { link->next = link->previous = link; }

static inline void wefti_list_init(wefti_list *list) { wefti_link_init(&list->head); }

/* Whether the link is in a list. It has been made by wefti_link_init. */
static inline bool wefti_link_is_in(const wefti_link *link) { return link->next != link; }

static inline bool wefti_list_is_empty(const wefti_list *list) { return list->head.next == &list->head; }

/* Puts a link that is in no list before another one, or, before the head, at the end. */
static inline void wefti_link_put_before(wefti_link *link, wefti_link *other) {
    link->next = other;
    link->previous = other->previous;
    other->previous->next = link;
    other->previous = link;
}

static inline void wefti_list_put_last(wefti_list *list, wefti_link *link) { wefti_link_put_before(link, &list->head); }

static inline void wefti_list_put_first(wefti_list *list, wefti_link *link) {
    wefti_link_put_before(link, list->head.next);
}

/* Takes the link out of the list it is in; nothing if it is in none. */
static inline void wefti_link_take_out(wefti_link *link) {
    link->previous->next = link->next;
    link->next->previous = link->previous;
    wefti_link_init(link);
}

/* The first link, or NULL. It stays in the list. */
static inline wefti_link *wefti_list_first(const wefti_list *list) {
    return wefti_list_is_empty(list) ? NULL : list->head.next;
}

/* The link after this one, or NULL. */
static inline wefti_link *wefti_list_next(const wefti_list *list, const wefti_link *link) {
    return link->next == &list->head ? NULL : link->next;
}

/* Takes the first link out and returns it, or NULL. */
static inline wefti_link *wefti_list_take_first(wefti_list *list) {
    wefti_link *first = wefti_list_first(list);
    if (first != NULL) wefti_link_take_out(first);
    return first;
}

/* Puts all links of `from` at the end of `list`, in their order; `from` is empty then. */
static inline void wefti_list_put_all(wefti_list *list, wefti_list *from) {
    if (wefti_list_is_empty(from)) return;
    wefti_link *first = from->head.next, *last = from->head.previous;
    first->previous = list->head.previous;
    list->head.previous->next = first;
    last->next = &list->head;
    list->head.previous = last;
    wefti_list_init(from);
}

#endif
