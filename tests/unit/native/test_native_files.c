/* run_native's files: safetensors read and written, and every way in which one can be damaged. */
#include "native/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "/tmp/test_native_files.%d.%s", (int)getpid(), name);
    return path;
}

static void save(const char *header, size_t claimed, size_t data_bytes) {
    FILE *out = fopen(path_of("st"), "wb");
    assert_non_null(out);
    for (int i = 0; i < 8; i++) {
        fputc((int)(claimed >> (8 * i) & 0xff), out);
    }
    fputs(header, out);
    for (size_t i = 0; i < data_bytes; i++) {
        fputc((int)i, out);
    }
    fclose(out);
}

static bool opens(native_error *error) {
    native_safetensors file;
    memset(error, 0, sizeof *error);
    bool ok = native_safetensors_open(&file, path_of("st"), error);
    if (ok) {
        native_safetensors_close(&file);
    }
    unlink(path_of("st"));
    return ok;
}

static void round_trip(void **state) {
    (void)state;
    const float numbers[] = {1, 2, 3, 4, 5, 6};
    const int64_t whole[] = {-7};
    native_written tensors[] = {{.name = "a", .dtype = "F32", .ndim = 2, .size = {2, 3}, .data = numbers},
                                {.name = "b", .dtype = "I64", .ndim = 1, .size = {1}, .data = whole}};
    native_error e = {0};
    assert_true(native_safetensors_write(path_of("st"), tensors, 2, &e));
    native_safetensors file;
    assert_true(native_safetensors_open(&file, path_of("st"), &e));
    native_entry entry;
    assert_true(native_safetensors_find(&file, "a", &entry, &e));
    assert_string_equal(entry.dtype, "F32");
    assert_int_equal(entry.ndim, 2);
    assert_int_equal(entry.size[1], 3);
    assert_memory_equal(entry.data, numbers, sizeof numbers);
    assert_true(native_safetensors_find(&file, "b", &entry, &e));
    assert_memory_equal(entry.data, whole, sizeof whole);
    assert_false(native_safetensors_find(&file, "c", &entry, &e));
    assert_non_null(strstr(e.text, "has no tensor c"));
    native_safetensors_close(&file);
    unlink(path_of("st"));
}

static void damage(void **state) {
    (void)state;
    static const char good[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    native_error e;
    save(good, strlen(good), 8);
    assert_true(opens(&e));
    save(good, strlen(good), 7);
    assert_false(opens(&e));
    assert_non_null(strstr(e.text, "cut"));
    save(good, strlen(good) + 1000, 8);
    assert_false(opens(&e));
    save(good, SIZE_MAX, 8);
    assert_false(opens(&e));
    save(good, strlen(good) - 1, 8);
    assert_false(opens(&e));
    static const char *const bad[] = {
        "{\"a\":7}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4503599627370496,4503599627370496],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} x",
        " {\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2e0],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        ("{\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[5,8]}}"),
        ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[5,8]}}"),
        ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}"),
        ("{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}}"),
        "{\"__metadata__\":{\"a\":1},\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        ("{\"__metadata__\":{},\"__metadata__\":{},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}"),
        "{\"a\\u0000\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\\ud800\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\n\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{}",
        "[]",
        "{",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        save(bad[i], strlen(bad[i]), 8);
        if (opens(&e) || e.status != NATIVE_EXIT_INPUT) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

/* What the format allows: any order, empty tensors, scalars, metadata, escapes, spaces at the end. */
static void allowed(void **state) {
    (void)state;
    static const char *const good[] = {
        ("{\"b\":{\"data_offsets\":[4,8],\"shape\":[],\"dtype\":\"F32\"},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}"),
        "{ \"a\" : {\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[0,8]} ,\t"
        "\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[8,8]},\"__metadata__\":{\"format\":"
        "\"pt\"}}    ",
        "{\"\\u00e9\\ud83d\\ude00\\n\":{\"dtype\":\"BF16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}",
    };
    native_error e;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        save(good[i], strlen(good[i]), 8);
        if (!opens(&e)) {
            fail_msg("%s: %s", e.text, good[i]);
        }
    }
    native_safetensors file;
    save(good[2], strlen(good[2]), 8);
    memset(&e, 0, sizeof e);
    assert_true(native_safetensors_open(&file, path_of("st"), &e));
    native_entry entry;
    assert_true(native_safetensors_find(&file, "\xc3\xa9\xf0\x9f\x98\x80\n", &entry, &e));
    assert_int_equal(entry.stride[0], 2);
    native_safetensors_close(&file);
    unlink(path_of("st"));
}

/* A header of more than 100 MB in a file that is long enough; it takes no room on the disk. */
static void long_header(void **state) {
    (void)state;
    save("{}", 100000001, 0);
    assert_int_equal(truncate(path_of("st"), 100000100), 0);
    native_error e;
    assert_false(opens(&e));
    assert_non_null(strstr(e.text, "at most 100000000"));
}

static void no_file(void **state) {
    (void)state;
    native_safetensors file;
    native_error e = {0};
    assert_false(native_safetensors_open(&file, "/nonexistent", &e));
    assert_int_equal(e.status, NATIVE_EXIT_INPUT);
    memset(&e, 0, sizeof e);
    assert_false(native_safetensors_open(&file, "/tmp", &e));
    memset(&e, 0, sizeof e);
    assert_false(native_safetensors_write("/nonexistent/x", NULL, 0, &e));
    assert_int_equal(e.status, NATIVE_EXIT_INPUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),  cmocka_unit_test(damage),  cmocka_unit_test(allowed),
        cmocka_unit_test(long_header), cmocka_unit_test(no_file),
    };
    return cmocka_run_group_tests_name("native files", tests, NULL, NULL);
}
