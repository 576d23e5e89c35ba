/* Fuzz target for files of torch.save: a zip archive, or, where the bytes do not begin like one, the pickle of a state dict
 * alone. Whatever the bytes are, they are read or refused with one line, and every tensor lies in its storage. */
#include "native/state_dict.h"
#include "native/torch_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static unsigned char storage_bytes[4096];

/* Storage "N" has N bytes. */
static bool find_storage(const void *context, const char *key, size_t length, const unsigned char **data,
                         size_t *bytes) {
    (void)context;
    *bytes = 0;
    for (size_t i = 0; i < length; i++) {
        if (key[i] < '0' || key[i] > '9' || *bytes > sizeof storage_bytes) {
            return false;
        }
        *bytes = *bytes * 10 + (size_t)(key[i] - '0');
    }
    *data = storage_bytes;
    return *bytes <= sizeof storage_bytes;
}

/* All elements of a tensor lie in `room` bytes from `start`. */
static void check_entries(const native_tensor_table *table, const unsigned char *start, size_t room) {
    for (size_t i = 0; i < table->count; i++) {
        const native_entry *entry = &table->entries[i];
        const unsigned char *data = entry->data;
        int64_t last = 0;
        bool empty = false;
        for (int d = 0; d < entry->ndim; d++) {
            fuzz_check(entry->size[d] >= 0 && entry->stride[d] >= 0, "a negative size");
            empty = empty || entry->size[d] == 0;
            last += empty ? 0 : (entry->size[d] - 1) * entry->stride[d];
        }
        fuzz_check(strlen(entry->name) < 65536 && strlen(entry->dtype) > 0, "a tensor without a name");
        fuzz_check(data >= start && (size_t)(data - start) <= room &&
                       entry->bytes <= room - (size_t)(data - start),
                   "a tensor outside of its storage");
        fuzz_check(empty || (size_t)last < entry->bytes, "elements outside of the tensor");
    }
}

static void read_pickle(const uint8_t *data, size_t size, native_error *error) {
    native_pickle_source source = {.path = "fuzz", .find = find_storage};
    native_tensor_table table = {.count = 0};
    char *names = NULL;
    if (native_state_dict_read(&source, data, size, &table, &names, error)) {
        check_entries(&table, storage_bytes, sizeof storage_bytes);
    }
    free(names);
    native_tensor_table_free(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    native_error error = {0};
    if (size > 0 && data[0] == 0x80) {
        read_pickle(data, size, &error);
    } else {
        native_torch_file file;
        if (native_torch_file_open(&file, fuzz_file(data, size), &error)) {
            check_entries(&file.table, file.map.data, file.map.bytes);
            native_torch_file_close(&file);
        }
    }
    fuzz_check(error.status == 0 || (error.text[0] && !strchr(error.text, '\n')), "an end that is none");
    return 0;
}
