/* Growing arrays that end the command cleanly when there is no memory left. */
#include "analysis/base/alloc.h"

#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAP_BYTES      (32u << 20) /* what most reports need */
#define HUGE_PAGE_BYTES (2u << 20)

void base_alloc_prepare(void) {
    uintptr_t from = (uintptr_t)sbrk(0);
    mallopt(M_MMAP_THRESHOLD, HEAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_TOP_PAD, HEAP_BYTES);
    void *volatile first = malloc(HUGE_PAGE_BYTES); /* more than the heap begins with: it grows by the pad */
    free(first);
    uintptr_t to = (uintptr_t)sbrk(0);
    from = (from + HUGE_PAGE_BYTES - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
    if (from < to) {
        madvise((void *)from, to - from, MADV_HUGEPAGE); /* NOLINT(performance-no-int-to-ptr) */
    }
}

static _Noreturn void no_memory(size_t count, size_t size) {
    fprintf(stderr,
            "moetrace: no memory for %zu more bytes: run it on a machine with more, or on a shorter trace\n",
            count * size);
    exit(2);
}

void *base_alloc(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        no_memory(count, size);
    }
    return p;
}

/* Makes room for at least `need` elements, in steps of a factor. */
static void *resize(void *p, size_t *cap, size_t need, size_t size, size_t factor) {
    size_t bigger = *cap < 8 ? 16 : *cap * factor;
    if (bigger < need) {
        bigger = need;
    }
    void *moved = bigger > SIZE_MAX / size ? NULL : realloc(p, bigger * size);
    if (!moved) {
        no_memory(bigger - *cap, size);
    }
    *cap = bigger;
    return moved;
}

void *base_grow_array(void *p, size_t *cap, size_t need, size_t size) {
    size_t before = *cap;
    void *moved = resize(p, cap, need, size, 2);
    memset((char *)moved + before * size, 0, (*cap - before) * size);
    return moved;
}

void *base_grow_fast(void *p, size_t *cap, size_t need, size_t size) {
    return need <= *cap ? p : resize(p, cap, need, size, 4);
}

char *base_copy(const char *bytes, size_t len) {
    char *copy = base_alloc(len + 1, 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}
