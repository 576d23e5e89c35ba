/* Tails: the slowest samples are found among many, and what made them slow is named. */
#include "tests/unit/trace_builder.h"

#include "analysis/stats/bootstrap.h"

#include <math.h>

enum { SAMPLES = 200, STEPS = 3 };

typedef struct {
    writer w;
    uint64_t now;
    uint32_t correlation, domain, on, off, slow_kernel, kernel;
} run;

/* A decode of three steps. Each step has a layer with an expert in which the host works for 1000 ns and
 * launches a kernel of 500 ns. What is slow: `host` ns more on the host in the layer of the second step;
 * `gpu` ns more of the kernel of its expert, for which the host then waits. */
static void put_decode(run *r, unsigned number, bool profiled, uint64_t host, uint64_t gpu) {
    char name[32];
    snprintf(name, sizeof name, "sample.%u", number);
    put_push(&r->w, 0, r->now, name);
    put_push(&r->w, 0, r->now += 100, "decode");
    for (int step = 0; step < STEPS; step++) {
        uint64_t more = step == 1 ? gpu : 0;
        snprintf(name, sizeof name, "decode.%d", step);
        put_push(&r->w, 0, r->now += 10, name);
        put_push(&r->w, 0, r->now += 10, "layer.4");
        put_push(&r->w, 0, r->now += 10, "expert.7");
        if (profiled) {
            put_launch(&r->w, 0, r->now + 10, ++r->correlation);
            trace_gpu_event e = {.kind = TRACE_GPU_KERNEL,
                                 .timed = true,
                                 .start = ZERO + r->now + 20,
                                 .end = ZERO + r->now + 520 + more,
                                 .correlation = r->correlation,
                                 .shape = more ? 1 : 0};
            assert_true(trace_put_gpu(writer_chunk(&r->w, TRACE_CHUNK_GPU, 0), &e));
        }
        put_pop(&r->w, 0, r->now += 1000 + more);
        put_pop(&r->w, 0, r->now += 10 + (step == 1 ? host : 0));
        put_pop(&r->w, 0, r->now += 10);
    }
    put_pop(&r->w, 0, r->now += 10);
    put_pop(&r->w, 0, r->now += 100);
    r->now += 1000;
}

static void put_mark(run *r, bool on) {
    put_host(
        &r->w, 0,
        (trace_host_event){
            .kind = TRACE_HOST_MARK, .time = r->now - 500, .name = on ? r->on : r->off, .domain = r->domain});
}

static void run_open(run *r) {
    writer_open(&r->w);
    r->now = 1000;
    r->domain = put_string(&r->w, "moetrace");
    r->on = put_string(&r->w, "watch on");
    r->off = put_string(&r->w, "watch off");
    const char *const names[] = {"_Z5quickv", "_Z4slowv"};
    for (uint32_t i = 0; i < 2; i++) {
        trace_shape s = {.id = i, .name = put_string(&r->w, names[i])};
        assert_true(trace_put_shape(writer_chunk(&r->w, TRACE_CHUNK_SHAPES, 0), &s));
    }
}

static void read_detail(run *r, metrics_results *results) {
    char error[TRACE_ERROR_BYTES] = "";
    writer_close(&r->w);
    metrics_options options = {.k = BASE_NONE, .detail = true};
    assert_int_equal(metrics_analyze(results, r->w.path, &options, error), 0);
    unlink(r->w.path);
}

static const metrics_tail_row *tail(const metrics_results *r, bool step, attribution_profiling profiling,
                                    size_t *at) {
    for (size_t i = 0; i < r->tails.row_count; i++) {
        if (r->tails.rows[i].step == step && r->tails.rows[i].profiling == profiling) {
            *at = i;
            return &r->tails.rows[i];
        }
    }
    fail_msg("no row of profiling %d", profiling);
    return NULL;
}

static const metrics_tail_cause *cause(const metrics_results *r, size_t row, metrics_tail_kind kind,
                                       const char *what) {
    for (size_t i = 0; i < r->tails.cause_count; i++) {
        const metrics_tail_cause *c = &r->tails.causes[i];
        if (c->row == row && c->kind == kind && strcmp(c->what, what) == 0) {
            return c;
        }
    }
    return NULL;
}

static bool near(double x, double y) {
    return fabs(x - y) < 1e-9;
}

/* Typical samples differ by a few ns. */
static bool about(double x, double y) {
    return fabs(x - y) < 2.5e-6;
}

static double more(const metrics_results *r, size_t row, metrics_tail_kind kind, const char *what) {
    const metrics_tail_cause *c = cause(r, row, kind, what);
    if (!c) {
        fail_msg("no cause %s", what);
        return NAN;
    }
    return c->slow - c->typical;
}

/* Of 200 profiled and 200 unprofiled requests two each are slow: the profiled by their kernel (and 1000 ns of
 * host), the unprofiled by their host. All others differ by a few ns. */
static void causes_are_named(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    run_open(&r);
    for (unsigned i = 0; i < SAMPLES; i++) {
        bool slow = i == 50 || i == 150;
        put_mark(&r, false);
        put_decode(&r, 2 * i, false, slow ? 70000 : i % 7, 0);
        put_mark(&r, true);
        put_decode(&r, 2 * i + 1, true, slow ? 1000 : i % 5, slow ? 40000 : 0);
    }
    read_detail(&r, &results);
    size_t on, off, step;
    const metrics_tail_row *row = tail(&results, false, ATTRIBUTION_PROFILED, &on);
    assert_int_equal(row->n, SAMPLES);
    assert_int_equal(row->slow.n, 2);
    assert_int_equal(row->typical.n, 16);
    assert_true(row->request == 101 || row->request == 301);
    assert_true(about(row->slow.latency - row->typical.latency, (41000 - 2) / 1e6));
    assert_true(near(row->slow.busy - row->typical.busy, 40000 / 1e6));
    const metrics_tail_means *x = &row->slow, *y = &row->typical;
    assert_true(near(x->latency - y->latency, x->busy - y->busy + x->idle_enqueue - y->idle_enqueue +
                                                  x->idle_sync - y->idle_sync + x->idle_between -
                                                  y->idle_between));
    assert_true(near(more(&results, on, METRICS_TAIL_GPU, "layer.4/expert.7"), 0.04));
    assert_true(near(more(&results, on, METRICS_TAIL_GPU_LAYER, "layer 4"), 0.04));
    assert_true(near(more(&results, on, METRICS_TAIL_KERNEL, "_Z4slowv"), (40500) / 1e6));
    assert_true(near(more(&results, on, METRICS_TAIL_KERNEL, "_Z5quickv"), -500 / 1e6));
    assert_true(cause(&results, on, METRICS_TAIL_KERNEL, "_Z5quickv")->slow_count == 2);
    assert_true(near(more(&results, on, METRICS_TAIL_HOST, "layer.4/expert.7"), 0.04));
    assert_true(about(more(&results, on, METRICS_TAIL_HOST, "layer.4"), (1000 - 2) / 1e6));
    assert_null(cause(&results, on, METRICS_TAIL_HOST, "decode")); /* it takes as long in both */

    row = tail(&results, false, ATTRIBUTION_UNPROFILED, &off);
    assert_int_equal(row->slow.n, 2);
    assert_true(row->request == 100 || row->request == 300);
    assert_true(about(row->slow.latency - row->typical.latency, (70000 - 3) / 1e6));
    assert_true(isnan(row->slow.busy) && isnan(row->gap_at));
    assert_true(about(more(&results, off, METRICS_TAIL_HOST, "layer.4"), (70000 - 3) / 1e6));
    assert_true(about(more(&results, off, METRICS_TAIL_HOST_LAYER, "layer 4"), (70000 - 3) / 1e6));
    assert_null(cause(&results, off, METRICS_TAIL_GPU, "layer.4/expert.7"));
    assert_string_equal(results.tails.causes[0].what[5] == ' ' ? "layer.4" : results.tails.causes[0].what,
                        "layer.4");

    row = tail(&results, true, ATTRIBUTION_PROFILED,
               &step); /* 6 of 600 are the slowest, two of which are slow */
    assert_int_equal(row->n, SAMPLES * STEPS);
    assert_int_equal(row->slow.n, 6);
    assert_int_equal(row->number, 1);
    assert_true(row->request == 101 || row->request == 301);
    assert_true(near(more(&results, step, METRICS_TAIL_KERNEL, "_Z4slowv"), 2 * 40500 / 6e6));
    metrics_results_free(&results);
}

/* The longest stretch without GPU work, wherever it lies. */
static void the_longest_gap(void **state) {
    (void)state;
    static const struct {
        uint64_t from,
            to; /* of a second kernel; the first runs from 300 to 400 in a phase from 100 to 2000 */
        double gap, at;
    } cases[] = {{600, 1800, 200, 0}, {900, 1900, 500, 300}, {450, 500, 1500, 400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run r = {0};
        metrics_results results;
        run_open(&r);
        put_push(&r.w, 0, 100, "prefill");
        put_launch(&r.w, 0, 110, 1);
        put_launch(&r.w, 0, 120, 2);
        put_pop(&r.w, 0, 2000);
        put_kernel(&r.w, 1, 300, 400);
        put_kernel(&r.w, 2, cases[i].from, cases[i].to);
        read_detail(&r, &results);
        assert_int_equal(results.samples.count, 1);
        assert_true(near(results.samples.list[0].gap, cases[i].gap / 1e6));
        assert_true(near(results.samples.list[0].gap_at, cases[i].at / 1e6));
        assert_int_equal(results.tails.row_count, 0); /* one sample has no tail */
        metrics_results_free(&results);
    }
}

/* However many samples there are, only some are kept, the slowest among them, and the others are no choice of
 * the first or last ones. */
static void few_are_kept(void **state) {
    (void)state;
    enum { MANY = 5000 };
    metrics_tail_pools pools = {0};
    double mean = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        attribution_span_work work = {
            .phase = ATTRIBUTION_PREFILL, .closed = true, .start = 1, .end = 1 + i * 7919u % MANY};
        attribution_breakdown *detail = base_alloc(1, sizeof *detail);
        metrics_tail_take(&pools, i, &work, detail);
    }
    assert_int_equal(pools.count, 1);
    const metrics_tail_pool *pool = &pools.list[0];
    assert_int_equal(pool->slow_count, METRICS_TAIL_SLOW);
    assert_int_equal(pool->other_count, METRICS_TAIL_OTHERS);
    for (size_t i = 0; i < METRICS_TAIL_SLOW; i++) {
        assert_true(pool->slow[i].latency * 1e6 > MANY - METRICS_TAIL_SLOW - 1.5);
    }
    for (size_t i = 0; i < METRICS_TAIL_OTHERS; i++) {
        mean += (double)pool->others[i].span / METRICS_TAIL_OTHERS / MANY;
    }
    assert_true(mean > 0.3 && mean < 0.7);
    metrics_tail_pools_free(&pools);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_are_named),
        cmocka_unit_test(the_longest_gap),
        cmocka_unit_test(few_are_kept),
    };
    return cmocka_run_group_tests_name("analysis: tails", tests, NULL, NULL);
}
