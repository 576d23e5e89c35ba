/* The recorder's memory: see page_alloc.h. */
#include "preload/page_alloc.h"

#include <stdatomic.h>
#include <sys/mman.h>

static size_t budget = 64u << 20;
static atomic_size_t used;

void preload_page_alloc_init(size_t budget_bytes) {
    budget = budget_bytes;
}

void *preload_page_alloc_map(size_t bytes) {
    bytes = (bytes + 4095) & ~(size_t)4095;
    if (atomic_fetch_add(&used, bytes) + bytes > budget) {
        atomic_fetch_sub(&used, bytes);
        return NULL;
    }
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        atomic_fetch_sub(&used, bytes);
        return NULL;
    }
    return p;
}

size_t preload_page_alloc_budget(void) {
    return budget;
}

uint64_t preload_page_alloc_used(void) {
    return atomic_load(&used);
}
