/* run_native's configurations: the built-in ones, the public one's sizes, and what is refused by name. */
#include "native/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void full_size(void **state) {
    (void)state;
    native_config c;
    native_error e = {0};
    assert_true(native_config_load("molmoe-1b", &c, &e));
    assert_int_equal(c.d_model, 2048);
    assert_int_equal(c.head_dim, 128);
    assert_int_equal(c.expert_mlp, 1024);
    assert_int_equal(c.embeddings + c.additional, 50432);
    assert_int_equal(c.vit_layers[0], 21);
    assert_int_equal(c.vit_layers[1], 14);
    assert_int_equal(c.tokens_per_crop, 144);
    assert_int_equal(c.vision.patch_dim, 588);
    assert_true(native_config_load("small", &c, &e));
    assert_int_equal(c.experts, 64);
    assert_int_equal(e.status, 0);
}

/* The built-in configuration as the public file spells it, with one field replaced or added. */
static bool parse_with(const char *field, native_error *error) {
    static const char rest[] =
        "\"activation_type\":\"swiglu\",\"additional_vocab_size\":16,\"attention_layer_norm\":true,"
        "\"block_type\":\"moe\",\"embedding_size\":256,\"head_dim\":null,\"image_padding_embed\":null,"
        "\"include_bias\":false,\"layer_norm_type\":\"rms\",\"max_position_embeddings\":512,\"mlp_ratio\":1,"
        "\"moe_num_experts\":8,\"n_heads\":4,\"n_kv_heads\":null,\"n_layers\":2,\"d_model\":64,\"rope\":true,"
        "\"rope_impl\":\"llama\",\"use_position_ids\":true,\"vit_layers\":[-2,-3],\"vocab_size\":250,"
        "\"weight_tying\":false,\"vision_backbone\":{\"image_default_input_size\":[336,336],\"image_emb_"
        "dim\":32,"
        "\"image_head_dim\":8,\"image_mlp_activations\":\"quick_gelu\",\"image_mlp_dim\":64,\"image_num_"
        "heads\":4,"
        "\"image_num_key_value_heads\":4,\"image_num_layers\":4,\"image_num_pos\":577,\"image_patch_size\":"
        "14}}";
    char text[4096];
    native_config c;
    /* The first of two equal names is the one that is found. */
    snprintf(text, sizeof text, "{%s%s%s", field, field[0] != '\0' ? "," : "", rest);
    memset(error, 0, sizeof *error);
    return native_config_parse("somewhere/config.json", text, &c, error);
}

static void refusals(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"\"rope_impl\":\"cockatoo\"", "rope_impl"},
        {"\"weight_tying\":true", "weight_tying"},
        {"\"clip_qkv\":8", "clip_qkv"},
        {"\"n_kv_heads\":3", "n_kv_heads"},
        {"\"head_dim\":32", "head_dim"},
        {"\"n_heads\":5", "n_heads"},
        {"\"d_model\":0", "d_model"},
        {"\"d_model\":64.5", "d_model"},
        {"\"d_model\":\"64\"", "d_model"},
        {"\"d_model\":null", "d_model"},
        {"\"mlp_hidden_size\":33", "mlp_hidden_size"},
        {"\"moe_num_experts\":2000", "moe_num_experts"},
        {"\"bias_for_layer_norm\":true", "bias_for_layer_norm"},
        {"\"norm_after\":true", "norm_after"},
        {"\"attention_type\":\"flash\"", "attention_type"},
        {"\"vit_layers\":[-5]", "vit_layers"},
        {"\"vit_layers\":[]", "vit_layers"},
        {"\"vit_layers\":null", "vit_layers"},
        {"\"image_pooling_h\":5", "image_pooling_h"},
        {"\"image_padding_embed\":\"regress\"", "image_padding_embed"},
        {"\"float32_attention\":1", "float32_attention"},
        {"\"layer_norm_eps\":-1", "layer_norm_eps"},
        {"\"vision_backbone\":7", "vision_backbone"},
        {"\"vision_backbone\":{\"attention_dropout\":0.1}", "vision_backbone.attention_dropout"},
        {"\"vision_backbone\":{}", "vision_backbone.image_mlp_activations"},
    };
    native_error e;
    assert_true(parse_with("", &e));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char named[64];
        snprintf(named, sizeof named, "field %s is ", bad[i][1]);
        if (parse_with(bad[i][0], &e) || e.status != NATIVE_EXIT_INPUT || strstr(e.text, named) == NULL) {
            fail_msg("%s: %s", bad[i][0], e.text);
        }
    }
}

static void not_json(void **state) {
    (void)state;
    native_config c;
    static const char *const bad[] = {"", "[]", "{", "null", "{\"d_model\":"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        native_error e = {0};
        assert_false(native_config_parse("x", bad[i], &c, &e));
        assert_int_equal(e.status, NATIVE_EXIT_INPUT);
    }
    native_error e = {0};
    assert_false(native_config_load("/nonexistent/config.json", &c, &e));
    assert_non_null(strstr(e.text, "/nonexistent/config.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_size),
        cmocka_unit_test(refusals),
        cmocka_unit_test(not_json),
    };
    return cmocka_run_group_tests_name("native config", tests, NULL, NULL);
}
