/* One request: token ids, image crops cut into patches, and where the image's features go. Host memory. */
#ifndef NATIVE_REQUEST_H
#define NATIVE_REQUEST_H

#include "native/config.h"

typedef struct {
    int64_t tokens;     /* length of the prompt */
    int64_t *input_ids; /* [tokens] */
    int64_t crops;
    float *images;        /* [crops, patch_count, patch_dim], normalised pixels */
    float *masks;         /* [crops, patch_count]: below 1 a patch is padding in part, at 0 in whole */
    int64_t *image_index; /* [crops, tokens_per_crop]: position in the prompt; negative: dropped */
} native_request;

/* Reads input_ids, images, image_masks and image_input_idx from a safetensors file, each with or without a
 * leading batch dimension of 1. On failure: false, status 2, the tensor named. */
bool native_request_load(native_request *request, const char *path, const native_config *config,
                         native_error *error);

/* The fixed request of the experiment: a blue 336x336 image (2 crops) and "Describe this image.", 326 tokens,
 * as the public processor prepares it. It needs the geometry of that processor: images of 336x336, patches of
 * 14, pooled 2x2. For a vocabulary too small for its token ids, an id stands for its remainder by the
 * vocabulary's size. */
bool native_request_default(native_request *request, const native_config *config, native_error *error);

void native_request_free(native_request *request);

#endif
