/* Weights from a file or from a generator; see checkpoint.h. */
#include "native/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool native_source_open(native_source *source, native_torch *torch, const char *folder, native_error *error) {
    memset(source, 0, sizeof *source);
    source->torch = torch;
    source->error = error;
    char path[4096], other[4096];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    static const char *const others[] = {"model.safetensors.index.json", "pytorch_model.bin"};
    for (size_t i = 0; i < 2 && access(path, F_OK) != 0; i++) {
        snprintf(other, sizeof other, "%s/%s", folder, others[i]);
        if (access(other, F_OK) == 0) {
            return native_fail(error, NATIVE_EXIT_INPUT,
                               "%.3000s holds %s, but run_native reads one model.safetensors", folder,
                               others[i]);
        }
    }
    return native_safetensors_open(&source->file, path, error);
}

void native_source_random(native_source *source, native_torch *torch, uint64_t seed, native_error *error) {
    memset(source, 0, sizeof *source);
    source->torch = torch;
    source->error = error;
    source->seed = seed;
}

void native_source_close(native_source *source) {
    native_free(source->torch, &source->tables[0]);
    native_free(source->torch, &source->tables[1]);
    native_safetensors_close(&source->file);
}

static int64_t tensor_elements(const native_tensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->ndim; i++) {
        count *= tensor->size[i];
    }
    return count;
}

/* The splitmix64 finaliser (Steele, Lea, Flood 2014): spreads seed and ordinal over 64 bits. */
static uint64_t mix_seed(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* The lengths of the two tables: primes, so that no tensor is long enough to see a pair of places again. */
static const int64_t table_lengths[2] = {262139, 262133};

/* A number above 0, up to 1. */
static double uniform_number(uint64_t bits) {
    return ((double)(bits >> 11) + 1.0) * 0x1p-53;
}

/* Normal numbers by the method of Box and Muller (1958). */
static void make_normal_table(float *table, int64_t length, uint64_t seed) {
    for (int64_t i = 0; i < length; i += 2) {
        double radius = sqrt(-2.0 * log(uniform_number(mix_seed(seed + 2 * (uint64_t)i))));
        double angle = 2.0 * 3.14159265358979323846 * uniform_number(mix_seed(seed + 2 * (uint64_t)i + 1));
        table[i] = (float)(radius * cos(angle));
        if (i + 1 < length) {
            table[i + 1] = (float)(radius * sin(angle));
        }
    }
}

static native_tensor view_elements(native_torch *torch, const native_tensor *base, int64_t first,
                                   int64_t count) {
    return native_view(torch, base, first, 1, &count, NATIVE_DIMS(1));
}

static void copy_elements(native_torch *torch, const native_tensor *tensor, int64_t to, int64_t from,
                          int64_t count) {
    native_tensor a = view_elements(torch, tensor, to, count), b = view_elements(torch, tensor, from, count);
    native_copy(torch, a.handle, b.handle);
    native_free(torch, &a);
    native_free(torch, &b);
}

/* Puts a table on the device and repeats it: once more after what the largest tensor reads. */
static bool make_normal_tables(native_source *source, int64_t reach) {
    native_torch *torch = source->torch;
    float *host = calloc((size_t)table_lengths[0], sizeof *host);
    if (host == NULL) {
        return native_fail(source->error, NATIVE_EXIT_FAILED, "out of memory for random weights");
    }
    for (int i = 0; i < 2; i++) {
        int64_t length = table_lengths[i], all = length + reach;
        make_normal_table(host, length, mix_seed(source->seed ^ mix_seed((uint64_t)i + 1)));
        native_free(torch, &source->tables[i]);
        source->tables[i] = native_empty(torch, torch->f32, 1, &all);
        native_tensor from = native_wrap_host(torch, host, torch->f32, 1, &length);
        native_tensor to = view_elements(torch, &source->tables[i], 0, length);
        native_copy(torch, to.handle, from.handle);
        native_free(torch, &from);
        native_free(torch, &to);
        for (int64_t done = length; done < all; done *= 2) {
            copy_elements(torch, &source->tables[i], done, 0, done < all - done ? done : all - done);
        }
    }
    free(host);
    source->reach = reach;
    return native_torch_check(torch, source->error);
}

static bool fill_normal(native_source *source, const native_tensor *to, double deviation) {
    native_torch *torch = source->torch;
    int64_t count = tensor_elements(to);
    if (count > source->reach && !make_normal_tables(source, count)) {
        return false;
    }
    native_tensor parts[2];
    for (int i = 0; i < 2; i++) {
        uint64_t place = mix_seed(source->seed ^ mix_seed(source->ordinal++)) % (uint64_t)table_lengths[i];
        parts[i] = view_elements(torch, &source->tables[i], (int64_t)place, count);
    }
    native_tensor sum = native_add(torch, &parts[0], parts[1].handle, torch->f32);
    native_tensor scaled = native_scale(torch, &sum, deviation / sqrt(2.0));
    native_tensor flat = view_elements(torch, to, 0, count);
    native_copy(torch, flat.handle, scaled.handle);
    native_free(torch, &flat);
    native_free(torch, &scaled);
    native_free(torch, &sum);
    native_free(torch, &parts[0]);
    native_free(torch, &parts[1]);
    return true;
}

static void fill_ones(native_torch *torch, const native_tensor *to) {
    static float one = 1.0F;
    native_tensor value = native_wrap_host(torch, &one, torch->f32, 1, NATIVE_DIMS(1));
    native_copy(torch, to->handle, value.handle);
    native_free(torch, &value);
}

static bool parse_file_dtype(const native_torch *torch, const char *name, int32_t *dtype) {
    const struct {
        const char *name;
        int32_t dtype;
    } known[] = {{"F32", torch->f32}, {"BF16", torch->bf16}, {"F16", torch->f16}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *dtype = known[i].dtype;
            return true;
        }
    }
    return false;
}

static bool read_file_weight(native_source *source, const char *name, const native_tensor *to) {
    native_torch *torch = source->torch;
    native_entry entry;
    int32_t dtype = 0;
    if (!native_safetensors_find(&source->file, name, &entry, source->error)) {
        return false;
    }
    if (!parse_file_dtype(torch, entry.dtype, &dtype)) {
        return native_fail(source->error, NATIVE_EXIT_INPUT,
                           "%.3000s: tensor %s is %s: it must be F32, BF16 or F16", source->file.path, name,
                           entry.dtype);
    }
    if (entry.ndim != to->ndim || memcmp(entry.size, to->size, (size_t)to->ndim * sizeof *to->size) != 0) {
        char has[128], wants[128];
        native_shape_text(has, sizeof has, entry.ndim, entry.size);
        native_shape_text(wants, sizeof wants, to->ndim, to->size);
        return native_fail(source->error, NATIVE_EXIT_INPUT,
                           "%.2500s: tensor %s is %s, but the configuration requires %s", source->file.path,
                           name, has, wants);
    }
    /* A copy where the file does not align its numbers; otherwise straight from the mapped file, read
     * only. */
    void *aligned = NULL;
    if ((uintptr_t)entry.data % 4 != 0) {
        aligned = malloc(entry.bytes);
        if (aligned == NULL) {
            return native_fail(source->error, NATIVE_EXIT_FAILED, "out of memory reading %s", name);
        }
        memcpy(aligned, entry.data, entry.bytes);
    }
    void *data = aligned != NULL ? aligned : (void *)(uintptr_t)entry.data;
    native_tensor from = native_wrap_host(torch, data, dtype, to->ndim, to->size);
    native_copy(torch, to->handle, from.handle);
    native_free(torch, &from);
    free(aligned);
    return true;
}

bool native_source_read(native_source *source, const char *name, const native_tensor *to, native_init init,
                        double deviation) {
    if (source->file.map != NULL) {
        if (!read_file_weight(source, name, to)) {
            return false;
        }
    } else if (init == NATIVE_INIT_NORMAL) {
        if (!fill_normal(source, to, deviation)) {
            return false;
        }
    } else if (init == NATIVE_INIT_ONES) {
        fill_ones(source->torch, to);
    } else {
        native_zero(source->torch, to->handle);
    }
    return native_torch_check(source->torch, source->error);
}
