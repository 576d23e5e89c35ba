/* Lays out and fills the parameters; see weights.h. */
#include "native/weights.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

/* What loading carries along. The same walk lists the parameters without any memory on the device: one layer and one expert then stand
 * for all. */
typedef struct {
    bool listing;
    native_weights *weights;
    const native_config *config;
    native_source *source;
    native_torch *torch;
    char prefix[128]; /* of the names to come */
} weights_loader;

/* Heads of an attention, groups of which share keys and values. */
typedef struct {
    int64_t heads, kv_heads, head_dim;
} weights_heads;

static void set_name_prefix(weights_loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void set_name_prefix(weights_loader *l, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(l->prefix, sizeof l->prefix, format, args);
    va_end(args);
}

/* The number of layers or experts that memory is needed for, and the place of one of them. */
static size_t kept_count(const weights_loader *l, int64_t count) {
    return l->listing ? 1 : (size_t)count;
}

static size_t kept_index(const weights_loader *l, int64_t index) {
    return l->listing ? 0 : (size_t)index;
}

static native_tensor new_parameter(weights_loader *l, int ndim, const int64_t *size) {
    if (l->listing) {
        return (native_tensor){.handle = NULL};
    }
    return native_keep(&l->weights->arena, native_empty(l->torch, l->torch->work, ndim, size));
}

/* Fills a part of `whole`, from element `offset`. */
static bool fill_parameter(weights_loader *l, const char *name, const native_tensor *whole, int64_t offset,
                           int ndim, const int64_t *size, native_init init, double deviation) {
    char full[256];
    snprintf(full, sizeof full, "%s%s", l->prefix, name);
    if (l->listing) {
        return native_source_expect(l->source, full, ndim, size);
    }
    int64_t stride[NATIVE_MAX_DIMS], step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        stride[i] = step;
        step *= size[i];
    }
    native_tensor to = native_view(l->torch, whole, offset, ndim, size, stride);
    bool ok = native_source_read(l->source, full, &to, init, deviation);
    native_free(l->torch, &to);
    return ok;
}

/* Copies kv_heads blocks of head_dim rows, from element `from` of `file`, to element `to` of `whole`, each of them once for each head
 * that shares it. */
static void repeat_heads(weights_loader *l, const native_tensor *whole, int64_t to, const native_tensor *file,
                         int64_t from, const weights_heads *h, int64_t columns) {
    int64_t group = h->heads / h->kv_heads, block = h->head_dim * columns;
    const int64_t *size = NATIVE_DIMS(h->kv_heads, group, h->head_dim, columns);
    native_tensor a =
        native_view(l->torch, whole, to, 4, size, NATIVE_DIMS(group * block, block, columns, 1));
    native_tensor b = native_view(l->torch, file, from, 4, size, NATIVE_DIMS(block, 0, columns, 1));
    native_copy(l->torch, a.handle, b.handle);
    native_free(l->torch, &a);
    native_free(l->torch, &b);
}

/* Fills a part of `whole`, from element `offset`, with keys or values for all heads. columns of 0: the parameter is a vector. */
static bool fill_grouped_parameter(weights_loader *l, const char *name, const native_tensor *whole,
                                   int64_t offset, const weights_heads *h, int64_t columns, native_init init,
                                   double deviation) {
    int ndim = columns > 0 ? 2 : 1;
    const int64_t *size = NATIVE_DIMS(h->kv_heads * h->head_dim, columns);
    if (l->listing || h->heads == h->kv_heads) {
        return fill_parameter(l, name, whole, offset, ndim, size, init, deviation);
    }
    native_tensor file = native_empty(l->torch, l->torch->work, ndim, size);
    bool ok = fill_parameter(l, name, &file, 0, ndim, size, init, deviation);
    repeat_heads(l, whole, offset, &file, 0, h, columns > 0 ? columns : 1);
    native_free(l->torch, &file);
    return ok;
}

/* att_proj: queries, keys and values in one parameter. */
static bool fill_attention_projection(weights_loader *l, const native_tensor *whole) {
    const native_config *c = l->config;
    const weights_heads h = {c->heads, c->kv_heads, c->head_dim};
    int64_t d = c->d_model, kv = h.kv_heads * h.head_dim;
    const int64_t *size = NATIVE_DIMS(d + 2 * kv, d);
    if (l->listing || h.heads == h.kv_heads) {
        return fill_parameter(l, "attn.att_proj.weight", whole, 0, 2, size, NATIVE_INIT_NORMAL,
                              c->init_range);
    }
    native_tensor file = native_empty(l->torch, l->torch->work, 2, size);
    bool ok = fill_parameter(l, "attn.att_proj.weight", &file, 0, 2, size, NATIVE_INIT_NORMAL, c->init_range);
    native_tensor from = native_rows(l->torch, &file, 0, d), to = native_rows(l->torch, whole, 0, d);
    native_copy(l->torch, to.handle, from.handle);
    native_free(l->torch, &from);
    native_free(l->torch, &to);
    repeat_heads(l, whole, d * d, &file, d * d, &h, d);
    repeat_heads(l, whole, 2 * d * d, &file, (d + kv) * d, &h, d);
    native_free(l->torch, &file);
    return ok;
}

/* A vector of its own. */
static bool load_vector(weights_loader *l, const char *name, int64_t width, native_init init,
                        double deviation, native_tensor *out) {
    *out = new_parameter(l, 1, &width);
    return fill_parameter(l, name, out, 0, 1, &width, init, deviation);
}

static bool load_norm(weights_loader *l, const char *name, int64_t width, bool bias, native_norm *out) {
    char full[96];
    snprintf(full, sizeof full, "%s.weight", name);
    if (!load_vector(l, full, width, NATIVE_INIT_ONES, 0, &out->weight)) {
        return false;
    }
    snprintf(full, sizeof full, "%s.bias", name);
    return !bias || load_vector(l, full, width, NATIVE_INIT_ZEROS, 0, &out->bias);
}

/* Up to three projections of one input, `rows` outputs each, into one matrix (and one bias). Those from number `grouped` on give keys
 * and values to the heads of `heads`. */
static bool load_grouped_linear(weights_loader *l, int count, const char *const *names, int64_t rows,
                                int64_t columns, bool bias, double deviation, int grouped,
                                const weights_heads *heads, native_linear *out) {
    native_tensor all = new_parameter(l, 2, NATIVE_DIMS(count * rows, columns));
    if (!l->listing) {
        out->weight = native_keep(&l->weights->arena, native_transposed(l->torch, &all));
    }
    if (bias) {
        out->bias = new_parameter(l, 1, NATIVE_DIMS(count * rows));
    }
    const weights_heads alone = {1, 1, rows};
    for (int i = 0; i < count; i++) {
        char full[96];
        const weights_heads *h = i >= grouped ? heads : &alone;
        snprintf(full, sizeof full, "%s.weight", names[i]);
        if (!fill_grouped_parameter(l, full, &all, i * rows * columns, h, columns, NATIVE_INIT_NORMAL,
                                    deviation)) {
            return false;
        }
        snprintf(full, sizeof full, "%s.bias", names[i]);
        if (bias && !fill_grouped_parameter(l, full, &out->bias, i * rows, h, 0, NATIVE_INIT_ZEROS, 0)) {
            return false;
        }
    }
    return true;
}

static bool load_linear(weights_loader *l, int count, const char *const *names, int64_t rows, int64_t columns,
                        bool bias, double deviation, native_linear *out) {
    return load_grouped_linear(l, count, names, rows, columns, bias, deviation, count, NULL, out);
}

static bool load_single_linear(weights_loader *l, const char *name, int64_t rows, int64_t columns, bool bias,
                               double deviation, native_linear *out) {
    return load_linear(l, 1, &name, rows, columns, bias, deviation, out);
}

static bool load_vit_layer(weights_loader *l, int64_t index, native_vit_layer *layer) {
    static const char *const qkv[] = {"attention.wq", "attention.wk", "attention.wv"};
    const native_vision_config *v = &l->config->vision;
    const weights_heads heads = {v->heads, v->kv_heads, v->head_dim};
    set_name_prefix(l, "model.vision_backbone.image_vit.transformer.resblocks.%lld.", (long long)index);
    return load_norm(l, "attention_norm", v->width, true, &layer->attention_norm) &&
           load_grouped_linear(l, 3, qkv, v->width, v->width, true, v->init_range, 1, &heads, &layer->qkv) &&
           load_single_linear(l, "attention.wo", v->width, v->width, true, v->init_range, &layer->out) &&
           load_norm(l, "ffn_norm", v->width, true, &layer->ffn_norm) &&
           load_single_linear(l, "feed_forward.w1", v->mlp, v->width, true, sqrt(1.0 / (double)v->width),
                              &layer->w1) &&
           load_single_linear(l, "feed_forward.w2", v->width, v->mlp, true, sqrt(1.0 / (double)v->mlp),
                              &layer->w2);
}

static bool load_vision_tower(weights_loader *l, native_vision_weights *w) {
    const native_vision_config *v = &l->config->vision;
    double scale = 1.0 / sqrt((double)v->width);
    set_name_prefix(l, "model.vision_backbone.image_vit.");
    w->class_token = new_parameter(l, 2, NATIVE_DIMS(1, v->width));
    w->positions = new_parameter(l, 3, NATIVE_DIMS(1, v->positions, v->width));
    bool ok =
        load_single_linear(l, "patch_embedding", v->width, v->patch_dim, false, 0.02, &w->patch) &&
        fill_parameter(l, "class_embedding", &w->class_token, 0, 1, &v->width, NATIVE_INIT_NORMAL, scale) &&
        fill_parameter(l, "positional_embedding", &w->positions, 0, 2, NATIVE_DIMS(v->positions, v->width),
                       NATIVE_INIT_NORMAL, scale) &&
        load_norm(l, "pre_ln", v->width, true, &w->pre);
    w->layers = calloc(kept_count(l, v->layers), sizeof *w->layers);
    for (int64_t i = 0; i < v->layers && ok; i++) {
        ok = w->layers != NULL && load_vit_layer(l, i, &w->layers[kept_index(l, i)]);
    }
    return ok;
}

static bool load_connector(weights_loader *l, native_vision_weights *w) {
    static const char *const kv[] = {"image_pooling_2d.wk", "image_pooling_2d.wv"};
    static const char *const gate[] = {"image_projector.w1", "image_projector.w3"};
    const native_config *c = l->config;
    int64_t width = c->vision.width, features = c->vit_layer_count * width;
    double spread = c->vision.init_range;
    const weights_heads heads = {c->vision.heads, c->vision.kv_heads, c->vision.head_dim};
    set_name_prefix(l, "model.vision_backbone.");
    w->padding = new_parameter(l, 2, NATIVE_DIMS(3, features));
    if (!l->listing) {
        native_zero(l->torch, w->padding.handle);
    }
    if (c->padding_embed && !fill_parameter(l, "pad_embed", &w->padding, features, 2,
                                            NATIVE_DIMS(2, features), NATIVE_INIT_ZEROS, 0)) {
        return false;
    }
    return load_single_linear(l, "image_pooling_2d.wq", width, features, true, spread, &w->pool_q) &&
           load_grouped_linear(l, 2, kv, width, features, true, spread, 0, &heads, &w->pool_kv) &&
           load_single_linear(l, "image_pooling_2d.wo", width, width, true, spread, &w->pool_out) &&
           load_linear(l, 2, gate, c->expert_mlp, width, false, c->init_range, &w->project_gate) &&
           load_single_linear(l, "image_projector.w2", c->d_model, c->expert_mlp, false, c->init_range,
                              &w->project_out);
}

static bool load_experts(weights_loader *l, int64_t index, native_block *block) {
    const native_config *c = l->config;
    if (block->experts == NULL) {
        block->experts = calloc(kept_count(l, c->experts), sizeof *block->experts);
    }
    for (int64_t e = 0; e < c->experts; e++) {
        static const char *const gate_up[] = {"gate_proj", "up_proj"};
        native_linear first = {.bias = {.handle = NULL}}, second = first;
        set_name_prefix(l, "model.transformer.blocks.%lld.mlp.experts.%lld.", (long long)index, (long long)e);
        if (block->experts == NULL ||
            !load_linear(l, 2, gate_up, c->expert_mlp, c->d_model, false, c->init_range, &first) ||
            !load_single_linear(l, "down_proj", c->d_model, c->expert_mlp, false, c->init_range, &second)) {
            return false;
        }
        native_expert *expert = &block->experts[kept_index(l, e)];
        expert->gate_up = first.weight;
        expert->down = second.weight;
    }
    return true;
}

static bool load_decoder_block(weights_loader *l, int64_t index, native_block *block) {
    const native_config *c = l->config;
    set_name_prefix(l, "model.transformer.blocks.%lld.", (long long)index);
    block->qk_norm = new_parameter(l, 2, NATIVE_DIMS(2, c->d_model));
    const weights_heads heads = {c->heads, c->kv_heads, c->head_dim};
    native_tensor qkv = new_parameter(l, 2, NATIVE_DIMS(3 * c->d_model, c->d_model));
    if (!l->listing) {
        block->qkv.weight = native_keep(&l->weights->arena, native_transposed(l->torch, &qkv));
    }
    return load_norm(l, "attn.attn_norm", c->d_model, false, &block->attn_norm) &&
           fill_parameter(l, "attn.q_norm.weight", &block->qk_norm, 0, 1, &c->d_model, NATIVE_INIT_ONES, 0) &&
           fill_grouped_parameter(l, "attn.k_norm.weight", &block->qk_norm, c->d_model, &heads, 0,
                                  NATIVE_INIT_ONES, 0) &&
           fill_attention_projection(l, &qkv) &&
           load_single_linear(l, "attn.attn_out", c->d_model, c->d_model, false, c->init_range,
                              &block->out) &&
           load_norm(l, "mlp.ff_norm", c->d_model, false, &block->ff_norm) &&
           load_single_linear(l, "mlp.gate", c->experts, c->d_model, false, c->init_range, &block->gate) &&
           load_experts(l, index, block);
}

/* First, because the embedding is the largest tensor: the tables of random numbers are then made once. */
static bool load_embedding(weights_loader *l) {
    const native_config *c = l->config;
    native_tensor *table = &l->weights->embedding;
    set_name_prefix(l, "model.transformer.wte.");
    *table = new_parameter(l, 2, NATIVE_DIMS(c->embeddings + c->additional, c->d_model));
    return fill_parameter(l, "embedding", table, 0, 2, NATIVE_DIMS(c->embeddings, c->d_model),
                          NATIVE_INIT_NORMAL, c->init_range) &&
           fill_parameter(l, "new_embedding", table, c->embeddings * c->d_model, 2,
                          NATIVE_DIMS(c->additional, c->d_model), NATIVE_INIT_NORMAL, c->init_range);
}

/* On the cpu: weights that can never fit are refused, as the system would kill the process half-way. Most of
 * a model are its experts, attention's projections, the embedding and the head. */
static bool fits_memory(const native_config *c, native_source *source) {
    struct sysinfo info;
    if (source->torch->device != NATIVE_CPU || sysinfo(&info) != 0) {
        return true;
    }
    double width = (double)c->d_model;
    double block = width * (4 * width + 3 * (double)c->experts * (double)c->expert_mlp);
    double least = ((double)c->layers * block + 2 * (double)c->embeddings * width) *
                   (source->torch->dtype == NATIVE_FP32 ? 4 : 2);
    double memory = ((double)info.totalram + (double)info.totalswap) * info.mem_unit;
    return least < memory ||
           native_fail(source->error, NATIVE_EXIT_INPUT,
                       "weights in %s take more than %.1f GB, and this machine has %.1f GB of memory: "
                       "use a GPU, --dtype bf16, or --config small",
                       native_dtype_name(source->torch->dtype), least / 1e9, memory / 1e9);
}

/* All parameters, in an order that does not change: random weights depend on it. */
static bool load_parameters(weights_loader *l) {
    native_weights *weights = l->weights;
    const native_config *config = l->config;
    weights->blocks = calloc(kept_count(l, config->layers), sizeof *weights->blocks);
    bool ok = weights->blocks != NULL && load_embedding(l);
    for (int64_t i = 0; i < config->layers && ok; i++) {
        ok = load_decoder_block(l, i, &weights->blocks[kept_index(l, i)]);
    }
    set_name_prefix(l, "model.transformer.");
    ok = ok && load_norm(l, "ln_f", config->d_model, false, &weights->final_norm);
    set_name_prefix(l, "%s", "");
    ok = ok && load_single_linear(l, "lm_head", config->embeddings, config->d_model, false,
                                  config->init_range, &weights->head);
    return ok && load_vision_tower(l, &weights->vision) && load_connector(l, &weights->vision);
}

static void free_layers(native_weights *weights, size_t blocks) {
    for (size_t i = 0; i < blocks && weights->blocks != NULL; i++) {
        free(weights->blocks[i].experts);
    }
    free(weights->blocks);
    free(weights->vision.layers);
}

bool native_weights_check(const native_config *config, native_source *source) {
    native_weights weights = {.blocks = NULL};
    weights_loader l = {
        .listing = true, .weights = &weights, .config = config, .source = source, .torch = source->torch};
    bool complete = load_parameters(&l);
    free_layers(&weights, 1);
    if (!complete && source->missing == 0) {
        return native_fail(source->error, NATIVE_EXIT_FAILED, "out of memory for the names of tensors");
    }
    return native_source_check_listed(source);
}

bool native_weights_load(native_weights *weights, const native_config *config, native_source *source) {
    memset(weights, 0, sizeof *weights);
    if (!fits_memory(config, source)) {
        return false;
    }
    weights_loader l = {.weights = weights, .config = config, .source = source, .torch = source->torch};
    weights->arena.torch = l.torch;
    bool ok = load_parameters(&l);
    if (ok) {
        native_source ones;
        native_source_random(&ones, l.torch, 0, source->error);
        weights->ones = new_parameter(&l, 1, &config->d_model);
        ok = native_source_read(&ones, "ones", &weights->ones, NATIVE_INIT_ONES, 0);
    }
    return ok || native_fail(source->error, NATIVE_EXIT_FAILED, "out of memory for the weights");
}

void native_weights_free(native_weights *weights, const native_config *config) {
    free_layers(weights, (size_t)config->layers);
    native_arena_free(&weights->arena);
    memset(weights, 0, sizeof *weights);
}
