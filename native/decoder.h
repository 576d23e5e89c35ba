/* The language half: prompt embeddings with the image's features added, the decoder's layers with a cache of
 * keys and values, logits and the greedy choice. The computation is that of the public PyTorch MolmoE
 * (MolmoModel, MolmoForCausalLM) for one sequence without padding.
 *
 * A request is a fixed series of steps: step 0 takes the whole prompt, step i feeds the i-th new token. All
 * lengths are known beforehand, so every view that a step needs is made once. */
#ifndef NATIVE_DECODER_H
#define NATIVE_DECODER_H

#include "native/moe.h"
#include "native/request.h"

/* Views of one layer's cache for one step. n tokens follow `past` others. */
typedef struct {
    native_tensor rows;     /* [n, 3 d_model]: where queries, keys and values of the step go */
    native_tensor qk;       /* [n, 2, d_model]: the queries and keys among them */
    native_tensor qk_pairs; /* [n, 2, heads, head_dim / 2, 2]: the same, as the pairs that rotate together */
    native_tensor q;        /* [1, heads, n, head_dim] */
    native_tensor k, v;     /* [1, heads, past + n, head_dim] */
} native_step_layer;

/* Buffers for n tokens at a time. */
typedef struct {
    int64_t tokens;
    native_tensor x, x_3d;       /* [n, d_model] and [n, 1, d_model]: the residual stream */
    native_tensor last;          /* [1, d_model]: its last row */
    native_tensor rotated;       /* [n, 2, heads, head_dim / 2, 2] float32 */
    native_tensor rotated_flat;  /* a view with the pairs apart: [n, 2, heads, 2, head_dim / 2] */
    native_tensor rotated_pairs; /* the same memory as complex numbers: [n, 2, heads, head_dim / 2] */
    native_moe moe;
} native_lane;

typedef struct {
    native_torch *torch;
    const native_config *config;
    const native_weights *weights;
    native_moe_mode mode; /* of decode steps; the prompt is computed as `active` where they are `dense` */
    native_arena arena;
    int64_t prompt; /* tokens of the prompt */
    int64_t steps;  /* new tokens: 1 from the prompt, each further one from its predecessor */

    native_tensor input_ids;     /* [prompt] int64 */
    native_tensor feature_rows;  /* [m] int64: features that go into the prompt */
    native_tensor feature_to;    /* [m] int64: and their positions */
    native_tensor features_used; /* [m, d_model] */
    int64_t feature_count;       /* m */
    bool all_features;           /* every feature is used, in order: no need to gather */

    native_tensor angles;       /* [positions, head_dim / 2, 2]: cos, sin */
    native_tensor *step_angles; /* [steps]: [n, 1, 1, head_dim / 2] complex */
    native_step_layer *views;   /* [steps][layers] */
    native_tensor *qk_norms;    /* [layers]: [2, heads, 2, head_dim / 2] */
    native_lane prefill, decode;
    native_tensor logits;       /* [1, embeddings]: of the last step */
    native_tensor tokens;       /* [steps] int64: the chosen tokens */
    native_tensor *token_slots; /* [steps]: each of them, without dimensions */
    native_tensor *token_rows;  /* [steps]: each of them, as [1] */
} native_decoder;

/* Allocates for one request and `steps` new tokens, at most config->positions positions in all (checked). */
bool native_decoder_make(native_decoder *decoder, native_torch *torch, const native_config *config,
                         const native_weights *weights, const native_request *request, int64_t steps,
                         native_moe_mode mode, native_error *error);
void native_decoder_free(native_decoder *decoder);

/* Sets how many experts a token gets: 1 to config->experts. */
bool native_decoder_set_top_k(native_decoder *decoder, int64_t k, native_error *error);

/* Step 0: the prompt with `features` ([m, d_model]) added at its image positions. Then decoder->logits and
 * tokens[0] are being computed; the call may return before they are. */
void native_decoder_prefill(native_decoder *decoder, const native_tensor *features);

/* Step i, from 1: feeds tokens[i - 1], which is read on the device. Doing a step again changes nothing. */
void native_decoder_step(native_decoder *decoder, int64_t step);

#endif
