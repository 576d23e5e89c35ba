/* Growing arrays that end the command cleanly when there is no memory left. */
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void no_memory(size_t count, size_t size) {
    fprintf(stderr,
            "moetrace: no memory for %zu more bytes: run it on a machine with more, or on a shorter trace\n",
            count * size);
    exit(2);
}

void *analysis_alloc(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        no_memory(count, size);
    }
    return p;
}

void *analysis_grow(void *p, size_t *cap, size_t need, size_t size) {
    if (need <= *cap) {
        return p;
    }
    size_t bigger = *cap < 8 ? 16 : *cap * 2;
    if (bigger < need) {
        bigger = need;
    }
    void *moved = bigger > SIZE_MAX / size ? NULL : realloc(p, bigger * size);
    if (!moved) {
        no_memory(bigger - *cap, size);
    }
    memset((char *)moved + *cap * size, 0, (bigger - *cap) * size);
    *cap = bigger;
    return moved;
}

char *analysis_copy(const char *bytes, size_t len) {
    char *copy = analysis_alloc(len + 1, 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}
