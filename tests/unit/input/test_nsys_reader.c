/* A capture that is read in one go tells what one that is scanned first tells, and whatever has to be known
 * beforehand is noticed. */
#include "analysis/input/capture_reader.h"

#include <sqlite3.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STRINGS 64

/* What a visitor was told: META on its own, since that of marks may come a little later. */
typedef struct {
    FILE *events, *meta;
    char *events_text, *meta_text;
    size_t events_len, meta_len;
    char strings[STRINGS][32];
    uint32_t shapes[STRINGS]; /* names */
    size_t asking;            /* calls that only ask, which may be left out */
} told;

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    fprintf(((told *)ctx)->meta, "%.*s=%.*s\n", (int)key_len, key, (int)value_len, value);
    return 0;
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    assert_true(id < STRINGS && len < 32);
    memcpy(((told *)ctx)->strings[id], bytes, len);
    return 0;
}

static int on_thread(void *ctx, const trace_thread *t) {
    fprintf(((told *)ctx)->events, "thread %u %u\n", t->index, t->tid);
    return 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    told *t = ctx;
    if (strcmp(t->strings[e->name], "cuKernelGetName") == 0) {
        t->asking++;
        return 0;
    }
    fprintf(t->events, "host %d %u %llu %llu %s %s %u\n", (int)e->kind, e->thread,
            (unsigned long long)e->time, (unsigned long long)e->duration, t->strings[e->name],
            t->strings[e->domain], e->correlation);
    return 0;
}

static int on_shape(void *ctx, const trace_shape *s) {
    assert_true(s->id < STRINGS);
    ((told *)ctx)->shapes[s->id] = s->name;
    return 0;
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    told *t = ctx;
    fprintf(t->events, "gpu %llu %llu %u %s\n", (unsigned long long)e->start, (unsigned long long)e->end,
            e->correlation, t->strings[t->shapes[e->shape]]);
    return 0;
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    fprintf(((told *)ctx)->events, "end %llu %.*s\n", (unsigned long long)time, (int)reason_len, reason);
    return 0;
}

static void begin(told *t) {
    memset(t, 0, sizeof *t);
    t->events = open_memstream(&t->events_text, &t->events_len);
    t->meta = open_memstream(&t->meta_text, &t->meta_len);
    assert_non_null(t->events);
    assert_non_null(t->meta);
}

static int read_it(const char *path, bool once, unsigned jobs, told *t, uint32_t *pid) {
    trace_status status;
    char error[TRACE_ERROR_BYTES] = "";
    trace_visitor v = {.ctx = t,
                       .meta = on_meta,
                       .string = on_string,
                       .thread = on_thread,
                       .shape = on_shape,
                       .host = on_host,
                       .gpu = on_gpu,
                       .end = on_end};
    int rc = (once ? input_read_once : input_read)(path, jobs, &v, &status, error);
    fclose(t->events);
    fclose(t->meta);
    *pid = status.header.pid;
    assert_string_equal(error, "");
    return rc;
}

static void drop(told *t) {
    free(t->events_text);
    free(t->meta_text);
}

/* Some thousand launches and kernels of process 7, in ranges of two domains. */
static const char plain[] =
    "CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT);"
    "INSERT INTO StringIds VALUES(1, 'gemm'), (2, 'cudaLaunchKernel_v7000'), (3, 'step'), (4, 'moetrace'), "
    "(5, "
    "'cuKernelGetName');"
    "CREATE TABLE ANALYSIS_DETAILS(startTime, duration);"
    "INSERT INTO ANALYSIS_DETAILS VALUES(1000000, 5);"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start, end, deviceId, contextId, streamId, correlationId, "
    "globalPid, mangledName, gridX);"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start, end, globalTid, correlationId, nameId, returnValue);"
    "CREATE TABLE NVTX_EVENTS(start, end, globalTid, eventType, text, textId, domainId);"
    "INSERT INTO NVTX_EVENTS VALUES(5, NULL, 7 << 24 | 9, 75, 'moetrace', NULL, 1);"
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 6000)"
    "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT i * 100 + 50, i * 100 + 90, 0, 1, 7, i, 7 << 24, 1, i % 3 "
    "FROM c;"
    "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME SELECT start - 45, start - 20, 7 << 24 | 9, correlationId, 2, 0 "
    "FROM CUPTI_ACTIVITY_KIND_KERNEL UNION ALL SELECT start - 10, start - 9, 7 << 24 | 9, correlationId + "
    "10000, 5, 0 FROM CUPTI_ACTIVITY_KIND_KERNEL ORDER BY 1;"
    "INSERT INTO NVTX_EVENTS SELECT start - 46, start + 2, 7 << 24 | 9, CASE correlationId % 50 WHEN 0 THEN "
    "34 ELSE 59 END, NULL, 3, CASE correlationId % 50 WHEN 0 THEN 1 ELSE 0 END FROM "
    "CUPTI_ACTIVITY_KIND_KERNEL;";

static char *make(const char *change) {
    char *path = strdup("/tmp/moetrace-once-XXXXXX");
    sqlite3 *db;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, plain, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, change, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    return path;
}

/* What it tells in one go is the same. */
static void same(const char *change) {
    char *path = make(change);
    uint32_t pid, scanned_pid;
    told scanned;
    begin(&scanned);
    assert_int_equal(read_it(path, false, 1, &scanned, &scanned_pid), 0);
    for (unsigned jobs = 1; jobs <= 4; jobs++) {
        told once;
        begin(&once);
        assert_int_equal(read_it(path, true, jobs, &once, &pid), 0);
        assert_string_equal(once.events_text, scanned.events_text);
        assert_string_equal(once.meta_text, scanned.meta_text);
        assert_int_equal(pid, scanned_pid);
        assert_int_equal(once.asking, 0);
        drop(&once);
    }
    assert_true(scanned.asking == 0 || scanned.asking == 6000);
    drop(&scanned);
    unlink(path);
    free(path);
}

static void in_one_go(void **state) {
    (void)state;
    same("");
    same("UPDATE ANALYSIS_DETAILS SET duration = 1 << 40");
    same("DROP TABLE ANALYSIS_DETAILS");
    same("DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL");
    same("UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET end = 1 << 30 WHERE rowid = 12000"); /* the last, which asks
                                                                                       */
    same("DROP TABLE StringIds");
    same("DELETE FROM NVTX_EVENTS; DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL; DELETE FROM "
         "CUPTI_ACTIVITY_KIND_RUNTIME");
    same("UPDATE NVTX_EVENTS SET end = NULL WHERE rowid = 5000");
    same("UPDATE NVTX_EVENTS SET globalTid = NULL WHERE eventType = 75; UPDATE NVTX_EVENTS SET domainId = 0");
    same("INSERT INTO NVTX_EVENTS SELECT start, end, globalTid, eventType, text, textId, domainId FROM "
         "NVTX_EVENTS ORDER BY start LIMIT 0");
}

/* It is noticed that it has to be read anew, and nothing is said to have gone wrong. */
static void anew(const char *change) {
    char *path = make(change);
    for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
        uint32_t pid;
        told once;
        begin(&once);
        assert_int_equal(read_it(path, true, jobs, &once, &pid), INPUT_READ_AGAIN);
        drop(&once);
        told scanned;
        begin(&scanned);
        assert_int_equal(read_it(path, false, jobs, &scanned, &pid), 0);
        drop(&scanned);
    }
    unlink(path);
    free(path);
}

static void what_must_be_known_is_noticed(void **state) {
    (void)state;
    anew("UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = start - 300 WHERE rowid = 5000");
    anew(
        "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET start = start - 300 WHERE rowid = 2049"); /* between slices */
    anew("UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET start = NULL WHERE rowid = 3000");
    anew("UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET globalPid = 8 << 24 WHERE rowid = 4321");
    anew("UPDATE NVTX_EVENTS SET globalTid = 8 << 24 WHERE rowid = 6001");
    anew("UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET globalPid = NULL WHERE rowid = 1");
    anew("UPDATE NVTX_EVENTS SET start = start - 200"); /* times below 0 */
    anew("DELETE FROM NVTX_EVENTS WHERE rowid = 1");    /* the domain is not made */
    anew("UPDATE NVTX_EVENTS SET start = 600001, rowid = 9000 WHERE rowid = 1");
    anew("INSERT INTO NVTX_EVENTS VALUES(700000, NULL, 7 << 24 | 9, 75, 'other', NULL, 1)");
    anew("CREATE TABLE CUPTI_ACTIVITY_KIND_MEMSET(start PRIMARY KEY, end, globalPid) WITHOUT ROWID");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_go),
        cmocka_unit_test(what_must_be_known_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
