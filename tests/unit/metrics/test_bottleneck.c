/* The bottleneck of a phase: traces whose model, routing and kernels are known, each with its verdict, and what is
 * missing. */
#include "tests/unit/trace_builder.h"

#include "analysis/metrics/bottleneck.h"
#include "native/mark.h"

#include <cjson/cJSON.h>

#include <math.h>

/* A model whose costs are easy to follow: one layer, 8 experts of width 64. */
#define CONFIG                                                                                               \
    "{\"d_model\":128,\"n_layers\":1,\"n_heads\":2,\"moe_num_experts\":8,\"mlp_hidden_size\":128,"           \
    "\"vocab_size\":256}"
#define PROMPT 40

static void put_mark(writer *w, const char *text) {
    uint32_t domain = put_string(w, "run_native"), name = put_string(w, text);
    put_host(w, 0, (trace_host_event){.kind = TRACE_HOST_MARK, .time = 1, .name = name, .domain = domain});
}

static void put_call(writer *w, uint64_t time, uint64_t duration, uint32_t correlation, const char *name) {
    uint32_t id = put_string(w, name);
    put_host(w, 0,
             (trace_host_event){.kind = TRACE_HOST_API,
                                .time = time,
                                .duration = duration,
                                .correlation = correlation,
                                .name = id});
}

static void put_expert(writer *w, uint64_t time, uint32_t expert, int64_t tokens) {
    char name[32];
    snprintf(name, sizeof name, "expert.%u", expert);
    uint32_t id = put_string(w, name);
    put_host(w, 0,
             (trace_host_event){.kind = TRACE_HOST_PUSH,
                                .time = time,
                                .name = id,
                                .payload_type = TRACE_PAYLOAD_I64,
                                .payload = (uint64_t)tokens});
}

/* A request at k = 2: prefill from 1000 to 1000 + `time`, three of whose experts share the 80 routed tokens,
 * and a decode of two steps as long. Each phase has one kernel of an expert, one of attention, and one wait.
 */
static void put_phase(writer *w, uint64_t start, uint64_t time, uint64_t busy, bool prefill, bool vision,
                      uint32_t *id) {
    put_push(w, 0, start, prefill ? "prefill" : "decode");
    if (prefill && vision) { /* as PyTorch's implementation nests it */
        put_push(w, 0, start + 1, "vision");
        put_pop(w, 0, start + 2);
    }
    for (int step = 0; step < (prefill ? 1 : 2); step++) {
        uint64_t at = start + 10 + 100 * (uint64_t)step;
        if (!prefill) {
            put_push(w, 0, at++, "decode.0");
        }
        put_push(w, 0, at++, "layer.0");
        put_push(w, 0, at++, "attention");
        if (step == 0) {
            put_call(w, at, 2, ++*id, "cudaLaunchKernel");
        }
        put_pop(w, 0, at += 3);
        for (uint32_t e = 0; e < (prefill ? 3 : 2); e++) {
            uint32_t tokens = e == 0 ? 40 : 20;
            put_expert(w, at++, e, prefill ? tokens : 1);
            if (e == 0 && step == 0) {
                put_call(w, at, 2, ++*id, "cudaLaunchKernel");
            }
            put_pop(w, 0, at += 3);
        }
        put_pop(w, 0, at++);
        if (!prefill) {
            put_pop(w, 0, at++);
        }
    }
    put_call(w, start + 905, 40, 0, "cuStreamSynchronize"); /* inside the next one: it is part of that */
    put_call(w, start + 900, 50, 0, "cudaStreamSynchronize");
    put_pop(w, 0, start + time);
    put_kernel(w, *id - 1, start + 100, start + 100 + busy / 4);
    put_kernel(w, *id, start + 100 + busy / 4, start + 100 + busy);
}

typedef struct {
    const char *mark; /* or NULL */
    uint64_t time, busy;
    double memory, flops; /* peaks; 0: not known */
    bool cut;             /* the last request is not whole */
    bool no_k;            /* no range says k */
    bool vision;          /* there is a phase vision in prefill */
} run;

static void read_run(const run *r, const costmodel_workload *workload, metrics_results *results) {
    writer w;
    char error[TRACE_ERROR_BYTES] = "";
    uint32_t id = 0;
    costmodel_peaks peaks = {.memory = r->memory > 0 ? r->memory : NAN};
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        peaks.flops[i] = r->flops > 0 ? r->flops : NAN;
    }
    writer_open(&w);
    if (r->mark) {
        put_mark(&w, r->mark);
    }
    if (!r->no_k) {
        put_push(&w, 0, 10, "top_k=2");
    }
    for (uint64_t i = 0; i < 2; i++) {
        put_phase(&w, 1000 + 4 * i * r->time, r->time, r->busy, true, r->vision, &id);
        put_phase(&w, 1000 + (4 * i + 2) * r->time, r->time, r->busy, false, r->vision, &id);
    }
    if (r->cut) {
        put_push(&w, 0, 1000 + 20 * r->time, "prefill");
        put_push(&w, 0, 1001 + 20 * r->time, "attention");
        put_call(&w, 1002 + 20 * r->time, 2, ++id, "cudaLaunchKernel");
        put_kernel(&w, id, 1010 + 20 * r->time, 1020 + 20 * r->time);
    }
    writer_close(&w);
    metrics_options options = {.k = BASE_NONE, .workload = workload, .peaks = &peaks};
    int rc = metrics_analyze(results, w.path, &options, error);
    unlink(w.path);
    assert_string_equal(error, "");
    assert_int_equal(rc, 0);
}

static const metrics_bottleneck *bound_of(const metrics_results *r, metrics_row_kind kind) {
    for (size_t i = 0; i < r->bottlenecks.count; i++) {
        if ((r->bottlenecks.list[i].k == 2 || r->bottlenecks.list[i].k == BASE_NONE) &&
            r->bottlenecks.list[i].kind == kind) {
            return &r->bottlenecks.list[i];
        }
    }
    fail_msg("no bound of kind %d", kind);
    return NULL;
}

static void near(double got, double want) {
    if (!(fabs(got - want) <= 1e-9 * fabs(want))) {
        fail_msg("got %.12g, wanted %.12g", got, want);
    }
}

#define MARK "model={\"dtype\":\"bf16\",\"moe\":\"active\",\"config\":" CONFIG "}"

/* By hand, in bf16: prefill of 40 tokens, two experts each, three of the eight active. */
#define PREFILL_FLOPS                                                                                        \
    (2.0 * 40 * 128 * 384 + 4.0 * 40 * 40 * 128 + 2.0 * 40 * 128 * 128 + 2.0 * 40 * 128 * 8 +                \
     6.0 * 80 * 128 * 64 + 2.0 * 128 * 256)
#define PREFILL_BYTES                                                                                        \
    (2.0 * (4 * 128 * 128 + 3 * 128 + 2 * 128 * 80 + 128 * 8 + 3 * 3 * 128 * 64 + 128 + 40 * 128 +           \
            128 * 256 + 128))
/* Two steps of one token behind 40 and 41; two experts each. */
#define DECODE_FLOPS                                                                                         \
    (2 * (2.0 * 128 * 512 + 2.0 * 128 * 8 + 6.0 * 2 * 128 * 64 + 2.0 * 128 * 256) + 4.0 * 128 * (41 + 42))
#define DECODE_BYTES                                                                                         \
    (2.0 * 2 * (4 * 128 * 128 + 3 * 128 + 128 * 8 + 2 * 3 * 128 * 64 + 128 + 128 + 128 * 256 + 128) +        \
     2.0 * 2 * 128 * (1 + 41 + 1 + 42))

static void costs_of_a_run(void **state) {
    (void)state;
    metrics_results r;
    read_run(&(run){.mark = MARK, .time = 10000, .busy = 8000, .memory = 1e12, .flops = 1e15}, NULL, &r);
    const metrics_bottleneck *prefill = bound_of(&r, METRICS_ROW_PREFILL);
    const metrics_bottleneck *decode = bound_of(&r, METRICS_ROW_DECODE);
    near(prefill->whole.flops, PREFILL_FLOPS);
    near(prefill->whole.bytes, PREFILL_BYTES);
    near(decode->whole.flops, DECODE_FLOPS);
    near(decode->whole.bytes, DECODE_BYTES);
    near(prefill->active, 3);
    near(prefill->idle, 0.2);
    near(prefill->enqueues_per_ms, 2 / 0.01);
    near(prefill->syncs, 1);
    near(prefill->sync_ms, 50e-6);
    near(prefill->whole.flops_per_s, PREFILL_FLOPS / 8e-6);
    near(prefill->whole.of_memory, PREFILL_BYTES / 8e-6 / 1e12);
    near(prefill->whole.intensity, PREFILL_FLOPS / PREFILL_BYTES);
    near(prefill->whole.roof, 1e12 * PREFILL_FLOPS / PREFILL_BYTES);
    near(r.bottlenecks.ridge, 1000);
    near(prefill->least, 1e3 * PREFILL_BYTES / 1e12); /* longer than 1e3 PREFILL_FLOPS / 1e15 */
    /* Attention took a quarter of the kernels' time, the expert the rest; the other parts have no kernels. */
    assert_int_equal(prefill->count, 2);
    assert_int_equal(prefill->points[0].part, NAMES_PART_EXPERT);
    near(prefill->points[0].ms, 6e-3);
    near(prefill->points[0].flops, 6.0 * 80 * 128 * 64);
    near(prefill->points[0].bytes, 2.0 * 3 * 3 * 128 * 64);
    near(prefill->points[1].ms, 2e-3);
    near(prefill->points[1].kernels, 1);
    near(decode->points[0].flops, 2 * 6.0 * 2 * 128 * 64);
    metrics_results_free(&r);
}

static void verdict(const run *r, metrics_row_kind kind, metrics_verdict want, const char *missing) {
    metrics_results results;
    read_run(r, NULL, &results);
    const metrics_bottleneck *b = bound_of(&results, kind);
    const char *lacks = b->missing ? b->missing : "";
    print_message("  %s %s\n", metrics_verdict_name(b->verdict), lacks);
    assert_int_equal(b->verdict, want);
    assert_int_equal(*lacks == '\0', !missing);
    assert_true(!missing || strstr(lacks, missing));
    metrics_results_free(&results);
}

static void verdicts(void **state) {
    (void)state;
    double flops = PREFILL_FLOPS / 8e-6, bytes = PREFILL_BYTES / 8e-6;
    run r = {.mark = MARK, .time = 10000, .busy = 8000};
    r.memory = bytes / 0.6, r.flops = flops / 0.55;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_MEMORY, NULL);
    r.memory = bytes / 0.55, r.flops = flops / 0.6;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_COMPUTE, NULL);
    r.memory = bytes / 0.49, r.flops = flops / 0.49;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_NEITHER, NULL);
    r.memory = bytes / 0.51;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_MEMORY, NULL);
    /* More than the device can do: the shapes are not those that ran. */
    r.memory = bytes / 1.09, r.flops = flops / 0.5;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_MEMORY, NULL);
    r.memory = bytes / 1.11;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "shapes that match");
    r.memory = bytes, r.flops = flops / 1.11;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "shapes that match");
    /* Of a phase in which the GPU was idle, the host: whatever its kernels reach. */
    r.busy = 4990;
    r.flops = flops / 0.49;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_HOST, NULL);
    r.busy = 5010;
    r.memory = PREFILL_BYTES / 5.01e-6 / 0.9;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_MEMORY, NULL);
    r.memory = DECODE_BYTES / 5.01e-6 / 0.9;
    verdict(&r, METRICS_ROW_DECODE, METRICS_BOTTLENECK_MEMORY, NULL);
}

static void no_verdict_without_evidence(void **state) {
    (void)state;
    run r = {.mark = MARK, .time = 10000, .busy = 8000, .memory = 1e9, .flops = 1e9};
    r.memory = 0;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "peak bandwidth");
    r.memory = 1e9, r.flops = 0;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "peak FLOP/s");
    r.flops = 1e9, r.mark = NULL;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "model's shapes");
    r.mark = "model={\"config\":" CONFIG "}";
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "type");
    r.mark = "model={\"dtype\":\"bf16\"}";
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "model's shapes");
    r.mark = "model=[}";
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "model's shapes");
    r.mark = "model={\"dtype\":\"bf16\",\"config\":{\"d_model\":1}}";
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "model's shapes");
    /* What is idle needs no shapes. */
    r.mark = NULL, r.busy = 1000;
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_HOST, "model's shapes");
}

/* No share is beyond 100 %, and those left out are counted. */
static void shares_beyond_the_peak(void **state) {
    (void)state;
    metrics_results results;
    run r = {.mark = MARK, .time = 10000, .busy = 8000, .memory = 1, .flops = 1e18};
    read_run(&r, NULL, &results);
    const metrics_point *whole = &bound_of(&results, METRICS_ROW_PREFILL)->whole;
    assert_true(isnan(whole->of_memory) && isnan(whole->of_roof));
    near(whole->of_flops, PREFILL_FLOPS / 8e-6 / 1e18);
    assert_true(results.bottlenecks.beyond_peak >= 4);
    metrics_results_free(&results);
    r.memory = 1e18;
    read_run(&r, NULL, &results);
    assert_int_equal(results.bottlenecks.beyond_peak, 0);
    metrics_results_free(&results);
}

/* The model of an option is used if the trace does not contradict it. */
static void a_model_of_another_run(void **state) {
    (void)state;
    static const struct {
        const char *mark, *layers, *experts, *width, *says;
    } cases[] = {{MARK, "1", "8", "128", NULL},
                 {NULL, "1", "8", "128", NULL},
                 {NULL, "1", "8", "64", NULL}, /* nothing in the trace tells */
                 {MARK, "1", "8", "64", "d_model: 64 in other, 128 in the trace's mark"},
                 {MARK, "1", "64", "128", "experts: 64 in other, 8 in the trace's mark"},
                 {NULL, "16", "8", "128", "layers: 16 in other, 1 in the trace's ranges"},
                 {NULL, "1", "2", "128", "experts: 2 in other, at least 3 in the trace's ranges"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[400], error[TRACE_ERROR_BYTES] = "";
        costmodel_workload over;
        metrics_results results;
        costmodel_workload_init(&over);
        snprintf(
            config, sizeof config,
            "{\"d_model\":%s,\"n_layers\":%s,\"n_heads\":2,\"moe_num_experts\":%s,\"mlp_hidden_size\":128,"
            "\"vocab_size\":256}",
            cases[i].width, cases[i].layers, cases[i].experts);
        assert_int_equal(costmodel_model_parse(&over.model, "other", config, strlen(config), error), 0);
        over.has_model = true;
        over.has_type = true;
        over.type = COSTMODEL_BF16;
        read_run(&(run){.mark = cases[i].mark, .time = 10000, .busy = 8000, .memory = 1e12, .flops = 1e15},
                 &over, &results);
        const metrics_bottleneck *b = bound_of(&results, METRICS_ROW_PREFILL);
        assert_string_equal(results.bottlenecks.workload.contradiction, cases[i].says ? cases[i].says : "");
        assert_int_equal(isnan(b->whole.flops), cases[i].says != NULL);
        assert_int_equal(b->missing && strstr(b->missing, "a model that fits"), cases[i].says != NULL);
        metrics_results_free(&results);
    }
}

static void a_cut_request(void **state) {
    (void)state;
    metrics_results r;
    run cut = {.mark = MARK,
               .time = 10000,
               .busy = 8000,
               .memory = PREFILL_BYTES / 8e-6 / 0.9,
               .flops = 1e15,
               .cut = true};
    read_run(&cut, NULL, &r);
    /* Kernels of the request that was cut off are among those of the parts: these have no rates. And its
     * tokens cannot tell the length of the prompt. */
    const metrics_bottleneck *prefill = bound_of(&r, METRICS_ROW_PREFILL);
    assert_int_equal(prefill->count, 0);
    assert_int_equal(prefill->verdict, METRICS_BOTTLENECK_UNKNOWN);
    assert_true(prefill->missing && strstr(prefill->missing, "prompt"));
    metrics_results_free(&r);
    costmodel_workload over;
    costmodel_workload_init(&over);
    over.prompt = PROMPT;
    read_run(&cut, &over, &r);
    prefill = bound_of(&r, METRICS_ROW_PREFILL);
    assert_int_equal(prefill->verdict, METRICS_BOTTLENECK_MEMORY);
    near(prefill->whole.flops, PREFILL_FLOPS);
    assert_int_equal(prefill->count, 0);
    assert_int_equal(bound_of(&r, METRICS_ROW_DECODE)->count, 2);
    metrics_results_free(&r);
}

/* What a phase holds of another one is part of what it achieved. */
static void vision_inside_of_prefill(void **state) {
    (void)state;
    static const char config[] =
        "{\"d_model\":128,\"n_layers\":1,\"n_heads\":2,\"moe_num_experts\":8,\"mlp_hidden_size\":128,"
        "\"vocab_size\":256,\"vit_layers\":[0],\"vision_backbone\":{\"image_num_layers\":2,\"image_emb_dim\":"
        "16,"
        "\"image_mlp_dim\":32,\"image_num_heads\":2,\"image_patch_size\":14,\"image_num_pos\":5,"
        "\"image_default_input_size\":[28,28]}}";
    char mark[1024], error[TRACE_ERROR_BYTES];
    costmodel_model model;
    costmodel_phase_cost vision = {0};
    metrics_results r;
    assert_int_equal(costmodel_model_parse(&model, "x", config, strlen(config), error), 0);
    costmodel_model_vision(&model, 3, 2, &vision);
    snprintf(mark, sizeof mark, "model={\"dtype\":\"bf16\",\"crops\":3,\"config\":%s}", config);
    read_run(&(run){.mark = mark, .time = 10000, .busy = 8000, .memory = 1e12, .flops = 1e15, .vision = true},
             NULL, &r);
    near(bound_of(&r, METRICS_ROW_PREFILL)->whole.flops, PREFILL_FLOPS + vision.all.flops);
    near(bound_of(&r, METRICS_ROW_PREFILL)->whole.bytes, PREFILL_BYTES + vision.all.weight_bytes);
    near(bound_of(&r, METRICS_ROW_DECODE)->whole.flops, DECODE_FLOPS);
    near(bound_of(&r, METRICS_ROW_VISION)->idle, 1);
    metrics_results_free(&r);
}

static void k_of_the_configuration(void **state) {
    (void)state;
    run r = {.mark = MARK,
             .time = 10000,
             .busy = 8000,
             .memory = PREFILL_BYTES / 8e-6 / 0.9,
             .flops = 1e15,
             .no_k = true};
    verdict(&r, METRICS_ROW_PREFILL, METRICS_BOTTLENECK_UNKNOWN, "moe_top_k");
    static const char *const marks[] = {"2", "9"};
    for (size_t i = 0; i < 2; i++) {
        char mark[512];
        snprintf(mark, sizeof mark, "model={\"dtype\":\"bf16\",\"config\":{\"moe_top_k\":%s,%s}", marks[i],
                 &CONFIG[1]);
        r.mark = mark;
        metrics_results results;
        read_run(&r, NULL, &results);
        const metrics_bottleneck *prefill = bound_of(&results, METRICS_ROW_PREFILL);
        assert_int_equal(prefill->verdict, i == 0 ? METRICS_BOTTLENECK_MEMORY : METRICS_BOTTLENECK_UNKNOWN);
        if (i == 0) {
            near(prefill->whole.flops, PREFILL_FLOPS);
        }
        metrics_results_free(&results);
    }
}

static void marks_and_options(void **state) {
    (void)state;
    costmodel_workload w, over;
    names_table names = {0};
    costmodel_workload_init(&w);
    names_define(&names, 1, "modelling", 9);
    names_define(&names, 2, MARK, strlen(MARK));
    const char *other = "model={\"dtype\":\"fp32\",\"crops\":2,\"config\":" CONFIG "}";
    names_define(&names, 3, other, strlen(other));
    trace_host_event e = {.kind = TRACE_HOST_MARK, .name = 1};
    costmodel_workload_event(&w, &names, &e);
    assert_null(w.mark);
    e.name = 2;
    costmodel_workload_event(&w, &names, &e);
    costmodel_workload_event(&w, &names, &e); /* again: the same */
    assert_true(w.has_model && w.has_type && w.type == COSTMODEL_BF16 && w.problem[0] == '\0');
    assert_true(isnan(w.prompt) && isnan(w.crops) && !w.dense);
    e.name = 3;
    costmodel_workload_event(&w, &names, &e);
    assert_true(!w.has_model && !w.has_type && w.problem[0] != '\0');
    /* What an option says holds over the mark. */
    costmodel_workload_init(&over);
    over.has_type = true;
    over.type = COSTMODEL_FP16;
    over.crops = 3;
    costmodel_workload_override(&w, &over);
    assert_true(w.has_type && w.type == COSTMODEL_FP16 && w.crops == 3 && !w.has_model);
    costmodel_workload_free(&w);
    names_free(&names);
}

/* What run_native's mark says of a model is what its configuration says. */
static void the_mark_of_run_native(void **state) {
    (void)state;
    static const char *const configs[] = {"molmoe-1b", "tests/data/native/tiny_a_config.json"};
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        native_config config;
        native_error failure = {0};
        native_options options = {.moe = NATIVE_MOE_DENSE, .new_tokens = 10};
        costmodel_model model;
        costmodel_workload w;
        names_table names = {0};
        char error[TRACE_ERROR_BYTES];
        assert_true(native_config_load(configs[i], &config, &failure));
        assert_int_equal(costmodel_model_load(&model, configs[i], error), 0);
        char *text = native_mark_text(&config, &options, NATIVE_FP16, 326, 2);
        assert_non_null(text);
        assert_true(strlen(text) < 1024);
        names_define(&names, 1, text, strlen(text));
        costmodel_workload_init(&w);
        costmodel_workload_event(&w, &names, &(trace_host_event){.kind = TRACE_HOST_MARK, .name = 1});
        assert_string_equal(w.problem, "");
        assert_true(w.has_model && w.has_type && w.type == COSTMODEL_FP16 && w.dense);
        assert_true(w.prompt == 326 && w.crops == 2);
        assert_true(w.model.top_k == 0 && model.top_k > 0); /* a sweep's k are in its ranges */
        w.model.top_k = model.top_k;
        assert_memory_equal(&w.model, &model, sizeof model); /* the name is the file's, in both */
        costmodel_workload_free(&w);
        names_free(&names);
        cJSON_free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_of_a_run),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(no_verdict_without_evidence),
        cmocka_unit_test(shares_beyond_the_peak),
        cmocka_unit_test(a_model_of_another_run),
        cmocka_unit_test(a_cut_request),
        cmocka_unit_test(k_of_the_configuration),
        cmocka_unit_test(vision_inside_of_prefill),
        cmocka_unit_test(marks_and_options),
        cmocka_unit_test(the_mark_of_run_native),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
