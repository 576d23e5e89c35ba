/* Reading and writing of safetensors files (github.com/huggingface/safetensors, "Format"): 8 bytes with the length of a
 * JSON header (little-endian), the header, the tensors' bytes.
 *
 * The header is validated as that specification demands: at most 100 MB, an object that begins with '{', no name twice, metadata
 * of strings, offsets that fit the shapes, and tensors that cover the rest of the file without holes or overlaps. Reading
 * needs memory for the decoded names and one native_entry for each tensor: a few times the header's length. */
#ifndef NATIVE_SAFETENSORS_H
#define NATIVE_SAFETENSORS_H

#include "native/error.h"
#include "native/file_map.h"
#include "native/tensor_table.h"

typedef struct {
    native_file_map map;
    native_tensor_table table;
    char *names; /* the memory of all names */
} native_safetensors;

/* Maps a file and validates its header. On failure: false, status 2, the file and the reason. */
bool native_safetensors_open(native_safetensors *file, const char *path, native_error *error);
void native_safetensors_close(native_safetensors *file);

/* Finds a tensor by name. False with an error if the file has none. */
bool native_safetensors_find(const native_safetensors *file, const char *name, native_entry *entry,
                             native_error *error);

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
