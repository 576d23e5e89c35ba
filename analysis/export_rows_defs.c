/* The definitions of a trace: names, threads, queues, kernel shapes and domains, each in the order of the
 * first, and what stands in for one that was lost. */
#include "analysis/export_rows_parts.h"

#include "analysis/export_sources.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <string.h>

const char *const analysis_shape_columns[ANALYSIS_SHAPE_COLUMNS] = {"launchType",
                                                                    "cacheConfig",
                                                                    "registersPerThread",
                                                                    "gridX",
                                                                    "gridY",
                                                                    "gridZ",
                                                                    "blockX",
                                                                    "blockY",
                                                                    "blockZ",
                                                                    "staticSharedMemory",
                                                                    "dynamicSharedMemory",
                                                                    "localMemoryPerThread",
                                                                    "localMemoryTotal",
                                                                    "sharedMemoryExecuted",
                                                                    "sharedMemoryLimitConfig"};

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    analysis_source_set_meta(((analysis_reading *)ctx)->source, key, key_len, value, value_len);
    return 0;
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    analysis_reading *rd = ctx;
    analysis_map_put(&rd->strings, id, analysis_names_intern(&rd->rows->names, bytes, len));
    return 0;
}

uint32_t analysis_rows_name(analysis_reading *rd, uint32_t id) {
    uint32_t at = analysis_map_get(&rd->strings, id);
    if (at == ANALYSIS_NONE) {
        char text[16] = "";
        if (id != 0) {
            snprintf(text, sizeof text, "#%u", id);
        }
        at = analysis_names_intern(&rd->rows->names, text, strlen(text));
        analysis_map_put(&rd->strings, id, at);
    }
    return at;
}

/* CUDA 13 compiles cudaLaunchKernel into a call of __cudaLaunchKernel; other tools know
 * it by the name that it has in programs and in CUPTI. */
uint32_t analysis_rows_call_name(analysis_reading *rd, uint32_t id) {
    static const char entry[] = "__cudaLaunchKernel";
    uint32_t at = analysis_rows_name(rd, id);
    const analysis_name *name = &rd->rows->names.list[at];
    if (name->len < sizeof entry - 1 || memcmp(name->text, entry, sizeof entry - 1) != 0) {
        return at;
    }
    return analysis_names_intern(&rd->rows->names, name->text + 2, name->len - 2);
}

uint32_t analysis_rows_thread(analysis_reading *rd, uint32_t index) {
    uint32_t at = analysis_map_get(&rd->threads, index);
    if (at == ANALYSIS_NONE) {
        analysis_events *rows = rd->rows;
        at = (uint32_t)rows->thread_count;
        rows->threads =
            analysis_grow(rows->threads, &rows->thread_cap, rows->thread_count + 1, sizeof *rows->threads);
        rows->threads[rows->thread_count++] =
            (analysis_event_thread){.source = rd->number, .name = analysis_names_intern(&rows->names, "", 0)};
        analysis_map_put(&rd->threads, index, at);
    }
    return at;
}

static int on_thread(void *ctx, const trace_thread *t) {
    analysis_reading *rd = ctx;
    uint32_t at = analysis_rows_thread(rd, t->index);
    rd->rows->threads[at].tid = t->tid;
    rd->rows->threads[at].name = analysis_names_intern(&rd->rows->names, t->name, t->name_len);
    return 0;
}

static uint32_t new_queue(analysis_reading *rd, uint32_t id, analysis_event_queue queue) {
    analysis_events *rows = rd->rows;
    rows->queues = analysis_grow(rows->queues, &rows->queue_cap, rows->queue_count + 1, sizeof *rows->queues);
    rows->queues[rows->queue_count] = queue;
    analysis_map_put(&rd->queues, id, (uint32_t)rows->queue_count);
    return (uint32_t)rows->queue_count++;
}

uint32_t analysis_rows_queue(analysis_reading *rd, uint32_t id) {
    uint32_t at = analysis_map_get(&rd->queues, id);
    return at != ANALYSIS_NONE ? at : new_queue(rd, id, (analysis_event_queue){.source = rd->number});
}

static int on_queue(void *ctx, const trace_queue *q) {
    analysis_reading *rd = ctx;
    analysis_event_queue queue = {
        .source = rd->number, .device = q->device, .context = q->context, .stream = q->stream};
    uint32_t at = analysis_map_get(&rd->queues, q->id);
    if (at == ANALYSIS_NONE) {
        new_queue(rd, q->id, queue);
    } else {
        rd->rows->queues[at] = queue;
    }
    return 0;
}

/* Which columns the source says that it lacks: META `import.absent`, names with a space before and behind
 * each. */
static uint32_t absent_columns(const analysis_event_source *source) {
    const char *list = analysis_events_meta(source, "import.absent");
    uint32_t absent = 0;
    for (int i = 0; list && i < ANALYSIS_SHAPE_COLUMNS; i++) {
        char name[40];
        snprintf(name, sizeof name, " %s ", analysis_shape_columns[i]);
        absent |= strstr(list, name) ? 1u << i : 0;
    }
    return absent;
}

static uint32_t new_shape(analysis_reading *rd, const trace_shape *shape, bool known) {
    analysis_events *rows = rd->rows;
    rows->shapes = analysis_grow(rows->shapes, &rows->shape_cap, rows->shape_count + 1, sizeof *rows->shapes);
    analysis_event_shape *row = &rows->shapes[rows->shape_count];
    *row = (analysis_event_shape){
        .known = known, .shape = *shape, .source = rd->number, .absent = absent_columns(rd->source)};
    row->shape.name = shape->name == 0 ? ANALYSIS_NONE : analysis_rows_name(rd, shape->name);
    analysis_map_put(&rd->shapes, shape->id, (uint32_t)rows->shape_count);
    return (uint32_t)rows->shape_count++;
}

uint32_t analysis_rows_shape(analysis_reading *rd, uint32_t id) {
    uint32_t at = analysis_map_get(&rd->shapes, id);
    return at != ANALYSIS_NONE ? at : new_shape(rd, &(trace_shape){.id = id}, false);
}

static int on_shape(void *ctx, const trace_shape *s) {
    new_shape(ctx, s, true);
    return 0;
}

uint32_t analysis_rows_domain(analysis_reading *rd, uint32_t id) {
    if (id == 0) {
        return ANALYSIS_NONE;
    }
    uint32_t at = analysis_map_get(&rd->domains, id);
    if (at == ANALYSIS_NONE) {
        analysis_events *rows = rd->rows;
        at = (uint32_t)rows->domain_count;
        rows->domains =
            analysis_grow(rows->domains, &rows->domain_cap, rows->domain_count + 1, sizeof *rows->domains);
        rows->domains[rows->domain_count++] =
            (analysis_event_domain){.source = rd->number, .name = analysis_rows_name(rd, id)};
        analysis_map_put(&rd->domains, id, at);
    }
    return at;
}

void analysis_rows_begin_definitions(analysis_reading *rd, trace_visitor *visitor) {
    rd->first_queue = rd->rows->queue_count;
    visitor->meta = on_meta;
    visitor->string = on_string;
    visitor->thread = on_thread;
    visitor->queue = on_queue;
    visitor->shape = on_shape;
}

void analysis_rows_finish_definitions(analysis_reading *rd) {
    analysis_events *rows = rd->rows;
    for (size_t i = rd->first_queue; i < rows->queue_count; i++) {
        rows->queues[i].device = analysis_source_device(rows, rd->number, rows->queues[i].device);
    }
    analysis_map_free(&rd->threads);
    analysis_map_free(&rd->queues);
    analysis_map_free(&rd->shapes);
    analysis_map_free(&rd->domains);
    analysis_map_free(&rd->strings);
}
