/* The vision tower: from image crops to one feature vector per 2x2 patches, of the decoder's width. The computation is that
 * of the public PyTorch MolmoE (VisionTransformer, MolmoPretrainedVisionBackbone). */
#ifndef NATIVE_VISION_H
#define NATIVE_VISION_H

#include "native/request.h"
#include "native/weights.h"

typedef struct {
    native_torch *torch;
    const native_config *config;
    const native_vision_weights *weights;
    native_arena arena;
    int64_t crops;
    int64_t pooled; /* number of features: crops * tokens_per_crop */

    /* The request on the device. */
    native_tensor patches;   /* [crops * patch_count, patch_dim] */
    native_tensor crop_mask; /* [crops, 1, 1]: 0 for a crop with a value of -1 in it, 1 for others */
    native_tensor pad_class; /* [crops * patch_count]: row of weights->padding */

    /* Buffers, and views into them. N = crops * positions tokens. */
    native_tensor embedded;          /* [crops * patch_count, width] */
    native_tensor embedded_3d;       /* the same as [crops, patch_count, width] */
    native_tensor tokens;            /* [crops, positions, width] */
    native_tensor tokens_class;      /* view: the first token of each crop, [crops, 1, width] */
    native_tensor tokens_patches;    /* view: the other tokens */
    native_tensor qkv, qkv_wide;     /* [N, 3 width], and in float32 if attention is computed so */
    native_tensor q, k, v;           /* views of it: [crops, heads, positions, head_dim] */
    native_tensor attended;          /* [crops, positions, width] */
    native_tensor attended_2d;       /* [N, width] */
    native_tensor narrow, narrow_3d; /* [N, width]: results of layers */
    native_tensor inner;             /* [N, mlp] */
    native_tensor features;          /* [crops * patch_count, count of vit_layers * width] */
    native_tensor features_3d;       /* [crops, patch_count, the same] */
    native_tensor feature_parts[NATIVE_MAX_VIT_LAYERS];
    native_tensor padded;                 /* rows of weights->padding: like features */
    native_tensor windows;                /* [pooled, pool_h * pool_w, features' width] */
    native_tensor windows_2d, windows_6d; /* as rows; as [crops, down, across, pool_h, pool_w, width] */
    native_tensor pool_q, pool_q_wide;    /* [pooled, width] */
    native_tensor pool_kv, pool_kv_wide;  /* [pooled * pool_h * pool_w, 2 width] */
    native_tensor pq, pk, pv;             /* views: [pooled, heads, 1 or window, head_dim] */
    native_tensor pool_attended;          /* [pooled, 1, width] */
    native_tensor pool_attended_2d;       /* [pooled, width] */
    native_tensor pool_result;            /* [pooled, width] */
    native_tensor gate_up, gate, up;      /* [pooled, 2 inner] and its halves */
    native_tensor result;                 /* [pooled, d_model]: the image features */
} native_vision;

/* Allocates the buffers and copies the request to the device. On failure: false, with the error set. */
bool native_vision_make(native_vision *vision, native_torch *torch, const native_config *config,
                        const native_weights *weights, const native_request *request, native_error *error);
void native_vision_free(native_vision *vision);

/* Enqueues the computation of vision->result. Errors: native_torch_check. */
void native_vision_run(native_vision *vision);

#endif
