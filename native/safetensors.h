/* Reading and writing of safetensors files (github.com/huggingface/safetensors, "Format"): 8 bytes with the length of a
 * JSON header (little-endian), the header, the tensors' bytes. The header is validated first: a truncated file, or one
 * whose offsets contradict its shapes, is rejected. */
#ifndef NATIVE_SAFETENSORS_H
#define NATIVE_SAFETENSORS_H

#include "native/error.h"

#include <stddef.h>
#include <stdint.h>

enum { NATIVE_ENTRY_DIMS = 6 };

typedef struct {
    char path[4096];
    void *map; /* the whole file, read only */
    size_t bytes;
    size_t data_start; /* offset of the tensors' bytes in the file */
    void *header;      /* cJSON object */
} native_safetensors;

/* A tensor of a file. `data` may be unaligned. */
typedef struct {
    char dtype[8]; /* "F32", "BF16", "F16", "I64", "I32", ... */
    int ndim;
    int64_t size[NATIVE_ENTRY_DIMS];
    const void *data;
    size_t bytes;
} native_entry;

/* Maps a file and validates its header. On failure: false, status 2, the file and the reason. */
bool native_safetensors_open(native_safetensors *file, const char *path, native_error *error);
void native_safetensors_close(native_safetensors *file);

/* Finds a tensor by name. False with an error if the file has none. */
bool native_safetensors_find(const native_safetensors *file, const char *name, native_entry *entry,
                             native_error *error);

/* Formats a shape, such as "[2, 64]", into `room` bytes of `text`. */
void native_shape_text(char *text, size_t room, int ndim, const int64_t *size);

/* A tensor to be written. */
typedef struct {
    char name[64];
    const char *dtype; /* "F32" or "I64" */
    int ndim;
    int64_t size[NATIVE_ENTRY_DIMS];
    const void *data;
} native_written;

/* Writes a file with `count` tensors, completely or not at all. On failure: false, with the error set. */
bool native_safetensors_write(const char *path, const native_written *tensors, size_t count,
                              native_error *error);

#endif
