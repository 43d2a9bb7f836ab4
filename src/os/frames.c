/* SPDX-License-Identifier: MIT */
/* frames.c - reading the compiler's tables of frames, and keeping what they say; see frames.h. */
#define _GNU_SOURCE 1

#include "os/frames.h"

#include "base/atomic.h"

#if defined(__x86_64__) && defined(__ELF__) && !WEFTI_ASAN

#include <link.h>
#include <string.h>

/* Of libgcc; others that take its place have it too. */
struct bases {
    void *text, *data, *function;
};
extern const void *_Unwind_Find_FDE(void *address, struct bases *bases) __attribute__((weak));

enum { RBP = 6, RSP = 7, RETURN_ADDRESS = 16, MOST_REMEMBERED = 8 };
enum { ENTRIES = 2048, PROBES = 4 };

/* What a return address tells of its frame. The frame address is register + offset; the caller's rbp lies at that plus
 * `saved`, or is still in the register if saved is 0. */
typedef struct rule {
    bool known, pads, from_rbp;
    int offset, saved;
} rule;

/* ---- reading ---- */

typedef struct reader {
    const unsigned char *at, *end;
} reader;

static uint64_t unsigned_number(reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; r->at < r->end; shift += 7) {
        unsigned char byte = *r->at++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) break;
    }
    return value;
}

static int64_t signed_number(reader *r) {
    uint64_t value = 0;
    unsigned shift = 0;
    unsigned char byte = 0;
    while (r->at < r->end) {
        byte = *r->at++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if ((byte & 0x80) == 0) break;
    }
    if (shift < 64 && (byte & 0x40) != 0) value |= UINT64_MAX << shift;
    return (int64_t)value;
}

static uint64_t fixed_number(reader *r, unsigned size) {
    uint64_t value = 0;
    if ((size_t)(r->end - r->at) >= size) memcpy(&value, r->at, size);
    r->at += size;
    return value;
}

/* How many bytes a pointer of this encoding takes; 0: not known. */
static unsigned size_of_pointer(unsigned encoding) {
    static const unsigned char sizes[8] = {8, 0, 2, 4, 8, 0, 0, 0};
    return encoding == 0xff ? 0 : sizes[encoding & 7];
}

/* The length, which excludes itself. false: of the long form, or the end. */
static bool begin_entry(reader *r, const unsigned char *entry) {
    uint32_t length;
    memcpy(&length, entry, sizeof length);
    *r = (reader){entry + 4, entry + 4 + length};
    return length != 0 && length != UINT32_MAX;
}

typedef struct common {
    uint64_t code_factor;
    int64_t data_factor;
    unsigned pointers, pads; /* encodings; pads 0xff: there are none */
    reader first;            /* instructions before each function's own */
} common;

static bool read_augmentation(reader *r, const char *letters, common *c) {
    if (*letters++ != 'z') return false;
    uint64_t length = unsigned_number(r);
    const unsigned char *end = r->at + length;
    for (; *letters != '\0'; letters++) {
        unsigned encoding = (unsigned)fixed_number(r, 1);
        if (*letters == 'R')
            c->pointers = encoding;
        else if (*letters == 'L')
            c->pads = encoding;
        else if (*letters == 'P' && size_of_pointer(encoding) != 0)
            r->at += size_of_pointer(encoding);
        else
            return false; /* a signal frame, among others */
    }
    r->at = end;
    return end <= r->end;
}

static bool read_common(const unsigned char *entry, common *c) {
    reader r;
    if (!begin_entry(&r, entry) || fixed_number(&r, 4) != 0) return false;
    uint64_t version = fixed_number(&r, 1);
    const char *letters = (const char *)r.at;
    r.at += strlen(letters) + 1;
    *c = (common){.code_factor = unsigned_number(&r), .data_factor = signed_number(&r), .pads = 0xff};
    uint64_t returns = version == 1 ? fixed_number(&r, 1) : unsigned_number(&r);
    if (returns != RETURN_ADDRESS || !read_augmentation(&r, letters, c)) return false;
    c->first = r;
    return true;
}

/* ---- the instructions of a table ---- */

typedef struct machine {
    uintptr_t location, wanted;
    const common *common;
    rule now, remembered[MOST_REMEMBERED];
    unsigned depth;
    bool strange; /* something that a rule cannot say */
} machine;

static void set_offset(machine *m, uint64_t number, int64_t offset) {
    if (number == RBP) m->now.saved = (int)offset;
    if (number == RETURN_ADDRESS && offset != -8) m->strange = true;
}

static void set_register(machine *m, uint64_t number) {
    if (number != RSP && number != RBP) m->strange = true;
    m->now.from_rbp = number == RBP;
}

/* It is where it was before, or somewhere else: neither is usual but of registers that are of no matter. */
static void set_otherwise(machine *m, uint64_t number) {
    if (number == RBP || number == RSP || number == RETURN_ADDRESS) m->strange = true;
}

static void skip_block(reader *r) {
    uint64_t length = unsigned_number(r);
    r->at += length;
}

static void remember(machine *m) {
    if (m->depth == MOST_REMEMBERED)
        m->strange = true;
    else
        m->remembered[m->depth++] = m->now;
}

static void recall(machine *m) {
    if (m->depth == 0)
        m->strange = true;
    else
        m->now = m->remembered[--m->depth];
}

/* Those that have a code of their own: DW_CFA_... */
static void do_extended(machine *m, reader *r, unsigned code) {
    uint64_t number;
    switch (code) {
    case 0x00: break;                                                             /* nop */
    case 0x02: m->location += fixed_number(r, 1) * m->common->code_factor; break; /* advance_loc1 */
    case 0x03: m->location += fixed_number(r, 2) * m->common->code_factor; break; /* advance_loc2 */
    case 0x04: m->location += fixed_number(r, 4) * m->common->code_factor; break; /* advance_loc4 */
    case 0x0a: remember(m); break;                                                /* remember_state */
    case 0x0b: recall(m); break;                                                  /* restore_state */
    case 0x0c:                                                                    /* def_cfa */
        set_register(m, unsigned_number(r));
        m->now.offset = (int)unsigned_number(r);
        break;
    case 0x0d: set_register(m, unsigned_number(r)); break;     /* def_cfa_register */
    case 0x0e: m->now.offset = (int)unsigned_number(r); break; /* def_cfa_offset */
    case 0x2e: unsigned_number(r); break;                      /* GNU_args_size */
    case 0x05:                                                 /* offset_extended */
        number = unsigned_number(r);
        set_offset(m, number, (int64_t)unsigned_number(r) * m->common->data_factor);
        break;
    case 0x07:
    case 0x08: set_otherwise(m, unsigned_number(r)); break; /* undefined, same_value */
    case 0x10:
    case 0x16: /* expression, val_expression */
        set_otherwise(m, unsigned_number(r));
        skip_block(r);
        break;
    default: m->strange = true;
    }
}

/* As far as the wanted place. */
static void run(machine *m, reader r) {
    while (r.at < r.end && m->location <= m->wanted && !m->strange) {
        unsigned code = *r.at++, low = code & 0x3f;
        switch (code & 0xc0) {
        case 0x40: m->location += low * m->common->code_factor; break;                               /* advance_loc */
        case 0x80: set_offset(m, low, (int64_t)unsigned_number(&r) * m->common->data_factor); break; /* offset */
        case 0xc0:                                                                                   /* restore */
            if (low == RBP) m->now.saved = 0;
            break;
        default: do_extended(m, &r, code);
        }
    }
}

static rule read_rule(uintptr_t address) {
    const rule unknown = {.known = false};
    struct bases bases;
    common c;
    reader r;
    const unsigned char *entry = _Unwind_Find_FDE((void *)(address - 1), &bases);
    if (entry == NULL || !begin_entry(&r, entry)) return unknown;
    const unsigned char *field = r.at;
    uint32_t back = (uint32_t)fixed_number(&r, 4);
    if (!read_common(field - back, &c) || size_of_pointer(c.pointers) == 0) return unknown;
    r.at += 2 * size_of_pointer(c.pointers); /* where the function begins, and its length */
    uint64_t length = unsigned_number(&r);
    const unsigned char *instructions = r.at + length;
    machine m = {.location = (uintptr_t)bases.function, .wanted = address - 1, .common = &c};
    if (c.pads != 0xff) m.now.pads = fixed_number(&r, size_of_pointer(c.pads)) != 0;
    run(&m, c.first);
    run(&m, (reader){instructions, r.end});
    m.now.known = !m.strange;
    return m.now;
}

/* ---- keeping ---- */

/* An entry is taken once, by the address, and then filled; it is never changed: only of objects that stay for ever.
 *
 *   address: 0 --cas--> ADDRESS      packed: 0 --store--> RULE, which is never 0 */
static struct {
    WEFTI_ATOMIC(uintptr_t) address;
    WEFTI_ATOMIC(uint64_t) packed;
} kept[ENTRIES];

static uint64_t pack(rule of) {
    uint64_t flags = (of.from_rbp ? 8u : 0u) | (of.pads ? 4u : 0u) | (of.known ? 2u : 0u) | 1u;
    return (uint64_t)(uint32_t)of.offset << 32 | (uint64_t)((uint32_t)of.saved & 0xfffffffu) << 4 | flags;
}

static rule unpack(uint64_t packed) {
    return (rule){.known = (packed & 2) != 0,
                  .pads = (packed & 4) != 0,
                  .from_rbp = (packed & 8) != 0,
                  .offset = (int)(uint32_t)(packed >> 32),
                  .saved = (int)((uint32_t)packed & ~15u) >> 4};
}

typedef struct object {
    uintptr_t from, to;
} object;

/* The program and the object that this is in are never unloaded; of others, code may come to lie where other code was.
 */
static object staying[2];
static WEFTI_ATOMIC(int) staying_known; /* 0: not, 1: somebody finds out, 2: yes */

typedef struct finding {
    object *found;
    bool first;
} finding;

static int find_object(struct dl_phdr_info *information, size_t size, void *argument) {
    (void)size;
    finding *f = argument;
    object whole = {UINTPTR_MAX, 0};
    for (int i = 0; i < information->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &information->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
        uintptr_t from = information->dlpi_addr + part->p_vaddr;
        whole.from = WEFTI_MIN(whole.from, from);
        whole.to = WEFTI_MAX(whole.to, from + part->p_memsz);
    }
    uintptr_t here = (uintptr_t)&find_object;
    if (f->first) f->found[0] = whole;
    if (here >= whole.from && here < whole.to) f->found[1] = whole;
    f->first = false;
    return 0;
}

static bool stays(uintptr_t address) {
    if (WEFTI_UNLIKELY(wefti_load_acquire(&staying_known) != 2)) { /* partner: the release below */
        int unknown = 0;
        if (!wefti_cas_relaxed(&staying_known, &unknown, 1)) return false; /* relaxed: who wins finds out */
        dl_iterate_phdr(find_object, &(finding){staying, true});
        wefti_store_release(&staying_known, 2); /* partner: the acquire above */
    }
    return (address >= staying[0].from && address < staying[0].to) ||
           (address >= staying[1].from && address < staying[1].to);
}

static void keep(uintptr_t address, size_t first, rule what) {
    for (size_t i = 0; i < PROBES; i++) {
        size_t at = (first + i) % ENTRIES;
        uintptr_t nothing = 0;
        /* relaxed: whoever finds the address waits for nothing, it looks whether it is filled */
        if (!wefti_cas_relaxed(&kept[at].address, &nothing, address)) continue;
        wefti_store_relaxed(&kept[at].packed, pack(what)); /* relaxed: the word is all there is */
        return;
    }
}

static rule rule_of(uintptr_t address) {
    size_t first = (address * 0x9e3779b97f4a7c15u) >> 53;
    for (size_t i = 0; i < PROBES; i++) {
        size_t at = (first + i) % ENTRIES;
        if (wefti_load_relaxed(&kept[at].address) != address) continue; /* relaxed: as in keep */
        uint64_t packed = wefti_load_relaxed(&kept[at].packed);
        if (packed != 0) return unpack(packed);
        break;
    }
    rule read = read_rule(address);
    if (stays(address)) keep(address, first, read);
    return read;
}

WEFTI_NOINLINE bool wefti_frames_have_no_pads(uintptr_t place) {
    uintptr_t pc, sp, bp;
    if (_Unwind_Find_FDE == NULL) return false;
    __asm__ volatile("leaq 0f(%%rip), %0\n0:\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2" : "=&r"(pc), "=&r"(sp), "=&r"(bp));
    while (pc != 0) {
        rule frame = rule_of(pc);
        if (!frame.known || frame.pads) return false;
        uintptr_t next = (frame.from_rbp ? bp : sp) + (uintptr_t)(intptr_t)frame.offset;
        if (next <= sp) return false;
        if (next > place) return true;
        memcpy(&pc, (const void *)(next - sizeof pc), sizeof pc);
        if (frame.saved != 0) memcpy(&bp, (const void *)(next + (uintptr_t)(intptr_t)frame.saved), sizeof bp);
        sp = next;
    }
    return false;
}

#else

bool wefti_frames_have_no_pads(uintptr_t place) {
    (void)place;
    return false;
}

#endif
