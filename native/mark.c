/* The mark that names the model; see mark.h. */
#include "native/mark.h"

#include <cjson/cJSON.h>
#include <nvtx3/nvToolsExt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The prefix and the object, which is freed. */
static char *mark_text(const char *prefix, cJSON *object) {
    char *json = cJSON_PrintUnformatted(object), *text = NULL;
    if (json != NULL) {
        size_t room = strlen(prefix) + strlen(json) + 1;
        text = cJSON_malloc(room);
        if (text != NULL) {
            snprintf(text, room, "%s%s", prefix, json);
        }
    }
    cJSON_free(json);
    cJSON_Delete(object);
    return text;
}

static void add_mark_number(cJSON *object, const char *name, int64_t value) {
    cJSON_AddNumberToObject(object, name, (double)value);
}

/* The sizes under the names that they have in config.json. */
static cJSON *config_as_json(const native_config *c) {
    cJSON *config = cJSON_CreateObject(), *layers = cJSON_AddArrayToObject(config, "vit_layers");
    add_mark_number(config, "d_model", c->d_model);
    add_mark_number(config, "n_layers", c->layers);
    add_mark_number(config, "n_heads", c->heads);
    add_mark_number(config, "moe_num_experts", c->experts);
    add_mark_number(config, "mlp_hidden_size", 2 * c->expert_mlp);
    add_mark_number(config, "vocab_size", c->embeddings);
    add_mark_number(config, "additional_vocab_size", c->additional);
    add_mark_number(config, "image_pooling_h", c->pool_h);
    add_mark_number(config, "image_pooling_w", c->pool_w);
    if (c->padding_embed) {
        cJSON_AddStringToObject(config, "image_padding_embed", "pad_and_partial_pad");
    }
    for (int i = 0; i < c->vit_layer_count; i++) {
        cJSON_AddItemToArray(layers, cJSON_CreateNumber((double)c->vit_layers[i]));
    }
    const native_vision_config *v = &c->vision;
    cJSON *vision = cJSON_AddObjectToObject(config, "vision_backbone");
    cJSON *size = cJSON_AddArrayToObject(vision, "image_default_input_size");
    cJSON_AddItemToArray(size, cJSON_CreateNumber((double)(v->grid_h * v->patch)));
    cJSON_AddItemToArray(size, cJSON_CreateNumber((double)(v->grid_w * v->patch)));
    add_mark_number(vision, "image_num_layers", v->layers);
    add_mark_number(vision, "image_emb_dim", v->width);
    add_mark_number(vision, "image_num_heads", v->heads);
    add_mark_number(vision, "image_mlp_dim", v->mlp);
    add_mark_number(vision, "image_num_pos", v->positions);
    add_mark_number(vision, "image_patch_size", v->patch);
    return config;
}

char *native_mark_text(const native_config *config, const native_options *options, native_dtype dtype,
                       int64_t prompt_tokens, int64_t crops) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "name", config->name);
    cJSON_AddStringToObject(root, "dtype", native_dtype_name(dtype));
    cJSON_AddStringToObject(root, "moe", native_moe_mode_name(options->moe));
    if (prompt_tokens >= 0) {
        add_mark_number(root, "prompt_tokens", prompt_tokens);
    }
    add_mark_number(root, "new_tokens", options->new_tokens);
    if (crops >= 0) {
        add_mark_number(root, "crops", crops);
    }
    cJSON_AddItemToObject(root, "config", config_as_json(config));
    return mark_text("model=", root);
}

static void emit_mark(const char *text) {
    static nvtxDomainHandle_t domain;
    nvtxEventAttributes_t mark = {.version = NVTX_VERSION,
                                  .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                  .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                  .message.ascii = text};
    domain = domain != NULL ? domain : nvtxDomainCreateA("run_native");
    nvtxDomainMarkEx(domain, &mark);
}

void native_mark_model(const native_config *config, const native_options *options, native_dtype dtype,
                       int64_t prompt_tokens, int64_t crops) {
    char *text = native_mark_text(config, options, dtype, prompt_tokens, crops);
    if (text != NULL) {
        emit_mark(text);
    }
    cJSON_free(text);
}

void native_mark_request(int64_t index, const native_request *request, int64_t new_tokens) {
    cJSON *root = cJSON_CreateObject();
    add_mark_number(root, "request", index);
    cJSON_AddStringToObject(root, "name", request->name);
    add_mark_number(root, "prompt_tokens", request->tokens);
    add_mark_number(root, "new_tokens", new_tokens);
    add_mark_number(root, "crops", request->crops);
    if (request->image_height > 0) {
        add_mark_number(root, "image_height", request->image_height);
        add_mark_number(root, "image_width", request->image_width);
    }
    char *text = mark_text("request=", root);
    if (text != NULL) {
        emit_mark(text);
    }
    cJSON_free(text);
}
