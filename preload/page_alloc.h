/* The recorder's memory: pages mapped from the kernel, up to a budget; never malloc, which the target may have replaced, or
 * whose lock it may hold. */
#ifndef PRELOAD_PAGE_ALLOC_H
#define PRELOAD_PAGE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `reserved` bytes of it are kept for preload_page_alloc_map_reserved: the writer's, without which nothing is saved. */
void preload_page_alloc_init(size_t budget_bytes, size_t reserved);
/* Zeroed pages, or NULL when the budget or the system has no more. They stay mapped until the process ends.
 * Any thread. */
void *preload_page_alloc_map(size_t bytes);
void *preload_page_alloc_map_reserved(size_t bytes);
/* Whether the budget was refused to anybody. */
bool preload_page_alloc_exhausted(void);
/* What may be mapped in all, in bytes. */
size_t preload_page_alloc_budget(void);
/* What is mapped now, in bytes. */
uint64_t preload_page_alloc_used(void);

#endif
