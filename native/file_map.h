/* Files mapped into memory, read only. */
#ifndef NATIVE_FILE_MAP_H
#define NATIVE_FILE_MAP_H

#include "native/error.h"

#include <stddef.h>

typedef struct {
    char path[4096];
    const unsigned char *data; /* NULL for an empty file */
    size_t bytes;
} native_file_map;

/* Maps a regular file. On failure: false, status 2, the path and the reason. */
bool native_file_map_open(native_file_map *map, const char *path, native_error *error);

/* Unmaps the file; a map that was not opened must be zeroed. */
void native_file_map_close(native_file_map *map);

#endif
