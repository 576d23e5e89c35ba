/* The source of weights: a safetensors file with the public parameter names, or random numbers generated on the device.
 *
 * Random weights are sums of two tables of normally distributed numbers, of lengths 262139 and 262133 (both prime), each
 * read cyclically from an offset of its own for each tensor. Tables and offsets depend on the seed only, so a seed
 * determines the same model on all devices, and the bf16 model is the rounded fp32 model. (libtorch's C API cannot seed its
 * generators.) */
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
    uint64_t ordinal;        /* number of tensors filled so far */
    native_tensor tables[2]; /* float32 on the device, repeated to the size of the largest tensor so far */
    int64_t reach;           /* that size, in elements */
} native_source;

/* Opens DIR/model.safetensors. On failure: false, status 2. */
bool native_source_open(native_source *source, native_torch *torch, const char *folder, native_error *error);

/* Makes *source a source of random weights. */
void native_source_random(native_source *source, native_torch *torch, uint64_t seed, native_error *error);

/* Closes the file and frees the tables. */
void native_source_close(native_source *source);

/* Fills `to`, a contiguous view with the parameter's shape. From a file: the tensor `name`, which must have that shape, in
 * float32, bfloat16 or float16. Random: by `init`, with standard deviation `deviation` for NATIVE_INIT_NORMAL. False with
 * the error set: no such tensor, or another shape or type (status 2), or an operator failed (status 1). */
bool native_source_read(native_source *source, const char *name, const native_tensor *to, native_init init,
                        double deviation);

#endif
