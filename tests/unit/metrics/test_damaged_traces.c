/* Damaged traces: cut at every byte, and with bits flipped. The analyser reports what is left, or refuses; it
 * never reads beyond what it has, and its sums still hold. */
#include "tests/unit/trace_builder.h"

#include "analysis/report/latency_json.h"
#include "analysis/report/report.h"

/* A trace with a record of every kind. */
static void write_small(writer *w) {
    writer_open(w);
    assert_true(trace_put_meta(writer_chunk(w, TRACE_CHUNK_META, 0), "program", "small", 5));
    assert_true(trace_put_meta(writer_chunk(w, TRACE_CHUNK_META, 0), "device.0.name", "GPU", 3));
    assert_true(
        trace_put_thread(writer_chunk(w, TRACE_CHUNK_THREADS, 0), &(trace_thread){.tid = 1, .name = "t"}));
    assert_true(trace_put_queue(writer_chunk(w, TRACE_CHUNK_QUEUES, 0), &(trace_queue){.stream = 7}));
    uint32_t name = put_string(w, "_Z6matmulILi4EEvPKfPf");
    assert_true(trace_put_shape(writer_chunk(w, TRACE_CHUNK_SHAPES, 0), &(trace_shape){.name = name}));
    put_push(w, 0, 1, "top_k=2");
    static const char *const phases[] = {NULL, "vision", "prefill", "decode"};
    for (uint32_t i = 1; i < 4; i++) {
        put_push(w, 0, 100 * i, phases[i]);
        put_push(w, 0, 100 * i + 1, i == 3 ? "decode.0" : "layer.1");
        uint32_t expert = put_string(w, "expert.5");
        put_host(w, 0,
                 (trace_host_event){.kind = TRACE_HOST_PUSH,
                                    .time = 100 * i + 2,
                                    .name = expert,
                                    .payload_type = TRACE_PAYLOAD_I64,
                                    .payload = 9});
        put_kernel(w, i + 1, 100 * i + 30, 100 * i + 40);
        put_launch(w, 0, 100 * i + 3, i);
        put_kernel(w, i, 100 * i + 10, 100 * i + 20);
        for (uint64_t j = 0; j < 3; j++) {
            put_pop(w, 0, 100 * i + 50 + j);
        }
    }
    put_host(w, 1, (trace_host_event){.kind = TRACE_HOST_START, .time = 400, .name = name, .id = 3});
    put_host(w, 0, (trace_host_event){.kind = TRACE_HOST_END, .time = 410, .id = 3});
    assert_true(trace_put_counter(writer_chunk(w, TRACE_CHUNK_COUNTERS, 0), "gpu.dropped", 2));
    assert_true(trace_put_end(writer_chunk(w, TRACE_CHUNK_END, 0), ZERO + 500, "exit"));
    writer_close(w);
}

/* Reads what stands in the file and makes both outputs of it; returns trace_read's answer. */
static int use(const char *path, FILE *out, metrics_results *r) {
    char error[TRACE_ERROR_BYTES] = "";
    int rc = metrics_analyze(r, path, &(metrics_options){.k = BASE_NONE}, error);
    if (rc != 0) {
        assert_int_equal(rc, -1);
        assert_true(error[0] != '\0' && strchr(error, '\n') == NULL);
        return rc;
    }
    assert_int_equal(r->kernels_in_ranges.ns + r->kernels_outside.ns + r->kernels_unattributed.ns,
                     r->kernels_all.ns);
    report_output output;
    report_output_begin(&output, REPORT_TEXT, out);
    report_print(r, 10, &output);
    report_output_end(&output);
    cJSON *json = report_json(r);
    assert_non_null(json);
    cJSON_Delete(json);
    return 0;
}

typedef struct {
    writer w;
    uint8_t *bytes;
    size_t len;
    FILE *null;
} fixture;

static void setup(fixture *f) {
    write_small(&f->w);
    FILE *file = fopen(f->w.path, "rb");
    assert_non_null(file);
    f->bytes = malloc(1 << 16);
    assert_non_null(f->bytes);
    f->len = fread(f->bytes, 1, 1 << 16, file);
    fclose(file);
    f->null = fopen("/dev/null", "w");
    assert_non_null(f->null);
}

static void teardown(fixture *f) {
    unlink(f->w.path);
    free(f->bytes);
    fclose(f->null);
}

static void rewrite(const fixture *f, size_t len) {
    FILE *file = fopen(f->w.path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(f->bytes, 1, len, file), len);
    fclose(file);
}

static void whole_trace_is_whole(void **state) {
    (void)state;
    fixture f;
    metrics_results r;
    setup(&f);
    assert_int_equal(use(f.w.path, f.null, &r), 0);
    assert_true(r.status.ended && !r.status.cut && r.status.bytes_skipped == 0);
    assert_int_equal(r.rows.count, 4);
    assert_int_equal(r.kernels_all.count, 6);
    assert_int_equal(r.kernels_unattributed.count, 1);
    assert_int_equal(r.costs.experts[0].tokens, 27);
    assert_string_equal(metrics_results_meta(&r, "program"), "small");
    assert_null(metrics_results_meta(&r, "host"));
    assert_int_equal(metrics_results_counter(&r, "gpu.dropped")->value, 2);
    metrics_results_free(&r);
    teardown(&f);
}

static void every_prefix(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    for (size_t len = 0; len < f.len; len++) {
        metrics_results r;
        rewrite(&f, len);
        int rc = use(f.w.path, f.null, &r);
        assert_int_equal(rc, len < TRACE_HEADER_BYTES ? -1 : 0);
        assert_false(r.status.ended);
        assert_int_equal(r.status.chunks_damaged, 0);
        assert_true(r.status.cut == (rc == 0 && r.status.bytes_skipped > 0));
        metrics_results_free(&r);
    }
    teardown(&f);
}

/* Where the last chunk begins. */
static size_t last_chunk(const fixture *f) {
    size_t at = f->len - 4;
    while (memcmp(f->bytes + at, "MTCK", 4) != 0) {
        at--;
    }
    return at;
}

static void every_flipped_byte(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    srand(3);
    size_t last = last_chunk(&f);
    for (size_t at = 0; at < f.len; at++) {
        metrics_results r;
        uint8_t mask = (uint8_t)(1u << rand() % 8);
        f.bytes[at] ^= mask;
        rewrite(&f, f.len);
        int rc = use(f.w.path, f.null, &r);
        assert_true(rc != 0 || r.status.bytes_skipped > 0);
        assert_true(rc == 0 || at < TRACE_HEADER_BYTES);
        if (rc == 0 && at >= TRACE_HEADER_BYTES) { /* only what nothing follows can be taken for a cut */
            assert_int_equal(r.status.chunks_damaged + r.status.cut, 1);
            assert_true(at >= last || (!r.status.cut && r.status.ended));
        }
        metrics_results_free(&r);
        f.bytes[at] ^= mask;
    }
    teardown(&f);
}

/* A damaged length that reaches beyond the end of the file hides nothing that follows it; a file may be
 * damaged and cut as well. */
static void damaged_length(void **state) {
    (void)state;
    fixture f;
    metrics_results r;
    setup(&f);
    f.bytes[TRACE_HEADER_BYTES + 10] ^= 8; /* of the first chunk: half a mebibyte more */
    rewrite(&f, f.len);
    assert_int_equal(use(f.w.path, f.null, &r), 0);
    assert_true(r.status.chunks_damaged == 1 && !r.status.cut && r.status.ended);
    assert_int_equal(r.kernels_all.count, 6);
    metrics_results_free(&r);
    rewrite(&f, f.len - 1);
    assert_int_equal(use(f.w.path, f.null, &r), 0);
    assert_true(r.status.chunks_damaged == 1 && r.status.cut && !r.status.ended);
    metrics_results_free(&r);
    size_t last = last_chunk(&f);
    f.bytes[last] ^= 1;
    f.bytes[last - 1] ^= 1; /* in the chunk before it, so that one hole holds both */
    rewrite(&f, f.len);
    assert_int_equal(use(f.w.path, f.null, &r), 0);
    assert_true(r.status.chunks_damaged == 2 && !r.status.cut);
    metrics_results_free(&r);
    f.bytes[last] ^= 1;
    rewrite(&f, f.len - 1);
    assert_int_equal(use(f.w.path, f.null, &r), 0);
    assert_true(r.status.chunks_damaged == 2 && r.status.cut);
    metrics_results_free(&r);
    teardown(&f);
}

/* A file of nothing but chunk headers costs no more than its length warrants. */
static void headers_only(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    FILE *file = fopen(f.w.path, "wb");
    assert_non_null(file);
    uint8_t head[TRACE_CHUNK_BYTES] = {'M', 'T', 'C', 'K', 6, 0, 0, 0, 0, 0, 16};
    fwrite(f.bytes, 1, TRACE_HEADER_BYTES, file);
    for (size_t i = 0; i < (32u << 20) / sizeof head; i++) {
        fwrite(head, 1, sizeof head, file);
    }
    fclose(file);
    metrics_results r;
    alarm(60);
    assert_int_equal(use(f.w.path, f.null, &r), 0);
    alarm(0);
    assert_int_equal(r.status.chunks_damaged, 1);
    assert_int_equal(r.status.bytes_skipped, 32u << 20);
    metrics_results_free(&r);
    teardown(&f);
}

/* Wrong records under right checksums, as a faulty recorder would write them. */
static void scrambled_payloads(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    uint8_t *good = malloc(f.len);
    assert_non_null(good);
    memcpy(good, f.bytes, f.len);
    srand(4);
    for (int round = 0; round < 1000; round++) {
        for (size_t at = TRACE_HEADER_BYTES; at < f.len;) {
            uint8_t *chunk = f.bytes + at;
            uint32_t payload;
            memcpy(&payload, chunk + 8, 4);
            for (int i = rand() % 3; i > 0 && payload > 0; i--) {
                chunk[TRACE_CHUNK_BYTES + (size_t)rand() % payload] = (uint8_t)rand();
            }
            uint32_t crc = trace_crc32c(0, chunk, TRACE_CHUNK_BYTES - 4);
            crc = trace_crc32c(crc, chunk + TRACE_CHUNK_BYTES, payload);
            memcpy(chunk + TRACE_CHUNK_BYTES - 4, &crc, 4);
            at += TRACE_CHUNK_BYTES + payload;
        }
        metrics_results r;
        rewrite(&f, f.len);
        assert_int_equal(use(f.w.path, f.null, &r), 0);
        metrics_results_free(&r);
        memcpy(f.bytes, good, f.len);
    }
    free(good);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_trace_is_whole), cmocka_unit_test(every_prefix),
        cmocka_unit_test(every_flipped_byte),   cmocka_unit_test(damaged_length),
        cmocka_unit_test(headers_only),         cmocka_unit_test(scrambled_payloads),
    };
    return cmocka_run_group_tests_name("analysis: damage", tests, NULL, NULL);
}
