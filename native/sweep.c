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

static bool allocate_results(native_sweep *s, const int64_t *values, int count) {
    size_t vocabulary = (size_t)s->config->embeddings;
    bool dump = s->options->dump != NULL, ok = true;
    s->count = count;
    for (int i = 0; i < count; i++) {
        native_result *r = &s->results[i];
        r->k = values[i];
        r->samples = calloc((size_t)s->options->samples, sizeof *r->samples);
        ok = ok && r->samples != NULL;
        if (dump) {
            r->prefill_logits = calloc(vocabulary, sizeof *r->prefill_logits);
            r->decode_logits = calloc(vocabulary, sizeof *r->decode_logits);
            r->tokens = calloc((size_t)s->options->new_tokens, sizeof *r->tokens);
            ok = ok && r->prefill_logits != NULL && r->decode_logits != NULL && r->tokens != NULL;
        }
    }
    if (dump) {
        s->vision_features =
            calloc((size_t)(s->vision.pooled * s->config->d_model) + 1, sizeof *s->vision_features);
        ok = ok && s->vision_features != NULL;
    }
    return ok;
}

static bool make_sweep_ranges(const native_sweep *s, const int64_t *values, int count, native_error *error) {
    int64_t counts[NATIVE_RANGE_KINDS] = {0};
    for (int i = 0; i < count; i++) {
        counts[NATIVE_RANGE_TOP_K] =
            values[i] >= counts[NATIVE_RANGE_TOP_K] ? values[i] + 1 : counts[NATIVE_RANGE_TOP_K];
    }
    counts[NATIVE_RANGE_WARMUP] = s->options->warmup;
    counts[NATIVE_RANGE_SAMPLE] = s->options->samples;
    counts[NATIVE_RANGE_STEP] = s->options->new_tokens;
    counts[NATIVE_RANGE_CAPTURE] = s->options->cuda_graph ? s->options->new_tokens : 0;
    counts[NATIVE_RANGE_LAYER] = s->config->layers;
    counts[NATIVE_RANGE_VIT] = s->config->vision.layers;
    counts[NATIVE_RANGE_EXPERT] = s->config->experts;
    return native_ranges_make(counts, error);
}

bool native_sweep_make(native_sweep *sweep, const native_options *options, const native_config *config,
                       native_torch *torch, const native_weights *weights, const native_request *request,
                       const int64_t *values, int count, native_error *error) {
    memset(sweep, 0, sizeof *sweep);
    sweep->options = options;
    sweep->config = config;
    sweep->torch = torch;
    if (!native_vision_make(&sweep->vision, torch, config, weights, request, error) ||
        !native_decoder_make(&sweep->decoder, torch, config, weights, request, options->new_tokens,
                             options->moe, error) ||
        !make_sweep_ranges(sweep, values, count, error)) {
        return false;
    }
    if (options->cuda_graph && !native_graphs_open(&sweep->graphs, torch, options->new_tokens - 1, error)) {
        return false;
    }
    return allocate_results(sweep, values, count) ||
           native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the results");
}

void native_sweep_free(native_sweep *sweep) {
    for (int i = 0; i < sweep->count; i++) {
        free(sweep->results[i].samples);
        free(sweep->results[i].prefill_logits);
        free(sweep->results[i].decode_logits);
        free(sweep->results[i].tokens);
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

static void run_decode_phase(native_sweep *s) {
    if (s->options->cuda_graph) {
        native_graphs_enter(&s->graphs);
    }
    for (int64_t index = 0; index < s->options->new_tokens - 1; index++) {
        run_decode_step(s, index);
    }
    native_torch_sync(s->torch);
    if (s->options->cuda_graph) {
        native_graphs_leave(&s->graphs);
    }
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

/* One request. `result` gets operator counts and, if results are to be dumped and `dump` says so, those. */
static native_sample time_request(native_sweep *s, native_result *result, bool dump) {
    native_torch *t = s->torch;
    native_sample sample;
    dump = dump && s->options->dump != NULL;

    sample.vision_ms = NAN;
    if (s->vision.crops > 0) {
        sample.vision_ms = time_vision(s, result);
        if (dump) {
            download_tensor(t, s->vision_features, t->f32, &s->vision.result);
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
        download_tensor(t, result->prefill_logits, t->f32, &s->decoder.logits);
    }

    operators = t->operators;
    start = monotonic_ms();
    native_range_push(NATIVE_RANGE_DECODE, 0);
    run_decode_phase(s);
    native_range_pop();
    sample.decode_ms = monotonic_ms() - start;
    result->decode_operators = t->operators - operators;
    if (dump) {
        download_tensor(t, result->decode_logits, t->f32, &s->decoder.logits);
        download_tensor(t, result->tokens, t->i64, &s->decoder.tokens);
    }
    return sample;
}

static void print_sweep_progress(int64_t k, const char *what, int64_t done, int64_t all) {
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\rrun_native: top_k=%lld %s %lld/%lld   ", (long long)k, what, (long long)done,
                (long long)all);
    }
}

/* Samples `first` .. `end` - 1 of one k, after the warm-up. */
static bool run_top_k(native_sweep *s, native_result *result, int64_t first, int64_t end,
                      native_error *error) {
    const native_options *o = s->options;
    native_torch *t = s->torch;
    /* What libtorch says about a failure is collected while nothing is measured: shapes and memory fail here
     * first. */
    t->capture = t->capture_fd >= 0;
    native_graphs_clear(&s->graphs); /* before the buffers that they use */
    if (!native_decoder_set_top_k(&s->decoder, result->k, error)) {
        return false;
    }
    native_range_push(NATIVE_RANGE_TOP_K, result->k);
    for (int64_t i = 0; i < o->warmup && t->failed_op == NULL; i++) {
        print_sweep_progress(result->k, "warm-up", i + 1, o->warmup);
        native_range_push(NATIVE_RANGE_WARMUP, i);
        time_request(s, result, false);
        native_range_pop();
    }
    t->capture = t->capture && o->warmup == 0;
    for (int64_t i = first; i < end && t->failed_op == NULL; i++) {
        print_sweep_progress(result->k, "sample", i + 1, o->samples);
        native_range_push(NATIVE_RANGE_SAMPLE, i);
        result->samples[i] = time_request(s, result, i == o->samples - 1);
        native_range_pop();
        t->capture = false;
    }
    native_range_pop();
    return native_torch_check(t, error);
}

bool native_sweep_run(native_sweep *sweep, native_error *error) {
    const native_options *o = sweep->options;
    int64_t first = o->rounds == 1 ? o->samples : (o->samples + 1) / 2;
    bool ok = true;
    native_mark_model(sweep->config, o, sweep->torch->dtype, sweep->decoder.prompt, sweep->vision.crops);
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
