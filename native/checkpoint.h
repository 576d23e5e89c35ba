/* The source of weights: the files of a checkpoint with the public parameter names, or random numbers generated on the device.
 *
 * Random weights are sums of two tables of normally distributed numbers, of lengths 262139 and 262133 (both prime), each
 * read cyclically from an offset of its own for each tensor. Tables and offsets depend on the seed only, so a seed
 * determines the same model on all devices, and the bf16 model is the rounded fp32 model. (libtorch's C API cannot seed its
 * generators.) */
#ifndef NATIVE_CHECKPOINT_H
#define NATIVE_CHECKPOINT_H

#include "native/checkpoint_files.h"
#include "native/tensor.h"

typedef enum { NATIVE_INIT_NORMAL, NATIVE_INIT_ONES, NATIVE_INIT_ZEROS } native_init;

typedef struct {
    native_torch *torch;
    native_error *error;
    native_checkpoint_files files;       /* without shards for random weights */
    const char *folder;                  /* of the checkpoint */
    size_t missing, misshapen, mistyped; /* what native_source_expect found */
    uint64_t seed;
    uint64_t ordinal;        /* number of tensors filled so far */
    native_tensor tables[2]; /* float32 on the device, repeated to the size of the largest tensor so far */
    int64_t reach;           /* that size, in elements */
} native_source;

/* Opens the files of a checkpoint's directory (checkpoint_files.h). On failure: false, status 2. */
bool native_source_open(native_source *source, native_torch *torch, const char *folder, native_error *error);

/* Makes *source a source of random weights. */
void native_source_random(native_source *source, native_torch *torch, uint64_t seed, native_error *error);

/* Closes the file and frees the tables. */
void native_source_close(native_source *source);

/* Checks that the checkpoint holds the tensor `name` with these sizes in float32, bfloat16 or float16. What is not so is listed on
 * standard error, one line for each tensor, and counted. False if so much is missing that no further name needs to be tried. */
bool native_source_expect(native_source *source, const char *name, int ndim, const int64_t *size);

/* After all expected tensors: lists those that were not expected. False, status 2, with the counts, if anything was listed. */
bool native_source_check_listed(native_source *source);

/* Fills `to`, a contiguous view with the parameter's shape. From files: the tensor `name`, which native_source_expect
 * found good. Random: by `init`, with standard deviation `deviation` for NATIVE_INIT_NORMAL. False with the error set: an
 * operator failed (status 1). */
bool native_source_read(native_source *source, const char *name, const native_tensor *to, native_init init,
                        double deviation);

#endif
