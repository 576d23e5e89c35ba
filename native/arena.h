/* An arena of tensors: all tensors that live as long as their owner are recorded in one list and freed together. */
#ifndef NATIVE_ARENA_H
#define NATIVE_ARENA_H

#include "native/tensor.h"

typedef struct {
    native_torch *torch;
    native_handle *handles;
    size_t count, room;
    bool full; /* the list itself could not grow: memory was exhausted */
} native_arena;

/* Adds the tensor to the arena, which frees it, and returns it. */
native_tensor native_keep(native_arena *arena, native_tensor tensor);

/* Frees all tensors of the arena, and the list. */
void native_arena_free(native_arena *arena);

#endif
