/* Weights from a file or from a generator; see checkpoint.h. */
#include "native/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool native_source_open(native_source *source, native_torch *torch, const char *folder, native_error *error) {
    memset(source, 0, sizeof *source);
    source->torch = torch;
    source->error = error;
    source->folder = folder;
    return native_checkpoint_files_open(&source->files, folder, error);
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
    native_checkpoint_files_close(&source->files);
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

bool native_source_expect(native_source *source, const char *name, int ndim, const int64_t *size) {
    /* A configuration of another model can demand billions of tensors. */
    enum { MOST_MISSING = 100000 };
    native_entry *entry = native_tensor_table_find(&source->files.table, name);
    char has[128], wants[128];
    int32_t dtype;
    native_shape_text(wants, sizeof wants, ndim, size);
    if (entry == NULL) {
        native_warn("missing: %.200s %s", name, wants);
        return ++source->missing < MOST_MISSING;
    }
    entry->used = true;
    if (entry->ndim != ndim || memcmp(entry->size, size, (size_t)ndim * sizeof *size) != 0) {
        native_shape_text(has, sizeof has, entry->ndim, entry->size);
        native_warn("wrong shape: %.200s is %s, but the configuration requires %s", name, has, wants);
        source->misshapen++;
    } else if (!parse_file_dtype(source->torch, entry->dtype, &dtype)) {
        native_warn("wrong type: %.200s is %s: it must be F32, BF16 or F16", name, entry->dtype);
        source->mistyped++;
    }
    return true;
}

bool native_source_check_listed(native_source *source) {
    size_t unexpected = 0;
    for (size_t i = 0; i < source->files.table.count; i++) {
        const native_entry *entry = &source->files.table.entries[i];
        if (!entry->used) {
            char has[128];
            native_shape_text(has, sizeof has, entry->ndim, entry->size);
            native_warn("unexpected: %.200s %s in %.400s", entry->name, has, entry->file);
            unexpected++;
        }
    }
    return source->missing + source->misshapen + source->mistyped + unexpected == 0 ||
           native_fail(
               source->error, NATIVE_EXIT_INPUT,
               "%.600s does not fit its configuration: of the tensors listed above %zu are missing, %zu "
               "unexpected, %zu "
               "of a wrong shape, %zu of a wrong type: use the config.json that belongs to the checkpoint",
               source->folder, source->missing, unexpected, source->misshapen, source->mistyped);
}

/* Straight from the mapped file, read only; a copy where the file does not align its numbers. */
static bool read_file_weight(native_source *source, const char *name, const native_tensor *to) {
    native_torch *torch = source->torch;
    const native_entry *entry = native_tensor_table_find(&source->files.table, name);
    int32_t dtype = 0;
    if (entry == NULL || !parse_file_dtype(torch, entry->dtype, &dtype)) {
        return native_fail(source->error, NATIVE_EXIT_INPUT, "%.3000s has no tensor %.200s", source->folder,
                           name);
    }
    void *aligned = NULL;
    if ((uintptr_t)entry->data % 4 != 0) {
        aligned = malloc(entry->bytes);
        if (aligned == NULL) {
            return native_fail(source->error, NATIVE_EXIT_FAILED, "out of memory reading %.200s", name);
        }
        memcpy(aligned, entry->data, entry->bytes);
    }
    void *data = aligned != NULL ? aligned : (void *)(uintptr_t)entry->data;
    native_tensor from = native_wrap_strided(torch, data, dtype, to->ndim, to->size, entry->stride);
    native_copy(torch, to->handle, from.handle);
    native_free(torch, &from);
    free(aligned);
    return true;
}

bool native_source_read(native_source *source, const char *name, const native_tensor *to, native_init init,
                        double deviation) {
    if (source->files.count > 0) {
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
