/* One pass over each of the traces, into sorted rows. */
#include "analysis/export_rows_parts.h"

#include "analysis/ahead.h"
#include "analysis/export_sources.h"

#include <stdio.h>

/* Rows of each kind that are held in memory. */
#define IN_MEMORY (1u << 19)

static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    const analysis_reading *rd = ctx;
    if (rd->progress) {
        rd->progress(rd->progress_ctx, done, total);
    }
    return 0;
}

static int read_source(analysis_reading *rd, char error[TRACE_ERROR_BYTES]) {
    trace_status status;
    trace_visitor visitor = {.ctx = rd, .progress = on_progress};
    analysis_import_extras extras = {.ctx = rd};
    analysis_rows_begin_definitions(rd, &visitor);
    analysis_rows_begin_events(rd, &visitor, &extras);
    int rc = analysis_read_details(rd->source->path, analysis_cores(), &visitor, &extras, &status, error);
    rd->source->cut = status.cut;
    rd->source->ended = status.ended;
    rd->source->damaged = status.bytes_skipped;
    analysis_rows_finish_events(rd);
    analysis_rows_finish_definitions(rd);
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

static int read_all(analysis_events *rows, analysis_reading *rd, char error[TRACE_ERROR_BYTES]) {
    const analysis_events_filter *filter = rd->filter;
    uint64_t base = 0;
    for (size_t i = 0; i < rows->source_count; i++) {
        rd->source = &rows->sources[i];
        rd->number = (uint32_t)i;
        rd->source->correlation_base = base;
        uint64_t begin = analysis_rows_shifted(rd, rd->source->header.monotonic_ns);
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
    analysis_reading rd = {.rows = rows,
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
