/*
 * The model's parameters on the device, laid out for few operators: projections that share an input lie in
 * one matrix, and matrices are kept as the transposed views that a matrix product reads. The names are those
 * of the public PyTorch code, which is also the source of what belongs together.
 */
#ifndef NATIVE_WEIGHTS_H
#define NATIVE_WEIGHTS_H

#include "native/arena.h"
#include "native/checkpoint.h"
#include "native/config.h"

struct native_linear {
    struct native_tensor weight; /* transposed: [in, out] */
    struct native_tensor bias;   /* [out], or none */
};

struct native_norm {
    struct native_tensor weight, bias; /* [width]; RMS norms have no bias */
};

struct native_vit_layer {
    struct native_norm attention_norm, ffn_norm;
    struct native_linear qkv; /* wq, wk and wv side by side: [width, 3 width] */
    struct native_linear out; /* wo */
    struct native_linear w1, w2;
};

struct native_vision_weights {
    struct native_linear patch;       /* [patch_dim, width], no bias */
    struct native_tensor class_token; /* [1, width] */
    struct native_tensor positions;   /* [1, positions, width] */
    struct native_norm pre;           /* pre_ln */
    struct native_vit_layer *layers;  /* [layers] */
    struct native_tensor padding;  /* [3, features]: zeros, the whole-padding row, the partial-padding row */
    struct native_linear pool_q;   /* image_pooling_2d.wq */
    struct native_linear pool_kv;  /* wk and wv side by side */
    struct native_linear pool_out; /* wo */
    struct native_linear project_gate; /* image_projector.w1 and w3 side by side: [width, 2 inner] */
    struct native_linear project_out;  /* image_projector.w2 */
};

struct native_expert {
    struct native_tensor
        gate_up;               /* [d_model, 2 expert_mlp]: gate_proj and up_proj side by side, transposed */
    struct native_tensor down; /* [expert_mlp, d_model]: down_proj transposed */
};

struct native_block {
    struct native_norm attn_norm, ff_norm;
    struct native_tensor qk_norm;  /* [2, d_model]: q_norm, k_norm */
    struct native_linear qkv;      /* att_proj */
    struct native_linear out;      /* attn_out */
    struct native_linear gate;     /* mlp.gate: [d_model, experts] */
    struct native_expert *experts; /* [experts] */
};

struct native_weights {
    struct native_arena arena;
    struct native_tensor
        embedding; /* [embeddings + additional, d_model]: wte.embedding, then wte.new_embedding */
    struct native_block *blocks;   /* [layers] */
    struct native_norm final_norm; /* ln_f */
    struct native_linear head;     /* lm_head */
    struct native_tensor ones;     /* [d_model], for norms whose weight is applied apart */
    struct native_vision_weights vision;
};

/* Allocates and fills all of it. On failure: false, with the tensor or the operator named; what is there so
 * far is still to be freed. On the cpu a model that the machine's memory can never hold is refused at once.
 */
bool native_weights_load(struct native_weights *weights, const struct native_config *config,
                         struct native_source *source);

void native_weights_free(struct native_weights *weights, const struct native_config *config);

#endif
