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

/* What the mark with this name begins; UNKNOWN when it is not one of the recorder's. */
static attribution_profiling begun_by(names_table *names, uint32_t name) {
    if (has_text(names, name, TRACE_WATCH_ON)) {
        return ATTRIBUTION_PROFILED;
    }
    if (has_text(names, name, TRACE_WATCH_OFF)) {
        return ATTRIBUTION_UNPROFILED;
    }
    if (has_text(names, name, TRACE_WATCH_YIELDED)) {
        return ATTRIBUTION_PARTLY_PROFILED;
    }
    return ATTRIBUTION_PROFILING_UNKNOWN;
}

/* What held before the first mark. */
static attribution_profiling opposite_profiling(attribution_profiling state) {
    return state == ATTRIBUTION_PROFILED ? ATTRIBUTION_UNPROFILED : ATTRIBUTION_PROFILED;
}

/* How many marks there are at or before `time`. */
static size_t marks_until(const attribution_windows *w, uint64_t time) {
    if (w->count > 0 && time >= w->marks[w->count - 1].time) {
        return w->count; /* nearly always */
    }
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->marks[middle].time <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void attribution_windows_event(attribution_windows *w, names_table *names, const trace_host_event *e) {
    if (w->ignored || e->kind != TRACE_HOST_MARK || e->domain == 0 ||
        !has_text(names, e->domain, TRACE_WATCH_DOMAIN)) {
        return;
    }
    attribution_profiling begins = begun_by(names, e->name);
    if (begins == ATTRIBUTION_PROFILING_UNKNOWN) {
        return;
    }
    w->yielded = w->yielded || begins == ATTRIBUTION_PARTLY_PROFILED;
    size_t before = marks_until(w, e->time);
    uint64_t *queried = before > 0 ? &w->marks[before - 1].queried : &w->queried;
    uint64_t queried_after = *queried > e->time ? *queried : 0; /* of another thread */
    attribution_profiling was = before > 0 ? w->marks[before - 1].begins : opposite_profiling(begins);
    w->late += queried_after > 0 && was != begins;
    *queried = queried_after > 0 ? e->time : *queried;
    w->marks = base_grow(w->marks, &w->cap, w->count + 1, sizeof *w->marks);
    size_t at = w->count++;
    for (; at > 0 && w->marks[at - 1].time > e->time; at--) { /* of another thread, read late */
        w->marks[at] = w->marks[at - 1];
    }
    w->marks[at] = (attribution_mark){.time = e->time, .begins = begins, .queried = queried_after};
}

attribution_profiling attribution_windows_at(attribution_windows *w, uint64_t time_ns) {
    size_t n = marks_until(w, time_ns);
    uint64_t *queried = n > 0 ? &w->marks[n - 1].queried : &w->queried;
    *queried = time_ns > *queried ? time_ns : *queried;
    return n == 0 ? ATTRIBUTION_PROFILING_UNKNOWN : w->marks[n - 1].begins;
}

attribution_profiling attribution_windows_settled(const attribution_windows *w, attribution_profiling seen) {
    if (seen != ATTRIBUTION_PROFILING_UNKNOWN) {
        return seen;
    }
    return w->count > 0 ? opposite_profiling(w->marks[0].begins) : ATTRIBUTION_PROFILED;
}

attribution_profiling attribution_windows_over(const attribution_windows *w, uint64_t start_ns,
                                               uint64_t end_ns) {
    size_t n = marks_until(w, start_ns);
    attribution_profiling first =
        attribution_windows_settled(w, n == 0 ? ATTRIBUTION_PROFILING_UNKNOWN : w->marks[n - 1].begins);
    for (; n < w->count && w->marks[n].time < end_ns; n++) {
        if (w->marks[n].begins != first) {
            return ATTRIBUTION_PARTLY_PROFILED;
        }
    }
    return first;
}

void attribution_windows_free(attribution_windows *w) {
    free(w->marks);
    memset(w, 0, sizeof *w);
}
