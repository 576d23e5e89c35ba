/* The time line of the recorder's marks. */
#include "analysis/attribution/profiling_windows.h"

#include "analysis/base/alloc.h"
#include "trace/settings.h"

#include <stdlib.h>
#include <string.h>

static bool has_text(names_table *names, uint32_t id, const char *text) {
    uint32_t index = names_of_id(names, id); /* may move the names */
    const names_entry *name = &names->list[index];
    return name->len == strlen(text) && memcmp(name->text, text, name->len) == 0;
}

/* Returns the state that begins with a mark of this name; UNKNOWN if it is not one of the recorder's marks. */
static attribution_profiling begun_by(names_table *names, uint32_t name) {
    if (has_text(names, name, TRACE_PROFILING_ON)) {
        return ATTRIBUTION_PROFILED;
    }
    if (has_text(names, name, TRACE_PROFILING_OFF)) {
        return ATTRIBUTION_UNPROFILED;
    }
    if (has_text(names, name, TRACE_PROFILING_YIELDED)) {
        return ATTRIBUTION_PARTLY_PROFILED;
    }
    return ATTRIBUTION_PROFILING_UNKNOWN;
}

/* The state before the first mark. */
static attribution_profiling opposite_profiling(attribution_profiling state) {
    return state == ATTRIBUTION_PROFILED ? ATTRIBUTION_UNPROFILED : ATTRIBUTION_PROFILED;
}

/* Returns how many of n marks, sorted by time, are at or before `time`. */
static size_t count_marks_until(const attribution_mark *marks, size_t n, uint64_t time) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (marks[middle].time <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Returns the last block whose first mark is at or before `time`, or the first block. */
static size_t find_block(const attribution_windows *w, uint64_t time) {
    size_t low = 0, high = w->block_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->blocks[middle]->marks[0].time <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? low - 1 : 0;
}

/* Returns the last mark at or before `time`, or NULL. */
static attribution_mark *mark_before(const attribution_windows *w, uint64_t time) {
    if (w->block_count == 0) {
        return NULL;
    }
    attribution_mark_block *last = w->blocks[w->block_count - 1];
    if (last->marks[last->count - 1].time <= time) {
        return &last->marks[last->count - 1]; /* the usual case */
    }
    attribution_mark_block *block = w->blocks[find_block(w, time)];
    size_t n = count_marks_until(block->marks, block->count, time);
    return n > 0 ? &block->marks[n - 1] : NULL;
}

static void insert_block(attribution_windows *w, size_t at) {
    w->blocks = base_grow(w->blocks, &w->block_cap, w->block_count + 1, sizeof *w->blocks);
    memmove(w->blocks + at + 1, w->blocks + at, (w->block_count - at) * sizeof *w->blocks);
    w->blocks[at] = base_alloc(1, sizeof **w->blocks);
    w->block_count++;
}

/* Inserts a mark after all marks at or before its time. */
static void insert_mark(attribution_windows *w, attribution_mark mark) {
    if (w->block_count == 0) {
        insert_block(w, 0);
    }
    size_t at = find_block(w, mark.time);
    attribution_mark_block *block = w->blocks[at];
    if (block->count == ATTRIBUTION_MARK_BLOCK) {
        /* Appended in order, the mark begins the next block; otherwise each half has room. */
        bool last = at + 1 == w->block_count && block->marks[block->count - 1].time <= mark.time;
        size_t keep = last ? block->count : block->count / 2;
        insert_block(w, at + 1);
        attribution_mark_block *next = w->blocks[at + 1];
        next->count = block->count - keep;
        memcpy(next->marks, block->marks + keep, next->count * sizeof *next->marks);
        block->count = keep;
        if (next->count == 0 || next->marks[0].time <= mark.time) {
            block = next;
        }
    }
    size_t n = count_marks_until(block->marks, block->count, mark.time);
    memmove(block->marks + n + 1, block->marks + n, (block->count - n) * sizeof *block->marks);
    block->marks[n] = mark;
    block->count++;
    w->count++;
}

void attribution_windows_event(attribution_windows *w, names_table *names, const trace_host_event *e) {
    if (w->ignored || e->kind != TRACE_HOST_MARK || e->domain == 0 ||
        !has_text(names, e->domain, TRACE_PROFILING_DOMAIN)) {
        return;
    }
    attribution_profiling begins = begun_by(names, e->name);
    if (begins == ATTRIBUTION_PROFILING_UNKNOWN) {
        return;
    }
    w->yielded = w->yielded || begins == ATTRIBUTION_PARTLY_PROFILED;
    attribution_mark *before = mark_before(w, e->time);
    uint64_t *queried = before ? &before->queried : &w->queried;
    uint64_t queried_after = *queried > e->time ? *queried : 0; /* an earlier mark, of another thread */
    attribution_profiling was = before ? before->begins : opposite_profiling(begins);
    w->late += queried_after > 0 && was != begins;
    *queried = queried_after > 0 ? e->time : *queried;
    insert_mark(w, (attribution_mark){.time = e->time, .begins = begins, .queried = queried_after});
}

attribution_profiling attribution_windows_at(attribution_windows *w, uint64_t time_ns) {
    attribution_mark *before = mark_before(w, time_ns);
    uint64_t *queried = before ? &before->queried : &w->queried;
    *queried = time_ns > *queried ? time_ns : *queried;
    return before ? before->begins : ATTRIBUTION_PROFILING_UNKNOWN;
}

void attribution_windows_settle(attribution_windows *w) {
    w->change_count = 0;
    for (size_t i = 0; i < w->block_count; i++) {
        for (size_t j = 0; j < w->blocks[i]->count; j++) {
            attribution_mark mark = w->blocks[i]->marks[j];
            if (w->change_count == 0 || w->changes[w->change_count - 1].begins != mark.begins) {
                w->changes = base_grow(w->changes, &w->change_cap, w->change_count + 1, sizeof *w->changes);
                w->changes[w->change_count++] = mark;
            }
        }
    }
}

attribution_profiling attribution_windows_settled(const attribution_windows *w, attribution_profiling seen) {
    if (seen != ATTRIBUTION_PROFILING_UNKNOWN) {
        return seen;
    }
    return w->count > 0 ? opposite_profiling(w->blocks[0]->marks[0].begins) : ATTRIBUTION_PROFILED;
}

attribution_profiling attribution_windows_over(const attribution_windows *w, uint64_t start_ns,
                                               uint64_t end_ns) {
    size_t n = count_marks_until(w->changes, w->change_count, start_ns);
    attribution_profiling first =
        attribution_windows_settled(w, n == 0 ? ATTRIBUTION_PROFILING_UNKNOWN : w->changes[n - 1].begins);
    return n < w->change_count && w->changes[n].time < end_ns ? ATTRIBUTION_PARTLY_PROFILED : first;
}

void attribution_windows_free(attribution_windows *w) {
    for (size_t i = 0; i < w->block_count; i++) {
        free(w->blocks[i]);
    }
    free(w->blocks);
    free(w->changes);
    memset(w, 0, sizeof *w);
}
