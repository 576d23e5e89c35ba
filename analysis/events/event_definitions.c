/* The definitions of a trace: names, threads, queues, kernel shapes and domains, each in the order of the
 * first, and what stands in for one that was lost. */
#include "analysis/events/event_store_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/events/event_sources.h"

#include <stdio.h>
#include <string.h>

/* Names of the columns of nsys's table of kernels that are a kernel's shape. */
static const char *const shape_columns[EVENTS_SHAPE_COLUMNS] = {"launchType",
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

static int on_event_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    events_source_set_meta(((events_reading *)ctx)->source, key, key_len, value, value_len);
    return 0;
}

static int on_event_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    events_reading *rd = ctx;
    base_map_put(&rd->strings, id, names_intern(&rd->rows->names, bytes, len));
    return 0;
}

uint32_t events_rows_name(events_reading *rd, uint32_t id) {
    uint32_t at = base_map_get(&rd->strings, id);
    if (at == BASE_NONE) {
        char text[16] = "";
        if (id != 0) {
            snprintf(text, sizeof text, "#%u", id);
        }
        at = names_intern(&rd->rows->names, text, strlen(text));
        base_map_put(&rd->strings, id, at);
    }
    return at;
}

/* CUDA 13 compiles cudaLaunchKernel into a call of __cudaLaunchKernel; other tools know
 * it by the name that it has in programs and in CUPTI. */
uint32_t events_rows_call_name(events_reading *rd, uint32_t id) {
    static const char entry[] = "__cudaLaunchKernel";
    uint32_t at = events_rows_name(rd, id);
    const names_entry *name = &rd->rows->names.list[at];
    if (name->len < sizeof entry - 1 || memcmp(name->text, entry, sizeof entry - 1) != 0) {
        return at;
    }
    return names_intern(&rd->rows->names, name->text + 2, name->len - 2);
}

uint32_t events_rows_thread(events_reading *rd, uint32_t index) {
    uint32_t at = base_map_get(&rd->threads, index);
    if (at == BASE_NONE) {
        events_store *rows = rd->rows;
        at = (uint32_t)rows->thread_count;
        rows->threads =
            base_grow(rows->threads, &rows->thread_cap, rows->thread_count + 1, sizeof *rows->threads);
        rows->threads[rows->thread_count++] =
            (events_thread){.source = rd->number, .name = names_intern(&rows->names, "", 0)};
        base_map_put(&rd->threads, index, at);
    }
    return at;
}

static int on_event_thread(void *ctx, const trace_thread *t) {
    events_reading *rd = ctx;
    uint32_t at = events_rows_thread(rd, t->index);
    rd->rows->threads[at].tid = t->tid;
    rd->rows->threads[at].name = names_intern(&rd->rows->names, t->name, t->name_len);
    return 0;
}

static uint32_t add_queue_row(events_reading *rd, uint32_t id, events_queue queue) {
    events_store *rows = rd->rows;
    rows->queues = base_grow(rows->queues, &rows->queue_cap, rows->queue_count + 1, sizeof *rows->queues);
    rows->queues[rows->queue_count] = queue;
    base_map_put(&rd->queues, id, (uint32_t)rows->queue_count);
    return (uint32_t)rows->queue_count++;
}

uint32_t events_rows_queue(events_reading *rd, uint32_t id) {
    uint32_t at = base_map_get(&rd->queues, id);
    return at != BASE_NONE ? at : add_queue_row(rd, id, (events_queue){.source = rd->number});
}

static int on_event_queue(void *ctx, const trace_queue *q) {
    events_reading *rd = ctx;
    events_queue queue = {
        .source = rd->number, .device = q->device, .context = q->context, .stream = q->stream};
    uint32_t at = base_map_get(&rd->queues, q->id);
    if (at == BASE_NONE) {
        add_queue_row(rd, q->id, queue);
    } else {
        rd->rows->queues[at] = queue;
    }
    return 0;
}

/* Which columns the source lacks: META `import.absent`, names with a space before and behind
 * each. */
static uint32_t absent_shape_columns(const events_source *source) {
    const char *list = events_source_meta(source, "import.absent");
    uint32_t absent = 0;
    for (int i = 0; list && i < EVENTS_SHAPE_COLUMNS; i++) {
        char name[40];
        snprintf(name, sizeof name, " %s ", shape_columns[i]);
        absent |= strstr(list, name) ? 1u << i : 0;
    }
    return absent;
}

static uint32_t add_shape_row(events_reading *rd, const trace_shape *shape, bool known) {
    events_store *rows = rd->rows;
    rows->shapes = base_grow(rows->shapes, &rows->shape_cap, rows->shape_count + 1, sizeof *rows->shapes);
    events_shape *row = &rows->shapes[rows->shape_count];
    *row = (events_shape){
        .known = known, .shape = *shape, .source = rd->number, .absent = absent_shape_columns(rd->source)};
    row->shape.name = shape->name == 0 ? BASE_NONE : events_rows_name(rd, shape->name);
    base_map_put(&rd->shapes, shape->id, (uint32_t)rows->shape_count);
    return (uint32_t)rows->shape_count++;
}

uint32_t events_rows_shape(events_reading *rd, uint32_t id) {
    uint32_t at = base_map_get(&rd->shapes, id);
    return at != BASE_NONE ? at : add_shape_row(rd, &(trace_shape){.id = id}, false);
}

static int on_event_shape(void *ctx, const trace_shape *s) {
    add_shape_row(ctx, s, true);
    return 0;
}

uint32_t events_rows_domain(events_reading *rd, uint32_t id) {
    if (id == 0) {
        return BASE_NONE;
    }
    uint32_t at = base_map_get(&rd->domains, id);
    if (at == BASE_NONE) {
        events_store *rows = rd->rows;
        at = (uint32_t)rows->domain_count;
        rows->domains =
            base_grow(rows->domains, &rows->domain_cap, rows->domain_count + 1, sizeof *rows->domains);
        rows->domains[rows->domain_count++] =
            (events_domain){.source = rd->number, .name = events_rows_name(rd, id)};
        base_map_put(&rd->domains, id, at);
    }
    return at;
}

void events_rows_begin_definitions(events_reading *rd, trace_visitor *visitor) {
    rd->first_queue = rd->rows->queue_count;
    visitor->meta = on_event_meta;
    visitor->string = on_event_string;
    visitor->thread = on_event_thread;
    visitor->queue = on_event_queue;
    visitor->shape = on_event_shape;
}

void events_rows_finish_definitions(events_reading *rd) {
    events_store *rows = rd->rows;
    for (size_t i = rd->first_queue; i < rows->queue_count; i++) {
        rows->queues[i].device = events_source_device(rows, rd->number, rows->queues[i].device);
    }
    base_map_free(&rd->threads);
    base_map_free(&rd->queues);
    base_map_free(&rd->shapes);
    base_map_free(&rd->domains);
    base_map_free(&rd->strings);
}
