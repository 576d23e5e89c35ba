/* The ranges that threads have open. */
#include "analysis/attribution/range_stack.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"
#include "trace/settings.h"

#include <stdlib.h>
#include <string.h>

/* ENDs kept for a START later in the file; further ones are only counted. */
#define EARLY_MAX 65536
/* An open range moves out of an enclosing range that closes first. Each event allows this many further moves, up to a
 * limit: otherwise time and memory would grow with the square of the number of open ranges. */
#define MOVES_OF_EVENT 4u
#define MOVES_MAX      4096u

typedef struct {
    uint32_t span;               /* the span when it was opened */
    uint32_t now_node, now_span; /* without enclosing ranges that have closed since then */
    uint32_t name;               /* name index */
    bool own_span;               /* this range opened `span` */
    uint32_t request;            /* number of the innermost request, including this range; or BASE_NONE */
    bool started;                /* opened by a START with this id; otherwise by a push */
    bool closed;                 /* ended below the top of the stack; removed when it reaches the top */
    uint32_t pushed;             /* 1 + index of the innermost open push of its domain below; 0: none */
    uint32_t domain;             /* index of its domain in `domains`; BASE_NONE: the default domain */
    uint64_t id, start;
    uint64_t tokens; /* its payload, if `counted` */
    bool counted;
    int64_t step_tokens; /* as in attribution_expert_event, of this range or the enclosing ones */
    uint64_t inner;      /* ns of its direct children that have closed */
    uint64_t closes_at; /* time of its END, if another thread's END was read before this START; otherwise 0 */
} open_range_entry;

/* An entry that closes at a known time. */
typedef struct {
    uint64_t time;
    size_t at;
} timed_end;

struct attribution_range_thread {
    open_range_entry *stack;
    size_t depth, cap;
    uint64_t too_deep; /* open pushes beyond BASE_NESTING_MAX */
    uint32_t pushed;   /* 1 + index of the innermost open push of the default domain; 0: none */
    timed_end *timed;  /* entries with closes_at: a heap, the earliest first */
    size_t timed_count, timed_cap;
    uint32_t layers;  /* layer ranges opened so far */
    size_t left_from; /* the first closed entry that open entries inside it have not left; or SIZE_MAX */
    size_t moves;     /* moves that are currently allowed */
    uint32_t ended,
        calls_behind; /* 1 + span of the phase that closed last, 0: none; number of calls since then */
    uint64_t phase_ends[ATTRIBUTION_PHASES]; /* latest end of the closed spans of each phase, ns */
    struct {
        bool any;
        uint32_t span, layer, layers, steps;
    } visit; /* the latest visit to a layer's experts */
};

static uint32_t range_thread_slot(attribution_range_stack *s, uint32_t index) {
    if (s->any_thread && s->last_index == index) {
        return s->last_thread;
    }
    uint32_t slot = base_map_get(&s->by_thread, index);
    if (slot == BASE_NONE) {
        slot = (uint32_t)s->thread_count;
        s->threads = base_grow(s->threads, &s->thread_cap, s->thread_count + 1, sizeof *s->threads);
        s->threads[s->thread_count].left_from = SIZE_MAX;
        s->threads[s->thread_count++].moves = MOVES_MAX;
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

/* An expert's range was opened: counts it for its visit, which ends with another layer, step or span. */
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
                                          .tokens = e->payload,
                                          .step_tokens = t->stack[t->depth - 1].step_tokens};
        s->on_expert(s->on_expert_ctx, &event);
    }
}

/* Adds the tokens of an expert of a fused block that has ended. */
static void take_late_tokens(attribution_range_stack *s, const attribution_fused_visit *visit, bool first,
                             uint64_t tokens) {
    uint32_t in = attribution_spans_phase_of(s->spans, visit->span);
    if (in != BASE_NONE) {
        s->spans->list[in].visits += first;
        s->spans->list[in].active += tokens > 0;
    }
    if (s->on_expert) {
        attribution_expert_event event = {.thread = visit->thread,
                                          .node = visit->node,
                                          .span = in,
                                          .first = first,
                                          .counted = true,
                                          .tokens = tokens,
                                          .step_tokens = visit->step_tokens};
        s->on_expert(s->on_expert_ctx, &event);
    }
}

static void add_timed_end(attribution_range_thread *t, uint64_t time, size_t at) {
    t->timed = base_grow(t->timed, &t->timed_cap, t->timed_count + 1, sizeof *t->timed);
    size_t i = t->timed_count++;
    for (; i > 0 && t->timed[(i - 1) / 2].time > time; i = (i - 1) / 2) {
        t->timed[i] = t->timed[(i - 1) / 2];
    }
    t->timed[i] = (timed_end){time, at};
}

/* Removes the earliest entry. */
static timed_end take_timed_end(attribution_range_thread *t) {
    timed_end first = t->timed[0], last = t->timed[--t->timed_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < t->timed_count; i = child) {
        child += child + 1 < t->timed_count && t->timed[child + 1].time < t->timed[child].time;
        if (t->timed[child].time >= last.time) {
            break;
        }
        t->timed[i] = t->timed[child];
    }
    t->timed[i] = last;
    return first;
}

/* Counts a range for its node or, with `by` -1, removes it. */
static void count_range(attribution_node *node, bool counted, uint64_t tokens, int by) {
    node->calls += (uint64_t)(int64_t)by;
    if (counted) {
        node->tokens += by > 0 ? tokens : 0 - tokens;
        node->with_tokens += (uint64_t)(int64_t)by;
    }
}

static uint32_t *innermost_push(attribution_range_stack *s, attribution_range_thread *t, uint32_t domain) {
    return domain == BASE_NONE ? &t->pushed : &s->domains.list[domain].pushed;
}

static void open_range(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e,
                       uint32_t domain, bool started, uint64_t closes_at) {
    uint32_t *pushed = innermost_push(s, t, domain);
    uint32_t parent = t->depth ? t->stack[t->depth - 1].now_node : ATTRIBUTION_ROOT;
    uint32_t around = t->depth ? t->stack[t->depth - 1].now_span : BASE_NONE;
    uint32_t request = t->depth ? t->stack[t->depth - 1].request : BASE_NONE;
    uint32_t index = names_of_id(s->names, e->name); /* may move the names */
    names_role role = s->names->list[index].means.role;
    uint32_t at = attribution_tree_child(s->tree, parent, index, attribution_windows_at(s->windows, e->time));
    attribution_node *node = &s->tree->nodes[at];
    bool counted = is_integer_payload(e->payload_type) && !is_negative_payload(e);
    count_range(node, counted, e->payload, 1);
    t->layers += role == NAMES_ROLE_LAYER;
    uint32_t span = attribution_spans_enter(s->spans, (uint32_t)(t - s->threads), around, request, index, at,
                                            e->time, t->phase_ends);
    if (role == NAMES_ROLE_SAMPLE || role == NAMES_ROLE_WARMUP) {
        request = s->names->list[index].means.number;
    }
    int64_t step_tokens = t->depth ? t->stack[t->depth - 1].step_tokens : -1;
    if (role == NAMES_ROLE_PREFILL || role == NAMES_ROLE_STEP) {
        step_tokens = counted && e->payload <= INT64_MAX ? (int64_t)e->payload : -1;
    }
    t->visit.any = t->visit.any && role != NAMES_ROLE_EXPERTS; /* a layer may have two blocks */
    t->stack = base_grow(t->stack, &t->cap, t->depth + 1, sizeof *t->stack);
    t->stack[t->depth++] = (open_range_entry){.span = span,
                                              .now_node = at,
                                              .now_span = span,
                                              .own_span = span != around,
                                              .counted = counted,
                                              .tokens = e->payload,
                                              .step_tokens = step_tokens,
                                              .name = index,
                                              .request = request,
                                              .started = started,
                                              .pushed = *pushed,
                                              .domain = domain,
                                              .id = e->id,
                                              .start = e->time,
                                              .closes_at = closes_at};
    if (!started) {
        *pushed = (uint32_t)t->depth;
    }
    if (closes_at != 0) {
        add_timed_end(t, closes_at, t->depth - 1);
    }
    if (node->opens_expert) {
        open_expert_range(s, t, at, span, e, counted);
    } else if (attribution_late_tokens_is_visit(s->names, index, e)) {
        attribution_late_tokens_remember(&s->late,
                                         (attribution_fused_visit){.visit = e->category,
                                                                   .thread = (uint32_t)(t - s->threads),
                                                                   .node = at,
                                                                   .span = span,
                                                                   .step_tokens = step_tokens});
    }
}

/* Closes entry i of the stack at `time`, and removes closed entries from the top. */
static void close_range(attribution_range_stack *s, attribution_range_thread *t, size_t i, uint64_t time) {
    open_range_entry *entry = &t->stack[i];
    uint64_t ns = time > entry->start ? time - entry->start : 0;
    s->tree->nodes[entry->now_node].host_ns += ns;
    attribution_spans_leave(s->spans, entry->span, entry->now_node, ns > entry->inner ? ns - entry->inner : 0,
                            entry->own_span ? entry->span : BASE_NONE, time);
    if (i > 0) {
        t->stack[i - 1].inner += ns;
    }
    if (entry->own_span && !s->spans->list[entry->span].step) {
        const attribution_span *span = &s->spans->list[entry->span];
        if (t->phase_ends[span->phase] < span->end) {
            t->phase_ends[span->phase] = span->end;
        }
        t->ended = entry->span + 1;
        t->calls_behind = 0;
    }
    entry->closed = true;
    if (!entry->started) {
        *innermost_push(s, t, entry->domain) = entry->pushed; /* this range was the innermost push */
    }
    while (t->depth > 0 && t->stack[t->depth - 1].closed) {
        t->depth--;
    }
    if (i < t->left_from) {
        t->left_from = i;
    }
    if (t->left_from >= t->depth) {
        t->left_from = SIZE_MAX;
    }
}

/* Returns the index on the stack at which the innermost request begins: its top_k=K, else its sample or warm-up; the depth
 * of the stack without a request. */
static size_t request_place(const attribution_range_stack *s, const attribution_range_thread *t) {
    size_t at = t->depth;
    for (size_t i = t->depth; i-- > 0;) {
        names_role role = s->names->list[t->stack[i].name].means.role;
        if (role == NAMES_ROLE_TOP_K) {
            return i;
        }
        if (role == NAMES_ROLE_SAMPLE || role == NAMES_ROLE_WARMUP) {
            at = i;
        }
    }
    return at;
}

/* A mark top_k=K states the k that was observed in the open request. Within a range top_k=? the whole request gets this k;
 * otherwise its open ranges move below top_k=K, its phases get this k, and earlier work of the request stays where it was
 * attributed. */
static void set_observed_k(attribution_range_stack *s, attribution_range_thread *t, uint32_t name) {
    size_t at = request_place(s, t);
    if (at == t->depth) {
        return;
    }
    uint32_t thread = (uint32_t)(t - s->threads), k = s->names->list[name].means.number;
    uint64_t start = t->stack[at].start;
    if (attribution_tree_lacks_k(s->tree, t->stack[at].now_node)) {
        attribution_tree_set_k(s->tree, t->stack[at].now_node, name);
        attribution_spans_set_k(s->spans, s->tree, thread, start, k);
        return;
    }
    uint32_t parent = at > 0 ? t->stack[at - 1].now_node : ATTRIBUTION_ROOT;
    attribution_profiling profiling = s->tree->nodes[t->stack[at].now_node].profiling;
    bool labelled = s->names->list[t->stack[at].name].means.role == NAMES_ROLE_TOP_K;
    uint32_t node = labelled ? parent : attribution_tree_child(s->tree, parent, name, profiling);
    for (size_t i = at; i < t->depth; i++) {
        open_range_entry *entry = &t->stack[i];
        uint32_t called = labelled && i == at ? name : entry->name;
        count_range(&s->tree->nodes[entry->now_node], entry->counted, entry->tokens, -1);
        node = attribution_tree_child(s->tree, node, called, s->tree->nodes[entry->now_node].profiling);
        count_range(&s->tree->nodes[node], entry->counted, entry->tokens, 1);
        entry->now_node = node;
    }
    attribution_spans_set_k(s->spans, s->tree, thread, start, k);
}

/* Whether the event is the recorder's mark of an observed k. */
static bool is_observed_k(attribution_range_stack *s, const trace_host_event *e, uint32_t *name) {
    if (e->kind != TRACE_HOST_MARK) {
        return false;
    }
    *name = names_of_id(s->names, e->name); /* may move the names */
    const names_entry *domain = &s->names->list[names_of_id(s->names, e->domain)];
    return s->names->list[*name].means.role == NAMES_ROLE_TOP_K &&
           s->names->list[*name].means.number != BASE_NONE &&
           strcmp(domain->text, TRACE_PROFILING_DOMAIN) == 0;
}

static void take_mark(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e) {
    attribution_fused_visit visit;
    bool first;
    uint32_t name;
    if (is_observed_k(s, e, &name)) {
        set_observed_k(s, t, name);
    } else if (attribution_late_tokens_mark(&s->late, s->tree, e, &visit, &first)) {
        take_late_tokens(s, &visit, first, (uint32_t)e->payload);
    } else {
        attribution_windows_event(s->windows, s->names, e);
    }
}

static int by_place_from_top(const void *a, const void *b) {
    const timed_end *x = a, *y = b;
    return (x->at < y->at) - (x->at > y->at);
}

/* Moves open ranges out of enclosing ranges that have closed. */
static void leave_closed_ranges(attribution_range_stack *s, attribution_range_thread *t) {
    size_t from = t->left_from;
    if (from >= t->depth || t->depth - from > t->moves) {
        return;
    }
    t->moves -= t->depth - from;
    t->left_from = SIZE_MAX;
    size_t below = from;
    while (below > 0 && t->stack[below - 1].closed) {
        below--;
    }
    uint32_t parent = below > 0 ? t->stack[below - 1].now_node : ATTRIBUTION_ROOT;
    uint32_t around = below > 0 ? t->stack[below - 1].now_span : BASE_NONE;
    for (size_t j = from; j < t->depth; j++) {
        open_range_entry *entry = &t->stack[j];
        if (entry->closed) {
            continue;
        }
        attribution_profiling profiling = s->tree->nodes[entry->now_node].profiling;
        count_range(&s->tree->nodes[entry->now_node], entry->counted, entry->tokens, -1);
        entry->now_node = attribution_tree_child(s->tree, parent, entry->name, profiling);
        count_range(&s->tree->nodes[entry->now_node], entry->counted, entry->tokens, 1);
        entry->now_span =
            entry->own_span ? attribution_spans_continue(s->spans, entry->span, around) : around;
        parent = entry->now_node;
        around = entry->now_span;
    }
}

/* Counts an event of the thread. */
static void count_event(attribution_range_stack *s, attribution_range_thread *t) {
    t->moves = t->moves + MOVES_OF_EVENT < MOVES_MAX ? t->moves + MOVES_OF_EVENT : MOVES_MAX;
    if (t->left_from < t->depth) {
        leave_closed_ranges(s, t);
    }
}

/* Closes the ranges whose END was read before their START, the inner ones first. */
static void close_timed_ranges(attribution_range_stack *s, attribution_range_thread *t, uint64_t time) {
    size_t count = 0, cap = 0;
    timed_end *ended = NULL;
    while (t->timed_count > 0 && t->timed[0].time <= time) {
        ended = base_grow(ended, &cap, count + 1, sizeof *ended);
        ended[count++] = take_timed_end(t);
    }
    if (count > 1) {
        qsort(ended, count, sizeof *ended, by_place_from_top);
    }
    for (size_t i = 0; i < count; i++) {
        close_range(s, t, ended[i].at, ended[i].time);
    }
    free(ended);
}

/* Returns the number of open pushes of a domain beyond the nesting limit. */
static uint64_t *too_deep_pushes(attribution_range_stack *s, attribution_range_thread *t, uint32_t domain) {
    return domain == BASE_NONE ? &t->too_deep : &s->domains.list[domain].counted;
}

static void push_range(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e,
                       uint32_t domain) {
    if (t->depth >= BASE_NESTING_MAX) {
        *too_deep_pushes(s, t, domain) += 1;
        return;
    }
    open_range(s, t, e, domain, false, 0);
}

static void pop_range(attribution_range_stack *s, attribution_range_thread *t, const trace_host_event *e,
                      uint32_t domain) {
    uint64_t *too_deep = too_deep_pushes(s, t, domain);
    uint32_t pushed = *innermost_push(s, t, domain);
    if (*too_deep > 0) {
        *too_deep -= 1;
        return;
    }
    if (pushed > 0) {
        close_range(s, t, pushed - 1, e->time);
    } else {
        s->pops_without_push++;
    }
}

static void start_range(attribution_range_stack *s, uint32_t slot, const trace_host_event *e,
                        uint32_t domain) {
    attribution_range_thread *t = &s->threads[slot];
    if (t->depth >= BASE_NESTING_MAX) {
        return; /* its END will have no START */
    }
    uint32_t early = base_map_get(&s->early_ends, e->id);
    if (early == BASE_NONE) {
        open_range(s, t, e, domain, true, 0);
        base_map_put(&s->by_start, e->id, slot);
        base_map_put(&s->place_of_start, e->id, (uint32_t)t->depth - 1);
    } else {
        base_map_put(&s->early_ends, e->id, BASE_NONE);
        s->ends_without_start--;
        uint64_t end = s->early_times[early];
        open_range(s, t, e, domain, true, end > e->time ? end : e->time);
    }
}

static void end_range(attribution_range_stack *s, const trace_host_event *e) {
    uint32_t slot = base_map_get(&s->by_start, e->id);
    if (slot != BASE_NONE) {
        attribution_range_thread *t = &s->threads[slot];
        base_map_put(&s->by_start, e->id, BASE_NONE);
        size_t at = base_map_get(&s->place_of_start, e->id);
        base_map_put(&s->place_of_start, e->id, BASE_NONE);
        if (at < t->depth && t->stack[at].started && !t->stack[at].closed && t->stack[at].id == e->id) {
            close_range(s, t, at, e->time);
            return;
        }
    }
    s->ends_without_start++;
    if (s->early_count < EARLY_MAX) {
        s->early_times = base_grow(s->early_times, &s->early_cap, s->early_count + 1, sizeof(uint64_t));
        s->early_times[s->early_count] = e->time;
        base_map_put(&s->early_ends, e->id, (uint32_t)s->early_count++);
    }
}

/* Counts an event of a range in a domain that owns no work. */
static void count_in_domain(attribution_range_stack *s, uint32_t domain, const trace_host_event *e) {
    switch (e->kind) {
    case TRACE_HOST_PUSH:
        attribution_domains_push(&s->domains, domain);
        break;
    case TRACE_HOST_POP:
        s->pops_without_push += !attribution_domains_pop(&s->domains, domain);
        break;
    case TRACE_HOST_START:
        attribution_domains_start(&s->domains, domain, e->id);
        break;
    default:
        attribution_domains_end(&s->domains, e->id);
        break;
    }
}

static bool is_of_range(trace_host_kind kind) {
    return kind == TRACE_HOST_PUSH || kind == TRACE_HOST_POP || kind == TRACE_HOST_START ||
           kind == TRACE_HOST_END;
}

void attribution_stack_event(attribution_range_stack *s, const trace_host_event *e) {
    uint32_t slot = range_thread_slot(s, e->thread), domain = BASE_NONE;
    attribution_range_thread *t = &s->threads[slot];
    if (e->domain != 0) {
        if (!is_of_range(e->kind)) {
            take_mark(s, t, e);
            return;
        }
        domain = attribution_domains_index(&s->domains, s->names, slot, e->domain);
        if (!s->domains.list[domain].owns) {
            count_in_domain(s, domain, e);
            return;
        }
    }
    if (t->timed_count > 0) {
        close_timed_ranges(s, t, e->time);
    }
    count_event(s, t);
    switch (e->kind) {
    case TRACE_HOST_PUSH:
        push_range(s, t, e, domain);
        break;
    case TRACE_HOST_POP:
        pop_range(s, t, e, domain);
        break;
    case TRACE_HOST_START:
        start_range(s, slot, e, domain);
        break;
    case TRACE_HOST_END:
        end_range(s, e);
        break;
    default:
        break;
    }
}

bool attribution_stack_in_other_domain(attribution_range_stack *s, uint32_t thread) {
    return s->domains.count > 0 && attribution_domains_any_open(&s->domains, range_thread_slot(s, thread));
}

void attribution_stack_owner(attribution_range_stack *s, uint32_t thread, uint64_t time, uint32_t *node,
                             uint32_t *span) {
    uint32_t slot = range_thread_slot(s, thread); /* may move the threads */
    attribution_range_thread *t = &s->threads[slot];
    if (t->timed_count > 0) {
        close_timed_ranges(s, t, time);
    }
    count_event(s, t);
    *node = t->depth ? t->stack[t->depth - 1].now_node : ATTRIBUTION_ROOT;
    *span = t->depth ? t->stack[t->depth - 1].now_span : BASE_NONE;
}

uint32_t attribution_stack_span_behind(attribution_range_stack *s, uint32_t thread) {
    attribution_range_thread *t = &s->threads[range_thread_slot(s, thread)];
    if (t->ended == 0 || t->calls_behind == ATTRIBUTION_BUSY_BEHIND) {
        return BASE_NONE;
    }
    t->calls_behind++;
    return t->ended - 1;
}

void attribution_stack_open_request(const attribution_range_stack *s, uint32_t thread, uint32_t *request,
                                    uint32_t *step) {
    const attribution_range_thread *t = &s->threads[thread];
    *request = *step = BASE_NONE;
    for (size_t i = 0; i < t->depth; i++) {
        names_role role = s->names->list[t->stack[i].name].means.role;
        if (t->stack[i].closed) {
            continue;
        }
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
    }
    return n + attribution_domains_left_open(&s->domains);
}

void attribution_stack_free(attribution_range_stack *s) {
    for (size_t i = 0; i < s->thread_count; i++) {
        free(s->threads[i].stack);
        free(s->threads[i].timed);
    }
    free(s->threads);
    free(s->early_times);
    attribution_late_tokens_free(&s->late);
    base_map_free(&s->by_thread);
    attribution_domains_free(&s->domains);
    base_map_free(&s->by_start);
    base_map_free(&s->place_of_start);
    base_map_free(&s->early_ends);
    memset(s, 0, sizeof *s);
}
