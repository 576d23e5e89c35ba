/* The vision tower, its pooling and its projection; see vision.h. */
#include "native/vision.h"

#include "native/ranges.h"

#include <stdlib.h>
#include <string.h>

/* A tensor or a view that lives as long as `vision`. */
static native_tensor vision_buffer(native_vision *s, int32_t dtype, int ndim, const int64_t *size) {
    return native_keep(&s->arena, native_empty(s->torch, dtype, ndim, size));
}

static native_tensor vision_view(native_vision *s, const native_tensor *base, int64_t offset, int ndim,
                                 const int64_t *size, const int64_t *stride) {
    return native_keep(&s->arena, native_view(s->torch, base, offset, ndim, size, stride));
}

static native_tensor reshaped_view(native_vision *s, const native_tensor *base, int ndim,
                                   const int64_t *size) {
    int64_t stride[NATIVE_MAX_DIMS], step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        stride[i] = step;
        step *= size[i];
    }
    return vision_view(s, base, 0, ndim, size, stride);
}

static void make_vision_buffers(native_vision *s) {
    const native_vision_config *v = &s->config->vision;
    int32_t work = s->torch->work;
    int64_t n = s->crops * v->positions, w = v->width, p = v->positions, patches = s->crops * v->patch_count;
    s->embedded = vision_buffer(s, work, 2, NATIVE_DIMS(patches, w));
    s->embedded_3d = reshaped_view(s, &s->embedded, 3, NATIVE_DIMS(s->crops, v->patch_count, w));
    s->tokens = vision_buffer(s, work, 3, NATIVE_DIMS(s->crops, p, w));
    s->tokens_class = vision_view(s, &s->tokens, 0, 3, NATIVE_DIMS(s->crops, 1, w), NATIVE_DIMS(p * w, w, 1));
    s->tokens_patches =
        vision_view(s, &s->tokens, w, 3, NATIVE_DIMS(s->crops, v->patch_count, w), NATIVE_DIMS(p * w, w, 1));
    s->qkv = vision_buffer(s, work, 2, NATIVE_DIMS(n, 3 * w));
    s->qkv_wide = s->qkv;
    if (s->config->float32_attention && work != s->torch->f32) {
        s->qkv_wide = vision_buffer(s, s->torch->f32, 2, NATIVE_DIMS(n, 3 * w));
    }
    native_tensor *const heads[] = {&s->q, &s->k, &s->v};
    for (int i = 0; i < 3; i++) {
        *heads[i] = vision_view(s, &s->qkv_wide, i * w, 4, NATIVE_DIMS(s->crops, v->heads, p, v->head_dim),
                                NATIVE_DIMS(p * 3 * w, v->head_dim, 3 * w, 1));
    }
    s->attended = vision_buffer(s, work, 3, NATIVE_DIMS(s->crops, p, w));
    s->attended_2d = reshaped_view(s, &s->attended, 2, NATIVE_DIMS(n, w));
    s->narrow = vision_buffer(s, work, 2, NATIVE_DIMS(n, w));
    s->narrow_3d = reshaped_view(s, &s->narrow, 3, NATIVE_DIMS(s->crops, p, w));
    s->inner = vision_buffer(s, work, 2, NATIVE_DIMS(n, v->mlp));
}

static void make_feature_buffers(native_vision *s) {
    const native_config *c = s->config;
    const native_vision_config *v = &c->vision;
    int32_t work = s->torch->work;
    int64_t width = c->vit_layer_count * v->width, window = c->pool_h * c->pool_w,
            patches = s->crops * v->patch_count;
    s->features = vision_buffer(s, work, 2, NATIVE_DIMS(patches, width));
    s->features_3d = reshaped_view(s, &s->features, 3, NATIVE_DIMS(s->crops, v->patch_count, width));
    for (int i = 0; i < c->vit_layer_count; i++) {
        s->feature_parts[i] =
            vision_view(s, &s->features, i * v->width, 3, NATIVE_DIMS(s->crops, v->patch_count, v->width),
                        NATIVE_DIMS(v->patch_count * width, width, 1));
    }
    s->padded = vision_buffer(s, work, 2, NATIVE_DIMS(patches, width));
    s->windows = vision_buffer(s, work, 3, NATIVE_DIMS(s->pooled, window, width));
    s->windows_2d = reshaped_view(s, &s->windows, 2, NATIVE_DIMS(s->pooled * window, width));
    s->windows_6d = reshaped_view(
        s, &s->windows, 6,
        NATIVE_DIMS(s->crops, v->grid_h / c->pool_h, v->grid_w / c->pool_w, c->pool_h, c->pool_w, width));
}

static void make_pooling_buffers(native_vision *s) {
    const native_config *c = s->config;
    const native_vision_config *v = &c->vision;
    int32_t work = s->torch->work, wide = c->float32_attention ? s->torch->f32 : work;
    int64_t w = v->width, window = c->pool_h * c->pool_w, d = v->head_dim, inner = c->expert_mlp;
    s->pool_q = s->pool_q_wide = vision_buffer(s, work, 2, NATIVE_DIMS(s->pooled, w));
    s->pool_kv = s->pool_kv_wide = vision_buffer(s, work, 2, NATIVE_DIMS(s->pooled * window, 2 * w));
    if (wide != work) {
        s->pool_q_wide = vision_buffer(s, wide, 2, NATIVE_DIMS(s->pooled, w));
        s->pool_kv_wide = vision_buffer(s, wide, 2, NATIVE_DIMS(s->pooled * window, 2 * w));
    }
    s->pq = vision_view(s, &s->pool_q_wide, 0, 4, NATIVE_DIMS(s->pooled, v->heads, 1, d),
                        NATIVE_DIMS(w, d, w, 1));
    s->pk = vision_view(s, &s->pool_kv_wide, 0, 4, NATIVE_DIMS(s->pooled, v->heads, window, d),
                        NATIVE_DIMS(window * 2 * w, d, 2 * w, 1));
    s->pv = vision_view(s, &s->pool_kv_wide, w, 4, NATIVE_DIMS(s->pooled, v->heads, window, d),
                        NATIVE_DIMS(window * 2 * w, d, 2 * w, 1));
    s->pool_attended = vision_buffer(s, work, 3, NATIVE_DIMS(s->pooled, 1, w));
    s->pool_attended_2d = reshaped_view(s, &s->pool_attended, 2, NATIVE_DIMS(s->pooled, w));
    s->pool_result = vision_buffer(s, work, 2, NATIVE_DIMS(s->pooled, w));
    s->gate_up = vision_buffer(s, work, 2, NATIVE_DIMS(s->pooled, 2 * inner));
    s->gate = vision_view(s, &s->gate_up, 0, 2, NATIVE_DIMS(s->pooled, inner), NATIVE_DIMS(2 * inner, 1));
    s->up = vision_view(s, &s->gate_up, inner, 2, NATIVE_DIMS(s->pooled, inner), NATIVE_DIMS(2 * inner, 1));
    s->result = vision_buffer(s, work, 2, NATIVE_DIMS(s->pooled, c->d_model));
}

/* Copies host numbers to a new device tensor of `dtype`. */
static native_tensor upload_vision_input(native_vision *s, void *data, int32_t from, int32_t dtype, int ndim,
                                         const int64_t *size) {
    native_tensor host = native_wrap_host(s->torch, data, from, ndim, size);
    native_tensor device = vision_buffer(s, dtype, ndim, size);
    native_copy(s->torch, device.handle, host.handle);
    native_free(s->torch, &host);
    return device;
}

/* The row of weights->padding for a patch: 0 none, 1 padding in whole, 2 in part. */
static int64_t padding_kind(float mask) {
    if (mask == 0.0F) {
        return 1;
    }
    return mask < 1.0F ? 2 : 0;
}

/* What depends on the request's values is decided here, on the float32 numbers: crops to drop, kinds of
 * padding. */
static bool upload_vision_request(native_vision *s, const native_request *r) {
    const native_vision_config *v = &s->config->vision;
    int64_t patches = s->crops * v->patch_count, per_crop = v->patch_count * v->patch_dim;
    float *mask = calloc((size_t)s->crops, sizeof *mask);
    int64_t *kind = calloc((size_t)patches, sizeof *kind);
    for (int64_t crop = 0; mask != NULL && crop < s->crops; crop++) {
        mask[crop] = 1.0F;
        for (int64_t i = 0; i < per_crop && mask[crop] != 0; i++) {
            mask[crop] = r->images[crop * per_crop + i] == -1.0F ? 0.0F : 1.0F;
        }
    }
    for (int64_t i = 0; kind != NULL && i < patches; i++) {
        kind[i] = padding_kind(r->masks[i]);
    }
    bool ok = mask != NULL && kind != NULL;
    if (ok) {
        native_torch *t = s->torch;
        s->patches =
            upload_vision_input(s, r->images, t->f32, t->work, 2, NATIVE_DIMS(patches, v->patch_dim));
        s->crop_mask = upload_vision_input(s, mask, t->f32, t->work, 3, NATIVE_DIMS(s->crops, 1, 1));
        s->pad_class = upload_vision_input(s, kind, t->i64, t->i64, 1, NATIVE_DIMS(patches));
    }
    free(mask);
    free(kind);
    return ok;
}

bool native_vision_make(native_vision *vision, native_torch *torch, const native_config *config,
                        const native_weights *weights, const native_request *request, native_error *error) {
    memset(vision, 0, sizeof *vision);
    vision->torch = torch;
    vision->arena.torch = torch;
    vision->config = config;
    vision->weights = &weights->vision;
    vision->crops = request->crops;
    vision->pooled = request->crops * config->tokens_per_crop;
    if (vision->crops == 0) {
        return true;
    }
    make_vision_buffers(vision);
    make_feature_buffers(vision);
    make_pooling_buffers(vision);
    if (!upload_vision_request(vision, request)) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the request");
    }
    return native_torch_check(torch, error);
}

void native_vision_free(native_vision *vision) {
    if (vision->torch != NULL) {
        native_arena_free(&vision->arena);
    }
    memset(vision, 0, sizeof *vision);
}

static void apply_linear(native_torch *torch, const native_tensor *out, const native_linear *linear,
                         native_handle x) {
    native_addmm(torch, out->handle, linear->bias.handle, x, linear->weight.handle);
}

/* Replaces *x, which is owned, by another tensor. */
static void replace_tensor(native_torch *torch, native_tensor *x, native_tensor by) {
    native_free(torch, x);
    *x = by;
}

/* [crops, positions, width] seen as rows. */
static native_tensor view_as_rows(native_torch *torch, const native_tensor *x) {
    int64_t width = x->size[x->ndim - 1], rows = x->size[0] * x->size[1];
    return native_view(torch, x, 0, 2, NATIVE_DIMS(rows, width), NATIVE_DIMS(width, 1));
}

static void vision_attention(native_vision *s, const native_vit_layer *layer, const native_tensor *x) {
    native_torch *t = s->torch;
    native_tensor normed = native_layer_norm(t, x, layer->attention_norm.weight.handle,
                                             layer->attention_norm.bias.handle, s->config->vision.norm_eps);
    native_tensor rows = view_as_rows(t, &normed);
    apply_linear(t, &s->qkv, &layer->qkv, rows.handle);
    native_free(t, &rows);
    native_free(t, &normed);
    if (s->qkv_wide.handle != s->qkv.handle) {
        native_copy(t, s->qkv_wide.handle, s->qkv.handle);
    }
    native_tensor attended = native_attention(t, &s->q, &s->k, &s->v, false);
    if (attended.dtype != s->attended.dtype) {
        native_copy(t, s->attended.handle, attended.handle);
        apply_linear(t, &s->narrow, &layer->out, s->attended_2d.handle);
    } else {
        rows = view_as_rows(t, &attended);
        apply_linear(t, &s->narrow, &layer->out, rows.handle);
        native_free(t, &rows);
    }
    native_free(t, &attended);
}

static void vision_feed_forward(native_vision *s, const native_vit_layer *layer, const native_tensor *x) {
    native_torch *t = s->torch;
    native_tensor normed = native_layer_norm(t, x, layer->ffn_norm.weight.handle, layer->ffn_norm.bias.handle,
                                             s->config->vision.norm_eps);
    native_tensor rows = view_as_rows(t, &normed);
    apply_linear(t, &s->inner, &layer->w1, rows.handle);
    native_free(t, &rows);
    native_free(t, &normed);
    /* quick_gelu: x sigmoid(1.702 x) */
    native_tensor gate = native_scale(t, &s->inner, 1.702);
    native_sigmoid_in_place(t, gate.handle);
    native_mul_in_place(t, s->inner.handle, gate.handle);
    native_free(t, &gate);
    apply_linear(t, &s->narrow, &layer->w2, s->inner.handle);
}

/* Keeps a layer's output, without the class token, if it is among the features. */
static void copy_layer_features(native_vision *s, int64_t layer, const native_tensor *x) {
    const native_vision_config *v = &s->config->vision;
    for (int i = 0; i < s->config->vit_layer_count; i++) {
        if (s->config->vit_layers[i] == layer) {
            native_tensor patches =
                native_view(s->torch, x, v->width, 3, NATIVE_DIMS(s->crops, v->patch_count, v->width),
                            NATIVE_DIMS(v->positions * v->width, v->width, 1));
            native_copy(s->torch, s->feature_parts[i].handle, patches.handle);
            native_free(s->torch, &patches);
        }
    }
}

/* All layers are computed, as the public code does, though the last may serve no feature. */
static void run_vision_tower(native_vision *s) {
    native_torch *t = s->torch;
    const native_vision_weights *w = s->weights;
    native_mm(t, s->embedded.handle, s->patches.handle, w->patch.weight.handle);
    native_copy(t, s->tokens_class.handle, w->class_token.handle);
    native_copy(t, s->tokens_patches.handle, s->embedded_3d.handle);
    native_tensor x = native_add(t, &s->tokens, w->positions.handle, t->work);
    replace_tensor(
        t, &x,
        native_layer_norm(t, &x, w->pre.weight.handle, w->pre.bias.handle, s->config->vision.norm_eps));
    for (int64_t i = 0; i < s->config->vision.layers; i++) {
        native_range_push(NATIVE_RANGE_VIT, i);
        vision_attention(s, &w->layers[i], &x);
        replace_tensor(t, &x, native_add(t, &x, s->narrow_3d.handle, t->work));
        vision_feed_forward(s, &w->layers[i], &x);
        replace_tensor(t, &x, native_add(t, &x, s->narrow_3d.handle, t->work));
        copy_layer_features(s, i, &x);
        native_range_pop();
    }
    native_free(t, &x);
    native_mul_in_place(t, s->features_3d.handle, s->crop_mask.handle);
}

/* Attention over each window of patches, asked by the window's mean. */
static void run_pooling(native_vision *s) {
    native_torch *t = s->torch;
    const native_config *c = s->config;
    const native_vision_config *v = &c->vision;
    native_tensor padded = {.handle = NULL};
    const native_tensor *features = &s->features;
    if (c->padding_embed) {
        native_gather_rows(t, s->padded.handle, s->weights->padding.handle, s->pad_class.handle);
        padded = native_add(t, &s->features, s->padded.handle, t->work);
        features = &padded;
    }
    int64_t width = features->size[1], down = v->grid_h / c->pool_h, across = v->grid_w / c->pool_w;
    native_tensor tiles =
        native_view(t, features, 0, 6, NATIVE_DIMS(s->crops, down, across, c->pool_h, c->pool_w, width),
                    NATIVE_DIMS(v->patch_count * width, c->pool_h * v->grid_w * width, c->pool_w * width,
                                v->grid_w * width, width, 1));
    native_copy(t, s->windows_6d.handle, tiles.handle);
    native_free(t, &tiles);
    native_free(t, &padded);

    native_tensor query = native_mean(t, &s->windows, 1);
    native_tensor rows = view_as_rows(t, &query);
    apply_linear(t, &s->pool_q, &s->weights->pool_q, rows.handle);
    native_free(t, &rows);
    native_free(t, &query);
    apply_linear(t, &s->pool_kv, &s->weights->pool_kv, s->windows_2d.handle);
    if (s->pool_q_wide.handle != s->pool_q.handle) {
        native_copy(t, s->pool_q_wide.handle, s->pool_q.handle);
        native_copy(t, s->pool_kv_wide.handle, s->pool_kv.handle);
    }
    native_tensor attended = native_attention(t, &s->pq, &s->pk, &s->pv, false);
    native_copy(t, s->pool_attended.handle, attended.handle);
    native_free(t, &attended);
    apply_linear(t, &s->pool_result, &s->weights->pool_out, s->pool_attended_2d.handle);
}

static void run_projector(native_vision *s) {
    native_torch *t = s->torch;
    native_mm(t, s->gate_up.handle, s->pool_result.handle, s->weights->project_gate.weight.handle);
    native_silu_in_place(t, s->gate.handle);
    native_mul_in_place(t, s->gate.handle, s->up.handle);
    native_mm(t, s->result.handle, s->gate.handle, s->weights->project_out.weight.handle);
}

void native_vision_run(native_vision *vision) {
    run_vision_tower(vision);
    native_range_push(NATIVE_RANGE_POOL, 0);
    run_pooling(vision);
    native_range_pop();
    native_range_push(NATIVE_RANGE_PROJECT, 0);
    run_projector(vision);
    native_range_pop();
}
