/* A request: token ids, image crops as patches, and the positions of the image features. In host memory. Without an image: no
 * crops. */
#ifndef NATIVE_REQUEST_H
#define NATIVE_REQUEST_H

#include "native/config.h"

typedef struct {
    char name[64];                     /* of the file, without its folder and suffix, or "default" */
    int64_t image_height, image_width; /* of the image, in pixels; 0: unknown */
    int64_t tokens;                    /* length of the prompt */
    int64_t *input_ids;                /* [tokens] */
    int64_t crops;
    float *images;        /* [crops, patch_count, patch_dim], normalised pixels */
    float *masks;         /* [crops, patch_count]: share of a patch that is image: 1 all, 0 none (padding) */
    int64_t *image_index; /* [crops, tokens_per_crop]: position in the prompt; negative: dropped */
} native_request;

/* Reads input_ids, images, image_masks and image_input_idx from a safetensors file, each with or without a
 * leading batch dimension of 1; or input_ids alone, for a request without an image. image_size, [height, width] in pixels, may
 * be there as well. On failure: false, status 2, the tensor named. */
bool native_request_load(native_request *request, const char *path, const native_config *config,
                         native_error *error);

/* Makes the default request: a blue 336x336 image (2 crops) and "Describe this image.", 326 tokens, as the public processor
 * prepares it. It requires that processor's geometry: images of 336x336, patches of 14, pooling 2x2. For a smaller
 * vocabulary, token ids are taken modulo its size. On failure: false, status 2. */
bool native_request_default(native_request *request, const native_config *config, native_error *error);

void native_request_free(native_request *request);

#endif
