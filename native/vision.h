/*
 * The vision half: crops of an image to one feature vector for each 2x2 of patches, in the decoder's width.
 * The computation is that of the public PyTorch MolmoE (VisionTransformer, MolmoPretrainedVisionBackbone).
 */
#ifndef NATIVE_VISION_H
#define NATIVE_VISION_H

#include "native/request.h"
#include "native/weights.h"

struct native_vision {
    struct native_torch *torch;
    const struct native_config *config;
    const struct native_vision_weights *weights;
    struct native_arena arena;
    int64_t crops;
    int64_t pooled; /* features in all: crops * tokens_per_crop */

    /* The request on the device. */
    struct native_tensor patches;   /* [crops * patch_count, patch_dim] */
    struct native_tensor crop_mask; /* [crops, 1, 1]: 0 for a crop with a value of -1 in it, 1 for others */
    struct native_tensor pad_class; /* [crops * patch_count]: row of weights->padding */

    /* Buffers, and views into them. N = crops * positions tokens. */
    struct native_tensor embedded;          /* [crops * patch_count, width] */
    struct native_tensor embedded_3d;       /* the same as [crops, patch_count, width] */
    struct native_tensor tokens;            /* [crops, positions, width] */
    struct native_tensor tokens_class;      /* its first token of each crop: [crops, 1, width] */
    struct native_tensor tokens_patches;    /* the others */
    struct native_tensor qkv, qkv_wide;     /* [N, 3 width], and in float32 if attention is computed so */
    struct native_tensor q, k, v;           /* views of it: [crops, heads, positions, head_dim] */
    struct native_tensor attended;          /* [crops, positions, width] */
    struct native_tensor attended_2d;       /* [N, width] */
    struct native_tensor narrow, narrow_3d; /* [N, width]: results of layers */
    struct native_tensor inner;             /* [N, mlp] */
    struct native_tensor features;          /* [crops * patch_count, count of vit_layers * width] */
    struct native_tensor features_3d;       /* [crops, patch_count, the same] */
    struct native_tensor feature_parts[NATIVE_MAX_VIT_LAYERS];
    struct native_tensor padded;  /* rows of weights->padding: like features */
    struct native_tensor windows; /* [pooled, pool_h * pool_w, features' width] */
    struct native_tensor windows_2d,
        windows_6d;                             /* as rows; as [crops, down, across, pool_h, pool_w, width] */
    struct native_tensor pool_q, pool_q_wide;   /* [pooled, width] */
    struct native_tensor pool_kv, pool_kv_wide; /* [pooled * pool_h * pool_w, 2 width] */
    struct native_tensor pq, pk, pv;            /* views: [pooled, heads, 1 or window, head_dim] */
    struct native_tensor pool_attended;         /* [pooled, 1, width] */
    struct native_tensor pool_attended_2d;      /* [pooled, width] */
    struct native_tensor pool_result;           /* [pooled, width] */
    struct native_tensor gate_up, gate, up;     /* [pooled, 2 inner] and its halves */
    struct native_tensor result;                /* [pooled, d_model]: what this half gives */
};

/* Allocates the buffers and copies the request to the device. */
bool native_vision_make(struct native_vision *vision, struct native_torch *torch,
                        const struct native_config *config, const struct native_weights *weights,
                        const struct native_request *request, struct native_error *error);
void native_vision_free(struct native_vision *vision);

/* Computes vision->result. Errors are the operators' (native_torch_check). */
void native_vision_run(struct native_vision *vision);

#endif
