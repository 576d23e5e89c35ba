/* The events of a trace become rows: ranges when they close, calls and GPU work as they come, and what only a
 * capture of Nsight Systems holds. */
#include "analysis/events/event_store_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/events/event_sources.h"

#include <string.h>

/* Definitions, and places of copies, that are kept. */
#define DEFINITIONS_MAX 4096
#define PLACES_MAX      4096

static void extend_source_times(events_reading *rd, uint64_t start, uint64_t end) {
    /* An imported capture keeps its own zero. */
    rd->rows->zero = start < rd->rows->zero && !rd->imported ? start : rd->rows->zero;
    /* The trace ends behind its last event: ranges that are open then can be told from those that ended with
     * it. */
    rd->source->last = end + 1 > rd->source->last ? end + 1 : rd->source->last;
}

static bool is_in_window(const events_reading *rd, uint64_t start, uint64_t end) {
    return end >= rd->from && start <= rd->to;
}

static void emit_range(void *ctx, const events_range *row) {
    const events_reading *rd = ctx;
    if (is_in_window(rd, row->start, row->end)) {
        base_sorter_add(rd->rows->ranges, row);
    }
}

static events_range_style style_of(uint8_t kind) {
    switch (kind) {
    case TRACE_HOST_PUSH:
        return EVENTS_PUSH_POP;
    case TRACE_HOST_START:
        return EVENTS_START_END;
    default:
        return EVENTS_MARK;
    }
}

static void on_event_nvtx(events_reading *rd, const trace_host_event *e) {
    uint32_t thread = events_rows_thread(rd, e->thread);
    uint64_t time = events_rows_shifted(rd, e->time);
    if (e->kind == TRACE_HOST_POP) {
        events_stacks_pop(&rd->stacks, thread, events_rows_domain(rd, e->domain), time);
        return;
    }
    if (e->kind == TRACE_HOST_END) {
        events_stacks_end(&rd->stacks, thread, e->id, time);
        return;
    }
    events_range row = {.start = time,
                        .end = time,
                        .id = e->id,
                        .payload = e->payload,
                        .name = events_rows_name(rd, e->name),
                        .domain = events_rows_domain(rd, e->domain),
                        .thread = thread,
                        .end_thread = thread,
                        .category = e->category,
                        .color = e->color,
                        .style = style_of(e->kind),
                        .payload_type = e->payload_type};
    if (e->kind != TRACE_HOST_MARK) {
        events_stacks_open(&rd->stacks, &row, rd->rows->names.list[row.name].text);
    } else if (events_stacks_wants(&rd->stacks, thread)) {
        emit_range(rd, &row);
    }
}

/* The id over all traces; 0 stays 0. */
static uint64_t unique_correlation(events_reading *rd, uint32_t correlation) {
    events_source *source = rd->source;
    source->correlation_max = correlation > source->correlation_max ? correlation : source->correlation_max;
    return correlation == 0 ? 0 : source->correlation_base + correlation;
}

static void on_event_call(events_reading *rd, const trace_host_event *e) {
    uint64_t correlation = unique_correlation(rd, e->correlation), start = events_rows_shifted(rd, e->time);
    uint32_t thread = events_rows_thread(rd, e->thread);
    if (correlation != 0 && !base_set_add(rd->calls, correlation)) {
        rd->source->twice++;
        correlation = 0; /* a second one would double the kernel in every report */
    }
    if (!events_stacks_wants(&rd->stacks, thread) || !is_in_window(rd, start, start + e->duration)) {
        return;
    }
    if (correlation != 0 && rd->kept) {
        base_set_add(rd->kept, correlation);
    }
    base_sorter_add(rd->rows->calls, &(events_call){.start = start,
                                                    .duration = e->duration,
                                                    .correlation = correlation,
                                                    .name = events_rows_call_name(rd, e->name),
                                                    .thread = thread,
                                                    .result = e->result,
                                                    .no_result = e->no_result});
}

static void on_event_node(events_reading *rd, const trace_host_event *e) {
    bool is_node = e->kind == TRACE_HOST_NODE;
    base_sorter_add(rd->rows->nodes, &(events_node){.time = events_rows_shifted(rd, e->time),
                                                    .id = e->id,
                                                    .original = is_node ? e->payload : 0,
                                                    .graph = is_node ? e->graph : (uint32_t)e->id,
                                                    .thread = events_rows_thread(rd, e->thread),
                                                    .is_node = is_node});
}

static void keep_definition(events_store *rows, const events_definition *row) {
    rows->definitions = base_grow(rows->definitions, &rows->definition_cap, rows->definition_count + 1,
                                  sizeof *rows->definitions);
    rows->definitions[rows->definition_count++] = *row;
}

/* A category's name, each once. */
static void on_event_category(events_reading *rd, const trace_host_event *e) {
    events_store *rows = rd->rows;
    events_definition row = {.time = events_rows_shifted(rd, e->time),
                             .type = EVENTS_CATEGORY,
                             .name = events_rows_name(rd, e->name),
                             .domain = events_rows_domain(rd, e->domain),
                             .thread = events_rows_thread(rd, e->thread),
                             .category = (uint32_t)e->id};
    for (size_t i = rd->first_definition; i < rows->definition_count; i++) {
        const events_definition *other = &rows->definitions[i];
        if (other->type == row.type && other->category == row.category && other->domain == row.domain &&
            other->name == row.name) {
            return;
        }
    }
    if (rows->definition_count - rd->first_definition < DEFINITIONS_MAX) {
        keep_definition(rows, &row);
    }
}

static void on_event_other(void *ctx, const input_nvtx *e) {
    events_reading *rd = ctx;
    events_definition row = {.time = events_rows_shifted(rd, e->time),
                             .type = e->type,
                             .name = e->name ? events_rows_name(rd, e->name) : BASE_NONE,
                             .thread = events_rows_thread(rd, e->thread)};
    if (rd->kept || !is_in_window(rd, row.time, row.time)) {
        return;
    }
    row.domain = events_rows_domain(rd, e->domain);
    /* A domain that was made has a row of its own. */
    if (e->type != INPUT_DOMAIN_MADE && rd->rows->definition_count - rd->first_definition < DEFINITIONS_MAX) {
        keep_definition(rd->rows, &row);
    }
}

static void on_event_sync(void *ctx, const input_sync *s) {
    events_reading *rd = ctx;
    events_sync row = {.start = events_rows_shifted(rd, s->start),
                       .duration = s->end - s->start,
                       .correlation = unique_correlation(rd, s->correlation),
                       .type = s->type,
                       .event = s->event,
                       .event_sync = s->event_sync,
                       .queue = base_map_get(&rd->queues, s->queue)};
    bool wanted = !rd->kept || (row.correlation != 0 && base_set_has(rd->kept, row.correlation));
    if (wanted && row.queue != BASE_NONE && is_in_window(rd, row.start, row.start + row.duration)) {
        base_sorter_add(rd->rows->syncs, &row);
    }
}

/* No range is around it: it is the profiler's. */
static void on_event_overhead(void *ctx, const input_overhead *o) {
    events_reading *rd = ctx;
    events_overhead row = {.start = events_rows_shifted(rd, o->start),
                           .duration = o->end - o->start,
                           .result = o->result,
                           .thread = events_rows_thread(rd, o->thread),
                           .name = events_rows_name(rd, o->name)};
    if (!rd->kept && is_in_window(rd, row.start, row.start + row.duration)) {
        base_sorter_add(rd->rows->overheads, &row);
    }
}

/* The next copy's. */
static void on_event_places(void *ctx, input_place from, input_place to) {
    events_reading *rd = ctx;
    events_store *rows = rd->rows;
    events_place place = {from.device, from.context, to.device, to.context};
    rd->place = 0;
    if (from.device < 0 && from.context < 0 && to.device < 0 && to.context < 0) {
        return;
    }
    size_t i = 0;
    while (i < rows->place_count && memcmp(&rows->places[i], &place, sizeof place) != 0) {
        i++;
    }
    if (i == rows->place_count && i < PLACES_MAX) {
        rows->places = base_grow(rows->places, &rows->place_cap, i + 1, sizeof *rows->places);
        rows->places[rows->place_count++] = place;
    }
    rd->place = i < rows->place_count ? (uint32_t)i + 1 : 0;
}

static int on_event_host(void *ctx, const trace_host_event *e) {
    events_reading *rd = ctx;
    rd->source->events++;
    extend_source_times(rd, events_rows_shifted(rd, e->time), events_rows_shifted(rd, e->time + e->duration));
    if (e->kind == TRACE_HOST_API) {
        on_event_call(rd, e);
    } else if (e->kind >= TRACE_HOST_PUSH && e->kind <= TRACE_HOST_MARK) {
        on_event_nvtx(rd, e);
    } else if (e->kind == TRACE_HOST_GRAPH || e->kind == TRACE_HOST_NODE) {
        on_event_node(rd, e);
    } else if (e->kind == TRACE_HOST_NAME && e->named == TRACE_NAMED_CATEGORY) {
        on_event_category(rd, e);
    }
    return 0;
}

static int on_event_gpu(void *ctx, const trace_gpu_event *e) {
    events_reading *rd = ctx;
    rd->source->events++;
    if (!e->timed || e->end < e->start) {
        rd->source->untimed++;
        return 0;
    }
    uint64_t start = events_rows_shifted(rd, e->start), duration = e->end - e->start;
    extend_source_times(rd, start, start + duration);
    if (!is_in_window(rd, start, start + duration)) {
        return 0;
    }
    events_gpu row = {.start = start,
                      .duration = duration,
                      .correlation = unique_correlation(rd, e->correlation),
                      .bytes = e->bytes,
                      .graph_node = e->graph_node,
                      .place = e->kind == TRACE_GPU_MEMCPY ? rd->place : 0,
                      .queue = events_rows_queue(rd, e->queue),
                      .shape = e->kind == TRACE_GPU_KERNEL ? events_rows_shape(rd, e->shape) : BASE_NONE,
                      .value = e->value,
                      .graph = e->graph,
                      .kind = e->kind,
                      .copy_kind = e->copy_kind,
                      .src_mem_kind = e->src_mem_kind,
                      .dst_mem_kind = e->dst_mem_kind,
                      .copy_is_async = e->copy_is_async};
    base_sorter_add(rd->gpu, &row);
    return 0;
}

static int on_event_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    events_reading *rd = ctx;
    (void)reason;
    (void)reason_len;
    time = events_rows_shifted(rd, time);
    rd->source->last = time > rd->source->last ? time : rd->source->last;
    return 0;
}

void events_rows_begin_events(events_reading *rd, trace_visitor *visitor, input_extras *extras) {
    rd->stacks = (events_stacks){.glob = rd->filter->range, .emit = emit_range, .ctx = rd};
    rd->first_definition = rd->rows->definition_count;
    rd->place = 0;
    rd->imported = events_source_meta(rd->source, "nsys.import") != NULL;
    visitor->host = on_event_host;
    visitor->gpu = on_event_gpu;
    visitor->end = on_event_end;
    extras->sync = on_event_sync;
    extras->overhead = on_event_overhead;
    extras->nvtx = on_event_other;
    extras->places = on_event_places;
}

void events_rows_finish_events(events_reading *rd) {
    events_store *rows = rd->rows;
    events_stacks_finish(&rd->stacks, rd->source->last);
    rows->last = rd->source->last > rows->last ? rd->source->last : rows->last;
}
