/* The recorder's memory: pages that are mapped from the kernel, up to a budget. malloc is never used: the target may have
 * replaced it or hold its lock. */
#ifndef PRELOAD_PAGE_ALLOC_H
#define PRELOAD_PAGE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets the budget, of which `reserved` bytes are kept for preload_page_alloc_map_reserved: the writer's memory, without which
 * nothing can be saved. */
void preload_page_alloc_init(size_t budget_bytes, size_t reserved);
/* Return at least `bytes` of zeroed memory, which stays mapped until the process ends; NULL when the budget or the system has no
 * more. Any thread. */
void *preload_page_alloc_map(size_t bytes);
void *preload_page_alloc_map_reserved(size_t bytes);
/* Returns whether a request was refused because of the budget. */
bool preload_page_alloc_exhausted(void);
/* Returns the budget in bytes. */
size_t preload_page_alloc_budget(void);
/* Returns the number of mapped bytes. */
uint64_t preload_page_alloc_used(void);

#endif
