/* Reads config.json, and refuses by name what the forward pass would compute differently; see config.h. */
#include "native/config.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CONFIG_BYTES = 4 << 20, MAX_SIZE = 1 << 24 };

/* What both built-in configurations share. */
#define COMMON                                                                                               \
    "\"activation_type\":\"swiglu\",\"attention_layer_norm\":true,\"attention_type\":\"sdpa\","              \
    "\"block_type\":\"moe\",\"float32_attention\":true,\"image_padding_embed\":\"pad_and_partial_pad\","     \
    "\"image_pooling_2d\":\"attention-meanq\",\"image_pooling_h\":2,\"image_pooling_w\":2,"                  \
    "\"image_projector\":\"mlp\",\"include_bias\":false,\"bias_for_layer_norm\":false,\"initializer_"        \
    "range\":0.02,"                                                                                          \
    "\"layer_norm_eps\":1e-5,\"layer_norm_type\":\"rms\",\"mlp_ratio\":1,\"moe_num_experts\":64,\"moe_top_"  \
    "k\":8,"                                                                                                 \
    "\"rope\":true,\"rope_impl\":\"llama\",\"rope_theta\":10000.0,\"use_position_ids\":true,"                \
    "\"vit_layers\":[-2,-9],\"weight_tying\":false,\"embedding_size\":50304,\"vocab_size\":50280,"           \
    "\"additional_vocab_size\":128,\"eos_token_id\":50279,"
#define COMMON_VISION                                                                                        \
    "\"image_default_input_size\":[336,336],\"image_patch_size\":14,\"image_num_pos\":577,"                  \
    "\"image_norm_eps\":1e-5,\"image_mlp_activations\":\"quick_gelu\",\"image_model_type\":\"openai\","

static const struct {
    const char *name;
    const char *json;
} builtins[] = {
    {"molmoe-1b",
     "{" COMMON "\"d_model\":2048,\"n_layers\":16,\"n_heads\":16,\"max_position_embeddings\":32768,"
     "\"vision_backbone\":{" COMMON_VISION "\"image_emb_dim\":1024,\"image_num_heads\":16,"
     "\"image_num_key_value_heads\":16,\"image_head_dim\":64,\"image_mlp_dim\":4096,\"image_num_layers\":23}"
     "}"},
    {"small",
     "{" COMMON "\"d_model\":256,\"n_layers\":4,\"n_heads\":4,\"max_position_embeddings\":4096,"
     "\"vision_backbone\":{" COMMON_VISION "\"image_emb_dim\":128,\"image_num_heads\":4,"
     "\"image_num_key_value_heads\":4,\"image_head_dim\":32,\"image_mlp_dim\":256,\"image_num_layers\":10}}"},
};

/* One object of the file, with what is needed to name a field of it in a message. */
typedef struct {
    const char *file;
    const char *prefix; /* "" or "vision_backbone." */
    const cJSON *object;
    native_error *error;
} config_section;

static const cJSON *config_field(const config_section *s, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->object, name);
    return item == NULL || cJSON_IsNull(item) ? NULL : item;
}

static bool refuse_field(const config_section *s, const char *name, const char *want) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->object, name);
    char *value = item != NULL ? cJSON_PrintUnformatted(item) : NULL;
    native_fail(s->error, NATIVE_EXIT_INPUT, "%s: field %s%s is %.80s: %s", s->file, s->prefix, name,
                value != NULL ? value : "missing", want);
    cJSON_free(value);
    return false;
}

/* A whole number from 1; `fallback` stands for an absent or null field (0: it must be there). */
static bool read_size_field(const config_section *s, const char *name, int64_t fallback, int64_t *out) {
    const cJSON *item = config_field(s, name);
    if (item == NULL && fallback > 0) {
        *out = fallback;
        return true;
    }
    if (item == NULL || !cJSON_IsNumber(item) || item->valuedouble < 1 || item->valuedouble > MAX_SIZE ||
        floor(item->valuedouble) != item->valuedouble) {
        return refuse_field(s, name, "it must be a whole number from 1 to 16777216");
    }
    *out = (int64_t)item->valuedouble;
    return true;
}

static bool read_positive_field(const config_section *s, const char *name, double fallback, double *out) {
    const cJSON *item = config_field(s, name);
    if (item == NULL) {
        *out = fallback;
        return true;
    }
    if (!cJSON_IsNumber(item) || !(item->valuedouble > 0) || !isfinite(item->valuedouble)) {
        return refuse_field(s, name, "it must be a number above 0");
    }
    *out = item->valuedouble;
    return true;
}

static bool read_bool_field(const config_section *s, const char *name, bool fallback, bool *out) {
    const cJSON *item = config_field(s, name);
    if (item != NULL && !cJSON_IsBool(item)) {
        return refuse_field(s, name, "it must be true or false");
    }
    *out = item != NULL ? cJSON_IsTrue(item) : fallback;
    return true;
}

/* Fields that must hold one value. `fallback` is what the public code takes when the field is absent. */
typedef struct {
    const char *name;
    const char *only;     /* as JSON: true, false, null, 0, or a word */
    const char *fallback; /* in the same spelling */
} fixed_field;

static bool check_fixed_fields(const config_section *s, const fixed_field *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->object, table[i].name);
        char *printed = NULL;
        const char *value = table[i].fallback;
        if (cJSON_IsString(item)) {
            value = item->valuestring;
        } else if (item != NULL) {
            printed = cJSON_PrintUnformatted(item);
            value = printed != NULL ? printed : "";
        }
        bool same = strcmp(value, table[i].only) == 0;
        cJSON_free(printed);
        if (!same) {
            char want[96];
            snprintf(want, sizeof want, "run_native computes only %s", table[i].only);
            return refuse_field(s, table[i].name, want);
        }
    }
    return true;
}

#define CHECK_FIXED(s, table) check_fixed_fields(s, table, sizeof(table) / sizeof((table)[0]))

static const fixed_field decoder_fixed[] = {
    {"activation_type", "swiglu", "swiglu"},
    {"alibi", "false", "false"},
    {"attention_layer_norm", "true", "false"},
    {"attention_type", "sdpa", "sdpa"},
    {"attn_logit_softcapping", "null", "null"},
    {"block_group_size", "1", "1"},
    {"block_type", "moe", "sequential"},
    {"clip_qkv", "null", "null"},
    {"final_logit_softcapping", "null", "null"},
    {"image_pooling_2d", "attention-meanq", "attention-meanq"},
    {"image_projector", "mlp", "mlp"},
    {"include_bias", "false", "true"},
    {"layer_norm_type", "rms", "default"},
    {"layer_norm_with_affine", "true", "true"},
    {"moe_interleave", "false", "false"},
    {"moe_shared_expert", "false", "false"},
    {"norm_after", "false", "false"},
    {"normalize_input_embeds", "false", "false"},
    {"qkv_bias", "false", "false"},
    {"rope", "true", "false"},
    {"rope_full_precision", "true", "true"},
    {"rope_impl", "llama", "cockatoo"},
    {"scale_logits", "false", "false"},
    {"unconditioned", "false", "false"},
    {"use_cls_feature", "false", "false"},
    {"use_position_ids", "true", "false"},
    {"weight_tying", "false", "true"},
};

static const fixed_field vision_fixed[] = {
    {"attention_dropout", "0", "0"},
    {"image_mlp_activations", "quick_gelu", "gelu"},
    {"image_model_type", "openai", "openai"},
};

/* Fields whose null means "the same as another one". */
static bool check_equal_field(const config_section *s, const char *name, int64_t only) {
    int64_t value = 0;
    if (!read_size_field(s, name, only, &value)) {
        return false;
    }
    char want[96];
    snprintf(want, sizeof want, "run_native computes only %lld here", (long long)only);
    return value == only || refuse_field(s, name, want);
}

/* Heads may share keys and values, as many with each. */
static bool read_kv_heads(const config_section *s, const char *name, int64_t heads, int64_t *out) {
    return read_size_field(s, name, heads, out) &&
           (heads % *out == 0 || refuse_field(s, name, "the number of heads must be a multiple of it"));
}

static bool read_decoder_config(const config_section *s, native_config *c) {
    int64_t ratio, hidden;
    if (!read_size_field(s, "d_model", 0, &c->d_model) || !read_size_field(s, "n_layers", 0, &c->layers) ||
        !read_size_field(s, "n_heads", 0, &c->heads) ||
        !read_size_field(s, "moe_num_experts", 0, &c->experts) ||
        !read_size_field(s, "mlp_ratio", 4, &ratio) ||
        !read_size_field(s, "mlp_hidden_size", ratio * c->d_model, &hidden) ||
        !read_size_field(s, "vocab_size", 0, &c->embeddings) ||
        !read_size_field(s, "embedding_size", c->embeddings, &c->embeddings) ||
        !read_size_field(s, "additional_vocab_size", 0, &c->additional) ||
        !read_size_field(s, "max_sequence_length", 1024, &c->positions) ||
        !read_size_field(s, "max_position_embeddings", c->positions, &c->positions) ||
        !read_positive_field(s, "layer_norm_eps", 1e-5, &c->norm_eps) ||
        !read_positive_field(s, "rope_theta", 10000.0, &c->rope_theta) ||
        !read_positive_field(s, "initializer_range", 0.02, &c->init_range) ||
        !read_bool_field(s, "float32_attention", true, &c->float32_attention) ||
        !CHECK_FIXED(s, decoder_fixed)) {
        return false;
    }
    const cJSON *eos = config_field(s, "eos_token_id");
    c->eos = -1;
    if (eos != NULL) {
        if (!cJSON_IsNumber(eos) || eos->valuedouble < 0 ||
            eos->valuedouble >= (double)(c->embeddings + c->additional) ||
            floor(eos->valuedouble) != eos->valuedouble) {
            return refuse_field(s, "eos_token_id", "it must be a token of the model");
        }
        c->eos = (int64_t)eos->valuedouble;
    }
    if (c->d_model % c->heads != 0 || (c->d_model / c->heads) % 2 != 0) {
        return refuse_field(s, "n_heads", "d_model must be n_heads times an even number");
    }
    c->head_dim = c->d_model / c->heads;
    if (c->experts > NATIVE_MAX_EXPERTS) {
        return refuse_field(s, "moe_num_experts", "run_native takes at most 1024");
    }
    if (hidden % 2 != 0) {
        return refuse_field(s, config_field(s, "mlp_hidden_size") != NULL ? "mlp_hidden_size" : "mlp_ratio",
                            "the inner width must be even");
    }
    c->expert_mlp = hidden / 2;
    bool norm_bias;
    if (!read_bool_field(s, "bias_for_layer_norm", false, &norm_bias)) {
        return false;
    }
    return (!norm_bias || refuse_field(s, "bias_for_layer_norm", "run_native computes only false")) &&
           read_kv_heads(s, "n_kv_heads", c->heads, &c->kv_heads) &&
           check_equal_field(s, "head_dim", c->head_dim);
}

static bool read_vision_config(const config_section *s, native_vision_config *v) {
    if (!CHECK_FIXED(s, vision_fixed) || !read_size_field(s, "image_num_layers", 0, &v->layers) ||
        !read_size_field(s, "image_emb_dim", 0, &v->width) ||
        !read_size_field(s, "image_num_heads", 0, &v->heads) ||
        !read_size_field(s, "image_head_dim", 0, &v->head_dim) ||
        !read_size_field(s, "image_mlp_dim", 0, &v->mlp) ||
        !read_size_field(s, "image_num_pos", 0, &v->positions) ||
        !read_size_field(s, "image_patch_size", 0, &v->patch) ||
        !read_positive_field(s, "image_norm_eps", 1e-5, &v->norm_eps) ||
        !read_positive_field(s, "initializer_range", 0.02, &v->init_range) ||
        !read_kv_heads(s, "image_num_key_value_heads", v->heads, &v->kv_heads)) {
        return false;
    }
    if (v->heads * v->head_dim != v->width) {
        return refuse_field(s, "image_head_dim",
                            "image_num_heads times image_head_dim must be image_emb_dim");
    }
    const cJSON *size = config_field(s, "image_default_input_size");
    const cJSON *h = cJSON_GetArrayItem(size, 0), *w = cJSON_GetArrayItem(size, 1);
    if (!cJSON_IsArray(size) || cJSON_GetArraySize(size) != 2 || !cJSON_IsNumber(h) || !cJSON_IsNumber(w) ||
        h->valueint < v->patch || w->valueint < v->patch || h->valueint > MAX_SIZE ||
        w->valueint > MAX_SIZE) {
        return refuse_field(s, "image_default_input_size",
                            "it must be two numbers, no smaller than image_patch_size");
    }
    v->grid_h = h->valueint / v->patch;
    v->grid_w = w->valueint / v->patch;
    v->patch_count = v->grid_h * v->grid_w;
    v->patch_dim = 3 * v->patch * v->patch;
    if (v->positions != v->patch_count + 1) {
        return refuse_field(s, "image_num_pos",
                            "it must be one more than the patches of image_default_input_size");
    }
    return true;
}

static bool read_pooling_config(const config_section *s, native_config *c) {
    if (!read_size_field(s, "image_pooling_h", 2, &c->pool_h) ||
        !read_size_field(s, "image_pooling_w", 2, &c->pool_w)) {
        return false;
    }
    if (c->vision.grid_h % c->pool_h != 0) {
        return refuse_field(s, "image_pooling_h", "the patches down must be a multiple of it");
    }
    if (c->vision.grid_w % c->pool_w != 0) {
        return refuse_field(s, "image_pooling_w", "the patches across must be a multiple of it");
    }
    c->tokens_per_crop = (c->vision.grid_h / c->pool_h) * (c->vision.grid_w / c->pool_w);
    const cJSON *padding = config_field(s, "image_padding_embed");
    c->padding_embed = padding != NULL;
    if (padding != NULL &&
        (!cJSON_IsString(padding) || strcmp(padding->valuestring, "pad_and_partial_pad") != 0)) {
        return refuse_field(s, "image_padding_embed", "run_native computes only pad_and_partial_pad or null");
    }
    const cJSON *layers = config_field(s, "vit_layers");
    c->vit_layer_count = cJSON_GetArraySize(layers);
    if (!cJSON_IsArray(layers) || c->vit_layer_count < 1 || c->vit_layer_count > NATIVE_MAX_VIT_LAYERS) {
        return refuse_field(s, "vit_layers", "it must be a list of 1 to 8 layers");
    }
    for (int i = 0; i < c->vit_layer_count; i++) {
        const cJSON *item = cJSON_GetArrayItem(layers, i);
        int64_t layer = cJSON_IsNumber(item) ? item->valueint : INT64_MIN / 2;
        layer += layer < 0 ? c->vision.layers : 0;
        if (layer < 0 || layer >= c->vision.layers) {
            return refuse_field(s, "vit_layers", "each must name one of the image_num_layers layers");
        }
        c->vit_layers[i] = layer;
    }
    return true;
}

bool native_config_parse(const char *name, const char *json, native_config *config, native_error *error) {
    memset(config, 0, sizeof *config);
    const char *slash = strrchr(name, '/');
    snprintf(config->name, sizeof config->name, "%s", slash != NULL ? slash + 1 : name);
    cJSON *root = cJSON_Parse(json);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return native_fail(error, NATIVE_EXIT_INPUT, "%s: not a JSON object: give a Molmo config.json", name);
    }
    config_section top = {name, "", root, error};
    config_section vision = {name, "vision_backbone.", config_field(&top, "vision_backbone"), error};
    bool ok = read_decoder_config(&top, config);
    if (ok && !cJSON_IsObject(vision.object)) {
        ok = refuse_field(&top, "vision_backbone", "it must be an object");
    }
    ok = ok && read_vision_config(&vision, &config->vision) && read_pooling_config(&top, config);
    cJSON_Delete(root);
    return ok;
}

static char *read_config_text(const char *path, native_error *error) {
    FILE *file = fopen(path, "rbe");
    char *text = calloc(1, MAX_CONFIG_BYTES + 1);
    size_t length = file != NULL && text != NULL ? fread(text, 1, MAX_CONFIG_BYTES, file) : 0;
    bool bad = file == NULL || text == NULL || ferror(file) != 0;
    if (bad) {
        native_fail(error, NATIVE_EXIT_INPUT, "cannot read %s: %s", path, strerror(errno));
    } else if (length == MAX_CONFIG_BYTES || strlen(text) != length) {
        bad = !native_fail(error, NATIVE_EXIT_INPUT, "%s: not a JSON object: give a Molmo config.json", path);
    }
    if (file != NULL) {
        fclose(file);
    }
    if (bad) {
        free(text);
        text = NULL;
    }
    return text;
}

bool native_config_load(const char *name_or_path, native_config *config, native_error *error) {
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
        if (strcmp(name_or_path, builtins[i].name) == 0) {
            return native_config_parse(builtins[i].name, builtins[i].json, config, error);
        }
    }
    char *text = read_config_text(name_or_path, error);
    if (text == NULL) {
        return false;
    }
    bool ok = native_config_parse(name_or_path, text, config, error);
    free(text);
    return ok;
}
