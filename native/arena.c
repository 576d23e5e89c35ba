/* A growing list of handles; see arena.h. */
#include "native/arena.h"

#include <stdlib.h>

native_tensor native_keep(native_arena *arena, native_tensor tensor) {
    if (arena->count == arena->room) {
        size_t room = arena->room != 0 ? 2 * arena->room : 256;
        native_handle *more = realloc(arena->handles, room * sizeof *more);
        if (more == NULL) {
            arena->full = true;
            return tensor; /* never freed, still usable */
        }
        arena->handles = more;
        arena->room = room;
    }
    arena->handles[arena->count++] = tensor.handle;
    return tensor;
}

void native_arena_free(native_arena *arena) {
    for (size_t i = arena->count; i > 0; i--) {
        native_tensor tensor = {.handle = arena->handles[i - 1]};
        native_free(arena->torch, &tensor);
    }
    free(arena->handles);
    arena->handles = NULL;
    arena->count = arena->room = 0;
}
