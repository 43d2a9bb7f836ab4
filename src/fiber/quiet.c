/* SPDX-License-Identifier: MIT */
/* quiet.c - allocation and copying of which ThreadSanitizer hears nothing. Empty but for WEFT_SANITIZE=fibers.
 *
 * There the build gives the library these in place of the C library's functions of the same names, which the sanitizer
 * watches: memory of a worker, which all its fibers use in turn, would be reported. See annotate.h.
 */
#include "base/base.h"

#if WEFTI_TSAN_FIBERS

#undef malloc
#undef calloc
#undef realloc
#undef free
#undef posix_memalign
#undef aligned_alloc
#undef strdup
#undef memcpy
#undef memset
#undef memmove

#include <stdlib.h>
#include <string.h>

void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

#define QUIETLY(expression)                                                                                            \
    __extension__({                                                                                                    \
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);                                                                 \
        __typeof__(expression) quiet_result = (expression);                                                            \
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);                                                                   \
        quiet_result;                                                                                                  \
    })

void *wefti_quiet_malloc(size_t size);
void *wefti_quiet_calloc(size_t count, size_t size);
void *wefti_quiet_realloc(void *block, size_t size);
void wefti_quiet_free(void *block);
int wefti_quiet_posix_memalign(void **block, size_t alignment, size_t size);
void *wefti_quiet_aligned_alloc(size_t alignment, size_t size);
char *wefti_quiet_strdup(const char *text);
void *wefti_quiet_memcpy(void *to, const void *from, size_t size);
void *wefti_quiet_memset(void *to, int byte, size_t size);
void *wefti_quiet_memmove(void *to, const void *from, size_t size);

void *wefti_quiet_malloc(size_t size) { return QUIETLY(malloc(size)); }
void *wefti_quiet_calloc(size_t count, size_t size) { return QUIETLY(calloc(count, size)); }
void *wefti_quiet_realloc(void *block, size_t size) { return QUIETLY(realloc(block, size)); }
void wefti_quiet_free(void *block) { (void)QUIETLY((free(block), 0)); }
void *wefti_quiet_aligned_alloc(size_t alignment, size_t size) { return QUIETLY(aligned_alloc(alignment, size)); }
char *wefti_quiet_strdup(const char *text) { return QUIETLY(strdup(text)); }
void *wefti_quiet_memcpy(void *to, const void *from, size_t size) { return QUIETLY(memcpy(to, from, size)); }
void *wefti_quiet_memset(void *to, int byte, size_t size) { return QUIETLY(memset(to, byte, size)); }
void *wefti_quiet_memmove(void *to, const void *from, size_t size) { return QUIETLY(memmove(to, from, size)); }

int wefti_quiet_posix_memalign(void **block, size_t alignment, size_t size) {
    return QUIETLY(posix_memalign(block, alignment, size));
}

#endif
