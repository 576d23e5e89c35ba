/* Reads a request, or makes the default one; see request.h. */
#include "native/request.h"

#include "native/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool allocate_request(native_request *r, const native_config *c, native_error *error) {
    size_t patches = (size_t)(r->crops * c->vision.patch_count);
    r->input_ids = calloc((size_t)r->tokens, sizeof *r->input_ids);
    r->images = calloc(patches * (size_t)c->vision.patch_dim + 1, sizeof *r->images);
    r->masks = calloc(patches + 1, sizeof *r->masks);
    r->image_index = calloc((size_t)(r->crops * c->tokens_per_crop) + 1, sizeof *r->image_index);
    if (r->input_ids == NULL || r->images == NULL || r->masks == NULL || r->image_index == NULL) {
        native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the request");
        return false;
    }
    return true;
}

void native_request_free(native_request *request) {
    free(request->input_ids);
    free(request->images);
    free(request->masks);
    free(request->image_index);
    memset(request, 0, sizeof *request);
}

/* Finds a tensor and drops a leading dimension of 1 beyond `ndim`. size[0] of `want` may be -1: any, from
 * 1. */
static bool find_request_tensor(const native_safetensors *file, const char *name, int ndim,
                                const int64_t *want, native_entry *entry, native_error *error) {
    if (!native_safetensors_find(file, name, entry, error)) {
        return false;
    }
    char has[128], wants[128];
    native_shape_text(has, sizeof has, entry->ndim, entry->size);
    native_shape_text(wants, sizeof wants, ndim, want);
    if (entry->ndim == ndim + 1 && entry->size[0] == 1) {
        memmove(entry->size, entry->size + 1, (size_t)ndim * sizeof *entry->size);
        entry->ndim = ndim;
    }
    bool fits = entry->ndim == ndim && entry->size[0] >= 1;
    for (int i = 0; i < ndim && fits; i++) {
        fits = entry->size[i] == want[i] || (i == 0 && want[i] < 0);
    }
    return fits ||
           native_fail(error, NATIVE_EXIT_INPUT,
                       "%.3000s: tensor %s is %s: it must be %s (-1: any), with or without a batch of 1",
                       file->map.path, name, has, wants);
}

static bool copy_request_integers(const native_safetensors *file, const char *name, const native_entry *entry,
                                  int64_t *to, native_error *error) {
    const char *bytes = entry->data;
    if (strcmp(entry->dtype, "I64") == 0) {
        memcpy(to, bytes, entry->bytes);
        return true;
    }
    if (strcmp(entry->dtype, "I32") != 0) {
        return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %s is %s: it must be I32 or I64",
                           file->map.path, name, entry->dtype);
    }
    for (size_t i = 0; i < entry->bytes / 4; i++) {
        int32_t value;
        memcpy(&value, bytes + 4 * i, sizeof value);
        to[i] = value;
    }
    return true;
}

static bool copy_request_floats(const native_safetensors *file, const char *name, const native_entry *entry,
                                float *to, native_error *error) {
    if (strcmp(entry->dtype, "F32") != 0) {
        return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %s is %s: it must be F32",
                           file->map.path, name, entry->dtype);
    }
    memcpy(to, entry->data, entry->bytes);
    return true;
}

/* One of the image's tensors asks for all of them. */
static bool has_image(const native_safetensors *file) {
    static const char *const names[] = {"images", "image_masks", "image_input_idx"};
    bool any = false;
    for (int i = 0; i < 3; i++) {
        any = any || native_tensor_table_find(&file->table, names[i]) != NULL;
    }
    return any;
}

static bool read_request_tensors(native_request *r, const native_safetensors *file, const native_config *c,
                                 native_error *error) {
    native_entry ids, images, masks, index;
    int64_t any[] = {-1}, patches = c->vision.patch_count;
    if (!find_request_tensor(file, "input_ids", 1, any, &ids, error)) {
        return false;
    }
    if (!has_image(file)) {
        r->tokens = ids.size[0];
        return allocate_request(r, c, error) &&
               copy_request_integers(file, "input_ids", &ids, r->input_ids, error);
    }
    if (!find_request_tensor(file, "images", 3, (int64_t[]){-1, patches, c->vision.patch_dim}, &images,
                             error)) {
        return false;
    }
    r->tokens = ids.size[0];
    r->crops = images.size[0];
    if (!find_request_tensor(file, "image_masks", 2, (int64_t[]){r->crops, patches}, &masks, error) ||
        !find_request_tensor(file, "image_input_idx", 2, (int64_t[]){r->crops, c->tokens_per_crop}, &index,
                             error)) {
        return false;
    }
    return allocate_request(r, c, error) &&
           copy_request_integers(file, "input_ids", &ids, r->input_ids, error) &&
           copy_request_integers(file, "image_input_idx", &index, r->image_index, error) &&
           copy_request_floats(file, "images", &images, r->images, error) &&
           copy_request_floats(file, "image_masks", &masks, r->masks, error);
}

/* Optional: the sizes of the image, for reports. */
static bool read_image_size(native_request *r, const native_safetensors *file, native_error *error) {
    native_entry entry;
    int64_t size[2] = {0, 0};
    if (native_tensor_table_find(&file->table, "image_size") == NULL) {
        return true;
    }
    if (!find_request_tensor(file, "image_size", 1, (int64_t[]){2}, &entry, error) ||
        !copy_request_integers(file, "image_size", &entry, size, error)) {
        return false;
    }
    r->image_height = size[0];
    r->image_width = size[1];
    return (size[0] > 0 && size[1] > 0 && size[0] < INT32_MAX && size[1] < INT32_MAX) ||
           native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: image_size is no size", file->map.path);
}

/* "cat" of "requests/cat.safetensors". */
static void name_request(native_request *r, const char *path) {
    const char *slash = strrchr(path, '/');
    snprintf(r->name, sizeof r->name, "%s", slash != NULL ? slash + 1 : path);
    char *dot = strrchr(r->name, '.');
    if (dot != NULL && dot != r->name) {
        *dot = '\0';
    }
    native_make_printable(r->name);
}

static bool check_token_ids(const native_request *r, const char *path, const native_config *c,
                            native_error *error) {
    for (int64_t i = 0; i < r->tokens; i++) {
        if (r->input_ids[i] < 0 || r->input_ids[i] >= c->embeddings + c->additional) {
            return native_fail(
                error, NATIVE_EXIT_INPUT,
                "%.3000s: input_ids[%lld] is %lld: the model has tokens 0 to %lld, and padding is not "
                "supported",
                path, (long long)i, (long long)r->input_ids[i],
                (long long)(c->embeddings + c->additional - 1));
        }
    }
    return true;
}

bool native_request_load(native_request *request, const char *path, const native_config *config,
                         native_error *error) {
    memset(request, 0, sizeof *request);
    native_safetensors file;
    if (!native_safetensors_open(&file, path, error)) {
        return false;
    }
    name_request(request, path);
    bool ok = read_request_tensors(request, &file, config, error) && read_image_size(request, &file, error) &&
              check_token_ids(request, path, config, error);
    native_safetensors_close(&file);
    if (!ok) {
        native_request_free(request);
    }
    return ok;
}

enum {
    BLUE_TOKENS = 326,
    BLUE_CROPS = 2,
    BLUE_GRID = 12, /* features of a crop: 12 x 12 */
    TOKEN_START = 50279,
    TOKEN_IMAGE_START = 50280,
    TOKEN_IMAGE_END = 50281,
    TOKEN_PATCH = 50282,
    TOKEN_COLUMN = 50283, /* ends a row of patches */
};

/* Each crop is a block of rows: 12 patches and an end of row; the text follows. */
static void fill_blue_prompt(native_request *r) {
    static const int64_t text[] = {11447, 27, 3666, 19268, 436, 2460, 15, 17762, 27};
    int64_t at = 0;
    int64_t *index = r->image_index;
    r->input_ids[at++] = TOKEN_START;
    for (int crop = 0; crop < BLUE_CROPS; crop++) {
        r->input_ids[at++] = TOKEN_IMAGE_START;
        for (int row = 0; row < BLUE_GRID; row++) {
            for (int column = 0; column < BLUE_GRID; column++) {
                *index++ = at;
                r->input_ids[at++] = TOKEN_PATCH;
            }
            r->input_ids[at++] = TOKEN_COLUMN;
        }
        r->input_ids[at++] = TOKEN_IMAGE_END;
    }
    memcpy(r->input_ids + at, text, sizeof text);
}

bool native_request_default(native_request *request, const native_config *config, native_error *error) {
    memset(request, 0, sizeof *request);
    const native_vision_config *v = &config->vision;
    if (v->grid_h != 24 || v->grid_w != 24 || v->patch != 14 || config->pool_h != 2 || config->pool_w != 2) {
        return native_fail(
            error, NATIVE_EXIT_INPUT,
            "the default request fits images of 336x336 in patches of 14, pooled 2x2; for this "
            "configuration give one with --request FILE.safetensors");
    }
    snprintf(request->name, sizeof request->name, "default");
    request->image_height = request->image_width = 336;
    request->tokens = BLUE_TOKENS;
    request->crops = BLUE_CROPS;
    if (!allocate_request(request, config, error)) {
        native_request_free(request);
        return false;
    }
    fill_blue_prompt(request);
    int64_t vocabulary = config->embeddings + config->additional;
    for (int64_t i = 0; i < request->tokens; i++) {
        request->input_ids[i] %= vocabulary;
    }
    /* (0, 0, 255) after the processor's normalisation by CLIP's means and deviations. */
    static const float blue[] = {-0x1.cad1b8p+0F, -0x1.c08970p+0F, 0x1.12accp+1F};
    int64_t values = BLUE_CROPS * v->patch_count * v->patch_dim;
    for (int64_t i = 0; i < values; i++) {
        request->images[i] = blue[i % 3];
    }
    /* The processor marks every patch of the second crop with -1, which the model takes for padding in
     * part. */
    for (int64_t i = 0; i < BLUE_CROPS * v->patch_count; i++) {
        request->masks[i] = i < v->patch_count ? 1.0F : -1.0F;
    }
    return true;
}
