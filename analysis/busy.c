/* The union of intervals. GPU records come nearly in order, so most extend or follow the last one; the list
 * is sorted and merged only when it is full, and its earlier half is folded into a sum when merging did not
 * help. Host calls wait until the GPU's part of their time is folded. */
#include "analysis/busy.h"

#include "analysis/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_start(const void *a, const void *b) {
    const analysis_interval *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* One stream's records come in order, so that most lists need no sorting. */
static bool is_sorted(const analysis_busy *busy) {
    for (size_t i = 1; i < busy->count; i++) {
        if (busy->list[i].start < busy->list[i - 1].start) {
            return false;
        }
    }
    return true;
}

static void merge(analysis_busy *busy) {
    if (busy->count < 2) {
        return;
    }
    if (!is_sorted(busy)) {
        qsort(busy->list, busy->count, sizeof *busy->list, by_start);
    }
    size_t last = 0;
    for (size_t i = 1; i < busy->count; i++) {
        if (busy->list[i].start <= busy->list[last].end) {
            if (busy->list[i].end > busy->list[last].end) {
                busy->list[last].end = busy->list[i].end;
            }
        } else {
            busy->list[++last] = busy->list[i];
        }
    }
    busy->count = last + 1;
}

static uint64_t earlier(uint64_t x, uint64_t y) {
    return x < y ? x : y;
}

static uint64_t overlap(uint64_t start, uint64_t end, const analysis_interval *gpu) {
    uint64_t from = start > gpu->start ? start : gpu->start, to = earlier(end, gpu->end);
    return to > from ? to - from : 0;
}

/* Counts the part of the calls before `edge` in which the first n intervals ran, and lets these calls go. */
static void cover(analysis_busy *busy, size_t n, uint64_t edge) {
    size_t g = 0, kept = 0;
    for (size_t i = 0; i < busy->host_count; i++) {
        analysis_host_interval *call = &busy->hosts[i];
        while (g < n && busy->list[g].end <= call->start) {
            g++;
        }
        for (size_t j = g; j < n && busy->list[j].start < call->end; j++) {
            busy->covered[call->kind] += overlap(call->start, earlier(call->end, edge), &busy->list[j]);
        }
        if (call->end > edge) { /* what lies behind the edge is for later intervals, which begin there */
            busy->hosts[kept++] = *call;
        }
    }
    busy->host_count = kept;
}

/* Folds the first n intervals of a merged list. */
static void fold(analysis_busy *busy, size_t n) {
    if (n == 0) {
        return;
    }
    cover(busy, n, busy->list[n - 1].end);
    busy->first = busy->first ? busy->first : busy->list[0].start;
    for (size_t i = 0; i < n; i++) {
        uint64_t before = i > 0 ? busy->list[i - 1].end : busy->edge;
        if (before > 0 && busy->list[i].start - before > busy->gap) { /* none begins before the edge */
            busy->gap = busy->list[i].start - before;
            busy->gap_start = before;
        }
        busy->settled += busy->list[i].end - busy->list[i].start;
    }
    busy->edge = busy->list[n - 1].end;
    busy->count -= n;
    memmove(busy->list, busy->list + n, busy->count * sizeof *busy->list);
}

void analysis_busy_add(analysis_busy *busy, uint64_t start, uint64_t end) {
    busy->sum += end - start;
    if (start < busy->edge) {
        busy->late++;
        start = busy->edge;
    }
    if (end <= start) {
        return;
    }
    if (busy->count > 0) {
        analysis_interval *last = &busy->list[busy->count - 1];
        if (start >= last->start && start <= last->end) {
            last->end = end > last->end ? end : last->end;
            return;
        }
    }
    if (busy->count == ANALYSIS_BUSY_WINDOW) {
        merge(busy);
        if (busy->count > ANALYSIS_BUSY_WINDOW / 2) {
            fold(busy, busy->count / 2);
        }
    }
    busy->list = analysis_grow_fast(busy->list, &busy->cap, busy->count + 1, sizeof *busy->list);
    busy->list[busy->count++] = (analysis_interval){start, end};
}

/* Makes room for a call: what the GPU ran is folded, and calls beyond it go when nothing else helps. */
static void relieve(analysis_busy *busy) {
    merge(busy);
    fold(busy, busy->count > 1 ? busy->count - 1 - busy->count / 4 : 0);
    if (busy->host_count > ANALYSIS_BUSY_WINDOW / 2) {
        uint64_t edge = busy->hosts[busy->host_count / 2].start;
        cover(busy, busy->count, edge);
        busy->edge = edge > busy->edge ? edge : busy->edge;
    }
}

void analysis_busy_host(analysis_busy *busy, analysis_call_kind kind, uint64_t start, uint64_t end) {
    while (busy->host_count > 0 && busy->hosts[busy->host_count - 1].start >= start) {
        const analysis_host_interval *inner = &busy->hosts[--busy->host_count];
        busy->host[inner->kind] -= inner->end - inner->start;
        busy->calls[inner->kind]--;
    }
    if (busy->host_count > 0 && busy->hosts[busy->host_count - 1].end > start) {
        start = busy->hosts[busy->host_count - 1].end;
    }
    start = start > busy->edge ? start : busy->edge;
    if (end <= start) {
        return;
    }
    if (busy->host_count == ANALYSIS_BUSY_WINDOW) {
        relieve(busy);
    }
    busy->hosts = analysis_grow_fast(busy->hosts, &busy->host_cap, busy->host_count + 1, sizeof *busy->hosts);
    busy->hosts[busy->host_count++] = (analysis_host_interval){start, end, kind};
    busy->calls[kind]++;
    busy->host[kind] += end - start;
}

uint64_t analysis_busy_settle(analysis_busy *busy) {
    merge(busy);
    fold(busy, busy->count);
    free(busy->list);
    free(busy->hosts);
    busy->list = NULL;
    busy->hosts = NULL;
    busy->cap = busy->host_count = busy->host_cap = 0;
    return busy->settled;
}

uint64_t analysis_busy_idle_in(const analysis_busy *busy, analysis_call_kind kind) {
    return busy->host[kind] - busy->covered[kind];
}
