/* The dimensions of a MolmoE model, read from config.json with Molmo's own field names.
 *
 * The code supports the architecture of the public MolmoE-1B; a field whose value requires another one is rejected by
 * name. */
#ifndef NATIVE_CONFIG_H
#define NATIVE_CONFIG_H

#include "native/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { NATIVE_MAX_VIT_LAYERS = 8, NATIVE_MAX_EXPERTS = 1024 };

typedef struct {
    int64_t layers;      /* image_num_layers */
    int64_t width;       /* image_emb_dim */
    int64_t heads;       /* image_num_heads */
    int64_t kv_heads;    /* image_num_key_value_heads; divides heads */
    int64_t head_dim;    /* image_head_dim */
    int64_t mlp;         /* image_mlp_dim */
    int64_t positions;   /* image_num_pos: one class token and one per patch */
    int64_t patch;       /* image_patch_size, pixels */
    int64_t grid_h;      /* patches down: image_default_input_size[0] / image_patch_size */
    int64_t grid_w;      /* patches across */
    double norm_eps;     /* image_norm_eps */
    double init_range;   /* initializer_range, the spread of random weights */
    int64_t patch_count; /* grid_h * grid_w */
    int64_t patch_dim;   /* values in one patch: 3 * patch^2 */
} native_vision_config;

typedef struct {
    char name[64]; /* "molmoe-1b", "small", or the base name of the file */

    int64_t d_model;
    int64_t layers;     /* n_layers */
    int64_t heads;      /* n_heads */
    int64_t kv_heads;   /* n_kv_heads or n_heads; divides heads */
    int64_t head_dim;   /* d_model / n_heads */
    int64_t experts;    /* moe_num_experts */
    int64_t expert_mlp; /* inner width of an expert: (mlp_hidden_size or mlp_ratio * d_model) / 2 */
    int64_t embeddings; /* embedding_size or vocab_size: rows of wte.embedding and of lm_head */
    int64_t additional; /* additional_vocab_size: rows of wte.new_embedding */
    int64_t positions;  /* max_position_embeddings or max_sequence_length */
    double norm_eps;    /* layer_norm_eps */
    double rope_theta;
    double init_range;      /* initializer_range */
    int64_t eos;            /* eos_token_id; -1: none */
    bool float32_attention; /* the vision tower's attention is computed in float32 */
    bool padding_embed;     /* image_padding_embed is "pad_and_partial_pad" (otherwise: null) */

    int vit_layer_count;
    int64_t vit_layers[NATIVE_MAX_VIT_LAYERS]; /* indices into the ViT's layers, made non-negative */
    int64_t pool_h, pool_w;                    /* image_pooling_h, image_pooling_w */
    int64_t tokens_per_crop;                   /* (grid_h / pool_h) * (grid_w / pool_w) */

    native_vision_config vision;
} native_config;

/* Reads a built-in configuration ("molmoe-1b": full size; "small": the complete architecture at a size for CPUs) or a
 * config.json. On failure: false, status 2, and the name of the field or the file. */
bool native_config_load(const char *name_or_path, native_config *config, native_error *error);

/* The same for the text of a config.json; `name` identifies its source in messages. */
bool native_config_parse(const char *name, const char *json, native_config *config, native_error *error);

#endif
