/* The set of numbers, as pages of bits. */
#include "analysis/base/u64_set.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

bool base_set_add(base_set *set, uint64_t number) {
    uint32_t at = base_map_get(&set->index, number / 512);
    if (at == BASE_NONE) {
        at = (uint32_t)set->count;
        set->pages = base_grow(set->pages, &set->cap, set->count + 1, sizeof *set->pages);
        set->pages[set->count++] = (base_set_page){{0}};
        base_map_put(&set->index, number / 512, at);
    }
    uint64_t *word = &set->pages[at].bits[number % 512 / 64], bit = (uint64_t)1 << number % 64;
    bool fresh = (*word & bit) == 0;
    *word |= bit;
    return fresh;
}

bool base_set_has(const base_set *set, uint64_t number) {
    uint32_t at = base_map_get(&set->index, number / 512);
    return at != BASE_NONE && (set->pages[at].bits[number % 512 / 64] >> number % 64 & 1) != 0;
}

void base_set_free(base_set *set) {
    base_map_free(&set->index);
    free(set->pages);
    memset(set, 0, sizeof *set);
}
