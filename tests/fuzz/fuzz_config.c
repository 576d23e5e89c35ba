/* Fuzz target for what comes with a model: config.json, as run_native and as the analyser read it, and the
 * header of a safetensors file. Whatever the bytes are, they are read or refused with one line. */
#include "analysis/base/alloc.h"
#include "analysis/costmodel/model_flops.h"
#include "native/config.h"
#include "native/safetensors.h"
#include "tests/fuzz/fuzz.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void check_error(bool good, const native_error *error) {
    fuzz_check(good || (error->text[0] && !strchr(error->text, '\n')), "an end that is none");
}

/* A tensor that is found lies in the file. */
static void find_all(const native_safetensors *file) {
    const cJSON *item;
    cJSON_ArrayForEach(item, (const cJSON *)file->header) {
        native_entry entry;
        native_error error = {0};
        bool found = native_safetensors_find(file, item->string, &entry, &error);
        check_error(found, &error);
        const char *data = found ? entry.data : NULL, *map = file->map;
        fuzz_check(!found || (data >= map && entry.bytes <= file->bytes &&
                              (size_t)(data - map) <= file->bytes - entry.bytes),
                   "a tensor outside of its file");
    }
}

static void read_config(const uint8_t *data, size_t size) {
    native_config config;
    native_error error = {0};
    costmodel_model model;
    char line[TRACE_ERROR_BYTES] = "";
    char *text = base_copy((const char *)data, size);
    check_error(native_config_parse("fuzz", text, &config, &error), &error);
    fuzz_check_end(costmodel_model_parse(&model, "fuzz", text, size, line), line);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] == '{') {
        read_config(data, size);
        return 0;
    }
    native_safetensors file;
    native_error error = {0};
    bool good = native_safetensors_open(&file, fuzz_file(data, size), &error);
    check_error(good, &error);
    if (good) {
        find_all(&file);
        native_safetensors_close(&file);
    }
    return 0;
}
