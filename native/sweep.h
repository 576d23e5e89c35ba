/* The sweep: for each k, warm-up requests, then measured ones. A request is vision, prefill and decode; each of the three
 * ends with a synchronisation, so that times on the host's clock include the GPU work.
 *
 * By default (--rounds), there are two rounds over all k, each with half of the samples (the odd one in the first). The
 * recorder profiles only the second: enabling CUPTI may slow the process down permanently, and the first half of the samples
 * at each k must not be affected by that. */
#ifndef NATIVE_SWEEP_H
#define NATIVE_SWEEP_H

#include "native/decoder.h"
#include "native/graph.h"
#include "native/options.h"
#include "native/vision.h"

/* Host times of one measured request, in milliseconds. */
typedef struct {
    double vision_ms; /* NAN without an image */
    double prefill_ms, decode_ms;
} native_sample;

/* The results of one k. */
typedef struct {
    int64_t k;
    native_sample *samples; /* [options->samples] */
    /* Numbers of operator calls in the last request. */
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
    native_graphs graphs; /* with --cuda-graph: one for each decode step at the current k */
    int count;
    native_result results[NATIVE_MAX_SWEEP];
    float *vision_features; /* [pooled, d_model], with --dump-logits */
} native_sweep;

/* Allocates buffers for the request, and results for `count` values of k. On failure: false, with the error set. */
bool native_sweep_make(native_sweep *sweep, const native_options *options, const native_config *config,
                       native_torch *torch, const native_weights *weights, const native_request *request,
                       const int64_t *values, int count, native_error *error);
void native_sweep_free(native_sweep *sweep);

/* Runs the sweep. Progress is printed on standard error if that is a terminal. On failure: false, with the error set. */
bool native_sweep_run(native_sweep *sweep, native_error *error);

#endif
