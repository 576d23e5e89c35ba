/* The classes of a state dict, and its storages and tensors; see state_dict_classes.h. */
#include "native/state_dict_classes.h"

#include <string.h>

/* The classes and functions that a state dict names, by number; those after them are storages. */
enum { NATIVE_PICKLE_ORDERED_DICT, NATIVE_PICKLE_REBUILD_TENSOR, NATIVE_PICKLE_REBUILD_PARAMETER };

/* The classes and functions that a state dict names; those with a dtype are storages. */
static const struct {
    const char *module, *name, *dtype;
    uint64_t bytes;
} classes[] = {
    {"collections", "OrderedDict", NULL, 0},
    {"torch._utils", "_rebuild_tensor_v2", NULL, 0},
    {"torch._utils", "_rebuild_parameter", NULL, 0},
    {"torch", "FloatStorage", "F32", 4},
    {"torch", "HalfStorage", "F16", 2},
    {"torch", "BFloat16Storage", "BF16", 2},
    {"torch", "DoubleStorage", "F64", 8},
    {"torch", "LongStorage", "I64", 8},
    {"torch", "IntStorage", "I32", 4},
    {"torch", "ShortStorage", "I16", 2},
    {"torch", "CharStorage", "I8", 1},
    {"torch", "ByteStorage", "U8", 1},
    {"torch", "BoolStorage", "BOOL", 1},
};
enum { CLASSES = sizeof classes / sizeof classes[0] };

typedef struct {
    const unsigned char *data;
    uint64_t elements;
    size_t class; /* index into classes */
} storage_view;

/* A line of a class, without its end. */
static const char *take_line(native_pickle *r, int *length) {
    const char *line = (const char *)r->at;
    const unsigned char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
    if (end == NULL) {
        native_pickle_fail(r, "it is cut");
        return NULL;
    }
    *length = end - r->at > 200 ? 200 : (int)(end - r->at);
    r->at = end + 1;
    return line;
}

bool native_pickle_push_class(native_pickle *r) {
    int module_length, name_length;
    const char *module = take_line(r, &module_length);
    const char *name = module != NULL ? take_line(r, &name_length) : NULL;
    if (name == NULL) {
        return false;
    }
    for (size_t i = 0; i < CLASSES; i++) {
        if ((size_t)module_length == strlen(classes[i].module) &&
            (size_t)name_length == strlen(classes[i].name) &&
            memcmp(module, classes[i].module, (size_t)module_length) == 0 &&
            memcmp(name, classes[i].name, (size_t)name_length) == 0) {
            return native_pickle_push(r, NATIVE_PICKLE_CLASS, i);
        }
    }
    return native_fail(
        r->error, NATIVE_EXIT_INPUT,
        "%.3000s: it names %.*s.%.*s, which is refused: a state dict of tensors needs no such class; save "
        "model.state_dict() alone",
        r->source->path, module_length, module, name_length, name);
}

/* ('storage', class, key, device, number of elements) */
bool native_pickle_push_storage(native_pickle *r) {
    const native_pickle_value *id = native_pickle_pop(r, 1);
    size_t count = 0;
    const native_pickle_value *items = id != NULL ? native_pickle_tuple_items(r, *id, 5, 5, &count) : NULL;
    if (items == NULL || !native_pickle_is_text(r, items[0], "storage") ||
        native_pickle_kind(items[1]) != NATIVE_PICKLE_CLASS ||
        classes[native_pickle_payload(items[1])].dtype == NULL ||
        native_pickle_kind(items[2]) != NATIVE_PICKLE_TEXT ||
        native_pickle_kind(items[4]) != NATIVE_PICKLE_INT) {
        return native_pickle_fail(r, "a reference that is not one to a storage");
    }
    storage_view view = {.elements = native_pickle_payload(items[4]),
                         .class = (size_t)native_pickle_payload(items[1])};
    size_t length, bytes;
    const char *key = native_pickle_text(r, items[2], &length);
    if (!r->source->find(r->source->context, key, length, &view.data, &bytes)) {
        return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s: storage %.*s is missing", r->source->path,
                           (int)(length < 64 ? length : 64), key);
    }
    uint64_t wanted;
    if (__builtin_mul_overflow(view.elements, classes[view.class].bytes, &wanted) || wanted != bytes) {
        return native_fail(r->error, NATIVE_EXIT_INPUT,
                           "%.3000s: storage %.*s has %zu bytes, which are not the %llu elements of torch.%s",
                           r->source->path, (int)length, key, bytes, (unsigned long long)view.elements,
                           classes[view.class].name);
    }
    bool room = r->storages.count < native_pickle_most(r, 12) ||
                native_pickle_fail(r, "more storages than a state dict needs");
    storage_view *to = room ? native_pickle_append(r, &r->storages, sizeof view) : NULL;
    if (to == NULL) {
        return false;
    }
    *to = view;
    return native_pickle_push(r, NATIVE_PICKLE_STORAGE, r->storages.count - 1);
}

/* A tuple of numbers, as sizes or strides. */
static bool read_numbers(const native_pickle *r, native_pickle_value value, int64_t *out, size_t *count) {
    const native_pickle_value *items = native_pickle_tuple_items(r, value, 0, NATIVE_ENTRY_DIMS, count);
    for (size_t i = 0; items != NULL && i < *count; i++) {
        if (native_pickle_kind(items[i]) != NATIVE_PICKLE_INT) {
            return false;
        }
        out[i] = (int64_t)native_pickle_payload(items[i]);
    }
    return items != NULL;
}

/* Where the tensor lies in its storage, all of it inside. NULL, or what is wrong. */
static const char *place_tensor(const storage_view *storage, uint64_t offset, native_entry *entry) {
    int64_t last = 0, elements = 1, reach;
    bool empty = false;
    for (int i = 0; i < entry->ndim; i++) {
        empty = empty || entry->size[i] == 0;
    }
    for (int i = 0; i < entry->ndim && !empty; i++) {
        if (__builtin_mul_overflow(entry->size[i] - 1, entry->stride[i], &reach) ||
            __builtin_add_overflow(last, reach, &last) ||
            __builtin_mul_overflow(elements, entry->size[i], &elements)) {
            return "a tensor of an impossible shape";
        }
    }
    if (offset > storage->elements || (!empty && (uint64_t)last >= storage->elements - offset)) {
        return "a tensor beyond its storage";
    }
    uint64_t element = classes[storage->class].bytes;
    entry->dtype = classes[storage->class].dtype;
    entry->data = storage->data + offset * element;
    entry->bytes = empty ? 0 : ((size_t)last + 1) * element;
    return NULL;
}

/* _rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks[, metadata]) */
static bool push_tensor(native_pickle *r, native_pickle_value arguments) {
    size_t count = 0, dims = 0, strides = 0;
    native_entry entry = {.file = r->source->path};
    const native_pickle_value *a = native_pickle_tuple_items(r, arguments, 6, 7, &count);
    if (a == NULL || native_pickle_kind(a[0]) != NATIVE_PICKLE_STORAGE ||
        native_pickle_kind(a[1]) != NATIVE_PICKLE_INT || native_pickle_kind(a[5]) != NATIVE_PICKLE_DICT) {
        return native_pickle_fail(r, "a tensor with other arguments than torch.save writes");
    }
    if (!read_numbers(r, a[2], entry.size, &dims) || !read_numbers(r, a[3], entry.stride, &strides) ||
        dims != strides) {
        return native_pickle_fail(r, "a tensor with invalid sizes, or with more than 6 dimensions");
    }
    entry.ndim = (int)dims;
    const char *wrong = place_tensor((const storage_view *)r->storages.data + native_pickle_payload(a[0]),
                                     native_pickle_payload(a[1]), &entry);
    if (wrong != NULL) {
        return native_pickle_fail(r, wrong);
    }
    if (r->tensors.count >= native_pickle_most(r, 32)) {
        return native_pickle_fail(r, "more tensors than a state dict needs");
    }
    return native_tensor_table_add(&r->tensors, &entry)
               ? native_pickle_push(r, NATIVE_PICKLE_TENSOR, r->tensors.count - 1)
               : native_pickle_fail_memory(r);
}

/* Calls of the three classes that do something. */
bool native_pickle_call(native_pickle *r) {
    const native_pickle_value *call = native_pickle_pop(r, 2);
    if (call == NULL) {
        return false;
    }
    size_t count = 0;
    uint64_t class =
        native_pickle_kind(call[0]) == NATIVE_PICKLE_CLASS ? native_pickle_payload(call[0]) : CLASSES;
    native_pickle_value arguments = call[1];
    const native_pickle_value *items = native_pickle_tuple_items(r, arguments, 0, 3, &count);
    if (class == NATIVE_PICKLE_ORDERED_DICT && items != NULL && count == 0) {
        return native_pickle_push(r, NATIVE_PICKLE_DICT, r->dicts++);
    }
    if (class == NATIVE_PICKLE_REBUILD_TENSOR) {
        return push_tensor(r, arguments);
    }
    if (class == NATIVE_PICKLE_REBUILD_PARAMETER && items != NULL && count == 3 &&
        native_pickle_kind(items[0]) == NATIVE_PICKLE_TENSOR) {
        return native_pickle_push(r, NATIVE_PICKLE_TENSOR, native_pickle_payload(items[0]));
    }
    return native_pickle_fail(r, "a call that a state dict does not need");
}
