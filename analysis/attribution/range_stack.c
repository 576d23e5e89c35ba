/* The ranges that threads have open. */
#include "analysis/attribution/range_stack.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"

#include <stdlib.h>
#include <string.h>

/* ENDs kept for a START that comes later in the file; further ones are only counted. */
#define EARLY_MAX 65536

typedef struct {
    uint32_t node, span;
    uint32_t name;    /* name index */
    uint32_t request; /* number of the innermost request, this range or around it; or BASE_NONE */
    bool started;     /* by a START, with this id; else by a push */
    bool closed;      /* ended below the top of the stack; leaves when it gets there */
    uint64_t id, start;
    uint64_t inner;     /* ns of the ranges right inside that closed */
    uint64_t closes_at; /* a START whose END was read first, from another thread: that END's time; else 0 */
} open_range_entry;

/* What a thread has open in a domain that is not the default one. */
typedef struct {
    uint32_t domain;
    uint64_t depth;
} domain_depth;

struct attribution_range_thread {
    open_range_entry *stack;
    size_t depth, cap;
    uint64_t too_deep; /* pushes beyond BASE_NESTING_MAX that are still open */
    uint32_t timed;    /* entries with closes_at */
    uint32_t layers;   /* ranges of layers opened so far */
    struct {
        bool any;
        uint32_t span, layer, layers, steps;
    } visit; /* the last visit to a layer's experts */
    domain_depth *domains;
    size_t domain_count, domain_cap;
};

static uint32_t range_thread_slot(attribution_range_stack *s, uint32_t index) {
    if (s->any_thread && s->last_index == index) {
        return s->last_thread;
    }
    uint32_t slot = base_map_get(&s->by_thread, index);
    if (slot == BASE_NONE) {
        slot = (uint32_t)s->thread_count;
        s->threads = base_grow(s->threads, &s->thread_cap, s->thread_count + 1, sizeof *s->threads);
        s->thread_count++;
        base_map_put(&s->by_thread, index, slot);
    }
    s->any_thread = true;
    s->last_index = index;
    s->last_thread = slot;
    return slot;
}

static bool is_integer_payload(uint8_t payload_type) {
    return payload_type == TRACE_PAYLOAD_U64 || payload_type == TRACE_PAYLOAD_I64 ||
           payload_type == TRACE_PAYLOAD_U32 || payload_type == TRACE_PAYLOAD_I32;
}

static bool is_negative_payload(const trace_host_event *e) {
    return (e->payload_type == TRACE_PAYLOAD_I64 && (int64_t)e->payload < 0) ||
           (e->payload_type == TRACE_PAYLOAD_I32 && (int32_t)(uint32_t)e->payload < 0);
}

/* An expert's range was opened: counts it for its visit, which other layers, steps and spans end. */
static void open_expert_range(attribution_range_stack *s, attribution_range_thread *t, uint32_t at,
                              uint32_t in, const trace_host_event *e, bool counted) {
    in = attribution_spans_phase_of(s->spans, in);
    attribution_span *span = in == BASE_NONE ? NULL : &s->spans->list[in];
    uint32_t layer = s->tree->nodes[at].layer, steps = span ? span->steps : 0;
    bool first = !t->visit.any || t->visit.span != in || t->visit.layer != layer ||
                 t->visit.layers != t->layers || t->visit.steps != steps;
    t->visit.any = true;
    t->visit.span = in;
    t->visit.layer = layer;
    t->visit.layers = t->layers;
    t->visit.steps = steps;
    if (span) {
        span->visits += first;
        span->active += !counted || e->payload > 0;
    }
    if (s->on_expert) {
        attribution_expert_event event = {.thread = (uint32_t)(t - s->threads),
                                          .node = at,
                                          .span = in,
                                          .first = first,
                                          .counted = counted,
                                          .tokens = e->payload};
        s->on_expert(s->on_expert_ctx, &event);
    }
}

static void open_range(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e,
                       bool started, uint64_t closes_at) {
    uint32_t parent = t->depth ? t->stack[t->depth - 1].node : ATTRIBUTION_ROOT;
    uint32_t around = t->depth ? t->stack[t->depth - 1].span : BASE_NONE;
    uint32_t request = t->depth ? t->stack[t->depth - 1].request : BASE_NONE;
    uint32_t index = names_of_id(s->names, e->name); /* may move the names */
    names_role role = s->names->list[index].role;
    uint32_t at = attribution_tree_child(s->tree, parent, index, attribution_windows_at(s->windows, e->time));
    attribution_node *node = &s->tree->nodes[at];
    bool counted = is_integer_payload(e->payload_type) && !is_negative_payload(e);
    node->calls++;
    if (counted) {
        node->tokens += e->payload;
        node->with_tokens++;
    }
    t->layers += role == NAMES_ROLE_LAYER;
    uint32_t span =
        attribution_spans_enter(s->spans, (uint32_t)(t - s->threads), around, request, index, at, e->time);
    if (role == NAMES_ROLE_SAMPLE || role == NAMES_ROLE_WARMUP) {
        request = s->names->list[index].number;
    }
    t->stack = base_grow(t->stack, &t->cap, t->depth + 1, sizeof *t->stack);
    t->stack[t->depth++] = (open_range_entry){.node = at,
                                              .span = span,
                                              .name = index,
                                              .request = request,
                                              .started = started,
                                              .id = e->id,
                                              .start = e->time,
                                              .closes_at = closes_at};
    t->timed += closes_at != 0;
    if (node->opens_expert) {
        open_expert_range(s, t, at, span, e, counted);
    }
}

/* Closes entry i of the stack at `time`, and drops what is closed from its top. */
static void close_range(attribution_range_stack *s, attribution_range_thread *t, size_t i, uint64_t time) {
    open_range_entry *entry = &t->stack[i];
    uint32_t around = i > 0 ? t->stack[i - 1].span : BASE_NONE;
    uint64_t ns = time > entry->start ? time - entry->start : 0;
    s->tree->nodes[entry->node].host_ns += ns;
    attribution_spans_leave(s->spans, entry->span, entry->node, ns > entry->inner ? ns - entry->inner : 0,
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
static void close_timed_ranges(attribution_range_stack *s, attribution_range_thread *t, uint64_t time) {
    for (size_t i = t->depth; i-- > 0 && t->timed > 0;) {
        if (i < t->depth && !t->stack[i].closed && t->stack[i].closes_at != 0 &&
            t->stack[i].closes_at <= time) {
            close_range(s, t, i, t->stack[i].closes_at);
        }
    }
}

static void push_range(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e) {
    if (t->depth >= BASE_NESTING_MAX) {
        t->too_deep++;
        return;
    }
    open_range(s, t, e, false, 0);
}

static void pop_range(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e) {
    if (t->too_deep > 0) {
        t->too_deep--;
        return;
    }
    for (size_t i = t->depth; i-- > 0;) {
        if (!t->stack[i].started && !t->stack[i].closed) {
            close_range(s, t, i, e->time);
            return;
        }
    }
    s->pops_without_push++;
}

static void start_range(attribution_range_stack *s, uint32_t slot, const trace_host_event *e) {
    attribution_range_thread *t = &s->threads[slot];
    if (t->depth >= BASE_NESTING_MAX) {
        return; /* its END will have no START */
    }
    uint32_t early = base_map_get(&s->early_ends, e->id);
    if (early == BASE_NONE) {
        open_range(s, t, e, true, 0);
        base_map_put(&s->by_start, e->id, slot);
    } else {
        base_map_put(&s->early_ends, e->id, BASE_NONE);
        s->ends_without_start--;
        uint64_t end = s->early_times[early];
        open_range(s, t, e, true, end > e->time ? end : e->time);
    }
}

static void end_range(attribution_range_stack *s, const trace_host_event *e) {
    uint32_t slot = base_map_get(&s->by_start, e->id);
    if (slot != BASE_NONE) {
        attribution_range_thread *t = &s->threads[slot];
        base_map_put(&s->by_start, e->id, BASE_NONE);
        for (size_t i = t->depth; i-- > 0;) {
            if (t->stack[i].started && !t->stack[i].closed && t->stack[i].id == e->id) {
                close_range(s, t, i, e->time);
                return;
            }
        }
    }
    s->ends_without_start++;
    if (s->early_count < EARLY_MAX) {
        s->early_times = base_grow(s->early_times, &s->early_cap, s->early_count + 1, sizeof(uint64_t));
        s->early_times[s->early_count] = e->time;
        base_map_put(&s->early_ends, e->id, (uint32_t)s->early_count++);
    }
}

/* A push or pop in a domain that is not the default one: such a domain nests on its own, and owns nothing. */
static void count_in_domain(attribution_range_stack *s, attribution_range_thread *t,
                            const trace_host_event *e) {
    size_t i = 0;
    while (i < t->domain_count && t->domains[i].domain != e->domain) {
        i++;
    }
    if (i == t->domain_count) {
        t->domains = base_grow(t->domains, &t->domain_cap, i + 1, sizeof *t->domains);
        t->domains[i] = (domain_depth){.domain = e->domain};
        t->domain_count++;
    }
    if (e->kind == TRACE_HOST_PUSH) {
        t->domains[i].depth++;
    } else if (t->domains[i].depth > 0) {
        t->domains[i].depth--;
    } else {
        s->pops_without_push++;
    }
}

void attribution_stack_event(attribution_range_stack *s, const trace_host_event *e) {
    uint32_t slot = range_thread_slot(s, e->thread);
    attribution_range_thread *t = &s->threads[slot];
    if (e->domain != 0) {
        if (e->kind == TRACE_HOST_PUSH || e->kind == TRACE_HOST_POP) {
            count_in_domain(s, t, e);
        } else {
            attribution_windows_event(s->windows, s->names, e);
        }
        return;
    }
    if (t->timed > 0) {
        close_timed_ranges(s, t, e->time);
    }
    switch (e->kind) {
    case TRACE_HOST_PUSH:
        push_range(s, t, e);
        break;
    case TRACE_HOST_POP:
        pop_range(s, t, e);
        break;
    case TRACE_HOST_START:
        start_range(s, slot, e);
        break;
    case TRACE_HOST_END:
        end_range(s, e);
        break;
    default:
        break;
    }
}

void attribution_stack_owner(attribution_range_stack *s, uint32_t thread, uint64_t time, uint32_t *node,
                             uint32_t *span) {
    uint32_t slot = range_thread_slot(s, thread); /* may move the threads */
    attribution_range_thread *t = &s->threads[slot];
    if (t->timed > 0) {
        close_timed_ranges(s, t, time);
    }
    *node = t->depth ? t->stack[t->depth - 1].node : ATTRIBUTION_ROOT;
    *span = t->depth ? t->stack[t->depth - 1].span : BASE_NONE;
}

void attribution_stack_open_request(const attribution_range_stack *s, uint32_t thread, uint32_t *request,
                                    uint32_t *step) {
    const attribution_range_thread *t = &s->threads[thread];
    *request = *step = BASE_NONE;
    for (size_t i = 0; i < t->depth; i++) {
        names_role role = s->names->list[t->stack[i].name].role;
        if (role == NAMES_ROLE_SAMPLE || role == NAMES_ROLE_WARMUP) {
            *request = t->stack[i].name;
        } else if (role == NAMES_ROLE_STEP) {
            *step = t->stack[i].name;
        }
    }
}

void attribution_stack_close_ended(attribution_range_stack *s) {
    for (size_t i = 0; i < s->thread_count; i++) {
        close_timed_ranges(s, &s->threads[i], UINT64_MAX);
    }
}

uint64_t attribution_stack_left_open(const attribution_range_stack *s) {
    uint64_t n = 0;
    for (size_t i = 0; i < s->thread_count; i++) {
        const attribution_range_thread *t = &s->threads[i];
        n += t->too_deep;
        for (size_t j = 0; j < t->depth; j++) {
            n += !t->stack[j].closed;
        }
        for (size_t j = 0; j < t->domain_count; j++) {
            n += t->domains[j].depth;
        }
    }
    return n;
}

void attribution_stack_free(attribution_range_stack *s) {
    for (size_t i = 0; i < s->thread_count; i++) {
        free(s->threads[i].stack);
        free(s->threads[i].domains);
    }
    free(s->threads);
    free(s->early_times);
    base_map_free(&s->by_thread);
    base_map_free(&s->by_start);
    base_map_free(&s->early_ends);
    memset(s, 0, sizeof *s);
}
