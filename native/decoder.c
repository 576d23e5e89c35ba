/* The decoder's buffers, layers and steps; see decoder.h. */
#include "native/decoder.h"

#include "native/ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static native_tensor decoder_buffer(native_decoder *s, int32_t dtype, int ndim, const int64_t *size) {
    return native_keep(&s->arena, native_empty(s->torch, dtype, ndim, size));
}

static native_tensor decoder_view(native_decoder *s, const native_tensor *base, int64_t offset, int ndim,
                                  const int64_t *size, const int64_t *stride) {
    return native_keep(&s->arena, native_view(s->torch, base, offset, ndim, size, stride));
}

static void upload_decoder_input(native_decoder *s, const native_tensor *to, void *data, int32_t dtype) {
    native_tensor host = native_wrap_host(s->torch, data, dtype, to->ndim, to->size);
    native_copy(s->torch, to->handle, host.handle);
    native_free(s->torch, &host);
}

/* Which features go where: negative positions and those beyond the prompt are dropped, as the public code
 * does. */
static bool upload_prompt(native_decoder *s, const native_request *r) {
    int64_t all = r->crops * s->config->tokens_per_crop, used = 0;
    int64_t *rows = calloc((size_t)all + 1, sizeof *rows), *to = calloc((size_t)all + 1, sizeof *to);
    if (rows == NULL || to == NULL) {
        free(rows);
        free(to);
        return false;
    }
    for (int64_t i = 0; i < all; i++) {
        if (r->image_index[i] >= 0 && r->image_index[i] < r->tokens) {
            rows[used] = i;
            to[used++] = r->image_index[i];
        }
    }
    s->input_ids = decoder_buffer(s, s->torch->i64, 1, NATIVE_DIMS(r->tokens));
    upload_decoder_input(s, &s->input_ids, r->input_ids, s->torch->i64);
    s->feature_count = used;
    s->all_features = used == all;
    if (used > 0) {
        s->feature_rows = decoder_buffer(s, s->torch->i64, 1, &used);
        s->feature_to = decoder_buffer(s, s->torch->i64, 1, &used);
        s->features_used = decoder_buffer(s, s->torch->work, 2, NATIVE_DIMS(used, s->config->d_model));
        upload_decoder_input(s, &s->feature_rows, rows, s->torch->i64);
        upload_decoder_input(s, &s->feature_to, to, s->torch->i64);
    }
    free(rows);
    free(to);
    return true;
}

/* Angles of the rotary embedding (Su et al. 2021, RoFormer), in float32: position / theta^(2i / head_dim). */
static bool make_rotary_angles(native_decoder *s) {
    int64_t positions = s->prompt + s->steps, half = s->config->head_dim / 2;
    float *table = calloc((size_t)(positions * half * 2), sizeof *table);
    if (table == NULL) {
        return false;
    }
    for (int64_t i = 0; i < half; i++) {
        float frequency =
            1.0F / powf((float)s->config->rope_theta, (float)(2 * i) / (float)s->config->head_dim);
        for (int64_t p = 0; p < positions; p++) {
            table[(p * half + i) * 2] = cosf((float)p * frequency);
            table[(p * half + i) * 2 + 1] = sinf((float)p * frequency);
        }
    }
    s->angles = decoder_buffer(s, s->torch->f32, 3, NATIVE_DIMS(positions, half, 2));
    upload_decoder_input(s, &s->angles, table, s->torch->f32);
    free(table);
    return true;
}

static void make_step_views(native_decoder *s, int64_t step, const native_tensor *caches) {
    const native_config *c = s->config;
    int64_t n = step == 0 ? s->prompt : 1, past = step == 0 ? 0 : s->prompt + step - 1;
    int64_t d = c->d_model, row = 3 * d, h = c->heads, w = c->head_dim, half = w / 2;
    native_tensor angles = decoder_view(s, &s->angles, past * half * 2, 5, NATIVE_DIMS(n, 1, 1, half, 2),
                                        NATIVE_DIMS(half * 2, half * 2, half * 2, 2, 1));
    s->step_angles[step] = native_keep(&s->arena, native_as_complex(s->torch, &angles));
    s->token_slots[step] = decoder_view(s, &s->tokens, step, 0, NATIVE_DIMS(1), NATIVE_DIMS(1));
    s->token_rows[step] = decoder_view(s, &s->tokens, step, 1, NATIVE_DIMS(1), NATIVE_DIMS(1));
    for (int64_t i = 0; i < c->layers; i++) {
        native_step_layer *v = &s->views[step * c->layers + i];
        const native_tensor *cache = &caches[i];
        int64_t at = past * row;
        v->rows = decoder_view(s, cache, at, 2, NATIVE_DIMS(n, row), NATIVE_DIMS(row, 1));
        v->qk = decoder_view(s, cache, at, 3, NATIVE_DIMS(n, 2, d), NATIVE_DIMS(row, d, 1));
        v->qk_pairs =
            decoder_view(s, cache, at, 5, NATIVE_DIMS(n, 2, h, half, 2), NATIVE_DIMS(row, d, w, 1, half));
        v->q = decoder_view(s, cache, at, 4, NATIVE_DIMS(1, h, n, w), NATIVE_DIMS(n * row, w, row, 1));
        v->k = decoder_view(s, cache, d, 4, NATIVE_DIMS(1, h, past + n, w),
                            NATIVE_DIMS((past + n) * row, w, row, 1));
        v->v = decoder_view(s, cache, 2 * d, 4, NATIVE_DIMS(1, h, past + n, w),
                            NATIVE_DIMS((past + n) * row, w, row, 1));
    }
}

static void make_decoder_lane(native_decoder *s, native_lane *lane, int64_t n) {
    const native_config *c = s->config;
    int64_t d = c->d_model, half = c->head_dim / 2;
    lane->tokens = n;
    lane->x = decoder_buffer(s, s->torch->work, 2, NATIVE_DIMS(n, d));
    lane->x_3d = decoder_view(s, &lane->x, 0, 3, NATIVE_DIMS(n, 1, d), NATIVE_DIMS(d, d, 1));
    lane->last = decoder_view(s, &lane->x, (n - 1) * d, 2, NATIVE_DIMS(1, d), NATIVE_DIMS(d, 1));
    lane->rotated = decoder_buffer(s, s->torch->f32, 5, NATIVE_DIMS(n, 2, c->heads, half, 2));
    lane->rotated_flat = decoder_view(s, &lane->rotated, 0, 5, NATIVE_DIMS(n, 2, c->heads, 2, half),
                                      NATIVE_DIMS(2 * d, d, c->head_dim, 1, 2));
    lane->rotated_pairs = native_keep(&s->arena, native_as_complex(s->torch, &lane->rotated));
}

static bool make_lane_views(native_decoder *s) {
    const native_config *c = s->config;
    native_tensor *caches = calloc((size_t)c->layers, sizeof *caches);
    s->views = calloc((size_t)(s->steps * c->layers), sizeof *s->views);
    s->step_angles = calloc((size_t)s->steps, sizeof *s->step_angles);
    s->token_slots = calloc((size_t)s->steps, sizeof *s->token_slots);
    s->token_rows = calloc((size_t)s->steps, sizeof *s->token_rows);
    s->qk_norms = calloc((size_t)c->layers, sizeof *s->qk_norms);
    bool ok = caches != NULL && s->views != NULL && s->step_angles != NULL && s->token_slots != NULL &&
              s->token_rows != NULL && s->qk_norms != NULL && make_rotary_angles(s);
    if (ok) {
        int64_t half = c->head_dim / 2;
        for (int64_t i = 0; i < c->layers; i++) {
            caches[i] =
                decoder_buffer(s, s->torch->work, 2, NATIVE_DIMS(s->prompt + s->steps, 3 * c->d_model));
            s->qk_norms[i] =
                decoder_view(s, &s->weights->blocks[i].qk_norm, 0, 4, NATIVE_DIMS(2, c->heads, 2, half),
                             NATIVE_DIMS(c->d_model, c->head_dim, half, 1));
        }
        s->tokens = decoder_buffer(s, s->torch->i64, 1, &s->steps);
        for (int64_t step = 0; step < s->steps; step++) {
            make_step_views(s, step, caches);
        }
        s->logits = decoder_buffer(s, s->torch->work, 2, NATIVE_DIMS(1, c->embeddings));
        make_decoder_lane(s, &s->prefill, s->prompt);
        make_decoder_lane(s, &s->decode, 1);
    }
    free(caches);
    return ok;
}

bool native_decoder_make(native_decoder *decoder, native_torch *torch, const native_config *config,
                         const native_weights *weights, const native_request *request, int64_t steps,
                         native_moe_mode mode, native_error *error) {
    memset(decoder, 0, sizeof *decoder);
    decoder->torch = torch;
    decoder->arena.torch = torch;
    decoder->config = config;
    decoder->weights = weights;
    decoder->mode = mode;
    decoder->prompt = request->tokens;
    decoder->steps = steps;
    if (!make_lane_views(decoder) || !upload_prompt(decoder, request)) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the decoder's buffers");
    }
    return native_torch_check(torch, error);
}

void native_decoder_free(native_decoder *decoder) {
    native_moe_free(&decoder->prefill.moe);
    native_moe_free(&decoder->decode.moe);
    if (decoder->torch != NULL) {
        native_arena_free(&decoder->arena);
    }
    free(decoder->views);
    free(decoder->step_angles);
    free(decoder->token_slots);
    free(decoder->token_rows);
    free(decoder->qk_norms);
    memset(decoder, 0, sizeof *decoder);
}

bool native_decoder_set_top_k(native_decoder *decoder, int64_t k, native_error *error) {
    native_lane *const lanes[] = {&decoder->prefill, &decoder->decode};
    const native_moe_mode modes[] = {decoder->mode == NATIVE_MOE_DENSE ? NATIVE_MOE_ACTIVE : decoder->mode,
                                     decoder->mode};
    for (int i = 0; i < 2; i++) {
        native_moe_free(&lanes[i]->moe);
        if (!native_moe_make(&lanes[i]->moe, decoder->torch, decoder->config, modes[i], lanes[i]->tokens, k,
                             error)) {
            return false;
        }
    }
    return true;
}

/* Normed queries and keys, in float32 and in pairs, times cos + i sin; the result goes back to the cache. */
static void apply_rotary_embedding(native_decoder *s, const native_lane *lane, const native_step_layer *v,
                                   int64_t layer, int64_t step) {
    native_torch *t = s->torch;
    int64_t n = lane->tokens, d = s->config->d_model, w = s->config->head_dim;
    native_tensor normed = native_rms_norm(t, &v->qk, s->weights->ones.handle, s->config->norm_eps);
    native_tensor by_head = native_view(t, &normed, 0, 5, NATIVE_DIMS(n, 2, s->config->heads, 2, w / 2),
                                        NATIVE_DIMS(2 * d, d, w, w / 2, 1));
    native_mul_out(t, lane->rotated_flat.handle, by_head.handle, s->qk_norms[layer].handle);
    native_mul_in_place(t, lane->rotated_pairs.handle, s->step_angles[step].handle);
    native_copy(t, v->qk_pairs.handle, lane->rotated.handle);
    native_free(t, &by_head);
    native_free(t, &normed);
}

/* x += out(attention(norm(x))) */
static void decoder_attention(native_decoder *s, native_lane *lane, int64_t layer, int64_t step) {
    native_torch *t = s->torch;
    const native_block *block = &s->weights->blocks[layer];
    const native_step_layer *v = &s->views[step * s->config->layers + layer];
    native_tensor normed = native_rms_norm(t, &lane->x, s->weights->ones.handle, s->config->norm_eps);
    native_mul_in_place(t, normed.handle, block->attn_norm.weight.handle);
    native_mm(t, v->rows.handle, normed.handle, block->qkv.weight.handle);
    native_free(t, &normed);
    apply_rotary_embedding(s, lane, v, layer, step);
    native_tensor attended = native_attention(t, &v->q, &v->k, &v->v, step == 0);
    native_tensor rows = native_view(t, &attended, 0, 2, NATIVE_DIMS(lane->tokens, s->config->d_model),
                                     NATIVE_DIMS(s->config->d_model, 1));
    native_addmm(t, lane->x.handle, lane->x.handle, rows.handle, block->out.weight.handle);
    native_free(t, &rows);
    native_free(t, &attended);
}

static void run_decoder_layers(native_decoder *s, native_lane *lane, int64_t step) {
    for (int64_t i = 0; i < s->config->layers; i++) {
        native_range_push(NATIVE_RANGE_LAYER, i);
        native_range_push(NATIVE_RANGE_ATTENTION, 0);
        decoder_attention(s, lane, i, step);
        native_range_pop();
        native_range_push(NATIVE_RANGE_MOE, 0);
        native_moe_run(&lane->moe, s->weights, &s->weights->blocks[i], &lane->x_3d);
        native_range_pop();
        native_range_pop();
    }
}

/* Logits of the last token, and its greedy successor. */
static void run_lm_head(native_decoder *s, const native_lane *lane, int64_t step) {
    native_torch *t = s->torch;
    native_range_push(NATIVE_RANGE_HEAD, 0);
    native_tensor normed = native_rms_norm(t, &lane->last, s->weights->ones.handle, s->config->norm_eps);
    native_mul_in_place(t, normed.handle, s->weights->final_norm.weight.handle);
    native_mm(t, s->logits.handle, normed.handle, s->weights->head.weight.handle);
    native_argmax(t, s->token_slots[step].handle, s->logits.handle);
    native_free(t, &normed);
    native_range_pop();
}

static void embed_prompt(native_decoder *s, const native_tensor *features) {
    native_torch *t = s->torch;
    native_lane *lane = &s->prefill;
    native_range_push(NATIVE_RANGE_EMBED, 0);
    native_gather_rows(t, lane->x.handle, s->weights->embedding.handle, s->input_ids.handle);
    if (s->feature_count > 0) {
        native_handle rows = features->handle;
        if (!s->all_features) {
            native_gather_rows(t, s->features_used.handle, features->handle, s->feature_rows.handle);
            rows = s->features_used.handle;
        }
        native_tensor sum = native_add_rows(t, &lane->x, s->feature_to.handle, rows);
        native_copy(t, lane->x.handle, sum.handle);
        native_free(t, &sum);
    }
    native_range_pop();
}

void native_decoder_prefill(native_decoder *decoder, const native_tensor *features) {
    embed_prompt(decoder, features);
    run_decoder_layers(decoder, &decoder->prefill, 0);
    run_lm_head(decoder, &decoder->prefill, 0);
}

void native_decoder_step(native_decoder *decoder, int64_t step) {
    native_range_push(NATIVE_RANGE_EMBED, 0);
    native_gather_rows(decoder->torch, decoder->decode.x.handle, decoder->weights->embedding.handle,
                       decoder->token_rows[step - 1].handle);
    native_range_pop();
    run_decoder_layers(decoder, &decoder->decode, step);
    run_lm_head(decoder, &decoder->decode, step);
}
