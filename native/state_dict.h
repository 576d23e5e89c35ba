/* The pickle of a state dict, as torch.save writes it with its default protocol 2. Nothing is executed: the opcodes that a dict of
 * tensors needs are interpreted, and the few classes that it names stand for fixed actions (an OrderedDict, a storage, a tensor on
 * a storage, a parameter). Any other opcode or class is refused by name.
 *
 * Memory: at most 64 bytes for each byte of the pickle, which may have 16 MB (a state dict of 80,000 tensors). */
#ifndef NATIVE_STATE_DICT_H
#define NATIVE_STATE_DICT_H

#include "native/pickle_values.h"

/* Reads a state dict: adds its tensors to `table`, unsorted, and stores the memory of their names in *names, which the caller frees.
 * Tensors may share storages and have any strides; each lies in its storage. On failure: false, status 2. */
bool native_state_dict_read(const native_pickle_source *source, const unsigned char *pickle, size_t bytes,
                            native_tensor_table *table, char **names, native_error *error);

#endif
