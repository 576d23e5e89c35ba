/* What the sweep's rows are made of: which requests were profiled, what the GPU and the host did, outliers
 * and drift. */
#include "tests/unit/trace_builder.h"

#include <math.h>

typedef struct {
    writer w;
    uint64_t now;
    uint32_t correlation, domain, on, off, prefill;
} run;

static void run_open(run *r) {
    writer_open(&r->w);
    r->now = 1000;
    r->correlation = 0;
    r->domain = put_string(&r->w, "moetrace");
    r->on = put_string(&r->w, "watch on");
    r->off = put_string(&r->w, "watch off");
}

static void put_mark(run *r, bool on, uint64_t time) {
    put_host(&r->w, 0,
             (trace_host_event){
                 .kind = TRACE_HOST_MARK, .time = time, .name = on ? r->on : r->off, .domain = r->domain});
}

/* One request: a prefill of `length` ns with an expert in it; when profiled, a launch and a kernel that ends
 * `beyond` ns behind the range. */
static void put_request(run *r, const char *name, uint64_t length, bool profiled, uint64_t beyond) {
    put_push(&r->w, 0, r->now, name);
    put_push(&r->w, 0, r->now + 10, "prefill");
    put_push(&r->w, 0, r->now + 20, "layer.0");
    put_push(&r->w, 0, r->now + 30, "expert.5");
    if (profiled) {
        put_launch(&r->w, 0, r->now + 40, ++r->correlation);
    }
    put_pop(&r->w, 0, r->now + 60);
    put_pop(&r->w, 0, r->now + 70);
    put_pop(&r->w, 0, r->now + 10 + length);
    put_pop(&r->w, 0, r->now + 20 + length);
    if (profiled) {
        put_kernel(&r->w, r->correlation, r->now + 50, r->now + 10 + length + beyond);
    }
    r->now += length + 1000;
}

/* Latencies come from the unprofiled requests, attribution from the profiled ones, and both are compared. */
static void latencies_are_of_the_unprofiled(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    run_open(&r);
    put_request(&r, "warmup.0", 7000, false, 0);
    for (uint64_t i = 0; i < 6; i++) {
        put_request(&r, "sample.0", 10000 + 100 * i, false, 0);
        put_mark(&r, true, r.now - 5);
        put_request(&r, "sample.1", 20000 + 100 * i, true, 500);
        put_mark(&r, false, r.now - 5);
    }
    read_back(&r.w, &results);
    const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
    assert_int_equal(row->from, ATTRIBUTION_UNPROFILED);
    assert_int_equal(row->latency.n, 6);
    assert_true(fabs(row->latency.p50 - 10250 / 1e6) < 1e-12 && row->latency.max == 10500 / 1e6);
    assert_true(row->kernels == 1);
    assert_true(fabs(row->busy - (20250 + 500 - 40) / 1e6) < 1e-12);
    assert_true(row->on.n == 6 && fabs(row->on.p50 - 20250 / 1e6) < 1e-12); /* the range's own duration */
    assert_true(row->off.n == 6 && fabs(row->off.p50 - 10250 / 1e6) < 1e-12);
    assert_true(fabs(row->overhead - 20250.0 / 10250) < 1e-12);
    assert_true(row->overhead_ci.low > 1.9 && row->overhead_ci.low <= row->overhead);
    assert_true(row->overhead_ci.high < 2.1 && row->overhead_ci.high >= row->overhead);
    assert_true(fabs(row->beyond - 500 / 1e6) < 1e-12);
    assert_int_equal(results.costs.experts[0].calls, 6);
    assert_int_equal(results.costs.experts[0].kernels, 6);
    assert_true(row->active == 1);
    metrics_results_free(&results);
}

/* Of unprofiled requests those count that ran before CUPTI's records were first on, if there are any. */
static void what_ran_before_cupti_counts(void **state) {
    (void)state;
    for (int known = 0; known < 2; known++) {
        run r = {0};
        metrics_results results;
        run_open(&r);
        put_mark(&r, false, 0);
        put_request(&r, "sample.0", 10000, false, 0);
        put_request(&r, "sample.1", 12000, false, 0);
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)(ZERO + r.now - 10));
        if (known) {
            assert_true(trace_put_meta(writer_chunk(&r.w, TRACE_CHUNK_META, 0), "cupti.first_watch", text,
                                       strlen(text)));
        }
        put_mark(&r, true, r.now - 5);
        put_request(&r, "sample.2", 30000, true, 0);
        put_mark(&r, false, r.now - 5);
        put_request(&r, "sample.3", 20000, false, 0);
        read_back(&r.w, &results);
        const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
        assert_int_equal(row->from, ATTRIBUTION_UNPROFILED);
        assert_int_equal(row->latency.n, known ? 2 : 3);
        assert_int_equal(row->unprofiled, known ? 2 : 3);
        assert_int_equal(row->left_out, known ? 1 : 0);
        assert_int_equal(row->after_profiling, !known);
        assert_int_equal(row->partly, 0);
        assert_true(row->latency.max == (known ? 12000 : 20000) / 1e6);
        assert_true(row->off.p50 == (known ? 11000 : 12000) / 1e6 && row->profiled == 1);
        metrics_results_free(&results);
    }
}

/* Before the first mark the opposite held, also for ranges that were read before the mark was. */
static void before_the_first_mark(void **state) {
    (void)state;
    for (int on_first = 0; on_first < 2; on_first++) {
        run r = {0};
        metrics_results results;
        run_open(&r);
        put_request(&r, "sample.0", 10000, !on_first, 0);
        put_mark(&r, on_first, r.now - 5);
        put_request(&r, "sample.1", 30000, on_first, 0);
        read_back(&r.w, &results);
        const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
        assert_int_equal(row->profiled, 1);
        assert_true(row->latency.p50 == (on_first ? 10000 : 30000) / 1e6);
        assert_int_equal(results.costs.experts[0].calls, 1);
        metrics_results_free(&results);
    }
}

static void one_kind_is_used_as_it_is(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    run_open(&r);
    put_request(&r, "sample.0", 10000, true, 700);
    read_back(&r.w, &results);
    const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
    assert_int_equal(row->from, ATTRIBUTION_PROFILED);
    assert_true(row->latency.p50 == 10700 / 1e6);
    assert_true(isnan(row->overhead) && isnan(row->overhead_ci.low) && isnan(row->p50_ci.low));
    metrics_results_free(&results);
}

/* A phase in which profiling began is neither kind. */
static void partly_profiled_is_left_out(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    run_open(&r);
    put_request(&r, "sample.0", 10000, false, 0);
    put_mark(&r, true, r.now + 5000);
    put_request(&r, "sample.1", 20000, true, 0);
    put_request(&r, "sample.2", 30000, true, 0);
    read_back(&r.w, &results);
    const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
    assert_true(row->profiled == 1 && row->unprofiled == 1 && row->partly == 1);
    assert_true(row->latency.n == 1 && row->latency.p50 == 10000 / 1e6);
    assert_true(row->on.p50 == 30000 / 1e6);
    metrics_results_free(&results);
}

/* All calls stand in the file before the first record of the GPU, as long ones do and those of a slow flush:
 * in many requests, in one that is longer than any window, and in one of which nothing comes for very long.
 */
static void records_come_late(void **state) {
    (void)state;
    static const struct {
        uint32_t requests, launches;
    } cases[] = {{30, 10000}, {1, 3 * ATTRIBUTION_BUSY_WINDOW}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        run r = {0};
        metrics_results results;
        run_open(&r);
        uint32_t name = put_string(&r.w, "cudaLaunchKernel"), total = cases[c].requests * cases[c].launches;
        for (uint32_t i = 0; i < total; i++) {
            uint64_t at = r.now + 10 * (uint64_t)i;
            if (i % cases[c].launches == 0) {
                put_push(&r.w, 0, at, "sample.0");
                put_push(&r.w, 0, at, "prefill");
            }
            put_host(&r.w, 0,
                     (trace_host_event){.kind = TRACE_HOST_API,
                                        .time = at + 1,
                                        .duration = 4,
                                        .name = name,
                                        .correlation = i + 1});
            if ((i + 1) % cases[c].launches == 0) {
                put_pop(&r.w, 0, at + 10);
                put_pop(&r.w, 0, at + 10);
            }
        }
        for (uint32_t i = 0; i < total; i++) { /* the GPU runs during the last of the call, and behind it */
            uint64_t at = r.now + 10 * (uint64_t)i;
            put_kernel(&r.w, i + 1, at + 3, at + 9);
        }
        read_back(&r.w, &results);
        const metrics_row *row = row_of(&results, BASE_NONE, METRICS_ROW_PREFILL);
        assert_int_equal(row->latency.n, cases[c].requests);
        assert_true(fabs(row->busy - cases[c].launches * 6e-6) < 1e-9);
        assert_true(fabs(row->idle_enqueue - cases[c].launches * 2e-6) < 1e-9);
        assert_true(fabs(row->idle_between - cases[c].launches * 2e-6) < 1e-9);
        assert_int_equal(results.late, 0);
        metrics_results_free(&results);
    }
}

/* Of a phase: the idle time is split, what is left of it is the host's own. */
static void phases_have_idle_time(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    uint32_t launch = put_string(&w, "cudaLaunchKernel"), sync = put_string(&w, "cudaStreamSynchronize");
    put_push(&w, 0, 0, "decode");
    put_host(&w, 0,
             (trace_host_event){
                 .kind = TRACE_HOST_API, .time = 100, .duration = 50, .name = launch, .correlation = 1});
    put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_API, .time = 200, .duration = 700, .name = sync});
    put_pop(&w, 0, 1000);
    put_kernel(&w, 1, 130, 600);
    read_back(&w, &r);
    const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_DECODE);
    assert_true(fabs(row->idle - 530e-6) < 1e-12);
    assert_true(fabs(row->idle_enqueue - 30e-6) < 1e-12);
    assert_true(fabs(row->idle_sync - 300e-6) < 1e-12);
    assert_true(fabs(row->idle_between - 200e-6) < 1e-12);
    metrics_results_free(&r);
}

/* A report of profiled prefills that last so many microseconds each, in this order. */
static void read_lengths(metrics_results *results, const uint64_t *us, size_t n) {
    run r = {0};
    run_open(&r);
    for (size_t i = 0; i < n; i++) {
        put_request(&r, "sample.0", 1000 * us[i], true, 0);
    }
    read_back(&r.w, results);
}

static void outliers_are_far_from_the_median(void **state) {
    (void)state;
    /* The median is 105, the median deviation 3, so that what is farther than 22.2 away is an outlier. */
    const uint64_t us[] = {100, 102, 104, 105, 106, 108, 110, 127, 128, 82}, few[] = {1, 1, 2, 1000};
    metrics_results r;
    read_lengths(&r, us, 9);
    assert_int_equal(row_of(&r, BASE_NONE, METRICS_ROW_PREFILL)->outliers, 0);
    metrics_results_free(&r);
    const uint64_t far[] = {100, 102, 104, 105, 106, 108, 110, 127, 128, 82, 140};
    read_lengths(&r, far, 11);
    const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_PREFILL);
    assert_true(row->latency.p50 ==
                0.106); /* deviations 0 1 2 2 4 4 6 21 22 24 34: 4, and 5 x 1.4826 x 4 = 29.7 */
    assert_int_equal(row->outliers, 1);
    metrics_results_free(&r);
    read_lengths(&r, few, 4);
    assert_int_equal(row_of(&r, BASE_NONE, METRICS_ROW_PREFILL)->outliers, 0);
    metrics_results_free(&r);
}

/* It must be a trend, and one that matters. */
static void drift_is_a_trend_that_matters(void **state) {
    (void)state;
    static const struct {
        uint64_t us[12];
        bool drifts;
        double ratio;
    } cases[] = {
        {{1000, 1010, 1020, 1030, 1040, 1050, 1060, 1070, 1080, 1090, 1100, 1110}, true, 1095.0 / 1015},
        {{1110, 1100, 1090, 1080, 1070, 1060, 1050, 1040, 1030, 1020, 1010, 1000}, true, 1015.0 / 1095},
        {{1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011}, false, 1009.5 / 1001.5},
        {{1000, 1100, 1000, 1100, 1000, 1100, 1000, 1100, 1100, 1000, 1100, 1100}, false, 1100.0 / 1050},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        metrics_results r;
        read_lengths(&r, cases[i].us, 12);
        const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_PREFILL);
        assert_true(fabs(row->drift - cases[i].ratio) < 1e-12);
        assert_int_equal(row->drifts, cases[i].drifts);
        metrics_results_free(&r);
    }
}

/* Experts that got no token are not active; a layer that comes again, and a step, are visits of their own. */
static void active_experts_are_counted_by_visit(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    uint64_t now = 1;
    writer_open(&w);
    uint32_t experts[3] = {put_string(&w, "expert.0"), put_string(&w, "expert.1"),
                           put_string(&w, "expert.2")};
    put_push(&w, 0, now++, "decode");
    for (uint64_t visit = 0; visit < 4; visit++) {
        if (visit != 1) { /* layer.0 twice in the first step, then once in each of two */
            put_push(&w, 0, now++, "decode.0");
        }
        put_push(&w, 0, now++, "layer.0");
        for (uint64_t i = 0; i < 3; i++) {
            put_host(&w, 0,
                     (trace_host_event){.kind = TRACE_HOST_PUSH,
                                        .time = now++,
                                        .name = experts[i],
                                        .payload_type = TRACE_PAYLOAD_I64,
                                        .payload = i <= visit});
            put_pop(&w, 0, now++);
        }
        put_pop(&w, 0, now++);
        if (visit != 0) {
            put_pop(&w, 0, now++);
        }
    }
    put_pop(&w, 0, now++);
    read_back(&w, &r);
    const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_DECODE);
    assert_true(row->active == (1 + 2 + 3 + 3) / 4.0);
    metrics_results_free(&r);
}

/* Names that hold layer and expert in one need no range of the layer around them. */
static void layers_in_experts_names_make_visits(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    uint64_t now = 1;
    writer_open(&w);
    put_push(&w, 0, now++, "decode");
    for (int step = 0; step < 2; step++) {
        put_push(&w, 0, now++, "decode.0");
        for (int i = 0; i < 3; i++) { /* two experts of layer 0, then one of layer 1 */
            static const char *const calls[] = {"layer0.expert1", "layer0.expert2", "layer1.expert1"};
            put_push(&w, 0, now++, calls[i]);
            put_pop(&w, 0, now++);
        }
        put_pop(&w, 0, now++);
    }
    for (int step = 0; step < 2; step++) { /* only layer 1, again and again */
        put_push(&w, 0, now++, "decode.0");
        put_push(&w, 0, now++, "layer1.expert1");
        put_pop(&w, 0, now++);
        put_pop(&w, 0, now++);
    }
    put_pop(&w, 0, now++);
    read_back(&w, &r);
    assert_true(row_of(&r, BASE_NONE, METRICS_ROW_DECODE)->active == (2 + 1 + 2 + 1 + 1 + 1) / 6.0);
    metrics_results_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latencies_are_of_the_unprofiled),
        cmocka_unit_test(what_ran_before_cupti_counts),
        cmocka_unit_test(before_the_first_mark),
        cmocka_unit_test(one_kind_is_used_as_it_is),
        cmocka_unit_test(partly_profiled_is_left_out),
        cmocka_unit_test(records_come_late),
        cmocka_unit_test(phases_have_idle_time),
        cmocka_unit_test(outliers_are_far_from_the_median),
        cmocka_unit_test(drift_is_a_trend_that_matters),
        cmocka_unit_test(active_experts_are_counted_by_visit),
        cmocka_unit_test(layers_in_experts_names_make_visits),
    };
    return cmocka_run_group_tests_name("analysis: sweep", tests, NULL, NULL);
}
