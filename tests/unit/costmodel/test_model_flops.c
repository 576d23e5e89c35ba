/* What phases cost by the model's shapes: against PyTorch's FlopCounterMode (tests/data/analysis_flops.json),
 * the numbers of the public model's parameters, and what the devices' peaks are. */
#include "tests/unit/trace_builder.h"

#include "analysis/costmodel/model_flops.h"

#include <cjson/cJSON.h>
#include <math.h>

static cJSON *read_json(const char *path) {
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    cJSON *json = cJSON_ParseWithLength(text, len);
    assert_non_null(json);
    return json;
}

static double number(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item)) {
        fail_msg("no number %s", name);
    }
    return item->valuedouble;
}

static costmodel_model tiny(void) {
    costmodel_model m;
    char error[TRACE_ERROR_BYTES] = "";
    int rc = costmodel_model_load(&m, "tests/data/native/tiny_a_config.json", error);
    assert_string_equal(error, "");
    assert_int_equal(rc, 0);
    return m;
}

static void flops_are_those_of_torch(void **state) {
    (void)state;
    costmodel_model m = tiny();
    cJSON *json = read_json("tests/data/analysis_flops.json"), *one;
    int seen = 0;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "counts")) {
        costmodel_phase_cost cost = {0};
        const cJSON *flops = cJSON_GetObjectItem(one, "flops");
        if (cJSON_HasObjectItem(one, "crops")) {
            costmodel_model_vision(&m, number(one, "crops"), 2, &cost);
        } else {
            double n = number(one, "tokens"), k = number(one, "k");
            costmodel_model_step(&m, n, number(one, "past"), n * k, k, 2, &cost);
        }
        for (int part = 0; part < NAMES_PARTS; part++) {
            const cJSON *item = cJSON_GetObjectItem(flops, names_part_name((names_part)part));
            assert_true(cost.parts[part].flops == (item ? item->valuedouble : 0));
        }
        assert_true(cost.all.flops == number(flops, "total"));
        seen++;
    }
    assert_int_equal(seen, 5 * 7);
    cJSON_Delete(json);
}

/* At the widths of MolmoE-1B, with one layer. */
static void flops_at_full_width(void **state) {
    (void)state;
    costmodel_model m;
    char error[TRACE_ERROR_BYTES];
    cJSON *json = read_json("tests/data/analysis_flops.json");
    const cJSON *want = cJSON_GetObjectItem(json, "full_width");
    double n = number(want, "prompt_tokens"), k = number(want, "k");
    costmodel_phase_cost vision = {0}, prefill = {0}, decode = {0};
    assert_int_equal(costmodel_model_load(&m, "molmoe-1b", error), 0);
    m.layers = number(want, "layers");
    costmodel_model_vision(&m, number(want, "crops"), 2, &vision);
    costmodel_model_step(&m, n, 0, n * k, k, 2, &prefill);
    costmodel_model_step(&m, 1, n, k, k, 2, &decode);
    assert_true(vision.all.flops == number(want, "vision"));
    assert_true(prefill.all.flops == number(want, "prefill"));
    assert_true(decode.all.flops == number(want, "decode"));
    cJSON_Delete(json);
}

static void weights_are_the_parameters(void **state) {
    (void)state;
    costmodel_model m = tiny();
    cJSON *json = read_json("tests/data/analysis_flops.json");
    const cJSON *parameters = cJSON_GetObjectItem(json, "parameters");
    costmodel_phase_cost vision = {0}, step = {0};
    costmodel_model_vision(&m, 3, 1, &vision);
    costmodel_model_step(&m, 7, 5, 7, m.experts, 1, &step); /* all experts are active */
    assert_true(vision.all.weight_bytes == number(parameters, "vision"));
    for (int part = 0; part < NAMES_PARTS; part++) {
        if (part == NAMES_PART_EMBEDDING) {
            assert_true(step.parts[part].weight_bytes == 7 * m.width); /* seven rows of it */
        } else if (part < NAMES_PART_VISION) {                         /* the parts that such a model has */
            assert_true(step.parts[part].weight_bytes ==
                        number(parameters, names_part_name((names_part)part)));
        }
    }
    cJSON_Delete(json);
}

static void bytes_of_a_step(void **state) {
    (void)state;
    costmodel_model m = tiny();
    costmodel_phase_cost cost = {0}, steps = {0}, decode = {0};
    /* Two layers; 7 keys and values of 64 numbers are written behind 5, and 12 are read. */
    costmodel_model_step(&m, 7, 5, 14, 3, 2, &cost);
    assert_true(cost.all.kv_bytes == 2 * 2 * (2 * 64 * 7 + 2 * 64 * 12));
    assert_true(cost.parts[NAMES_PART_EXPERT].weight_bytes == 2 * 2 * 3 * 3 * 64 * 32);
    for (int i = 0; i < 4; i++) {
        costmodel_model_step(&m, 1, 60 + i, 2, 2, 4, &steps);
    }
    costmodel_model_decode(&m, 4, 60, 2, 2, 4, &decode);
    assert_memory_equal(&decode, &steps, sizeof steps);
}

static void active_experts_by_chance(void **state) {
    (void)state;
    costmodel_model m = {.experts = 8};
    assert_true(costmodel_model_active(&m, 3, 1) == 3);
    assert_true(costmodel_model_active(&m, 8, 5) == 8);
    /* Of 8 experts two tokens choose one each: the second is another one in 7 of 8 cases. */
    assert_true(fabs(costmodel_model_active(&m, 1, 2) - (1 + 7.0 / 8)) < 1e-12);
}

static void refused(const char *json, const char *want) {
    costmodel_model m;
    char error[TRACE_ERROR_BYTES] = "";
    print_message("  %s\n", want);
    assert_int_equal(costmodel_model_parse(&m, "dir/x.json", json, strlen(json), error), -1);
    assert_non_null(strstr(error, want));
    assert_null(strchr(error, '\n'));
}

#define DECODER                                                                                              \
    "\"d_model\":64,\"n_layers\":2,\"n_heads\":4,\"moe_num_experts\":8,\"mlp_ratio\":1,\"vocab_size\":250"

static void configurations_that_are_none(void **state) {
    (void)state;
    costmodel_model m;
    char error[TRACE_ERROR_BYTES] = "";
    static const char text_only[] = "{" DECODER ",\"vision_backbone\":null}";
    assert_int_equal(costmodel_model_parse(&m, "dir/x.json", text_only, strlen(text_only), error), 0);
    assert_false(m.vision.present);
    assert_string_equal(m.name, "x.json");
    assert_true(m.vocabulary == 250 && m.expert_width == 32 && m.kv_width == 64);
    assert_int_equal(costmodel_model_load(&m, "molmoe-1b", error), 0);
    assert_true(m.vision.present && m.vision.windows == 144);
    refused("{}", "d_model");
    refused("[1]", "not a JSON object");
    refused("{" DECODER, "not a JSON object");
    refused("{\"d_model\":64,\"n_layers\":0}", "field n_layers is 0");
    refused("{\"d_model\":1e99}", "d_model");
    refused("{\"d_model\":\"64\"}", "d_model is \"64\"");
    refused("{" DECODER ",\"block_type\":\"sequential\"}", "block_type");
    refused("{" DECODER ",\"vision_backbone\":{\"image_emb_dim\":8}}", "vision_backbone.image_num_layers");
    assert_int_equal(costmodel_model_load(&m, "tests/none.json", error), -1);
    assert_non_null(strstr(error, "tests/none.json"));
}

/* ---- Peaks ---- */

static void peaks_of_devices(void **state) {
    (void)state;
    costmodel_peaks p;
    costmodel_peaks_of_device(&p, &(costmodel_device){.name = "NVIDIA H100 80GB HBM3", .capability = "9.0"});
    assert_true(p.memory == 3.35e12 && p.flops[COSTMODEL_BF16] == 989.4e12);
    assert_int_equal(p.memory_source, COSTMODEL_PEAK_DATA_SHEET);
    /* A slice of it is no H100; its attributes are its own. */
    costmodel_peaks_of_device(&p, &(costmodel_device){.name = "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
                                                      .capability = "9.0",
                                                      .multiprocessors = 16,
                                                      .clock_hz = 1.98e9,
                                                      .memory_clock_hz = 2.619e9,
                                                      .memory_bus_bits = 5120});
    assert_true(isnan(p.flops[COSTMODEL_BF16]));
    assert_true(fabs(p.memory / 3.35232e12 - 1) < 1e-9);
    assert_true(fabs(p.flops[COSTMODEL_FP32] / (2 * 128 * 16 * 1.98e9) - 1) < 1e-9);
    assert_int_equal(p.flops_source[COSTMODEL_FP32], COSTMODEL_PEAK_ATTRIBUTES);
    costmodel_peaks_of_device(&p, &(costmodel_device){.name = "Tesla T4"});
    assert_true(isnan(p.flops[COSTMODEL_BF16]) && p.flops[COSTMODEL_FP16] == 65e12);
    costmodel_peaks_of_device(&p, &(costmodel_device){0});
    assert_true(isnan(p.memory) && isnan(p.flops[COSTMODEL_FP32]));
    assert_int_equal(p.memory_source, COSTMODEL_PEAK_UNKNOWN);
}

/* The cells of a row of a Markdown table: "-" is NaN. */
static double cell(char **rest) {
    const char *text = strtok_r(NULL, "|", rest);
    assert_non_null(text);
    char *end;
    double value = strtod(text, &end);
    return end == text ? NAN : value * 1e9;
}

static bool same(double x, double y) {
    return (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-9 * fabs(y);
}

static void the_documented_table(void **state) {
    (void)state;
    char line[512];
    size_t seen = 0;
    FILE *f = fopen("docs/peaks.md", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        const char *name = costmodel_peaks_sheet(seen);
        if (!name || strncmp(line, "| ", 2) != 0 || strncmp(line + 2, name, strlen(name)) != 0) {
            continue;
        }
        char *rest;
        costmodel_peaks p;
        strtok_r(line, "|", &rest);
        costmodel_peaks_of_device(&p, &(costmodel_device){.name = name});
        assert_true(same(p.memory, cell(&rest)));
        for (int type = 0; type < COSTMODEL_DTYPES; type++) {
            assert_true(same(p.flops[type], 1e3 * cell(&rest)));
        }
        seen++;
    }
    fclose(f);
    assert_null(costmodel_peaks_sheet(seen)); /* all are there, in this order */
}

static int load(const char *text, costmodel_peaks *p, char error[TRACE_ERROR_BYTES]) {
    char path[] = "/tmp/moetrace-peaks-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    error[0] = '\0';
    int rc = costmodel_peaks_load(p, path, error);
    unlink(path);
    return rc;
}

static void peaks_of_a_file(void **state) {
    (void)state;
    costmodel_peaks file, p;
    char error[TRACE_ERROR_BYTES];
    assert_int_equal(load("{\"device\":\"D\",\"more\":1,\"memory_bytes_per_s\":3e12,"
                          "\"flops\":{\"bf16\":7e14,\"fp16\":null}}",
                          &file, error),
                     0);
    costmodel_peaks_of_device(&p, &(costmodel_device){.name = "NVIDIA H100 80GB HBM3"});
    costmodel_peaks_override(&p, &file);
    assert_true(p.memory == 3e12 && p.flops[COSTMODEL_BF16] == 7e14 && p.flops[COSTMODEL_FP16] == 989.4e12);
    assert_int_equal(p.flops_source[COSTMODEL_BF16], COSTMODEL_PEAK_MEASURED);
    assert_int_equal(p.flops_source[COSTMODEL_FP16], COSTMODEL_PEAK_DATA_SHEET);
    static const struct {
        const char *text, *want;
    } bad[] = {{"", "not a JSON object"},
               {"[]", "not a JSON object"},
               {"{\"device\":\"D\"}", "not a JSON object with"},
               {"{\"memory_bytes_per_s\":0}", "memory_bytes_per_s"},
               {"{\"memory_bytes_per_s\":\"3e12\"}", "memory_bytes_per_s"},
               {"{\"flops\":3}", "\"flops\" is not an object"},
               {"{\"flops\":{\"tf32\":-1}}", "tf32"},
               {"{\"flops\":{\"bf16\":1e999}}", "bf16"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        print_message("  %s\n", bad[i].text);
        assert_int_equal(load(bad[i].text, &file, error), -1);
        assert_non_null(strstr(error, bad[i].want));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flops_are_those_of_torch),   cmocka_unit_test(flops_at_full_width),
        cmocka_unit_test(weights_are_the_parameters), cmocka_unit_test(bytes_of_a_step),
        cmocka_unit_test(active_experts_by_chance),   cmocka_unit_test(configurations_that_are_none),
        cmocka_unit_test(peaks_of_devices),           cmocka_unit_test(peaks_of_a_file),
        cmocka_unit_test(the_documented_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
