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

/* Medians of the three phases over `count` samples, and of the time of a decode step. Without memory for a copy: the first sample's
 * times. */
typedef struct {
    native_sample sample;
    double step_ms; /* NAN if nothing was decoded */
} sample_medians;

static double decode_ms_per_token(const native_sample *sample) {
    return sample->decoded > 0 ? sample->decode_ms / (double)sample->decoded : NAN;
}

static double median_of(const native_sample *samples, int64_t count, double (*value)(const native_sample *)) {
    double *column = calloc((size_t)count, sizeof *column);
    int64_t used = 0;
    for (int64_t i = 0; i < count && column != NULL; i++) {
        column[used] = value(&samples[i]);
        used += isnan(column[used]) ? 0 : 1; /* those without an image, or without a decoded token */
    }
    double result = value(&samples[0]);
    if (column != NULL) {
        result = used > 0 ? native_median(column, used) : NAN;
    }
    free(column);
    return result;
}

static double vision_ms_of(const native_sample *sample) {
    return sample->vision_ms;
}

static double prefill_ms_of(const native_sample *sample) {
    return sample->prefill_ms;
}

static double decode_ms_of(const native_sample *sample) {
    return sample->decode_ms;
}

static sample_medians find_medians(const native_sample *samples, int64_t count) {
    sample_medians m = {.sample = samples[0]};
    m.sample.vision_ms = median_of(samples, count, vision_ms_of);
    m.sample.prefill_ms = median_of(samples, count, prefill_ms_of);
    m.sample.decode_ms = median_of(samples, count, decode_ms_of);
    m.step_ms = median_of(samples, count, decode_ms_per_token);
    return m;
}

static const char *number_or_dash(char text[32], int digits, double value) {
    if (isnan(value)) {
        return "-";
    }
    snprintf(text, 32, "%.*f", digits, value);
    return text;
}

static void print_table_line(FILE *out, int64_t k, const char *request, const native_sample *samples,
                             int64_t count) {
    char vision[32], step[32];
    sample_medians m = find_medians(samples, count);
    fprintf(out, "%6lld %10s %10.2f %10.2f %12s", (long long)k, number_or_dash(vision, 2, m.sample.vision_ms),
            m.sample.prefill_ms, m.sample.decode_ms, number_or_dash(step, 3, m.step_ms));
    fprintf(out, "%s%s\n", request != NULL ? "  " : "", request != NULL ? request : "");
}

/* The ids that the last sample of each k and request generated. */
static void print_generated_tokens(FILE *out, const native_sweep *sweep) {
    const native_request_list *list = sweep->list;
    fprintf(out, "generated tokens\n");
    for (int i = 0; i < sweep->count; i++) {
        for (int64_t n = 0; n < list->count; n++) {
            const native_answer *answer = &sweep->results[i].answers[n];
            fprintf(out, "%6lld", (long long)sweep->results[i].k);
            for (int64_t t = 0; t < answer->token_count; t++) {
                fprintf(out, " %lld", (long long)answer->tokens[t]);
            }
            bool several = list->count > 1;
            fprintf(out, "%s%s\n", several ? "  " : "", several ? list->requests[n].name : "");
        }
    }
}

void native_report_table(FILE *out, const native_sweep *sweep) {
    const native_options *o = sweep->options;
    const native_request_list *list = sweep->list;
    char what[64];
    if (list->count > 1) {
        snprintf(what, sizeof what, "%lld requests", (long long)list->count);
    } else {
        snprintf(what, sizeof what, "%lld prompt tokens", (long long)list->requests[0].tokens);
    }
    int64_t total = o->samples * list->count;
    fprintf(out, "%s on %s in %s, moe %s%s, %s, %s%lld new; medians of %lld samples, ms\n",
            sweep->config->name, native_device_name(sweep->torch->device),
            native_dtype_name(sweep->torch->dtype), native_moe_mode_name(o->moe),
            o->cuda_graph ? ", CUDA graphs" : "", what,
            o->stop_at_eos ? "up to the end of the text, at most " : "", (long long)o->new_tokens,
            (long long)total);
    fprintf(out, "%6s %10s %10s %10s %12s%s\n", "top_k", "vision", "prefill", "decode", "per token",
            list->count > 1 ? "  request" : "");
    for (int i = 0; i < sweep->count; i++) {
        const native_result *r = &sweep->results[i];
        for (int64_t n = 0; n < list->count && list->count > 1; n++) {
            print_table_line(out, r->k, list->requests[n].name, r->samples + n * o->samples, o->samples);
        }
        print_table_line(out, r->k, list->count > 1 ? "(all)" : NULL, r->samples, o->samples * list->count);
    }
    print_generated_tokens(out, sweep);
}

static void add_json_number(cJSON *object, const char *name, double value) {
    if (isnan(value)) {
        cJSON_AddNullToObject(object, name);
    } else {
        cJSON_AddNumberToObject(object, name, value);
    }
}

static void add_json_times(cJSON *object, const native_sample *sample) {
    add_json_number(object, "vision_ms", sample->vision_ms);
    add_json_number(object, "prefill_ms", sample->prefill_ms);
    add_json_number(object, "decode_ms", sample->decode_ms);
}

static cJSON *medians_as_json(int64_t k, const native_sample *samples, int64_t count) {
    sample_medians m = find_medians(samples, count);
    cJSON *line = cJSON_CreateObject();
    add_json_number(line, "top_k", (double)k);
    add_json_times(line, &m.sample);
    add_json_number(line, "decode_ms_per_token", m.step_ms);
    return line;
}

static void add_json_result(cJSON *samples, cJSON *summary, cJSON *by_request, const native_sweep *sweep,
                            const native_result *result) {
    int64_t each = sweep->options->samples;
    for (int64_t i = 0; i < each * sweep->list->count; i++) {
        cJSON *one = cJSON_CreateObject();
        add_json_number(one, "top_k", (double)result->k);
        int64_t request = i / each;
        add_json_number(one, "request", (double)request);
        add_json_number(one, "sample", (double)i);
        add_json_times(one, &result->samples[i]);
        add_json_number(one, "decode_tokens", (double)result->samples[i].decoded);
        cJSON_AddItemToArray(samples, one);
    }
    for (int64_t n = 0; n < sweep->list->count; n++) {
        cJSON *line = medians_as_json(result->k, result->samples + n * each, each);
        const native_answer *answer = &result->answers[n];
        add_json_number(line, "request", (double)n);
        cJSON *tokens = cJSON_AddArrayToObject(line, "tokens");
        for (int64_t t = 0; t < answer->token_count; t++) {
            cJSON_AddItemToArray(tokens, cJSON_CreateNumber((double)answer->tokens[t]));
        }
        cJSON_AddItemToArray(by_request, line);
    }
    cJSON *line = medians_as_json(result->k, result->samples, each * sweep->list->count);
    cJSON *operators = cJSON_AddObjectToObject(line, "operators");
    add_json_number(operators, "vision", (double)result->vision_operators);
    add_json_number(operators, "prefill", (double)result->prefill_operators);
    add_json_number(operators, "decode", (double)result->decode_operators);
    cJSON_AddItemToArray(summary, line);
}

static void add_json_requests(cJSON *array, const native_request_list *list) {
    for (int64_t n = 0; n < list->count; n++) {
        const native_request *r = &list->requests[n];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "name", r->name);
        add_json_number(one, "prompt_tokens", (double)r->tokens);
        add_json_number(one, "crops", (double)r->crops);
        add_json_number(one, "image_height", r->image_height > 0 ? (double)r->image_height : NAN);
        add_json_number(one, "image_width", r->image_width > 0 ? (double)r->image_width : NAN);
        cJSON_AddItemToArray(array, one);
    }
}

static char *times_as_json(const native_sweep *sweep) {
    const native_config *c = sweep->config;
    cJSON *root = cJSON_CreateObject();
    cJSON *config = cJSON_AddObjectToObject(root, "config");
    cJSON_AddStringToObject(config, "name", c->name);
    cJSON_AddNumberToObject(config, "d_model", (double)c->d_model);
    cJSON_AddNumberToObject(config, "n_layers", (double)c->layers);
    cJSON_AddNumberToObject(config, "moe_num_experts", (double)c->experts);
    int64_t prompt = native_request_list_tokens(sweep->list);
    add_json_number(config, "prompt_tokens", prompt >= 0 ? (double)prompt : NAN);
    cJSON_AddNumberToObject(config, "new_tokens", (double)sweep->options->new_tokens);
    cJSON_AddStringToObject(root, "device", native_device_name(sweep->torch->device));
    cJSON_AddStringToObject(root, "dtype", native_dtype_name(sweep->torch->dtype));
    cJSON_AddStringToObject(root, "moe", native_moe_mode_name(sweep->options->moe));
    cJSON_AddBoolToObject(root, "cuda_graph", sweep->options->cuda_graph);
    cJSON_AddBoolToObject(root, "stop_at_eos", sweep->options->stop_at_eos);
    char version[32];
    snprintf(version, sizeof version, "%u.%u", sweep->torch->version / 1000, sweep->torch->version % 1000);
    cJSON_AddStringToObject(root, "torch", version);
    add_json_requests(cJSON_AddArrayToObject(root, "requests"), sweep->list);
    cJSON *summary = cJSON_AddArrayToObject(root, "summary");
    cJSON *by_request = cJSON_AddArrayToObject(root, "by_request");
    cJSON *samples = cJSON_AddArrayToObject(root, "samples");
    for (int i = 0; i < sweep->count; i++) {
        add_json_result(samples, summary, by_request, sweep, &sweep->results[i]);
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

/* kK.NAME, after "rN." where there are several requests. */
static void name_dumped(native_written *t, const native_sweep *sweep, int64_t request, int64_t k,
                        const char *name) {
    int used = sweep->list->count > 1 ? snprintf(t->name, sizeof t->name, "r%lld.", (long long)request) : 0;
    snprintf(t->name + used, sizeof t->name - (size_t)used, "k%lld.%s", (long long)k, name);
}

static size_t add_dumped_answer(native_written *tensors, const native_sweep *sweep, const native_result *r,
                                int64_t request) {
    const native_answer *answer = &r->answers[request];
    const struct {
        const char *name, *dtype;
        int64_t width;
        const void *data;
    } parts[] = {{"prefill_logits", "F32", sweep->config->embeddings, answer->prefill_logits},
                 {"last_decode_logits", "F32", sweep->config->embeddings, answer->decode_logits},
                 {"tokens", "I64", answer->token_count, answer->tokens}};
    for (int p = 0; p < 3; p++) {
        native_written *t = &tensors[p];
        name_dumped(t, sweep, request, r->k, parts[p].name);
        t->dtype = parts[p].dtype;
        t->ndim = 2;
        t->size[0] = 1;
        t->size[1] = parts[p].width;
        t->data = parts[p].data;
    }
    return 3;
}

bool native_report_dump(const char *path, const native_sweep *sweep, native_error *error) {
    size_t count = 0, requests = (size_t)sweep->list->count;
    native_written *tensors = calloc(requests * (3 * (size_t)sweep->count + 1), sizeof *tensors);
    if (tensors == NULL) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the logits");
    }
    for (int64_t n = 0; n < sweep->list->count; n++) {
        for (int i = 0; i < sweep->count; i++) {
            count += add_dumped_answer(&tensors[count], sweep, &sweep->results[i], n);
        }
        int64_t crops = sweep->list->requests[n].crops;
        if (crops > 0) {
            native_written *features = &tensors[count++];
            int used =
                requests > 1 ? snprintf(features->name, sizeof features->name, "r%lld.", (long long)n) : 0;
            snprintf(features->name + used, sizeof features->name - (size_t)used, "vision_features");
            features->dtype = "F32";
            features->ndim = 4;
            memcpy(features->size,
                   (int64_t[]){1, crops, sweep->config->tokens_per_crop, sweep->config->d_model},
                   4 * sizeof(int64_t));
            features->data = sweep->vision_features[n];
        }
    }
    bool ok = native_safetensors_write(path, tensors, count, error);
    free(tensors);
    return ok;
}
