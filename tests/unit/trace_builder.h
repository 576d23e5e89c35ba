/* Writes small traces for the analyser's tests: chunks in the order in which the test asks for them. */
#ifndef TESTS_UNIT_TRACE_BUILDER_H
#define TESTS_UNIT_TRACE_BUILDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs what is above */
#include <cmocka.h>

#include "analysis/base/alloc.h"
#include "analysis/metrics/analyze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZERO 1000000u /* CLOCK_MONOTONIC at the start of every test trace */

typedef struct {
    char path[64];
    FILE *file;
    uint8_t buf[1 << 16];
    trace_chunk chunk;
    uint32_t type, stream; /* of the chunk that is open; type 0 is none */
    uint32_t strings;
} writer;

static inline void writer_flush(writer *w) {
    if (w->type != 0) {
        size_t len = trace_chunk_end(&w->chunk);
        assert_int_equal(fwrite(w->buf, 1, len, w->file), len);
        w->type = 0;
    }
}

static inline trace_chunk *writer_chunk(writer *w, trace_chunk_type type, uint32_t stream) {
    if (w->type != type || w->stream != stream) {
        writer_flush(w);
        trace_chunk_begin(&w->chunk, w->buf, sizeof w->buf, type, stream, ZERO);
        w->type = type;
        w->stream = stream;
    }
    return &w->chunk;
}

static inline void writer_open(writer *w) {
    memset(w, 0, sizeof *w);
    snprintf(w->path, sizeof w->path, "/tmp/moetrace-test-XXXXXX");
    int fd = mkstemp(w->path);
    assert_true(fd >= 0);
    w->file = fdopen(fd, "w");
    assert_non_null(w->file);
    uint8_t header[TRACE_HEADER_BYTES];
    trace_encode_header(header,
                        &(trace_header){.major = TRACE_VERSION_MAJOR, .monotonic_ns = ZERO, .pid = 7});
    assert_int_equal(fwrite(header, 1, sizeof header, w->file), sizeof header);
}

/* Ends the chunk that is open, so that the next record stands in one of its own. */
static inline uint32_t put_string(writer *w, const char *text) {
    uint32_t id = ++w->strings;
    assert_true(trace_put_string(writer_chunk(w, TRACE_CHUNK_STRINGS, 0), id, text, strlen(text)));
    return id;
}

static inline void put_host(writer *w, uint32_t thread, trace_host_event e) {
    e.time += ZERO;
    if (!trace_put_host(writer_chunk(w, TRACE_CHUNK_HOST, thread), &e)) {
        writer_flush(w);
        assert_true(trace_put_host(writer_chunk(w, TRACE_CHUNK_HOST, thread), &e));
    }
}

static inline void put_push(writer *w, uint32_t thread, uint64_t time, const char *name) {
    uint32_t id = put_string(w, name);
    put_host(w, thread, (trace_host_event){.kind = TRACE_HOST_PUSH, .time = time, .name = id});
}

static inline void put_pop(writer *w, uint32_t thread, uint64_t time) {
    put_host(w, thread, (trace_host_event){.kind = TRACE_HOST_POP, .time = time});
}

static inline void put_launch(writer *w, uint32_t thread, uint64_t time, uint32_t correlation) {
    put_host(
        w, thread,
        (trace_host_event){.kind = TRACE_HOST_API, .time = time, .duration = 1, .correlation = correlation});
}

static inline void put_kernel(writer *w, uint32_t correlation, uint64_t start, uint64_t end) {
    trace_gpu_event e = {.kind = TRACE_GPU_KERNEL,
                         .timed = true,
                         .start = ZERO + start,
                         .end = ZERO + end,
                         .correlation = correlation};
    if (!trace_put_gpu(writer_chunk(w, TRACE_CHUNK_GPU, 0), &e)) {
        writer_flush(w);
        assert_true(trace_put_gpu(writer_chunk(w, TRACE_CHUNK_GPU, 0), &e));
    }
}

static inline void writer_close(writer *w) {
    writer_flush(w);
    assert_int_equal(fclose(w->file), 0);
}

/* Closes the trace and reads it; the file is gone afterwards. */
static inline void read_back_with(writer *w, metrics_results *r, const metrics_options *options) {
    char error[TRACE_ERROR_BYTES] = "";
    writer_close(w);
    int rc = metrics_analyze(r, w->path, options, error);
    unlink(w->path);
    assert_string_equal(error, "");
    assert_int_equal(rc, 0);
    /* Holds of every trace, whatever is wrong with it. */
    assert_int_equal(r->kernels_in_ranges.ns + r->kernels_outside.ns + r->kernels_unattributed.ns,
                     r->kernels_all.ns);
    assert_int_equal(r->kernels_in_ranges.count + r->kernels_outside.count + r->kernels_unattributed.count,
                     r->kernels_all.count);
}

static inline void read_back(writer *w, metrics_results *r) {
    read_back_with(w, r, &(metrics_options){.k = BASE_NONE});
}

/* The row of a phase; fails the test when there is none. */
static inline const metrics_row *row_of(const metrics_results *r, uint32_t k, metrics_row_kind kind) {
    for (size_t i = 0; i < r->rows.count; i++) {
        if (r->rows.list[i].k == k && r->rows.list[i].kind == kind) {
            return &r->rows.list[i];
        }
    }
    fail_msg("no row for k = %u, kind %d", k, kind);
    return NULL;
}

#endif
