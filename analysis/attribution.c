/* From correlation ids to ranges. The table of calls is indexed by the low bits of the correlation id: CUPTI
 * hands the ids out in ascending order, so a slot is taken over only by a call that is ANALYSIS_CALLS ids
 * younger. */
#include "analysis/attribution.h"

#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

#define CALLS_AT_FIRST (1u << 16)
#define DIRECT_SHAPES  (1u << 20) /* shape ids that are looked up in an array */

void analysis_attribution_init(analysis_attribution *a, analysis_names *names, analysis_ranges *ranges) {
    memset(a, 0, sizeof *a);
    a->names = names;
    a->ranges = ranges;
    a->call_cap = CALLS_AT_FIRST;
    a->calls = analysis_alloc(a->call_cap, sizeof *a->calls);
    analysis_graphs_init(&a->graphs, ranges);
}

void analysis_attribution_shape(analysis_attribution *a, const trace_shape *s) {
    uint32_t name = analysis_names_of_id(a->names, s->name);
    if (s->id < DIRECT_SHAPES) {
        a->shapes = analysis_grow(a->shapes, &a->shape_cap, (size_t)s->id + 1, sizeof *a->shapes);
        a->shapes[s->id] = name + 1;
    } else {
        analysis_map_put(&a->great_shapes, s->id, name);
    }
}

static uint32_t name_of_shape(analysis_attribution *a, uint32_t shape) {
    uint32_t name = ANALYSIS_NONE;
    if (shape < a->shape_cap) {
        name = a->shapes[shape] - 1; /* 0 becomes ANALYSIS_NONE */
    } else if (shape >= DIRECT_SHAPES) {
        name = analysis_map_get(&a->great_shapes, shape);
    }
    return name == ANALYSIS_NONE ? analysis_names_of_id(a->names, 0) : name;
}

/* Keeps the sum of work whose graph node may become known later; false when there is no room for it. */
static bool put_off(analysis_attribution *a, uint32_t launch, const analysis_waiting *w) {
    uint64_t key = (uint64_t)launch << 32 | analysis_graphs_index(&a->graphs, w->graph_node);
    uint32_t first = analysis_map_get(&a->by_replay, key), at = first;
    while (at != ANALYSIS_NONE && (a->replays[at].kernel != w->kernel || a->replays[at].name != w->name)) {
        at = a->replays[at].other;
    }
    if (at == ANALYSIS_NONE && a->replay_count == ANALYSIS_REPLAYS) {
        return false;
    }
    if (at == ANALYSIS_NONE) {
        at = (uint32_t)a->replay_count;
        a->replays = analysis_grow(a->replays, &a->replay_cap, a->replay_count + 1, sizeof *a->replays);
        a->replays[a->replay_count++] = (analysis_replay){.launch = launch,
                                                          .name = w->name,
                                                          .other = first,
                                                          .kernel = w->kernel,
                                                          .graph_node = w->graph_node};
        analysis_map_put(&a->by_replay, key, at);
    }
    a->replays[at].count++;
    a->replays[at].ns += w->end - w->start;
    a->replays[at].squares += analysis_amount_of(w->end - w->start).squares;
    return true;
}

static void attribute(analysis_attribution *a, const analysis_waiting *w, uint32_t at, uint32_t span) {
    bool later = false;
    if (w->graph_node != 0) {
        uint32_t owner = analysis_graphs_owner(&a->graphs, at, w->graph_node);
        later = owner == ANALYSIS_NONE && put_off(a, at, w);
        a->unknown_nodes += owner == ANALYSIS_NONE && !later;
        at = owner == ANALYSIS_NONE ? at : owner;
    }
    analysis_ranges_gpu(a->ranges, span, later ? ANALYSIS_NONE : at, w->kernel ? w->name : ANALYSIS_NONE,
                        w->timed, w->start, w->end);
}

/* What was put off goes to the ranges of its node, or to the launch's. */
static void settle_replays(analysis_attribution *a) {
    for (size_t i = 0; i < a->replay_count; i++) {
        const analysis_replay *r = &a->replays[i];
        uint32_t owner = analysis_graphs_owner(&a->graphs, r->launch, r->graph_node);
        analysis_kernels_add(&a->ranges->works.kernels, owner == ANALYSIS_NONE ? r->launch : owner,
                             r->kernel ? r->name : ANALYSIS_NONE,
                             (analysis_amount){r->count, r->ns, r->squares});
        a->unknown_nodes += owner == ANALYSIS_NONE ? r->count : 0;
    }
    a->replay_count = 0;
}

static void lose(analysis_attribution *a, const analysis_waiting *w) {
    analysis_work *lost = w->kernel ? &a->lost_kernels : &a->lost_transfers;
    lost->count++;
    lost->ns += w->end - w->start;
    if (w->kernel) {
        analysis_ranges_lost(a->ranges, w->name, w->end - w->start);
    }
}

static analysis_waiting *queued(const analysis_attribution *a, uint32_t number) {
    return &a->queue[number & (a->queue_cap - 1)];
}

static void drop_tail(analysis_attribution *a) {
    analysis_waiting *w = queued(a, a->tail++);
    if (w->waits) {
        lose(a, w);
        w->waits = false;
    }
}

/* Puts a record into the ring, which doubles until it has its full length; returns its number. */
static uint32_t enqueue(analysis_attribution *a, const analysis_waiting *w) {
    while (a->tail != a->head && !queued(a, a->tail)->waits) {
        a->tail++;
    }
    if (a->head - a->tail == a->queue_cap && a->queue_cap == ANALYSIS_WAITING) {
        drop_tail(a);
    } else if (a->head - a->tail == a->queue_cap) {
        size_t cap = a->queue_cap ? a->queue_cap * 2 : 1024;
        analysis_waiting *bigger = analysis_alloc(cap, sizeof *bigger);
        for (uint32_t i = a->tail; i != a->head; i++) {
            bigger[i & (cap - 1)] = *queued(a, i);
        }
        free(a->queue);
        a->queue = bigger;
        a->queue_cap = cap;
    }
    *queued(a, a->head) = *w;
    return a->head++;
}

static bool still_queued(const analysis_attribution *a, uint32_t number) {
    return number - a->tail < a->head - a->tail;
}

/* Gives what waits for this call, from record `newest` backwards, to its owner. True when that was the one
 * record of a call that was no graph's. */
static bool resolve(analysis_attribution *a, uint32_t newest, uint32_t node, uint32_t span) {
    bool done = false;
    for (uint32_t number = newest; still_queued(a, number);) {
        analysis_waiting *w = queued(a, number);
        if (!w->waits) {
            break;
        }
        attribute(a, w, node, span);
        w->waits = false;
        done = w->graph_node == 0;
        if (!w->chained) {
            break;
        }
        number = w->earlier;
    }
    return done;
}

/* Whether correlation id x was handed out after y; the ids may wrap around. */
static bool younger(uint32_t x, uint32_t y) {
    return (int32_t)(x - y) > 0;
}

/* The slot of a correlation id that has none so far. The table doubles rather than let one call take
 * another's slot, unless that one is done and old, until it has its full length. */
static __attribute__((noinline)) analysis_call *new_slot(analysis_attribution *a, uint32_t correlation) {
    for (;;) {
        analysis_call *slot = &a->calls[correlation & (a->call_cap - 1)];
        if (slot->correlation == 0 || a->call_cap == ANALYSIS_CALLS ||
            (slot->done && younger(correlation, slot->correlation + ANALYSIS_DONE - 1))) {
            return slot;
        }
        size_t cap = a->call_cap;
        a->calls = analysis_grow(a->calls, &a->call_cap, cap * 2, sizeof *a->calls);
        for (size_t i = 0; i < cap; i++) {
            if (a->calls[i].correlation & cap) {
                a->calls[i + cap] = a->calls[i];
                a->calls[i] = (analysis_call){0};
            }
        }
    }
}

static inline analysis_call *slot_of(analysis_attribution *a, uint32_t correlation) {
    analysis_call *slot = &a->calls[correlation & (a->call_cap - 1)];
    return slot->correlation == correlation ? slot : new_slot(a, correlation);
}

void analysis_attribution_call(analysis_attribution *a, const trace_host_event *e) {
    if (e->kind != TRACE_HOST_API) {
        analysis_graphs_event(&a->graphs, e);
        return;
    }
    uint32_t node, span, name = analysis_names_of_id(a->names, e->name);
    analysis_call_kind kind = a->names->list[name].call;
    if (kind == ANALYSIS_CALL_ASKS) {
        return; /* half of a capture's calls */
    }
    analysis_ranges_owner(a->ranges, e->thread, e->time, &node, &span);
    if (span != ANALYSIS_NONE && kind != ANALYSIS_CALL_OTHER) {
        analysis_ranges_call(a->ranges, span, kind, e->time, e->time + e->duration);
    }
    if (e->correlation == 0) {
        return;
    }
    analysis_call *call = slot_of(a, e->correlation);
    bool done = false;
    if (call->correlation == e->correlation) {
        if (call->node == ANALYSIS_NONE) {
            done = resolve(a, call->span, node, span);
        }
    } else if (call->correlation != 0 && younger(call->correlation, e->correlation)) {
        return;
    }
    done |= !a->names->list[name].gives_work;
    *call = (analysis_call){.correlation = e->correlation, .node = node, .span = span, .done = done};
}

void analysis_attribution_gpu(analysis_attribution *a, const trace_gpu_event *e) {
    bool kernel = e->kind == TRACE_GPU_KERNEL, timed = e->timed && e->end >= e->start;
    analysis_waiting w = {.start = timed ? e->start : 0,
                          .end = timed ? e->end : 0,
                          .graph_node = e->graph_node,
                          .name = kernel ? name_of_shape(a, e->shape) : 0,
                          .waits = true,
                          .kernel = kernel,
                          .timed = timed};
    analysis_work *all = kernel ? &a->all_kernels : &a->all_transfers;
    all->count++;
    all->ns += w.end - w.start;
    *(kernel ? &a->untimed_kernels : &a->untimed_transfers) += !timed;

    if (e->correlation == 0) {
        lose(a, &w);
        return;
    }
    analysis_call *call = slot_of(a, e->correlation);
    if (call->correlation == e->correlation && call->node != ANALYSIS_NONE) {
        attribute(a, &w, call->node, call->span);
        call->done = e->graph == 0;
    } else if (call->correlation == e->correlation) {
        w.chained = true;
        w.earlier = call->span;
        call->span = enqueue(a, &w);
    } else if (call->correlation == 0 || younger(e->correlation, call->correlation)) {
        *call = (analysis_call){.correlation = e->correlation, .node = ANALYSIS_NONE, .span = enqueue(a, &w)};
    } else {
        lose(a, &w);
    }
}

void analysis_attribution_finish(analysis_attribution *a) {
    while (a->tail != a->head) {
        drop_tail(a);
    }
    analysis_ranges_settle(a->ranges);
    settle_replays(a);
    const analysis_kernels *sums = &a->ranges->works.kernels;
    for (size_t i = 0; i < sums->count; i++) {
        const analysis_kernel *kernel = &sums->list[i];
        if (kernel->node != ANALYSIS_NONE) {
            a->ranges->nodes[kernel->node].kernels += kernel->count;
            a->ranges->nodes[kernel->node].kernel_ns += kernel->ns;
        }
    }
    for (size_t i = 0; i < sums->transfer_cap && i < a->ranges->node_count; i++) {
        a->ranges->nodes[i].transfers += sums->transfers[i].count;
        a->ranges->nodes[i].transfer_ns += sums->transfers[i].ns;
    }
}

void analysis_attribution_free(analysis_attribution *a) {
    free(a->calls);
    free(a->queue);
    free(a->replays);
    analysis_graphs_free(&a->graphs);
    analysis_map_free(&a->by_replay);
    free(a->shapes);
    analysis_map_free(&a->great_shapes);
    memset(a, 0, sizeof *a);
}
