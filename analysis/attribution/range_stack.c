/* The ranges that threads have open, and the tree and spans that they leave. */
#include "analysis/attribution/range_stack.h"

#include "analysis/attribution/phase_spans.h"
#include "analysis/attribution/range_tree.h"
#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* ENDs kept for a START that comes later in the file; further ones are only counted. */
#define EARLY_MAX 65536

void attribution_ranges_init(attribution_ranges *r, names_table *names) {
    memset(r, 0, sizeof *r);
    r->names = names;
    r->nodes = base_grow(NULL, &r->node_cap, 1, sizeof *r->nodes);
    r->nodes[0] = (attribution_node){.name = names_intern(names, "", 0),
                                     .group = attribution_tree_group(r, (attribution_group){.k = BASE_NONE}),
                                     .layer = BASE_NONE,
                                     .expert = BASE_NONE,
                                     .phase = ATTRIBUTION_PHASES,
                                     .part = NAMES_PART_OTHER,
                                     .child = BASE_NONE,
                                     .after = BASE_NONE};
    r->node_count = 1;
    r->last_thread = BASE_NONE;
}

static uint32_t thread_slot(attribution_ranges *r, uint32_t index) {
    if (r->last_thread != BASE_NONE && r->last_index == index) {
        return r->last_thread;
    }
    uint32_t slot = base_map_get(&r->by_thread, index);
    if (slot == BASE_NONE) {
        slot = (uint32_t)r->thread_count;
        r->threads = base_grow(r->threads, &r->thread_cap, r->thread_count + 1, sizeof *r->threads);
        r->threads[r->thread_count++].visit.span = BASE_NONE - 1; /* no visit */
        base_map_put(&r->by_thread, index, slot);
    }
    r->last_index = index;
    r->last_thread = slot;
    return slot;
}

static bool is_integer(uint8_t payload_type) {
    return payload_type == TRACE_PAYLOAD_U64 || payload_type == TRACE_PAYLOAD_I64 ||
           payload_type == TRACE_PAYLOAD_U32 || payload_type == TRACE_PAYLOAD_I32;
}

static bool is_negative(const trace_host_event *e) {
    return (e->payload_type == TRACE_PAYLOAD_I64 && (int64_t)e->payload < 0) ||
           (e->payload_type == TRACE_PAYLOAD_I32 && (int32_t)(uint32_t)e->payload < 0);
}

/* An expert's range was opened: counts it for its visit, which other layers, steps and spans end. */
static void open_expert(attribution_ranges *r, attribution_thread *t, uint32_t at, uint32_t in,
                        const trace_host_event *e, bool counted) {
    in = attribution_span_of_phase(r, in);
    attribution_span *span = in == BASE_NONE ? NULL : &r->spans[in];
    uint32_t layer = r->nodes[at].layer, steps = span ? span->steps : 0;
    bool first = t->visit.span != in || t->visit.layer != layer || t->visit.layers != t->layers ||
                 t->visit.steps != steps;
    t->visit.span = in;
    t->visit.layer = layer;
    t->visit.layers = t->layers;
    t->visit.steps = steps;
    if (span) {
        span->visits += first;
        span->active += !counted || e->payload > 0;
    }
    if (r->on_expert) {
        attribution_expert_event event = {.thread = (uint32_t)(t - r->threads),
                                          .node = at,
                                          .span = in,
                                          .first = first,
                                          .counted = counted,
                                          .tokens = e->payload};
        r->on_expert(r->on_expert_ctx, &event);
    }
}

static void open_range(attribution_ranges *r, attribution_thread *t, const trace_host_event *e, bool started,
                       uint64_t closes_at) {
    uint32_t parent = t->depth ? t->stack[t->depth - 1].node : ATTRIBUTION_ROOT;
    uint32_t around = t->depth ? t->stack[t->depth - 1].span : BASE_NONE;
    uint32_t index = names_of_id(r->names, e->name); /* may move the names */
    names_role role = r->names->list[index].role;
    uint32_t at = attribution_tree_child(r, parent, index, attribution_windows_at(&r->watch, e->time));
    attribution_node *node = &r->nodes[at];
    bool counted = is_integer(e->payload_type) && !is_negative(e);
    node->calls++;
    if (counted) {
        node->tokens += e->payload;
        node->with_tokens++;
    }
    t->layers += role == NAMES_ROLE_LAYER;
    uint32_t span = attribution_span_enter(r, t, around, index, at, e->time);
    if (span != around) {
        r->spans[span].thread = (uint32_t)(t - r->threads);
    }
    t->stack = base_grow(t->stack, &t->cap, t->depth + 1, sizeof *t->stack);
    t->stack[t->depth++] = (attribution_open){.node = at,
                                              .span = span,
                                              .name = index,
                                              .started = started,
                                              .id = e->id,
                                              .start = e->time,
                                              .closes_at = closes_at};
    t->timed += closes_at != 0;
    if (node->opens_expert) {
        open_expert(r, t, at, span, e, counted);
    }
}

/* Closes entry i of the stack at `time`, and drops what is closed from its top. */
static void close_range(attribution_ranges *r, attribution_thread *t, size_t i, uint64_t time) {
    attribution_open *entry = &t->stack[i];
    uint32_t around = i > 0 ? t->stack[i - 1].span : BASE_NONE;
    uint64_t ns = time > entry->start ? time - entry->start : 0;
    r->nodes[entry->node].host_ns += ns;
    attribution_span_left(r, entry->span, entry->node, ns > entry->inner ? ns - entry->inner : 0,
                          entry->span != around ? entry->span : BASE_NONE, time);
    if (i > 0) {
        t->stack[i - 1].inner += ns;
    }
    entry->closed = true;
    t->timed -= entry->closes_at != 0;
    while (t->depth > 0 && t->stack[t->depth - 1].closed) {
        t->depth--;
    }
}

/* Closes the ranges whose END, from another thread, stood in the file before their START. */
static void close_timed(attribution_ranges *r, attribution_thread *t, uint64_t time) {
    for (size_t i = t->depth; i-- > 0 && t->timed > 0;) {
        if (i < t->depth && !t->stack[i].closed && t->stack[i].closes_at != 0 &&
            t->stack[i].closes_at <= time) {
            close_range(r, t, i, t->stack[i].closes_at);
        }
    }
}

static void push(attribution_ranges *r, attribution_thread *t, const trace_host_event *e) {
    if (t->depth >= ATTRIBUTION_DEPTH_MAX) {
        t->too_deep++;
        return;
    }
    open_range(r, t, e, false, 0);
}

static void pop(attribution_ranges *r, attribution_thread *t, const trace_host_event *e) {
    if (t->too_deep > 0) {
        t->too_deep--;
        return;
    }
    for (size_t i = t->depth; i-- > 0;) {
        if (!t->stack[i].started && !t->stack[i].closed) {
            close_range(r, t, i, e->time);
            return;
        }
    }
    r->pops_without_push++;
}

static void start(attribution_ranges *r, uint32_t slot, const trace_host_event *e) {
    attribution_thread *t = &r->threads[slot];
    if (t->depth >= ATTRIBUTION_DEPTH_MAX) {
        return; /* its END will have no START */
    }
    uint32_t early = base_map_get(&r->early_ends, e->id);
    if (early == BASE_NONE) {
        open_range(r, t, e, true, 0);
        base_map_put(&r->by_start, e->id, slot);
    } else {
        base_map_put(&r->early_ends, e->id, BASE_NONE);
        r->ends_without_start--;
        uint64_t end = r->early_times[early];
        open_range(r, t, e, true, end > e->time ? end : e->time);
    }
}

static void end(attribution_ranges *r, const trace_host_event *e) {
    uint32_t slot = base_map_get(&r->by_start, e->id);
    if (slot != BASE_NONE) {
        attribution_thread *t = &r->threads[slot];
        base_map_put(&r->by_start, e->id, BASE_NONE);
        for (size_t i = t->depth; i-- > 0;) {
            if (t->stack[i].started && !t->stack[i].closed && t->stack[i].id == e->id) {
                close_range(r, t, i, e->time);
                return;
            }
        }
    }
    r->ends_without_start++;
    if (r->early_count < EARLY_MAX) {
        r->early_times = base_grow(r->early_times, &r->early_cap, r->early_count + 1, sizeof(uint64_t));
        r->early_times[r->early_count] = e->time;
        base_map_put(&r->early_ends, e->id, (uint32_t)r->early_count++);
    }
}

/* A push or pop in a domain that is not the default one: such a domain nests on its own, and owns nothing. */
static void foreign(attribution_ranges *r, attribution_thread *t, const trace_host_event *e) {
    size_t i = 0;
    while (i < t->foreign_count && t->foreign[i].domain != e->domain) {
        i++;
    }
    if (i == t->foreign_count) {
        t->foreign = base_grow(t->foreign, &t->foreign_cap, i + 1, sizeof *t->foreign);
        t->foreign[i] = (attribution_foreign){.domain = e->domain};
        t->foreign_count++;
    }
    if (e->kind == TRACE_HOST_PUSH) {
        t->foreign[i].depth++;
    } else if (t->foreign[i].depth > 0) {
        t->foreign[i].depth--;
    } else {
        r->pops_without_push++;
    }
}

void attribution_ranges_event(attribution_ranges *r, const trace_host_event *e) {
    uint32_t slot = thread_slot(r, e->thread);
    attribution_thread *t = &r->threads[slot];
    if (e->domain != 0) {
        if (e->kind == TRACE_HOST_PUSH || e->kind == TRACE_HOST_POP) {
            foreign(r, t, e);
        } else {
            attribution_windows_event(&r->watch, r->names, e);
        }
        return;
    }
    if (t->timed > 0) {
        close_timed(r, t, e->time);
    }
    switch (e->kind) {
    case TRACE_HOST_PUSH:
        push(r, t, e);
        break;
    case TRACE_HOST_POP:
        pop(r, t, e);
        break;
    case TRACE_HOST_START:
        start(r, slot, e);
        break;
    case TRACE_HOST_END:
        end(r, e);
        break;
    default:
        break;
    }
}

void attribution_ranges_owner(attribution_ranges *r, uint32_t thread, uint64_t time, uint32_t *node,
                              uint32_t *span) {
    uint32_t slot = thread_slot(r, thread); /* may move the threads */
    attribution_thread *t = &r->threads[slot];
    if (t->timed > 0) {
        close_timed(r, t, time);
    }
    *node = t->depth ? t->stack[t->depth - 1].node : ATTRIBUTION_ROOT;
    *span = t->depth ? t->stack[t->depth - 1].span : BASE_NONE;
}

void attribution_ranges_close_ended(attribution_ranges *r) {
    for (size_t i = 0; i < r->thread_count; i++) {
        close_timed(r, &r->threads[i], UINT64_MAX);
    }
}

uint64_t attribution_ranges_left_open(const attribution_ranges *r) {
    uint64_t n = 0;
    for (size_t i = 0; i < r->thread_count; i++) {
        const attribution_thread *t = &r->threads[i];
        n += t->too_deep;
        for (size_t j = 0; j < t->depth; j++) {
            n += !t->stack[j].closed;
        }
        for (size_t j = 0; j < t->foreign_count; j++) {
            n += t->foreign[j].depth;
        }
    }
    return n;
}

void attribution_ranges_free(attribution_ranges *r) {
    for (size_t i = 0; i < r->thread_count; i++) {
        free(r->threads[i].stack);
        free(r->threads[i].foreign);
    }
    for (size_t i = 0; i < r->span_count; i++) {
        attribution_busy_free(&r->spans[i].busy);
    }
    attribution_accumulator_free(&r->works);
    free(r->threads);
    free(r->spans);
    free(r->groups);
    free(r->nodes);
    free(r->early_times);
    attribution_windows_free(&r->watch);
    base_map_free(&r->by_path);
    base_map_free(&r->by_thread);
    base_map_free(&r->by_start);
    base_map_free(&r->early_ends);
    memset(r, 0, sizeof *r);
}
