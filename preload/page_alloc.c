/* The recorder's memory: see page_alloc.h. */
#include "preload/page_alloc.h"

#include <stdatomic.h>
#include <sys/mman.h>

static size_t budget = 64u << 20;
static atomic_size_t used, reserve;
static atomic_bool exhausted;

void preload_page_alloc_init(size_t budget_bytes, size_t reserved) {
    budget = budget_bytes;
    atomic_store(&reserve, reserved);
}

static void *map_pages(size_t bytes, size_t limit) {
    bytes = (bytes + 4095) & ~(size_t)4095;
    if (atomic_fetch_add(&used, bytes) + bytes > limit) {
        atomic_fetch_sub(&used, bytes);
        atomic_store(&exhausted, true);
        return NULL;
    }
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        atomic_fetch_sub(&used, bytes);
        return NULL;
    }
    return p;
}

void *preload_page_alloc_map(size_t bytes) {
    return map_pages(bytes, budget - atomic_load(&reserve));
}

void *preload_page_alloc_map_reserved(size_t bytes) {
    void *p = map_pages(bytes, budget);
    size_t left = atomic_load(&reserve);
    atomic_store(&reserve, p && left > bytes ? left - bytes : 0);
    return p;
}

bool preload_page_alloc_exhausted(void) {
    return atomic_load(&exhausted);
}

size_t preload_page_alloc_budget(void) {
    return budget;
}

uint64_t preload_page_alloc_used(void) {
    return atomic_load(&used);
}
