/* One pass over each trace, into sorted rows. */
#include "analysis/export_rows.h"

#include "analysis/export_bits.h"
#include "analysis/export_sources.h"
#include "analysis/export_stack.h"
#include "analysis/import.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of each kind that are held in memory. */
#define IN_MEMORY (1u << 19)
/* Names of categories, and places of copies, that are kept. */
#define CATEGORIES_MAX 4096
#define PLACES_MAX     4096

typedef struct {
    analysis_events *rows;
    const analysis_events_filter *filter;
    analysis_event_source *source; /* may move between traces, not within one */
    uint32_t number;               /* of the source */
    trace_status *status;
    uint64_t from, to; /* the window, as times of rows; to is UINT64_MAX without one */
    analysis_map strings, threads, queues, shapes, domains; /* the trace's ids -> indices into rows */
    analysis_stacks stacks;
    analysis_bits *calls, *kept; /* correlation ids of all calls; of those that are rows */
    analysis_sorter *gpu;        /* where GPU rows go first */
    size_t first_queue, first_category;
    uint32_t place; /* that of the next copy */
    bool imported;
    analysis_events_progress *progress;
    void *progress_ctx;
} reading;

/* ---- Definitions ---- */

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
    analysis_source_set_meta(((reading *)ctx)->source, key, key_len, value, value_len);
    return 0;
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    reading *rd = ctx;
    analysis_map_put(&rd->strings, id, analysis_names_intern(&rd->rows->names, bytes, len));
    return 0;
}

/* The name of a string id: empty for 0; one whose definition was lost is "#ID". */
static uint32_t name_of(reading *rd, uint32_t id) {
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

/* The name of a call. CUDA 13 compiles cudaLaunchKernel into a call of __cudaLaunchKernel; other tools know
 * it by the name that it has in programs and in CUPTI. */
static uint32_t call_name(reading *rd, uint32_t id) {
    static const char entry[] = "__cudaLaunchKernel";
    uint32_t at = name_of(rd, id);
    const analysis_name *name = &rd->rows->names.list[at];
    if (name->len < sizeof entry - 1 || memcmp(name->text, entry, sizeof entry - 1) != 0) {
        return at;
    }
    return analysis_names_intern(&rd->rows->names, name->text + 2, name->len - 2);
}

static uint32_t thread_of(reading *rd, uint32_t index) {
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
    reading *rd = ctx;
    uint32_t at = thread_of(rd, t->index);
    rd->rows->threads[at].tid = t->tid;
    rd->rows->threads[at].name = analysis_names_intern(&rd->rows->names, t->name, t->name_len);
    return 0;
}

static uint32_t new_queue(reading *rd, uint32_t id, analysis_event_queue queue) {
    analysis_events *rows = rd->rows;
    rows->queues = analysis_grow(rows->queues, &rows->queue_cap, rows->queue_count + 1, sizeof *rows->queues);
    rows->queues[rows->queue_count] = queue;
    analysis_map_put(&rd->queues, id, (uint32_t)rows->queue_count);
    return (uint32_t)rows->queue_count++;
}

static int on_queue(void *ctx, const trace_queue *q) {
    reading *rd = ctx;
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

static uint32_t new_shape(reading *rd, const trace_shape *shape, bool known) {
    analysis_events *rows = rd->rows;
    rows->shapes = analysis_grow(rows->shapes, &rows->shape_cap, rows->shape_count + 1, sizeof *rows->shapes);
    analysis_event_shape *row = &rows->shapes[rows->shape_count];
    *row = (analysis_event_shape){
        .known = known, .shape = *shape, .source = rd->number, .absent = absent_columns(rd->source)};
    row->shape.name = shape->name == 0 ? ANALYSIS_NONE : name_of(rd, shape->name);
    analysis_map_put(&rd->shapes, shape->id, (uint32_t)rows->shape_count);
    return (uint32_t)rows->shape_count++;
}

static int on_shape(void *ctx, const trace_shape *s) {
    new_shape(ctx, s, true);
    return 0;
}

static uint32_t domain_of(reading *rd, uint32_t id) {
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
            (analysis_event_domain){.source = rd->number, .name = name_of(rd, id)};
        analysis_map_put(&rd->domains, id, at);
    }
    return at;
}

/* ---- Events ---- */

static uint64_t shifted(const reading *rd, uint64_t time) {
    return time + (uint64_t)rd->source->shift;
}

static void see(reading *rd, uint64_t start, uint64_t end) {
    /* An imported capture keeps its own zero. */
    rd->rows->zero = start < rd->rows->zero && !rd->imported ? start : rd->rows->zero;
    /* The trace ends behind its last event: ranges that are open then can be told from those that ended with
     * it. */
    rd->source->last = end + 1 > rd->source->last ? end + 1 : rd->source->last;
}

static bool in_window(const reading *rd, uint64_t start, uint64_t end) {
    return end >= rd->from && start <= rd->to;
}

static void emit_range(void *ctx, const analysis_event_range *row) {
    const reading *rd = ctx;
    if (in_window(rd, row->start, row->end)) {
        analysis_sorter_add(rd->rows->ranges, row);
    }
}

static void on_nvtx(reading *rd, const trace_host_event *e) {
    uint32_t thread = thread_of(rd, e->thread);
    uint64_t time = shifted(rd, e->time);
    if (e->kind == TRACE_HOST_POP) {
        analysis_stacks_pop(&rd->stacks, thread, domain_of(rd, e->domain), time);
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
                                .name = name_of(rd, e->name),
                                .domain = domain_of(rd, e->domain),
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
static uint64_t unique_correlation(reading *rd, uint32_t correlation) {
    analysis_event_source *source = rd->source;
    source->correlation_max = correlation > source->correlation_max ? correlation : source->correlation_max;
    return correlation == 0 ? 0 : source->correlation_base + correlation;
}

static void on_call(reading *rd, const trace_host_event *e) {
    uint64_t correlation = unique_correlation(rd, e->correlation), start = shifted(rd, e->time);
    uint32_t thread = thread_of(rd, e->thread);
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
                                                                .name = call_name(rd, e->name),
                                                                .thread = thread,
                                                                .result = e->result,
                                                                .no_result = e->no_result});
}

static void on_node(reading *rd, const trace_host_event *e) {
    bool is_node = e->kind == TRACE_HOST_NODE;
    analysis_sorter_add(rd->rows->nodes, &(analysis_event_node){.time = shifted(rd, e->time),
                                                                .id = e->id,
                                                                .original = is_node ? e->payload : 0,
                                                                .graph = is_node ? e->graph : (uint32_t)e->id,
                                                                .thread = thread_of(rd, e->thread),
                                                                .is_node = is_node});
}

/* A category's name, each once. */
static void on_category(reading *rd, const trace_host_event *e) {
    analysis_events *rows = rd->rows;
    analysis_event_category row = {.time = shifted(rd, e->time),
                                   .name = name_of(rd, e->name),
                                   .domain = domain_of(rd, e->domain),
                                   .thread = thread_of(rd, e->thread),
                                   .category = (uint32_t)e->id};
    for (size_t i = rd->first_category; i < rows->category_count; i++) {
        const analysis_event_category *other = &rows->categories[i];
        if (other->category == row.category && other->domain == row.domain && other->name == row.name) {
            return;
        }
    }
    if (rows->category_count - rd->first_category < CATEGORIES_MAX) {
        rows->categories = analysis_grow(rows->categories, &rows->category_cap, rows->category_count + 1,
                                         sizeof *rows->categories);
        rows->categories[rows->category_count++] = row;
    }
}

static void on_sync(void *ctx, const analysis_import_sync *s) {
    reading *rd = ctx;
    analysis_event_sync row = {.start = shifted(rd, s->start),
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
    reading *rd = ctx;
    analysis_event_overhead row = {.start = shifted(rd, o->start),
                                   .duration = o->end - o->start,
                                   .result = o->result,
                                   .thread = thread_of(rd, o->thread),
                                   .name = name_of(rd, o->name)};
    if (!rd->kept && in_window(rd, row.start, row.start + row.duration)) {
        analysis_sorter_add(rd->rows->overheads, &row);
    }
}

/* The next copy's. */
static void on_places(void *ctx, analysis_import_place from, analysis_import_place to) {
    reading *rd = ctx;
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
    reading *rd = ctx;
    rd->source->events++;
    see(rd, shifted(rd, e->time), shifted(rd, e->time + e->duration));
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
    reading *rd = ctx;
    rd->source->events++;
    if (!e->timed || e->end < e->start) {
        rd->source->untimed++;
        return 0;
    }
    uint64_t start = shifted(rd, e->start), duration = e->end - e->start;
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
                              .queue = analysis_map_get(&rd->queues, e->queue),
                              .shape = ANALYSIS_NONE,
                              .value = e->value,
                              .graph = e->graph,
                              .kind = e->kind,
                              .copy_kind = e->copy_kind,
                              .src_mem_kind = e->src_mem_kind,
                              .dst_mem_kind = e->dst_mem_kind,
                              .copy_is_async = e->copy_is_async};
    if (row.queue == ANALYSIS_NONE) {
        row.queue = new_queue(rd, e->queue, (analysis_event_queue){.source = rd->number});
    }
    if (e->kind == TRACE_GPU_KERNEL) {
        row.shape = analysis_map_get(&rd->shapes, e->shape);
        if (row.shape == ANALYSIS_NONE) {
            row.shape = new_shape(rd, &(trace_shape){.id = e->shape}, false);
        }
    }
    analysis_sorter_add(rd->gpu, &row);
    return 0;
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    reading *rd = ctx;
    (void)reason;
    (void)reason_len;
    time = shifted(rd, time);
    rd->source->last = time > rd->source->last ? time : rd->source->last;
    return 0;
}

static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    const reading *rd = ctx;
    if (rd->progress) {
        rd->progress(rd->progress_ctx, done, total);
    }
    return 0;
}

/* ---- Several traces ---- */

static void finish_source(reading *rd) {
    analysis_events *rows = rd->rows;
    for (size_t i = rd->first_queue; i < rows->queue_count; i++) {
        rows->queues[i].device = analysis_source_device(rows, rd->number, rows->queues[i].device);
    }
    analysis_stacks_finish(&rd->stacks, rd->source->last);
    rows->last = rd->source->last > rows->last ? rd->source->last : rows->last;
    analysis_map_free(&rd->threads);
    analysis_map_free(&rd->queues);
    analysis_map_free(&rd->shapes);
    analysis_map_free(&rd->domains);
    analysis_map_free(&rd->strings);
}

static int read_source(reading *rd, char error[TRACE_ERROR_BYTES]) {
    trace_status status;
    trace_visitor visitor = {.ctx = rd,
                             .meta = on_meta,
                             .string = on_string,
                             .thread = on_thread,
                             .queue = on_queue,
                             .shape = on_shape,
                             .host = on_host,
                             .gpu = on_gpu,
                             .end = on_end,
                             .progress = on_progress};
    rd->stacks = (analysis_stacks){.glob = rd->filter->range, .emit = emit_range, .ctx = rd};
    rd->first_queue = rd->rows->queue_count;
    rd->first_category = rd->rows->category_count;
    rd->place = 0;
    rd->imported = analysis_events_meta(rd->source, "nsys.import") != NULL;
    const analysis_import_extras extras = {
        .ctx = rd, .sync = on_sync, .overhead = on_overhead, .places = on_places};
    int rc = analysis_read_details(rd->source->path, &visitor, &extras, &status, error);
    rd->source->cut = status.cut;
    rd->source->ended = status.ended;
    rd->source->damaged = status.bytes_skipped;
    finish_source(rd);
    return rc;
}

/* Counts the GPU rows, and leaves out those whose call is none. */
static void keep_gpu(analysis_events *rows, analysis_sorter *from, const analysis_bits *kept) {
    const analysis_event_gpu *row;
    while ((row = analysis_sorter_next(from)) != NULL) {
        if (kept && !analysis_bits_has(kept, row->correlation)) {
            continue;
        }
        if (kept) {
            analysis_sorter_add(rows->gpu, row);
        }
        uint64_t *count = row->kind == TRACE_GPU_KERNEL   ? &rows->kernels
                          : row->kind == TRACE_GPU_MEMCPY ? &rows->copies
                                                          : &rows->fills;
        ++*count;
    }
    analysis_sorter_rewind(rows->gpu);
}

static int read_all(analysis_events *rows, reading *rd, char error[TRACE_ERROR_BYTES]) {
    const analysis_events_filter *filter = rd->filter;
    uint64_t base = 0;
    for (size_t i = 0; i < rows->source_count; i++) {
        rd->source = &rows->sources[i];
        rd->number = (uint32_t)i;
        rd->source->correlation_base = base;
        uint64_t begin = shifted(rd, rd->source->header.monotonic_ns);
        rows->zero = begin < rows->zero ? begin : rows->zero;
        if (i == 0) {
            rd->from = filter->from ? begin + filter->from : 0;
            rd->to = filter->to ? begin + filter->to : UINT64_MAX;
        }
        if (read_source(rd, error) != 0) {
            return -1;
        }
        base += rd->source->correlation_max;
    }
    rows->correlation_last = base;
    keep_gpu(rows, rd->gpu, rd->kept);
    if (analysis_sorter_failed(rd->gpu) || analysis_sorter_failed(rows->gpu)) {
        snprintf(error, TRACE_ERROR_BYTES, "a temporary file could not be written: make room, or set TMPDIR");
        return -1;
    }
    return 0;
}

int analysis_events_read(analysis_events *rows, char *const *paths, size_t count,
                         const analysis_events_filter *filter, analysis_events_progress *progress,
                         void *progress_ctx, char error[TRACE_ERROR_BYTES]) {
    analysis_bits calls = {0}, kept = {0};
    *rows =
        (analysis_events){.zero = UINT64_MAX,
                          .ranges = analysis_sorter_new(sizeof(analysis_event_range), true, IN_MEMORY),
                          .calls = analysis_sorter_new(sizeof(analysis_event_call), true, IN_MEMORY),
                          .gpu = analysis_sorter_new(sizeof(analysis_event_gpu), false, IN_MEMORY),
                          .syncs = analysis_sorter_new(sizeof(analysis_event_sync), false, IN_MEMORY),
                          .overheads = analysis_sorter_new(sizeof(analysis_event_overhead), false, IN_MEMORY),
                          .nodes = analysis_sorter_new(sizeof(analysis_event_node), false, IN_MEMORY)};
    for (size_t i = 0; i < count; i++) {
        if (analysis_source_add(rows, paths[i], error) != 0) {
            return -1;
        }
    }
    reading rd = {.rows = rows,
                  .filter = filter,
                  .calls = &calls,
                  .kept = filter->range ? &kept : NULL,
                  .gpu = rows->gpu,
                  .progress = progress,
                  .progress_ctx = progress_ctx};
    if (filter->range) {
        rd.gpu = analysis_sorter_new(sizeof(analysis_event_gpu), false, IN_MEMORY);
    }
    int rc = read_all(rows, &rd, error);
    if (rd.gpu != rows->gpu) {
        analysis_sorter_free(rd.gpu);
    }
    analysis_bits_free(&calls);
    analysis_bits_free(&kept);
    return rc;
}
