/* Attributes GPU records to ranges by correlation id. The table of calls is indexed by the low bits of the correlation id:
 * CUPTI assigns ascending ids, so that only a call at least ATTRIBUTION_CALLS ids younger reuses a slot. */
#include "analysis/attribution/attribution.h"

#include "analysis/attribution/cuda_graphs.h"
#include "analysis/attribution/graph_bodies.h"
#include "analysis/attribution/record_check.h"
#include "analysis/base/alloc.h"

#include <stdlib.h>

#define DEFERRED_MAX   (1u << 20)
#define CALLS_AT_FIRST (1u << 16)
#define BEFORE_MAX     (1u << 20) /* records that may belong to launches before the first call */
#define DIRECT_SHAPES  (1u << 20) /* shape ids that are stored in an array */

/* Work of a graph node whose creation had not been read when it was launched. */
typedef struct {
    uint32_t launch; /* node of the range tree */
    uint32_t name;   /* of kernels */
    uint32_t other;  /* the next for the same launch and graph node, or BASE_NONE */
    bool kernel;
    bool other_domain; /* as in call_slot */
    uint64_t graph_node;
    uint64_t first, last; /* first and last time of the launches that are summed here */
    uint64_t count, ns;
    double squares;
} graph_replay;

typedef struct {
    uint32_t correlation; /* 0: free */
    uint32_t node; /* or BASE_NONE: GPU records wait for this call, the latest of them being number `span` */
    uint32_t span;
    /* no further GPU record is expected: it came (for calls other than graph launches), or there is none */
    uint32_t done : 1;
    uint32_t other_domain : 1; /* in a range of another domain, and outside all ranges that own work */
    uint32_t time_high : 30;
    uint32_t time_low; /* when the call began; see call_time */
} call_slot;

typedef struct {
    uint64_t start, end;
    uint64_t graph_node;
    uint32_t name;    /* of kernels */
    uint32_t queue;   /* id */
    uint32_t earlier; /* number of the previous record that waits for the same call */
    bool chained;     /* `earlier` is set */
    bool waits, kernel, timed;
} waiting_record;

/* An unattributed record that starts before the first call that has been read. */
typedef struct {
    uint64_t start, ns;
    bool kernel;
} early_record;

struct attribution_state {
    names_table *names;
    attribution_ranges *ranges;
    attribution_graphs graphs;
    attribution_bodies bodies;
    waiting_record *body_records; /* kernels whose launch is determined at the end */
    size_t body_record_count, body_record_cap;
    uint32_t *shapes; /* shape id -> name index + 1; 0: unknown */
    size_t shape_cap;
    base_map other_shapes; /* shape id -> name index, for larger ids */
    graph_replay *replays;
    size_t replay_count, replay_cap;
    base_map by_replay;    /* launch and graph node -> replays */
    call_slot *calls;      /* by the correlation id's low bits */
    size_t call_cap;       /* a power of two, at most ATTRIBUTION_CALLS */
    waiting_record *queue; /* a ring, by the record's number */
    size_t queue_cap;
    uint32_t head, tail; /* number of the next record; number of the earliest record that may still wait */
    attribution_counts counts;
    attribution_devices devices;
    attribution_record_check check;
    uint64_t first_call; /* ns: the earliest start of a call so far; UINT64_MAX: none */
    early_record *before;
    size_t before_count, before_cap;
    uint64_t latest_call;      /* ns: the latest end of a call so far */
    trace_gpu_event *deferred; /* records that end long after the last call so far; later calls may follow */
    size_t deferred_count, deferred_cap;
};

attribution_state *attribution_new(names_table *names, attribution_ranges *ranges) {
    attribution_state *a = base_alloc(1, sizeof *a);
    a->names = names;
    a->ranges = ranges;
    a->call_cap = CALLS_AT_FIRST;
    a->first_call = UINT64_MAX;
    a->calls = base_alloc(a->call_cap, sizeof *a->calls);
    attribution_graphs_init(&a->graphs, ranges);
    return a;
}

void attribution_queue(attribution_state *a, const trace_queue *q) {
    attribution_devices_queue(&a->devices, q);
}

void attribution_shape(attribution_state *a, const trace_shape *s) {
    uint32_t name = names_of_id(a->names, s->name);
    if (s->id < DIRECT_SHAPES) {
        a->shapes = base_grow(a->shapes, &a->shape_cap, (size_t)s->id + 1, sizeof *a->shapes);
        a->shapes[s->id] = name + 1;
    } else {
        base_map_put(&a->other_shapes, s->id, name);
    }
}

static uint32_t name_of_shape(attribution_state *a, uint32_t shape) {
    uint32_t name = BASE_NONE;
    if (shape < a->shape_cap) {
        name = a->shapes[shape] - 1; /* 0 becomes BASE_NONE */
    } else if (shape >= DIRECT_SHAPES) {
        name = base_map_get(&a->other_shapes, shape);
    }
    return name == BASE_NONE ? names_of_id(a->names, 0) : name;
}

/* Stores a time in 62 bits. An invalid time becomes 0, so that GPU work may start at any time. */
static void set_call_time(call_slot *call, uint64_t time) {
    time = time >> 62 != 0 ? 0 : time;
    call->time_high = (uint32_t)(time >> 32) & 0x3fffffff;
    call->time_low = (uint32_t)time;
}

static uint64_t call_time(const call_slot *call) {
    return (uint64_t)call->time_high << 32 | call->time_low;
}

/* Adds up work whose graph node may become known later; returns false when there is no room. */
static bool put_off_replay(attribution_state *a, const call_slot *call, const waiting_record *w) {
    uint32_t launch = call->node;
    uint64_t time = call_time(call);
    uint64_t key = (uint64_t)launch << 32 | attribution_graphs_index(&a->graphs, w->graph_node);
    uint32_t first = base_map_get(&a->by_replay, key), at = first;
    while (at != BASE_NONE && (a->replays[at].kernel != w->kernel || a->replays[at].name != w->name ||
                               a->replays[at].other_domain != call->other_domain)) {
        at = a->replays[at].other;
    }
    if (at == BASE_NONE && a->replay_count == ATTRIBUTION_REPLAYS) {
        return false;
    }
    if (at == BASE_NONE) {
        at = (uint32_t)a->replay_count;
        a->replays = base_grow(a->replays, &a->replay_cap, a->replay_count + 1, sizeof *a->replays);
        a->replays[a->replay_count++] = (graph_replay){.launch = launch,
                                                       .name = w->name,
                                                       .other = first,
                                                       .kernel = w->kernel,
                                                       .other_domain = call->other_domain,
                                                       .graph_node = w->graph_node,
                                                       .first = time,
                                                       .last = time};
        base_map_put(&a->by_replay, key, at);
    }
    graph_replay *r = &a->replays[at];
    r->first = time < r->first ? time : r->first;
    r->last = time > r->last ? time : r->last;
    r->count++;
    r->ns += w->end - w->start;
    r->squares += attribution_amount_of(w->end - w->start).squares;
    return true;
}

static void count_other_domain(attribution_state *a, bool kernel, attribution_work more) {
    attribution_work *work = kernel ? &a->counts.other_domain_kernels : &a->counts.other_domain_transfers;
    work->count += more.count;
    work->ns += more.ns;
}

/* Called once for each record, after its times were checked. */
static void add_to_device(attribution_state *a, const waiting_record *w) {
    if (w->timed) {
        attribution_devices_add(&a->devices, a->names, w->queue, w->kernel ? w->name : BASE_NONE, w->start,
                                w->end);
    }
}

static void attribute_record(attribution_state *a, const waiting_record *w, const call_slot *call) {
    bool later = false;
    uint32_t at = call->node;
    if (w->graph_node != 0) {
        uint64_t time = call_time(call);
        if (w->timed && call->correlation != 0) {
            attribution_bodies_launch(&a->bodies,
                                      &(attribution_graph_launch){.graph = (uint32_t)(w->graph_node >> 32),
                                                                  .correlation = call->correlation,
                                                                  .called = time,
                                                                  .start = w->start,
                                                                  .end = w->end,
                                                                  .node = call->node,
                                                                  .span = call->span});
        }
        uint32_t owner = attribution_graphs_owner(&a->graphs, at, w->graph_node, time);
        later = owner == BASE_NONE && put_off_replay(a, call, w);
        a->counts.unknown_nodes += owner == BASE_NONE && !later;
        at = owner == BASE_NONE ? at : owner;
    }
    if (call->other_domain && !later && at == ATTRIBUTION_ROOT) {
        count_other_domain(a, w->kernel, (attribution_work){1, w->end - w->start});
    }
    add_to_device(a, w);
    attribution_ranges_gpu(a->ranges, call->span, later ? BASE_NONE : at, w->kernel ? w->name : BASE_NONE,
                           w->timed, w->start, w->end);
}

/* Attributes deferred work to the ranges of its graph node, or to the launch's range if the node is unknown or was updated
 * between its launches. */
static void settle_replays(attribution_state *a) {
    for (size_t i = 0; i < a->replay_count; i++) {
        const graph_replay *r = &a->replays[i];
        uint32_t owner = attribution_graphs_owner(&a->graphs, r->launch, r->graph_node, r->first);
        if (owner != attribution_graphs_owner(&a->graphs, r->launch, r->graph_node, r->last)) {
            owner = BASE_NONE;
        }
        uint32_t node = owner == BASE_NONE ? r->launch : owner;
        if (r->other_domain && node == ATTRIBUTION_ROOT) {
            count_other_domain(a, r->kernel, (attribution_work){r->count, r->ns});
        }
        attribution_ranges_add_total(a->ranges, node, r->kernel ? r->name : BASE_NONE,
                                     (attribution_amount){r->count, r->ns, r->squares});
        a->counts.unknown_nodes += owner == BASE_NONE ? r->count : 0;
    }
    a->replay_count = 0;
}

static void count_unattributed(attribution_state *a, const waiting_record *w) {
    attribution_work *work = w->kernel ? &a->counts.unattributed_kernels : &a->counts.unattributed_transfers;
    work->count++;
    work->ns += w->end - w->start;
    add_to_device(a, w);
    if (w->kernel) {
        attribution_ranges_unattributed(a->ranges, w->name, w->end - w->start);
    }
    if (w->timed && w->start < a->first_call && a->before_count < BEFORE_MAX) {
        a->before = base_grow(a->before, &a->before_cap, a->before_count + 1, sizeof *a->before);
        a->before[a->before_count++] = (early_record){w->start, w->end - w->start, w->kernel};
    }
}

static waiting_record *queued_record(const attribution_state *a, uint32_t number) {
    return &a->queue[number & (a->queue_cap - 1)];
}

static void drop_oldest_record(attribution_state *a) {
    waiting_record *w = queued_record(a, a->tail++);
    if (w->waits) {
        count_unattributed(a, w);
        w->waits = false;
    }
}

/* Appends a record to the ring, which doubles up to its full length; returns the record's number. */
static uint32_t enqueue_record(attribution_state *a, const waiting_record *w) {
    while (a->tail != a->head && !queued_record(a, a->tail)->waits) {
        a->tail++;
    }
    if (a->head - a->tail == a->queue_cap && a->queue_cap == ATTRIBUTION_WAITING) {
        drop_oldest_record(a);
    } else if (a->head - a->tail == a->queue_cap) {
        size_t cap = a->queue_cap ? a->queue_cap * 2 : 1024;
        waiting_record *bigger = base_alloc(cap, sizeof *bigger);
        for (uint32_t i = a->tail; i != a->head; i++) {
            bigger[i & (cap - 1)] = *queued_record(a, i);
        }
        free(a->queue);
        a->queue = bigger;
        a->queue_cap = cap;
    }
    *queued_record(a, a->head) = *w;
    return a->head++;
}

static bool is_still_queued(const attribution_state *a, uint32_t number) {
    return number - a->tail < a->head - a->tail;
}

/* ---- times that cannot be ---- */

/* The record has been counted with its times. */
static void reject_times(attribution_state *a, waiting_record *w) {
    attribution_work *all = w->kernel ? &a->counts.kernels : &a->counts.transfers;
    all->ns -= w->end - w->start;
    *(w->kernel ? &a->counts.untimed_kernels : &a->counts.untimed_transfers) += 1;
    *(w->kernel ? &a->counts.impossible_kernels : &a->counts.impossible_transfers) += 1;
    w->timed = false;
    w->start = w->end = 0;
}

static void reject_before_call(attribution_state *a, waiting_record *w, uint64_t called) {
    if (!w->timed || w->start >= called) {
        return;
    }
    uint64_t early = called - w->start;
    if (early > ATTRIBUTION_CHECK_EARLY) {
        reject_times(a, w);
        return;
    }
    *(w->kernel ? &a->counts.early_kernels : &a->counts.early_transfers) += 1;
    a->counts.earliest_ns = early > a->counts.earliest_ns ? early : a->counts.earliest_ns;
}

/* Attributes the records that wait for this call, from record `newest` backwards. Returns true if it was the only record
 * of a call other than a graph launch. */
static bool resolve_call(attribution_state *a, uint32_t newest, const call_slot *call) {
    bool done = false;
    for (uint32_t number = newest; is_still_queued(a, number);) {
        waiting_record *w = queued_record(a, number);
        if (!w->waits) {
            break;
        }
        reject_before_call(a, w, call_time(call));
        attribute_record(a, w, call);
        w->waits = false;
        done = w->graph_node == 0;
        if (!w->chained) {
            break;
        }
        number = w->earlier;
    }
    return done;
}

/* Whether correlation id x was assigned after y; ids may wrap around. */
static bool is_younger(uint32_t x, uint32_t y) {
    return (int32_t)(x - y) > 0;
}

/* Whether a correlation id may use the slot: the slot is its own, is free, or belongs to an old call that is done. */
static inline bool may_use_slot(const call_slot *slot, uint32_t correlation) {
    return slot->correlation == correlation || slot->correlation == 0 ||
           (slot->done && is_younger(correlation, slot->correlation + ATTRIBUTION_DONE - 1));
}

/* Returns a slot for a correlation id whose place is occupied. The table doubles, up to its full length, before a slot is
 * reused. */
static __attribute__((noinline)) call_slot *new_call_slot(attribution_state *a, uint32_t correlation) {
    for (;;) {
        call_slot *slot = &a->calls[correlation & (a->call_cap - 1)];
        if (a->call_cap == ATTRIBUTION_CALLS || may_use_slot(slot, correlation)) {
            return slot;
        }
        size_t cap = a->call_cap;
        a->calls = base_grow(a->calls, &a->call_cap, cap * 2, sizeof *a->calls);
        for (size_t i = 0; i < cap; i++) {
            if (a->calls[i].correlation & cap) {
                a->calls[i + cap] = a->calls[i];
                a->calls[i] = (call_slot){0};
            }
        }
    }
}

static inline call_slot *call_slot_of(attribution_state *a, uint32_t correlation) {
    call_slot *slot = &a->calls[correlation & (a->call_cap - 1)];
    return may_use_slot(slot, correlation) ? slot : new_call_slot(a, correlation);
}

void attribution_call(attribution_state *a, const trace_host_event *e) {
    if (e->kind != TRACE_HOST_API) {
        attribution_graphs_event(&a->graphs, e);
        return;
    }
    uint32_t node, span, name = names_of_id(a->names, e->name);
    names_call_kind kind = a->names->list[name].call;
    if (kind == NAMES_CALL_QUERY) {
        return; /* half of a capture's calls */
    }
    uint64_t end = e->time + e->duration;
    a->latest_call = end > a->latest_call ? end : a->latest_call;
    a->first_call = e->time < a->first_call ? e->time : a->first_call;
    attribution_ranges_owner(a->ranges, e->thread, e->time, &node, &span);
    if (span != BASE_NONE && kind != NAMES_CALL_OTHER) {
        attribution_ranges_call(a->ranges, span, kind, e->time, end);
    }
    uint32_t behind =
        kind != NAMES_CALL_OTHER ? attribution_ranges_span_behind(a->ranges, e->thread) : BASE_NONE;
    if (behind != BASE_NONE) {
        attribution_ranges_call_behind(a->ranges, behind, kind, e->time, end);
    }
    if (e->correlation == 0) {
        return;
    }
    call_slot found = {.correlation = e->correlation, .node = node, .span = span};
    found.other_domain = node == ATTRIBUTION_ROOT && attribution_ranges_in_other_domain(a->ranges, e->thread);
    set_call_time(&found, e->time);
    call_slot *call = call_slot_of(a, e->correlation);
    bool done = false;
    if (call->correlation == e->correlation) {
        if (call->node == BASE_NONE) {
            done = resolve_call(a, call->span, &found);
        }
    } else if (call->correlation != 0 && is_younger(call->correlation, e->correlation)) {
        return;
    }
    found.done = done || !a->names->list[name].enqueues;
    *call = found;
}

static inline __attribute__((always_inline)) void place_record(attribution_state *a, const trace_gpu_event *e,
                                                               bool impossible) {
    bool kernel = e->kind == TRACE_GPU_KERNEL, timed = e->timed && e->end >= e->start;
    waiting_record w = {.start = timed ? e->start : 0,
                        .end = timed ? e->end : 0,
                        .graph_node = e->graph_node,
                        .name = kernel ? name_of_shape(a, e->shape) : 0,
                        .queue = e->queue,
                        .waits = true,
                        .kernel = kernel,
                        .timed = timed};
    attribution_work *all = kernel ? &a->counts.kernels : &a->counts.transfers;
    all->count++;
    all->ns += w.end - w.start;
    if (!timed) {
        *(kernel ? &a->counts.untimed_kernels : &a->counts.untimed_transfers) += 1;
    }
    if (impossible) {
        reject_times(a, &w);
    }
    a->counts.last_end = w.end > a->counts.last_end ? w.end : a->counts.last_end;

    if (e->correlation == 0 && e->graph_node != 0 && timed && a->body_record_count < ATTRIBUTION_BODIES) {
        a->body_records = base_grow(a->body_records, &a->body_record_cap, a->body_record_count + 1,
                                    sizeof *a->body_records);
        a->body_records[a->body_record_count++] = w;
        return;
    }
    if (e->correlation == 0) {
        count_unattributed(a, &w);
        return;
    }
    call_slot *call = call_slot_of(a, e->correlation);
    if (call->correlation == e->correlation && call->node != BASE_NONE) {
        reject_before_call(a, &w, call_time(call));
        attribute_record(a, &w, call);
        call->done = e->graph == 0;
    } else if (call->correlation == e->correlation) {
        w.chained = true;
        w.earlier = call->span;
        call->span = enqueue_record(a, &w);
    } else if (call->correlation == 0 || is_younger(e->correlation, call->correlation)) {
        *call = (call_slot){.correlation = e->correlation, .node = BASE_NONE, .span = enqueue_record(a, &w)};
    } else {
        count_unattributed(a, &w);
    }
}

static bool ends_late(const attribution_state *a, const trace_gpu_event *e) {
    return e->timed && a->latest_call != 0 && e->end > a->latest_call &&
           e->end - a->latest_call > ATTRIBUTION_CHECK_LATE;
}

static void place_checked(attribution_state *a, const attribution_checked *r) {
    if (!r->impossible && ends_late(a, &r->event) && a->deferred_count < DEFERRED_MAX) {
        a->deferred = base_grow(a->deferred, &a->deferred_cap, a->deferred_count + 1, sizeof *a->deferred);
        a->deferred[a->deferred_count++] = r->event;
    } else {
        place_record(a, &r->event, r->impossible);
    }
}

void attribution_gpu(attribution_state *a, const trace_gpu_event *e) {
    const attribution_checked *oldest = attribution_record_check_make_room(&a->check);
    if (oldest) {
        place_checked(a, oldest);
    }
    attribution_record_check_put(&a->check, e);
}

/* Attributes a kernel of a loop or branch to its launch. Returns false if the launch is ambiguous or, in the second pass,
 * missing. */
static bool attribute_body(attribution_state *a, const waiting_record *w, bool second_pass) {
    const attribution_graph_launch *launch =
        attribution_bodies_find(&a->bodies, w->graph_node, w->start, second_pass);
    if (launch) {
        call_slot call = {.node = launch->node, .span = launch->span};
        set_call_time(&call, launch->called);
        attribute_record(a, w, &call);
    }
    return launch != NULL;
}

static void settle_bodies(attribution_state *a) {
    size_t kept = 0;
    attribution_bodies_sort(&a->bodies);
    for (size_t i = 0; i < a->body_record_count; i++) {
        if (!attribute_body(a, &a->body_records[i], false)) {
            a->body_records[kept++] = a->body_records[i];
        }
    }
    for (size_t i = 0; i < kept; i++) {
        if (!attribute_body(a, &a->body_records[i], true)) {
            count_unattributed(a, &a->body_records[i]);
        }
    }
    a->body_record_count = 0;
}

/* Counts work that starts before the first call of the whole trace. Without calls nothing is known. */
static void count_before_first_call(attribution_state *a) {
    for (size_t i = 0; i < a->before_count && a->first_call != UINT64_MAX; i++) {
        const early_record *r = &a->before[i];
        attribution_work *work = r->kernel ? &a->counts.before_kernels : &a->counts.before_transfers;
        if (r->start < a->first_call) {
            work->count++;
            work->ns += r->ns;
        }
    }
    a->before_count = 0;
}

void attribution_finish(attribution_state *a, unsigned jobs) {
    for (const attribution_checked *r; (r = attribution_record_check_take(&a->check)) != NULL;) {
        place_checked(a, r);
    }
    for (size_t i = 0; i < a->deferred_count; i++) {
        place_record(a, &a->deferred[i], ends_late(a, &a->deferred[i]));
    }
    while (a->tail != a->head) {
        drop_oldest_record(a);
    }
    settle_bodies(a);
    count_before_first_call(a);
    attribution_devices_settle(&a->devices);
    attribution_ranges_settle(a->ranges, jobs);
    settle_replays(a);
    attribution_ranges_sum_nodes(a->ranges);
}

attribution_counts attribution_counts_of(const attribution_state *a) {
    return a->counts;
}

void attribution_take_devices(attribution_state *a, attribution_devices *devices) {
    *devices = a->devices;
    a->devices = (attribution_devices){0};
}

size_t attribution_call_room(const attribution_state *a) {
    return a->call_cap;
}

void attribution_free(attribution_state *a) {
    if (!a) {
        return;
    }
    free(a->calls);
    free(a->queue);
    free(a->replays);
    free(a->deferred);
    free(a->before);
    free(a->body_records);
    attribution_bodies_free(&a->bodies);
    attribution_graphs_free(&a->graphs);
    base_map_free(&a->by_replay);
    attribution_devices_free(&a->devices);
    free(a->shapes);
    base_map_free(&a->other_shapes);
    free(a);
}
