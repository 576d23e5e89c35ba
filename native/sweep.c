/* Runs and times requests; see sweep.h. */
#include "native/sweep.h"

#include "native/mark.h"
#include "native/ranges.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static bool allocate_answer(const native_sweep *s, native_answer *answer) {
    size_t vocabulary = (size_t)s->config->embeddings;
    answer->tokens = calloc((size_t)s->options->new_tokens, sizeof *answer->tokens);
    if (s->options->dump == NULL) {
        return answer->tokens != NULL;
    }
    answer->prefill_logits = calloc(vocabulary, sizeof *answer->prefill_logits);
    answer->decode_logits = calloc(vocabulary, sizeof *answer->decode_logits);
    return answer->tokens != NULL && answer->prefill_logits != NULL && answer->decode_logits != NULL;
}

static bool allocate_results(native_sweep *s, const int64_t *values, int count) {
    size_t requests = (size_t)s->list->count;
    bool ok = true;
    s->count = count;
    for (int i = 0; i < count; i++) {
        native_result *r = &s->results[i];
        r->k = values[i];
        r->samples = calloc(requests * (size_t)s->options->samples, sizeof *r->samples);
        r->answers = calloc(requests, sizeof *r->answers);
        ok = ok && r->samples != NULL && r->answers != NULL;
        for (size_t n = 0; n < requests && ok; n++) {
            ok = allocate_answer(s, &r->answers[n]);
        }
    }
    if (s->options->dump != NULL) {
        s->vision_features = calloc(requests, sizeof *s->vision_features);
        ok = ok && s->vision_features != NULL;
        for (size_t n = 0; n < requests && ok; n++) {
            int64_t numbers = s->list->requests[n].crops * s->config->tokens_per_crop * s->config->d_model;
            s->vision_features[n] = calloc((size_t)numbers + 1, sizeof **s->vision_features);
            ok = s->vision_features[n] != NULL;
        }
    }
    return ok;
}

static bool make_sweep_ranges(const native_sweep *s, const int64_t *values, int count, native_error *error) {
    int64_t counts[NATIVE_RANGE_KINDS] = {0};
    for (int i = 0; i < count; i++) {
        counts[NATIVE_RANGE_TOP_K] =
            values[i] >= counts[NATIVE_RANGE_TOP_K] ? values[i] + 1 : counts[NATIVE_RANGE_TOP_K];
    }
    counts[NATIVE_RANGE_WARMUP] = s->options->warmup * s->list->count;
    counts[NATIVE_RANGE_SAMPLE] = s->options->samples * s->list->count;
    counts[NATIVE_RANGE_STEP] = s->options->new_tokens;
    counts[NATIVE_RANGE_CAPTURE] = s->options->cuda_graph ? s->options->new_tokens : 0;
    counts[NATIVE_RANGE_LAYER] = s->config->layers;
    counts[NATIVE_RANGE_VIT] = s->config->vision.layers;
    counts[NATIVE_RANGE_EXPERT] = s->config->experts;
    return native_ranges_make(counts, error);
}

/* Makes the buffers of request `index`, unless they are there. */
static bool enter_request(native_sweep *s, int64_t index, native_error *error) {
    if (s->current == index) {
        return true;
    }
    native_graphs_clear(&s->graphs); /* before the buffers that they use */
    native_vision_free(&s->vision);
    native_decoder_free(&s->decoder);
    s->current = index;
    const native_request *request = &s->list->requests[index];
    return native_vision_make(&s->vision, s->torch, s->config, s->weights, request, error) &&
           native_decoder_make(&s->decoder, s->torch, s->config, s->weights, request, s->options->new_tokens,
                               s->options->moe, error);
}

bool native_sweep_make(native_sweep *sweep, const native_options *options, const native_config *config,
                       native_torch *torch, const native_weights *weights, const native_request_list *list,
                       const int64_t *values, int count, native_error *error) {
    memset(sweep, 0, sizeof *sweep);
    sweep->options = options;
    sweep->config = config;
    sweep->torch = torch;
    sweep->weights = weights;
    sweep->list = list;
    sweep->current = -1;
    if (!enter_request(sweep, 0, error) || !make_sweep_ranges(sweep, values, count, error)) {
        return false;
    }
    if (options->cuda_graph && !native_graphs_open(&sweep->graphs, torch, options->new_tokens - 1, error)) {
        return false;
    }
    return allocate_results(sweep, values, count) ||
           native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the results");
}

static void free_result(native_result *result, int64_t requests) {
    for (int64_t n = 0; n < requests && result->answers != NULL; n++) {
        free(result->answers[n].tokens);
        free(result->answers[n].prefill_logits);
        free(result->answers[n].decode_logits);
    }
    free(result->samples);
    free(result->answers);
}

void native_sweep_free(native_sweep *sweep) {
    for (int i = 0; i < sweep->count; i++) {
        free_result(&sweep->results[i], sweep->list->count);
    }
    for (int64_t n = 0; sweep->vision_features != NULL && n < sweep->list->count; n++) {
        free(sweep->vision_features[n]);
    }
    free(sweep->vision_features);
    native_graphs_close(&sweep->graphs);
    native_vision_free(&sweep->vision);
    native_decoder_free(&sweep->decoder);
    native_ranges_free();
}

/* A device tensor to host memory, converted to `dtype`. */
static void download_tensor(native_torch *torch, void *to, int32_t dtype, const native_tensor *from) {
    native_tensor host = native_wrap_host(torch, to, dtype, from->ndim, from->size);
    native_copy(torch, host.handle, from->handle);
    native_free(torch, &host);
}

/* One decode step, at its graph's index. Its first time for a k it runs as it is, which readies all that must
 * not happen during a capture (memory, workspaces, the loading of kernels), and is then captured. */
static void run_decode_step(native_sweep *s, int64_t index) {
    bool replay = s->options->cuda_graph && native_graphs_has(&s->graphs, index);
    native_range_push(NATIVE_RANGE_STEP, index);
    if (replay) {
        native_graphs_launch(&s->graphs, index);
    } else {
        native_decoder_step(&s->decoder, index + 1);
    }
    native_range_pop();
    if (s->options->cuda_graph && !replay) {
        native_range_push(NATIVE_RANGE_CAPTURE, index);
        native_graphs_begin(&s->graphs);
        native_decoder_step(&s->decoder, index + 1);
        native_graphs_end(&s->graphs, index);
        native_range_pop();
    }
}

/* Whether token `index` ends the request. The host waits for the device to know. */
static bool is_last_token(native_sweep *s, int64_t index) {
    int64_t token = -1;
    native_tensor host = native_wrap_host(s->torch, &token, s->torch->i64, 1, NATIVE_DIMS(1));
    native_copy(s->torch, host.handle, s->decoder.token_rows[index].handle);
    native_free(s->torch, &host);
    native_torch_sync(s->torch);
    return token == s->config->eos || s->torch->failed_op != NULL;
}

/* Returns the number of steps. */
static int64_t run_decode_phase(native_sweep *s) {
    if (s->options->cuda_graph) {
        native_graphs_enter(&s->graphs);
    }
    int64_t index = 0;
    while (index < s->options->new_tokens - 1 && !(s->options->stop_at_eos && is_last_token(s, index))) {
        run_decode_step(s, index++);
    }
    native_torch_sync(s->torch);
    if (s->options->cuda_graph) {
        native_graphs_leave(&s->graphs);
    }
    return index;
}

/* The image's features. */
static double time_vision(native_sweep *s, native_result *result) {
    uint64_t operators = s->torch->operators;
    double start = monotonic_ms();
    native_range_push(NATIVE_RANGE_VISION, 0);
    native_vision_run(&s->vision);
    native_torch_sync(s->torch);
    native_range_pop();
    result->vision_operators = s->torch->operators - operators;
    return monotonic_ms() - start;
}

/* One request. `result` gets operator counts and, of the `last` sample, tokens and what is to be dumped. */
static native_sample time_request(native_sweep *s, native_result *result, bool last) {
    native_torch *t = s->torch;
    native_sample sample = {.vision_ms = NAN};
    native_answer *answer = &result->answers[s->current];
    bool dump = last && s->options->dump != NULL;
    native_mark_request(s->current, &s->list->requests[s->current], s->options->new_tokens);

    if (s->vision.crops > 0) {
        sample.vision_ms = time_vision(s, result);
        if (dump) {
            download_tensor(t, s->vision_features[s->current], t->f32, &s->vision.result);
        }
    }

    uint64_t operators = t->operators;
    double start = monotonic_ms();
    native_range_push(NATIVE_RANGE_PREFILL, 0);
    native_decoder_prefill(&s->decoder, &s->vision.result);
    native_torch_sync(t);
    native_range_pop();
    sample.prefill_ms = monotonic_ms() - start;
    result->prefill_operators = t->operators - operators;
    if (dump) {
        download_tensor(t, answer->prefill_logits, t->f32, &s->decoder.logits);
    }

    operators = t->operators;
    start = monotonic_ms();
    native_range_push(NATIVE_RANGE_DECODE, 0);
    sample.decoded = run_decode_phase(s);
    native_range_pop();
    sample.decode_ms = monotonic_ms() - start;
    result->decode_operators = t->operators - operators;
    if (last) {
        download_tensor(t, answer->tokens, t->i64, &s->decoder.tokens);
        answer->token_count = sample.decoded + 1;
    }
    if (dump) {
        download_tensor(t, answer->decode_logits, t->f32, &s->decoder.logits);
    }
    return sample;
}

static void print_sweep_progress(int64_t k, const char *what, int64_t done, int64_t all) {
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\rrun_native: top_k=%lld %s %lld/%lld   ", (long long)k, what, (long long)done,
                (long long)all);
    }
}

/* Samples `first` .. `end` - 1 of one k and one request, after the warm-up. Ranges are numbered through all requests. */
static bool run_request(native_sweep *s, native_result *result, int64_t request, int64_t first, int64_t end,
                        native_error *error) {
    const native_options *o = s->options;
    native_torch *t = s->torch;
    /* What libtorch says about a failure is collected while nothing is measured: shapes and memory fail here
     * first. */
    t->capture = t->capture_fd >= 0;
    native_graphs_clear(&s->graphs); /* before the buffers that they use */
    if (!enter_request(s, request, error) || !native_decoder_set_top_k(&s->decoder, result->k, error)) {
        return false;
    }
    native_range_push(NATIVE_RANGE_TOP_K, result->k);
    for (int64_t i = 0; i < o->warmup && t->failed_op == NULL; i++) {
        print_sweep_progress(result->k, "warm-up", i + 1, o->warmup);
        native_range_push(NATIVE_RANGE_WARMUP, request * o->warmup + i);
        time_request(s, result, false);
        native_range_pop();
    }
    t->capture = t->capture && o->warmup == 0;
    for (int64_t i = first; i < end && t->failed_op == NULL; i++) {
        int64_t number = request * o->samples + i;
        print_sweep_progress(result->k, "sample", number + 1, o->samples * s->list->count);
        native_range_push(NATIVE_RANGE_SAMPLE, number);
        result->samples[number] = time_request(s, result, i == o->samples - 1);
        native_range_pop();
        t->capture = false;
    }
    native_range_pop();
    return native_torch_check(t, error);
}

static bool run_top_k(native_sweep *s, native_result *result, int64_t first, int64_t end,
                      native_error *error) {
    for (int64_t request = 0; request < s->list->count; request++) {
        if (!run_request(s, result, request, first, end, error)) {
            return false;
        }
    }
    return true;
}

bool native_sweep_run(native_sweep *sweep, native_error *error) {
    const native_options *o = sweep->options;
    int64_t first = o->rounds == 1 ? o->samples : (o->samples + 1) / 2;
    bool ok = true;
    native_mark_model(sweep->config, o, sweep->torch->dtype, native_request_list_tokens(sweep->list),
                      native_request_list_crops(sweep->list));
    for (int i = 0; i < sweep->count && ok; i++) {
        ok = run_top_k(sweep, &sweep->results[i], 0, first, error);
    }
    if (o->rounds == 2) {
        native_profiling(true);
    }
    for (int i = 0; i < sweep->count && ok && first < o->samples; i++) {
        ok = run_top_k(sweep, &sweep->results[i], first, o->samples, error);
    }
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%60s\r", "");
    }
    return ok;
}
