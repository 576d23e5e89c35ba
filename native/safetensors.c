/* The safetensors format; see safetensors.h. */
#include "native/safetensors.h"

#include "native/json_scan.h"
#include "native/output.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100 * 1000 * 1000 };

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {{"F64", 8},  {"F32", 4}, {"F16", 2},     {"BF16", 2},    {"I64", 8},    {"I32", 4},
              {"I16", 2},  {"I8", 1},  {"U64", 8},     {"U32", 4},     {"U16", 2},    {"U8", 1},
              {"BOOL", 1}, {"C64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1}};

/* The element's bytes, and the name in the table; 0 for an unknown dtype. */
static size_t find_dtype(const char *text, const char **name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtypes[i].name, text) == 0) {
            *name = dtypes[i].name;
            return dtypes[i].bytes;
        }
    }
    return 0;
}

/* A header as it is read. */
typedef struct {
    native_safetensors *file;
    native_json_scan scan;
    size_t data_start, data_bytes;
    const char *wrong; /* with a tensor, or NULL */
} header_reader;

static bool read_shape(header_reader *r, native_entry *entry) {
    native_json_scan *scan = &r->scan;
    entry->ndim = 0;
    for (bool more = native_json_scan_enter(scan, '['); more; more = native_json_scan_more(scan, '[')) {
        if (entry->ndim == NATIVE_ENTRY_DIMS) {
            r->wrong = "has more than 6 dimensions";
            return false;
        }
        if (!native_json_scan_whole(scan, &entry->size[entry->ndim++])) {
            return false;
        }
    }
    return scan->wrong == NULL;
}

static bool read_offsets(header_reader *r, int64_t *offsets) {
    native_json_scan *scan = &r->scan;
    int count = 0;
    for (bool more = native_json_scan_enter(scan, '['); more; more = native_json_scan_more(scan, '[')) {
        if (count == 2 || !native_json_scan_whole(scan, &offsets[count++])) {
            return false;
        }
    }
    return scan->wrong == NULL && count == 2;
}

/* Sets data and bytes from the offsets. NULL, or what is wrong. */
static const char *place_tensor(const header_reader *r, native_entry *entry, size_t element,
                                const int64_t *offsets) {
    int64_t bytes = (int64_t)element;
    for (int i = 0; i < entry->ndim; i++) {
        if (__builtin_mul_overflow(bytes, entry->size[i], &bytes)) {
            return "has an impossible shape";
        }
    }
    if (offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes) {
        return "has offsets that do not fit its shape";
    }
    if ((uint64_t)offsets[1] > r->data_bytes) {
        return "lies beyond the end of the file, which seems to be cut";
    }
    entry->data = r->file->map.data + r->data_start + offsets[0];
    entry->bytes = (size_t)bytes;
    return NULL;
}

enum { HAS_DTYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4 };

/* One member of a tensor's object; `has` collects which were seen. */
static bool read_tensor_member(header_reader *r, native_entry *entry, size_t *element, int64_t *offsets,
                               int *has) {
    const char *key, *dtype;
    if (!native_json_scan_key(&r->scan, &key)) {
        return false;
    }
    int which = 0;
    bool ok = false;
    if (strcmp(key, "dtype") == 0) {
        which = HAS_DTYPE;
        ok = native_json_scan_string(&r->scan, &dtype);
        *element = ok ? find_dtype(dtype, &entry->dtype) : 0;
    } else if (strcmp(key, "shape") == 0) {
        which = HAS_SHAPE;
        ok = read_shape(r, entry);
    } else if (strcmp(key, "data_offsets") == 0) {
        which = HAS_OFFSETS;
        ok = read_offsets(r, offsets);
    }
    if (ok && (*has & which) != 0) {
        r->wrong = "has a field twice";
        return false;
    }
    *has |= which;
    return ok;
}

static bool read_tensor(header_reader *r, native_entry *entry) {
    native_json_scan *scan = &r->scan;
    size_t element = 0;
    int64_t offsets[2];
    int has = 0;
    for (bool more = native_json_scan_enter(scan, '{'); more; more = native_json_scan_more(scan, '{')) {
        if (!read_tensor_member(r, entry, &element, offsets, &has)) {
            r->wrong =
                r->wrong != NULL ? r->wrong : "needs dtype, shape and two data_offsets of whole numbers";
            return false;
        }
    }
    if (scan->wrong != NULL || has != (HAS_DTYPE | HAS_SHAPE | HAS_OFFSETS)) {
        r->wrong = "needs dtype, shape and two data_offsets of whole numbers";
    } else if (element == 0) {
        r->wrong = "has an unknown dtype";
    } else {
        r->wrong = place_tensor(r, entry, element, offsets);
    }
    native_entry_set_contiguous(entry);
    return r->wrong == NULL;
}

/* The format allows strings only. */
static bool read_metadata(header_reader *r) {
    const char *ignored;
    native_json_scan *scan = &r->scan;
    for (bool more = native_json_scan_enter(scan, '{'); more; more = native_json_scan_more(scan, '{')) {
        if (!native_json_scan_key(scan, &ignored) || !native_json_scan_string(scan, &ignored)) {
            r->wrong = "must hold strings only";
            return false;
        }
    }
    return scan->wrong == NULL;
}

static bool read_header_member(header_reader *r, bool *metadata, native_error *error) {
    native_safetensors *file = r->file;
    native_entry entry = {.file = file->map.path};
    if (!native_json_scan_key(&r->scan, &entry.name)) {
        return false;
    }
    bool ok;
    if (strcmp(entry.name, "__metadata__") != 0) {
        ok = read_tensor(r, &entry);
        if (ok && !native_tensor_table_add(&file->table, &entry)) {
            return native_fail(error, NATIVE_EXIT_FAILED, "out of memory reading %.3000s", file->map.path);
        }
    } else {
        r->wrong = *metadata ? "occurs twice" : NULL;
        ok = !*metadata && read_metadata(r);
        *metadata = true;
    }
    return ok || (r->wrong != NULL && native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %.200s %s",
                                                  file->map.path, entry.name, r->wrong));
}

static bool read_header(header_reader *r, native_error *error) {
    bool metadata = false;
    native_json_scan *scan = &r->scan;
    for (bool more = native_json_scan_enter(scan, '{'); more; more = native_json_scan_more(scan, '{')) {
        if (!read_header_member(r, &metadata, error)) {
            break;
        }
    }
    return (error->status == 0 && native_json_scan_end(scan)) ||
           native_fail(error, NATIVE_EXIT_INPUT,
                       "%.3000s is not a safetensors file: its header is not a JSON object: %s at byte %zu",
                       r->file->map.path, scan->wrong, 8 + (size_t)(scan->at - scan->text));
}

static int compare_entry_places(const void *a, const void *b) {
    const native_entry *x = a, *y = b;
    if (x->data != y->data) {
        return (const char *)x->data < (const char *)y->data ? -1 : 1;
    }
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* The tensors lie side by side, from the header's end to the file's. */
static bool check_coverage(const header_reader *r, native_error *error) {
    const native_tensor_table *table = &r->file->table;
    const char *path = r->file->map.path;
    const unsigned char *begin = r->file->map.data + r->data_start, *next = begin;
    if (table->count > 0) {
        qsort(table->entries, table->count, sizeof *table->entries, compare_entry_places);
    }
    for (size_t i = 0; i < table->count; i++) {
        const native_entry *entry = &table->entries[i];
        const unsigned char *data = entry->data;
        if (data < next) {
            return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %.200s overlaps tensor %.200s",
                               path, entry->name, table->entries[i - 1].name);
        }
        if (data > next) {
            return native_fail(error, NATIVE_EXIT_INPUT,
                               "%.3000s: no tensor holds the bytes %zu to %zu of its data", path,
                               (size_t)(next - begin), (size_t)(data - begin));
        }
        next = data + entry->bytes;
    }
    size_t rest = r->data_bytes - (size_t)(next - begin);
    return rest == 0 ||
           native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: no tensor holds its last %zu bytes", path, rest);
}

static bool read_whole_header(header_reader *r, size_t length, native_error *error) {
    const char *text = (const char *)r->file->map.data + 8, *path = r->file->map.path;
    if (!native_json_scan_open(&r->scan, text, length)) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory reading %.3000s", path);
    }
    r->file->names = r->scan.strings; /* the file's from here on */
    if (text[0] != '{') {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "%.3000s is not a safetensors file: its header is not a JSON object", path);
    }
    if (!read_header(r, error) || !check_coverage(r, error)) {
        return false;
    }
    const char *twice = native_tensor_table_sort(&r->file->table);
    return twice == NULL ||
           native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %.200s occurs twice", path, twice);
}

static bool check_safetensors_file(native_safetensors *file, native_error *error) {
    uint64_t length = 0;
    for (int i = 7; i >= 0 && file->map.bytes >= 8; i--) {
        length = length << 8 | file->map.data[i];
    }
    if (file->map.bytes < 8 || length < 2 || length > file->map.bytes - 8) {
        return native_fail(
            error, NATIVE_EXIT_INPUT,
            "%.3000s is not a whole safetensors file: its header does not fit into its %zu bytes",
            file->map.path, file->map.bytes);
    }
    if (length > MAX_HEADER) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "%.3000s: its header takes %llu bytes: safetensors allows at most 100000000",
                           file->map.path, (unsigned long long)length);
    }
    header_reader reader = {.file = file, .data_start = 8 + (size_t)length};
    reader.data_bytes = file->map.bytes - reader.data_start;
    return read_whole_header(&reader, (size_t)length, error);
}

bool native_safetensors_open(native_safetensors *file, const char *path, native_error *error) {
    memset(file, 0, sizeof *file);
    if (!native_file_map_open(&file->map, path, error)) {
        return false;
    }
    if (!check_safetensors_file(file, error)) {
        native_safetensors_close(file);
        return false;
    }
    return true;
}

void native_safetensors_close(native_safetensors *file) {
    native_tensor_table_free(&file->table);
    free(file->names);
    file->names = NULL;
    native_file_map_close(&file->map);
}

bool native_safetensors_find(const native_safetensors *file, const char *name, native_entry *entry,
                             native_error *error) {
    const native_entry *found = native_tensor_table_find(&file->table, name);
    if (found == NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s has no tensor %.200s", file->map.path, name);
    }
    *entry = *found;
    return true;
}

static size_t written_tensor_bytes(const native_written *tensor) {
    const char *name;
    size_t bytes = find_dtype(tensor->dtype, &name);
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
