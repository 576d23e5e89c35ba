/*
 * The sweep: for each number of experts per token, warm-up requests, then measured ones. A request is vision,
 * prefill and decode; each of the three ends with a synchronisation, so that the host's clock around it is
 * true.
 *
 * Unless --rounds says otherwise, there are two rounds over all numbers of experts, each with half of the
 * samples (the odd one in the first). A recorder is told to watch in the second only: what it switches on may
 * slow the process down for good, and the first half of the samples of every k must be as if nobody had ever
 * profiled.
 */
#ifndef NATIVE_SWEEP_H
#define NATIVE_SWEEP_H

#include "native/decoder.h"
#include "native/graph.h"
#include "native/options.h"
#include "native/vision.h"

/* Host times of one measured request, in milliseconds. */
struct native_sample {
    double vision_ms, prefill_ms, decode_ms;
};

/* What one k gave. */
struct native_result {
    int64_t k;
    struct native_sample *samples; /* [options->samples] */
    /* Operator calls of the last request. */
    uint64_t vision_operators, prefill_operators, decode_operators;
    /* With --dump-logits, of the last request: [embeddings] float32, [new_tokens] int64. */
    float *prefill_logits, *decode_logits;
    int64_t *tokens;
};

struct native_sweep {
    const struct native_options *options;
    const struct native_config *config;
    struct native_torch *torch;
    struct native_vision vision;
    struct native_decoder decoder;
    struct native_graphs graphs; /* with --cuda-graph: one for each decode step of the k at hand */
    int count;
    struct native_result results[NATIVE_MAX_SWEEP];
    float *vision_features; /* [pooled, d_model], with --dump-logits */
};

/* Allocates buffers for the request and for results, for `count` values of k. */
bool native_sweep_make(struct native_sweep *sweep, const struct native_options *options,
                       const struct native_config *config, struct native_torch *torch,
                       const struct native_weights *weights, const struct native_request *request,
                       const int64_t *values, int count, struct native_error *error);
void native_sweep_free(struct native_sweep *sweep);

/* Runs it. Progress goes to standard error if that is a terminal. */
bool native_sweep_run(struct native_sweep *sweep, struct native_error *error);

#endif
