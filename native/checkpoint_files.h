/* The files of a checkpoint's directory, as one table of tensors: model.safetensors, or shards with their index
 * model.safetensors.index.json ({"weight_map": {name of a tensor: name of a file}}), or pytorch_model.bin, or shards of that form
 * with pytorch_model.bin.index.json. */
#ifndef NATIVE_CHECKPOINT_FILES_H
#define NATIVE_CHECKPOINT_FILES_H

#include "native/safetensors.h"
#include "native/torch_file.h"

/* One file with tensors, in one of the two forms; the other one is zeroed. */
typedef struct {
    native_safetensors safetensors;
    native_torch_file torch;
} native_shard;

typedef struct {
    native_shard **shards;
    size_t count;
    char *names;               /* the memory of names in the index */
    native_tensor_table table; /* of all shards, by name */
} native_checkpoint_files;

/* Opens the files of a directory. Where it holds more than one form, the first of the above is read, and a line on standard error
 * says so. On failure: false, status 2: no such file, an invalid one, an index that contradicts its files, or a tensor that
 * two of them hold. */
bool native_checkpoint_files_open(native_checkpoint_files *files, const char *folder, native_error *error);

void native_checkpoint_files_close(native_checkpoint_files *files);

#endif
