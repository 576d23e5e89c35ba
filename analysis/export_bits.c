/* The set of numbers, as pages of bits. */
#include "analysis/export_bits.h"

#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

bool analysis_bits_add(analysis_bits *set, uint64_t number) {
    uint32_t at = analysis_map_get(&set->index, number / 512);
    if (at == ANALYSIS_NONE) {
        at = (uint32_t)set->count;
        set->pages = analysis_grow(set->pages, &set->cap, set->count + 1, sizeof *set->pages);
        set->pages[set->count++] = (analysis_bits_page){{0}};
        analysis_map_put(&set->index, number / 512, at);
    }
    uint64_t *word = &set->pages[at].bits[number % 512 / 64], bit = (uint64_t)1 << number % 64;
    bool fresh = (*word & bit) == 0;
    *word |= bit;
    return fresh;
}

bool analysis_bits_has(const analysis_bits *set, uint64_t number) {
    uint32_t at = analysis_map_get(&set->index, number / 512);
    return at != ANALYSIS_NONE && (set->pages[at].bits[number % 512 / 64] >> number % 64 & 1) != 0;
}

void analysis_bits_free(analysis_bits *set) {
    analysis_map_free(&set->index);
    free(set->pages);
    memset(set, 0, sizeof *set);
}
