/* The classes that a state dict names: storages, and what makes tensors on them (state_dict.h). */
#ifndef NATIVE_STATE_DICT_CLASSES_H
#define NATIVE_STATE_DICT_CLASSES_H

#include "native/pickle_values.h"

/* Reads the name of a class and pushes it; any other class is refused by name. */
bool native_pickle_push_class(native_pickle *r);
/* Pushes the storage that the topmost tuple refers to. */
bool native_pickle_push_storage(native_pickle *r);
/* Calls the class below the topmost tuple, and pushes the dict or tensor that it makes. */
bool native_pickle_call(native_pickle *r);

#endif
