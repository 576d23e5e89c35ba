/* See pending_ranges.h. */
#include "preload/pending_ranges.h"

#include <string.h>

static void remove_kept(preload_pending_ranges *b, uint32_t at) {
    b->count--;
    memmove(&b->kept[at], &b->kept[at + 1], (b->count - at) * sizeof b->kept[0]);
}

static bool is_push_or_pop(const trace_host_event *e) {
    return e->kind == TRACE_HOST_PUSH || e->kind == TRACE_HOST_POP;
}

/* The latest entry that determines what `e` refers to; b->count without one. */
static uint32_t find_latest_match(const preload_pending_ranges *b, const trace_host_event *e) {
    for (uint32_t i = b->count; i-- > 0;) {
        const trace_host_event *k = &b->kept[i].event;
        if (is_push_or_pop(e) ? is_push_or_pop(k) && k->domain == e->domain
                              : k->kind == TRACE_HOST_START && k->id == e->id) {
            return i;
        }
    }
    return b->count;
}

/* Frees an entry when all are in use: merges two that can be restored from one. */
static void merge_oldest_pair(preload_pending_ranges *b) {
    for (uint32_t i = 0; i < b->count; i++) {
        for (uint32_t j = i + 1; j < b->count && is_push_or_pop(&b->kept[i].event); j++) {
            if (b->kept[j].event.kind == b->kept[i].event.kind &&
                b->kept[j].event.domain == b->kept[i].event.domain) {
                b->kept[i].more += 1 + b->kept[j].more;
                remove_kept(b, j);
                return;
            }
        }
    }
}

static bool add_kept(preload_pending_ranges *b, const trace_host_event *e) {
    if (b->count == PRELOAD_PENDING_RANGES) {
        merge_oldest_pair(b);
    }
    if (b->count < PRELOAD_PENDING_RANGES) {
        b->kept[b->count++] = (preload_kept){.event = *e};
        return true;
    }
    return false;
}

/* A range that began and ended meanwhile leaves nothing. */
static void cancel_kept(preload_pending_ranges *b, uint32_t at) {
    if (b->kept[at].more) {
        b->kept[at].more--;
    } else {
        remove_kept(b, at);
    }
}

bool preload_pending_ranges_keep(preload_pending_ranges *b, const trace_host_event *e) {
    bool ends = e->kind == TRACE_HOST_POP || e->kind == TRACE_HOST_END;
    uint32_t at = ends ? find_latest_match(b, e) : b->count;
    if (at < b->count && b->kept[at].event.kind != TRACE_HOST_POP) {
        cancel_kept(b, at);
        return false;
    }
    return (is_push_or_pop(e) || e->kind == TRACE_HOST_START || e->kind == TRACE_HOST_END) && add_kept(b, e);
}

const trace_host_event *preload_pending_ranges_first(const preload_pending_ranges *b) {
    return b->count ? &b->kept[0].event : NULL;
}

bool preload_pending_ranges_settled(preload_pending_ranges *b) {
    preload_kept *k = &b->kept[0];
    bool named = !k->stripped || k->event.kind == TRACE_HOST_POP;
    if (k->more) {
        k->more--;
        k->stripped = true;
        k->event =
            (trace_host_event){.kind = k->event.kind, .time = k->event.time, .domain = k->event.domain};
    } else {
        remove_kept(b, 0);
    }
    return named;
}
