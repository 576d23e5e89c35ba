/* Files that torch.save wrote (pytorch_model.bin): a zip archive with a pickle, NAME/data.pkl, and one member for each storage,
 * NAME/data/KEY. The legacy form (before PyTorch 1.6), big-endian numbers and TorchScript are refused by name. */
#ifndef NATIVE_TORCH_FILE_H
#define NATIVE_TORCH_FILE_H

#include "native/file_map.h"
#include "native/tensor_table.h"

typedef struct {
    native_file_map map;
    native_tensor_table table;
    char *names; /* the memory of all names */
} native_torch_file;

/* Maps a file and reads its state dict. On failure: false, status 2, the file and the reason. */
bool native_torch_file_open(native_torch_file *file, const char *path, native_error *error);
void native_torch_file_close(native_torch_file *file);

#endif
