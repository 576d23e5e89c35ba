/* Profiling with several threads: the marks of one concern the ranges of all, whatever the order in the file.
 */
#include "tests/unit/trace_builder.h"

#include <math.h>

typedef struct {
    writer w;
    uint32_t domain, on, off, yielded, prefill, expert, request;
} run;

static void run_open(run *r) {
    writer_open(&r->w);
    r->domain = put_string(&r->w, "moetrace");
    r->on = put_string(&r->w, "watch on");
    r->off = put_string(&r->w, "watch off");
    r->yielded = put_string(&r->w, "watch yielded");
    r->request = put_string(&r->w, "sample.0");
    r->prefill = put_string(&r->w, "prefill");
    r->expert = put_string(&r->w, "layer0.expert1");
}

static void put_mark(run *r, uint32_t thread, uint64_t time, bool on) {
    put_host(&r->w, thread,
             (trace_host_event){
                 .kind = TRACE_HOST_MARK, .time = time, .name = on ? r->on : r->off, .domain = r->domain});
}

/* A prefill from `start` to `end` with one expert in it, 10 behind the start. */
static void put_request(run *r, uint32_t thread, uint64_t start, uint64_t end) {
    const uint32_t names[] = {r->request, r->prefill, r->expert};
    for (uint64_t i = 0; i < 3; i++) {
        put_host(&r->w, thread,
                 (trace_host_event){.kind = TRACE_HOST_PUSH, .time = start + 5 * i, .name = names[i]});
    }
    put_pop(&r->w, thread, start + 20);
    put_pop(&r->w, thread, end - 1);
    put_pop(&r->w, thread, end);
}

static uint64_t calls(const metrics_results *r) {
    return r->costs.expert_count ? r->costs.experts[0].calls : 0;
}

/* Requests that run at once. Thread 0 has the marks: on at 1000, off at 20000, on at 40000. */
static void requests_at_once(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        run r;
        metrics_results results;
        run_open(&r);
        for (int turn = 0; turn < 2; turn++) {
            if (turn == order) {
                put_mark(&r, 0, 1000, true);
                put_request(&r, 0, 1010, 19000); /* profiled */
                put_mark(&r, 0, 20000, false);
                put_request(&r, 0, 20010, 39000); /* unprofiled */
                put_mark(&r, 0, 40000, true);
                put_request(&r, 0, 40010, 59000); /* profiled */
            } else {
                put_request(&r, 1, 5000, 15000);  /* profiled */
                put_request(&r, 1, 15100, 25000); /* the second mark lies in it */
                put_request(&r, 1, 25100, 35000); /* unprofiled */
                put_request(&r, 1, 35100, 45000); /* the third mark lies in it */
                put_request(&r, 2, 500, 60000);   /* all of them do */
                put_request(&r, 3, 100, 900);     /* before the first: unprofiled */
            }
        }
        read_back(&r.w, &results);
        const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
        assert_int_equal(row->profiled, 3);
        assert_int_equal(row->unprofiled, 3);
        assert_int_equal(row->partly, 3);
        assert_int_equal(row->latency.n, 3);
        assert_int_equal(results.samples.count, 9);
        if (order ==
            0) { /* the marks are read first, so that ranges are counted right: those opened while profiling */
            assert_int_equal(calls(&results), 4);
            assert_int_equal(results.late_marks, 0);
        } else { /* two of them are read after ranges that were opened behind them */
            assert_int_equal(results.late_marks, 2);
        }
        metrics_results_free(&results);
    }
}

/* Requests in turns on two threads, each with the marks of its own requests; one thread's events stand behind
 * all of the other's. Nothing is late, although marks are. */
static void requests_in_turns(void **state) {
    (void)state;
    for (uint32_t first = 0; first < 2; first++) {
        run r;
        metrics_results results;
        run_open(&r);
        for (uint32_t turn = 0; turn < 2; turn++) {
            uint32_t thread = turn == 0 ? first : 1 - first;
            for (uint64_t i = thread; i < 10; i += 2) { /* thread 0 has the profiled ones */
                put_mark(&r, thread, 1000 * i + 100, thread == 0);
                put_request(&r, thread, 1000 * i + 110, 1000 * i + 900);
            }
        }
        read_back(&r.w, &results);
        const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
        assert_int_equal(row->profiled, 5);
        assert_int_equal(row->unprofiled, 5);
        assert_int_equal(row->partly, 0);
        assert_int_equal(calls(&results), 5);
        assert_int_equal(results.late_marks, 0);
        metrics_results_free(&results);
    }
}

/* A switch on the main thread, which stands behind the ranges of a worker: the samples are what they were,
 * and the report says that the ranges may be counted wrong. */
static void a_switch_read_late(void **state) {
    (void)state;
    run r;
    metrics_results results;
    run_open(&r);
    for (uint64_t i = 0; i < 10; i++) {
        put_request(&r, 1, 1000 * i, 1000 * i + 900);
    }
    put_mark(&r, 0, 4950, true);
    read_back(&r.w, &results);
    const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
    assert_int_equal(row->unprofiled, 5);
    assert_int_equal(row->profiled, 5);
    assert_int_equal(results.late_marks, 1);
    metrics_results_free(&results);

    run_open(&r); /* read in time: no doubt, and right */
    put_mark(&r, 0, 4950, true);
    for (uint64_t i = 0; i < 10; i++) {
        put_request(&r, 1, 1000 * i, 1000 * i + 900);
    }
    read_back(&r.w, &results);
    assert_int_equal(results.late_marks, 0);
    assert_int_equal(calls(&results), 5);
    metrics_results_free(&results);

    run_open(&r); /* read late, but nothing was opened behind it */
    put_request(&r, 1, 1000, 1900);
    put_mark(&r, 0, 1500, false);
    read_back(&r.w, &results);
    assert_int_equal(results.late_marks, 0);
    assert_int_equal(row_of(&results, BASE_NONE, METRICS_ROW_PREFILL)->partly, 1);
    metrics_results_free(&results);
}

/* From 2000 on another tool has CUPTI: what runs then is neither, and no latency comes from it. */
static void another_tool(void **state) {
    (void)state;
    run r;
    metrics_results results;
    run_open(&r);
    put_mark(&r, 0, 500, false);
    put_request(&r, 0, 1000, 1900);
    put_host(
        &r.w, 0,
        (trace_host_event){.kind = TRACE_HOST_MARK, .time = 2000, .name = r.yielded, .domain = r.domain});
    for (uint64_t i = 2; i < 6; i++) {
        put_request(&r, 0, 1000 * i + 100, 1000 * i + 300);
    }
    read_back(&r.w, &results);
    const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
    assert_int_equal(row->unprofiled, 1);
    assert_int_equal(row->profiled, 0);
    assert_int_equal(row->partly, 4);
    assert_int_equal(row->latency.n, 1);
    assert_true(results.yielded);
    metrics_results_free(&results);

    run_open(&r); /* of the whole run: it is said what the latencies are of */
    put_host(&r.w, 0,
             (trace_host_event){.kind = TRACE_HOST_MARK, .time = 10, .name = r.off, .domain = r.domain});
    put_host(&r.w, 0,
             (trace_host_event){.kind = TRACE_HOST_MARK, .time = 10, .name = r.yielded, .domain = r.domain});
    put_request(&r, 0, 1000, 1900);
    read_back(&r.w, &results);
    row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
    assert_int_equal(row->from, ATTRIBUTION_PARTLY_PROFILED);
    assert_int_equal(row->unprofiled, 0);
    metrics_results_free(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_at_once),
        cmocka_unit_test(requests_in_turns),
        cmocka_unit_test(a_switch_read_late),
        cmocka_unit_test(another_tool),
    };
    return cmocka_run_group_tests_name("attribution: profiling_windows", tests, NULL, NULL);
}
