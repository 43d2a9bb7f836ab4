/* SPDX-License-Identifier: MIT */
/* atomic.h - every atomic access of Weft, with its memory order in its name.
 *
 * Idea: a shared word is declared WEFTI_ATOMIC(type) and touched only through the operations below, so that no access
 * is atomic by accident or plain by accident, and so that a test build (WEFT_EXPLORE) can put the schedule explorer in
 * the place of all of them. Each operation is one macro that names its order; the call site says in a comment who its
 * partner is.
 *
 * The asymmetric pair: wefti_light_barrier on the common side, wefti_heavy_barrier on the rare one, stand for a full
 * fence on each. The light one is free where the system can interrupt the other threads for us (Linux: membarrier);
 * else it is a full fence. Between them, of two threads that each store, fence and load, at least one sees the other's
 * store.
 *
 * Rules: a strong cas only; `expected` is a plain variable and holds, after failure, what was found.
 */
#ifndef WEFTI_ATOMIC_H
#define WEFTI_ATOMIC_H

#include "base/base.h"

#define WEFTI_ATOMIC(type)                                                                                             \
    struct {                                                                                                           \
        type wefti_value;                                                                                              \
    }

#ifdef WEFT_EXPLORE

/* The explorer (tests/explore) provides these. A place is one access in the source; all of them are listed in a section
 * of their own, so that a mutation run can go through them. `weak` is set by such a run: the order to use instead. */
enum { WEFTI_RELAXED, WEFTI_ACQUIRE, WEFTI_RELEASE, WEFTI_ACQ_REL, WEFTI_SEQ };
enum {
    WEFTI_OP_LOAD,
    WEFTI_OP_STORE,
    WEFTI_OP_EXCHANGE,
    WEFTI_OP_ADD,
    WEFTI_OP_OR,
    WEFTI_OP_AND,
    WEFTI_OP_CAS,
    WEFTI_OP_FENCE,
    WEFTI_OP_LIGHT,
    WEFTI_OP_HEAVY,
    WEFTI_OP_READ,
    WEFTI_OP_WRITE
};
typedef struct wefti_place {
    const char *file, *function, *word; /* word: the operand as it is written */
    int line;
    unsigned char op, order, weak;
    unsigned met;
} wefti_place;
uint64_t wefti_explore_load(const void *word, size_t size, wefti_place *place);
void wefti_explore_store(void *word, size_t size, uint64_t value, wefti_place *place);
uint64_t wefti_explore_update(void *word, size_t size, uint64_t value, wefti_place *place); /* returns the old value */
bool wefti_explore_cas(void *word, size_t size, uint64_t *expected, uint64_t desired, wefti_place *place);
void wefti_explore_fence(wefti_place *place);
void wefti_explore_barrier(wefti_place *place);
void wefti_explore_pause(void);
/* A plain access to shared memory: the explorer reports a race unless it is ordered. */
void wefti_explore_plain(const void *memory, size_t size, wefti_place *place);

#define WEFTI_PLACE(what, order_of_it, text)                                                                           \
    __extension__({                                                                                                    \
        static wefti_place wefti_here = {__FILE__, __func__, text, __LINE__, what, order_of_it, 0, 0};                 \
        static wefti_place *const wefti_listed __attribute__((section("wefti_places"), used)) = &wefti_here;           \
        &wefti_here;                                                                                                   \
    })
#define WEFTI_TYPE(p) __typeof__((p)->wefti_value)
#define WEFTI_BITS(p, v) ((uint64_t)(uintptr_t)(WEFTI_TYPE(p))(v))
#define WEFTI_BACK(p, bits) ((WEFTI_TYPE(p))(uintptr_t)(bits))
#define WEFTI_LOAD(p, order)                                                                                           \
    WEFTI_BACK(p, wefti_explore_load(&(p)->wefti_value, sizeof(p)->wefti_value,                                        \
                                     WEFTI_PLACE(WEFTI_OP_LOAD, WEFTI_##order, #p)))
#define WEFTI_STORE(p, v, order)                                                                                       \
    wefti_explore_store(&(p)->wefti_value, sizeof(p)->wefti_value, WEFTI_BITS(p, v),                                   \
                        WEFTI_PLACE(WEFTI_OP_STORE, WEFTI_##order, #p))
#define WEFTI_UPDATE(p, v, op, order)                                                                                  \
    __extension__({                                                                                                    \
        WEFTI_TYPE(p)                                                                                                  \
        wefti_old = WEFTI_BACK(p, wefti_explore_update(&(p)->wefti_value, sizeof(p)->wefti_value, WEFTI_BITS(p, v),    \
                                                       WEFTI_PLACE(WEFTI_OP_##op, WEFTI_##order, #p)));                \
        wefti_old;                                                                                                     \
    })
#define WEFTI_EXCHANGE(p, v, order) WEFTI_UPDATE(p, v, EXCHANGE, order)
#define WEFTI_ADD(p, v, order) WEFTI_UPDATE(p, v, ADD, order)
#define WEFTI_OR(p, v, order) WEFTI_UPDATE(p, v, OR, order)
#define WEFTI_AND(p, v, order) WEFTI_UPDATE(p, v, AND, order)
#define WEFTI_CAS(p, e, v, order)                                                                                      \
    __extension__({                                                                                                    \
        uint64_t wefti_e = WEFTI_BITS(p, *(e));                                                                        \
        bool wefti_done = wefti_explore_cas(&(p)->wefti_value, sizeof(p)->wefti_value, &wefti_e, WEFTI_BITS(p, v),     \
                                            WEFTI_PLACE(WEFTI_OP_CAS, WEFTI_##order, #p));                             \
        *(e) = WEFTI_BACK(p, wefti_e);                                                                                 \
        wefti_done;                                                                                                    \
    })
#define WEFTI_FENCE(order) wefti_explore_fence(WEFTI_PLACE(WEFTI_OP_FENCE, WEFTI_##order, ""))
#define wefti_light_barrier() wefti_explore_barrier(WEFTI_PLACE(WEFTI_OP_LIGHT, WEFTI_SEQ, ""))
#define wefti_heavy_barrier() wefti_explore_barrier(WEFTI_PLACE(WEFTI_OP_HEAVY, WEFTI_SEQ, ""))
#define wefti_pause() wefti_explore_pause()
#define wefti_plain_read(memory, size)                                                                                 \
    wefti_explore_plain((memory), (size), WEFTI_PLACE(WEFTI_OP_READ, WEFTI_RELAXED, #memory))
#define wefti_plain_write(memory, size)                                                                                \
    wefti_explore_plain((memory), (size), WEFTI_PLACE(WEFTI_OP_WRITE, WEFTI_RELAXED, #memory))

#else

#define WEFTI_RELAXED __ATOMIC_RELAXED
#define WEFTI_ACQUIRE __ATOMIC_ACQUIRE
#define WEFTI_RELEASE __ATOMIC_RELEASE
#define WEFTI_ACQ_REL __ATOMIC_ACQ_REL
#define WEFTI_SEQ __ATOMIC_SEQ_CST
#define WEFTI_LOAD(p, order) __atomic_load_n(&(p)->wefti_value, WEFTI_##order)
#define WEFTI_STORE(p, v, order) __atomic_store_n(&(p)->wefti_value, (v), WEFTI_##order)
#define WEFTI_EXCHANGE(p, v, order) __atomic_exchange_n(&(p)->wefti_value, (v), WEFTI_##order)
#define WEFTI_ADD(p, v, order) __atomic_fetch_add(&(p)->wefti_value, (v), WEFTI_##order)
#define WEFTI_OR(p, v, order) __atomic_fetch_or(&(p)->wefti_value, (v), WEFTI_##order)
#define WEFTI_AND(p, v, order) __atomic_fetch_and(&(p)->wefti_value, (v), WEFTI_##order)
#define WEFTI_CAS(p, e, v, order)                                                                                      \
    __atomic_compare_exchange_n(&(p)->wefti_value, (e), (v), false, WEFTI_##order, WEFTI_CAS_FAIL_##order)
#define WEFTI_CAS_FAIL_RELAXED __ATOMIC_RELAXED
#define WEFTI_CAS_FAIL_ACQUIRE __ATOMIC_ACQUIRE
#define WEFTI_CAS_FAIL_RELEASE __ATOMIC_RELAXED
#define WEFTI_CAS_FAIL_ACQ_REL __ATOMIC_ACQUIRE
#define WEFTI_CAS_FAIL_SEQ __ATOMIC_SEQ_CST
#if WEFTI_TSAN /* TSan does not model fences; whoever relies on one there says so at the site */
#define WEFTI_FENCE(order) ((void)0)
#else
#define WEFTI_FENCE(order) __atomic_thread_fence(WEFTI_##order)
#endif

/* os/barrier.c: whether membarrier serves; set once, before any thread of ours runs. */
extern bool wefti_asymmetric;
void wefti_heavy_barrier(void);
static inline void wefti_light_barrier(void) {
#if WEFTI_TSAN /* the same as the other side, since it knows no fences */
    wefti_heavy_barrier();
#else
    if (WEFTI_LIKELY(wefti_asymmetric))
        __asm__ volatile("" ::: "memory");
    else
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline void wefti_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}
#define wefti_plain_read(memory, size) ((void)0)
#define wefti_plain_write(memory, size) ((void)0)

#endif /* WEFT_EXPLORE */

/* What one fiber of a worker hands to another through words that are the worker's own. Nothing has to be done for it:
 * the two run one after the other. Where a sanitizer was told that this orders nothing, these say where it does. */
#if WEFTI_TSAN_FIBERS && !defined(WEFT_EXPLORE)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define wefti_hands_over(address) __tsan_release((void *)(uintptr_t)(address))
#define wefti_takes_over(address) __tsan_acquire((void *)(uintptr_t)(address))
#else
#define wefti_hands_over(address) ((void)0)
#define wefti_takes_over(address) ((void)0)
#endif

#define wefti_load_relaxed(p) WEFTI_LOAD(p, RELAXED)
#define wefti_load_acquire(p) WEFTI_LOAD(p, ACQUIRE)
#define wefti_load_seq(p) WEFTI_LOAD(p, SEQ)
#define wefti_store_relaxed(p, v) WEFTI_STORE(p, v, RELAXED)
#define wefti_store_release(p, v) WEFTI_STORE(p, v, RELEASE)
#define wefti_store_seq(p, v) WEFTI_STORE(p, v, SEQ)
#define wefti_exchange_relaxed(p, v) WEFTI_EXCHANGE(p, v, RELAXED)
#define wefti_exchange_acquire(p, v) WEFTI_EXCHANGE(p, v, ACQUIRE)
#define wefti_exchange_release(p, v) WEFTI_EXCHANGE(p, v, RELEASE)
#define wefti_exchange_acq_rel(p, v) WEFTI_EXCHANGE(p, v, ACQ_REL)
#define wefti_exchange_seq(p, v) WEFTI_EXCHANGE(p, v, SEQ)
#define wefti_add_relaxed(p, v) WEFTI_ADD(p, v, RELAXED)
#define wefti_add_acquire(p, v) WEFTI_ADD(p, v, ACQUIRE)
#define wefti_add_release(p, v) WEFTI_ADD(p, v, RELEASE)
#define wefti_add_acq_rel(p, v) WEFTI_ADD(p, v, ACQ_REL)
#define wefti_add_seq(p, v) WEFTI_ADD(p, v, SEQ)
#define wefti_or_relaxed(p, v) WEFTI_OR(p, v, RELAXED)
#define wefti_or_acq_rel(p, v) WEFTI_OR(p, v, ACQ_REL)
#define wefti_or_seq(p, v) WEFTI_OR(p, v, SEQ)
#define wefti_and_relaxed(p, v) WEFTI_AND(p, v, RELAXED)
#define wefti_and_acq_rel(p, v) WEFTI_AND(p, v, ACQ_REL)
#define wefti_cas_relaxed(p, e, v) WEFTI_CAS(p, e, v, RELAXED)
#define wefti_cas_acquire(p, e, v) WEFTI_CAS(p, e, v, ACQUIRE)
#define wefti_cas_release(p, e, v) WEFTI_CAS(p, e, v, RELEASE)
#define wefti_cas_acq_rel(p, e, v) WEFTI_CAS(p, e, v, ACQ_REL)
#define wefti_cas_seq(p, e, v) WEFTI_CAS(p, e, v, SEQ)
#define wefti_fence_acquire() WEFTI_FENCE(ACQUIRE)
#define wefti_fence_release() WEFTI_FENCE(RELEASE)
#define wefti_fence_seq() WEFTI_FENCE(SEQ)

/* Before threads exist, or where the object is private again. */
#ifdef WEFT_EXPLORE
#define wefti_atomic_init(p, v) wefti_store_relaxed(p, v)
#else
#define wefti_atomic_init(p, v) ((void)((p)->wefti_value = (v)))
#endif

#endif
