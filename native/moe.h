/* The sparse mixture-of-experts block: softmax over all experts in float32, the top k without renormalisation, SwiGLU
 * experts, weighted sum of their outputs. The formulas are those of the public PyTorch MolmoE (MolmoeSparseMoeBlock).
 *
 * Three modes compute the same results. `active` copies the routing to the host once, sorts the tokens by expert there, and
 * executes only experts with tokens. `loop` executes all experts and searches for each one's tokens on the device, as the
 * PyTorch code does, with one synchronisation per expert. `dense`, for one token, never synchronises: all experts compute
 * the token, and the weights of experts that were not chosen are 0. Its operators do not depend on the routing, as a CUDA
 * graph requires.
 *
 * PyTorch adds the weighted outputs of the experts one by one, rounding each sum to the working dtype; all modes here add
 * them in one matrix product with float32 accumulation. In float32 the results differ in the last bit. */
#ifndef NATIVE_MOE_H
#define NATIVE_MOE_H

#include "native/weights.h"

typedef enum { NATIVE_MOE_ACTIVE, NATIVE_MOE_LOOP, NATIVE_MOE_DENSE } native_moe_mode;

/* Returns "active", "loop" or "dense". */
const char *native_moe_mode_name(native_moe_mode mode);

/* Buffers for one number of tokens and one k. Each token has `width` outputs, R = tokens * width in total: those of its k
 * experts or, for `dense`, those of all experts. Buffers that `dense` does not use are not allocated for it. */
typedef struct {
    native_torch *torch;
    const native_config *config;
    native_moe_mode mode;
    native_arena arena;
    int64_t tokens, k, width;

    native_tensor logits;      /* [tokens, experts]: the router's */
    native_tensor chosen_host; /* [tokens, k] int64: the experts of each token */
    native_tensor order_host; /* [2, R] int64: token of each sorted row; sorted row of each (token, choice) */
    native_tensor order;      /* the same on the device */
    native_tensor sorted_tokens;  /* order's first row */
    native_tensor sorted_rows;    /* order's second row */
    native_tensor token_of;       /* [R] int64: token of (token, choice), for `loop` */
    native_tensor gathered;       /* [R, d_model]: inputs, sorted by expert */
    native_tensor gate_up;        /* [R, 2 expert_mlp] */
    native_tensor sorted_outputs; /* [R, d_model]: outputs, sorted by expert */
    native_tensor outputs;        /* [R, d_model]: in the order of (token, choice), or of experts */
    native_tensor outputs_3d;     /* [tokens, width, d_model] */
    native_tensor weights;        /* [tokens, width]: routing weights in the working dtype */
    native_tensor weights_3d;     /* [tokens, 1, width] */
    native_tensor weights_flat;   /* [width]: the same for one token, for `dense` */
    native_tensor best;           /* [k]: the weights that are not 0, for `dense` */
    int64_t *counts;              /* [experts]: tokens of each expert, for the layer at hand */
    int64_t *starts;              /* [experts]: its first sorted row */
} native_moe;

/* Allocates the buffers for `tokens` tokens with k experts each; tokens is 1 for `dense`. On failure: false, with the error
 * set. */
bool native_moe_make(native_moe *moe, native_torch *torch, const native_config *config, native_moe_mode mode,
                     int64_t tokens, int64_t k, native_error *error);
void native_moe_free(native_moe *moe);

/* Computes x += experts(norm(x)) for x of shape [tokens, 1, d_model]. Errors: native_torch_check. */
void native_moe_run(native_moe *moe, const native_weights *weights, const native_block *block,
                    const native_tensor *x);

/* Sorts the pairs (token, choice) by expert. Input: chosen [tokens * k]. Output: counts and starts [experts], the token of
 * each sorted row [tokens * k], and the sorted row of each pair [tokens * k]. Rows of one expert are in the order of their
 * tokens. False if an element of `chosen` is not in [0, experts). */
bool native_moe_sort(const int64_t *chosen, int64_t tokens, int64_t k, int64_t experts, int64_t *counts,
                     int64_t *starts, int64_t *token_of_row, int64_t *row_of_choice);

#endif
