/* The safetensors format; see safetensors.h. */
#include "native/safetensors.h"

#include "native/output.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_HEADER = 100 * 1000 * 1000 };

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4},
              {"I16", 2}, {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"U64", 8}, {"U32", 4}};

static size_t dtype_element_bytes(const char *name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            return dtypes[i].bytes;
        }
    }
    return 0;
}

/* A whole number that JSON can hold exactly, from 0. */
static bool read_whole_number(const cJSON *item, int64_t *out) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > 9007199254740992.0 ||
        floor(item->valuedouble) != item->valuedouble) {
        return false;
    }
    *out = (int64_t)item->valuedouble;
    return true;
}

/* Reads an entry of the header. NULL, or what is wrong with it. */
static const char *read_tensor_entry(const native_safetensors *file, const cJSON *item, native_entry *entry) {
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    if (!cJSON_IsString(dtype) || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets) ||
        cJSON_GetArraySize(offsets) != 2) {
        return "needs dtype, shape and two data_offsets";
    }
    memset(entry, 0, sizeof *entry);
    size_t element = dtype_element_bytes(dtype->valuestring);
    if (element == 0) {
        return "has an unknown dtype";
    }
    snprintf(entry->dtype, sizeof entry->dtype, "%s", dtype->valuestring);
    entry->ndim = cJSON_GetArraySize(shape);
    if (entry->ndim > NATIVE_ENTRY_DIMS) {
        return "has more than 6 dimensions";
    }
    uint64_t bytes = element;
    for (int i = 0; i < entry->ndim; i++) {
        if (!read_whole_number(cJSON_GetArrayItem(shape, i), &entry->size[i]) ||
            __builtin_mul_overflow(bytes, (uint64_t)entry->size[i], &bytes)) {
            return "has an impossible shape";
        }
    }
    int64_t begin, end;
    if (!read_whole_number(cJSON_GetArrayItem(offsets, 0), &begin) ||
        !read_whole_number(cJSON_GetArrayItem(offsets, 1), &end) || end < begin ||
        (uint64_t)(end - begin) != bytes) {
        return "has offsets that do not fit its shape";
    }
    if ((uint64_t)end > file->bytes - file->data_start) {
        return "lies beyond the end of the file, which seems to be cut";
    }
    entry->data = (const char *)file->map + file->data_start + begin;
    entry->bytes = bytes;
    return NULL;
}

static bool check_safetensors_header(native_safetensors *file, native_error *error) {
    const unsigned char *bytes = file->map;
    uint64_t length = 0;
    for (int i = 7; i >= 0 && file->bytes >= 8; i--) {
        length = length << 8 | bytes[i];
    }
    if (file->bytes < 8 || length < 2 || length > MAX_HEADER || length > file->bytes - 8) {
        return native_fail(
            error, NATIVE_EXIT_INPUT,
            "%.3000s is not a whole safetensors file: its header does not fit into its %zu bytes", file->path,
            file->bytes);
    }
    file->data_start = 8 + (size_t)length;
    file->header = cJSON_ParseWithLength((const char *)bytes + 8, (size_t)length);
    if (!cJSON_IsObject((cJSON *)file->header)) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "%.3000s is not a safetensors file: its header is not a JSON object", file->path);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, (cJSON *)file->header) {
        native_entry entry;
        const char *wrong =
            strcmp(item->string, "__metadata__") == 0 ? NULL : read_tensor_entry(file, item, &entry);
        if (wrong != NULL) {
            return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %.200s %s", file->path,
                               item->string, wrong);
        }
    }
    return true;
}

bool native_safetensors_open(native_safetensors *file, const char *path, native_error *error) {
    memset(file, 0, sizeof *file);
    snprintf(file->path, sizeof file->path, "%s", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        native_fail(error, NATIVE_EXIT_INPUT, "cannot read %.3000s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        close(fd);
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot read %.3000s: not a regular file", path);
    }
    file->bytes = (size_t)info.st_size;
    file->map = file->bytes > 0 ? mmap(NULL, file->bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int reason = errno;
    close(fd);
    if (file->map == MAP_FAILED) {
        file->map = NULL;
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot map %.3000s: %s", path, strerror(reason));
    }
    if (!check_safetensors_header(file, error)) {
        native_safetensors_close(file);
        return false;
    }
    return true;
}

void native_safetensors_close(native_safetensors *file) {
    cJSON_Delete(file->header);
    if (file->map != NULL) {
        munmap(file->map, file->bytes);
    }
    file->header = NULL;
    file->map = NULL;
}

bool native_safetensors_find(const native_safetensors *file, const char *name, native_entry *entry,
                             native_error *error) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(file->header, name);
    if (item == NULL || read_tensor_entry(file, item, entry) != NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s has no tensor %.200s", file->path, name);
    }
    return true;
}

void native_shape_text(char *text, size_t room, int ndim, const int64_t *size) {
    size_t used = (size_t)snprintf(text, room, "[");
    for (int i = 0; i < ndim && used < room; i++) {
        used += (size_t)snprintf(text + used, room - used, i == 0 ? "%lld" : ", %lld", (long long)size[i]);
    }
    if (used < room) {
        snprintf(text + used, room - used, "]");
    }
}

static size_t written_tensor_bytes(const native_written *tensor) {
    size_t bytes = dtype_element_bytes(tensor->dtype);
    for (int i = 0; i < tensor->ndim; i++) {
        bytes *= (size_t)tensor->size[i];
    }
    return bytes;
}

static char *make_safetensors_header(const native_written *tensors, size_t count) {
    cJSON *root = cJSON_CreateObject();
    size_t at = 0;
    for (size_t t = 0; t < count; t++) {
        cJSON *item = cJSON_AddObjectToObject(root, tensors[t].name);
        cJSON_AddStringToObject(item, "dtype", tensors[t].dtype);
        cJSON *shape = cJSON_AddArrayToObject(item, "shape");
        for (int i = 0; i < tensors[t].ndim; i++) {
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensors[t].size[i]));
        }
        cJSON *offsets = cJSON_AddArrayToObject(item, "data_offsets");
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)at));
        at += written_tensor_bytes(&tensors[t]);
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)at));
    }
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

bool native_safetensors_write(const char *path, const native_written *tensors, size_t count,
                              native_error *error) {
    char *header = make_safetensors_header(tensors, count);
    native_output output;
    if (header == NULL || !native_output_open(&output, path, error)) {
        cJSON_free(header);
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory");
    }
    size_t length = strlen(header), padding = (8 - length % 8) % 8;
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++) {
        prefix[i] = (unsigned char)((length + padding) >> (8 * i));
    }
    fwrite(prefix, 1, 8, output.file);
    fwrite(header, 1, length, output.file);
    fwrite("        ", 1, padding, output.file);
    for (size_t t = 0; t < count; t++) {
        fwrite(tensors[t].data, 1, written_tensor_bytes(&tensors[t]), output.file);
    }
    cJSON_free(header);
    return native_output_close(&output, true, error);
}
