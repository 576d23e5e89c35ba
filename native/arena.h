/* Tensors that live as long as the model: kept in one list, so that freeing them needs no second list of
 * names. */
#ifndef NATIVE_ARENA_H
#define NATIVE_ARENA_H

#include "native/tensor.h"

struct native_arena {
    struct native_torch *torch;
    native_handle *handles;
    size_t count, room;
    bool full; /* memory for the list itself ran out */
};

/* Gives the tensor back, after noting it to be freed with the arena. */
struct native_tensor native_keep(struct native_arena *arena, struct native_tensor tensor);

void native_arena_free(struct native_arena *arena);

#endif
