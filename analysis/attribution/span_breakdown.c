/* Sums by range and by kernel of one sample. */
#include "analysis/attribution/span_breakdown.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define SUMS_AT_FIRST 128

static attribution_breakdown *made_breakdown(attribution_breakdown **d) {
    if (!*d) {
        *d = base_alloc(1, sizeof **d);
    }
    return *d;
}

static attribution_breakdown_mark *mark_of_breakdown(attribution_breakdown_marks *marks, uint32_t id) {
    size_t at = id == BASE_NONE ? 0 : (size_t)id + 1;
    if (at >= marks->cap) {
        marks->list = base_grow(marks->list, &marks->cap, at + 1, sizeof *marks->list);
    }
    return &marks->list[at];
}

/* A sum may be started twice when breakdowns alternate, which only costs memory. */
static void add_breakdown_sum(attribution_breakdown_marks *marks, attribution_breakdown_sums *sums,
                              uint32_t span, uint32_t id, uint32_t count, uint64_t ns) {
    attribution_breakdown_mark *mark = mark_of_breakdown(marks, id);
    if (mark->span != span + 1) {
        size_t need = sums->count + 1;
        if (need > sums->cap) {
            sums->list = base_grow(sums->list, &sums->cap, need > SUMS_AT_FIRST ? need : SUMS_AT_FIRST,
                                   sizeof *sums->list);
        }
        *mark = (attribution_breakdown_mark){.span = span + 1, .at = (uint32_t)sums->count};
        sums->list[sums->count++] = (attribution_breakdown_sum){.id = id};
    }
    sums->list[mark->at].count += count;
    sums->list[mark->at].ns += ns;
}

void attribution_breakdown_host(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                                uint32_t node, uint64_t ns) {
    add_breakdown_sum(&all->host, &made_breakdown(d)->host, span, node, 1, ns);
}

void attribution_breakdown_gpu(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                               uint32_t node, uint32_t name, uint64_t ns) {
    attribution_breakdown *detail = made_breakdown(d);
    add_breakdown_sum(&all->gpu, &detail->gpu, span, node, 1, ns);
    add_breakdown_sum(&all->kernels, &detail->kernels, span, name, 1, ns);
}

static void merge_breakdown_sums(attribution_breakdown_marks *marks, attribution_breakdown_sums *sums,
                                 uint32_t span, const attribution_breakdown_sums *from) {
    for (size_t i = 0; i < from->count; i++) {
        add_breakdown_sum(marks, sums, span, from->list[i].id, from->list[i].count, from->list[i].ns);
    }
}

void attribution_breakdown_merge(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                                 const attribution_breakdown *from) {
    attribution_breakdown *detail = made_breakdown(d);
    merge_breakdown_sums(&all->host, &detail->host, span, &from->host);
    merge_breakdown_sums(&all->gpu, &detail->gpu, span, &from->gpu);
    merge_breakdown_sums(&all->kernels, &detail->kernels, span, &from->kernels);
}

void attribution_breakdowns_free(attribution_breakdowns *all) {
    free(all->host.list);
    free(all->gpu.list);
    free(all->kernels.list);
    memset(all, 0, sizeof *all);
}

void attribution_breakdown_free(attribution_breakdown *d) {
    if (d) {
        free(d->host.list);
        free(d->gpu.list);
        free(d->kernels.list);
        free(d);
    }
}
