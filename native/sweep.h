/* The sweep: for each number of experts per token, warm-up requests, then measured ones. A request is vision,
 * prefill and decode; each of the three ends with a synchronisation, so that the host's clock around it is
 * true.
 *
 * Unless --rounds says otherwise, there are two rounds over all numbers of experts, each with half of the
 * samples (the odd one in the first). The recorder profiles the second only: what it switches on may
 * slow the process down for good, and the first half of the samples of every k must be as if no profiler had ever
 * profiled. */
#ifndef NATIVE_SWEEP_H
#define NATIVE_SWEEP_H

#include "native/decoder.h"
#include "native/graph.h"
#include "native/options.h"
#include "native/vision.h"

/* Host times of one measured request, in milliseconds. */
typedef struct {
    double vision_ms, prefill_ms, decode_ms;
} native_sample;

/* What one k gave. */
typedef struct {
    int64_t k;
    native_sample *samples; /* [options->samples] */
    /* Operator calls of the last request. */
    uint64_t vision_operators, prefill_operators, decode_operators;
    /* With --dump-logits, of the last request: [embeddings] float32, [new_tokens] int64. */
    float *prefill_logits, *decode_logits;
    int64_t *tokens;
} native_result;

typedef struct {
    const native_options *options;
    const native_config *config;
    native_torch *torch;
    native_vision vision;
    native_decoder decoder;
    native_graphs graphs; /* with --cuda-graph: one for each decode step of the k at hand */
    int count;
    native_result results[NATIVE_MAX_SWEEP];
    float *vision_features; /* [pooled, d_model], with --dump-logits */
} native_sweep;

/* Allocates buffers for the request and for results, for `count` values of k. */
bool native_sweep_make(native_sweep *sweep, const native_options *options, const native_config *config,
                       native_torch *torch, const native_weights *weights, const native_request *request,
                       const int64_t *values, int count, native_error *error);
void native_sweep_free(native_sweep *sweep);

/* Runs it. Progress goes to standard error if that is a terminal. */
bool native_sweep_run(native_sweep *sweep, native_error *error);

#endif
