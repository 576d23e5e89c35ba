/* Files that appear whole or not at all: written under a temporary name, then renamed. */
#ifndef NATIVE_OUTPUT_H
#define NATIVE_OUTPUT_H

#include "native/error.h"

#include <stdio.h>

typedef struct {
    FILE *file;
    char path[4096];
    char temporary[4128];
} native_output;

/* Opens a temporary file beside `path`. On failure: false, status 2, the path and the reason. */
bool native_output_open(native_output *output, const char *path, native_error *error);

/* Closes it and gives it its name, if `good` and if all of it reached the file system; otherwise removes
 * it. */
bool native_output_close(native_output *output, bool good, native_error *error);

#endif
