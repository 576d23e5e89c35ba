/* Reading shapes, and the formulas of model_flops.h. */
#include "analysis/costmodel/model_flops.h"

#include "analysis/base/alloc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20) /* bytes of a config.json */
#define SIZE_BIG (1 << 24) /* no size is greater */

/* allenai/MolmoE-1B-0924, the fields that shapes depend on. */
static const char molmoe_1b[] =
    "{\"d_model\":2048,\"n_layers\":16,\"n_heads\":16,\"moe_num_experts\":64,\"moe_top_k\":8,\"mlp_ratio\":1,"
    "\"embedding_size\":50304,\"vocab_size\":50280,\"block_type\":\"moe\",\"image_pooling_h\":2,"
    "\"image_pooling_w\":2,\"image_padding_embed\":\"pad_and_partial_pad\",\"vit_layers\":[-2,-9],"
    "\"vision_backbone\":{\"image_emb_dim\":1024,\"image_mlp_dim\":4096,\"image_num_layers\":23,"
    "\"image_num_heads\":16,\"image_patch_size\":14,\"image_default_input_size\":[336,336],"
    "\"image_num_pos\":577}}";

/* One object of the file, and what its fields are called in messages. */
typedef struct {
    const char *file, *prefix;
    const cJSON *object;
    char *error;
} section;

static int refuse_field(const section *s, const char *field, const char *want) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->object, field);
    char *value = item ? cJSON_PrintUnformatted(item) : NULL;
    snprintf(s->error, TRACE_ERROR_BYTES, "%.200s: field %s%s is %.80s: %s", s->file, s->prefix, field,
             value ? value : "missing", want);
    cJSON_free(value);
    return -1;
}

/* A whole number from 1; `fallback` stands for an absent or null field (0: it must be there; negative: it is
 * 0). */
static int read_size(const section *s, const char *field, double fallback, double *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->object, field);
    if (!item || cJSON_IsNull(item)) {
        *value = fallback > 0 ? fallback : 0;
        return fallback != 0 ? 0 : refuse_field(s, field, "it must be a whole number from 1");
    }
    *value = item->valuedouble;
    if (!cJSON_IsNumber(item) || *value < 1 || *value > SIZE_BIG || floor(*value) != *value) {
        return refuse_field(s, field, "it must be a whole number from 1 to 16777216");
    }
    return 0;
}

/* Fields that would make the formulas wrong, with the only value that they hold for. */
static int check_kind(const section *s) {
    static const struct {
        const char *field, *only;
    } kinds[] = {{"block_type", "\"moe\""},
                 {"activation_type", "\"swiglu\""},
                 {"moe_shared_expert", "false"},
                 {"moe_interleave", "false"},
                 {"image_pooling_2d", "\"attention-meanq\""},
                 {"image_projector", "\"mlp\""},
                 {"use_cls_feature", "false"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->object, kinds[i].field);
        char *value = item && !cJSON_IsNull(item) ? cJSON_PrintUnformatted(item) : NULL;
        bool same = !value || strcmp(value, kinds[i].only) == 0;
        cJSON_free(value);
        if (!same) {
            char want[96];
            snprintf(want, sizeof want, "costs are known for %s only", kinds[i].only);
            return refuse_field(s, kinds[i].field, want);
        }
    }
    return 0;
}

static int read_decoder(const section *s, costmodel_model *m) {
    double ratio, hidden, kv_heads, words;
    if (check_kind(s) != 0 || read_size(s, "d_model", 0, &m->width) != 0 ||
        read_size(s, "n_layers", 0, &m->layers) != 0 || read_size(s, "n_heads", 0, &m->heads) != 0 ||
        read_size(s, "n_kv_heads", m->heads, &kv_heads) != 0 ||
        read_size(s, "moe_num_experts", 0, &m->experts) != 0 || read_size(s, "mlp_ratio", 4, &ratio) != 0 ||
        read_size(s, "mlp_hidden_size", ratio * m->width, &hidden) != 0 ||
        read_size(s, "moe_top_k", -1, &m->top_k) != 0 || read_size(s, "vocab_size", 0, &words) != 0 ||
        read_size(s, "embedding_size", words, &m->vocabulary) != 0) {
        return -1;
    }
    m->head_dim = m->width / m->heads;
    m->kv_width = kv_heads * m->head_dim;
    m->expert_width = hidden / 2;
    if (floor(m->head_dim) != m->head_dim) {
        return refuse_field(s, "n_heads", "d_model must be a multiple of it");
    }
    return floor(m->expert_width) == m->expert_width
               ? 0
               : refuse_field(s, "mlp_hidden_size", "the inner width must be even");
}

/* Patches down or across. */
static double patches_along(const section *s, int index, double patch) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(s->object, "image_default_input_size");
    const cJSON *item = cJSON_GetArrayItem(list, index);
    return cJSON_IsNumber(item) && item->valuedouble <= SIZE_BIG ? floor(item->valuedouble / patch) : 0;
}

static int read_vision(const section *top, const section *s, costmodel_model *m) {
    double patch, pool_h, pool_w, heads, kv_heads;
    if (read_size(s, "image_num_layers", 0, &m->vision.layers) != 0 ||
        read_size(s, "image_emb_dim", 0, &m->vision.width) != 0 ||
        read_size(s, "image_mlp_dim", 0, &m->vision.mlp) != 0 ||
        read_size(s, "image_num_heads", 0, &heads) != 0 ||
        read_size(s, "image_num_key_value_heads", heads, &kv_heads) != 0 ||
        read_size(s, "image_patch_size", 0, &patch) != 0 ||
        read_size(s, "image_num_pos", 0, &m->vision.positions) != 0 ||
        read_size(top, "image_pooling_h", 2, &pool_h) != 0 ||
        read_size(top, "image_pooling_w", 2, &pool_w) != 0) {
        return -1;
    }
    double down = patches_along(s, 0, patch), across = patches_along(s, 1, patch);
    int features = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(top->object, "vit_layers"));
    if (kv_heads != heads) {
        return refuse_field(s, "image_num_key_value_heads",
                            "costs are known for image_num_heads of them only");
    }
    if (down * across + 1 != m->vision.positions || fmod(down, pool_h) != 0 || fmod(across, pool_w) != 0) {
        return refuse_field(s, "image_default_input_size",
                            "its patches must be image_num_pos less one, and fall into windows of pooling");
    }
    if (features < 1) {
        return refuse_field(top, "vit_layers", "it must be a list of layers");
    }
    m->vision.present = true;
    m->vision.patches = down * across;
    m->vision.patch_width = 3 * patch * patch;
    m->vision.feature_width = features * m->vision.width;
    m->vision.window = pool_h * pool_w;
    m->vision.windows = m->vision.patches / m->vision.window;
    m->vision.padding = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(top->object, "image_padding_embed"));
    return 0;
}

int costmodel_model_parse(costmodel_model *model, const char *name, const char *json, size_t len,
                          char error[TRACE_ERROR_BYTES]) {
    memset(model, 0, sizeof *model);
    const char *slash = strrchr(name, '/');
    snprintf(model->name, sizeof model->name, "%s", slash ? slash + 1 : name);
    cJSON *root = cJSON_ParseWithLength(json, len);
    section top = {name, "", root, error};
    section vision = {name, "vision_backbone.", cJSON_GetObjectItemCaseSensitive(root, "vision_backbone"),
                      error};
    int rc = -1;
    if (!cJSON_IsObject(root)) {
        snprintf(error, TRACE_ERROR_BYTES, "%.300s: not a JSON object: give a Molmo config.json", name);
    } else {
        rc = read_decoder(&top, model);
        if (rc == 0 && cJSON_IsObject(vision.object)) {
            rc = read_vision(&top, &vision, model);
        }
    }
    cJSON_Delete(root);
    return rc;
}

int costmodel_model_load(costmodel_model *model, const char *path, char error[TRACE_ERROR_BYTES]) {
    if (strcmp(path, "molmoe-1b") == 0) {
        return costmodel_model_parse(model, path, molmoe_1b, strlen(molmoe_1b), error);
    }
    FILE *f = fopen(path, "re");
    char *text = base_alloc(FILE_MAX + 1, 1);
    size_t len = f ? fread(text, 1, FILE_MAX + 1, f) : 0;
    int rc = -1;
    if (!f || ferror(f)) {
        snprintf(error, TRACE_ERROR_BYTES, "%.300s: the configuration cannot be read: %s", path,
                 strerror(errno));
    } else if (len > FILE_MAX) {
        snprintf(error, TRACE_ERROR_BYTES, "%.300s: longer than 1 MiB: give a Molmo config.json", path);
    } else {
        rc = costmodel_model_parse(model, path, text, len, error);
    }
    if (f) {
        fclose(f);
    }
    free(text);
    return rc;
}

/* ---- Costs ---- */

static void add_part_cost(costmodel_phase_cost *cost, names_part part, double flops, double weight_bytes,
                          double kv_bytes) {
    costmodel_cost *const to[] = {&cost->parts[part], &cost->all};
    for (int i = 0; i < 2; i++) {
        to[i]->flops += flops;
        to[i]->weight_bytes += weight_bytes;
        to[i]->kv_bytes += kv_bytes;
    }
}

void costmodel_model_vision(const costmodel_model *model, double crops, double bytes,
                            costmodel_phase_cost *cost) {
    double w = model->vision.width, m = model->vision.mlp, layers = model->vision.layers;
    double P = model->vision.positions, Q = model->vision.patches, q = model->vision.patch_width;
    double f = model->vision.feature_width, R = model->vision.windows, s = model->vision.window;
    double d = model->width, h = model->expert_width;
    double flops = 2 * Q * q * w + layers * (8 * P * w * w + 4 * P * P * w + 4 * P * w * m) +
                   R * (2 * f * w + 4 * s * f * w + 4 * s * w + 2 * w * w) + R * (4 * w * h + 2 * h * d);
    double weights = q * w + w + P * w + 2 * w + layers * (4 * w * w + 4 * w + 2 * w * m + m + w + 4 * w) +
                     3 * (f * w + w) + w * w + w + (model->vision.padding ? 2 * f : 0) + 2 * w * h + h * d;
    add_part_cost(cost, NAMES_PART_VISION, crops * flops, weights * bytes, 0);
}

void costmodel_model_step(const costmodel_model *model, double tokens, double past, double rows,
                          double active, double bytes, costmodel_phase_cost *cost) {
    double n = tokens, p = past, d = model->width, v = model->kv_width, h = model->expert_width;
    double layers = model->layers;
    add_part_cost(
        cost, NAMES_PART_ATTENTION, layers * (2 * n * d * (d + 2 * v) + 4 * n * (p + n) * d + 2 * n * d * d),
        layers * bytes * (d * (d + 2 * v) + d * d + 3 * d), layers * bytes * (2 * v * n + 2 * v * (p + n)));
    add_part_cost(cost, NAMES_PART_ROUTER, layers * 2 * n * d * model->experts,
                  layers * bytes * d * model->experts, 0);
    add_part_cost(cost, NAMES_PART_EXPERT, layers * 6 * rows * d * h, layers * bytes * 3 * active * d * h, 0);
    add_part_cost(cost, NAMES_PART_NORM, 0, layers * bytes * d, 0);
    add_part_cost(cost, NAMES_PART_EMBEDDING, 0, bytes * n * d, 0);
    add_part_cost(cost, NAMES_PART_HEAD, 2 * d * model->vocabulary, bytes * (d * model->vocabulary + d), 0);
}

void costmodel_model_decode(const costmodel_model *model, double steps, double past, double rows,
                            double active, double bytes, costmodel_phase_cost *cost) {
    costmodel_phase_cost one = {0};
    /* All but the cache grow with the number of steps alone, and the cache by one token a step: the middle
     * step costs the mean. */
    costmodel_model_step(model, 1, past + (steps - 1) / 2, rows, active, bytes, &one);
    for (int part = 0; part < NAMES_PARTS; part++) {
        add_part_cost(cost, (names_part)part, steps * one.parts[part].flops,
                      steps * one.parts[part].weight_bytes, steps * one.parts[part].kv_bytes);
    }
}

double costmodel_model_active(const costmodel_model *model, double k, double tokens) {
    double missed = k < model->experts ? pow(1 - k / model->experts, tokens) : 0;
    return model->experts * (1 - missed);
}
