/* Where weights come from: a safetensors file under the public parameter names, or numbers made on the
 * device.
 *
 * Random weights are sums of two tables of normal numbers, of lengths 262139 and 262133 (both prime), each
 * read round and round from a place of its own for each tensor. Tables and places follow from the seed alone,
 * so a seed is the same model on every device, and in bf16 that of fp32, rounded. (libtorch's C functions
 * offer no way to seed its generators.) */
#ifndef NATIVE_CHECKPOINT_H
#define NATIVE_CHECKPOINT_H

#include "native/safetensors.h"
#include "native/tensor.h"

typedef enum { NATIVE_INIT_NORMAL, NATIVE_INIT_ONES, NATIVE_INIT_ZEROS } native_init;

typedef struct {
    native_torch *torch;
    native_error *error;
    native_safetensors file; /* file.map is NULL for random weights */
    uint64_t seed;
    uint64_t ordinal;        /* tensors made so far */
    native_tensor tables[2]; /* float32 on the device, repeated for the largest tensor so far */
    int64_t reach;           /* how large a tensor they serve */
} native_source;

/* Opens DIR/model.safetensors. On failure: false, status 2. */
bool native_source_open(native_source *source, native_torch *torch, const char *folder, native_error *error);

/* Weights from numbers instead. */
void native_source_random(native_source *source, native_torch *torch, uint64_t seed, native_error *error);

void native_source_close(native_source *source);

/* Fills `to`, a contiguous view whose shape is the parameter's. From a file: the tensor of that name, of
 * exactly that shape, in float32, bfloat16 or float16. Random: by `init`, with `deviation` for
 * NATIVE_INIT_NORMAL. */
bool native_source_read(native_source *source, const char *name, const native_tensor *to, native_init init,
                        double deviation);

#endif
