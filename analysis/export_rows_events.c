/* The events of a trace become rows: ranges when they close, calls and GPU work as they come, and what only a
 * capture of Nsight Systems holds. */
#include "analysis/export_rows_parts.h"

#include "analysis/memory.h"

#include <string.h>

/* Definitions, and places of copies, that are kept. */
#define DEFINITIONS_MAX 4096
#define PLACES_MAX      4096

static void see(analysis_reading *rd, uint64_t start, uint64_t end) {
    /* An imported capture keeps its own zero. */
    rd->rows->zero = start < rd->rows->zero && !rd->imported ? start : rd->rows->zero;
    /* The trace ends behind its last event: ranges that are open then can be told from those that ended with
     * it. */
    rd->source->last = end + 1 > rd->source->last ? end + 1 : rd->source->last;
}

static bool in_window(const analysis_reading *rd, uint64_t start, uint64_t end) {
    return end >= rd->from && start <= rd->to;
}

static void emit_range(void *ctx, const analysis_event_range *row) {
    const analysis_reading *rd = ctx;
    if (in_window(rd, row->start, row->end)) {
        analysis_sorter_add(rd->rows->ranges, row);
    }
}

static void on_nvtx(analysis_reading *rd, const trace_host_event *e) {
    uint32_t thread = analysis_rows_thread(rd, e->thread);
    uint64_t time = analysis_rows_shifted(rd, e->time);
    if (e->kind == TRACE_HOST_POP) {
        analysis_stacks_pop(&rd->stacks, thread, analysis_rows_domain(rd, e->domain), time);
        return;
    }
    if (e->kind == TRACE_HOST_END) {
        analysis_stacks_end(&rd->stacks, thread, e->id, time);
        return;
    }
    analysis_event_range row = {.start = time,
                                .end = time,
                                .id = e->id,
                                .payload = e->payload,
                                .name = analysis_rows_name(rd, e->name),
                                .domain = analysis_rows_domain(rd, e->domain),
                                .thread = thread,
                                .end_thread = thread,
                                .category = e->category,
                                .color = e->color,
                                .style = e->kind == TRACE_HOST_PUSH    ? ANALYSIS_EVENT_PUSH_POP
                                         : e->kind == TRACE_HOST_START ? ANALYSIS_EVENT_START_END
                                                                       : ANALYSIS_EVENT_MARK,
                                .payload_type = e->payload_type};
    if (e->kind != TRACE_HOST_MARK) {
        analysis_stacks_open(&rd->stacks, &row, rd->rows->names.list[row.name].text);
    } else if (analysis_stacks_wants(&rd->stacks, thread)) {
        emit_range(rd, &row);
    }
}

/* The id over all traces; 0 stays 0. */
static uint64_t unique_correlation(analysis_reading *rd, uint32_t correlation) {
    analysis_event_source *source = rd->source;
    source->correlation_max = correlation > source->correlation_max ? correlation : source->correlation_max;
    return correlation == 0 ? 0 : source->correlation_base + correlation;
}

static void on_call(analysis_reading *rd, const trace_host_event *e) {
    uint64_t correlation = unique_correlation(rd, e->correlation), start = analysis_rows_shifted(rd, e->time);
    uint32_t thread = analysis_rows_thread(rd, e->thread);
    if (correlation != 0 && !analysis_bits_add(rd->calls, correlation)) {
        rd->source->twice++;
        correlation = 0; /* a second one would double the kernel in every report */
    }
    if (!analysis_stacks_wants(&rd->stacks, thread) || !in_window(rd, start, start + e->duration)) {
        return;
    }
    if (correlation != 0 && rd->kept) {
        analysis_bits_add(rd->kept, correlation);
    }
    analysis_sorter_add(rd->rows->calls, &(analysis_event_call){.start = start,
                                                                .duration = e->duration,
                                                                .correlation = correlation,
                                                                .name = analysis_rows_call_name(rd, e->name),
                                                                .thread = thread,
                                                                .result = e->result,
                                                                .no_result = e->no_result});
}

static void on_node(analysis_reading *rd, const trace_host_event *e) {
    bool is_node = e->kind == TRACE_HOST_NODE;
    analysis_sorter_add(rd->rows->nodes, &(analysis_event_node){.time = analysis_rows_shifted(rd, e->time),
                                                                .id = e->id,
                                                                .original = is_node ? e->payload : 0,
                                                                .graph = is_node ? e->graph : (uint32_t)e->id,
                                                                .thread = analysis_rows_thread(rd, e->thread),
                                                                .is_node = is_node});
}

static void keep_definition(analysis_events *rows, const analysis_event_definition *row) {
    rows->definitions = analysis_grow(rows->definitions, &rows->definition_cap, rows->definition_count + 1,
                                      sizeof *rows->definitions);
    rows->definitions[rows->definition_count++] = *row;
}

/* A category's name, each once. */
static void on_category(analysis_reading *rd, const trace_host_event *e) {
    analysis_events *rows = rd->rows;
    analysis_event_definition row = {.time = analysis_rows_shifted(rd, e->time),
                                     .type = ANALYSIS_EVENT_CATEGORY,
                                     .name = analysis_rows_name(rd, e->name),
                                     .domain = analysis_rows_domain(rd, e->domain),
                                     .thread = analysis_rows_thread(rd, e->thread),
                                     .category = (uint32_t)e->id};
    for (size_t i = rd->first_definition; i < rows->definition_count; i++) {
        const analysis_event_definition *other = &rows->definitions[i];
        if (other->type == row.type && other->category == row.category && other->domain == row.domain &&
            other->name == row.name) {
            return;
        }
    }
    if (rows->definition_count - rd->first_definition < DEFINITIONS_MAX) {
        keep_definition(rows, &row);
    }
}

static void on_other(void *ctx, const analysis_import_nvtx *e) {
    analysis_reading *rd = ctx;
    analysis_event_definition row = {.time = analysis_rows_shifted(rd, e->time),
                                     .type = e->type,
                                     .name = e->name ? analysis_rows_name(rd, e->name) : ANALYSIS_NONE,
                                     .thread = analysis_rows_thread(rd, e->thread)};
    if (rd->kept || !in_window(rd, row.time, row.time)) {
        return;
    }
    row.domain = analysis_rows_domain(rd, e->domain);
    /* A domain that was made has a row of its own. */
    if (e->type != ANALYSIS_IMPORT_DOMAIN_MADE &&
        rd->rows->definition_count - rd->first_definition < DEFINITIONS_MAX) {
        keep_definition(rd->rows, &row);
    }
}

static void on_sync(void *ctx, const analysis_import_sync *s) {
    analysis_reading *rd = ctx;
    analysis_event_sync row = {.start = analysis_rows_shifted(rd, s->start),
                               .duration = s->end - s->start,
                               .correlation = unique_correlation(rd, s->correlation),
                               .type = s->type,
                               .event = s->event,
                               .event_sync = s->event_sync,
                               .queue = analysis_map_get(&rd->queues, s->queue)};
    bool wanted = !rd->kept || (row.correlation != 0 && analysis_bits_has(rd->kept, row.correlation));
    if (wanted && row.queue != ANALYSIS_NONE && in_window(rd, row.start, row.start + row.duration)) {
        analysis_sorter_add(rd->rows->syncs, &row);
    }
}

/* No range is around it: it is the profiler's. */
static void on_overhead(void *ctx, const analysis_import_overhead *o) {
    analysis_reading *rd = ctx;
    analysis_event_overhead row = {.start = analysis_rows_shifted(rd, o->start),
                                   .duration = o->end - o->start,
                                   .result = o->result,
                                   .thread = analysis_rows_thread(rd, o->thread),
                                   .name = analysis_rows_name(rd, o->name)};
    if (!rd->kept && in_window(rd, row.start, row.start + row.duration)) {
        analysis_sorter_add(rd->rows->overheads, &row);
    }
}

/* The next copy's. */
static void on_places(void *ctx, analysis_import_place from, analysis_import_place to) {
    analysis_reading *rd = ctx;
    analysis_events *rows = rd->rows;
    analysis_event_place place = {from.device, from.context, to.device, to.context};
    rd->place = 0;
    if (from.device < 0 && from.context < 0 && to.device < 0 && to.context < 0) {
        return;
    }
    size_t i = 0;
    while (i < rows->place_count && memcmp(&rows->places[i], &place, sizeof place) != 0) {
        i++;
    }
    if (i == rows->place_count && i < PLACES_MAX) {
        rows->places = analysis_grow(rows->places, &rows->place_cap, i + 1, sizeof *rows->places);
        rows->places[rows->place_count++] = place;
    }
    rd->place = i < rows->place_count ? (uint32_t)i + 1 : 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    analysis_reading *rd = ctx;
    rd->source->events++;
    see(rd, analysis_rows_shifted(rd, e->time), analysis_rows_shifted(rd, e->time + e->duration));
    if (e->kind == TRACE_HOST_API) {
        on_call(rd, e);
    } else if (e->kind >= TRACE_HOST_PUSH && e->kind <= TRACE_HOST_MARK) {
        on_nvtx(rd, e);
    } else if (e->kind == TRACE_HOST_GRAPH || e->kind == TRACE_HOST_NODE) {
        on_node(rd, e);
    } else if (e->kind == TRACE_HOST_NAME && e->named == TRACE_NAMED_CATEGORY) {
        on_category(rd, e);
    }
    return 0;
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    analysis_reading *rd = ctx;
    rd->source->events++;
    if (!e->timed || e->end < e->start) {
        rd->source->untimed++;
        return 0;
    }
    uint64_t start = analysis_rows_shifted(rd, e->start), duration = e->end - e->start;
    see(rd, start, start + duration);
    if (!in_window(rd, start, start + duration)) {
        return 0;
    }
    analysis_event_gpu row = {.start = start,
                              .duration = duration,
                              .correlation = unique_correlation(rd, e->correlation),
                              .bytes = e->bytes,
                              .graph_node = e->graph_node,
                              .place = e->kind == TRACE_GPU_MEMCPY ? rd->place : 0,
                              .queue = analysis_rows_queue(rd, e->queue),
                              .shape = e->kind == TRACE_GPU_KERNEL ? analysis_rows_shape(rd, e->shape)
                                                                   : ANALYSIS_NONE,
                              .value = e->value,
                              .graph = e->graph,
                              .kind = e->kind,
                              .copy_kind = e->copy_kind,
                              .src_mem_kind = e->src_mem_kind,
                              .dst_mem_kind = e->dst_mem_kind,
                              .copy_is_async = e->copy_is_async};
    analysis_sorter_add(rd->gpu, &row);
    return 0;
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    analysis_reading *rd = ctx;
    (void)reason;
    (void)reason_len;
    time = analysis_rows_shifted(rd, time);
    rd->source->last = time > rd->source->last ? time : rd->source->last;
    return 0;
}

void analysis_rows_begin_events(analysis_reading *rd, trace_visitor *visitor,
                                analysis_import_extras *extras) {
    rd->stacks = (analysis_stacks){.glob = rd->filter->range, .emit = emit_range, .ctx = rd};
    rd->first_definition = rd->rows->definition_count;
    rd->place = 0;
    rd->imported = analysis_events_meta(rd->source, "nsys.import") != NULL;
    visitor->host = on_host;
    visitor->gpu = on_gpu;
    visitor->end = on_end;
    extras->sync = on_sync;
    extras->overhead = on_overhead;
    extras->nvtx = on_other;
    extras->places = on_places;
}

void analysis_rows_finish_events(analysis_reading *rd) {
    analysis_events *rows = rd->rows;
    analysis_stacks_finish(&rd->stacks, rd->source->last);
    rows->last = rd->source->last > rows->last ? rd->source->last : rows->last;
}
