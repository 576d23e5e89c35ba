/* The sweep: for each k and each request, warm-up runs, then measured ones. A request is vision, prefill and decode; each of the three
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
#include "native/request_list.h"
#include "native/vision.h"

/* Host times of one measured request, in milliseconds. */
typedef struct {
    double vision_ms; /* NAN without an image */
    double prefill_ms, decode_ms;
    int64_t decoded; /* decode steps */
} native_sample;

/* What the last sample of a request left. */
typedef struct {
    int64_t *tokens;     /* [options->new_tokens] */
    int64_t token_count; /* fewer with --stop-at-eos */
    /* With --dump-logits: [embeddings] float32. */
    float *prefill_logits, *decode_logits;
} native_answer;

/* The results of one k. */
typedef struct {
    int64_t k;
    native_sample *samples; /* [requests, options->samples] */
    native_answer *answers; /* [requests] */
    /* Numbers of operator calls in the last request. */
    uint64_t vision_operators, prefill_operators, decode_operators;
} native_result;

typedef struct {
    const native_options *options;
    const native_config *config;
    native_torch *torch;
    const native_weights *weights;
    const native_request_list *list;
    int64_t current; /* the request that vision and decoder are made for; -1: none */
    native_vision vision;
    native_decoder decoder;
    native_graphs graphs; /* with --cuda-graph: one for each decode step at the current k and request */
    int count;
    native_result results[NATIVE_MAX_SWEEP];
    float **vision_features; /* [requests]: [pooled, d_model], with --dump-logits */
} native_sweep;

/* Allocates results for `count` values of k, and the buffers of the first request. On failure: false, with the error set. */
bool native_sweep_make(native_sweep *sweep, const native_options *options, const native_config *config,
                       native_torch *torch, const native_weights *weights, const native_request_list *list,
                       const int64_t *values, int count, native_error *error);
void native_sweep_free(native_sweep *sweep);

/* Runs the sweep. Progress is printed on standard error if that is a terminal. On failure: false, with the error set. */
bool native_sweep_run(native_sweep *sweep, native_error *error);

#endif
