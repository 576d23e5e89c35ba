/* The trace format: what is encoded is decoded again, and damage is seen, counted and survived. */
#include "trace/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    uint8_t bytes[1 << 16];
    size_t len;
} image;

static void add_header(image *f) {
    trace_header h = {.major = 1, .minor = 0, .realtime_ns = 7, .monotonic_ns = 9, .pid = 42};
    trace_encode_header(f->bytes, &h);
    f->len = TRACE_HEADER_BYTES;
}

static trace_chunk begin(image *f, trace_chunk_type type, uint32_t stream, uint64_t base) {
    trace_chunk c;
    trace_chunk_begin(&c, f->bytes + f->len, sizeof f->bytes - f->len, type, stream, base);
    return c;
}

static void end(image *f, trace_chunk *c) {
    f->len += trace_chunk_end(c);
}

static const char *save(const image *f, size_t len) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/test_trace.%d", (int)getpid());
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(f->bytes, 1, len, out), len);
    fclose(out);
    return path;
}

static const trace_host_event host_events[] = {
    {.kind = TRACE_HOST_PUSH, .thread = 3, .time = 1000, .name = 5},
    {.kind = TRACE_HOST_PUSH,
     .thread = 3,
     .time = 1001,
     .name = 6,
     .domain = 9,
     .payload_type = TRACE_PAYLOAD_F64,
     .payload = UINT64_MAX,
     .category = 4,
     .color = 0xff00ff00},
    {.kind = TRACE_HOST_API, .thread = 3, .time = 1100, .duration = 50, .name = 7, .correlation = UINT32_MAX},
    {.kind = TRACE_HOST_API, .thread = 3, .time = 1090, .duration = 500, .name = 8, .result = -1},
    {.kind = TRACE_HOST_API, .thread = 3, .time = 1700, .duration = 5, .name = 8, .no_result = true},
    {.kind = TRACE_HOST_POP, .thread = 3, .time = 2000, .domain = 9},
    {.kind = TRACE_HOST_START, .thread = 3, .time = 2001, .name = 1, .id = UINT64_MAX},
    {.kind = TRACE_HOST_END, .thread = 3, .time = 2002, .id = UINT64_MAX},
    {.kind = TRACE_HOST_GRAPH, .thread = 3, .time = 2003, .id = 12},
    {.kind = TRACE_HOST_NODE,
     .thread = 3,
     .time = 2004,
     .id = UINT64_MAX,
     .graph = UINT32_MAX,
     .payload = 1ull << 60},
    {.kind = TRACE_HOST_NAME,
     .thread = 3,
     .time = 2005,
     .named = TRACE_NAMED_STREAM,
     .id = 1ull << 47,
     .name = 4},
    {.kind = TRACE_HOST_NAME,
     .thread = 3,
     .time = 2006,
     .named = TRACE_NAMED_CATEGORY,
     .id = 2,
     .name = 4,
     .domain = 9},
    {.kind = TRACE_HOST_MARK, .thread = 3, .time = UINT64_MAX, .name = 2},
    {.kind = TRACE_HOST_POP, .thread = 3, .time = 1},
};
#define HOST_COUNT (sizeof host_events / sizeof host_events[0])

static const trace_gpu_event gpu_events[] = {
    {.kind = TRACE_GPU_KERNEL,
     .timed = true,
     .start = 5000,
     .end = 5400,
     .correlation = 77,
     .queue = 2,
     .shape = 3},
    {.kind = TRACE_GPU_KERNEL, .timed = false, .correlation = 78, .queue = 2, .shape = 3},
    {.kind = TRACE_GPU_KERNEL,
     .timed = true,
     .start = 4000,
     .end = 9000,
     .correlation = 1,
     .queue = 0,
     .shape = UINT32_MAX,
     .graph = 4,
     .graph_node = UINT64_MAX},
    {.kind = TRACE_GPU_MEMCPY,
     .timed = true,
     .start = 9500,
     .end = 9501,
     .correlation = 79,
     .queue = 0,
     .bytes = 1ull << 40,
     .copy_kind = 1,
     .src_mem_kind = 2,
     .dst_mem_kind = 3,
     .copy_is_async = 1},
    {.kind = TRACE_GPU_MEMSET,
     .timed = true,
     .start = 9600,
     .end = 9601,
     .correlation = 80,
     .queue = 2,
     .bytes = 16,
     .value = 255,
     .dst_mem_kind = 3},
};
#define GPU_COUNT (sizeof gpu_events / sizeof gpu_events[0])

static void build(image *f) {
    add_header(f);
    trace_chunk c = begin(f, TRACE_CHUNK_META, 0, 0);
    assert_true(trace_put_meta(&c, "program", "run", 3));
    end(f, &c);
    c = begin(f, TRACE_CHUNK_STRINGS, 0, 0);
    assert_true(trace_put_string(&c, 5, "layer.0", 7));
    end(f, &c);
    c = begin(f, TRACE_CHUNK_THREADS, 0, 0);
    assert_true(
        trace_put_thread(&c, &(trace_thread){.index = 3, .tid = 4321, .name = "worker", .name_len = 6}));
    end(f, &c);
    c = begin(f, TRACE_CHUNK_QUEUES, 0, 0);
    assert_true(trace_put_queue(&c, &(trace_queue){.id = 2, .device = 1, .context = 5, .stream = 7}));
    end(f, &c);
    c = begin(f, TRACE_CHUNK_COUNTERS, 0, 0);
    assert_true(trace_put_counter(&c, "gpu.dropped", UINT64_MAX));
    end(f, &c);
    c = begin(f, TRACE_CHUNK_SHAPES, 0, 0);
    trace_shape s = {
        .id = 3, .name = 8, .grid = {1, 2, UINT32_MAX}, .block = {4, 5, 6}, .local_bytes_total = 1ull << 50};
    assert_true(trace_put_shape(&c, &s));
    end(f, &c);
    c = begin(f, TRACE_CHUNK_HOST, 3, 1000);
    for (size_t i = 0; i < HOST_COUNT; i++) {
        assert_true(trace_put_host(&c, &host_events[i]));
    }
    end(f, &c);
    c = begin(f, TRACE_CHUNK_GPU, 0, 5000);
    for (size_t i = 0; i < GPU_COUNT; i++) {
        assert_true(trace_put_gpu(&c, &gpu_events[i]));
    }
    end(f, &c);
    c = begin(f, TRACE_CHUNK_END, 0, 0);
    assert_true(trace_put_end(&c, 10000, "exit"));
    end(f, &c);
}

typedef struct {
    size_t host, gpu, meta, strings, shapes, threads, queues, counters, ends;
} seen;

static int see_meta(void *ctx, const char *k, size_t kl, const char *v, size_t vl) {
    ((seen *)ctx)->meta++;
    assert_memory_equal(k, "program", kl);
    assert_memory_equal(v, "run", vl);
    return 0;
}

static int see_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    ((seen *)ctx)->strings++;
    assert_int_equal(id, 5);
    assert_int_equal(len, 7);
    assert_memory_equal(bytes, "layer.0", 7);
    return 0;
}

static int see_thread(void *ctx, const trace_thread *t) {
    ((seen *)ctx)->threads++;
    assert_int_equal(t->index, 3);
    assert_int_equal(t->tid, 4321);
    assert_int_equal(t->name_len, 6);
    assert_memory_equal(t->name, "worker", 6);
    return 0;
}

static int see_queue(void *ctx, const trace_queue *q) {
    ((seen *)ctx)->queues++;
    assert_true(q->id == 2 && q->device == 1 && q->context == 5 && q->stream == 7);
    return 0;
}

static int see_counter(void *ctx, const char *name, size_t len, uint64_t value) {
    ((seen *)ctx)->counters++;
    assert_memory_equal(name, "gpu.dropped", len);
    assert_true(value == UINT64_MAX);
    return 0;
}

static int see_shape(void *ctx, const trace_shape *s) {
    ((seen *)ctx)->shapes++;
    assert_int_equal(s->grid[2], UINT32_MAX);
    assert_int_equal(s->block[0], 4);
    assert_true(s->local_bytes_total == 1ull << 50);
    return 0;
}

static int see_host(void *ctx, const trace_host_event *e) {
    size_t i = ((seen *)ctx)->host++;
    assert_true(i < HOST_COUNT);
    assert_int_equal(e->kind, host_events[i].kind);
    assert_int_equal(e->payload_type, host_events[i].payload_type);
    assert_int_equal(e->graph, host_events[i].graph);
    assert_int_equal(e->named, host_events[i].named);
    assert_memory_equal(&e->thread, &host_events[i].thread,
                        offsetof(trace_host_event, named) - offsetof(trace_host_event, thread));
    assert_true(e->payload == host_events[i].payload);
    return 0;
}

static int see_gpu(void *ctx, const trace_gpu_event *e) {
    size_t i = ((seen *)ctx)->gpu++;
    assert_true(i < GPU_COUNT);
    const trace_gpu_event *want = &gpu_events[i];
    assert_int_equal(e->kind, want->kind);
    assert_int_equal(e->timed, want->timed);
    assert_true(e->start == want->start && e->end == want->end && e->bytes == want->bytes);
    assert_true(e->graph_node == want->graph_node && e->graph == want->graph);
    assert_int_equal(e->correlation, want->correlation);
    assert_int_equal(e->queue, want->queue);
    assert_int_equal(e->shape, want->shape);
    assert_int_equal(e->value, want->value);
    assert_int_equal(e->copy_kind, want->copy_kind);
    assert_int_equal(e->src_mem_kind, want->src_mem_kind);
    assert_int_equal(e->dst_mem_kind, want->dst_mem_kind);
    assert_int_equal(e->copy_is_async, want->copy_is_async);
    return 0;
}

static int see_end(void *ctx, uint64_t time, const char *reason, size_t len) {
    ((seen *)ctx)->ends++;
    assert_true(time == 10000);
    assert_memory_equal(reason, "exit", len);
    return 0;
}

static trace_visitor visitor(seen *s) {
    return (trace_visitor){.ctx = s,
                           .meta = see_meta,
                           .string = see_string,
                           .shape = see_shape,
                           .thread = see_thread,
                           .queue = see_queue,
                           .counter = see_counter,
                           .host = see_host,
                           .gpu = see_gpu,
                           .end = see_end};
}

static void round_trip(void **state) {
    (void)state;
    static image f;
    build(&f);
    seen s = {0};
    trace_visitor v = visitor(&s);
    trace_status status;
    char error[TRACE_ERROR_BYTES];
    assert_int_equal(trace_read(save(&f, f.len), &v, &status, error), 0);
    assert_int_equal(s.host, HOST_COUNT);
    assert_int_equal(s.gpu, GPU_COUNT);
    assert_true(s.meta == 1 && s.strings == 1 && s.shapes == 1 && s.ends == 1 && s.threads == 1 &&
                s.queues == 1 && s.counters == 1);
    assert_int_equal(status.header.pid, 42);
    assert_true(status.ended && !status.cut && status.chunks_damaged == 0 && status.bytes_skipped == 0);
    assert_int_equal(status.chunks, 9);
}

static void every_cut(void **state) {
    (void)state;
    static image f;
    build(&f);
    char error[TRACE_ERROR_BYTES];
    for (size_t len = 0; len < f.len; len++) {
        seen s = {0};
        trace_visitor v = visitor(&s);
        trace_status status;
        int rc = trace_read(save(&f, len), &v, &status, error);
        assert_int_equal(rc, len < TRACE_HEADER_BYTES ? -1 : 0);
        if (rc == 0) {
            assert_false(status.ended);
            assert_int_equal(status.chunks_damaged, 0);
        }
    }
}

/* A flipped bit costs its own chunk and no other. */
static void every_flip(void **state) {
    (void)state;
    static image f;
    build(&f);
    char error[TRACE_ERROR_BYTES];
    for (size_t at = TRACE_HEADER_BYTES; at < f.len; at++) {
        f.bytes[at] ^= 0x10;
        seen s = {0};
        trace_visitor v = visitor(&s);
        trace_status status;
        assert_int_equal(trace_read(save(&f, f.len), &v, &status, error), 0);
        assert_int_equal(status.chunks, 8);
        assert_true(status.chunks_damaged == 1 || status.cut);
        assert_true(status.bytes_skipped > 0);
        f.bytes[at] ^= 0x10;
    }
}

static void refused(void **state) {
    (void)state;
    static image f;
    build(&f);
    trace_visitor v = {0};
    trace_status status;
    char error[TRACE_ERROR_BYTES];
    f.bytes[8] = 2; /* another major version, with a right checksum */
    uint32_t crc = trace_crc32c(0, f.bytes, 60);
    for (int i = 0; i < 4; i++) {
        f.bytes[60 + i] = (uint8_t)(crc >> (8 * i));
    }
    assert_int_equal(trace_read(save(&f, f.len), &v, &status, error), -1);
    assert_non_null(strstr(error, "version 2.0"));
    f.bytes[0] = 'X';
    assert_int_equal(trace_read(save(&f, f.len), &v, &status, error), -1);
    assert_non_null(strstr(error, "not a moetrace trace"));
    assert_int_equal(trace_read("/nonexistent/x", &v, &status, error), -1);
    assert_int_equal(trace_read("/tmp", &v, &status, error), -1);
    assert_non_null(strstr(error, "is a directory"));
}

static void full_chunk(void **state) {
    (void)state;
    uint8_t buf[TRACE_CHUNK_BYTES + TRACE_RECORD_MAX];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_GPU, 0, 5000);
    assert_true(trace_put_gpu(&c, &gpu_events[0]));
    size_t len = c.len;
    assert_false(trace_put_gpu(&c, &gpu_events[1]));
    assert_int_equal(c.len, len);
    assert_int_equal(c.records, 1);
}

/* The check value that the CRC catalogues give for CRC-32C. */
static void crc_check_value(void **state) {
    (void)state;
    assert_int_equal(trace_crc32c(0, "123456789", 9), 0xe3069283u);
    uint32_t half = trace_crc32c(0, "1234", 4);
    assert_int_equal(trace_crc32c(half, "56789", 5), 0xe3069283u);
}

/* The bytes that docs/trace-format.md works out by hand. */
static void worked_bytes(void **state) {
    (void)state;
    static const uint8_t want[] = {0x4d, 0x54, 0x43, 0x4b, 0x06, 0x00, 0x00, 0x00, 0x0b, 0x00, 0x00,
                                   0x00, 0x03, 0x00, 0x00, 0x00, 0xe8, 0x03, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xdd, 0x4b, 0xc4, 0x66, 0x01,
                                   0x00, 0x05, 0x16, 0xc8, 0x01, 0x28, 0x07, 0x12, 0x02, 0x28};
    static const trace_host_event events[] = {
        {.kind = TRACE_HOST_PUSH, .time = 1000, .name = 5},
        {.kind = TRACE_HOST_API, .time = 1100, .duration = 40, .name = 7, .correlation = 9},
        {.kind = TRACE_HOST_POP, .time = 1160},
    };
    uint8_t buf[1024];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_HOST, 0, 1000);
    for (size_t i = 0; i < 3; i++) {
        assert_true(trace_put_host(&c, &events[i]));
    }
    assert_int_equal(trace_chunk_end(&c), sizeof want);
    assert_memory_equal(buf, want, sizeof want);
}

static int remove_file(void **state) {
    (void)state;
    static image f;
    unlink(save(&f, 0));
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),   cmocka_unit_test(every_cut),  cmocka_unit_test(every_flip),
        cmocka_unit_test(refused),      cmocka_unit_test(full_chunk), cmocka_unit_test(crc_check_value),
        cmocka_unit_test(worked_bytes),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, remove_file);
}
