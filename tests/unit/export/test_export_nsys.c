/* The SQLite export of small traces, asked in SQL what Nsight Systems' reports take from it. */
#include "tests/unit/trace_builder.h"

#include "analysis/export/export_nsys.h"
#include "analysis/input/capture_reader.h"

#include <sqlite3.h>

typedef struct {
    char path[80];
    sqlite3 *db;
} exported;

/* Exports the trace of `w` and opens the result. Both files are gone afterwards. */
static void export_back(writer *w, exported *x, const events_store_filter *filter) {
    char error[TRACE_ERROR_BYTES] = "", *paths[] = {w->path};
    events_store rows;
    writer_close(w);
    snprintf(x->path, sizeof x->path, "%s.sqlite", w->path);
    FILE *file = fopen(x->path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(events_store_read(&rows, paths, 1, filter, NULL, NULL, error), 0);
    assert_int_equal(export_nsys(&rows, x->path, error), 0);
    assert_string_equal(error, "");
    events_store_free(&rows);
    unlink(w->path);
    assert_int_equal(sqlite3_open(x->path, &x->db), SQLITE_OK);
}

static void export_done(exported *x) {
    assert_int_equal(sqlite3_close(x->db), SQLITE_OK);
    unlink(x->path);
}

/* All values of the query, with "|" between them and ";" between rows. */
static void expect(exported *x, const char *sql, const char *wanted) {
    char got[2000] = "";
    size_t n = 0;
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(x->db, sql, -1, &s, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(x->db));
    }
    for (int row = 0; sqlite3_step(s) == SQLITE_ROW; row++) {
        for (int i = 0; i < sqlite3_column_count(s) && n < sizeof got; i++) {
            const char *text = (const char *)sqlite3_column_text(s, i);
            const char *between = row > 0 ? ";" : "";
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%s", i > 0 ? "|" : between, text ? text : "-");
        }
    }
    sqlite3_finalize(s);
    if (strcmp(got, wanted) != 0) {
        fail_msg("%s:\n  got    %s\n  wanted %s", sql, got, wanted);
    }
}

static uint32_t put_shape(writer *w, uint32_t id, const char *name) {
    uint32_t string = put_string(w, name);
    trace_shape shape = {.id = id,
                         .name = string,
                         .grid = {2, 3, 4},
                         .block = {32, 1, 1},
                         .registers_per_thread = 40,
                         .static_shared_bytes = 16,
                         .dynamic_shared_bytes = 64,
                         .local_bytes_total = 77};
    assert_true(trace_put_shape(writer_chunk(w, TRACE_CHUNK_SHAPES, 0), &shape));
    return id;
}

static void put_call(writer *w, uint32_t thread, uint64_t start, uint64_t end, const char *name,
                     uint32_t correlation) {
    uint32_t id = put_string(w, name);
    put_host(w, thread,
             (trace_host_event){.kind = TRACE_HOST_API,
                                .time = start,
                                .duration = end - start,
                                .name = id,
                                .correlation = correlation});
}

static void put_gpu_event(writer *w, trace_gpu_event e) {
    e.timed = true;
    e.start += ZERO;
    e.end += ZERO;
    assert_true(trace_put_gpu(writer_chunk(w, TRACE_CHUNK_GPU, 0), &e));
}

static void put_definitions(writer *w) {
    trace_thread t = {.index = 0, .tid = 7, .name = "main", .name_len = 4};
    trace_queue q = {.id = 0, .device = 0, .context = 1, .stream = 7};
    const char *meta[][2] = {
        {"level", "kernels"}, {"program", "minimal"}, {"host", "here"}, {"device.0.name", "A GPU"}};
    for (size_t i = 0; i < sizeof meta / sizeof *meta; i++) {
        assert_true(
            trace_put_meta(writer_chunk(w, TRACE_CHUNK_META, 0), meta[i][0], meta[i][1], strlen(meta[i][1])));
    }
    assert_true(trace_put_thread(writer_chunk(w, TRACE_CHUNK_THREADS, 0), &t));
    assert_true(trace_put_queue(writer_chunk(w, TRACE_CHUNK_QUEUES, 0), &q));
}

/* Two kernels and a copy on one stream, in three nested ranges. */
static void put_minimal(writer *w) {
    put_definitions(w);
    put_shape(w, 0, "k_a");
    put_shape(w, 1, "_Z3k_bIfEvPT_i");
    put_push(w, 0, 1000000, "outer");
    put_push(w, 0, 2000000, "middle");
    put_push(w, 0, 3000000, "inner");
    put_call(w, 0, 3200000, 3210000, "cudaLaunchKernel", 1);
    put_pop(w, 0, 4000000);
    put_call(w, 0, 5000000, 5008000, "cuLaunchKernelEx", 2);
    put_call(w, 0, 6000000, 6020000, "cudaMemcpyAsync", 3);
    put_pop(w, 0, 7000000);
    put_pop(w, 0, 9000000);
    put_gpu_event(
        w, (trace_gpu_event){.kind = TRACE_GPU_KERNEL, .start = 3205000, .end = 4500000, .correlation = 1});
    put_gpu_event(
        w, (trace_gpu_event){
               .kind = TRACE_GPU_KERNEL, .start = 5100000, .end = 6500000, .correlation = 2, .shape = 1});
    put_gpu_event(w, (trace_gpu_event){.kind = TRACE_GPU_MEMCPY,
                                       .start = 6600000,
                                       .end = 6700000,
                                       .correlation = 3,
                                       .bytes = 1 << 20,
                                       .copy_kind = 2,
                                       .src_mem_kind = 3,
                                       .dst_mem_kind = 2});
}

/* A call in a range, its GPU work, by name of the range: what nvtx_kern_sum and nvtx_gpu_proj_sum join. */
#define INSIDE                                                                                               \
    " FROM NVTX_EVENTS n JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.globalTid = n.globalTid AND n.start <= "    \
    "r.start AND "                                                                                           \
    "n.end >= r.end "

static void test_minimal(void **state) {
    (void)state;
    static writer w;
    exported x;
    writer_open(&w);
    put_minimal(&w);
    export_back(&w, &x, &(events_store_filter){0});
    expect(&x,
           "SELECT n.text, s.value, count(*), sum(k.end - k.start)" INSIDE
           "JOIN CUPTI_ACTIVITY_KIND_KERNEL k USING (correlationId) JOIN StringIds s ON s.id = k.shortName "
           "WHERE k.globalPid = r.globalTid & ~0xffffff GROUP BY 1, 2",
           "inner|k_a|1|1295000;middle|k_a|1|1295000;middle|k_b|1|1400000;outer|k_a|1|1295000;outer|k_b|1|"
           "1400000");
    expect(
        &x,
        "SELECT text, max(e) - min(s), count(*) FROM (SELECT n.text, g.start AS s, g.end AS e" INSIDE
        "JOIN (SELECT start, end, correlationId FROM CUPTI_ACTIVITY_KIND_KERNEL UNION ALL SELECT start, end, "
        "correlationId FROM CUPTI_ACTIVITY_KIND_MEMCPY) g USING (correlationId)) GROUP BY 1",
        "inner|1295000|1;middle|3495000|3;outer|3495000|3");
    expect(&x,
           "SELECT k.start - r.end, k.end - r.start FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN "
           "CUPTI_ACTIVITY_KIND_RUNTIME r "
           "USING (correlationId) ORDER BY k.start",
           "-5000|1300000;92000|1500000");
    expect(&x, "SELECT text, start, end, globalTid, domainId, endGlobalTid FROM NVTX_EVENTS",
           "outer|1000000|9000000|281475094151175|0|-;middle|2000000|7000000|281475094151175|0|-;"
           "inner|3000000|4000000|281475094151175|0|-");
    expect(&x,
           "SELECT m.value, d.value, s.value FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN StringIds m ON m.id = "
           "mangledName JOIN "
           "StringIds d ON d.id = demangledName JOIN StringIds s ON s.id = shortName ORDER BY start",
           "k_a|k_a|k_a;_Z3k_bIfEvPT_i|void k_b<float>(T1 *, int)|k_b");
    expect(&x,
           "SELECT gridX, gridY, gridZ, blockX, registersPerThread, staticSharedMemory, dynamicSharedMemory, "
           "localMemoryTotal, launchType, deviceId, contextId, streamId, globalPid, gridId, graphNodeId FROM "
           "CUPTI_ACTIVITY_KIND_KERNEL LIMIT 1",
           "2|3|4|32|40|16|64|77|1|0|1|7|281475094151168|-|-");
    expect(&x, "SELECT bytes, copyKind, srcKind, dstKind FROM CUPTI_ACTIVITY_KIND_MEMCPY", "1048576|2|2|1");
    expect(&x, "SELECT eventClass, value FROM CUPTI_ACTIVITY_KIND_RUNTIME JOIN StringIds ON id = nameId",
           "0|cudaLaunchKernel;1|cuLaunchKernelEx;0|cudaMemcpyAsync");
    expect(&x, "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_MEMSET", "0"); /* looked for, and none found */
    expect(&x, "SELECT id, name, smCount FROM TARGET_INFO_GPU", "0|A GPU|-");
    expect(&x, "SELECT value, priority, globalTid FROM ThreadNames JOIN StringIds ON id = nameId",
           "main|-|281475094151175");
    expect(&x, "SELECT duration, startTime, stopTime FROM ANALYSIS_DETAILS", "9000001|1000000|10000001");
    expect(&x, "SELECT min(id), max(id) - count(*), count(*) - count(DISTINCT value) FROM StringIds",
           "0|-1|0");
    expect(&x, "PRAGMA journal_mode", "delete");
    export_done(&x);
}

/* What readers cannot bear: two calls of one id, two ranges with the same times, ranges without an end. */
static void test_traps(void **state) {
    (void)state;
    static writer w;
    exported x;
    writer_open(&w);
    put_definitions(&w);
    put_push(&w, 0, 100, "open");
    put_push(&w, 0, 200, "outer");
    put_push(&w, 0, 200, "middle");
    put_push(&w, 0, 200, "inner");
    put_pop(&w, 0, 300);
    put_pop(&w, 0, 300);
    put_pop(&w, 0, 300);
    put_pop(&w, 1, 310); /* of nothing */
    put_call(&w, 0, 400, 410, "cudaLaunchKernel", 5);
    put_call(&w, 0, 420, 430, "cudaLaunchKernel", 5);
    put_call(&w, 0, 440, 450, "cudaFree", 0);
    put_kernel(&w, 5, 500, 600);
    put_gpu_event(&w, (trace_gpu_event){.kind = TRACE_GPU_MEMSET,
                                        .start = 610,
                                        .end = 620,
                                        .correlation = 6,
                                        .bytes = 9,
                                        .value = 255,
                                        .graph_node = 12,
                                        .graph = 1});
    export_back(&w, &x, &(events_store_filter){0});
    expect(&x, "SELECT text, start, end FROM NVTX_EVENTS",
           "open|100|621;outer|200|302;middle|200|301;inner|200|300");
    /* Ids of their own, which no GPU record has. */
    expect(&x, "SELECT start, correlationId FROM CUPTI_ACTIVITY_KIND_RUNTIME", "400|5;420|7;440|8");
    /* A kernel whose shape was lost has no shape, and is not 0 threads large. */
    expect(&x,
           "SELECT value, gridX, registersPerThread, mangledName FROM CUPTI_ACTIVITY_KIND_KERNEL JOIN "
           "StringIds ON id = "
           "demangledName",
           "(no name)|-|-|-");
    expect(&x, "SELECT value, bytes, memKind, graphNodeId FROM CUPTI_ACTIVITY_KIND_MEMSET", "255|9|7|12");
    export_done(&x);
}

/* Domains, marks, payloads, categories, colours, and a range that another thread ends. */
static void test_nvtx(void **state) {
    (void)state;
    static writer w;
    exported x;
    double f64 = -0.5;
    uint64_t bits;
    memcpy(&bits, &f64, sizeof bits);
    writer_open(&w);
    put_definitions(&w);
    trace_thread t = {.index = 1, .tid = 8, .name = "other", .name_len = 5};
    assert_true(trace_put_thread(writer_chunk(&w, TRACE_CHUNK_THREADS, 0), &t));
    uint32_t domain = put_string(&w, "lib"), name = put_string(&w, "bad \xff name"),
             mark = put_string(&w, "mark");
    put_host(&w, 0,
             (trace_host_event){.kind = TRACE_HOST_PUSH,
                                .time = 100,
                                .name = name,
                                .domain = domain,
                                .category = 3,
                                .color = 0xff00ff00,
                                .payload_type = TRACE_PAYLOAD_F64,
                                .payload = bits});
    put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_START, .time = 110, .name = mark, .id = 99});
    put_host(&w, 0,
             (trace_host_event){.kind = TRACE_HOST_MARK,
                                .time = 120,
                                .name = mark,
                                .payload_type = TRACE_PAYLOAD_I32,
                                .payload = UINT32_MAX});
    put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_POP, .time = 130, .domain = domain});
    put_host(&w, 1, (trace_host_event){.kind = TRACE_HOST_END, .time = 140, .id = 99});
    export_back(&w, &x, &(events_store_filter){0});
    expect(&x,
           "SELECT eventType, start, end, text, domainId, rangeId, category, color, endGlobalTid & 0xffffff, "
           "doubleValue, "
           "int32Value FROM NVTX_EVENTS",
           "75|0|-|lib|1|-|-|-|-|-|-;59|100|130|bad \xef\xbf\xbd name|1|-|3|4278255360|-|-0.5|-;"
           "60|110|140|mark|0|99|-|-|8|-|-;34|120|-|mark|0|-|-|-|-|-|-1");
    expect(&x, "SELECT count(*) FROM NVTX_EVENTS JOIN StringIds ON id = textId AND value = text", "3");
    export_done(&x);
}

static void test_filters(void **state) {
    (void)state;
    static writer w;
    exported x;
    writer_open(&w);
    put_minimal(&w);
    export_back(&w, &x, &(events_store_filter){.range = "inn*"});
    expect(&x, "SELECT text FROM NVTX_EVENTS", "outer;middle;inner");
    expect(&x, "SELECT correlationId FROM CUPTI_ACTIVITY_KIND_RUNTIME", "1");
    expect(&x, "SELECT correlationId FROM CUPTI_ACTIVITY_KIND_KERNEL", "1");
    expect(&x, "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_MEMCPY", "0");
    export_done(&x);
    writer_open(&w);
    put_minimal(&w);
    export_back(&w, &x, &(events_store_filter){.from = 4500001, .to = 6000000});
    expect(&x, "SELECT text FROM NVTX_EVENTS", "outer;middle");
    expect(&x, "SELECT start FROM CUPTI_ACTIVITY_KIND_RUNTIME", "5000000;6000000");
    expect(&x, "SELECT start FROM CUPTI_ACTIVITY_KIND_KERNEL", "5100000");
    expect(&x, "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_MEMCPY", "0");
    export_done(&x);
}

/* Two processes in one file: ids of correlations and processes stay apart. */
static void test_two_traces(void **state) {
    (void)state;
    static writer w[2];
    char error[TRACE_ERROR_BYTES] = "", *paths[] = {w[0].path, w[1].path};
    exported x = {.path = "/tmp/moetrace-test-XXXXXX"};
    events_store rows;
    for (int i = 0; i < 2; i++) {
        writer_open(&w[i]);
        put_minimal(&w[i]);
        writer_close(&w[i]);
    }
    close(mkstemp(x.path));
    assert_int_equal(events_store_read(&rows, paths, 2, &(events_store_filter){0}, NULL, NULL, error), 0);
    assert_int_equal(export_nsys(&rows, x.path, error), 0);
    events_store_free(&rows);
    unlink(w[0].path);
    unlink(w[1].path);
    assert_int_equal(sqlite3_open(x.path, &x.db), SQLITE_OK);
    expect(&x,
           "SELECT count(*), count(DISTINCT correlationId), count(DISTINCT globalTid) FROM "
           "CUPTI_ACTIVITY_KIND_RUNTIME",
           "6|6|2");
    expect(&x,
           "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUPTI_ACTIVITY_KIND_RUNTIME r USING "
           "(correlationId) WHERE "
           "k.globalPid = r.globalTid & ~0xffffff",
           "4");
    expect(&x, "SELECT count(*) FROM TARGET_INFO_GPU", "1");
    export_done(&x);
}

/* What the importer gives back is what was exported. */
static int count_host(void *ctx, const trace_host_event *e) {
    ((uint64_t *)ctx)[e->kind] += e->time + e->duration + e->correlation;
    return 0;
}

static int count_gpu(void *ctx, const trace_gpu_event *e) {
    ((uint64_t *)ctx)[10 + e->kind] += e->end + e->correlation + e->bytes + e->src_mem_kind;
    return 0;
}

static void test_round_trip(void **state) {
    (void)state;
    static writer w;
    exported x;
    char error[TRACE_ERROR_BYTES] = "";
    trace_status status;
    uint64_t before[20] = {0}, after[20] = {0};
    trace_visitor v = {.ctx = before, .host = count_host, .gpu = count_gpu};
    writer_open(&w);
    put_minimal(&w);
    writer_flush(&w);
    fflush(w.file);
    assert_int_equal(trace_read(w.path, &v, &status, error), 0);
    export_back(&w, &x, &(events_store_filter){0});
    v.ctx = after;
    assert_int_equal(input_read(x.path, 1, &v, &status, error), 0);
    assert_string_equal(error, "");
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(status.header.monotonic_ns, ZERO);
    assert_int_equal(status.header.pid, 7);
    export_done(&x);
}

typedef struct {
    unsigned open, at_call;
} nesting;

static int count_open(void *ctx, const trace_host_event *e) {
    nesting *n = ctx;
    n->open += e->kind == TRACE_HOST_PUSH;
    n->open -= e->kind == TRACE_HOST_POP;
    n->at_call = e->kind == TRACE_HOST_API && e->correlation == 2 ? n->open : n->at_call;
    return 0;
}

/* A call that ends behind a range does not lie in it, as in Nsight Systems' reports. */
static void test_call_across_an_end(void **state) {
    (void)state;
    static writer w;
    exported x;
    nesting n = {0};
    char error[TRACE_ERROR_BYTES] = "";
    trace_status status;
    trace_visitor v = {.ctx = &n, .host = count_open};
    writer_open(&w);
    put_minimal(&w);
    export_back(&w, &x, &(events_store_filter){0});
    assert_int_equal(input_read(x.path, 1, &v, &status, error), 0);
    assert_int_equal(n.at_call, 2);
    assert_int_equal(
        sqlite3_exec(x.db, "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET end = 7000001 WHERE correlationId = 2",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(input_read(x.path, 1, &v, &status, error), 0);
    assert_int_equal(n.at_call, 1);
    assert_int_equal(n.open, 0);
    export_done(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_minimal),
                                       cmocka_unit_test(test_traps),
                                       cmocka_unit_test(test_nvtx),
                                       cmocka_unit_test(test_filters),
                                       cmocka_unit_test(test_two_traces),
                                       cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_call_across_an_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
