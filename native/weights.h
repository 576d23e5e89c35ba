/* The model's parameters on the device, laid out for few operator calls: projections with the same input are one matrix, and
 * matrices are stored with the transposed views that matrix products use. The names are those of the public PyTorch
 * code. Where several heads share keys and values, their rows of the projections are repeated for each head, so that the forward
 * pass knows one kind of attention only: the results are the same. */
#ifndef NATIVE_WEIGHTS_H
#define NATIVE_WEIGHTS_H

#include "native/arena.h"
#include "native/checkpoint.h"
#include "native/config.h"

typedef struct {
    native_tensor weight; /* transposed: [in, out] */
    native_tensor bias;   /* [out], or none */
} native_linear;

typedef struct {
    native_tensor weight, bias; /* [width]; RMS norms have no bias */
} native_norm;

typedef struct {
    native_norm attention_norm, ffn_norm;
    native_linear qkv; /* wq, wk and wv side by side: [width, 3 width] */
    native_linear out; /* wo */
    native_linear w1, w2;
} native_vit_layer;

typedef struct {
    native_linear patch;        /* [patch_dim, width], no bias */
    native_tensor class_token;  /* [1, width] */
    native_tensor positions;    /* [1, positions, width] */
    native_norm pre;            /* pre_ln */
    native_vit_layer *layers;   /* [layers] */
    native_tensor padding;      /* [3, features]: zeros, the whole-padding row, the partial-padding row */
    native_linear pool_q;       /* image_pooling_2d.wq */
    native_linear pool_kv;      /* wk and wv side by side */
    native_linear pool_out;     /* wo */
    native_linear project_gate; /* image_projector.w1 and w3 side by side: [width, 2 inner] */
    native_linear project_out;  /* image_projector.w2 */
} native_vision_weights;

typedef struct {
    native_tensor gate_up; /* [d_model, 2 expert_mlp]: gate_proj and up_proj side by side, transposed */
    native_tensor down;    /* [expert_mlp, d_model]: down_proj transposed */
} native_expert;

typedef struct {
    native_norm attn_norm, ff_norm;
    native_tensor qk_norm;  /* [2, d_model]: q_norm, k_norm */
    native_linear qkv;      /* att_proj */
    native_linear out;      /* attn_out */
    native_linear gate;     /* mlp.gate: [d_model, experts] */
    native_expert *experts; /* [experts] */
} native_block;

typedef struct {
    native_arena arena;
    native_tensor embedding; /* [embeddings + additional, d_model]: wte.embedding, then wte.new_embedding */
    native_block *blocks;    /* [layers] */
    native_norm final_norm;  /* ln_f */
    native_linear head;      /* lm_head */
    native_tensor ones;      /* [d_model], for norms whose weight is applied separately */
    native_vision_weights vision;
} native_weights;

/* Checks that a checkpoint holds exactly the parameters of the configuration, before libtorch is needed. Every tensor that is missing,
 * unexpected, or of a wrong shape or type is listed on standard error, one line each; then false, status 2. */
bool native_weights_check(const native_config *config, native_source *source);

/* Allocates and fills all parameters. On failure: false, with the name of the tensor or the operator; native_weights_free
 * must be called all the same. On the cpu, a model larger than the machine's memory is rejected at once. */
bool native_weights_load(native_weights *weights, const native_config *config, native_source *source);

void native_weights_free(native_weights *weights, const native_config *config);

#endif
