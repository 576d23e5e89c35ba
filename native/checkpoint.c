/* Weights from a file or from a generator; see checkpoint.h. */
#include "native/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool native_source_open(struct native_source *source, struct native_torch *torch, const char *folder,
                        struct native_error *error) {
    memset(source, 0, sizeof *source);
    source->torch = torch;
    source->error = error;
    char path[4096], other[4096];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    static const char *const others[] = {"model.safetensors.index.json", "pytorch_model.bin"};
    for (size_t i = 0; i < 2 && access(path, F_OK) != 0; i++) {
        snprintf(other, sizeof other, "%s/%s", folder, others[i]);
        if (access(other, F_OK) == 0) {
            return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s holds %s, but run_native reads one model.safetensors",
                               folder, others[i]);
        }
    }
    return native_safetensors_open(&source->file, path, error);
}

void native_source_random(struct native_source *source, struct native_torch *torch, uint64_t seed,
                          struct native_error *error) {
    memset(source, 0, sizeof *source);
    source->torch = torch;
    source->error = error;
    source->seed = seed;
}

void native_source_close(struct native_source *source) {
    native_free(source->torch, &source->scratch);
    native_safetensors_close(&source->file);
}

static int64_t element_count(const struct native_tensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->ndim; i++) {
        count *= tensor->size[i];
    }
    return count;
}

/* The splitmix64 finaliser (Steele, Lea, Flood 2014): spreads seed and ordinal over 64 bits. */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void copy_flat(struct native_torch *torch, const struct native_tensor *to, int64_t to_first,
                      const struct native_tensor *from, int64_t from_first, int64_t count) {
    if (count == 0) {
        return;
    }
    struct native_tensor a = native_view(torch, to, to_first, 1, NATIVE_DIMS(count), NATIVE_DIMS(1));
    struct native_tensor b = native_view(torch, from, from_first, 1, NATIVE_DIMS(count), NATIVE_DIMS(1));
    native_copy(torch, a.handle, b.handle);
    native_free(torch, &a);
    native_free(torch, &b);
}

static void fill_random(struct native_source *source, const struct native_tensor *to, double deviation) {
    struct native_torch *torch = source->torch;
    int64_t count = element_count(to);
    if (source->scratch.handle == NULL || source->scratch.size[0] < count || source->scratch.dtype != to->dtype) {
        native_free(torch, &source->scratch);
        source->scratch = native_empty(torch, to->dtype, 1, NATIVE_DIMS(count));
    }
    struct native_tensor numbers = native_view(torch, &source->scratch, 0, 1, NATIVE_DIMS(count), NATIVE_DIMS(1));
    native_fill_normal(torch, numbers.handle, deviation);
    int64_t shift = (int64_t)(mix(source->seed ^ mix(source->ordinal++)) % (uint64_t)count);
    copy_flat(torch, to, 0, &numbers, shift, count - shift);
    copy_flat(torch, to, count - shift, &numbers, 0, shift);
    native_free(torch, &numbers);
}

static void fill_one(struct native_torch *torch, const struct native_tensor *to) {
    static float one = 1.0F;
    struct native_tensor value = native_wrap_host(torch, &one, torch->f32, 1, NATIVE_DIMS(1));
    native_copy(torch, to->handle, value.handle);
    native_free(torch, &value);
}

static bool file_dtype(const struct native_torch *torch, const char *name, int32_t *dtype) {
    *dtype = strcmp(name, "F32") == 0 ? torch->f32 : strcmp(name, "BF16") == 0 ? torch->bf16 : torch->f16;
    return strcmp(name, "F32") == 0 || strcmp(name, "BF16") == 0 || strcmp(name, "F16") == 0;
}

static bool read_file(struct native_source *source, const char *name, const struct native_tensor *to) {
    struct native_torch *torch = source->torch;
    struct native_entry entry;
    int32_t dtype;
    if (!native_safetensors_find(&source->file, name, &entry, source->error)) {
        return false;
    }
    if (!file_dtype(torch, entry.dtype, &dtype)) {
        return native_fail(source->error, NATIVE_EXIT_INPUT, "%.3000s: tensor %s is %s: it must be F32, BF16 or F16",
                           source->file.path, name, entry.dtype);
    }
    if (entry.ndim != to->ndim || memcmp(entry.size, to->size, (size_t)to->ndim * sizeof *to->size) != 0) {
        char has[128], wants[128];
        native_shape_text(has, sizeof has, entry.ndim, entry.size);
        native_shape_text(wants, sizeof wants, to->ndim, to->size);
        return native_fail(source->error, NATIVE_EXIT_INPUT, "%.2500s: tensor %s is %s, but the configuration wants %s",
                           source->file.path, name, has, wants);
    }
    /* A copy where the file does not align its numbers; otherwise straight from the mapped file, read only. */
    void *aligned = NULL;
    if ((uintptr_t)entry.data % 4 != 0) {
        aligned = malloc(entry.bytes);
        if (aligned == NULL) {
            return native_fail(source->error, NATIVE_EXIT_FAILED, "out of memory reading %s", name);
        }
        memcpy(aligned, entry.data, entry.bytes);
    }
    void *data = aligned != NULL ? aligned : (void *)(uintptr_t)entry.data;
    struct native_tensor from = native_wrap_host(torch, data, dtype, to->ndim, to->size);
    native_copy(torch, to->handle, from.handle);
    native_free(torch, &from);
    free(aligned);
    return true;
}

bool native_source_read(struct native_source *source, const char *name, const struct native_tensor *to,
                        enum native_init init, double deviation) {
    if (source->file.map != NULL) {
        if (!read_file(source, name, to)) {
            return false;
        }
    } else if (init == NATIVE_INIT_NORMAL) {
        fill_random(source, to, deviation);
    } else if (init == NATIVE_INIT_ONES) {
        fill_one(source->torch, to);
    } else {
        native_zero(source->torch, to->handle);
    }
    return native_torch_check(source->torch, source->error);
}
