/* Sums of GPU work. The same kernels repeat in the same order in a range, so the kernel that followed the last one before
 * is tried first. */
#include "analysis/attribution/gpu_totals.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Returns the kernel of this name in this node; *last is the previous one, plus 1. */
static uint32_t total_of_kernel(attribution_totals *k, uint32_t node, uint32_t *last, uint32_t name) {
    uint32_t guess = *last == 0 ? BASE_NONE : k->list[*last - 1].next;
    if (guess != BASE_NONE && k->list[guess].name == name) {
        *last = guess + 1;
        return guess;
    }
    uint64_t key = (uint64_t)node << 32 | name;
    uint32_t at = base_map_get(&k->by_kernel, key);
    if (at == BASE_NONE) {
        at = (uint32_t)k->count;
        k->list = base_grow(k->list, &k->cap, k->count + 1, sizeof *k->list);
        k->list[k->count++] = (attribution_total){.node = node, .name = name, .next = at};
        base_map_put(&k->by_kernel, key, at);
    }
    if (*last != 0) {
        k->list[*last - 1].next = at;
    }
    *last = at + 1;
    return at;
}

void attribution_totals_add(attribution_totals *totals, uint32_t node, uint32_t name,
                            attribution_amount amount) {
    if (name == BASE_NONE) {
        totals->transfers =
            base_grow(totals->transfers, &totals->transfer_cap, (size_t)node + 1, sizeof *totals->transfers);
        totals->transfers[node].count += amount.n;
        totals->transfers[node].ns += amount.ns;
        return;
    }
    uint32_t *last = &totals->unattributed_last;
    if (node != BASE_NONE) {
        totals->last = base_grow(totals->last, &totals->last_cap, (size_t)node + 1, sizeof *totals->last);
        last = &totals->last[node];
    }
    uint32_t at = total_of_kernel(totals, node, last, name); /* may move the list */
    totals->list[at].count += amount.n;
    totals->list[at].ns += amount.ns;
    totals->list[at].squares += amount.squares;
}

void attribution_totals_free(attribution_totals *totals) {
    free(totals->list);
    free(totals->last);
    free(totals->transfers);
    base_map_free(&totals->by_kernel);
    memset(totals, 0, sizeof *totals);
}
