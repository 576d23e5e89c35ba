/* The union of intervals. GPU records come nearly in order, so that most extend or follow the last interval. The list is
 * sorted and merged only when it is full; if merging does not free enough room, the earlier half is folded into sums. Host
 * calls are kept until the GPU work of the same time is folded. */
#include "analysis/attribution/gpu_busy.h"

#include "analysis/base/alloc.h"
#include "analysis/base/assert.h"

#include <stdlib.h>
#include <string.h>

uint32_t attribution_busy_part(attribution_busy *busy) {
    busy->parts = base_grow(busy->parts, &busy->part_cap, busy->part_count + 1, sizeof *busy->parts);
    return (uint32_t)++busy->part_count;
}

const attribution_busy_sums *attribution_busy_sums_of(const attribution_busy *busy, uint32_t part) {
    return part == 0 ? &busy->all : &busy->parts[part - 1];
}

/* ---- Folding ---- */

static int by_interval_start(const void *a, const void *b) {
    const attribution_interval *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* Records of one stream are in order, so that most lists need no sorting. */
static void sort_intervals(attribution_busy *busy) {
    if (busy->unsorted) {
        qsort(busy->list, busy->count, sizeof *busy->list, by_interval_start);
        busy->unsorted = false;
    }
}

/* Merges adjacent intervals of one part that touch. */
static void merge_intervals(attribution_busy *busy) {
    sort_intervals(busy);
    size_t last = 0;
    for (size_t i = 1; i < busy->count; i++) {
        attribution_interval *to = &busy->list[last], *from = &busy->list[i];
        if (from->part == to->part && from->start <= to->end) {
            to->end = from->end > to->end ? from->end : to->end;
        } else {
            busy->list[++last] = *from;
        }
    }
    busy->count = busy->count > 0 ? last + 1 : 0;
}

static void count_busy_call(attribution_busy_sums *sums, const attribution_host_interval *call, bool over,
                            uint64_t covered) {
    sums->covered[call->kind] += covered;
    if (over && call->behind) {
        sums->behind[call->kind] += call->end - call->start;
    } else if (over) {
        sums->calls[call->kind]++;
        sums->host[call->kind] += call->end - call->start;
    }
}

/* Counts the part of the calls before `edge` that the first n intervals of a sorted list cover, and removes these calls. */
static void count_covered_calls(attribution_busy *busy, size_t n, uint64_t edge) {
    size_t g = 0, kept = 0;
    for (size_t i = 0; i < busy->host_count; i++) {
        const attribution_host_interval *call = &busy->hosts[i];
        uint64_t stop = call->end < edge ? call->end : edge;
        uint64_t all = call->start, own = call->start; /* up to these times everything is counted */
        uint64_t all_ns = 0, own_ns = 0;
        while (g < n && busy->list[g].end <= call->start) {
            g++;
        }
        for (size_t j = g; j < n && busy->list[j].start < stop; j++) {
            const attribution_interval *gpu = &busy->list[j];
            uint64_t to = gpu->end < stop ? gpu->end : stop;
            if (to > all) {
                all_ns += to - (gpu->start > all ? gpu->start : all);
                all = to;
            }
            if (gpu->part == call->part && to > own) {
                own_ns += to - (gpu->start > own ? gpu->start : own);
                own = to;
            }
        }
        /* otherwise later intervals, which begin at the edge, cover the rest */
        bool over = call->end <= edge;
        count_busy_call(&busy->all, call, over, all_ns);
        if (call->part != 0) {
            count_busy_call(&busy->parts[call->part - 1], call, over, own_ns);
        }
        if (!over) {
            busy->hosts[kept++] = *call;
        }
    }
    busy->host_count = kept;
}

/* Adds the next interval in the order of starts. */
static void add_folded_interval(attribution_busy_sums *sums, uint64_t start, uint64_t end) {
    if (sums->first == 0) {
        sums->first = start;
    } else if (start > sums->until && start - sums->until > sums->gap) {
        sums->gap = start - sums->until;
        sums->gap_start = sums->until;
    }
    if (end > sums->until) {
        sums->settled += end - (start > sums->until ? start : sums->until);
        sums->until = end;
    }
}

/* Adds an interval that begins where the n others do, or extends the interval of its part; returns the number of intervals. */
static size_t keep_open_interval(attribution_interval *list, size_t n, attribution_interval gpu) {
    size_t at = 0;
    while (at < n && list[at].part != gpu.part) {
        at++;
    }
    if (at == n || gpu.end > list[at].end) {
        list[at] = gpu;
    }
    return at == n ? n + 1 : n;
}

/* Folds the first n intervals of a sorted list, up to the start of the next one; the parts beyond it stay. */
static void fold_intervals(attribution_busy *busy, size_t n) {
    uint64_t edge = 0;
    size_t kept = 0;
    if (n == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        edge = busy->list[i].end > edge ? busy->list[i].end : edge;
    }
    edge = n < busy->count && busy->list[n].start < edge ? busy->list[n].start : edge;
    count_covered_calls(busy, n, edge);
    for (size_t i = 0; i < n; i++) {
        attribution_interval gpu = busy->list[i];
        uint64_t end = gpu.end < edge ? gpu.end : edge;
        add_folded_interval(&busy->all, gpu.start, end);
        if (gpu.part != 0) {
            add_folded_interval(&busy->parts[gpu.part - 1], gpu.start, end);
        }
        if (gpu.end > edge) {
            kept = keep_open_interval(busy->list, kept, (attribution_interval){edge, gpu.end, gpu.part});
        }
    }
    busy->edge = edge > busy->edge ? edge : busy->edge;
    memmove(busy->list + kept, busy->list + n, (busy->count - n) * sizeof *busy->list);
    busy->count -= n - kept;
}

/* ---- Adding ---- */

void attribution_busy_add(attribution_busy *busy, uint32_t part, uint64_t start, uint64_t end) {
    if (start < busy->edge) {
        busy->late++;
        start = busy->edge;
    } else if (start < busy->called) {
        busy->late++;
    }
    if (end <= start) {
        return;
    }
    if (busy->count > 0) {
        attribution_interval *last = &busy->list[busy->count - 1];
        if (start >= last->start && start <= last->end && part == last->part) {
            last->end = end > last->end ? end : last->end;
            return;
        }
        busy->unsorted |= start < last->start;
    }
    if (busy->count >= ATTRIBUTION_BUSY_WINDOW) {
        merge_intervals(busy);
        if (busy->count > ATTRIBUTION_BUSY_WINDOW / 2) {
            fold_intervals(busy, busy->count / 2);
        }
    }
    if (busy->count == busy->cap) {
        busy->list = base_grow_fast(busy->list, &busy->cap, busy->count + 1, sizeof *busy->list);
    }
    busy->list[busy->count++] = (attribution_interval){start, end, part};
}

/* Frees room for calls: folds GPU work together with the calls beside it. If the GPU was busy without a pause, or its
 * records stay away for too long, the earlier half of the calls is folded. */
static void make_room_for_calls(attribution_busy *busy) {
    merge_intervals(busy);
    uint64_t ran = busy->count > 0 ? busy->list[busy->count - 1].end : busy->all.until;
    fold_intervals(busy, busy->count > 1 ? busy->count - 1 - busy->count / 4 : 0);
    uint64_t half = busy->host_count > 0 ? busy->hosts[busy->host_count / 2].start : 0;
    if (busy->host_count > ATTRIBUTION_BUSY_WINDOW / 2 &&
        (ran >= half || busy->host_count >= ATTRIBUTION_BUSY_CALLS)) {
        count_covered_calls(busy, busy->count, half);
        busy->edge = half > busy->edge ? half : busy->edge;
    }
}

static void add_host_interval(attribution_busy *busy, attribution_host_interval call) {
    uint64_t start = call.start, end = call.end;
    while (busy->host_count > 0 && busy->hosts[busy->host_count - 1].start >= start) {
        busy->host_count--;
    }
    if (busy->host_count > 0 && busy->hosts[busy->host_count - 1].end > start) {
        start = busy->hosts[busy->host_count - 1].end;
    }
    start = start > busy->edge ? start : busy->edge;
    if (end <= start) {
        return;
    }
    if (busy->host_count > 0 && busy->host_count % ATTRIBUTION_BUSY_WINDOW == 0) {
        make_room_for_calls(busy);
    }
    if (busy->host_count == busy->host_cap) {
        busy->hosts = base_grow_fast(busy->hosts, &busy->host_cap, busy->host_count + 1, sizeof *busy->hosts);
    }
    call.start = start;
    busy->hosts[busy->host_count++] = call;
}

void attribution_busy_host(attribution_busy *busy, uint32_t part, names_call_kind kind, uint64_t start,
                           uint64_t end) {
    add_host_interval(busy,
                      (attribution_host_interval){.start = start, .end = end, .part = part, .kind = kind});
}

void attribution_busy_call_behind(attribution_busy *busy, names_call_kind kind, uint64_t start,
                                  uint64_t end) {
    if (busy->settled || busy->behind_count == ATTRIBUTION_BUSY_BEHIND) {
        return;
    }
    busy->behind = base_grow(busy->behind, &busy->behind_cap, busy->behind_count + 1, sizeof *busy->behind);
    busy->behind[busy->behind_count++] =
        (attribution_host_interval){.start = start, .end = end, .kind = kind, .behind = true};
}

/* Calls after the range count as calls up to the end of its last work. */
static void add_calls_behind(attribution_busy *busy) {
    uint64_t last = busy->all.until;
    for (size_t i = 0; i < busy->count; i++) {
        last = busy->list[i].end > last ? busy->list[i].end : last;
    }
    for (size_t i = 0; i < busy->behind_count; i++) {
        attribution_host_interval call = busy->behind[i];
        call.end = call.end < last ? call.end : last;
        if (call.end > call.start) {
            add_host_interval(busy, call);
        }
    }
    free(busy->behind);
    busy->behind = NULL;
    busy->behind_count = busy->behind_cap = 0;
    busy->settled = true;
}

/* ---- Results ---- */

static void free_busy_lists(attribution_busy *busy) {
    free(busy->list);
    free(busy->hosts);
    busy->list = NULL;
    busy->hosts = NULL;
    busy->cap = busy->host_count = busy->host_cap = 0;
}

uint64_t attribution_busy_settle(attribution_busy *busy) {
    add_calls_behind(busy);
    sort_intervals(busy);
    fold_intervals(busy, busy->count);
    if (busy->host_count > 0) {
        busy->called = busy->hosts[busy->host_count - 1].end;
    }
    count_covered_calls(busy, 0, UINT64_MAX); /* calls after the last interval */
    free_busy_lists(busy);
    return busy->all.settled;
}

uint64_t attribution_busy_idle_in(const attribution_busy_sums *sums, names_call_kind kind) {
    uint64_t host = sums->host[kind] + sums->behind[kind];
    BASE_ASSERT(sums->covered[kind] <= host);
    return host - sums->covered[kind];
}

void attribution_busy_free(attribution_busy *busy) {
    free_busy_lists(busy);
    free(busy->behind);
    free(busy->parts);
    memset(busy, 0, sizeof *busy);
}
