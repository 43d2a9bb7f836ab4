/* SPDX-License-Identifier: MIT */
/* find_object.c - what a libgcc that was made for glibc asks glibc for, in terms that musl knows. For scripts/matrix:
 * musl-gcc of Debian takes the compiler's own unwinder. A compiler that was made for musl needs none of it.
 */
#define _GNU_SOURCE 1
#include <link.h>
#include <stddef.h>

/* As in glibc's dlfcn.h, for x86-64. */
struct find_object {
    unsigned long long flags;
    void *map_start, *map_end;
    void *link_map;
    void *eh_frame; /* of the segment PT_GNU_EH_FRAME */
    unsigned long long reserved[7];
};

struct search {
    ElfW(Addr) address;
    struct find_object *result;
};

static int look(struct dl_phdr_info *object, size_t size, void *argument) {
    struct search *s = argument;
    int inside = 0;
    (void)size;
    s->result->eh_frame = NULL;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        ElfW(Addr) from = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_GNU_EH_FRAME) s->result->eh_frame = (void *)from;
        if (part->p_type != PT_LOAD || s->address < from || s->address >= from + part->p_memsz) continue;
        inside = 1;
        s->result->map_start = (void *)from;
        s->result->map_end = (void *)(from + part->p_memsz);
    }
    return inside;
}

int _dl_find_object(void *address, struct find_object *result);
int _dl_find_object(void *address, struct find_object *result) {
    struct search s = {(ElfW(Addr))address, result};
    result->flags = 0;
    return dl_iterate_phdr(look, &s) != 0 && result->eh_frame != NULL ? 0 : -1;
}
