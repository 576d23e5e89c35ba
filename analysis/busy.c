/* The union of intervals. GPU records come nearly in order, so most extend or follow the last one; the list
 * is sorted and merged only when it is full, and its earlier half is folded into a sum when merging did not
 * help. */
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

/* Folds the first n intervals of a merged list. */
static void fold(analysis_busy *busy, size_t n) {
    for (size_t i = 0; i < n; i++) {
        busy->settled += busy->list[i].end - busy->list[i].start;
    }
    if (n > 0) {
        busy->edge = busy->list[n - 1].end;
        busy->count -= n;
        memmove(busy->list, busy->list + n, busy->count * sizeof *busy->list);
    }
}

void analysis_busy_add(analysis_busy *busy, uint64_t start, uint64_t end) {
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
    busy->list = analysis_grow(busy->list, &busy->cap, busy->count + 1, sizeof *busy->list);
    busy->list[busy->count++] = (analysis_interval){start, end};
}

uint64_t analysis_busy_settle(analysis_busy *busy) {
    merge(busy);
    fold(busy, busy->count);
    free(busy->list);
    busy->list = NULL;
    busy->cap = 0;
    return busy->settled;
}
