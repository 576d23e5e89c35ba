/* Sums by range and by kernel of one sample. */
#include "analysis/detail.h"

#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

#define SUMS_AT_FIRST 128

static analysis_detail *made(analysis_detail **d) {
    if (!*d) {
        *d = analysis_alloc(1, sizeof **d);
    }
    return *d;
}

static analysis_detail_mark *mark_of(analysis_detail_marks *marks, uint32_t id) {
    size_t at = id == ANALYSIS_NONE ? 0 : (size_t)id + 1;
    if (at >= marks->cap) {
        marks->list = analysis_grow(marks->list, &marks->cap, at + 1, sizeof *marks->list);
    }
    return &marks->list[at];
}

/* When details take turns a sum may be begun anew, which only costs room. */
static void add(analysis_detail_marks *marks, analysis_detail_sums *sums, uint32_t span, uint32_t id,
                uint32_t count, uint64_t ns) {
    analysis_detail_mark *mark = mark_of(marks, id);
    if (mark->span != span + 1) {
        size_t need = sums->count + 1;
        if (need > sums->cap) {
            sums->list = analysis_grow(sums->list, &sums->cap, need > SUMS_AT_FIRST ? need : SUMS_AT_FIRST,
                                       sizeof *sums->list);
        }
        *mark = (analysis_detail_mark){.span = span + 1, .at = (uint32_t)sums->count};
        sums->list[sums->count++] = (analysis_detail_sum){.id = id};
    }
    sums->list[mark->at].count += count;
    sums->list[mark->at].ns += ns;
}

void analysis_detail_host(analysis_details *all, analysis_detail **d, uint32_t span, uint32_t node,
                          uint64_t ns) {
    add(&all->host, &made(d)->host, span, node, 1, ns);
}

void analysis_detail_gpu(analysis_details *all, analysis_detail **d, uint32_t span, uint32_t node,
                         uint32_t name, uint64_t ns) {
    analysis_detail *detail = made(d);
    add(&all->gpu, &detail->gpu, span, node, 1, ns);
    add(&all->kernels, &detail->kernels, span, name, 1, ns);
}

static void merge(analysis_detail_marks *marks, analysis_detail_sums *sums, uint32_t span,
                  const analysis_detail_sums *from) {
    for (size_t i = 0; i < from->count; i++) {
        add(marks, sums, span, from->list[i].id, from->list[i].count, from->list[i].ns);
    }
}

void analysis_detail_merge(analysis_details *all, analysis_detail **d, uint32_t span,
                           const analysis_detail *from) {
    analysis_detail *detail = made(d);
    merge(&all->host, &detail->host, span, &from->host);
    merge(&all->gpu, &detail->gpu, span, &from->gpu);
    merge(&all->kernels, &detail->kernels, span, &from->kernels);
}

void analysis_details_free(analysis_details *all) {
    free(all->host.list);
    free(all->gpu.list);
    free(all->kernels.list);
    memset(all, 0, sizeof *all);
}

void analysis_detail_free(analysis_detail *d) {
    if (d) {
        free(d->host.list);
        free(d->gpu.list);
        free(d->kernels.list);
        free(d);
    }
}
