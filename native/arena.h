/* Tensors that live as long as the model: kept in one list, so that freeing them needs no second list of
 * names. */
#ifndef NATIVE_ARENA_H
#define NATIVE_ARENA_H

#include "native/tensor.h"

typedef struct {
    native_torch *torch;
    native_handle *handles;
    size_t count, room;
    bool full; /* memory for the list itself ran out */
} native_arena;

/* Returns the tensor, after noting it to be freed with the arena. */
native_tensor native_keep(native_arena *arena, native_tensor tensor);

void native_arena_free(native_arena *arena);

#endif
