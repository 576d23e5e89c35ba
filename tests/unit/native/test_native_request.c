/* run_native's request: the default one byte for byte as the public processor makes it, and files of all
 * shapes. */
#include "native/request.h"

#include "native/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* FNV-1a, 64 bits. */
static uint64_t digest(const void *data, size_t bytes) {
    const unsigned char *p = data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ p[i]) * 0x100000001b3u;
    }
    return hash;
}

/* The digests are of the tensors that the public processor made (image_input_idx widened to 64 bits). */
static void default_request(void **state) {
    (void)state;
    native_config c;
    native_request r;
    native_error e = {0};
    assert_true(native_config_load("molmoe-1b", &c, &e));
    assert_true(native_request_default(&r, &c, &e));
    assert_int_equal(r.tokens, 326);
    assert_int_equal(r.crops, 2);
    assert_true(digest(r.input_ids, (size_t)r.tokens * sizeof *r.input_ids) == 0xd74085135fef1bf2u);
    assert_true(digest(r.images, sizeof(float) * 2 * 576 * 588) == 0xeb39c5b3279b0325u);
    assert_true(digest(r.masks, sizeof(float) * 2 * 576) == 0xbc31245178915725u);
    assert_true(digest(r.image_index, sizeof(int64_t) * 2 * 144) == 0x59ab988894c6369au);
    native_request_free(&r);
}

static void folded(void **state) {
    (void)state;
    native_config c;
    native_request r;
    native_error e = {0};
    assert_true(native_config_load("small", &c, &e));
    c.embeddings = 90;
    c.additional = 10;
    assert_true(native_request_default(&r, &c, &e));
    assert_int_equal(r.input_ids[0], 79);
    for (int64_t i = 0; i < r.tokens; i++) {
        assert_in_range(r.input_ids[i], 0, 99);
    }
    native_request_free(&r);
    c.vision.patch = 16;
    assert_false(native_request_default(&r, &c, &e));
    assert_int_equal(e.status, NATIVE_EXIT_INPUT);
}

/* A geometry small enough to write out: one crop of 2 patches, of 3 values each, giving 1 feature. */
static void tiny(native_config *c) {
    memset(c, 0, sizeof *c);
    c->embeddings = 8;
    c->additional = 2;
    c->tokens_per_crop = 1;
    c->vision.patch_count = 2;
    c->vision.patch_dim = 3;
}

static const float pixels[] = {0, 1, 2, 3, 4, 5}, masks[] = {1, 0.5F};
static const int64_t ids[] = {1, 9, 3}, places[] = {-100};
static const int32_t short_ids[] = {1, 9, 3};

/* Writes four tensors, one of them replaced, and loads them. */
static bool load_with(const native_written *other, native_request *r, native_error *e) {
    native_written tensors[] = {
        {.name = "input_ids", .dtype = "I64", .ndim = 1, .size = {3}, .data = ids},
        {.name = "images", .dtype = "F32", .ndim = 3, .size = {1, 2, 3}, .data = pixels},
        {.name = "image_masks", .dtype = "F32", .ndim = 2, .size = {1, 2}, .data = masks},
        {.name = "image_input_idx", .dtype = "I64", .ndim = 2, .size = {1, 1}, .data = places},
    };
    for (size_t i = 0; i < 4 && other != NULL; i++) {
        if (strcmp(tensors[i].name, other->name) == 0) {
            tensors[i] = *other;
        }
    }
    char path[128];
    native_config c;
    tiny(&c);
    snprintf(path, sizeof path, "/tmp/test_native_request.%d", (int)getpid());
    memset(e, 0, sizeof *e);
    assert_true(native_safetensors_write(path, tensors, 4, e));
    bool ok = native_request_load(r, path, &c, e);
    unlink(path);
    return ok;
}

static void shapes(void **state) {
    (void)state;
    static const native_written good[] = {
        {.name = "input_ids", .dtype = "I64", .ndim = 2, .size = {1, 3}, .data = ids},
        {.name = "input_ids", .dtype = "I32", .ndim = 1, .size = {3}, .data = short_ids},
        {.name = "images", .dtype = "F32", .ndim = 4, .size = {1, 1, 2, 3}, .data = pixels},
        {.name = "image_masks", .dtype = "F32", .ndim = 3, .size = {1, 1, 2}, .data = masks},
    };
    static const int64_t wild[] = {1, 10, 3}, padded[] = {1, -1, 3};
    static const native_written bad[] = {
        {.name = "input_ids", .dtype = "I64", .ndim = 1, .size = {3}, .data = wild},
        {.name = "input_ids", .dtype = "I64", .ndim = 1, .size = {3}, .data = padded},
        {.name = "input_ids", .dtype = "F32", .ndim = 1, .size = {3}, .data = pixels},
        {.name = "input_ids", .dtype = "I64", .ndim = 1, .size = {0}, .data = ids},
        {.name = "input_ids", .dtype = "I64", .ndim = 2, .size = {3, 1}, .data = ids},
        {.name = "images", .dtype = "F32", .ndim = 3, .size = {1, 3, 2}, .data = pixels},
        {.name = "images", .dtype = "I32", .ndim = 3, .size = {1, 2, 3}, .data = pixels},
        {.name = "images", .dtype = "F32", .ndim = 3, .size = {0, 2, 3}, .data = pixels},
        {.name = "image_masks", .dtype = "F32", .ndim = 2, .size = {2, 1}, .data = masks},
        {.name = "image_input_idx", .dtype = "F32", .ndim = 2, .size = {1, 1}, .data = pixels},
    };
    native_request r;
    native_error e;
    assert_true(load_with(NULL, &r, &e));
    native_request_free(&r);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(load_with(&good[i], &r, &e));
        assert_int_equal(r.tokens, 3);
        assert_int_equal(r.input_ids[1], 9);
        assert_int_equal(r.image_index[0], -100);
        assert_true(r.images[5] == 5 && r.masks[1] == 0.5F);
        native_request_free(&r);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (load_with(&bad[i], &r, &e) || e.status != NATIVE_EXIT_INPUT ||
            strstr(e.text, bad[i].name) == NULL) {
            fail_msg("%zu: %s", i, e.text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_request),
        cmocka_unit_test(folded),
        cmocka_unit_test(shapes),
    };
    return cmocka_run_group_tests_name("native request", tests, NULL, NULL);
}
