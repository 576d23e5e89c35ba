/* The time line of the recorder's marks. */
#include "analysis/watch.h"

#include "analysis/memory.h"
#include "trace/settings.h"

#include <stdlib.h>
#include <string.h>

static bool is(analysis_names *names, uint32_t id, const char *text) {
    uint32_t index = analysis_names_of_id(names, id); /* may move the names */
    const analysis_name *name = &names->list[index];
    return name->len == strlen(text) && memcmp(name->text, text, name->len) == 0;
}

/* What the mark with this name begins; EARLY: it is none of the recorder's. */
static analysis_watching begun_by(analysis_names *names, uint32_t name) {
    return is(names, name, TRACE_WATCH_ON)        ? ANALYSIS_WATCHED
           : is(names, name, TRACE_WATCH_OFF)     ? ANALYSIS_UNWATCHED
           : is(names, name, TRACE_WATCH_YIELDED) ? ANALYSIS_PARTLY
                                                  : ANALYSIS_WATCH_EARLY;
}

/* What held before the first mark. */
static analysis_watching opposite(analysis_watching state) {
    return state == ANALYSIS_WATCHED ? ANALYSIS_UNWATCHED : ANALYSIS_WATCHED;
}

/* How many marks stand at or before `time`. */
static size_t passed(const analysis_watch *w, uint64_t time) {
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

void analysis_watch_event(analysis_watch *w, analysis_names *names, const trace_host_event *e) {
    if (w->ignored || e->kind != TRACE_HOST_MARK || e->domain == 0 ||
        !is(names, e->domain, TRACE_WATCH_DOMAIN)) {
        return;
    }
    analysis_watching begins = begun_by(names, e->name);
    if (begins == ANALYSIS_WATCH_EARLY) {
        return;
    }
    w->yielded = w->yielded || begins == ANALYSIS_PARTLY;
    size_t before = passed(w, e->time);
    uint64_t *asked = before > 0 ? &w->marks[before - 1].asked : &w->asked;
    uint64_t asked_after = *asked > e->time ? *asked : 0; /* of another thread */
    analysis_watching was = before > 0 ? w->marks[before - 1].begins : opposite(begins);
    w->late += asked_after > 0 && was != begins;
    *asked = asked_after > 0 ? e->time : *asked;
    w->marks = analysis_grow(w->marks, &w->cap, w->count + 1, sizeof *w->marks);
    size_t at = w->count++;
    for (; at > 0 && w->marks[at - 1].time > e->time; at--) { /* of another thread, read late */
        w->marks[at] = w->marks[at - 1];
    }
    w->marks[at] = (analysis_mark){.time = e->time, .begins = begins, .asked = asked_after};
}

analysis_watching analysis_watch_at(analysis_watch *w, uint64_t time_ns) {
    size_t n = passed(w, time_ns);
    uint64_t *asked = n > 0 ? &w->marks[n - 1].asked : &w->asked;
    *asked = time_ns > *asked ? time_ns : *asked;
    return n == 0 ? ANALYSIS_WATCH_EARLY : w->marks[n - 1].begins;
}

analysis_watching analysis_watch_settled(const analysis_watch *w, analysis_watching seen) {
    if (seen != ANALYSIS_WATCH_EARLY) {
        return seen;
    }
    return w->count > 0 ? opposite(w->marks[0].begins) : ANALYSIS_WATCHED;
}

analysis_watching analysis_watch_over(const analysis_watch *w, uint64_t start_ns, uint64_t end_ns) {
    size_t n = passed(w, start_ns);
    analysis_watching first =
        analysis_watch_settled(w, n == 0 ? ANALYSIS_WATCH_EARLY : w->marks[n - 1].begins);
    for (; n < w->count && w->marks[n].time < end_ns; n++) {
        if (w->marks[n].begins != first) {
            return ANALYSIS_PARTLY;
        }
    }
    return first;
}

void analysis_watch_free(analysis_watch *w) {
    free(w->marks);
    memset(w, 0, sizeof *w);
}
