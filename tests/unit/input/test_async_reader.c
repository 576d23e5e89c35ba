/* Reading ahead tells the same records in the same order as reading does, and ends when it is told to. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/parallel_for.h"
#include "analysis/input/async_reader.h"
#include "analysis/input/capture_reader.h"

#include <pthread.h>

typedef struct {
    uint64_t hash, records, stop_after;
    pthread_t thread;
} digest;

static void mix(digest *d, uint64_t value) {
    d->hash = (d->hash ^ value) * 0x9fb21c651e98df25u;
    d->hash ^= d->hash >> 32;
}

/* Counts one call of the visitor. */
static int called(digest *d, char what) {
    assert_true(pthread_equal(d->thread, pthread_self()));
    mix(d, (uint8_t)what);
    return ++d->records == d->stop_after ? 7 : 0;
}

static void text(digest *d, const char *bytes, size_t len) {
    mix(d, len);
    for (size_t i = 0; i < len; i++) {
        mix(d, (uint8_t)bytes[i]);
    }
}

static int numbers(digest *d, char what, const uint64_t *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        mix(d, list[i]);
    }
    return called(d, what);
}

#define NUMBERS(d, what, ...)                                                                                \
    numbers(d, what, (uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    text(ctx, key, key_len);
    text(ctx, value, value_len);
    return called(ctx, 'm');
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    text(ctx, bytes, len);
    return NUMBERS(ctx, 's', id);
}

static int on_thread(void *ctx, const trace_thread *t) {
    text(ctx, t->name, t->name_len);
    return NUMBERS(ctx, 't', t->index, t->tid);
}

static int on_queue(void *ctx, const trace_queue *q) {
    return NUMBERS(ctx, 'q', q->id, q->device, q->context, q->stream);
}

static int on_shape(void *ctx, const trace_shape *s) {
    return NUMBERS(ctx, 'k', s->id, s->name, s->grid[0], s->grid[1], s->grid[2], s->local_bytes_total);
}

static int on_host(void *ctx, const trace_host_event *e) {
    return NUMBERS(ctx, 'h', e->kind, e->payload_type, e->thread, e->time, e->duration, e->name, e->domain,
                   e->color, e->correlation, (uint64_t)e->result, e->category, e->id, e->named, e->graph,
                   e->payload);
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    return NUMBERS(ctx, 'g', e->kind, e->timed, e->start, e->end, e->correlation, e->queue, e->shape,
                   e->graph, e->graph_node, e->bytes, e->value, e->copy_kind, e->src_mem_kind,
                   e->dst_mem_kind, e->copy_is_async);
}

static int on_counter(void *ctx, const char *name, size_t name_len, uint64_t value) {
    text(ctx, name, name_len);
    return NUMBERS(ctx, 'c', value);
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    text(ctx, reason, reason_len);
    return NUMBERS(ctx, 'e', time);
}

static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    return NUMBERS(ctx, 'p', done, total);
}

/* Reads the file; returns what reading did, and what was told. */
static int told(const char *path, unsigned jobs, uint64_t stop_after, digest *d, trace_status *status) {
    char error[TRACE_ERROR_BYTES] = "";
    *d = (digest){.stop_after = stop_after, .thread = pthread_self()};
    trace_visitor v = {d,       on_meta, on_string,  on_thread, on_queue,   on_shape,
                       on_host, on_gpu,  on_counter, on_end,    on_progress};
    int rc = jobs == 0 ? input_read(path, 1, &v, status, error)
                       : input_read_async(path, &v, jobs, false, status, error);
    assert_true((rc == -1) == (error[0] != '\0'));
    return rc;
}

/* Some batches of events between definitions of every kind. */
static void write_long(writer *w, uint32_t calls) {
    writer_open(w);
    assert_true(trace_put_meta(writer_chunk(w, TRACE_CHUNK_META, 0), "program", "long", 4));
    assert_true(
        trace_put_thread(writer_chunk(w, TRACE_CHUNK_THREADS, 0), &(trace_thread){.tid = 1, .name = "t"}));
    assert_true(trace_put_queue(writer_chunk(w, TRACE_CHUNK_QUEUES, 0), &(trace_queue){.stream = 7}));
    uint32_t name = put_string(w, "kernel");
    assert_true(trace_put_shape(writer_chunk(w, TRACE_CHUNK_SHAPES, 0),
                                &(trace_shape){.name = name, .grid = {1, 2, 3}}));
    put_push(w, 0, 1, "prefill");
    for (uint32_t i = 1; i <= calls; i++) {
        put_launch(w, 0, 10 * (uint64_t)i, i);
        put_kernel(w, i, 10 * (uint64_t)i + 5, 10 * (uint64_t)i + 8);
    }
    put_pop(w, 0, 10 * (uint64_t)calls + 10);
    assert_true(trace_put_counter(writer_chunk(w, TRACE_CHUNK_COUNTERS, 0), "gpu.dropped", 2));
    assert_true(trace_put_end(writer_chunk(w, TRACE_CHUNK_END, 0), ZERO + 500, "exit"));
    writer_close(w);
}

static void same_records(void **state) {
    (void)state;
    static const uint32_t calls[] = {0, 1, 1000, 1023, 1024, 20000};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        writer w;
        digest one, two;
        trace_status a, b;
        write_long(&w, calls[i]);
        assert_int_equal(told(w.path, 0, 0, &one, &a), 0);
        for (unsigned jobs = 1; jobs < 6; jobs++) {
            assert_int_equal(told(w.path, jobs, 0, &two, &b), 0);
            assert_true(one.records == two.records && one.hash == two.hash);
            assert_true(a.chunks == b.chunks && a.ended && b.ended && a.bytes_total == b.bytes_total);
            assert_int_equal(a.header.pid, b.header.pid);
        }
        assert_true(one.records > 2 * calls[i]);
        unlink(w.path);
    }
}

static void stops_when_told(void **state) {
    (void)state;
    writer w;
    digest one, two;
    trace_status status;
    write_long(&w, 60000); /* more than the ring holds */
    assert_int_equal(told(w.path, 0, 0, &one, &status), 0);
    for (uint64_t n = 1; n < one.records; n += n < 30 ? 1 : 7919) {
        assert_int_equal(told(w.path, 0, n, &one, &status), 7);
        for (unsigned jobs = 2; jobs < 6; jobs += 3) {
            assert_int_equal(told(w.path, jobs, n, &two, &status), 7);
            assert_true(one.records == n && two.records == n && one.hash == two.hash);
        }
    }
    unlink(w.path);
}

/* Flips a byte of the file, or cuts it there. */
static void damage(const char *path, const uint8_t *bytes, size_t len, size_t at, bool cut) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < (cut ? at : len); i++) {
        putc(i == at ? bytes[i] ^ 0x55 : bytes[i], f);
    }
    assert_int_equal(fclose(f), 0);
}

static void damage_is_the_same(void **state) {
    (void)state;
    writer w;
    write_long(&w, 60);
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(w.path, "r");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(len > 3000 && len < sizeof bytes);
    for (size_t at = TRACE_HEADER_BYTES; at < len; at += 7) {
        for (int cut = 0; cut < 2; cut++) {
            digest one, two;
            trace_status a, b;
            damage(w.path, bytes, len, at, cut);
            assert_int_equal(told(w.path, 1, 0, &one, &a), 0);
            assert_int_equal(told(w.path, 4, 0, &two, &b), 0);
            assert_true(one.records == two.records && one.hash == two.hash);
            assert_int_equal(a.chunks, b.chunks);
            assert_int_equal(a.chunks_damaged, b.chunks_damaged);
            assert_int_equal(a.bytes_skipped, b.bytes_skipped);
            assert_true(a.chunks_damaged > 0 || cut);
            assert_true(a.cut == b.cut && a.ended == b.ended && a.bytes_total == b.bytes_total);
        }
    }
    unlink(w.path);
}

/* Chunks whose checksum holds and whose records cannot be. */
static void records_that_cannot_be(void **state) {
    (void)state;
    writer w;
    digest one, two;
    trace_status a, b;
    writer_open(&w);
    for (uint32_t i = 0; i < 9; i++) {
        put_launch(&w, 0, 10 * i, i);
        put_launch(&w, 0, 10 * i + 5, 100 + i);
        w.buf[TRACE_CHUNK_BYTES] |= i % 4 == 3 || i == 4 ? 0x80 : 0; /* a flag that no call has */
        writer_flush(&w);
    }
    writer_close(&w);
    assert_int_equal(told(w.path, 1, 0, &one, &a), 0);
    assert_int_equal(told(w.path, 4, 0, &two, &b), 0);
    assert_true(one.records == two.records && one.hash == two.hash);
    assert_int_equal(a.chunks_damaged, 3);
    assert_int_equal(b.chunks_damaged, 3);
    assert_int_equal(a.bytes_skipped, b.bytes_skipped);
    unlink(w.path);
}

static void errors_are_the_readers(void **state) {
    (void)state;
    digest d;
    trace_status status;
    for (unsigned jobs = 2; jobs < 6; jobs += 3) {
        assert_int_equal(told("/nonexistent/file", jobs, 0, &d, &status), -1);
        assert_int_equal(d.records, 0);
    }
    assert_true(base_cores() >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_records),           cmocka_unit_test(stops_when_told),
        cmocka_unit_test(damage_is_the_same),     cmocka_unit_test(records_that_cannot_be),
        cmocka_unit_test(errors_are_the_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
