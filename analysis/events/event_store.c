/* One pass over each of the traces, into sorted rows. */
#include "analysis/events/event_store.h"

#include "analysis/base/parallel_for.h"
#include "analysis/events/event_sources.h"
#include "analysis/events/event_store_internal.h"
#include "analysis/input/capture_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of each kind that are held in memory. */
#define IN_MEMORY (1u << 19)

static int on_store_progress(void *ctx, uint64_t done, uint64_t total) {
    const events_reading *rd = ctx;
    if (rd->progress) {
        rd->progress(rd->progress_ctx, done, total);
    }
    return 0;
}

static int read_event_source(events_reading *rd, char error[TRACE_ERROR_BYTES]) {
    trace_status status;
    trace_visitor visitor = {.ctx = rd, .progress = on_store_progress};
    input_extras extras = {.ctx = rd};
    events_rows_begin_definitions(rd, &visitor);
    events_rows_begin_events(rd, &visitor, &extras);
    int rc = input_read_details(rd->source->path, base_cores(), &visitor, &extras, &status, error);
    rd->source->cut = status.cut;
    rd->source->ended = status.ended;
    rd->source->damaged = status.bytes_skipped;
    events_rows_finish_events(rd);
    events_rows_finish_definitions(rd);
    return rc;
}

static void count_gpu_row(events_store *rows, uint8_t kind) {
    if (kind == TRACE_GPU_KERNEL) {
        rows->kernels++;
    } else if (kind == TRACE_GPU_MEMCPY) {
        rows->copies++;
    } else {
        rows->memsets++;
    }
}

/* Counts the GPU rows, and leaves out those whose call is no row. */
static void keep_wanted_gpu_rows(events_store *rows, base_sorter *from, const base_set *kept) {
    const events_gpu *row;
    while ((row = base_sorter_next(from)) != NULL) {
        if (kept && !base_set_has(kept, row->correlation)) {
            continue;
        }
        if (kept) {
            base_sorter_add(rows->gpu, row);
        }
        count_gpu_row(rows, row->kind);
    }
    base_sorter_rewind(rows->gpu);
}

static int read_sources(events_store *rows, events_reading *rd, char error[TRACE_ERROR_BYTES]) {
    const events_store_filter *filter = rd->filter;
    uint64_t base = 0;
    for (size_t i = 0; i < rows->source_count; i++) {
        rd->source = &rows->sources[i];
        rd->number = (uint32_t)i;
        rd->source->correlation_base = base;
        uint64_t begin = events_rows_shifted(rd, rd->source->header.monotonic_ns);
        rows->zero = begin < rows->zero ? begin : rows->zero;
        if (i == 0) {
            rd->from = filter->from ? begin + filter->from : 0;
            rd->to = filter->to ? begin + filter->to : UINT64_MAX;
        }
        if (read_event_source(rd, error) != 0) {
            return -1;
        }
        base += rd->source->correlation_max;
    }
    rows->correlation_last = base;
    keep_wanted_gpu_rows(rows, rd->gpu, rd->kept);
    if (base_sorter_failed(rd->gpu) || base_sorter_failed(rows->gpu)) {
        snprintf(error, TRACE_ERROR_BYTES, "a temporary file could not be written: make room, or set TMPDIR");
        return -1;
    }
    return 0;
}

int events_store_read(events_store *rows, char *const *paths, size_t count, const events_store_filter *filter,
                      events_store_progress *progress, void *progress_ctx, char error[TRACE_ERROR_BYTES]) {
    base_set calls = {0}, kept = {0};
    *rows = (events_store){.zero = UINT64_MAX,
                           .ranges = base_sorter_new(sizeof(events_range), true, IN_MEMORY),
                           .calls = base_sorter_new(sizeof(events_call), true, IN_MEMORY),
                           .gpu = base_sorter_new(sizeof(events_gpu), false, IN_MEMORY),
                           .syncs = base_sorter_new(sizeof(events_sync), false, IN_MEMORY),
                           .overheads = base_sorter_new(sizeof(events_overhead), false, IN_MEMORY),
                           .nodes = base_sorter_new(sizeof(events_node), false, IN_MEMORY)};
    for (size_t i = 0; i < count; i++) {
        if (events_source_add(rows, paths[i], error) != 0) {
            return -1;
        }
    }
    events_reading rd = {.rows = rows,
                         .filter = filter,
                         .calls = &calls,
                         .kept = filter->range ? &kept : NULL,
                         .gpu = rows->gpu,
                         .progress = progress,
                         .progress_ctx = progress_ctx};
    if (filter->range) {
        rd.gpu = base_sorter_new(sizeof(events_gpu), false, IN_MEMORY);
    }
    int rc = read_sources(rows, &rd, error);
    if (rd.gpu != rows->gpu) {
        base_sorter_free(rd.gpu);
    }
    base_set_free(&calls);
    base_set_free(&kept);
    return rc;
}

void events_store_free(events_store *rows) {
    for (size_t i = 0; i < rows->source_count; i++) {
        events_source_free(&rows->sources[i]);
    }
    free(rows->sources);
    free(rows->threads);
    free(rows->queues);
    free(rows->shapes);
    free(rows->domains);
    free(rows->devices);
    names_free(&rows->device_keys);
    base_map_free(&rows->device_by_key);
    base_map_free(&rows->device_numbers);
    free(rows->places);
    free(rows->definitions);
    base_sorter_free(rows->syncs);
    base_sorter_free(rows->overheads);
    base_sorter_free(rows->ranges);
    base_sorter_free(rows->calls);
    base_sorter_free(rows->gpu);
    base_sorter_free(rows->nodes);
    names_free(&rows->names);
    memset(rows, 0, sizeof *rows);
}
