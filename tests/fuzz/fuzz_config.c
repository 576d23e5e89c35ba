/* Fuzz target for what comes with a model: config.json, as run_native and as the analyser read it, and the
 * header of a safetensors file. Whatever the bytes are, they are read or refused with one line. */
#include "analysis/base/alloc.h"
#include "analysis/costmodel/model_flops.h"
#include "native/config.h"
#include "native/safetensors.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_error(bool good, const native_error *error) {
    fuzz_check(good || (error->text[0] && !strchr(error->text, '\n')), "an end that is none");
}

/* Tensors are sorted, found by name, and cover the file's end without a hole. */
static void check_tensors(const native_safetensors *file) {
    size_t covered = 0;
    for (size_t i = 0; i < file->table.count; i++) {
        const native_entry *entry = &file->table.entries[i];
        fuzz_check(native_tensor_table_find(&file->table, entry->name) == entry,
                   "a tensor that is not found");
        const unsigned char *data = entry->data;
        fuzz_check(data >= file->map.data && entry->bytes <= file->map.bytes &&
                       (size_t)(data - file->map.data) <= file->map.bytes - entry->bytes,
                   "a tensor outside of its file");
        covered += entry->bytes;
    }
    uint64_t header = 0;
    for (int i = 7; i >= 0; i--) {
        header = header << 8 | file->map.data[i];
    }
    fuzz_check(8 + header + covered == file->map.bytes, "bytes that belong to no tensor, or to two");
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
        check_tensors(&file);
        native_safetensors_close(&file);
    }
    return 0;
}
