/* The sweep's results for people and for programs; see report.h. */
#include "native/report.h"

#include "native/output.h"
#include "native/safetensors.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double native_median(double *values, int64_t count) {
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Medians of the three phases. Without memory for a copy: the first sample's times. */
static native_sample median_sample(const native_result *result, int64_t count) {
    native_sample median = result->samples[0];
    double *column = calloc((size_t)count, sizeof *column);
    static const size_t members[] = {offsetof(native_sample, vision_ms), offsetof(native_sample, prefill_ms),
                                     offsetof(native_sample, decode_ms)};
    for (size_t m = 0; m < 3 && column != NULL; m++) {
        for (int64_t i = 0; i < count; i++) {
            memcpy(&column[i], (const char *)&result->samples[i] + members[m], sizeof *column);
        }
        double value = native_median(column, count);
        memcpy((char *)&median + members[m], &value, sizeof value);
    }
    free(column);
    return median;
}

static int64_t decoded_tokens(const native_sweep *sweep) {
    return sweep->options->new_tokens - 1;
}

static double decode_ms_per_token(const native_sweep *sweep, double decode_ms) {
    return decoded_tokens(sweep) > 0 ? decode_ms / (double)decoded_tokens(sweep) : 0;
}

void native_report_table(FILE *out, const native_sweep *sweep) {
    const native_options *o = sweep->options;
    fprintf(out, "%s on %s in %s, moe %s%s, %lld prompt tokens, %lld new; medians of %lld samples, ms\n",
            sweep->config->name, native_device_name(sweep->torch->device),
            native_dtype_name(sweep->torch->dtype), native_moe_mode_name(o->moe),
            o->cuda_graph ? ", CUDA graphs" : "", (long long)sweep->decoder.prompt, (long long)o->new_tokens,
            (long long)o->samples);
    fprintf(out, "%6s %10s %10s %10s %12s\n", "top_k", "vision", "prefill", "decode", "per token");
    for (int i = 0; i < sweep->count; i++) {
        native_sample m = median_sample(&sweep->results[i], o->samples);
        char vision[32] = "-";
        if (!isnan(m.vision_ms)) {
            snprintf(vision, sizeof vision, "%.2f", m.vision_ms);
        }
        fprintf(out, "%6lld %10s %10.2f %10.2f %12.3f\n", (long long)sweep->results[i].k, vision,
                m.prefill_ms, m.decode_ms, decode_ms_per_token(sweep, m.decode_ms));
    }
}

static void add_json_times(cJSON *object, const native_sample *sample) {
    if (isnan(sample->vision_ms)) {
        cJSON_AddNullToObject(object, "vision_ms");
    } else {
        cJSON_AddNumberToObject(object, "vision_ms", sample->vision_ms);
    }
    cJSON_AddNumberToObject(object, "prefill_ms", sample->prefill_ms);
    cJSON_AddNumberToObject(object, "decode_ms", sample->decode_ms);
}

static void add_json_result(cJSON *samples, cJSON *summary, const native_sweep *sweep,
                            const native_result *result) {
    for (int64_t i = 0; i < sweep->options->samples; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "top_k", (double)result->k);
        cJSON_AddNumberToObject(one, "sample", (double)i);
        add_json_times(one, &result->samples[i]);
        cJSON_AddNumberToObject(one, "decode_tokens", (double)decoded_tokens(sweep));
        cJSON_AddItemToArray(samples, one);
    }
    native_sample m = median_sample(result, sweep->options->samples);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "top_k", (double)result->k);
    add_json_times(line, &m);
    cJSON_AddNumberToObject(line, "decode_ms_per_token", decode_ms_per_token(sweep, m.decode_ms));
    cJSON *operators = cJSON_AddObjectToObject(line, "operators");
    cJSON_AddNumberToObject(operators, "vision", (double)result->vision_operators);
    cJSON_AddNumberToObject(operators, "prefill", (double)result->prefill_operators);
    cJSON_AddNumberToObject(operators, "decode", (double)result->decode_operators);
    cJSON_AddItemToArray(summary, line);
}

static char *times_as_json(const native_sweep *sweep) {
    const native_config *c = sweep->config;
    cJSON *root = cJSON_CreateObject();
    cJSON *config = cJSON_AddObjectToObject(root, "config");
    cJSON_AddStringToObject(config, "name", c->name);
    cJSON_AddNumberToObject(config, "d_model", (double)c->d_model);
    cJSON_AddNumberToObject(config, "n_layers", (double)c->layers);
    cJSON_AddNumberToObject(config, "moe_num_experts", (double)c->experts);
    cJSON_AddNumberToObject(config, "prompt_tokens", (double)sweep->decoder.prompt);
    cJSON_AddNumberToObject(config, "new_tokens", (double)sweep->options->new_tokens);
    cJSON_AddStringToObject(root, "device", native_device_name(sweep->torch->device));
    cJSON_AddStringToObject(root, "dtype", native_dtype_name(sweep->torch->dtype));
    cJSON_AddStringToObject(root, "moe", native_moe_mode_name(sweep->options->moe));
    cJSON_AddBoolToObject(root, "cuda_graph", sweep->options->cuda_graph);
    char version[32];
    snprintf(version, sizeof version, "%u.%u", sweep->torch->version / 1000, sweep->torch->version % 1000);
    cJSON_AddStringToObject(root, "torch", version);
    cJSON *summary = cJSON_AddArrayToObject(root, "summary");
    cJSON *samples = cJSON_AddArrayToObject(root, "samples");
    for (int i = 0; i < sweep->count; i++) {
        add_json_result(samples, summary, sweep, &sweep->results[i]);
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

bool native_report_json(const char *folder, const native_sweep *sweep, native_error *error) {
    char path[4096];
    native_output output;
    snprintf(path, sizeof path, "%s/run_native_times.json", folder);
    char *text = times_as_json(sweep);
    if (text == NULL) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the report");
    }
    bool ok = native_output_open(&output, path, error);
    if (ok) {
        fprintf(output.file, "%s\n", text);
        ok = native_output_close(&output, true, error);
    }
    cJSON_free(text);
    return ok;
}

bool native_report_dump(const char *path, const native_sweep *sweep, native_error *error) {
    native_written tensors[3 * NATIVE_MAX_SWEEP + 1];
    size_t count = 0;
    memset(tensors, 0, sizeof tensors);
    for (int i = 0; i < sweep->count; i++) {
        const native_result *r = &sweep->results[i];
        const struct {
            const char *name, *dtype;
            int64_t width;
            const void *data;
        } parts[] = {{"prefill_logits", "F32", sweep->config->embeddings, r->prefill_logits},
                     {"last_decode_logits", "F32", sweep->config->embeddings, r->decode_logits},
                     {"tokens", "I64", sweep->options->new_tokens, r->tokens}};
        for (int p = 0; p < 3; p++) {
            native_written *t = &tensors[count++];
            snprintf(t->name, sizeof t->name, "k%lld.%s", (long long)r->k, parts[p].name);
            t->dtype = parts[p].dtype;
            t->ndim = 2;
            t->size[0] = 1;
            t->size[1] = parts[p].width;
            t->data = parts[p].data;
        }
    }
    if (sweep->vision.crops == 0) {
        return native_safetensors_write(path, tensors, count, error);
    }
    native_written *features = &tensors[count++];
    snprintf(features->name, sizeof features->name, "vision_features");
    features->dtype = "F32";
    features->ndim = 4;
    memcpy(features->size,
           (int64_t[]){1, sweep->vision.crops, sweep->config->tokens_per_crop, sweep->config->d_model},
           4 * sizeof(int64_t));
    features->data = sweep->vision_features;
    return native_safetensors_write(path, tensors, count, error);
}
