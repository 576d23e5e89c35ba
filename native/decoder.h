/* The decoder: prompt embeddings with the image features added, decoder layers with a KV cache, logits and greedy
 * sampling. The computation is that of the public PyTorch MolmoE (MolmoModel, MolmoForCausalLM) for one sequence without
 * padding.
 *
 * A request is a fixed sequence of steps: the input of step 0 is the prompt, that of step i the i-th new token. All lengths
 * are known in advance, so all views are made once. */
#ifndef NATIVE_DECODER_H
#define NATIVE_DECODER_H

#include "native/moe.h"
#include "native/request.h"

/* Views of one layer's KV cache for one step of n tokens after `past` tokens. */
typedef struct {
    native_tensor rows;     /* [n, 3 d_model]: queries, keys and values of the step */
    native_tensor qk;       /* [n, 2, d_model]: its queries and keys */
    native_tensor qk_pairs; /* [n, 2, heads, head_dim / 2, 2]: the same, as pairs for the rotary embedding */
    native_tensor q;        /* [1, heads, n, head_dim] */
    native_tensor k, v;     /* [1, heads, past + n, head_dim] */
} native_step_layer;

/* Buffers for steps of n tokens. */
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
    native_moe_mode mode; /* of decode steps; prefill uses `active` if it is `dense` */
    native_arena arena;
    int64_t prompt; /* tokens of the prompt */
    int64_t steps;  /* steps, each of which produces one new token */

    native_tensor input_ids;     /* [prompt] int64 */
    native_tensor feature_rows;  /* [m] int64: indices of the image features that are used */
    native_tensor feature_to;    /* [m] int64: their positions in the prompt */
    native_tensor features_used; /* [m, d_model] */
    int64_t feature_count;       /* m */
    bool all_features;           /* all features are used, in order: no gather is needed */

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

/* Allocates all buffers for one request and `steps` new tokens. On failure, false and the error set: more than
 * config->positions positions (status 2), or memory is exhausted (status 1). */
bool native_decoder_make(native_decoder *decoder, native_torch *torch, const native_config *config,
                         const native_weights *weights, const native_request *request, int64_t steps,
                         native_moe_mode mode, native_error *error);
void native_decoder_free(native_decoder *decoder);

/* Sets the number of experts per token, 1 to config->experts, and reallocates the buffers of the MoE blocks. */
bool native_decoder_set_top_k(native_decoder *decoder, int64_t k, native_error *error);

/* Enqueues step 0: the prompt with `features` ([m, d_model]) added at its image positions; computes decoder->logits and
 * tokens[0]. May return before the device has finished. */
void native_decoder_prefill(native_decoder *decoder, const native_tensor *features);

/* Enqueues step i >= 1, whose input is tokens[i - 1], read on the device; computes decoder->logits and tokens[i].
 * Repeating a step has no further effect. */
void native_decoder_step(native_decoder *decoder, int64_t step);

#endif
