/* How evenly experts are loaded: tokens joined with time. */
#include "tests/unit/trace_builder.h"

#include <math.h>

typedef struct {
    writer w;
    uint64_t now;
    uint32_t correlation;
} run;

/* A range of an expert that says it has `tokens` (says nothing when negative), with a kernel of `ns`. */
static void put_expert(run *r, uint32_t expert, int tokens, uint64_t ns) {
    char name[32];
    snprintf(name, sizeof name, "expert.%u", expert);
    uint32_t id = put_string(&r->w, name);
    put_host(&r->w, 0,
             (trace_host_event){.kind = TRACE_HOST_PUSH,
                                .time = ++r->now,
                                .name = id,
                                .payload_type = tokens < 0 ? 0 : TRACE_PAYLOAD_I32,
                                .payload = tokens < 0 ? 0 : (uint64_t)tokens});
    put_launch(&r->w, 0, ++r->now, ++r->correlation);
    put_kernel(&r->w, r->correlation, r->now, r->now + ns);
    put_pop(&r->w, 0, ++r->now);
}

static void put_open(run *r, const char *request, const char *phase, const char *layer) {
    put_push(&r->w, 0, ++r->now, request);
    put_push(&r->w, 0, ++r->now, phase);
    put_push(&r->w, 0, ++r->now, layer);
}

static void put_close(run *r) {
    for (int i = 0; i < 3; i++) {
        put_pop(&r->w, 0, ++r->now);
    }
}

static const metrics_load_row *load_row(const metrics_results *r, attribution_phase phase, uint32_t layer) {
    for (size_t i = 0; i < r->load.row_count; i++) {
        const metrics_load_row *row = &r->load.rows[i];
        if (row->phase == phase && row->layer == layer && row->pooled == (layer == BASE_NONE)) {
            return row;
        }
    }
    fail_msg("no row of layer %u", layer);
    return NULL;
}

static bool near(double x, double y) {
    return fabs(x - y) < 1e-12;
}

/* In a range top_k=? all belongs to the k that a mark says, also what came before the mark and work that runs after it. */
static void k_is_known_late(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    writer_open(&r.w);
    uint32_t domain = put_string(&r.w, "moetrace");
    for (int request = 0; request < 3; request++) {
        const uint32_t k = request == 1 ? 2 : 4; /* the third has the k of the first, and says so at once */
        char name[16];
        snprintf(name, sizeof name, "top_k=%u", k);
        put_push(&r.w, 0, ++r.now, request < 2 ? "top_k=?" : name);
        put_open(&r, "sample.0", "prefill", "layer.0");
        put_expert(&r, 1, 3, 100);
        if (request < 2) {
            uint32_t id = put_string(&r.w, name);
            put_host(
                &r.w, 0,
                (trace_host_event){.kind = TRACE_HOST_MARK, .time = ++r.now, .name = id, .domain = domain});
        }
        put_expert(&r, 2, 5, 100);
        put_close(&r);
        put_pop(&r.w, 0, ++r.now);
    }
    read_back(&r.w, &results);
    assert_int_equal(results.load.cell_count, 4);
    for (size_t i = 0; i < results.load.cell_count; i++) {
        const metrics_load_cell *cell = &results.load.cells[i];
        uint64_t calls = cell->k == 2 ? 1 : 2;
        assert_true(cell->k == 2 || cell->k == 4);
        assert_int_equal(cell->calls, calls);
        assert_int_equal(cell->tokens, calls * (cell->expert == 1 ? 3 : 5));
        assert_int_equal(cell->kernel_ns, calls * 100);
    }
    assert_int_equal(row_of(&results, 2, METRICS_ROW_PREFILL)->latency.n, 1);
    assert_int_equal(row_of(&results, 4, METRICS_ROW_PREFILL)->latency.n, 2);
    metrics_results_free(&results);
}

/* Time is 100 a call and 10 a token, but expert 3 of layer 1 takes twice that: its time is skew of its own,
 * that of expert 0 in layer 0 follows its tokens. */
static void skew_of_routing_and_of_time(void **state) {
    (void)state;
    static const int tokens[2][5] = {{40, 5, 5, 0, 0}, {10, 10, 10, 10, 10}};
    run r = {0};
    metrics_results results;
    writer_open(&r.w);
    for (int request = 0; request < 3; request++) { /* the first is warm-up */
        for (int layer = 0; layer < 2; layer++) {
            put_open(&r, request ? "sample.0" : "warmup.0", "prefill", layer ? "layer.1" : "layer.0");
            for (uint32_t e = 0; e < 5; e++) {
                uint64_t ns = 100 + 10 * (uint64_t)tokens[layer][e];
                if (tokens[layer][e] > 0) {
                    put_expert(&r, e, tokens[layer][e], layer == 1 && e == 3 ? 2 * ns : ns);
                }
            }
            put_close(&r);
        }
    }
    read_back(&r.w, &results);
    assert_int_equal(results.load.experts, 5);
    const metrics_load_row *first = load_row(&results, ATTRIBUTION_PREFILL, 0);
    assert_int_equal(first->active, 3);
    assert_int_equal(first->population, 5);
    assert_true(near(first->tokens_max, 4) &&
                near(first->tokens_cv, sqrt((900 + 25 + 25 + 100 + 100) / 5.0) / 10));
    assert_true(near(first->time_max, 500 / (800 / 5.0)));
    assert_true(near(first->correlation, 1));
    const metrics_load_row *second = load_row(&results, ATTRIBUTION_PREFILL, 1);
    assert_true(near(second->tokens_max, 1) && near(second->tokens_cv, 0));
    assert_true(near(second->time_max, 400 / 240.0) && near(second->time_cv, 80 / 240.0));
    assert_true(isnan(second->correlation)); /* all have the same tokens */
    const metrics_load_row *both = load_row(&results, ATTRIBUTION_PREFILL, BASE_NONE);
    assert_int_equal(both->active, 8);
    assert_int_equal(both->population, 10);
    assert_int_equal(both->slow_layer, 1);
    assert_int_equal(both->slow_expert, 3);
    assert_true(both->slow > 1.5 && first->slow < 1.1);
    for (size_t i = 0; i < results.load.cell_count; i++) {
        const metrics_load_cell *c = &results.load.cells[i];
        assert_int_equal(c->calls, 2);
        assert_int_equal(c->tokens, 2 * (uint64_t)tokens[c->layer][c->expert]);
    }
    metrics_results_free(&results);
}

/* Experts that nobody routes to are not named, but the model has them. */
static void experts_of_the_model(void **state) {
    (void)state;
    names_table names = {0};
    attribution_ranges *ranges = attribution_ranges_new(&names, NULL);
    uint64_t time = 1;
    for (uint32_t e = 0; e < 2; e++) {
        char name[32];
        int len = snprintf(name, sizeof name, "layer3.expert%u", e);
        names_define(&names, e + 1, name, (size_t)len);
        attribution_ranges_event(ranges, &(trace_host_event){.kind = TRACE_HOST_PUSH,
                                                             .time = ++time,
                                                             .name = e + 1,
                                                             .payload_type = TRACE_PAYLOAD_U32,
                                                             .payload = 4});
        attribution_ranges_event(ranges, &(trace_host_event){.kind = TRACE_HOST_POP, .time = ++time});
    }
    static const struct { size_t model, experts; } cases[] = {{8, 8}, {0, 2}, {1, 2}};
    for (size_t i = 0; i < 3; i++) {
        metrics_load load = {0};
        metrics_load_make(&load, ranges, BASE_NONE, cases[i].model);
        assert_int_equal(load.experts, cases[i].experts);
        assert_int_equal(load.of_model, cases[i].model == 8);
        assert_int_equal(load.rows[0].population, cases[i].experts);
        assert_true(near(load.rows[0].tokens_max, (double)cases[i].experts / 2));
        metrics_load_free(&load);
    }
    attribution_ranges_free(ranges);
    names_free(&names);
}

/* One range that says nothing of its tokens: those of its expert are unknown, and so is the layer's
 * imbalance. */
static void tokens_that_were_not_told(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    writer_open(&r.w);
    for (int i = 0; i < 2; i++) {
        put_open(&r, i == 0 ? "elsewhere" : "sample.0", "decode", "layer.0");
        for (uint32_t e = 0; e < 6; e++) {
            put_expert(&r, e, i == 1 && e == 2 ? -1 : 1 + (int)e, 10 + e);
        }
        put_close(&r);
    }
    read_back(&r.w, &results);
    const metrics_load_row *row = load_row(&results, ATTRIBUTION_DECODE, 0);
    assert_true(isnan(row->tokens_max) && isnan(row->tokens_cv) && isnan(row->correlation));
    assert_true(near(row->time_max, 15 / 12.5));
    assert_int_equal(results.load.cell_count, 6);
    for (uint32_t e = 0; e < 6; e++) {
        assert_int_equal(results.load.cells[e].counted, e != 2);
        assert_int_equal(isnan(results.load.cells[e].expected_ns), e == 2);
    }
    metrics_results_free(&results);
}

/* Too few experts to say what any of them should take. */
static void too_few_to_expect(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    writer_open(&r.w);
    put_open(&r, "sample.0", "decode", "layer.0");
    for (uint32_t e = 0; e < 3; e++) {
        put_expert(&r, e, 1 + (int)e, 10 + 100 * (e == 2));
    }
    put_close(&r);
    read_back(&r.w, &results);
    const metrics_load_row *row = load_row(&results, ATTRIBUTION_DECODE, 0);
    assert_true(isnan(row->slow) && row->slow_expert == BASE_NONE);
    assert_true(near(row->tokens_max, 1.5));
    metrics_results_free(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k_is_known_late),      cmocka_unit_test(skew_of_routing_and_of_time),
        cmocka_unit_test(experts_of_the_model), cmocka_unit_test(tokens_that_were_not_told),
        cmocka_unit_test(too_few_to_expect),
    };
    return cmocka_run_group_tests_name("analysis: load", tests, NULL, NULL);
}
